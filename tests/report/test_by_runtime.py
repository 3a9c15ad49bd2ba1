"""Tables by runtime: each variant on each engine, beside the first one, and which is quickest."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.engines import NO_TIME, between, faster, of_runtimes, results, timed
from helpers.gates import judged
from helpers.support import ENVIRONMENT, file, golden, record, results_of
from helpers.support import results as of_variants
from hypothesis import given
from hypothesis import strategies as st

from weighin.cli import main
from weighin.core import Record, Results, contradiction
from weighin.records import store
from weighin.report import by_engine, compare, engines, table
from weighin.report.by_engine import BETWEEN, TOTAL, ByEngine
from weighin.report.gates import row_of
from weighin.report.layout import FORMATS, Section
from weighin.report.page.contents import contents
from weighin.report.quickest import Marks
from weighin.report.terminal import Terminal
from weighin.report.tidy import tidy

FIRST = "× beside litert"
TOTALLY = "× beside baseline on litert"


def only(made: Results) -> Section:
    """The only table of a run."""
    (section,) = engines.tables(made)
    return section


def cells(made: Results) -> dict[tuple[str, str], dict[str, str]]:
    """Cells of the only table by variant and runtime, by header; names are filled in again."""
    section, found, variant = only(made), {}, ""
    for row in section.rows:
        variant = row[0] or variant
        found[variant, row[1]] = dict(zip(section.headers, row, strict=True))
    return found


def of_two(*more: Record) -> Results:
    """A variant and its baseline on two engines, timed, and what is paired."""
    return of_runtimes(
        *file("baseline", 420_000, 390_000),
        *file("int8", 110_000, 92_000),
        *timed("baseline", "litert", 1e-4),
        *timed("baseline", "builtin", 2e-4),
        *timed("int8", "litert", 0.5e-4),
        *timed("int8", "builtin", 0.9e-4),
        *more,
    )


PAIRS = [
    between(0.5, "baseline", "builtin"),
    between(0.55, "int8", "builtin"),
    faster(2.0, "int8"),
    faster(2.2, "int8", "builtin"),
]


# -- formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_golden(format: str) -> None:
    """With every kind of cell, they are what was once looked at and kept."""
    actual = f"{engines.render([results()], format)}\n".replace("\r\n", "\n")

    assert golden("engines", format, actual) == actual


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_the_same_after_storing(format: str, tmp_path: Path) -> None:
    store.save(tmp_path / "run.json", results())

    stored = store.load(tmp_path / "run.json")

    assert engines.render([results()], format) == engines.render([stored], format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("made", [of_variants(), results_of({}, ())])
def test_any_run_has_tables_by_runtime(format: str, made: Results) -> None:
    """One that paired nothing, or measured nothing, too."""
    assert engines.render([made], format) or not made.records


def test_it_fits_a_terminal() -> None:
    """The words that stand for a column below the first one have no blank line above them."""
    text = engines.render([results()], "text", Terminal(80))

    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\non micro " in text
    assert "\n    on micro " not in text


def test_bare_numbers_say_what_they_are_beside() -> None:
    rows = json.loads(engines.render([of_two(*PAIRS)], "json"))
    told = {(row["variant"], row["runtime"]): row for row in rows}
    quick, slow = told["int8", "litert"], told["int8", "builtin"]

    assert "engine_speedup" not in quick
    assert ("litert", "slower") == (slow["engine_speedup_beside"], slow["engine_speedup_verdict"])
    assert "baseline on litert" == quick["total_speedup_beside"] == slow["total_speedup_beside"]
    assert slow["total_speedup_low"] < slow["total_speedup"] < slow["total_speedup_high"]
    assert 1.1 == pytest.approx(slow["total_speedup"], rel=0.01)
    assert ("quickest", "quickest") == (quick["quickest"], quick["quickest_of_all"])
    assert not {"quickest", "quickest_of_all"} & set(slow)
    (header, *_) = csv.reader(io.StringIO(engines.render([of_two(*PAIRS)], "csv")))
    at = header.index("engine_speedup")
    assert "engine_speedup_beside" in header[at : at + 5]


# -- rows and cells -------------------------------------------------------------------------------


def test_each_variant_has_a_row_on_each_engine_the_first_one_first() -> None:
    """Named once, as its sizes are; how good its answers are may differ."""
    rows = [(row[0], row[1], row[3]) for row in only(of_two(*PAIRS)).rows]

    assert [
        ("baseline", "litert", "390 kB"),
        ("", "builtin", ""),
        ("int8", "litert", "92.0 kB"),
        ("", "builtin", ""),
    ] == rows
    assert all(row["top-1"] for row in cells(of_two(*PAIRS)).values())


def test_engines_stand_in_the_runs_order_whatever_was_measured_first() -> None:
    """One that tells no time, as others, behind the one that all are beside."""
    made = results()
    pairs_first = sorted(made.records, key=lambda record: record.metric != BETWEEN)
    first, again = (
        [[row[:2] for row in section.rows] for section in engines.tables(each)]
        for each in (made, dataclasses.replace(made, records=tuple(pairs_first)))
    )

    assert ["litert", "compiled", "bf16", "micro", "keras-cpu"] == [row[1] for row in first[0][:5]]
    assert first == again


def test_ratios_are_beside_the_first_engine_and_beside_its_baseline() -> None:
    found = cells(of_two(*PAIRS))

    assert "quickest" == found["baseline", "litert"][FIRST]
    assert "" == found["baseline", "litert"][TOTALLY]
    assert "0.50 [0.50, 0.50] slower" == found["baseline", "builtin"][FIRST]
    assert "0.50 [0.50, 0.50]" == found["baseline", "builtin"][TOTALLY]
    assert found["int8", "litert"][TOTALLY].endswith("] quickest of all")
    assert found["int8", "builtin"][TOTALLY].startswith("1.10 [")


def test_what_was_not_paired_itself_is_told_over_the_pairs_that_lead_there() -> None:
    """Of an engine that opens files slowly the baseline alone is paired; a note says so."""
    found = cells(of_two(PAIRS[0], *PAIRS[2:]))
    cell, mark = found["int8", "builtin"][FIRST], only(of_two(PAIRS[0], *PAIRS[2:])).lines[0]

    assert cell.startswith("0.55 [")
    assert "[1] over 3 pairs that lead there" == mark
    assert cell.endswith("[1] slower")


def test_a_pair_without_an_interval_gives_way_to_those_around_it() -> None:
    short = between(0.8, "int8", "builtin", n=10)
    found = cells(of_two(PAIRS[0], short, *PAIRS[2:]))

    assert found["int8", "builtin"][FIRST].startswith("0.55 [")


def test_a_ratio_without_an_interval_is_no_evidence() -> None:
    """The number alone would be taken for a finding."""
    made = of_two(between(0.8, "baseline", "builtin", n=10))
    found = cells(made)

    assert "no evidence [1]" == found["baseline", "builtin"][FIRST]
    assert "[1] 10 blocks beside litert's: 30 are needed for an interval" == only(made).lines[0]
    assert found["baseline", "builtin"][TOTALLY].startswith("not measured [")
    assert "0.8" not in engines.render([made], "text").partition("[1] ")[0]


def test_what_tells_no_time_tells_its_memory_in_place() -> None:
    """And why; nothing of it is held against times."""
    section = next(each for each in engines.tables(results()) if each.title.startswith("small"))
    rows = {row[1]: dict(zip(section.headers, row, strict=True)) for row in section.rows}

    assert "arena 24.3 kB [1]" == rows["micro"]["latency"]
    assert f"[1] {NO_TIME}" in section.lines
    assert ("skipped [1]", "") == (rows["micro"][FIRST], rows["micro"][TOTALLY])
    assert 2 == sum(row.get("arena_bytes") == 24_272 for row in engines.flat(results()))


def test_a_ratio_across_formats_says_so() -> None:
    section = next(each for each in engines.tables(results()) if each.title.startswith("small"))
    (keras,) = (row for row in section.rows if row[1] == "keras-cpu")

    assert "0.300 [0.299, 0.301] [2] slower" in keras
    assert "[2] a .h5 file beside a .tflite" in section.lines


def test_where_firsts_differ_each_ratio_says_what_it_is_beside() -> None:
    """A format that the first engine does not open has another first engine."""
    onnx = {"format": "onnx", "variant": "onnx_int8"}
    made = of_two(
        *PAIRS,
        *timed(runtime="ort", seconds=1e-4, **onnx),
        *timed(runtime="vino", seconds=1e-4, **onnx),
        between(1.3, runtime="vino", first="ort", **onnx),
    )
    found = cells(made)
    header = "× beside the first runtime"

    assert "0.50 [0.50, 0.50] [1] slower" == found["baseline", "builtin"][header]
    assert "1.29 [1.29, 1.30] [4] faster, quickest" == found["onnx_int8", "vino"][header]
    assert {"[1] beside litert", "[4] beside ort"} <= set(only(made).lines)


def test_a_device_has_a_first_engine_of_its_own() -> None:
    """Nothing compares two machines."""
    made = of_runtimes(
        *timed("baseline", "litert", 1e-4),
        *timed("baseline", "builtin", 2e-4),
        *timed("baseline", "litert", 9e-4, target="pi5"),
        *timed("baseline", "builtin", 8e-4, target="pi5"),
        between(0.5, "baseline", "builtin"),
        between(1.2, "baseline", "builtin", first="litert@pi5", target="pi5"),
    )
    found = cells(made)

    assert ["litert", "builtin", "litert@pi5", "builtin@pi5"] == [runtime for _, runtime in found]
    total = "× beside the baseline on the first runtime"
    assert "" == found["baseline", "litert@pi5"][total]
    assert found["baseline", "builtin@pi5"][total].startswith("1.20 [")


def test_a_run_that_paired_no_engines_says_that_it_cannot_tell() -> None:
    """Its latencies drift; of one engine the pairs beside the baseline still tell."""
    section = only(of_two(*PAIRS[2:]))

    assert any("paired no runtimes with each other" in line for line in section.lines)
    assert not [header for header in section.headers if header == FIRST]
    assert not any("quickest" in cell for row in section.rows[:2] for cell in row)


def test_a_skipped_engine_is_named_below_with_its_reason() -> None:
    section = next(each for each in engines.tables(results()) if each.title.startswith("small"))

    assert "skipped: baseline on gpu (no GPU here)" in section.lines
    assert "gpu" not in [row[1] for row in section.rows]


@given(st.permutations(range(4)), st.sets(st.sampled_from(range(4))))
def test_the_order_of_records_changes_no_figure(order: list[int], left_out: set[int]) -> None:
    chosen = [PAIRS[at] for at in range(4) if at not in left_out]
    shuffled = [PAIRS[at] for at in order if at not in left_out]

    one, other = (
        sorted(map(str, engines.flat(of_two(*records)))) for records in (chosen, shuffled)
    )

    assert one == other


# -- other reports --------------------------------------------------------------------------------


def test_the_usual_table_points_to_it_where_there_are_pairs() -> None:
    """And says that × faster is on one runtime; a run of one is as it was."""
    of_both = table.render([of_two(*PAIRS)], "text")
    alone = table.render([of_runtimes(*timed("baseline", "litert", 1e-4), PAIRS[2])], "text")

    assert "weighin table --by runtime" in of_both
    assert "× faster: interleaved with the baseline on the same runtime, 48" in of_both
    assert "--by runtime" not in alone
    assert "on the same runtime" not in alone
    assert "× beside" not in of_both.partition("\n\n[1]")[0]


def test_the_page_shows_it_where_there_are_pairs() -> None:
    (shown,) = contents([("run.json", of_two(*PAIRS))])["engines"]
    section = only(of_two(*PAIRS))

    assert (section.title, section.headers) == (shown["title"], shown["headers"])
    assert (section.rows, section.lines) == (shown["rows"], shown["lines"])
    assert [] == contents([("run.json", of_two(*PAIRS[2:]))])["engines"]


def test_the_page_names_the_file_where_there_are_several() -> None:
    shown = contents([("a.json", of_two(*PAIRS)), ("b.json", of_two(*PAIRS))])["engines"]

    assert ["a.json", "b.json"] == [each["title"].rpartition("(")[2][:-1] for each in shown]


def test_rows_for_programs_say_what_ratios_are_beside() -> None:
    (row,) = (each for each in tidy(of_two(PAIRS[0])) if each["engine_speedup"] is not None)

    assert ("builtin", "litert") == (row["runtime"], row["engine_speedup_beside"])
    (usual,) = (each for each in table.flat(of_two(PAIRS[0])) if "engine_speedup" in each)
    assert "litert" == usual["engine_speedup_beside"]


def held(*runs: Results) -> dict[str, Any]:
    """What two runs' ratios between engines come to."""
    against = compare.held(list(zip(("a", "b"), runs, strict=True)))
    (only_one,) = (each for each in against if each.metric.name == BETWEEN)
    return {**only_one.flat, "refused": only_one.refused}


