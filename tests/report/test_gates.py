"""Gates: what is kept, and that nothing passes by finding nothing."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import pytest
from helpers.gates import exact, figure, kept, only, verdicts
from helpers.support import file, record, without
from hypothesis import given
from hypothesis import strategies as st

from weighin.report.gates import MODES


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("text", "value", "is_kept"),
    [
        ("file_bytes >= 500", 600, True),
        ("file_bytes >= 500", 500, True),
        ("file_bytes >= 500", 400, False),
        ("file_bytes > 500", 600, True),
        ("file_bytes > 500", 500, False),
        ("file_bytes <= 500", 400, True),
        ("file_bytes <= 500", 500, True),
        ("file_bytes <= 500", 600, False),
        ("file_bytes < 500", 400, True),
        ("file_bytes < 500", 500, False),
        ("file_bytes > 0", 0, False),
    ],
)
def test_exact_figures_are_kept_or_breached(
    text: str, value: float, is_kept: bool, mode: str
) -> None:
    """A size is judged as it stands, at the bound by the relation, in every mode."""
    assert ["kept" if is_kept else "breached"] == verdicts(text, exact(value))
    assert is_kept == kept(text, exact(value), mode=mode)


def test_what_is_measured_and_has_no_interval_is_never_proven() -> None:
    """It is judged as it stands, and the reason says so."""
    within, beyond = figure(0.6), figure(0.4)

    assert "within, not proven" == only("top1 >= 0.5", within).verdict
    assert "breached" == only("top1 >= 0.5", beyond).verdict
    for each in (within, beyond):
        assert only("top1 >= 0.5", each).reason.startswith("it has no interval and is not exact")
    assert [True, True, False] == [kept("top1 >= 0.5", within, mode=mode) for mode in MODES]
    assert not any(kept("top1 >= 0.5", beyond, mode=mode) for mode in MODES)


def test_a_baseline_without_an_interval_proves_nothing() -> None:
    """The bound is as uncertain as the figure that it is made of."""
    base = record("top1", 0.9)

    assert ["within, not proven"] == verdicts("top1 >= 0.9 * baseline", base, figure(0.9, 0.8, 1.0))
    assert ["within, not proven"] == verdicts("top1 >= 0.5 * baseline", base, figure(0.9, 0.8, 1.0))


@pytest.mark.parametrize(
    ("text", "ends", "expected"),
    [
        ("top1 >= 0.6", (0.45, 0.55), "breached"),
        ("top1 >= 0.52", (0.45, 0.55), "beyond, not proven"),
        ("top1 >= 0.55", (0.45, 0.55), "beyond, not proven"),
        ("top1 >= 0.48", (0.45, 0.55), "within, not proven"),
        ("top1 >= 0.5", (0.45, 0.55), "within, not proven"),
        ("top1 >= 0.45", (0.45, 0.55), "kept"),
        ("top1 > 0.45", (0.45, 0.55), "within, not proven"),
        ("top1 > 0.5", (0.45, 0.55), "beyond, not proven"),
        ("top1 <= 0.4", (0.45, 0.55), "breached"),
        ("top1 <= 0.48", (0.45, 0.55), "beyond, not proven"),
        ("top1 <= 0.52", (0.45, 0.55), "within, not proven"),
        ("top1 <= 0.55", (0.45, 0.55), "kept"),
        ("top1 < 0.5", (0.45, 0.55), "beyond, not proven"),
        ("top1 < 0.45", (0.45, 0.55), "breached"),
        ("top1 <= 0.45", (0.45, 0.55), "beyond, not proven"),
        ("top1 < 0.56", (0.45, 0.55), "kept"),
    ],
)
def test_modes_differ_where_an_interval_holds_the_bound(
    text: str, ends: tuple[float, float], expected: str
) -> None:
    """The default lets all through but what is beyond; strict what is within; proven neither."""
    made = figure(0.5, *ends)

    assert [expected] == verdicts(text, made)
    assert (expected != "breached") == kept(text, made)
    assert (expected in ("kept", "within, not proven")) == kept(text, made, mode="strict")
    assert (expected == "kept") == kept(text, made, mode="proven")


def test_a_figure_outside_its_interval_counts_too() -> None:
    """As a bootstrap may have it; what the figure breaches is not proven to be kept."""
    assert ["beyond, not proven"] == verdicts("top1 <= 70%", figure(0.9, 0.5, 0.6))
    assert ["beyond, not proven"] == verdicts("top1 >= 30%", figure(0.1, 0.5, 0.6))


def test_one_point_is_not_proven_by_a_wide_interval() -> None:
    """-1.80 [-4.00, +0.41] passes a gate on one point by default alone."""
    loss = record("top1_delta", -0.018, -0.04, 0.0041, variant="int8")

    assert [True, False, False] == [kept("top1_delta >= -1%", loss, mode=mode) for mode in MODES]


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

    text = "small: int8 on litert x1: top1 >= baseline"
    alone = only(text, *wrong, figure(0.9))
    both = only(text, *wrong, figure(0.9), record("top1", 0.95))

    assert ("no figure", "the baseline has none") == (alone.verdict, alone.reason)
    assert ("breached", 0.95) == (both.verdict, both.bound)


@pytest.mark.parametrize(
    ("value", "ends", "expected"),
    [
        (0.90, (0.89, 0.91), "breached"),
        (0.92, (0.90, 0.935), "beyond, not proven"),
        (0.95, (0.94, 0.96), "within, not proven"),
        (0.98, (0.97, 0.99), "kept"),
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
    base = record("sqnr", 5, 4, 6)
    others = [record("sqnr", at, at - 0.1, at + 0.1, variant="int8") for at in (-7, -4.5, -3)]

    expected = ["kept", "beyond, not proven", "breached"]
    assert expected == [
        only("int8: sqnr <= -1 * baseline", base, other).verdict for other in others
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("int8: topl >= 0.5", "no metric 'topl' here; did you mean 'top1'?"),
        ("int8: zzz >= 0.5", "no metric 'zzz' here; there are top1"),
        ("int16: top1 >= 0.5", "no variant or model 'int16' here; did you mean 'int8'?"),
    ],
)
def test_a_gate_that_finds_nothing_does_not_pass(text: str, reason: str) -> None:
    """A gate with a slip of the pen would check nothing and always pass."""
    records = [record("top1", 0.9), figure(0.9)]
    outcome = only(text, *records)

    assert ("no figure", reason) == (outcome.verdict, outcome.reason)
    assert not any(kept(text, *records, mode=mode) for mode in MODES)


@pytest.mark.parametrize(
    ("text", "who"),
    [("top1_delta >= 0", "no row has it"), ("int8: top1_delta >= 0", "int8 does not have it")],
)
def test_a_gate_on_what_was_skipped_says_why(text: str, who: str) -> None:
    """The rows are there; what they have no figure for is the reason."""
    reason = "the baseline could not be evaluated"
    skipped = record("top1_delta", None, variant="int8", status="skipped", reason=reason)
    outcome = only(text, figure(0.9), skipped)

    assert ("no figure", f"{who}: {reason}") == (outcome.verdict, outcome.reason)


def test_a_gate_on_no_records_does_not_pass() -> None:
    """An empty file keeps nothing."""
    assert not kept("top1 >= 0.1")


def test_a_gate_for_all_finds_no_variant() -> None:
    """Where there is a baseline alone, nothing was compressed and nothing kept."""
    assert ["no figure"] == verdicts("top1 >= 0.5", record("top1", 0.9))


@pytest.mark.parametrize("status", ["failed", "not measured"])
def test_a_figure_that_failed_does_not_pass(status: str) -> None:
    """What could not be measured is not kept, and the reason is told."""
    failed = without("top1", status, "out of memory", variant="int8")

    outcome = only("int8: top1 >= 0.1", *failed)

    assert ("no figure", f"{status}: out of memory") == (outcome.verdict, outcome.reason)
    assert not any(kept("int8: top1 >= 0.1", *failed, mode=mode) for mode in MODES)


def test_one_failure_among_many_does_not_pass() -> None:
    """A seed that failed is not outvoted by those that did not."""
    records = [exact(9), *without("file_bytes", "failed", "no power", variant="int8", seed=1)]

    assert ["kept", "no figure"] == verdicts("int8: file_bytes <= 10", *records)
    assert not kept("int8: file_bytes <= 10", *records)


def test_skipped_records_are_ignored() -> None:
    """A runtime that is not here has no figure to keep; one that is here has."""
    skipped = without("top1", "skipped", "no GPU here", variant="int8", runtime="keras-gpu")

    assert ["kept"] == verdicts("int8: top1 >= 0.5", figure(0.9, 0.8, 1.0), *skipped)
    assert ["no figure"] == verdicts("int8: top1 >= 0.5", *skipped)


def test_a_gate_without_a_variant_is_for_all_but_the_baseline() -> None:
    """Every variant, model, seed and runtime is judged; the baseline is not."""
    records = [
        record("file_bytes", 1),
        exact(9),
        exact(4, variant="dynamic"),
        exact(9, model="wide"),
        exact(3, seed=1),
    ]

    expected = ["kept", "breached", "kept", "breached"]
    assert expected == verdicts("file_bytes >= 5", *records)


@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e3),
    st.floats(0, 1e3),
    st.floats(-1e6, 1e6),
    st.sampled_from(["<=", "<", ">=", ">"]),
)
def test_a_stricter_mode_never_lets_more_through(
    value: float, below: float, above: float, bound: float, relation: str
) -> None:
    """What proven keeps, strict keeps, and the default too; strict is what the relation says."""
    made = figure(value, value - below, value + above)
    text = f"int8: drift {relation} {bound!r}"
    made = dataclasses.replace(made, metric="drift")
    truth = {
        "<=": value <= bound,
        "<": value < bound,
        ">=": value >= bound,
        ">": value > bound,
    }[relation]

    assert truth == kept(text, made, mode="strict")
    assert truth <= kept(text, made)
    assert kept(text, made, mode="proven") <= truth


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.sampled_from(["<=", ">="]))
def test_proven_means_every_value_of_the_interval(
    one: float, two: float, bound: float, relation: str
) -> None:
    """And breached that none of them keeps the gate, whatever the figure between."""
    low, high = sorted((one, two))
    made = record("drift", (low + high) / 2, low, high, variant="int8")
    text = f"drift {relation} {bound!r}"
    ends = [end <= bound if relation == "<=" else end >= bound for end in (low, high)]

    assert all(ends) == kept(text, made, mode="proven")
    assert any(ends) == kept(text, made)


def test_a_figure_of_another_metric_is_left_alone() -> None:
    """Only the gate's own metric is judged."""
    other = dataclasses.replace(figure(0.1), metric="top5")

    assert ["kept"] == verdicts("top1 >= 0.5", figure(0.9, 0.8, 1.0), other)
