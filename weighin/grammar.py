"""The variant grammar: `prune(0.8)+int8` ⇄ steps and an export.

    variant  = "baseline" | call ("+" call)*     steps first, at most one export, last
    call     = name | name "(" argument ("," argument)* ")"
    argument = value | key "=" value

Every variant has one name: defaults are dropped, numbers shortened, keywords sorted.
"""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable
from typing import Any, Literal

from weighin import registry
from weighin.core import Call, Variant, WeighinError, nearest

VALUE = re.compile(r"(?<=[(,=])[^(),=]+(?=[,)])")  # of an argument, in a name without spaces
_CALL = re.compile(r"([a-z][a-z0-9_]*)(?:\(([^()]*)\))?")
_FIXED = 2  # a step is given (model, trainer), an export (model, calibration), before its own


class ArgumentError(WeighinError):
    """An argument in a variant's name is not one that its step or export takes.

    Attributes:
        value: what stands there.
        problem: what is wrong with it, without what the message lists besides.
    """

    def __init__(self, message: str, value: str, problem: str) -> None:
        """Keep the value and the problem beside the message."""
        super().__init__(message)
        self.value, self.problem = value, problem


def parse(name: str) -> Variant:
    """Read a variant's name.

    Each name is read once, as long as its words mean what they meant then.

    Raises:
        WeighinError: if it names nothing known, has arguments of the wrong kind, or makes no
            sense; the message lists what is known.
    """
    known = _PARSED.get(name)
    if known is None or known[1] != _meaning(known[0]):
        variant = _parse(name)
        known = _PARSED[name] = variant, _meaning(variant)
    return known[0]


_PARSED: dict[str, tuple[Variant, list[Callable[..., Any]]]] = {}


def _meaning(variant: Variant) -> list[Callable[..., Any]]:
    """The functions that a variant's words stand for, as far as they are registered."""
    words = [(registry.steps, step.name) for step in variant.steps]
    words += [(registry.exports, variant.export.name)]
    return [functions[name] for functions, name in words if name in functions]


def steps(name: str) -> list[str]:
    """What steps a variant has, by their names; what they and the export are told is not read.

    So it is known of variants of other days, whose arguments mean nothing to what is installed.

    Raises:
        WeighinError: if a word is neither a step nor an export here.
    """
    called = [word.partition("(")[0] for word in _words(name)]
    for word in called:
        if word not in registry.steps and word not in registry.exports and word != "baseline":
            raise _error(name, f"{word!r} is not known")
    return [word for word in called if word in registry.steps]


def _words(name: str) -> list[str]:
    return re.split(r"\+(?![^()]*\))", re.sub(r"\s+", "", name))


def _parse(name: str) -> Variant:
    words = _words(name)
    if words == ["baseline"]:
        return Variant((), Call("float32"))
    steps: list[Call] = []
    export: Call | None = None
    for word in words:
        match = _CALL.fullmatch(word)
        if match is None:
            raise _error(name, f"{word!r} is not a step or export")
        called, arguments = match.groups()
        if called == "baseline":
            raise _error(name, "'baseline' means no step and no export, so it stands alone")
        if export is not None:
            raise _error(name, f"nothing can follow the export {export.name!r}")
        if called in registry.steps:
            steps.append(_bind(name, called, registry.steps[called], arguments))
        elif called in registry.exports:
            export = _bind(name, called, registry.exports[called], arguments)
        else:
            near = nearest(called, [*registry.steps, *registry.exports])
            known = f"steps: {', '.join(registry.steps)}; exports: {', '.join(registry.exports)}"
            hint = f"did you mean {near!r}?" if near else known
            raise _error(name, f"{called!r} is not known ({hint})")
    return Variant(tuple(steps), export or Call("float32"))


def arguments(call: Call, function: Callable[..., Any]) -> dict[str, Any]:
    """All of a call's arguments by name, defaults filled in."""
    defaults = {
        parameter.name: parameter.default
        for parameter in parameters(function)
        if parameter.default is not parameter.empty
    }
    names = {written(parameter): parameter.name for parameter in parameters(function)}
    return defaults | {names.get(key, key): value for key, value in call.arguments}


def written(parameter: inspect.Parameter) -> str:
    """What a parameter is called in a variant's name: `except_`, as Python has it, is `except`."""
    return parameter.name.removesuffix("_")