@pytest.mark.parametrize(
    ("ratio", "verdict"), [(0.5, "no evidence"), (0.6, "faster"), (0.4, "slower")]
)
def test_ratios_beside_one_engine_compare_between_runs(ratio: float, verdict: str) -> None:
    """They are interleaved, as speed-ups are, and drift by little."""
    other = of_two(between(ratio, "baseline", "builtin", noise=0.011))

    found = held(of_two(PAIRS[0]), other)

    assert (verdict, "litert") == (found["verdict"], found["beside"])


def test_ratios_beside_two_engines_do_not() -> None:
    """0.5 beside one and 0.5 beside the other are no two figures of one thing."""
    other = of_two(
        *timed("baseline", "vino", 1e-4), between(0.5, "baseline", "builtin", first="vino")
    )

    found = held(of_two(PAIRS[0]), other)

    assert ("not compared", "litert, vino") == (found["verdict"], found["beside"])
    assert "beside vino, not litert" == found["refused"]


def test_a_comparison_names_the_engine_in_its_row() -> None:
    runs = [("a", of_two(PAIRS[0])), ("b", of_two(PAIRS[0]))]

    assert "baseline builtin beside litert" in compare.render(runs)


def test_runs_of_one_engine_say_nothing_of_pairs_between_engines() -> None:
    """Of metrics that are not compared only those are named that were measured."""
    one = of_runtimes(*timed("baseline", "litert", 1e-4))
    elsewhere = of_runtimes(
        *timed("baseline", "litert", 1e-4), machine={**ENVIRONMENT["machine"], "cores": 64}
    )

    assert "engine_speedup" not in compare.render([("a", one), ("b", elsewhere)])


