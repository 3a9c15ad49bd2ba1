"""Gates: what is kept, and that nothing passes by finding nothing."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import pytest
from helpers.gates import figure, kept, verdicts
from helpers.support import file, record, results_of, without
from hypothesis import given
from hypothesis import strategies as st

from weighin.report.gates import judge, parse


@pytest.mark.parametrize(
    ("text", "value", "is_kept"),
    [
        ("top1 >= 0.5", 0.6, True),
        ("top1 >= 0.5", 0.5, True),
        ("top1 >= 0.5", 0.4, False),
        ("top1 > 0.5", 0.6, True),
        ("top1 > 0.5", 0.5, False),
        ("top1 <= 0.5", 0.4, True),
        ("top1 <= 0.5", 0.5, True),
        ("top1 <= 0.5", 0.6, False),
        ("top1 < 0.5", 0.4, True),
        ("top1 < 0.5", 0.5, False),
        ("top1 >= -0.5", -0.6, False),
        ("top1 >= 0", 0.0, True),
        ("top1 > 0", 0.0, False),
    ],
)
def test_exact_figures_are_kept_or_breached(text: str, value: float, is_kept: bool) -> None:
    """A figure without an interval is judged as it stands, at the bound by the relation."""
    assert ["kept" if is_kept else "breached"] == verdicts(text, figure(value))


@pytest.mark.parametrize(
    ("text", "ends", "expected"),
    [
        ("top1 >= 0.6", (0.45, 0.55), "breached"),
        ("top1 >= 0.52", (0.45, 0.55), "within the interval"),
        ("top1 >= 0.55", (0.45, 0.55), "within the interval"),
        ("top1 >= 0.48", (0.45, 0.55), "kept"),
        ("top1 >= 0.5", (0.45, 0.55), "kept"),
        ("top1 > 0.5", (0.45, 0.55), "within the interval"),
        ("top1 <= 0.4", (0.45, 0.55), "breached"),
        ("top1 <= 0.48", (0.45, 0.55), "within the interval"),
        ("top1 <= 0.52", (0.45, 0.55), "kept"),
        ("top1 < 0.5", (0.45, 0.55), "within the interval"),
        ("top1 < 0.45", (0.45, 0.55), "within the interval"),
    ],
)
def test_intervals_forgive_what_they_hold(
    text: str, ends: tuple[float, float], expected: str
) -> None:
    """A breach by less than the interval is no proof of one, unless strictness is asked for."""
    made = figure(0.5, *ends)

    assert [expected] == verdicts(text, made)
    assert (expected != "breached") == kept(text, made)
    assert (expected == "kept") == kept(text, made, strict=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int8: gzip_bytes <= 0.3 * baseline", "kept"),
        ("int8: gzip_bytes <= baseline * 0.3", "kept"),
        ("int8: gzip_bytes < 0.3 * baseline", "breached"),
        ("int8: gzip_bytes <= 0.29 * baseline", "breached"),
        ("int8: gzip_bytes >= baseline", "breached"),
        ("int8: gzip_bytes < baseline", "kept"),
    ],
)
def test_bounds_by_the_baseline(text: str, expected: str) -> None:
    """A multiple of the baseline's own figure."""
    records = [*file("baseline", 5000, 1000), *file("int8", 5000, 300)]

    assert [expected] == verdicts(text, *records)


def test_the_baseline_is_of_the_same_place() -> None:
    """Not another model's, seed's, format's, runtime's or thread count's."""
    others = [
        {"model": "wide"},
        {"dataset": "letters"},
        {"seed": 1},
        {"format": "h5"},
        {"runtime": "other"},
        {"threads": 4},
    ]
    wrong = [record("top1", 0.1, **place) for place in others]

    alone = judge([parse("int8: top1 >= baseline")], results_of({}, [*wrong, figure(0.9)]))
    both = judge(
        [parse("int8: top1 >= baseline")],
        results_of({}, [*wrong, figure(0.9), record("top1", 0.95)]),
    )

    assert [("no figure", "the baseline has none")] == [(o.verdict, o.reason) for o in alone]
    assert [("breached", 0.95)] == [(o.verdict, o.bound) for o in both]


@pytest.mark.parametrize(
    ("value", "ends", "expected"),
    [
        (0.90, (0.89, 0.91), "breached"),
        (0.92, (0.90, 0.935), "within the interval"),
        (0.95, (0.94, 0.96), "kept"),
    ],
)
def test_the_baselines_interval_counts_too(
    value: float, ends: tuple[float, float], expected: str
) -> None:
    """A baseline of 0.95 [0.93, 0.97] is breached beyond both intervals only."""
    base = record("top1", 0.95, 0.93, 0.97)

    assert [expected] == verdicts("int8: top1 >= baseline", base, figure(value, *ends))


