"""Operating points: families, the Pareto front, and tables from records alone.

`WEIGHIN_REGENERATE_GOLDEN=1 pytest tests/test_curve.py` writes the golden tables anew; look at
their difference before keeping it.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.support import NASTY, file, golden, operating_points, record, results_of, run, without
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Results, WeighinError
from weighin.records import store
from weighin.report.curve import Curve, curves, families, front, render
from weighin.report.layout import FORMATS

POINTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=20)


def only(results: Results) -> Curve:
    """The only curve of results."""
    (curve,) = curves(results)
    return curve


def dominates(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether a point is as good as another in both, and better in one."""
    return one[0] >= other[0] and one[1] >= other[1] and one != other


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_golden(format: str) -> None:
    """Two methods at three points, two seeds, with controls, are what was looked at and kept."""
    actual = f"{render([operating_points()], format)}\n"

    assert golden("curve", format, actual) == actual


def test_tables_come_from_the_file_alone(tmp_path: Path) -> None:
    """A stored file gives the very table that its run would have shown."""
    store.save(tmp_path / "run.json", operating_points())

    assert render([operating_points()], "text") == render(
        [store.load(tmp_path / "run.json")], "text"
    )


# -- families -----------------------------------------------------------------------------------


def test_variants_that_differ_in_one_number_are_a_family() -> None:
    """The number's place is kept, and so are all other words."""
    found = families(
        ["prune(0.5)+int8", "finetune", "prune(0.75)+int8", "prune(0.5)", "prune(0.75)", "int8"]
    )

    assert {
        "prune(·)+int8": {"prune(0.5)+int8": 0.5, "prune(0.75)+int8": 0.75},
        "prune(·)": {"prune(0.5)": 0.5, "prune(0.75)": 0.75},
        "finetune": {"finetune": None},
        "int8": {"int8": None},
    } == found


def test_keywords_vary_too() -> None:
    """What stands behind a keyword is an argument like another."""
    found = families(["prune(0.7,begin=0.3)", "prune(0.7,begin=0.4)"])

    assert ["prune(0.7,begin=·)"] == list(found)


def test_a_variant_may_be_where_two_curves_cross() -> None:
    """It is a point of both families."""
    found = families(["prune(0.7,begin=0.3)", "prune(0.7,begin=0.4)", "prune(0.8,begin=0.3)"])

    assert {"prune(·,begin=0.3)", "prune(0.7,begin=·)"} == set(found)
    assert all("prune(0.7,begin=0.3)" in members for members in found.values())


def test_words_are_no_numbers() -> None:
    """Variants that differ in a word are two families, and in two numbers none."""
    words = families(["prune(0.5,criterion=random)", "prune(0.5,criterion=magnitude)"])
    numbers = families(["prune(0.5,begin=0.1)", "prune(0.6,begin=0.2)"])

    assert [None, None] == [at for members in words.values() for at in members.values()]
    assert [None, None] == [at for members in numbers.values() for at in members.values()]


def test_steps_that_are_not_registered_have_families() -> None:
    """Results of another's own steps are shown without these steps."""
    assert ["squeeze(·)+int8"] == list(families(["squeeze(2)+int8", "squeeze(4)+int8"]))


@given(st.sets(st.sampled_from([f"{a}({n}){b}" for a in "xy" for n in (1, 2) for b in ("", "+z")])))
def test_every_variant_is_in_a_family(variants: set[str]) -> None:
    """None is lost, and each family of several has a number for each of its members."""
    found = families(sorted(variants))

    assert variants == {name for members in found.values() for name in members}
    for family, members in found.items():
        assert len(members) == 1 or {family} == {
            name.replace(f"({at:g})", "(·)") for name, at in members.items()
        }


# -- the Pareto front ---------------------------------------------------------------------------


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points: list[tuple[float, float]]) -> None:
    """No point on it is dominated, and every other is dominated by one on it."""
    on_front = front(points)
    kept = [point for point, is_on in zip(points, on_front, strict=True) if is_on]

    assert kept
    for point, is_on in zip(points, on_front, strict=True):
        assert is_on == (not any(dominates(other, point) for other in points))
        assert is_on or any(dominates(other, point) for other in kept)


