"""The version matrix: columns, verdicts against the newest, and what becomes of each technique.

`WEIGHIN_REGENERATE_GOLDEN=1 pytest tests/report/test_matrix.py` writes the golden tables anew; look
at their difference before keeping it.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.support import ENVIRONMENT, NASTY, file, record, results_of, run, without
from hypothesis import given
from hypothesis import strategies as st

from weighin.cli import main
from weighin.core import Record, Results, WeighinError
from weighin.records import store
from weighin.report.layout import FORMATS
from weighin.report.lines import Entry, Line
from weighin.report.versions import Matrix, matrix, render

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ENDINGS = {"text": "txt", "github": "md", "html": "html", "latex": "tex"}
PACKAGES = {
    "python": "3.11.7",
    "tensorflow": "2.21.0",
    "tensorflow-model-optimization": "0.8.1",
    "ai-edge-litert": "2.3.0",
}
TFMOT = "tensorflow-model-optimization"
METRICS = ("file_bytes", "gzip_bytes", "top1", "latency", "speedup")


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


def test_a_change_is_by_the_seeds_that_both_have() -> None:
    """As its verdict is: here every file of the same seed is larger, though their mean is not."""
    newer = [*weighed("int8", 1000), *weighed("int8", 1200, seed=1)]
    sizes = older(beside(newer, weighed("int8", 1050)), "gzip_bytes")

    assert ("larger", 0.05) == (sizes.verdict, pytest.approx(sizes.change, abs=1e-9))


def test_where_a_seed_of_the_newest_failed_nothing_is_compared() -> None:
    """Its column says `failed`; the others' figures stand there as they are."""
    failed = without("top1", "failed", "no", variant="int8", seed=1)
    made = beside([*weighed("int8"), *failed], weighed("int8", top1=0.5))

    assert ["failed", "ok"] == [each.status for each in line(made, "top1").entries]
    assert ("no figure", None) == (older(made, "top1").verdict, older(made, "top1").change)


