"""What becomes of each technique from version to version."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from helpers.matrices import at, beside, notes, older, states, weighed
from helpers.support import file, record, run, without
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Record
from weighin.report.versions import matrix, render

# -- techniques ---------------------------------------------------------------------------------


def test_techniques_are_variants_without_their_arguments() -> None:
    """Whatever the sparsity and the pattern."""
    names = ["prune(0.5)+int8", "prune(0.8,pattern=2:4)+int8", "compact(int8)", "baseline"]
    records = [each for name in names for each in weighed(name)]

    made = beside(records, records)

    assert {"prune+int8", "compact", "baseline"} == set(states(made))
    assert 2 == made.techniques[0].states[0].of


@pytest.mark.parametrize(
    ("size", "gzip", "top1", "latency", "word"),
    [
        (2000, 1000, 0.95, 1e-4, "works"),
        (2019, 1019, 0.95, 1e-4, "works"),
        (2021, 1000, 0.95, 1e-4, "degraded"),
        (2000, 1021, 0.95, 1e-4, "degraded"),
        (1000, 500, 0.99, 0.1e-4, "works"),  # better in all
        (2000, 1000, 0.93, 1e-4, "works"),  # 2 points, and may be chance
        (2000, 1000, 0.92, 1e-4, "degraded"),
        (2000, 1000, 0.95, 1.05e-4, "works"),  # intervals meet
        (2000, 1000, 0.95, 1.2e-4, "works"),  # speed-up alone
        (2000, 1000, 0.95, 1.8e-4, "degraded"),  # and latency
    ],
)
def test_degraded_is_what_is_worse_beyond_what_is_tolerated(
    size: int, gzip: int, top1: float, latency: float, word: str
) -> None:
    """Of an older release beside the newest, and by the same rule of the newest itself."""
    good = weighed("int8", 1000)
    bad = [*file("int8", size, gzip, artifact=""), *run("int8", top1, latency)]

    assert word == states(beside(good, bad))["int8"][1]
    assert word == states(beside(bad, good))["int8"][0]


def test_latency_alone_degrades_nothing() -> None:
    """Where the baseline was as slow, it was a slow hour of the machine."""
    good = weighed("int8", 1000)
    slow = [*file("int8", 2000, 1000, artifact=""), *run("int8", 0.95, 1.8e-4, base=1.8e-4)]

    made = beside(good, slow)
    assert ("no evidence", 0.8) == (
        older(made, "latency").verdict,
        pytest.approx(older(made, "latency").change),
    )
    assert "works" == states(made)["int8"][1]
    assert {"no evidence"} == {
        older(beside(good, weighed("int8", latency=1.1e-4)), metric).verdict
        for metric in ("speedup", "latency")
    }


def test_top1_within_a_point_degrades_nothing() -> None:
    """However many images say that it is worse: another training differs by as much."""

    def of(top1: float) -> list[Record]:
        return [record("top1", top1, variant="int8", n=1_000_000)]

    made = beside(of(0.95), of(0.941))

    assert "worse" == older(made, "top1").verdict
    assert {"int8": ["works", "works"]} == states(made)
    assert {"int8": ["works", "degraded"]} == states(beside(of(0.95), of(0.939)))


def test_each_is_held_against_the_best_and_says_which() -> None:
    """A file that a release in the middle made larger is seen in every column since."""
    small, large = weighed("int8", 1000), weighed("int8", 1500)
    older = [at("2.19.1", small), at("2.18.1", small), at("2.17.1", weighed("int8", 1200))]
    made = matrix([at("2.21.0", large), at("2.20.0", large), *older])

    assert {"int8": ["degraded", "degraded", "works", "works", "degraded"]} == states(made)
    larger = (
        "file larger: small int8 by 50.0 % beside 2.19.1",
        "gzip larger: small int8 by 50.0 % beside 2.19.1",
    )
    assert [larger, larger] == [notes(made, 0), notes(made, 1)]
    assert "gzip larger: small int8 by 20.0 % beside 2.19.1" == notes(made, 4)[1]


def test_the_newest_is_slower_than_any_that_was_faster() -> None:
    """Of speed an older release is held against the newest alone, and the newest against all."""
    fast, slow = (weighed("int8", latency=latency) for latency in (1e-4, 2e-4))
    made = matrix([at("2.21.0", slow), at("2.20.0", slow), at("2.19.1", fast)])

    assert {"int8": ["degraded", "works", "works"]} == states(made)
    assert (
        "latency longer: small int8 by 100.0 % beside 2.19.1",
        "speed-up smaller: small int8 by 50.0 % beside 2.19.1",
    ) == notes(made, 0)


def test_many_releases_share_the_chance_of_the_newest() -> None:
    """What is worse at 5 % beside one of ten may be chance: Fisher's p is 0.03 here."""
    low, high = weighed("int8", top1=0.928), weighed("int8", top1=0.95)
    many = [at(f"2.{minor}.0", high) for minor in range(10, 20)]

    assert "better" == matrix([at("2.21.0", low), many[0]]).lines[2].entries[1].verdict
    assert ["degraded", "works"] == states(matrix([at("2.21.0", low), many[0]]))["int8"]
    assert "works" == states(matrix([at("2.21.0", low), *many]))["int8"][0]


