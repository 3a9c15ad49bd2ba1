"""Whatever is written as a gate, it is understood or refused: never a traceback, never a pass."""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers.gates import exact, figure, refusal
from helpers.support import record, results_of, without
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin import registry
from weighin.report.gates import MODES, judge, parse, refuse_vain, render, write_junit
from weighin.report.terminal import Terminal

RECORDS = [
    record("top1", 0.95, 0.93, 0.97),
    record("file_bytes", 9000),
    record("latency", 1e-4, 9e-5, 1.1e-4),
    *[figure(0.94, 0.92, 0.96), exact(3000), exact(4000, seed=1, threads=2)],
    record("top1_delta", -0.018, -0.04, 0.0041, variant="int8"),
    record("speedup", 1.2, variant="prune(0.8)+int8", threads=2),
    *without("latency", "failed", "no\x1bpower", variant="int8"),
    *without("top1", "skipped", "no GPU", variant="int8", runtime="gpu"),
]
METRICS = [*registry.catalogue(), "topl", "why", "x"]
SCOPES = st.sampled_from(
    ["", "small", "int8", "prune(0.8)+int8", "baseline", "a:b", "on", "\x1b[31m\ufffe\ud800<&"]
)
NUMBERS = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers().map(str),
    st.sampled_from(["1e308", "1e-999", "1e999", ".5", "5.", "-0", "+1E+0", "1e", "", "9" * 400]),
)
UNITS = st.one_of(
    st.sampled_from(["", "%", "us", "µs", "x", "×", "kB", "points", "1/s", "* baseline", "B B"]),
    st.text(max_size=3),
)
WRITTEN = st.builds(
    "{}: {} {} x{}: {} {} {} {}".format,
    SCOPES,
    SCOPES,
    st.sampled_from(["on litert", "on gpu", "on", "", "on litert x2"]),
    st.integers(0, 10**5) | st.just(""),
    st.sampled_from(METRICS),
    st.sampled_from(["<=", ">=", "<", ">", "=="]),
    NUMBERS,
    UNITS,
)
SHORT = st.builds(
    "{} {} {} {}".format,
    st.sampled_from(METRICS),
    st.sampled_from(["<=", ">=", "<", ">"]),
    NUMBERS,
    UNITS,
)


@settings(deadline=None, max_examples=300)
@given(WRITTEN | SHORT | st.text(), st.sampled_from(list(MODES)))
def test_any_text_is_judged_or_refused(text: str, mode: str) -> None:
    """What is judged is shown in every form, and a gate without a figure is not kept."""
    results = results_of({}, RECORDS)
    if told := refusal(lambda: judge([parse(text)], results)):
        assert repr(text.strip()) in told or repr(text) in told
        return
    gate = parse(text)
    judged = judge([gate], results, MODES[mode])
    assert not (judged.kept and any(each.verdict == "no figure" for each in judged.outcomes))
    shown = render(judged, "text", Terminal(60, colored=True)) + render(judged, "html")
    assert f"mode {mode}" in shown
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gates.xml"
        write_junit(path, judged)
        cases = ElementTree.parse(path).iter("testcase")  # noqa: S314 - our own
        assert len(judged.outcomes) == len(list(cases))
    if told := refusal(lambda: refuse_vain([gate], RECORDS, results.metrics)):
        assert [told] == [f"Gate {gate.text!r}: {each.reason}." for each in judged.outcomes]


@pytest.mark.parametrize(
    "text",
    ["top1 >= " + "9" * 400, "a" * 5000, "top1 >= " + "1" * 300 + "x", ":" * 200 + "top1 >= 0.5"],
)
def test_long_texts_take_no_time(text: str) -> None:
    results = results_of({}, RECORDS)

    assert refusal(lambda: judge([parse(text)], results)) or not judge([parse(text)], results).kept