def releases() -> list[Results]:
    """Four columns: two Pythons, an older TensorFlow with other figures, one that cannot work."""
    wide: dict[str, Any] = {"model": "wide"}
    keras = wide | {"format": "h5", "runtime": "keras-cpu"}
    of_file = wide | {"variant": "int8", "runtime": "", "threads": 0}
    large = weighed("baseline", 84_000_000, 0.975, 2e-3, **wide)
    now = [
        *weighed("baseline", 400_000),
        *weighed("prune(0.8)", 97_500, 0.9482),
        *weighed("int8", 99_000, 0.948, 0.5e-4),
        *weighed("prune(0.8)+int8", 32_125, 0.9471, 0.5e-4),
        *weighed("baseline", 400_010, 0.951, seed=1),
        *weighed("int8", 99_020, 0.949, 0.52e-4, seed=1),
        *large,
        *weighed("int8", 21_000_000, 0.974, 1e-3, **wide),
        *run("baseline", 0.975, 5e-3, **keras),
    ]
    before = [
        *weighed("baseline", 400_000),
        *weighed("prune(0.8)", 97_400, 0.9482),
        *weighed("int8", 105_000, 0.90, 0.9e-4),
        *weighed("prune(0.8)+int8", 32_125, 0.9471, 0.49e-4),
        *large,
        *without("file_bytes gzip_bytes", "failed", NASTY, **of_file),
        *without("top1 latency speedup", "failed", NASTY, variant="int8", **wide),
        *run("baseline", 0.975, 4e-3, **keras),
    ]
    reason = "tfmot 0.8.0 cannot prune here: <bug>\nTraceback | more"
    broken = [
        *file("baseline", 800_000, 400_100, artifact=""),
        *without("file_bytes", "failed", reason, variant="prune(0.8)", runtime="", threads=0),
    ]
    elsewhere = {**ENVIRONMENT["machine"], "cpu": "Other | CPU"}
    return [
        at("2.9.3", broken, packages={TFMOT: "0.8.0"}, machine=elsewhere),
        at("2.15.1", before, packages={"ai-edge-litert": "2.1.0"}),
        at("2.21.0", now),
        at("2.21.0", now, packages={"python": "3.12.4"}),
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_matrices_are_golden(format: str) -> None:
    """Four releases with every kind of cell are what was once looked at and kept."""
    path = GOLDEN / f"versions.{ENDINGS.get(format, format)}"
    actual = f"{render(releases(), format)}\n"
    if os.environ.get("WEIGHIN_REGENERATE_GOLDEN"):
        path.write_text(actual, "utf-8")

    assert path.read_text("utf-8") == actual


# -- columns ------------------------------------------------------------------------------------


def test_the_newest_comes_first_whatever_the_order() -> None:
    """By numbers, not by letters; a release candidate and a nightly come before their release."""
    ordered = ["2.21.0", "2.21.0rc1", "2.21.0.dev20260101", "2.20.0", "2.16.2", "2.9.3"]

    made = matrix([at(version) for version in sorted(ordered)])

    assert ordered[0] == made.releases[0].label
    assert ordered[3:] == [release.label for release in made.releases[3:]]
    assert set(ordered[1:3]) == {release.label for release in made.releases[1:3]}


def test_python_is_named_where_it_tells_two_apart() -> None:
    """And of those that share a TensorFlow, the Python that most runs have comes first."""
    runs = [
        at("2.21.0", packages={"python": "3.13.1"}),
        at("2.20.0"),
        at("2.21.0"),
        at("2.21.0", packages={"python": "3.12.4"}),
    ]

    assert [
        "2.21.0, python 3.11.7",
        "2.21.0, python 3.13.1",
        "2.21.0, python 3.12.4",
        "2.20.0",
    ] == [release.label for release in matrix(runs).releases]


def test_the_toolkit_is_named_where_it_tells_two_apart() -> None:
    """One that is not installed is missing."""
    runs = [at("2.16.2"), at("2.16.2", packages={TFMOT: "0.8.0"}), at("2.20.0")]
    runs.append(at("2.20.0", packages={TFMOT: None}))

    assert {
        "2.20.0, tfmot 0.8.1",
        "2.20.0, tfmot missing",
        "2.16.2, tfmot 0.8.1",
        "2.16.2, tfmot 0.8.0",
    } == {release.label for release in matrix(runs).releases}


def test_other_packages_are_named_only_where_nothing_else_tells_two_apart() -> None:
    """The first of them that does."""
    first = at("2.16.2", packages={"tf-keras": "2.16.0", "numpy": "1.26.4"})
    second = at("2.16.2", packages={"tf-keras": "2.16.0", "numpy": "1.26.0"})
    third = at("2.20.0", packages={"tf-keras": "2.20.0", "numpy": "2.4.6"})

    assert {"2.20.0", "2.16.2, numpy 1.26.4", "2.16.2, numpy 1.26.0"} == {
        release.label for release in matrix([first, second, third]).releases
    }


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_version_is_no_matrix(count: int) -> None:
    """The way out is named: weigh on another version, or compare."""
    with pytest.raises(WeighinError, match="two TensorFlow versions or more") as caught:
        matrix([at("2.21.0", weighed("int8"))] * count)

    assert "tox -e" in str(caught.value)
    assert "weighin compare" in str(caught.value)
    assert ("2.21.0" in str(caught.value)) is (count > 0)


def test_two_runs_of_one_version_are_refused() -> None:
    """There is one column for each, and the dates say which files they are."""
    runs = [at("2.20.0"), at("2.21.0"), at("2.20.0", date="2025-01-02")]

    with pytest.raises(WeighinError, match=r"2 runs .* tensorflow 2\.20\.0") as caught:
        matrix(runs)
    assert "2024-05-06" in str(caught.value)
    assert "2025-01-02" in str(caught.value)


@pytest.mark.parametrize("packages", [None, {}, {"tensorflow": None}, "2.21.0"])
def test_a_run_of_no_version_is_refused(packages: Any) -> None:
    """It has no column; its date says which file it is."""
    nameless = results_of({**ENVIRONMENT, "packages": packages})

    with pytest.raises(WeighinError, match="2024-05-06 name no TensorFlow version"):
        matrix([at("2.21.0"), nameless])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"datasets": {"digits": {"digest": "e" * 64}}}, "'digits'"),
        ({"weights": {"resnet8": "trained"}}, "'resnet8'"),
        ({"profile": "full"}, "quick and full"),
    ],
)
def test_what_was_made_otherwise_is_refused(changes: dict[str, Any], words: str) -> None:
    """Other data, dense starts or training recipes are no difference between releases."""
    newest = at("2.21.0", weights={"resnet8": "w.h5 0123456789ab"})

    with pytest.raises(WeighinError, match=r"2\.21\.0 and 2\.19\.1 do not compare") as caught:
        matrix([at("2.19.1", **changes), newest])
    assert words in str(caught.value)


# -- figures ------------------------------------------------------------------------------------