@given(POINTS, st.randoms())
def test_the_front_does_not_depend_on_the_order(points: list[tuple[float, float]], random) -> None:
    """The same points are on it, in whatever order they come."""
    mixed = random.sample(points, len(points))

    assert dict(zip(points, front(points), strict=True)) == dict(
        zip(mixed, front(mixed), strict=True)
    )


def test_equal_points_are_on_the_front_together() -> None:
    """Neither is better than the other."""
    assert [True, True, False] == front([(2, 2), (2, 2), (1, 2)])


def test_fronts_are_marked_in_their_columns() -> None:
    """Against size and against speed; random pruning is on neither."""
    curve = only(operating_points())

    assert {"prune(0.5)", "prune(0.5)+int8", "prune(0.75)+int8", "prune(0.9)+int8"} == (
        curve.fronts["smaller"]
    )
    assert {"prune(0.5)", "prune(0.5)+int8"} == curve.fronts["speedup"]


def test_no_front_beside_a_baseline_that_failed() -> None:
    """What it was held against knows nothing; who is best of the others says nothing."""
    failed = {"status": "failed", "reason": "no better than guessing"}
    records = [
        *file("baseline", 5, 1000),
        *file("dynamic", 5, 500),
        record("top1", None, **failed),
        *run("dynamic", 0.94, 2e-4),
    ]
    curve = only(results_of({}, tuple(records)))

    assert {"smaller": frozenset(), "speedup": frozenset()} == curve.fronts


def test_the_baseline_is_a_point_too() -> None:
    """It stands at 1, so that what got larger and worse is on no front."""
    records = [
        *file("baseline", 5, 1000),
        *file("dynamic", 5, 1100),
        *run("baseline", 0.95, 1e-4),
        *run("dynamic", 0.94, 2e-4),
    ]
    curve = only(results_of({}, tuple(records)))

    assert {"smaller": {"baseline"}, "speedup": {"baseline"}} == curve.fronts


# -- rows ---------------------------------------------------------------------------------------


def flat(results: Results) -> dict[tuple[str, float | None], dict[str, object]]:
    """Rows of bare numbers by family and number."""
    return {(row["family"], row["at"]): row for row in json.loads(render([results], "json"))}


def test_points_stand_in_the_order_of_their_numbers() -> None:
    """However they were measured."""
    records = [
        record("top1", 0.9, variant=name) for name in ("prune(0.9)", "prune(0.25)", "prune(0.5)")
    ]

    assert [0.25, 0.5, 0.9] == [point.at for point in only(results_of({}, tuple(records))).points]


def test_theory_counts_what_the_baseline_multiplies() -> None:
    """A variant with fewer multiply-accumulates, not only zeros, gains by both."""
    where = {"runtime": "", "threads": 0}
    records = [
        record("macs", 1000, **where),
        record("effective_macs", 990, **where),
        record("macs", 500, variant="int8", **where),
        record("effective_macs", 250, variant="int8", **where),
        record("top1", 0.9, variant="int8"),
    ]

    assert 4.0 == flat(results_of({}, tuple(records)))["int8", None]["theoretical"]


def test_theory_is_within_one_seed() -> None:
    """Each seed's file is held against that seed's baseline."""
    where = {"runtime": "", "threads": 0}
    records = [
        *(record("macs", 100 * (seed + 1), seed=seed, **where) for seed in (0, 1)),
        *(record("effective_macs", 50, variant="int8", seed=seed, **where) for seed in (0, 1)),
        *(record("top1", 0.9, variant="int8", seed=seed) for seed in (0, 1)),
    ]
    row = flat(results_of({}, tuple(records)))["int8", None]

    assert (3.0, 2) == (row["theoretical"], row["theoretical_seeds"])


