"""What can be tried beyond the fixed list: steps with their values, and an export, by the grammar.

Steps say themselves what a search tries of them (`registry.step(searched=…)`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin import grammar, registry
from weighin.core import Call, Searched, Variant, WeighinError

EXPORT = "export"
EXCEPT = "except"  # the argument that names layers which are treated otherwise
Chosen = Mapping[str, int]
"""Of each choice by its name, the place of the value that is taken."""


@dataclass(frozen=True)
class Choice:
    """One thing that is chosen.

    Attributes:
        name: `prune.sparsity`; `prune` of a step without arguments; `export`.
        values: among which; None, the first, is to go without the step.
        is_ordered: whether neighbours are alike.
    """

    name: str
    values: tuple[Any, ...]
    is_ordered: bool


@dataclass(frozen=True)
class Space:
    """All that may be chosen together.

    Attributes:
        choices: in the order in which a variant's name has them; the export is the last.
    """

    choices: tuple[Choice, ...]

    def variant(self, chosen: Chosen) -> str:
        """The name of what was chosen.

        Raises:
            WeighinError: if the grammar refuses it.
        """
        values = {choice.name: choice.values[chosen[choice.name]] for choice in self.choices}
        words = []
        for step, choices in itertools.groupby(
            (choice for choice in self.choices if choice.name != EXPORT), _step
        ):
            first, *others = choices
            if values[first.name] is None:
                continue
            given = [] if not _argument(first) else [str(values[first.name])]
            given += [f"{_argument(choice)}={values[choice.name]}" for choice in others]
            words.append(f"{step}({','.join(given)})" if given else step)
        return grammar.parse("+".join([*words, values[EXPORT]])).name

    def signature(self) -> list[Any]:
        """What tells one space from another, as JSON has it."""
        return [[each.name, list(map(str, each.values)), each.is_ordered] for each in self.choices]


def of_steps(exports: Sequence[str]) -> Space:
    """All registered steps that are searched, in their places, and some exports."""
    choices: list[Choice] = []
    for name, searched in sorted(_searched().items(), key=lambda each: each[1].place):
        arguments = list(searched.values.items())
        if not arguments:
            choices.append(Choice(name, (None, name), False))
            continue
        for at, (argument, values) in enumerate(arguments):
            taken = values if at else (None, *values)
            is_ordered = all(isinstance(value, int | float) for value in values)
            choices.append(Choice(f"{name}.{argument}", taken, is_ordered))
    return Space((*choices, Choice(EXPORT, tuple(exports), False)))


def first_exports(*, of_file: bool, format: str) -> list[str]:
    """The exports that are tried first: the first arguments of each, then the second ones.

    Args:
        of_file: whether they are made of a finished file.
        format: of the files.
    """
    by_export = []
    for name in registry.exports:
        function = registry.exports[name]
        facts = vars(function)
        if registry.export_format(name) != format or (of_file and not facts.get("of_file")):
            continue
        told = facts.get("searched", ("",))
        arguments = told() if callable(told) else told
        by_export.append([f"{name}({each})" if each else name for each in arguments])
    names: dict[str, None] = {}
    for each in itertools.chain.from_iterable(itertools.zip_longest(*by_export)):
        if each is not None and (known := _parsed(each)) is not None:
            names[known.name] = None
    return list(names)


def takes_exceptions(name: str) -> bool:
    """Whether layers of a variant can be left in another precision: its export has `except=`."""
    return EXCEPT in _parameters(grammar.parse(name).export)


def with_exceptions(name: str, exceptions: str) -> str:
    """A variant with layers left in another precision.

    Raises:
        WeighinError: if the grammar refuses it.
    """
    variant = grammar.parse(name)
    call = variant.export
    given = [str(value) for _, value in call.arguments[: call.positional]]
    given += [f"{key}={value}" for key, value in call.arguments[call.positional :]]
    text = f"{call.name}({','.join([*given, f'{EXCEPT}={exceptions}'])})"
    return grammar.parse("+".join([*map(str, variant.steps), text])).name


def trains(name: str) -> bool:
    """Whether a variant has steps that train further."""
    return bool(grammar.parse(name).steps)


def _searched() -> dict[str, Searched]:
    told = {name: vars(registry.steps[name]).get("searched") for name in registry.steps}
    return {name: each for name, each in told.items() if each is not None}


def _parameters(call: Call) -> list[str]:
    return [grammar.written(each) for each in grammar.parameters(registry.exports[call.name])]


def _parsed(name: str) -> Variant | None:
    """A variant; None of an export that wants arguments and says none to be searched."""
    try:
        return grammar.parse(name)
    except WeighinError:
        return None


def _step(choice: Choice) -> str:
    return choice.name.partition(".")[0]


def _argument(choice: Choice) -> str:
    return choice.name.partition(".")[2]