def told(call: Call, function: Callable[..., Any]) -> dict[str, Any]:
    """The same as `arguments`, by the words of a variant's name, as provenance has them."""
    given = arguments(call, function)
    return {written(each): given[each.name] for each in parameters(function) if each.name in given}


def innermost(export: Call) -> str:
    """The export that another one such as `compact(int8)` is about; else its own name."""
    if export.name not in registry.exports:
        return export.name
    return str(arguments(export, registry.exports[export.name]).get("export", export.name))


@functools.lru_cache(maxsize=256)
def parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """The parameters of a step or export that the grammar can set."""
    return tuple(inspect.signature(function).parameters.values())[_FIXED:]


def signature(name: str, function: Callable[..., Any]) -> str:
    """How a step or export is written: `prune(sparsity, schedule=polynomial)`."""
    words = [
        written(p) if p.default is p.empty else f"{written(p)}={p.default}"
        for p in parameters(function)
    ]
    return f"{name}({', '.join(words)})" if words else name


def between(low: float, high: float) -> Callable[[float], None]:
    """Make a check for an annotation: at least `low` and below `high`."""

    def check(value: float) -> None:
        if not low <= value < high:
            raise ValueError(f"must be at least {low:g} and below {high:g}")

    return check


def above(low: int) -> Callable[[int], None]:
    """Make a check for an annotation: more than `low`."""

    def check(value: int) -> None:
        if value <= low:
            raise ValueError(f"must be above {low}")

    return check


def pair(mark: str, *, or_else: str = "") -> Callable[[str], None]:
    """Make a check for an annotation: two whole numbers above 0 around a mark, or one word."""

    def check(value: str) -> None:
        if value != or_else and not re.fullmatch(rf"[1-9]\d*{mark}[1-9]\d*", value):
            word = f" or {or_else}" if or_else else ""
            raise ValueError(f"must be two numbers as 2{mark}4{word}")

    return check


@functools.lru_cache(maxsize=256)
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The types of a function's parameters; working them out takes longer than all the rest."""
    return typing.get_type_hints(function, include_extras=True)


def _bind(variant: str, name: str, function: Callable[..., Any], text: str | None) -> Call:
    known = {written(parameter): parameter for parameter in parameters(function)}
    order = list(known)
    hints = _hints(function)
    given: dict[str, Any] = {}
    for position, word in enumerate(text.split(",") if text else []):
        key, equals, value = word.rpartition("=")
        if not equals:
            if position >= len(order) or known[order[position]].default is not inspect._empty:
                raise _error(variant, f"{word!r} in {name!r} needs a name: key=value")
            key = order[position]
        if key not in known:
            raise _error(variant, f"{name!r} is written {signature(name, function)}, no {key!r}")
        if key in given:
            raise _error(variant, f"{key!r} is given twice in {name!r}")
        try:
            given[key] = _convert(value, hints.get(known[key].name, str))
        except ValueError as problem:
            said = f"{key}={value} in {name!r} {problem}"
            raise ArgumentError(str(_error(variant, said)), value, said) from None
    required = [key for key in order if known[key].default is inspect._empty]
    missing = [key for key in required if key not in given]
    if missing:
        raise _error(variant, f"{name!r} needs {missing[0]}: {signature(name, function)}")
    optional = sorted(key for key in given if key not in required)
    kept = [key for key in optional if given[key] != known[key].default]
    call = Call(name, tuple((key, given[key]) for key in required + kept), len(required))
    check = getattr(function, "check", None)
    if check is not None:
        try:
            check(**arguments(call, function))
        except ValueError as problem:
            raise _error(variant, f"in {name!r} {problem}") from None
    return call


def _convert(text: str, hint: Any) -> Any:
    checks = typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()
    kind = typing.get_args(hint)[0] if checks else hint
    if typing.get_origin(kind) is Literal:
        choices = {str(choice): choice for choice in typing.get_args(kind)}
        if text not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return choices[text]
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"must be {'a whole number' if kind is int else 'a number'}") from None
    for check in checks:
        check(value)
    return value


def _error(variant: str, problem: str) -> WeighinError:
    return WeighinError(
        f"Variant {variant!r}: {problem}. A variant is steps, then at most one export, joined by "
        f"'+', or 'baseline'; what they are called and take: weighin list steps exports."
    )