def test_bare_numbers_are_means_with_their_deviation() -> None:
    """Of the seeds that have a figure."""
    row = flat(operating_points())["prune(·)", 0.5]

    assert 0.9515 == pytest.approx(row["top1"])
    assert 0.0005 * 2**0.5 == pytest.approx(row["top1_sd"])
    assert 2 == row["top1_seeds"]


def test_what_failed_is_in_the_table_and_on_no_front() -> None:
    """Its reason stands below."""
    records = [
        *file("prune(0.5)", 5, 500),
        *file("prune(0.9)", 5, 100),
        *run("prune(0.5)", 0.9, 1e-4),
        *without("top1 latency speedup", "failed", "it fell over", variant="prune(0.9)"),
    ]
    results = results_of({}, tuple(records))
    text = render([results], "text")

    assert "failed [" in text
    assert "it fell over" in text
    assert "prune(0.9)" not in only(results).fronts["smaller"]
    assert "failed: it fell over" == flat(results)["prune(·)", 0.9]["top1_status"]


def test_html_is_escaped() -> None:
    """Neither names nor reasons become part of the page."""
    records = [
        *file("prune(0.5)", 5, 500, model="<i>m</i>"),
        *without("top1 latency", "failed", NASTY, variant="prune(0.5)", model="<i>m</i>"),
    ]
    page = render([results_of({}, tuple(records))], "html")

    assert "&lt;i&gt;m" in page
    assert "&lt;script&gt;" in page
    assert "<i>" not in page
    assert "<script>" not in page


def test_a_point_that_failed_in_one_seed_is_on_no_front() -> None:
    """The seeds that are left would flatter it; its cell still shows their mean."""
    records = [
        *(each for seed in (0, 1) for each in file("prune(0.5)", 5, 500, seed=seed)),
        *(each for seed in (0, 1) for each in file("prune(0.9)", 5, 100, seed=seed)),
        *(each for seed in (0, 1) for each in run("prune(0.5)", 0.9, 1e-4, seed=seed)),
        *run("prune(0.9)", 0.99, 1e-5),
        *without("top1 latency speedup", "failed", "it fell over", variant="prune(0.9)", seed=1),
    ]
    curve = only(results_of({}, tuple(records)))

    assert all("prune(0.9)" not in on_front for on_front in curve.fronts.values())


def test_a_metric_that_was_not_measured_has_no_front() -> None:
    """The baseline alone is no front."""
    records = [*run("baseline", 0.9, 1e-4), *run("prune(0.5)", 0.9, 1e-4)]
    left = [each for each in records if each.metric not in ("speedup", "smaller", "gzip_bytes")]

    assert {frozenset()} == set(only(results_of({}, tuple(left))).fronts.values())


def test_runtimes_have_curves_of_their_own() -> None:
    """Threads too; one that was skipped has none."""
    records = [
        *run("prune(0.5)", 0.9, 1e-4),
        *run("prune(0.5)", 0.9, 1e-4, threads=4),
        *run("prune(0.5)", 0.9, 1e-3, runtime="keras-cpu", format="h5"),
        *without("top1", "skipped", "no GPU", variant="prune(0.5)", runtime="keras-gpu"),
    ]

    assert ["litert", "litert ×4", "keras-cpu"] == [
        each.place for each in curves(results_of({}, tuple(records)))
    ]


def test_controls_alone_are_refused() -> None:
    """A run of nothing but baselines has no operating points; the message says how to get some."""
    controls = [*run("baseline", 0.95, 1e-4), *run("finetune", 0.95, 1e-4)]

    with pytest.raises(WeighinError, match="weighin sweep"):
        render([results_of({}, tuple(controls))], "text")


def test_runs_follow_each_other() -> None:
    """Each with its own machine; bare numbers are one list."""
    wide = [each.of(model="wide") for each in operating_points().records]
    both = [operating_points(), results_of({}, tuple(wide))]

    text = render(both, "text")
    assert text.index("small on digits, litert") < text.index("wide on digits, litert")
    assert {"small", "wide"} == {row["model"] for row in json.loads(render(both, "json"))}
