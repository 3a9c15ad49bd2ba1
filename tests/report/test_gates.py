"""Gates: what is understood, what is kept, and that nothing passes by finding nothing."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.support import file, record, results_of, run, why, without
from hypothesis import example, given, settings
from hypothesis import strategies as st

from weighin.cli import main
from weighin.core import Record, WeighinError
from weighin.records import store
from weighin.report.gates import Gate, check, judge, parse, render

WORDS = "int8 prune(0.8,begin=0.1) : :: top1 <= >= < > = == * baseline 0.5 -1e-3 1e999 nan 0x1 ()"
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "+", "1_0", "١"])


def figure(value: float | None, *ends: float, **changes: object) -> Record:
    """A record of int8's top-1."""
    return record("top1", value, *ends, **{"variant": "int8"} | changes)


def verdicts(text: str, *records: Record) -> list[str]:
    """What becomes of a gate on records."""
    return [outcome.verdict for outcome in judge([parse(text)], results_of({}, records))]


def kept(text: str, *records: Record, strict: bool = False) -> bool:
    """Whether a gate lets records through."""
    return all(outcome.passes(strict) for outcome in judge([parse(text)], results_of({}, records)))


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

    monkeypatch.setattr("builtins.eval", refuse)
    monkeypatch.setattr("builtins.exec", refuse)
    hostile = "__import__('os').system('false'): top1 >= 0.5"

    assert ["no figure"] == verdicts(hostile, figure(0.9))
    assert ["kept"] == verdicts("top1 >= 0.5", figure(0.9))


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


def test_a_table_of_outcomes() -> None:
    """Gate, row, figure with its interval, bound in its unit, verdict: all in one line."""
    records = [
        record("latency", 100e-6, 99e-6, 101e-6),
        record("latency", 80e-6, 79e-6, 81e-6, variant="int8", seed=1),
        record("latency", 100e-6, 99e-6, 101e-6, seed=1),
        *without("latency", "failed", "no power", variant="dynamic"),
    ]
    gates = [parse("latency <= 0.5 * baseline"), parse("int8: lateny > 1")]

    lines = render(judge(gates, results_of({}, records))).splitlines()

    first, second, third = (" ".join(line.split()) for line in lines[2:5])
    assert (
        "latency <= 0.5 * baseline small int8 litert seed 1 80.0 µs [79.0, 81.0] 50.0 µs breached"
    ) == first
    assert "latency <= 0.5 * baseline small dynamic litert no figure: failed: no power" == second
    assert "int8: lateny > 1 no figure: no metric 'lateny' here; did you mean 'latency'?" == third
    assert ["gate", "row", "figure", "bound", "verdict"] == lines[0].split()


@pytest.fixture
def stored(tmp_path: Path) -> str:
    """A results file of one variant: 0.95 before, 0.94 [0.93, 0.955] after."""
    path = tmp_path / "run.json"
    store.save(path, results_of({}, (record("top1", 0.95), figure(0.94, 0.93, 0.955))))
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--gate", "top1 >= 0.9"], 0),
        (["--gate", "top1 >= 0.95"], 0),
        (["--gate", "top1 >= 0.95", "--strict"], 1),
        (["--gate", "top1 >= 0.97"], 1),
        (["--gate", "top1 >= 0.9", "--gate", "int8: top1 >= 0.99"], 1),
        (["--gate", "int16: top1 >= 0"], 1),
        (["--gate", "top1 >= 0.9 *"], 1),
        ([], 2),
    ],
)
def test_check_exits_by_its_gates(stored: str, arguments: list[str], code: int) -> None:
    """0 if all gates are kept, 1 if one is not or is not understood, 2 if there is none."""
    done = CliRunner().invoke(main, ["check", stored, *arguments])

    assert code == done.exit_code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_check_shows_every_outcome(stored: str) -> None:
    """The kept ones too, so that a log says what was checked."""
    done = CliRunner().invoke(
        main, ["check", stored, "--gate", "top1 >= 0.9", "--gate", "top1 >= 0.99"]
    )

    lines = done.output.splitlines()
    assert ["kept", "breached"] == [line.split()[-1] for line in lines[2:4]]
    assert "1 of 2 breached" == lines[-1]


def test_check_of_a_file_that_is_none(tmp_path: Path) -> None:
    """A missing file is a message and an exit code, no traceback."""
    missing = str(tmp_path / "no.json")
    done = CliRunner().invoke(main, ["check", missing, "--gate", "top1 >= 0"])

    assert 1 == done.exit_code
    assert f"Error: {missing} cannot be read" in done.output


def test_a_figure_of_another_metric_is_left_alone() -> None:
    """Only the gate's own metric is judged."""
    other = dataclasses.replace(figure(0.1), metric="top5")

    assert ["kept"] == verdicts("top1 >= 0.5", figure(0.9), other)


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


def test_strict_says_what_it_fails_for_and_how_many() -> None:
    """The same row that is let through otherwise; a count below the table."""
    records = [
        *run("baseline", 0.95, 1e-4),
        record("top1", 0.9, variant="int8", low=0.85, high=0.95),
        record("top1", 0.9, variant="dynamic", low=0.89, high=0.91),
    ]
    outcomes = judge([parse("top1 >= 0.92"), parse("top6 >= 0.5")], results_of({}, records))

    lax, strict = (render(outcomes, strict=each) for each in (False, True))

    assert "within the interval" in lax
    assert "1 of 3 breached, 1 without a figure" == lax.splitlines()[-1]
    assert "breached, though not beyond the interval" in strict
    assert "2 of 3 breached, 1 without a figure" == strict.splitlines()[-1]


def test_what_a_variant_lacks_is_not_called_a_missing_variant() -> None:
    """The baseline has no speed-up, and a reason is no figure."""
    records = [*run("baseline", 0.95, 1e-4), *run("int8", 0.95, 1e-4), why("int8", "zeros")]
    outcomes = judge([parse("baseline: speedup >= 1"), parse("why >= 1")], results_of({}, records))

    assert outcomes[0].reason.startswith("baseline has no speedup here; it has latency, top1")
    assert outcomes[1].reason.startswith("no metric 'why' here; there are ")
