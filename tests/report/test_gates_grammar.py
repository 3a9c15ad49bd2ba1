"""What is a gate: every form is understood, and all else refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import pytest
from helpers.gates import figure, verdicts
from helpers.support import results_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from weighin import registry
from weighin.core import WeighinError
from weighin.report.gates import Gate, check, judge, parse

WORDS = "int8 prune(0.8,begin=0.1) : :: top1 <= >= < > = == * baseline 0.5 -1e-3 1e999 nan 0x1 ()"
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "+", "1_0", "١"])


@pytest.mark.parametrize(
    ("text", "variant", "metric", "upper", "is_open", "factor", "relative"),
    [
        ("top1 >= 0.97", "", "top1", False, False, 0.97, False),
        ("top1_delta >= -0.005", "", "top1_delta", False, False, -0.005, False),
        ("latency<1e-3", "", "latency", True, True, 1e-3, False),
        ("latency > .5", "", "latency", False, True, 0.5, False),
        ("file_bytes <= 5.", "", "file_bytes", True, False, 5.0, False),
        ("int8: gzip_bytes <= 0.3 * baseline", "int8", "gzip_bytes", True, False, 0.3, True),
        ("int8:gzip_bytes<=baseline*0.3", "int8", "gzip_bytes", True, False, 0.3, True),
        ("int8: gzip_bytes < baseline", "int8", "gzip_bytes", True, True, 1.0, True),
        (" int8 :\ttop1 >= +1E+0 ", "int8", "top1", False, False, 1.0, False),
        ("prune(0.8)+int8: top1 >= 0", "prune(0.8)+int8", "top1", False, False, 0.0, False),
        ("baseline: top1 >= 0.9", "baseline", "top1", False, False, 0.9, False),
        (
            "prune(0.8, schedule=constant) + int8: top1 >= 0",
            "prune(0.8,schedule=constant)+int8",
            "top1",
            False,
            False,
            0.0,
            False,
        ),
    ],
)
def test_gates_are_understood(
    text: str,
    variant: str,
    metric: str,
    upper: bool,
    is_open: bool,
    factor: float,
    relative: bool,
) -> None:
    """Every form of the grammar, with and without blanks."""
    expected = Gate(text.strip(), variant, metric, upper, is_open, factor, relative)

    assert expected == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "top1",
        "top1 >=",
        ">= 0.5",
        "top1 = 0.5",
        "top1 == 0.5",
        "top1 => 0.5",
        "top1 >= half",
        "top1 >= 0.5 %",
        "top1 >= 0.5 * 0.5",
        "top1 >= 0.5 * baseline * 0.5",
        "top1 >= 0.5 * int8",
        "top1 >= baseline - 0.01",
        "top1 >= 1e999",
        "top1 >= nan",
        "top1 >= inf",
        "top1 >= 1_0",
        "top1 >= ١",
        "top1 >= 0.5; print(1)",
        "top1 >= 0.5 top5 >= 0.9",
        "Top1 >= 0.5",
        "int8 top1 >= 0.5",
        "top1 >= 0.5: int8",
        "__import__('os').getcwd() >= 0",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    """What is not of the grammar is named, with an example of what is."""
    with pytest.raises(WeighinError) as caught:
        parse(text)

    assert repr(text) in str(caught.value)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=8).map("".join)))
@example("top1 >= " + "9" * 400)
@example("a" * 5000)
@example("top1 >= " + "1" * 300 + "x")
def test_any_text_is_a_gate_or_refused(text: str) -> None:
    """Nothing that can be typed ends in another error, or in a bound that is no number."""
    try:
        gate = parse(text)
    except WeighinError:
        return

    assert gate.factor - gate.factor == 0
    assert gate.metric in text


def test_nothing_is_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate may come from a file of whoever: it is read, never run."""

    def refuse(*_: object) -> None:
        raise AssertionError("a gate was evaluated")

    registry.metrics.values()  # imports what comes with weighin, which runs code
    monkeypatch.setattr("builtins.eval", refuse)
    monkeypatch.setattr("builtins.exec", refuse)
    hostile = "__import__('os').system('false'): top1 >= 0.5"

    assert ["no figure"] == verdicts(hostile, figure(0.9))
    assert ["kept"] == verdicts("top1 >= 0.5", figure(0.9))


@pytest.mark.parametrize(
    "name", ["prune(0.8,schedule=constant)+int8", "custom(path=a:b)+int8", "x:y"]
)
def test_variants_with_commas_and_colons(name: str) -> None:
    """The last colon ends the variant's name, whatever stands in it."""
    assert name == parse(f"{name}: top1 >= 0.5").variant
    assert ["breached"] == verdicts(f"{name}: top1 >= 0.5", figure(0.4, variant=name))


def test_another_spelling_of_a_variant_does_not_pass() -> None:
    """A variant has one name; a gate that uses another is told the names that there are."""
    (outcome,) = judge(
        [parse("prune(0.80): top1 >= 0.5")], results_of({}, [figure(0.9, variant="prune(0.8)")])
    )

    expected = ("no figure", "no row of that variant here; there are prune(0.8)")
    assert expected == (outcome.verdict, outcome.reason)


@pytest.mark.parametrize(
    ("gate", "share"),
    [
        ("top1_delta >= -0.5", "-50 %"),
        ("int8: top1 >= 98", "9800 %"),
        ("agreement > 99.5", "9950 %"),
    ],
)
def test_bounds_in_points_are_refused(gate: str, share: str) -> None:
    """What tables show as points or per cent are shares in gates: it would check nothing."""
    with pytest.raises(WeighinError, match=f"a share, of which .* is {share}"):
        judge([parse(gate)], results_of({}, [figure(0.9)]))


@pytest.mark.parametrize("gate", ["top1_delta >= -0.2", "top1 >= 1", "top1 >= 98 * baseline"])
def test_bounds_that_a_share_can_reach_are_read(gate: str) -> None:
    """And multiples of the baseline's, whatever they are."""
    check([parse(gate)], results_of({}).metrics)