def test_a_gate_may_bound_it() -> None:
    """For the variant and engine that it names; the outcome says what it is beside."""
    outcome = judged("int8 on builtin: engine_speedup >= 0.5", *PAIRS).outcomes[0]

    assert "kept" == outcome.verdict
    assert "small: int8 on builtin beside litert" == row_of(outcome.record)


def test_a_ratio_that_does_not_say_what_it_is_beside_is_none() -> None:
    """No file may hold one."""
    metric = results().metrics[BETWEEN]
    bare = dataclasses.replace(PAIRS[0], beside="")

    assert "" == contradiction(PAIRS[0], metric)
    assert "does not say what it is beside" in contradiction(bare, metric)
    assert "" == contradiction(record(BETWEEN, status="failed", reason="no"), metric)


def test_what_tables_make_is_recorded_by_nobody() -> None:
    assert TOTAL.name not in results().metrics


# -- commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["text", "github", "json"])
def test_the_command_prints_it(tmp_path: Path, format: str) -> None:
    path = tmp_path / "run.json"
    store.save(path, of_two(*PAIRS))

    done = CliRunner().invoke(main, ["table", "--by", "runtime", "--format", format, str(path)])

    assert 0 == done.exit_code, done.output
    assert f"{engines.render([of_two(*PAIRS)], format)}\n" == done.output