def test_every_figure_is_held_against_the_newest() -> None:
    """With the verdicts of `weighin compare`, and by how much it differs."""
    made = beside(weighed("int8", 1000, 0.95, 0.5e-4), weighed("int8", 1100, 0.90, 0.8e-4))

    found = {metric: older(made, metric) for metric in METRICS}

    assert {
        "file_bytes": "larger",
        "gzip_bytes": "larger",
        "top1": "worse",
        "latency": "slower",
        "speedup": "slower",
    } == {metric: entry.verdict for metric, entry in found.items()}
    assert [0.1, 0.1, -0.05, 0.6, -0.375] == pytest.approx(
        [entry.change for entry in found.values()]
    )
    assert {("", None)} == {
        (each.entries[0].verdict, each.entries[0].change) for each in made.lines
    }


def test_other_figures_have_no_line() -> None:
    """Only the metrics of the matrix, and no reasons."""
    made = beside([*weighed("int8"), record("cold_start", 1.0)], weighed("int8"))

    assert set(METRICS) == {each.metric.name for each in made.lines}


def test_one_file_has_one_latency() -> None:
    """Where the very same .tflite runs on the same LiteRT, a difference is the machine's drift."""
    fast, slow = (weighed("int8", latency=at, artifact="ab" * 32) for at in (1e-4, 9e-4))

    assert "same" == older(beside(fast, slow), "latency").verdict
    assert "same" == older(beside(fast, slow), "gzip_bytes").verdict
    other = {"ai-edge-litert": "2.1.0"}
    assert "slower" == older(beside(fast, slow, packages=other), "latency").verdict
    assert "no evidence" == older(beside(fast, slow), "speedup").verdict
    elsewhere = {"cpu": "Other"}
    assert "not compared" == older(beside(fast, slow, machine=elsewhere), "latency").verdict
    for bare in (fast, slow):
        bare[:] = [dataclasses.replace(each, artifact="") for each in bare]
    assert "slower" == older(beside(fast, slow), "latency").verdict


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"machine": {"cpu": "Other"}}, "another machine"),
        ({"calibration": None}, "only one of them has a calibration"),
    ],
)
def test_times_of_other_machines_are_not_compared(changes: dict[str, Any], reason: str) -> None:
    """Sizes and shares are; the refusal is said below, and degrades nothing."""
    made = beside(weighed("int8"), weighed("int8", latency=9e-4), **changes)

    assert ["same", "same", "no evidence", "not compared", "not compared"] == [
        older(made, metric).verdict for metric in METRICS
    ]
    assert older(made, "latency").change is None
    assert reason in made.releases[1].refused
    assert any(reason in words and "2.19.1" in words for words in made.origin)
    assert {"int8": ["works", "works"]} == states(made)


def test_seeds_are_averaged() -> None:
    """A mean, its deviation, and how many there are."""
    newest = [*weighed("int8", 1000, 0.95), *weighed("int8", 1100, 0.96, seed=1)]
    entry = line(beside(newest, weighed("int8")), "gzip_bytes").entries[0]

    assert (1050, 2) == (entry.value, entry.seeds)
    assert 70.7 == pytest.approx(entry.deviation, abs=0.1)


def test_verdicts_are_by_the_seeds_that_both_have() -> None:
    """A third training that only one release has is no difference between them."""
    three = [*weighed("int8", 1000), *weighed("int8", 2000, seed=1)]

    assert "same" == older(beside(three, weighed("int8", 1000)), "gzip_bytes").verdict
    assert "no figure" == older(beside(three, weighed("int8", seed=7)), "gzip_bytes").verdict


def test_more_seeds_are_not_more_images() -> None:
    """Each seed answers the same ones: 1,000 of them stay 1,000."""

    def seeds(top1: float) -> list[Record]:
        return [each for seed in range(9) for each in weighed("int8", top1=top1, seed=seed)]

    assert "no evidence" == older(beside(seeds(0.95), seeds(0.935)), "top1").verdict
    assert "worse" == older(beside(seeds(0.95), seeds(0.92)), "top1").verdict


def test_a_seed_that_failed_is_not_averaged_away() -> None:
    """One of three without a figure leaves none, and says why."""
    failed = without("latency", "failed", "no power", variant="int8", seed=1)
    entry = older(beside(weighed("int8"), [*weighed("int8"), *failed]), "latency")

    assert ("failed", None) == (entry.status, entry.value)
    assert "in 1 of 2 seeds: no power" == entry.reason


def test_what_a_release_lacks_is_not_measured() -> None:
    """On either side; and what there is stands without a verdict."""
    both = weighed("int8") + weighed("dynamic")
    made = beside(weighed("int8"), both)

    assert ["not measured", "ok"] == [e.status for e in line(made, "top1", "dynamic").entries]
    assert "no figure" == line(made, "top1", "dynamic").entries[1].verdict
    assert ["not measured", "works"] == states(made)["dynamic"]
    assert ["works", "not measured"] == states(beside(both, weighed("int8")))["dynamic"]


