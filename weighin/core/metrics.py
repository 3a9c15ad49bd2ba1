"""What figures mean: a metric describes itself, once, for every report that shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, get_args

from weighin.core.case import CONTROL
from weighin.core.errors import WeighinError
from weighin.core.figures import Figure, Scope, Skip

Kind = Literal["bytes", "seconds", "rate", "share", "points", "ratio", "count", "number", "change"]
Comparison = Literal["exact", "shares", "intervals", "none"]

_KINDS: Mapping[str, Kind] = {"B": "bytes", "s": "seconds", "1/s": "rate", "": "share"}
# Smallest and largest that figures can be; of all other kinds they are 0 and more
_RANGES: Mapping[Kind, tuple[float, float]] = {
    "share": (0.0, 1.0),
    "points": (-1.0, 1.0),
    "number": (-math.inf, math.inf),
    "change": (-math.inf, math.inf),
}
_WORSE: Mapping[Kind, str] = {
    "bytes": "larger",
    "count": "larger",
    "seconds": "longer",
    "rate": "lower",
    "ratio": "smaller",
    "number": "worse",
}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure's name and meaning. Results hold those of their records, and reports read them.

    Attributes:
        title: the header of its column.
        unit: `B`, `s`, `1/s` or any other; empty for counts, shares and ratios.
        kind: what its numbers are, by which they are shown: shares as percent, `points` as
            differences of shares in percentage points, a `number` with its unit, a `change` of one
            with its sign.
        better: which direction is good; empty where neither is.
        machine_bound: whether figures of different machines must never be compared.
        comparison: how two runs' figures are held against each other: `exact`, any difference
            counts; `shares`, by Fisher's exact test on counts of n; `intervals`, different where
            the intervals lie apart by more than the tolerance; `none`, not at all.
        tolerance: what difference between runs does not matter: of shares in the same unit, of
            all else as a share of the figure.
        margin: of a difference to the baseline, what does not matter; None of shares where the run
            says it, and of all else where it is 1 % of the baseline's figure.
        relative: whether it is itself a comparison with the baseline, which therefore has none.
        of_control: whether it is one with the dense control, which only what trains further has.
        of_engines: whether it is a ratio between two engines that run one variant, which says what
            it is beside.
        ratio_of: the metric of which this is the baseline's figure ÷ the row's own, made by
            reports where it is not recorded itself; empty for all that are recorded.
        column: whether the comparison tables have a column for it.
        rare: whether few runtimes tell it: tables without such a figure have no column for it, and
            rows of other runtimes leave it empty.
        quality: name of the task's figure that it is made of: tasks without one have no such
            metric, and their tables no column. Empty for metrics of all tasks.
        substitute: whether tables of a task without figures of its own have a column for it.
        least: the smallest that a figure can be, if its kind does not say: of an error 0.
        most: the largest, likewise: of R² 1.
        noun: what sentences call it, if not by its title.
        summary: one line for `weighin list`.
    """

    name: str
    title: str
    unit: str = ""
    kind: Kind = "share"
    better: Literal["lower", "higher", ""] = ""
    machine_bound: bool = False
    comparison: Comparison = "none"
    tolerance: float = 0.0
    margin: float | None = None
    relative: bool = False
    of_control: bool = False
    of_engines: bool = False
    ratio_of: str = ""
    column: bool = True
    rare: bool = False
    quality: str = ""
    substitute: bool = False
    least: float | None = None
    most: float | None = None
    noun: str = ""
    summary: str = ""

    def __post_init__(self) -> None:
        """Refuse what no report could show.

        Raises:
            WeighinError: if `kind` or `better` is none that there is.
        """
        check_word(self.name, "kind", self.kind, get_args(Kind))
        check_word(self.name, "better", self.better, ("higher", "lower", ""))

    def applies(self, figures: Collection[str]) -> bool:
        """Whether a row of a task with those figures has it."""
        return not self.quality or self.quality in figures

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest that a figure can be, infinite where there is none."""
        least, most = _RANGES.get(self.kind, (0.0, math.inf))
        return (
            least if self.least is None else self.least,
            most if self.most is None else self.most,
        )

    @property
    def exact(self) -> bool:
        """Whether a figure without an interval is the truth: sizes and counts of a file are."""
        counted = self.kind in ("bytes", "count") and not self.machine_bound
        return counted or self.comparison == "exact"

    @property
    def is_difference(self) -> bool:
        """Whether it is a figure less the baseline's or the control's, with a verdict."""
        return self.relative and self.kind in ("points", "change")

    @property
    def worse(self) -> str:
        """What a figure that moved the wrong way is called: `larger`, `longer`, `worse`."""
        return _WORSE.get(self.kind, "worse")

    @property
    def called(self) -> str:
        """What sentences call it."""
        return self.noun or self.title


@dataclass(frozen=True, kw_only=True)
class ComputedMetric(Metric):
    """A metric that a run computes.

    Attributes:
        scope: the operation whose outcome `compute` is given (see `weighin.outcomes`).
        compute: an outcome → a figure, or why there is none.
    """

    scope: Scope
    compute: Callable[[Any], Figure | Skip]


M = TypeVar("M", bound=Metric)


def against_control(delta: M, **changes: Any) -> M:
    """A difference to the baseline's figure as one to the dense control's.

    Args:
        delta: the difference to the baseline's.
        changes: fields that are otherwise, besides.
    """
    called = delta.title.removesuffix(" points")
    title = f"{called} to {CONTROL}" if called != "Δ" and not delta.column else f"Δ to {CONTROL}"
    name = f"{delta.name}_control"
    return replace(delta, name=name, title=title, of_control=True, **changes)


Catalogue = Mapping[str, Metric]
"""Metrics by name, in the order in which tables show them."""


def check_word(name: str, field: str, word: str, known: Collection[str]) -> None:
    """Refuse a word that means nothing for a figure.

    Raises:
        WeighinError: naming the figure, the field and the words that there are.
    """
    if word not in known:
        listed = ", ".join(repr(each) for each in known if each)
        raise WeighinError(f"{name}: {field}={word!r} is none that is known: {listed}.")


def kind_of(unit: str) -> Kind:
    """What numbers in a unit are, where nothing else is said."""
    return _KINDS.get(unit, "number")


def undescribed(name: str, unit: str = "") -> Metric:
    """What can be said of a metric that nothing describes: its name and its unit."""
    return Metric(name=name, title=title_of(name), unit=unit, kind=kind_of(unit), column=False)


def title_of(name: str) -> str:
    """A column's header where none is given: the name, its words apart."""
    return name.replace("_", " ")