def test_what_is_compared_is_variants_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    store.save(path, of_two(*PAIRS))
    said, usual = (
        CliRunner().invoke(main, ["table", *words, str(path)]).output
        for words in (["--by", "variant"], [])
    )

    assert said == usual
    assert f"{table.render([of_two(*PAIRS)], 'text')}\n" == usual


def test_of_two_machines_each_has_a_quickest_row() -> None:
    """And the note says that it is of one machine."""
    rows = [*timed("baseline", "litert", 1e-4), *timed("baseline", "builtin", 2e-4)]
    pair = between(0.5, "baseline", "builtin")
    (alone,) = (line for line in only(of_runtimes(*rows, pair)).lines if "quickest of a" in line)
    there = timed("baseline", "litert", 9e-4, target="pi5")
    (both,) = (
        line for line in only(of_runtimes(*rows, pair, *there)).lines if "quickest of a" in line
    )

    assert "of all rows on as many threads" in alone
    assert "of all rows of one machine on as many threads" in both


def test_what_its_own_pair_calls_slower_bears_no_mark() -> None:
    """All tests together need more evidence than one: "slower, among the quickest" says nothing."""
    made = of_runtimes(
        *[each for runtime in ("litert", "a", "b") for each in timed("baseline", runtime, 1e-4)],
        between(0.5, "baseline", "a"),
        between(1.0, "baseline", "b"),
    )
    rows = ByEngine.of(made.records, made).rows
    cases = {row.runtime: row.case for row in rows}
    every = dict.fromkeys(cases.values(), "among the quickest")

    told = by_engine._unsaid_of_slower(Marks(every, every, 9), rows)

    assert {cases["litert"], cases["b"]} == set(told.of_variant)
    assert every == told.of_all
