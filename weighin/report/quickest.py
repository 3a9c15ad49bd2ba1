"""Which engine is quickest for a variant, and which variant on which engine is quickest of all."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from weighin import stats
from weighin.core import Case
from weighin.report.network import Network

ALONE, AMONG = "quickest", "among the quickest"


@dataclass(frozen=True)
class Marks:
    """What the pairs of one model's rows say of who is quickest, over all seeds.

    Attributes:
        of_variant: what is said of a row, of any seed, among its variant's engines; nothing of
            most.
        of_all: likewise among all variants on all engines.
        tests: how many tests they rest on together, of one seed.
    """

    of_variant: Mapping[Case, str]
    of_all: Mapping[Case, str]
    tests: int


def marks(timed: Sequence[Case], pairs: Network, smallest: float) -> Marks:
    """Who is not found slower than any other, where at least one is.

    Of one seed, number of threads and machine all are held against each other, and the engines of
    one variant by themselves. All these tests share one error of 5 %, so that in at most one table
    of twenty the truly quickest of a variant or of all is left out (`weighin.stats.unbeaten`). Of
    several seeds a row is left out if it is so in each.

    Args:
        timed: rows that have a time, one for each seed.
        pairs: what they compare by.
        smallest: what speed-up of a pair does not matter, as 0.02 for 2 %.
    """
    of_variants, of_benches = (
        _by_seed(timed, key) for key in (lambda case: case.of_any_engine, bench_of)
    )
    tests: Counter[int] = Counter()
    for seeds in (*of_variants.values(), *of_benches.values()):
        tests.update({seed: len(cases) - 1 for seed, cases in seeds.items()})

    def is_faster(one: Case, other: Case, confidence: float) -> bool:
        return pairs.is_faster(one, other, smallest, confidence)

    def marked(seeds: Mapping[int, Sequence[Case]]) -> dict[Case, str]:
        kept: dict[Case, bool] = {}
        compared: dict[Case, bool] = {}
        for seed, cases in seeds.items():
            unbeaten = stats.unbeaten(cases, is_faster, tests[seed])
            for case in cases:
                row = case.of_any_seed
                kept[row] = kept.get(row, False) or case in unbeaten
                is_held = any(pairs.pairs(case, other) for other in cases)
                compared[row] = compared.get(row, True) and is_held
        return _said(kept, compared)

    of_variant, of_all = (
        {row: word for seeds in groups.values() for row, word in marked(seeds).items()}
        for groups in (of_variants, of_benches)
    )
    return Marks(of_variant, of_all, max(tests.values(), default=0))


def bench_of(case: Case) -> Case:
    """What a row shares with all that it can be compared with."""
    return dataclasses.replace(case.of_any_engine, variant="")


def _said(kept: Mapping[Case, bool], compared: Mapping[Case, bool]) -> dict[Case, str]:
    """The mark of each row of one group that is kept and was compared with another of it."""
    if all(kept.values()):
        return {}
    word = ALONE if sum(kept.values()) == 1 else AMONG
    return {row: word for row, is_kept in kept.items() if is_kept and compared[row]}


def _by_seed(
    cases: Sequence[Case], key: Callable[[Case], Case]
) -> dict[Case, dict[int, list[Case]]]:
    """Cases that share something, of all seeds together, by their seeds."""
    groups: dict[Case, dict[int, list[Case]]] = {}
    for case in cases:
        seeds = groups.setdefault(key(case).of_any_seed, {})
        seeds.setdefault(case.seed, []).append(case)
    return groups
