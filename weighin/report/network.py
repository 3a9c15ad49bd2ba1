"""What was measured in pairs, as a network: how any two rows compare, over the pairs between them.

A variant is paired with its baseline on the same engine, and with itself on the first engine. So
int8 on one engine and the baseline on another, which nobody measured side by side, compare over the
two or more pairs that lead from one to the other (`weighin.stats.product`).
"""

from __future__ import annotations

import dataclasses
import functools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from weighin import stats
from weighin.core import Case, Catalogue, Record
from weighin.records.engines import firsts
from weighin.stats import CONFIDENCE, Interval

PAIRED = "speedup"  # beside the baseline


@dataclass(frozen=True)
class Link:
    """A pair from one of its two sides.

    Attributes:
        to: the other side.
        interval: how many times faster the other side is, at a confidence.
    """

    to: Case
    interval: Callable[[float], Interval]


@dataclass(frozen=True)
class Network:
    """The pairs of one model's rows.

    Attributes:
        firsts: of each row that was paired with another engine, what that pair was beside.
    """

    firsts: Mapping[Case, Case]
    _links: Mapping[Case, list[Link]]
    _paths: dict[Case, dict[Case, tuple[Link, ...]]] = field(default_factory=dict, repr=False)

    def pairs(self, one: Case, other: Case) -> int | None:
        """Over how many pairs two rows compare; None if none lead from one to the other."""
        path = self._from(one).get(other)
        return None if path is None else len(path)

    def ratio(self, one: Case, other: Case, confidence: float = CONFIDENCE) -> Interval | None:
        """How many times faster the other row is than the first; None if no pairs tell."""
        path = self._from(one).get(other)
        if path is None:
            return None
        return stats.product([link.interval for link in path], confidence)

    def is_faster(self, one: Case, other: Case, smallest: float, confidence: float) -> bool:
        """Whether the first of two rows is found faster than the other.

        Args:
            one: the first.
            other: the other.
            smallest: what speed-up of one pair does not matter, as 0.02 for 2 %; over several
                pairs it may come together as often.
            confidence: of the interval that leaves out 1.
        """
        ratio = self.ratio(other, one, confidence)
        pairs = self.pairs(other, one)
        return bool(ratio and pairs and ratio.low > 1 and ratio.value >= (1 + smallest) ** pairs)

    def _from(self, start: Case) -> dict[Case, tuple[Link, ...]]:
        """The shortest way to every row that one leads to; of two as short the first made."""
        if start not in self._paths:
            ways: dict[Case, tuple[Link, ...]] = {start: ()}
            left = deque([start])
            while left:
                at = left.popleft()
                for link in self._links.get(at, ()):
                    if link.to not in ways:
                        ways[link.to] = (*ways[at], link)
                        left.append(link.to)
            self._paths[start] = ways
        return self._paths[start]


def network(records: Iterable[Record], metrics: Catalogue) -> Network:
    """The network of one model's records on one data set.

    Pairs beside the baseline lead first, so that of two ways as short that one is taken on which a
    variant is compared with itself on the first engine. A pair of too few blocks for an interval
    leads nowhere.
    """
    records = list(records)
    between = [each for each in records if _is_between(each, metrics)]
    beside = firsts(between, records)
    links: dict[Case, list[Link]] = {}
    paired = [(each, each.case.baseline) for each in records if each.metric == PAIRED]
    for record, first in [
        *paired,
        *((each, beside[each.case]) for each in between if each.case in beside),
    ]:
        if record.value is None or record.high is None:
            continue
        forwards = _interval_of(record)
        backwards = functools.partial(_inverse_of, forwards)
        links.setdefault(first, []).append(Link(record.case, forwards))
        links.setdefault(record.case, []).append(Link(first, backwards))
    return Network(beside, links)


def _is_between(record: Record, metrics: Catalogue) -> bool:
    """Whether it is the ratio of two engines."""
    metric = metrics.get(record.metric)
    is_ratio = metric is not None and metric.of_engines and metric.kind == "ratio"
    return is_ratio and record.value is not None


def _interval_of(record: Record) -> Callable[[float], Interval]:
    """The ratio of a pair at any confidence, of its samples; without them at no higher one."""

    @functools.cache
    def interval(confidence: float) -> Interval:
        if record.samples:
            return stats.typical_ratio(record.samples, confidence)
        ends = (record.value, record.low, record.high)
        known = Interval(*(1.0 if end is None else end for end in ends))
        if confidence <= CONFIDENCE:
            return known
        return dataclasses.replace(known, low=0.0, high=float("inf"))

    return interval


def _inverse_of(interval: Callable[[float], Interval], confidence: float) -> Interval:
    return stats.inverse(interval(confidence))
