"""What a run's tables compare: variants, runtimes, or versions of TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from weighin.core import Results
from weighin.report import engines, table, versions
from weighin.report.layout import Section
from weighin.report.terminal import Terminal


@dataclass(frozen=True)
class Compared:
    """One way.

    Attributes:
        sections: the tables of runs, for people.
        render: the same in a format, fitted to a terminal if one is given.
    """

    sections: Callable[[Sequence[Results]], list[Section]]
    render: Callable[[Sequence[Results], str, Terminal | None], str]


def _versions(runs: Sequence[Results]) -> list[Section]:
    return versions.sections(versions.matrix(runs))


BY: Mapping[str, Compared] = {
    "variant": Compared(table.sections, table.render),
    "runtime": Compared(engines.sections, engines.render),
    "tensorflow": Compared(_versions, versions.render),
}
"""Each by the name under which `weighin table --by` has it; the first unless told otherwise."""
