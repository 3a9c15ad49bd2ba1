"""A search among variants whose sizes and losses are known: no file is made, nothing is trained."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from weighin import grammar
from weighin.build.budgets import budgets
from weighin.core import Failure, WeighinError
from weighin.searches.ledger import Ledger
from weighin.searches.searching import Search
from weighin.searches.trying import Limits
from weighin.stats import Interval

WITHIN = 0.01
HALF = 0.002  # of every interval
LAYERS = ("model/last", "model/first", "model/second", "model/third")
# Bytes and loss of each export, of a model of 40,000 bytes
EXPORTS = {
    "float16": (20_000, 0.0),
    "dynamic": (10_000, 0.001),
    "int8": (9_500, 0.003),
    "litert(dynamic_wi4_afp32)": (6_000, 0.03),
    "litert(dynamic_wi2c_afp32)": (4_000, 0.3),
}
# What a layer of 4 bits costs, and how many bytes it saves beside 8
COSTS = dict(zip(LAYERS, (0.02, 0.006, 0.003, 0.001), strict=True))
SAVED = 1_000
# What trains has the same layers: of each the shares of all weights, and of what pruning loses
PRUNED = {"last": (0.01, 0.6), "first": (0.04, 0.2), "second": (0.25, 0.1), "third": (0.7, 0.1)}


class Killed(BaseException):
    """The process ends, as by a signal."""


class Maker:
    """Makes of a variant the path that is called so.

    Attributes:
        budgets: epochs of what trains.
        made: what was asked for, with its epochs.
        failing: variants that cannot be made.
        at_once: how many are made side by side.
        before: seconds of an epoch in an earlier search, which has made all files.
    """

    at_once = 1
    before = 0.0

    def __init__(self, epochs: int = 9, exports: Sequence[str] = tuple(EXPORTS)) -> None:
        """Make exports, and what trains for so many epochs."""
        self.budgets, self._exports = budgets(epochs), list(exports)
        self.made: list[tuple[str, int | None]] = []
        self.failing: dict[str, Failure] = {}

    def first(self) -> list[str]:
        """The exports."""
        return [grammar.parse(name).name for name in self._exports]

    def layers(self) -> list[str]:
        """Of what trains, the smallest first."""
        return list(PRUNED)

    def seconds(self, name: str, epochs: int) -> float:
        """By epochs, if it was made before."""
        return self.before * epochs

    def make(self, names: Sequence[str], epochs: int | None = None) -> dict[str, Path | Failure]:
        """A path that tells the epochs."""
        self.made += [(name, epochs) for name in names]
        return {name: self.failing.get(name, Path(f"{epochs or 0}")) for name in names}


class Judge:
    """Knows of every variant how large it is and what it loses.

    Attributes:
        asked: those that were asked to answer, in their order.
        killed_at: the number of the question at which the process ends; never if None.
    """

    within = WITHIN
    baseline_values: ClassVar[Mapping[str, float]] = {"gzip_bytes": 40_000}

    def __init__(self, killed_at: int | None = None) -> None:
        """Answer, until the process ends."""
        self.asked: list[str] = []
        self.killed_at = killed_at
        self.broken: set[str] = set()

    def sizes(self, name: str, path: Path) -> dict[str, float]:
        """Its bytes."""
        return {"gzip_bytes": size(name)}

    def difference(self, name: str, path: Path) -> Interval:
        """What it loses, with an interval."""
        self.asked.append(name)
        if self.killed_at is not None and len(self.asked) >= self.killed_at:
            raise Killed
        if name in self.broken:
            raise WeighinError("the session answered NaN")
        loss = lost(name, int(str(path)))
        return Interval(-loss, -loss - HALF, -loss + HALF)

    def shortfall(self, difference: Interval) -> float:
        """Beyond the margin."""
        return -difference.low - self.within

    def times(self, name: str, path: Path) -> dict[str, float]:
        """Nothing."""
        return {}


def size(name: str) -> float:
    """Bytes of a variant: of its export, less what steps take away."""
    variant = grammar.parse(name)
    size, _ = _export(name)
    for step in variant.steps:
        arguments = dict(step.arguments)
        share = {
            "prune": 1 - 0.9 * sum(share * at for share, _, at in _pruned(arguments)),
            "channels": 1 - arguments.get("fraction", 0),
            "cluster": 0.5 + arguments.get("clusters", 0) / 200,
            "qat": 1.0,
        }[step.name]
        size *= share
    return round(size)


def lost(name: str, epochs: int) -> float:
    """What a variant loses after so many further epochs: steps recover with them."""
    variant = grammar.parse(name)
    _, loss = _export(name)
    for step in variant.steps:
        arguments = dict(step.arguments)
        for_good, at_first = {
            "prune": (
                sum(harm * max(0.0, at - 0.9) / 5 for _, harm, at in _pruned(arguments)),
                0.02,
            ),
            "channels": (max(0.0, arguments.get("fraction", 0) - 0.25) / 10, 0.03),
            "cluster": (0.02 / arguments.get("clusters", 1), 0.01),
            "qat": (-0.002, 0.002),
        }[step.name]
        loss += for_good + at_first / max(1, epochs)
        loss += 0.01 if arguments.get("scope") == "global" else 0.0
    return loss


def _pruned(arguments: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    """Of each layer its share of weights and of what is lost, and its sparsity."""
    words = arguments.get("except", "none").split("|")
    own = dict(word.split(":") for word in words if ":" in word)
    usual = arguments.get("sparsity", 0)
    return [(*shares, float(own.get(layer, usual))) for layer, shares in PRUNED.items()]


def _export(name: str) -> tuple[float, float]:
    variant = grammar.parse(name)
    arguments = dict(variant.export.arguments)
    exceptions = str(arguments.pop("except_", arguments.pop("except", "")))
    plain = str(variant.export).partition(",except=")[0]
    plain = plain + ")" if "(" in plain and not plain.endswith(")") else plain
    size, loss = EXPORTS.get(plain, (40_000, 0.0))
    for word in filter(None, exceptions.split("|")):
        layer, _, precision = word.partition(":")
        size += SAVED if precision else 4 * SAVED
        loss -= COSTS[layer] if plain != "litert(dynamic_wi2c_afp32)" else 0.0
    return size, max(0.0, loss)


def search(
    folder: Path,
    *,
    trials: int | None = 40,
    maker: Maker | None = None,
    judge: Judge | None = None,
    told: Callable[..., Any] = lambda search, doing: None,
    seconds: float | None = None,
    clock: Callable[[], float] | None = None,
) -> Search:
    """A search on a ledger in a folder; the caller closes it."""
    ledger = Ledger(folder, ["gzip_bytes"])
    ticking = itertools.count()
    return Search(
        maker or Maker(),
        judge or Judge(),
        ledger,
        ["gzip_bytes"],
        lambda name, path: LAYERS,
        Limits(seconds, trials),
        0,
        told,
        clock or (lambda: float(next(ticking))),
    )


def tried(folder: Path) -> list[tuple[str, str, int | None]]:
    """What a folder's ledger holds: variants, what became of them, and their epochs."""
    ledger = Ledger(folder, ["gzip_bytes"])
    try:
        return [(entry.variant, entry.outcome, entry.epochs) for entry in ledger.entries]
    finally:
        ledger.close()


def smallest(entries: Sequence[Any]) -> Mapping[str, Any]:
    """The smallest that holds: its name and size."""
    best = min(
        (entry for entry in entries if entry.outcome == "holds"),
        key=lambda entry: entry.values["gzip_bytes"],
    )
    return {"variant": best.variant, "bytes": best.values["gzip_bytes"]}
