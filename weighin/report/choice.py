"""The best of several, chosen by some test examples and judged by others.

What is chosen by how good answers are looks better on the examples that chose it than it is. Where
records hold the counts of either half of the examples, the even-numbered ones choose and the
odd-numbered ones say how good the chosen one is. Older records, and figures that are no counts,
have no halves: then all examples do both, and whoever shows the choice says that it is optimistic.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from weighin import stats
from weighin.core import Metric, Record
from weighin.report.rows import Row

CHOOSING, JUDGING = 0, 1  # the even-numbered examples, and the odd-numbered ones
T = TypeVar("T")


@dataclass(frozen=True)
class Choice(Generic[T]):
    """The best of several candidates.

    Attributes:
        at: its place among them.
        judged: the candidate by the examples that had no part in choosing it; by all, if none are
            apart.
        is_apart: whether some are.
        of: of how many it was chosen.
    """

    at: int
    judged: T
    is_apart: bool
    of: int

    def said(self, noun: str) -> str:
        """How it was chosen, in words; empty where there was nothing to choose.

        Args:
            noun: what the examples are called.
        """
        if self.of == 1:
            return ""
        if self.is_apart:
            return f"chosen by one half of the {noun}, stated on the other"
        return f"chosen and stated on the same {noun}: optimistic"


def best(
    candidates: Sequence[T],
    rank: Callable[[T], float | None],
    allows: Callable[[T], bool],
    halved: Callable[[T, int], T | None],
) -> Choice[T] | None:
    """The candidate that ranks highest of those whose answers are good enough; of equals the first.

    Args:
        candidates: to choose from.
        rank: by what has nothing to do with answers, such as size; None to leave a candidate out.
        allows: whether answers are good enough: asked by the even-numbered examples alone, if all
            candidates have their counts, and there is a choice.
        halved: a candidate by the examples of one half, `CHOOSING` or `JUDGING`; None if it does
            not know them.

    Returns:
        The choice; None if no candidate is allowed.
    """
    ranked = [(value, at) for at, each in enumerate(candidates) if (value := rank(each))]
    choosing = {at: halved(candidates[at], CHOOSING) for _, at in ranked}
    is_apart = len(ranked) > 1 and None not in choosing.values()
    allowed = [
        (value, -at)
        for value, at in ranked
        if allows((choosing[at] if is_apart else None) or candidates[at])
    ]
    if not allowed:
        return None
    at = -max(allowed)[1]
    judged = halved(candidates[at], JUDGING) if is_apart else None
    return Choice(at, judged or candidates[at], is_apart, len(ranked))


def half(row: Row, at: int) -> Row | None:
    """A row by every second example; None where its records do not hold their counts.

    Args:
        row: of any number of seeds.
        at: of which half, `CHOOSING` or `JUDGING`.
    """
    quality, records = row.primary, dict(row.records)
    for name in (quality.delta_name, quality.control_name):
        halved = [_half(record, quality.delta, at) for record in row.records.get(name, ())]
        if None in halved:
            return None
        records[name] = tuple(record for record in halved if record)
    return dataclasses.replace(row, records=records)


def _half(record: Record, metric: Metric | None, at: int) -> Record | None:
    """A paired difference by every second example; what has no figure is as it is."""
    if record.value is None:
        return record
    if not record.halves or not record.n or metric is None:
        return None
    gained, lost = record.halves[2 * at : 2 * at + 2]
    n = (record.n + 1 - at) // 2
    change = stats.paired_difference(gained, lost, n)
    return dataclasses.replace(
        record,
        value=change.value,
        low=change.low,
        high=change.high,
        n=n,
        gained=gained,
        lost=lost,
        p=stats.mcnemar(gained, lost),
        verdict=stats.quality_verdict(gained, lost, n, better=metric.better or "higher"),
        halves=(),
    )
