"""Reasons of several seeds → each reason once."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def over_seeds(told: Sequence[Sequence[str]]) -> list[str]:
    """The reasons of all seeds in their order, with those that differ in numbers alone as one.

    Numbers that differ become their range: "takes off 10 % only" and "takes off 12 % only" make
    "takes off 10 to 12 % only".
    """
    alike: dict[tuple[str, int], list[str]] = {}
    for lines in told:
        within: dict[str, int] = {}  # two reasons of one seed stay two, however alike
        for line in lines:
            shape = _NUMBER.sub("#", line)
            within[shape] = within.get(shape, 0) + 1
            alike.setdefault((shape, within[shape]), []).append(line)
    return list(dict.fromkeys(map(_as_one, alike.values())))


def _as_one(lines: Sequence[str]) -> str:
    columns = zip(*map(_NUMBER.findall, lines), strict=True)
    ranges = iter([_range(sorted(set(column), key=_value)) for column in columns])
    return _NUMBER.sub(lambda _: next(ranges), lines[0])


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _range(numbers: Sequence[str]) -> str:
    return numbers[0] if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