def test_runtimes_threads_and_formats_are_not_mixed() -> None:
    """Each is a line of its own, litert first."""
    places: list[dict[str, Any]] = [
        {"runtime": "other"},
        {"format": "h5", "runtime": "keras-cpu"},
        {"threads": 4},
        {},
    ]
    records = [record("latency", 1e-4 * at, **place) for at, place in enumerate(places, start=1)]

    made = beside(records, list(reversed(records)))

    assert ["litert", "litert ×4", "other", "keras-cpu"] == [each.place for each in made.lines]
    assert all(each.entries[0].value == each.entries[1].value for each in made.lines)


def test_what_nobody_could_measure_is_left_out() -> None:
    """Accuracy on noise, a GPU that is not there: no line, no technique."""
    noise = without("top1", "not measured", "labels mean nothing", variant="int8")
    gpu = without("top1 latency", "skipped", "no GPU here", variant="int8", runtime="keras-gpu")
    made = beside([*noise, *gpu, *file("int8", 2, 1)], [*noise, *gpu, *file("int8", 2, 1)])

    assert {"file_bytes", "gzip_bytes"} == {each.metric.name for each in made.lines}
    assert ["tflite"] == [each.place for each in made.techniques]


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


def test_what_each_release_was_made_with_stands_below() -> None:
    """Packages, weighin's commit, the profile and the date."""
    made = matrix([at("2.21.0", commit="abc1234"), at("2.19.1", packages={"tf-keras": None})])

    first, second = made.origin
    assert first.startswith("2.21.0: python 3.11.7, tensorflow 2.21.0, ")
    assert first.endswith("; commit abc1234; profile quick; 2024-05-06")
    assert "tf-keras" not in second


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


# -- formats ------------------------------------------------------------------------------------


HOSTILE = [
    at("2.21|<b>0</b>", weighed("<u>x</u>|y", model="<i>m</i>")),
    at(
        "2.19.1",
        without("file_bytes top1", "failed", NASTY, variant="<u>x</u>|y", model="<i>m</i>"),
    ),
]


def test_html_is_escaped() -> None:
    """Neither versions nor names nor reasons become part of the page."""
    page = render(HOSTILE, "html")

    assert {"h3", "table", "thead", "tbody", "tr", "th", "td", "p", "br"} == set(
        re.findall(r"<([a-z0-9]+)", page)
    )
    for word in ("&lt;b&gt;0", "&lt;u&gt;x", "&lt;i&gt;m", "&lt;script&gt;"):
        assert word in page


@pytest.mark.parametrize("format", ["csv", "json"])
def test_machine_formats_hold_every_entry_and_state(format: str) -> None:
    """Bare numbers, one row for each line and release, then for each technique and release."""
    text = render(releases(), format)
    rows = json.loads(text) if format == "json" else list(csv.DictReader(io.StringIO(text)))
    made = matrix(releases())

    figures = [row for row in rows if row.get("metric")]
    assert [
        (each.metric.name, each.case.variant, entry.release, entry.verdict, entry.reason)
        for each in made.lines
        for entry in each.entries
    ] == [
        (row["metric"], row["variant"], row["tensorflow"], row["verdict"], row["reason"])
        for row in figures
    ]
    assert [entry.value for each in made.lines for entry in each.entries] == [
        float(row["value"]) if row["value"] not in (None, "") else None for row in figures
    ]
    assert [(each.name, state.word) for each in made.techniques for state in each.states] == [
        (row["technique"], row["state"]) for row in rows if row.get("technique")
    ]


# -- command ------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path: Path) -> list[str]:
    """The four releases in a results file each."""
    paths = [tmp_path / f"{number}.json" for number in range(4)]
    for path, results in zip(paths, releases(), strict=True):
        store.save(path, results)
    return list(map(str, paths))


@pytest.mark.parametrize("format", FORMATS)
def test_table_prints_the_matrix(stored: list[str], format: str) -> None:
    """What `render` makes of the stored files."""
    done = CliRunner().invoke(
        main, ["table", "--by", "tensorflow", "--format", format, *reversed(stored)]
    )

    assert 0 == done.exit_code, done.output
    assert f"{render(releases(), format)}\n" == done.output


def test_table_of_one_version_says_the_way_out(stored: list[str]) -> None:
    """One message, no traceback."""
    done = CliRunner().invoke(main, ["table", "--by", "tensorflow", stored[0]])

    assert 1 == done.exit_code
    assert isinstance(done.exception, SystemExit)
    assert "Error: A version matrix wants" in done.output
