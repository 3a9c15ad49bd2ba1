"""The page of searches: what they found beside rows made by hand and a rule of bare figures."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from helpers.pages import page_module
from helpers.publishing import accounted, environment, filed, text_of
from helpers.support import file, record, results_of

from weighin.core import Record, Results
from weighin.publish import site

searches = page_module("searches")
TOLD = {"margin": "2 points of top-1", "within": 0.02, "minimized": ["gzip_bytes"], "tried": 134}
TEST = "mnist (test)"
RULE = ("bare figures", "litert(dynamic_wi4_afp32)")


def row(variant: str, gzip: int, delta: float = 0.0, **more: Any) -> list[Record]:
    """A variant's size and difference."""
    ends = (delta - 0.005, delta + 0.005)
    change = record("top1_delta", delta, *ends, variant=variant, **more)
    return [*file(variant, 2 * gzip, gzip, **more), change]


def run(suite: str, *rows: list[Record], digest: str = "all", **told: Any) -> Results:
    """Results of a suite, with a baseline of 100 kB."""
    dataset = rows[0][0].dataset
    baseline = file("baseline", 200_000, 100_000, dataset=dataset)
    told |= {"suite": suite, "datasets": {dataset: {"digest": digest}}}
    return results_of(environment(**told), [*baseline, *itertools.chain(*rows)])


def test_each_way_has_its_row_and_a_find_that_does_not_hold_one_too() -> None:
    found = run(
        "search",
        row("prune(0.97)", 5_000, -0.018, dataset=TEST),
        row("prune(0.9)+int8", 8_000, -0.001, dataset=TEST),
        row("int8", 20_000, 0.0, dataset=TEST),
        search={**TOLD, "seconds": 601.0},
        digest="test",
    )
    rule = [  # which has other words for the same examples
        run("weigh", row("litert(dynamic_wi4_afp32)", 7_000, -0.017), digest="test"),
        run("weigh", row("litert(dynamic_wi8_afp32)", 6_000, 0.0)),  # on other examples
    ]
    published = [
        run("full", row("prune(0.8)", 30_000, -0.015), row("prune(0.8)+int8", 11_000, -0.002)),
        run("full", row("prune(0.99)", 2_000, -0.019)),
        found,
        *rule[:1],
    ]

    assert [
        ["hand", "prune(0.8)+int8", "11.0 kB", "9.09", "-0.20 [-0.70, +0.30]", "", ""],
        [*RULE, "7.00 kB", "14.29", "-1.70 [-2.20, -1.20] *", "", ""],
        ["search", "prune(0.97)", "5.00 kB", "20.00", "-1.80 [-2.30, -1.30] *", "134", "10"],
        ["search", "prune(0.9)+int8", "8.00 kB", "12.50", "-0.10 [-0.60, +0.40]", "134", "10"],
    ] == [each[2:] for each in searches.rows_of([found], rule, published)]


def test_where_nothing_was_made_by_hand_it_says_so() -> None:
    told = {**TOLD, "seconds": 60.0}
    found = run("search", row("int8", 8_000, dataset=TEST), search=told, digest="test")

    assert ["hand", "none"] == searches.rows_of([found], [], [])[0][2:4]


def test_a_folder_with_a_search_has_the_page_and_others_none(tmp_path: Path) -> None:
    """The records of a search say themselves what they were chosen by."""
    told = {**TOLD, "seconds": 60.0}
    found = run("search", row("int8", 8_000, dataset=TEST), search=told, digest="test")
    filed(tmp_path, "search", accounted(found))
    filed(tmp_path, "full", accounted(run("full", row("int8", 9_000))), "box/2024-05-07-abc1234")
    made = site.make(tmp_path)

    page = text_of(made, "2024-05-06-abc1234/searches.md")
    assert "| search " in page
    assert "9.00 kB" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert [] == [path for path in made if "05-07" in str(path) and path.name == "searches.md"]
    model = text_of(made, "2024-05-06-abc1234/small.md")
    told = model.replace("\N{NO-BREAK SPACE}", " ")
    assert "among 134 candidates, on other examples: by gzip_bytes within 2 points" in told