def test_a_negative_multiple_of_an_interval() -> None:
    """A factor below zero turns the baseline's interval round, and it is still an interval."""
    base = record("top1", 0.5, 0.4, 0.6)

    wide = verdicts("int8: top1 <= -1 * baseline", base, figure(-0.45, -0.46, -0.44))
    beyond = verdicts("int8: top1 <= -1 * baseline", base, figure(-0.3, -0.31, -0.29))

    assert [["within the interval"], ["breached"]] == [wide, beyond]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("int8: topl >= 0.5", "no metric 'topl' here; did you mean 'top1'?"),
        ("int8: zzz >= 0.5", "no metric 'zzz' here; there are top1"),
        ("int16: top1 >= 0.5", "no row of that variant here; there are baseline, int8"),
    ],
)
def test_a_gate_that_finds_nothing_does_not_pass(text: str, reason: str) -> None:
    """A gate with a slip of the pen would check nothing and always pass."""
    (outcome,) = judge([parse(text)], results_of({}, [record("top1", 0.9), figure(0.9)]))

    assert ("no figure", reason) == (outcome.verdict, outcome.reason)
    assert not outcome.passes(strict=False)


@pytest.mark.parametrize(
    ("text", "who"),
    [("top1_delta >= 0", "no row has it"), ("int8: top1_delta >= 0", "int8 does not have it")],
)
def test_a_gate_on_what_was_skipped_says_why(text: str, who: str) -> None:
    """The rows are there; what they have no figure for is the reason."""
    reason = "the baseline could not be evaluated"
    skipped = record("top1_delta", None, variant="int8", status="skipped", reason=reason)
    (outcome,) = judge([parse(text)], results_of({}, [figure(0.9), skipped]))

    assert ("no figure", f"{who}: {reason}") == (outcome.verdict, outcome.reason)


def test_a_gate_on_no_records_does_not_pass() -> None:
    """An empty file keeps nothing."""
    assert not kept("top1 >= 0")


def test_a_gate_for_all_finds_no_variant() -> None:
    """Where there is a baseline alone, nothing was compressed and nothing kept."""
    assert ["no figure"] == verdicts("top1 >= 0.5", record("top1", 0.9))


@pytest.mark.parametrize("status", ["failed", "not measured"])
def test_a_figure_that_failed_does_not_pass(status: str) -> None:
    """What could not be measured is not kept, and the reason is told."""
    failed = without("top1", status, "out of memory", variant="int8")

    (outcome,) = judge([parse("int8: top1 >= 0")], results_of({}, failed))

    assert ("no figure", f"{status}: out of memory") == (outcome.verdict, outcome.reason)
    assert not outcome.passes(strict=False)


def test_one_failure_among_many_does_not_pass() -> None:
    """A seed that failed is not outvoted by those that did not."""
    records = [figure(0.9), *without("top1", "failed", "no power", variant="int8", seed=1)]

    assert ["kept", "no figure"] == verdicts("int8: top1 >= 0.5", *records)
    assert not kept("int8: top1 >= 0.5", *records)


def test_skipped_records_are_ignored() -> None:
    """A runtime that is not here has no figure to keep; one that is here has."""
    skipped = without("top1", "skipped", "no GPU here", variant="int8", runtime="keras-gpu")

    assert ["kept"] == verdicts("int8: top1 >= 0.5", figure(0.9), *skipped)
    assert ["no figure"] == verdicts("int8: top1 >= 0.5", *skipped)


def test_a_gate_without_a_variant_is_for_all_but_the_baseline() -> None:
    """Every variant, model, seed and runtime is judged; the baseline is not."""
    records = [
        record("top1", 0.1),
        figure(0.9),
        figure(0.4, variant="dynamic"),
        figure(0.9, model="wide"),
        figure(0.3, seed=1),
    ]

    expected = ["kept", "breached", "kept", "breached"]
    assert expected == verdicts("top1 >= 0.5", *records)


@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e3),
    st.floats(0, 1e3),
    st.floats(-1e6, 1e6),
    st.sampled_from(["<=", "<", ">=", ">"]),
)
def test_strict_never_lets_more_through(
    value: float, below: float, above: float, bound: float, relation: str
) -> None:
    """What a strict gate keeps, a lenient one keeps; and strict is what the relation says."""
    made = figure(value, value - below, value + above)
    text = f"int8: count {relation} {bound!r}"
    made = dataclasses.replace(made, metric="count")
    truth = {
        "<=": value <= bound,
        "<": value < bound,
        ">=": value >= bound,
        ">": value > bound,
    }[relation]

    assert truth == kept(text, made, strict=True)
    assert truth <= kept(text, made)


def test_a_figure_of_another_metric_is_left_alone() -> None:
    """Only the gate's own metric is judged."""
    other = dataclasses.replace(figure(0.1), metric="top5")

    assert ["kept"] == verdicts("top1 >= 0.5", figure(0.9), other)