@pytest.mark.parametrize("metric", ["file_bytes", "gzip_bytes", "top1", "latency"])
def test_what_went_wrong_fails_with_its_first_line(metric: str) -> None:
    """Whether it was built or not."""
    reason = "\n  the converter gave up: op 7 \nTraceback"
    of_file = {"runtime": "", "threads": 0} if metric.endswith("bytes") else {}
    bad = [each for each in weighed("int8") if each.metric != metric]
    bad += without(metric, "failed", reason, variant="int8", **of_file)

    made = beside(weighed("int8"), bad)

    assert {"int8": ["works", "fails"]} == states(made)
    assert ("the converter gave up: op 7: small int8",) == notes(made, 1)


def test_a_speedup_without_a_figure_is_no_failure() -> None:
    """It may be the baseline that failed."""
    bad = [each for each in weighed("int8") if each.metric != "speedup"]
    bad += without("speedup", "failed", "the baseline is gone", variant="int8")

    assert {"int8": ["works", "works"]} == states(beside(weighed("int8"), bad))


@pytest.mark.parametrize("where", [{"runtime": "", "threads": 0}, {}])
def test_a_pair_of_versions_that_cannot_work_fails_with_its_reason(where: dict[str, Any]) -> None:
    """One record that says why is enough, be it of the file or of a session."""
    reason = "tfmot 0.8.0 cannot prune mixed precision"
    cannot = without("gzip_bytes top1", "failed", reason, variant="prune(0.8)", **where)
    made = beside(weighed("prune(0.8)"), cannot[:1] if where else cannot[1:])

    assert {"prune": ["works", "fails"]} == states(made)
    assert (f"{reason}: small prune(0.8)",) == notes(made, 1, "prune")
    assert {("failed", reason)} == {
        (each.entries[1].status, each.entries[1].reason) for each in made.lines
    }


def test_the_worst_of_several_is_shown_with_how_many() -> None:
    """Three models: one fails, one is larger, which a note tells too, one is as it was."""

    def models(*made: list[Record]) -> list[Record]:
        return [
            each.of(model=f"m{number}") for number, records in enumerate(made) for each in records
        ]

    lost = without("file_bytes gzip_bytes top1 latency", "failed", "no room", variant="int8")
    good, large = weighed("int8"), weighed("int8", 2000)
    made = beside(models(good, good, good), models(lost, large, good))
    (only,) = [each for each in made.techniques if each.place == "litert"]

    assert ("fails", 1, 3) == (only.states[1].word, only.states[1].count, only.states[1].of)
    assert (
        "no room: m0 int8",
        "file larger: m1 int8 by 100.0 % beside 2.21.0",
        "gzip larger: m1 int8 by 100.0 % beside 2.21.0",
    ) == only.states[1].notes
    assert "fails (1 of 3) [1] [2] [3]" in render(
        [at("2.21.0", models(good, good, good)), at("2.19.1", models(lost, large, good))], "text"
    )


# -- properties ---------------------------------------------------------------------------------

sizes = st.integers(1, 10**9)
shares = st.floats(0, 1)
times = st.floats(1e-7, 10)
variants = st.sampled_from(["baseline", "int8", "dynamic", "prune(0.8)+int8"])
weighings = st.lists(
    st.tuples(variants, sizes, shares, times, st.integers(0, 2)), min_size=1, max_size=6
)


def records_of(drawn: list[tuple[str, int, float, float, int]]) -> list[Record]:
    """Records of what hypothesis made up, each file with a digest of its own."""
    made = {}
    for variant, size, top1, latency, seed in drawn:
        digest = f"{variant}/{seed}"
        for each in weighed(variant, size, top1, latency, seed=seed, artifact=digest):
            made[each.variant, each.seed, each.metric] = each
    return list(made.values())


@given(weighings)
def test_a_version_against_itself_is_the_same_everywhere(drawn: Any) -> None:
    """Not a verdict but `same`, not a technique but works."""
    records = records_of(drawn)
    made = beside(records, records)

    assert {"same"} == {each.entries[1].verdict for each in made.lines}
    assert {0} == {each.entries[1].change for each in made.lines}
    assert {"works"} == {word for words in states(made).values() for word in words}


@given(weighings, st.data())
def test_a_planted_loss_is_found_where_it_is(drawn: Any, data: st.DataObject) -> None:
    """A file half as large again degrades its own technique in its own release, and no other."""
    records = records_of(drawn)
    variant = data.draw(st.sampled_from(sorted({each.variant for each in records})))
    column = data.draw(st.integers(1, 3))
    planted = [
        dataclasses.replace(each, value=(each.value or 0) * 1.5, artifact="other")
        if (each.variant, each.metric) == (variant, "gzip_bytes")
        else each
        for each in records
    ]
    runs = [at(f"2.{20 - number}.0", records) for number in range(4)]
    runs[column] = at(f"2.{20 - column}.0", planted)

    found = states(matrix(runs))

    name = re.sub(r"\(.*?\)", "", variant)
    assert {
        (each, at): "degraded" if (each, at) == (name, column) else "works"
        for each in found
        for at in range(4)
    } == {(each, at): word for each, words in found.items() for at, word in enumerate(words)}
