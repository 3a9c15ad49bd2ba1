"""Mixed precision: an export that is too bad, with the layers that cost most left in more bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from weighin.core import WeighinError
from weighin.searches import space
from weighin.searches.front import dominates
from weighin.searches.ledger import FAILED, HOLDS, SKIPPED, WORSE, Entry
from weighin.searches.space import Choice, Chosen

BASE = "base"
LAYERS = 24  # that are drawn for by themselves
PRECISIONS = (":int8", ":int16", "")  # that layers are left in, by the fewest bits first
NEAR = 2  # exports that miss the margin which what trains is tried with


@dataclass(frozen=True)
class Layered:
    """Each layer of some exports by itself: as the export has it, or in more bits.

    Attributes:
        choices: the export, then each layer.
    """

    choices: tuple[Choice, ...]

    @classmethod
    def of(cls, bases: Sequence[str], layers: Sequence[str]) -> Layered:
        """Of exports, and layers that they have in common, those that cost most first."""
        kept = [each for each in PRECISIONS if named(bases[0], layers[:1], each) is not None]
        of_layers = (Choice(name, (None, *kept), True) for name in layers[:LAYERS])
        return cls((Choice(BASE, tuple(bases), False), *of_layers))

    def variant(self, chosen: Chosen) -> str:
        """The name of what was chosen.

        Raises:
            WeighinError: if the grammar refuses it.
        """
        base = self.choices[0].values[chosen[BASE]]
        left = [
            f"{choice.name}{precision}"
            for choice in self.choices[1:]
            if (precision := choice.values[chosen[choice.name]]) is not None
        ]
        return space.with_exceptions(base, "|".join(left)) if left else str(base)

    def chosen(self, base: str, layers: Sequence[str], precision: str) -> dict[str, int]:
        """Places of the values of one candidate; none if it lies outside."""
        places = dict.fromkeys((choice.name for choice in self.choices), 0)
        for choice in self.choices[1:]:
            if choice.name in layers and precision in choice.values:
                places[choice.name] = choice.values.index(precision)
        places[BASE] = self.choices[0].values.index(base)
        try:
            return places if self.variant(places) == named(base, layers, precision) else {}
        except WeighinError:
            return {}


def bases(entries: Sequence[Entry]) -> list[Entry]:
    """Exports that lose too much, yet would win: by how little they lose, the least first."""
    holding = [entry for entry in entries if entry.outcome == HOLDS]
    missed = [
        entry
        for entry in entries
        if entry.outcome == WORSE
        and not space.trains(entry.variant)
        and "except=" not in entry.variant
        and space.takes_exceptions(entry.variant)
        and not any(dominates(each.values, entry.values) for each in holding)
    ]
    return sorted(missed, key=lambda entry: (entry.shortfall or 0.0, entry.variant))


def best(entries: Sequence[Entry], objectives: Sequence[str]) -> list[str]:
    """Exports by themselves: those that hold by their first value, then the nearest others."""

    def first(entry: Entry) -> tuple[float, str]:
        return entry.values.get(objectives[0], 0.0), entry.variant

    plain = [entry for entry in entries if not space.trains(entry.variant)]
    holding = sorted((entry for entry in plain if entry.outcome == HOLDS), key=first)
    missed = [entry for entry in plain if entry.outcome == WORSE]
    near = sorted(missed, key=lambda entry: (entry.shortfall or 0.0, entry.variant))[:NEAR]
    names = [entry.variant for entry in (*holding[:3], *near, *holding[3:])]
    return list(dict.fromkeys(names))


def proposed(
    base: str, layers: Sequence[str], known: Callable[[], Mapping[str, Entry]]
) -> Iterator[tuple[str, Sequence[str], str]]:
    """Variants of a base, their layers and precision: of each precision the fewest that suffice.

    More layers in more bits are taken to be no worse and no smaller.

    Args:
        base: the export's name.
        layers: names of its layers, those that cost most first.
        known: gives what was tried so far.
    """
    for precision in PRECISIONS:
        counted = partial(_named_first, base, layers, precision)
        for name, count in fewest(len(layers), counted, known):
            yield name, layers[:count], precision


def fewest(
    most: int, named: Callable[[int], str | None], known: Callable[[], Mapping[str, Entry]]
) -> Iterator[tuple[str, int]]:
    """What to try to find out how few of some layers suffice, each with its number of layers.

    One, then 2, 4, 8 … until one holds or is too large; then between the last two.

    Args:
        most: layers that there are.
        named: the variant of so many; None if there is no such one.
        known: gives what was tried so far.
    """
    missed, count = 0, 1
    enough: int | None = None
    while missed < count <= most and count != enough:
        name = named(count)
        if name is None:
            return
        yield name, count
        entry = known().get(name)
        if entry is None or (count == 1 and entry.outcome in (FAILED, SKIPPED)):
            return
        if entry.outcome == WORSE:
            missed = count
        else:  # it holds, is too large already, or no layer is left as the export has it
            enough = count
        count = min(2 * count, most) if enough is None else (missed + enough) // 2


def _named_first(base: str, layers: Sequence[str], precision: str, count: int) -> str | None:
    return named(base, layers[:count], precision)


def named(variant: str, layers: Sequence[str], precision: str) -> str | None:
    """A variant with some layers left in a precision; None if there is no such one."""
    exceptions = "|".join(f"{layer}{precision}" for layer in layers)
    try:
        return space.with_exceptions(variant, exceptions)
    except WeighinError:
        return None
