"""Runs on several versions of TensorFlow, and what their matrix says of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from helpers.support import ENVIRONMENT, file, results_of, run

from weighin.core import Record, Results
from weighin.report.lines import Entry, Line
from weighin.report.versions import Matrix, matrix

PACKAGES = {
    "python": "3.11.7",
    "tensorflow": "2.21.0",
    "tensorflow-model-optimization": "0.8.1",
    "ai-edge-litert": "2.3.0",
}
TFMOT = "tensorflow-model-optimization"


def at(tensorflow: str, records: Iterable[Record] = (), **changes: Any) -> Results:
    """A run with this TensorFlow; `packages` changes some of the others, the rest the environment.

    Every run's files are its own, unless a record names another artifact.
    """
    packages = PACKAGES | {"tensorflow": tensorflow} | changes.pop("packages", {})
    return results_of(ENVIRONMENT | {"packages": packages} | changes, tuple(records))


def weighed(
    variant: str, gzip: int = 1000, top1: float = 0.95, latency: float = 1e-4, **changes: Any
) -> list[Record]:
    """Everything that the matrix shows of one variant on litert; twice as many bytes unzipped."""
    own = {"artifact": "", **changes}
    return [*file(variant, 2 * gzip, gzip, **own), *run(variant, top1, latency, **own)]


def line(made: Matrix, metric: str, variant: str = "int8", **fields: Any) -> Line:
    """The one line of a metric and variant."""
    (found,) = [
        each
        for each in made.lines
        if (each.metric.name, each.case.variant) == (metric, variant)
        and all(getattr(each.case, name) == value for name, value in fields.items())
    ]
    return found


def older(made: Matrix, metric: str, **fields: Any) -> Entry:
    """The entry of the second release."""
    return line(made, metric, **fields).entries[1]


def beside(newer: Iterable[Record], before: Iterable[Record], **changes: Any) -> Matrix:
    """A newest run and an older one; `changes` are of the older one's environment."""
    return matrix([at("2.21.0", newer), at("2.19.1", before, **changes)])


def states(made: Matrix) -> dict[str, list[str]]:
    """The words of every technique on litert, newest release first."""
    return {
        each.name: [state.word for state in each.states]
        for each in made.techniques
        if each.place == "litert"
    }


def notes(made: Matrix, column: int, name: str = "int8") -> tuple[str, ...]:
    """What is said of a technique on litert in one release."""
    (found,) = [each for each in made.techniques if (each.name, each.place) == (name, "litert")]
    return found.states[column].notes
