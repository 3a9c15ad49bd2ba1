"""What is a gate: every form is understood, and all else refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import pytest
from helpers.gates import figure, verdicts
from hypothesis import example, given, settings
from hypothesis import strategies as st

from weighin import registry
from weighin.core import WeighinError
from weighin.report.gates import Gate, parse

WORDS = "int8 prune(0.8,begin=0.1) : :: top1 <= >= < > = == * baseline 0.5 -1e-3 1e999 nan 0x1 ()"
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "+", "1_0", "١"])


@pytest.mark.parametrize(
    ("text", "scope", "metric", "relation", "number", "unit", "relative"),
    [
        ("top1 >= 0.97", "", "top1", ">=", "0.97", "", False),
        ("top1_delta >= -0.005", "", "top1_delta", ">=", "-0.005", "", False),
        ("latency<1e-3", "", "latency", "<", "1e-3", "", False),
        ("latency > .5", "", "latency", ">", ".5", "", False),
        ("file_bytes <= 5.", "", "file_bytes", "<=", "5.", "", False),
        ("int8: gzip_bytes <= 0.3 * baseline", "int8", "gzip_bytes", "<=", "0.3", "", True),
        ("int8:gzip_bytes<=baseline*0.3", "int8", "gzip_bytes", "<=", "0.3", "", True),
        ("int8: gzip_bytes < baseline", "int8", "gzip_bytes", "<", "1", "", True),
        (" int8 :\ttop1 >= +1E+0 ", "int8", "top1", ">=", "+1E+0", "", False),
        ("prune(0.8)+int8: top1 >= 0", "prune(0.8)+int8", "top1", ">=", "0", "", False),
        ("top1 >= 97%", "", "top1", ">=", "97", "%", False),
        ("top1_delta >= -0.5 points", "", "top1_delta", ">=", "-0.5", "points", False),
        ("latency <= 30us", "", "latency", "<=", "30", "us", False),
        ("latency <= 30 µs", "", "latency", "<=", "30", "µs", False),
        ("speedup > 1.5x", "", "speedup", ">", "1.5", "x", False),
        ("speedup > 1.5 ×", "", "speedup", ">", "1.5", "×", False),
        ("throughput > 4e3 1/s", "", "throughput", ">", "4e3", "1/s", False),
        ("heat < 9 °C", "", "heat", "<", "9", "°C", False),
        ("energy < 1.5mJ", "", "energy", "<", "1.5", "mJ", False),
        (
            "mnist_cnn:  prune(0.8, schedule=constant) + int8 on litert x2 : top1 >= 0",
            "mnist_cnn: prune(0.8, schedule=constant) + int8 on litert x2",
            *("top1", ">=", "0", "", False),
        ),
    ],
)
def test_gates_are_understood(
    text: str, scope: str, metric: str, relation: str, number: str, unit: str, relative: bool
) -> None:
    """Every form of the grammar, with and without blanks."""
    expected = Gate(text.strip(), scope, metric, relation, number, unit, relative)

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
        "top1 >= 0.5 % of all",
        "top1 >= 0.5 - 0.1",
        "top1 >= 0.5 % * baseline",
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
    assert ["breached"] == verdicts("top1 >= 0.5", figure(0.4))
