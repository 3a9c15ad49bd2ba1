"""One model's rows on each engine: what follows of them from pairs, and which is quickest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from weighin import stats
from weighin.core import Case, Metric, Record, Results
from weighin.report.network import Network, network
from weighin.report.quickest import Marks, bench_of, marks
from weighin.report.rows import Row, rows_of

TIME, BETWEEN = "latency", "engine_speedup"
TOTAL = Metric(
    name="total_speedup",
    title="× beside the baseline on the first runtime",
    kind="ratio",
    better="higher",
    machine_bound=True,
)
"""Made by this table, over the pairs between a row and the baseline on the first engine."""


def is_paired(results: Results) -> bool:
    """Whether a run paired engines with each other."""
    return BETWEEN in results.by_metric


@dataclass(frozen=True)
class ByEngine:
    """One model's rows on one data set, and what its pairs say of them.

    Attributes:
        results: that they are of.
        rows: of each seed: a variant's on one machine and number of threads stand together, the
            first engine's first.
        pairs: what was measured side by side.
        marks: who is quickest.
        smallest: what speed-up of a pair does not matter, as 0.02 for 2 %.
    """

    results: Results
    rows: Sequence[Row]
    pairs: Network
    marks: Marks
    smallest: float

    @classmethod
    def of(cls, records: Sequence[Record], results: Results) -> ByEngine:
        """The rows of one model's records on one data set."""
        pairs = network(records, results.metrics)
        rows = [row for row in rows_of(records, results) if row.runtime]
        # in the run's order, which pairs, measured before, leave the first engine out of
        timed = [*results.by_metric.get(TIME, ()), *records]
        engines, variants, benches = (
            {each: at for at, each in enumerate(dict.fromkeys(told))}
            for told in (
                (record.case.engine for record in timed),
                (row.variant for row in rows),
                (bench_of(row.case).of_any_seed for row in rows),
            )
        )
        firsts = set(pairs.firsts.values())

        def rank(row: Row) -> tuple[object, ...]:
            at = benches[bench_of(row.case).of_any_seed]
            is_later = row.case not in firsts
            return variants[row.variant], at, is_later, engines[row.case.engine], row.seed

        rows.sort(key=rank)
        having = [row.case for row in rows if row.mean(TIME) is not None]
        smallest = (results.environment.get("pairs") or {}).get("smallest", stats.SMALLEST_SPEEDUP)
        made = cls(results, rows, pairs, marks(having, pairs, smallest), smallest)
        rows = [
            dataclasses.replace(row, records=_better(row.records, made.over_pairs(row)))
            for row in rows
        ]
        return dataclasses.replace(made, rows=rows, marks=_unsaid_of_slower(made.marks, rows))

    @cached_property
    def anchors(self) -> dict[Case, Case]:
        """Of each machine, number of threads and seed the baseline on its first engine."""
        anchors: dict[Case, Case] = {}
        for row in self.rows:  # of which the first stands first
            if row.case == row.case.baseline and row.mean(TIME) is not None:
                anchors.setdefault(bench_of(row.case), row.case)
        return anchors

    @cached_property
    def firsts(self) -> dict[Case, Case]:
        """Of each variant the row that its other engines are beside."""
        firsts = {first.of_any_engine: first for first in self.pairs.firsts.values()}
        engines = {anchor.engine for anchor in self.anchors.values()}
        for row in sorted(self.rows, key=lambda row: row.case.engine not in engines):
            if row.mean(TIME) is not None:
                firsts.setdefault(row.case.of_any_engine, row.case)
        return firsts

    def over_pairs(self, row: Row) -> dict[str, tuple[Record, ...]]:
        """What follows from pairs for a row of one seed that was timed, beside what it is not."""
        if row.mean(TIME) is None:
            return {}
        first = self.firsts[row.case.of_any_engine]
        anchor = self.anchors.get(bench_of(row.case))
        made: dict[str, tuple[Record, ...]] = {}
        if first != row.case and self.is_paired:
            beside, confidence = first.engine, stats.SPEED_CONFIDENCE
            verdict = (
                "faster"
                if self.pairs.is_faster(row.case, first, self.smallest, confidence)
                else "slower"
                if self.pairs.is_faster(first, row.case, self.smallest, confidence)
                else "no evidence"
            )
            made[BETWEEN] = (self._over_pairs(row.case, first, BETWEEN, beside, verdict),)
        if anchor not in (None, row.case):
            beside = f"{anchor.variant} on {anchor.engine}"
            made[TOTAL.name] = (self._over_pairs(row.case, anchor, TOTAL.name, beside),)
        return made

    def _over_pairs(
        self, case: Case, first: Case, metric: str, beside: str, verdict: str = ""
    ) -> Record:
        """How many times faster a row is than another, over the pairs between them."""
        ratio, n = self.pairs.ratio(first, case), self.pairs.pairs(first, case)
        if ratio is None:
            reason = f"no pairs that have an interval lead from it to {beside}"
            return Record(case, metric, "", "not measured", reason=reason)
        low, high = ratio.ends
        return Record(
            case, metric, "", "ok", ratio.value, low, high, n, beside=beside, verdict=verdict
        )

    @cached_property
    def is_paired(self) -> bool:
        """Whether the run paired engines with each other."""
        return is_paired(self.results)


def _better(
    recorded: Mapping[str, tuple[Record, ...]], derived: Mapping[str, tuple[Record, ...]]
) -> dict[str, tuple[Record, ...]]:
    """A row's records, and what follows from pairs where its own pair has no interval."""
    unbounded = {
        name
        for name in derived.keys() & recorded.keys()
        for record in recorded[name]
        if record.value is not None and record.low is None
    }
    told = {name: records for name, records in derived.items() if name in unbounded}
    told = {name: records for name, records in told.items() if records[0].value is not None}
    return {**derived, **recorded, **told}


def _unsaid_of_slower(marks: Marks, rows: Sequence[Row]) -> Marks:
    """The marks but those beside "slower", or of what could not be held against the first.

    All tests together need more evidence to leave a row out than its own pair needs to call it
    slower: both would be said of it, which reads as a contradiction.
    """
    slower = {
        row.case.of_any_seed
        for row in rows
        for record in row.records.get(BETWEEN, ())
        if record.verdict == "slower" or record.value is None
    }
    kept = {row: mark for row, mark in marks.of_variant.items() if row not in slower}
    return dataclasses.replace(marks, of_variant=kept)
