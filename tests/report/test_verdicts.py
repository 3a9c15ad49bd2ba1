"""Verdicts of a table: corrected for how many there are, alike in every output."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

import numpy as np
import pytest
from helpers.support import record, results_of

from weighin import stats
from weighin.core import Record, Results
from weighin.report.gates import judge, parse
from weighin.report.layout import FORMATS
from weighin.report.page.contents import contents
from weighin.report.rows import rows_of_models
from weighin.report.table import render
from weighin.report.tidy import tidy
from weighin.report.verdicts import corrected, is_found_worse, tried

N = 1000


def delta(variant: str, gained: int, lost: int, n: int = N, **changes: Any) -> Record:
    """A difference of right answers, with the verdict of its own test."""
    change = stats.paired_difference(gained, lost, n)
    fields: dict[str, Any] = {
        "gained": gained,
        "lost": lost,
        "n": n,
        "p": stats.mcnemar(gained, lost),
        "verdict": stats.quality_verdict(gained, lost, n),
    }
    ends = (change.value, change.low, change.high)
    return record("top1_delta", *ends, variant=variant, **(fields | changes))


def table_of(*deltas: Record, **environment: Any) -> Results:
    """A baseline and these rows."""
    base = [record("top1", 0.9, n=N), record("top1_delta", status="skipped", reason="baseline")]
    return results_of(environment, [*base, *deltas])


def chance(count: int = 30) -> Results:
    """One row that alone would be called worse, at p = 0.02, beside as many that are as good."""
    even = [delta(f"int8(scales={at})", 20 + at, 20 + at) for at in range(count)]
    return table_of(delta("prune(0.5)", 20, 40), *even, margin=0.005)


@pytest.mark.parametrize("format", [name for name in FORMATS if name not in ("csv", "json")])
def test_a_verdict_that_chance_explains_is_none(format: str) -> None:
    """Where 31 rows are tested, p = 0.014 is no evidence; and the footer says why."""
    text = render([chance()], format).replace("&#x27;", "'")

    assert "worse" not in text.replace("better, worse", "").replace("better or worse", "")
    assert "31 tests in this table, corrected by Holm's procedure" in text
    assert "1 that a test alone would call so" in text


def test_all_outputs_have_the_same_verdict() -> None:
    """Bare numbers, the tidy frame, the page and a notebook's rows, with the raw p beside."""
    results = chance()
    (flat,) = (each for each in json.loads(render([results], "json")) if "prune" in str(each))
    (frame,) = (each for each in tidy(results) if each["variant"] == "prune(0.5)")
    (row,) = (each for each in rows_of_models(results) if each.variant == "prune(0.5)")
    page = str(contents([("run.json", results)])["sections"])

    assert "no evidence" == flat["top1_delta_verdict"] == frame["top1_delta_verdict"]
    assert "no evidence" == row.records["top1_delta"][0].verdict
    assert stats.mcnemar(20, 40) == flat["top1_delta_p"] == frame["top1_delta_p"]
    assert "worse" not in page.replace("better, worse", "").replace("better or worse", "")


def test_a_verdict_alone_stays() -> None:
    """One test needs no correction, and nothing is said of one."""
    text = render([table_of(delta("prune(0.5)", 20, 40), margin=0.005)], "text")

    assert "] worse" in text
    assert "Holm" not in text


def test_strong_evidence_stays_among_many() -> None:
    """What no chance explains is still called."""
    results = chance()
    far = delta("channels(0.5)", 10, 200)
    told = corrected([*results.records, far], results)

    assert ["worse"] == [each.verdict for each in told if each.verdict == "worse"]


def test_what_is_no_longer_worse_may_be_the_same() -> None:
    """By the rule of every other row: where the interval lies within the margin."""
    many = [delta(f"int8(scales={at})", 20, 20, 50_000) for at in range(1)]
    many += [delta(f"int8(block={at})", at, at, 50_000) for at in range(1, 30)]
    of_few = delta("prune(0.5)", 20, 40, 50_000)
    told = corrected([of_few, *many], table_of(margin=0.005))

    assert "same within ±0.5 points" == told[0].verdict


def test_of_numbers_the_margin_is_the_figure_s_own() -> None:
    """1 % of the baseline's where it has none, as when it was measured."""
    where: dict[str, Any] = {"variant": "prune(0.5)", "verdict": "worse", "p": 0.03, "n": N}
    others = [
        record("mae_delta", 0.0, -0.1, 0.1, variant=f"int8(scales={at})", p=0.5 + at / 100)
        for at in range(5)
    ]
    results = results_of(
        {},
        [record("mae", 10.0, 9.0, 11.0), record("mae_delta", 0.04, 0.01, 0.07, **where), *others],
    )
    told = corrected(results.records, results)

    assert "same within ±0.1, 1 % of the baseline's" == told[1].verdict


def test_records_and_gates_stay_as_measured() -> None:
    """A gate is a bound on the figure, which correcting does not move."""
    results = chance()
    before = [dataclasses.replace(each) for each in results.records]
    rows_of_models(results)
    (outcome,) = judge([parse("prune(0.5): top1_delta >= -0.001")], results).outcomes

    assert before == list(results.records)
    assert "worse" == results.records[2].verdict
    assert "breached" == outcome.verdict


def test_trying_more_makes_no_claim_cheaper() -> None:
    """A row whose own test finds it worse is not "not found worse" for standing among many."""
    (row,) = (each for each in rows_of_models(chance()) if each.variant == "prune(0.5)")

    assert row.is_worse
    assert is_found_worse(row.records["top1_delta"][0], row.primary.delta)


def test_older_records_have_their_p_value_by_counts() -> None:
    """And where neither is kept, the verdict stays, and the footer says that."""
    results = chance()
    old = [dataclasses.replace(each, p=None) for each in results.records]
    bare = [dataclasses.replace(each, gained=None, lost=None) for each in old]

    assert 1 == tried(old, results).dropped
    assert (0, 1) == (tried(bare, results).tests, tried(bare, results).uncorrected)
    text = render([dataclasses.replace(results, records=tuple(bare))], "text")
    assert "1 that came without a p-value are not corrected" in text


def test_the_same_answers_on_more_threads_are_one_test() -> None:
    """A file's answers do not depend on how many threads give them."""
    one = delta("prune(0.5)", 20, 40)
    again = [one.of(threads=threads) for threads in (2, 4, 8)]

    assert 1 == tried([one, *again], table_of()).tests
    assert {"worse"} == {each.verdict for each in corrected([one, *again], table_of())}


def test_few_tables_without_a_difference_have_any_verdict() -> None:
    """Of 400 tables of 30 rows that are as good at most 5 % call any; uncorrected most would."""
    draw, results = np.random.default_rng(13), table_of()
    called = alone = 0
    made = functools.cache(delta)  # many rows of the same counts
    for _ in range(400):
        counts = draw.multinomial(N, (0.03, 0.03, 0.94), 30)
        deltas = [
            made("int8", int(a), int(b)).of(variant=f"int8(scales={at})")
            for at, (a, b, _) in enumerate(counts)
        ]
        words = [each.verdict for each in corrected(deltas, results)]
        called += any(word in ("better", "worse") for word in words)
        alone += any(each.verdict in ("better", "worse") for each in deltas)

    assert called / 400 <= 0.05
    assert alone / 400 > 0.5
