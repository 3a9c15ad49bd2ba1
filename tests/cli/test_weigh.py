"""`weighin weigh` on finished files: its table, exit codes, and what it refuses at once."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from helpers.finished import (
    FinishedRun,
    labelled,
    part,
    quantized,
    weigh_files,
    write,
    write_data,
)

from weighin import registry
from weighin.cli import main
from weighin.records import store

Invoke = Callable[..., Any]


@pytest.fixture
def invoke(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    isolated_registries: None,
    few_cold_starts: None,
) -> Invoke:
    """Run the command in this process and a folder with `a.tflite`, `b.tflite` and `d.npz`."""
    write(tmp_path / "a.tflite")
    write(tmp_path / "b.tflite", quantized(part()))
    write_data(tmp_path / "d.npz")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Any:
        return CliRunner().invoke(main, ["weigh", *words, "--pair-seconds", "0.05"])

    return run


# -- a run ----------------------------------------------------------------------------------------


def test_a_run_that_measures_all_and_keeps_its_gates_exits_with_0(
    finished_run: FinishedRun,
) -> None:
    assert 0 == finished_run.code, finished_run.err
    assert "1 gate kept" == finished_run.out.splitlines()[-1]


def test_several_runtimes_are_shown_beside_each_other(invoke: Invoke) -> None:
    """Each file on the second one is paired with itself on the first."""
    words = ["a.tflite", "b.tflite", "--runtimes", "litert,litert-builtin"]
    done = invoke(*words, "--by", "runtime")
    (path,) = Path("results/local").glob("*.json")
    beside = {
        (each.variant, each.runtime): (each.beside, each.status)
        for each in store.load(path).records
        if each.metric == "engine_speedup"
    }

    assert 0 == done.exit_code, done.output
    assert "a on drawn inputs, by runtime" == done.output.splitlines()[0]
    assert (
        dict.fromkeys(
            [(variant, "litert-builtin") for variant in ("baseline", "b.tflite")], ("litert", "ok")
        )
        == beside
    )


def test_no_training_framework_is_loaded(finished_run: FinishedRun) -> None:
    assert "loaded:" == finished_run.err.splitlines()[-1]


def test_the_table_has_a_row_for_each_file_the_first_as_baseline(
    finished_run: FinishedRun,
) -> None:
    lines = finished_run.out.splitlines()
    assert "float on mine" == lines[0]
    first = [line.split("  ")[0] for line in lines[4:7]]
    assert ["baseline", "bytes.tflite", "permuted [1]=ü.tflite"] == first
    assert "\nrecords: results/local/" in finished_run.out


def test_bytes_under_other_names_are_fed_the_same_real_values(finished_run: FinishedRun) -> None:
    assert finished_run.one("top1").value == pytest.approx(0.95)
    assert finished_run.one("top1", "bytes.tflite").value == pytest.approx(0.95, abs=0.03)
    assert finished_run.one("agreement", "bytes.tflite").value > 0.95
    assert finished_run.one("sqnr", "bytes.tflite").value > 30
    assert finished_run.one("cosine", "bytes.tflite").value > 0.999


def test_permuted_weights_show_as_worse_and_in_low_agreement(finished_run: FinishedRun) -> None:
    variant = "permuted [1]=ü.tflite"
    assert "worse" == finished_run.one("top1_delta", variant).verdict
    assert finished_run.one("agreement", variant).value < 0.1
    assert finished_run.one("sqnr", variant).value < 3


def test_a_breached_gate_exits_with_1_and_standard_output_holds_the_table_alone(
    invoke: Invoke,
) -> None:
    for style, read in (("json", json.loads), ("csv", lambda text: list(_rows(text)))):
        result = invoke("a.tflite", "--gate", "baseline: file_bytes < 100", "--format", style)
        assert 1 == result.exit_code
        (row,) = read(result.stdout)
        assert "baseline" == row["variant"]
        assert "1 gate breached" == result.stderr.splitlines()[-1]
        assert "records: results" in result.stderr


def test_gates_are_shown_as_the_terminal_is_that_shows_the_table(invoke: Invoke) -> None:
    result = invoke("a.tflite", "--gate", "baseline: file_bytes < 100", "--color", "always")

    assert 1 == result.exit_code
    assert click.style("breached", fg="red") in result.stdout
    assert click.style("1 gate breached", fg="red", bold=True) == result.stdout.splitlines()[-1]


def test_gates_are_judged_in_a_mode_and_told_as_junit(invoke: Invoke) -> None:
    """A bound that the interval of 95 % holds, 114 of 120 examples."""
    words = ("a.tflite", "--data", "d.npz", "--gate", "baseline: top1 >= 93%")

    codes = [invoke(*words).exit_code, invoke(*words, "--proven", "--junit", "gates.xml").exit_code]

    assert [0, 1] == codes
    text = Path("gates.xml").read_text("utf-8")
    assert 'name="weighin gates, mode proven" tests="1" failures="1"' in text
    assert "against &gt;= 93.00 %: within, not proven: fails" in text


@pytest.mark.parametrize("end", ["os.abort()", "sys.exit(7)"])
def test_an_engine_that_ends_the_process_when_it_is_imported_fails_in_its_rows(
    end: str, tmp_path: Path, child_environment: Mapping[str, str]
) -> None:
    """All others are measured."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "openvino.py").write_text(f"import os, sys\n{end}", "utf-8")
    path = os.pathsep.join([str(broken), child_environment["PYTHONPATH"]])
    words = (write(tmp_path / "a.tflite"), "--runtimes", "openvino,litert")
    environment = {**child_environment, "PYTHONPATH": path}

    run = weigh_files(tmp_path, *words, environment=environment)

    assert 1 == run.code, run.err
    assert "Traceback" not in run.err
    latencies = {r.runtime: r for r in run.results.records if r.metric == "latency"}
    assert "ok" == latencies["litert"].status
    assert "failed" == latencies["openvino"].status
    assert re.search("crashed: SIGABRT|does not work", latencies["openvino"].reason)


def _rows(text: str) -> Any:
    return csv.DictReader(io.StringIO(text))


def test_a_row_that_fails_exits_with_1_and_keeps_the_others(invoke: Invoke) -> None:
    write(Path("nan.tflite"), part(weights=np.full((3, 4), np.nan)))

    result = invoke("a.tflite", "nan.tflite", "--data", "d.npz")

    assert 1 == result.exit_code
    assert "NaN or infinite values to 120 of 120 examples, 100 %" in result.output
    assert "95.00 %" in result.output


def test_variants_of_a_float_file_have_rows_of_their_own(invoke: Invoke) -> None:
    """Made of the first; one that none is made of is skipped, and the table says what they hold."""
    pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
    variants = "litert(dynamic_wi8_afp32),litert(static_wi8_ai8)"

    told = invoke("a.tflite", "--data", "d.npz", "--variants", variants, "--runtimes", "litert")

    assert 0 == told.exit_code, told.output
    rows = told.stdout.splitlines()
    (row,) = [line for line in rows if line.startswith("litert(dynamic_wi8_afp32)  litert ")]
    assert "95.00 %" in row
    assert "litert(dynamic_wi8_afp32) (made of a.tflite): int8 weights, float32" in told.stdout
    assert "skipped: litert(static_wi8_ai8) on litert (Calibrating takes examples" in told.stdout


def test_without_data_inputs_are_drawn_and_fidelity_is_not_measured(invoke: Invoke) -> None:
    result = invoke("a.tflite", "b.tflite")

    assert 0 == result.exit_code
    assert "a on drawn inputs" == result.output.splitlines()[0]
    reason = "no data were given (--data), so inputs were drawn at random"
    told = " ".join(result.output.split())
    assert f"not measured: agreement, SQNR, cosine ({reason})" in told
    row = next(line for line in result.output.splitlines() if line.startswith("b.tflite"))
    assert "not measured" not in row


def test_a_second_model_is_not_fed_the_firsts_inputs_in_one_process(invoke: Invoke) -> None:
    write(Path("wide.tflite"), part(weights=np.ones((2, 9))))

    assert 0 == invoke("a.tflite").exit_code
    assert 0 == invoke("wide.tflite").exit_code

    first, second = sorted(Path("results/local").glob("*.json")) * (
        2 // len(list(Path("results/local").glob("*.json")))
    )
    assert store.load(second).environment["datasets"]["drawn inputs"]["digest"]
    del first


def test_files_of_weird_names_and_of_one_name_in_two_folders_have_rows(invoke: Invoke) -> None:
    names = ["baseline.tflite", "my model [x]=1 ü.tflite", "p/a.tflite", "q/a.tflite"]
    for name in names:
        write(Path(name))

    result = invoke(
        *("a.tflite", *names, "--data", "d.npz"),
        *("--gate", "my model [x]=1 ü.tflite: gzip_bytes <= baseline"),
    )

    assert 0 == result.exit_code, result.output
    rows = [line.split("  ")[0] for line in result.output.splitlines()[4:9]]
    assert ["baseline", *names] == rows


# -- what is refused ------------------------------------------------------------------------------

X, Y = labelled(40)["x_test"], labelled(40)["y_test"]
BROKEN = X.copy()
BROKEN[3, 1] = np.nan
DATA: Mapping[str, Mapping[str, Any]] = {
    "nan": {"x_test": BROKEN, "y_test": Y},
    "counts": {"x_test": X, "y_test": Y[:-1]},
    "wide": {"x_test": np.ones((9, 7), np.float32), "y_test": Y[:9]},
    "one": {"x_test": X[:1], "y_test": Y[:1]},
    "none": {"x_test": X[:0], "y_test": Y[:0]},
    "classes": {"x_test": X, "y_test": Y + 5},
    "text": {"x_test": np.full((5, 4), "a"), "y_test": Y[:5]},
    "negative": {"x_test": X, "y_test": np.where(np.arange(40) < 9, -1, Y)},
}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["missing.tflite"], "missing.tflite is missing"),
        (["a.tflite", "a.tflite"], "a.tflite is named twice"),
        (["empty.tflite"], "empty.tflite is empty"),
        (["cut.tflite"], "cut.tflite is not a whole .tflite file"),
        (["text.tflite"], "text.tflite is no .tflite file"),
        (["folder.tflite"], "folder.tflite is no file"),
        (["renamed.bin"], "renamed.bin holds a finished model: give it a name that ends in .tfl"),
        (["a.tflite", "mine.keras"], "weigh finished files with each other"),
        (["a.tflite", "wide.tflite"], "x (4,) float32; wide.tflite has x (5,) float32"),
        (["a.tflite", "--variants", "int8"], "int8 is made of a Keras model; of a finished float"),
        (["b.tflite", "--variants", "int4"], "Variants are made of a file of floats"),
        (["a.tflite", "--epochs", "0"], "--epochs is of what is built"),
        (["a.tflite", "--seeds", "2"], "--seeds is of what is built"),
        (["a.tflite", "--trust"], "--trust is of what is built"),
        (["a.tflite", "--scale", "2"], "--scale says how data are read, and none are given"),
        (["a.tflite", "--split-seed", "2"], "--split-seed says how data are read"),
        (["a.tflite", "--task", "regression"], "one array of targets, and there are none"),
        (["a.tflite", "--task", "nonsense"], "Unknown task 'nonsense'"),
        (["a.tflite", "--data", "d.npz", "--task", "regression"], "answers scores (3,) float32"),
        (["a.tflite", "--data", "missing.npz"], "there is no such file or folder"),
        (["a.tflite", "--data", "a.tflite"], "a file of this kind is not read"),
        (["a.tflite", "--data", "nan.npz"], "nan first, at x_test[3, 1]"),
        (["a.tflite", "--data", "counts.npz"], "40 in x_test but 39 in y_test"),
        (["a.tflite", "--data", "wide.npz"], "inputs of shape (4,)"),
        (["a.tflite", "--data", "one.npz"], "one example alone"),
        (["a.tflite", "--data", "none.npz"], "is empty"),
        (["a.tflite", "--data", "classes.npz"], "gives 3 scores, the data have 8 classes"),
        (["a.tflite", "--data", "text.npz"], "x_test holds text"),
        (["a.tflite", "--data", "negative.npz"], "run from -1, and classes count from 0"),
        (["a.tflite", "--data", "pipe.npz"], "it is a device or a pipe, no file"),
        (["a.tflite", "--runtimes", "nonsense"], "Unknown runtime 'nonsense'"),
        (
            ["a.tflite", "--runtimes", "keras-cpu"],
            "keras-cpu opens no .tflite files; these do: litert",
        ),
        (["a.tflite", "--threads", "0"], "--threads 0: wanted numbers from 1"),
        (["a.tflite", "--threads", "99999"], "--threads 99999: no more than 512"),
        (["a.tflite", "--pair-seconds", "inf"], "--pair-seconds, --margin: wanted numbers"),
        (["a.tflite", "--margin", "nan"], "--pair-seconds, --margin: wanted numbers"),
        (["a.tflite", "--gate", "fast"], "Gate 'fast' is not understood"),
        (["a.tflite", "--gate", "top2 >= 0.1"], "there is no metric 'top2'"),
        (["a.tflite", "--gate", "top1 >= 0"], "it cannot fail"),
        (["a.tflite", "--gate", "latency <= 30%"], "latency is not in '%'; wanted: s, ms"),
        (["a.tflite", "--gate", "mae_delta <= 3"], "no metric 'mae_delta' here; there are"),
        (["a.tflite", "--gate", "b: latency < 1"], "no variant or model 'b' here; there are base"),
        (["a.tflite", "--gate", "on litret: latency < 1"], "did you mean 'litert'?"),
        (["a.tflite", "--strict", "--proven"], "choose one of the two. The safe one is proven"),
        (["a.tflite", "--junit", "j.xml"], "--junit says what became of gates, and none are given"),
        (["a.tflite", "-o", "d.npz"], "is a file"),
        (["a.tflite", "-o", "d.npz/below"], "--output"),
        ([], "Missing argument 'FILE…'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_told_at_once_and_exits_with_2(
    invoke: Invoke, words: list[str], told: str
) -> None:
    Path("empty.tflite").touch()
    Path("text.tflite").write_text("hello, world")
    Path("cut.tflite").write_bytes(Path("a.tflite").read_bytes()[:200])
    Path("renamed.bin").write_bytes(Path("a.tflite").read_bytes())
    Path("folder.tflite").mkdir()
    os.mkfifo("pipe.npz")
    write(Path("wide.tflite"), part(weights=np.ones((3, 5))))
    for name, arrays in DATA.items():
        np.savez(f"{name}.npz", **arrays)

    result = (
        invoke(*words)
        if "--pair-seconds" not in words
        else CliRunner().invoke(main, ["weigh", *words])
    )

    assert 2 == result.exit_code, result.output
    assert told in " ".join(result.output.split())
    assert not list(Path.cwd().glob("results/local/*"))
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("words", ["litert-builtin", "litert-builtin,litert-compiled"])
def test_runtimes_none_of_which_can_be_used_here_are_refused(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """A table without a row would say nothing; beside one that can, their rows say why."""
    for name in ("litert-builtin", "litert-compiled"):
        monkeypatch.setattr(registry.runtimes[name], "available", lambda: "no such engine here")

    refused = invoke("a.tflite", "--runtimes", words)
    beside = invoke("a.tflite", "--runtimes", f"litert,{words}")

    assert 2 == refused.exit_code
    assert "Nothing can be measured. litert-builtin: no such engine here" in refused.output
    assert 1 == len(list(Path("results/local").glob("*.json")))  # of the second alone
    assert 0 == beside.exit_code, beside.output
    assert "skipped: baseline on litert-builtin" in beside.output


# -- stopped --------------------------------------------------------------------------------------


def test_what_was_measured_is_kept_and_named_when_it_is_interrupted(invoke: Invoke) -> None:
    def interrupted(outcome: Any) -> Any:
        raise KeyboardInterrupt

    registry.metric("endless", scope="pair", better="higher")(interrupted)

    result = invoke("a.tflite", "b.tflite", "--data", "d.npz")

    assert 130 == result.exit_code
    assert "stopped; records of what was measured: results/local/" in result.stderr
    (path,) = Path("results", "local").glob("*.json")
    records = store.load(path).records
    assert {"ok"} == {record.status for record in records if record.metric == "latency"}
    unmeasured = {record.reason for record in records if record.metric == "cold_start"}
    assert {"the run ended before its turn"} == unmeasured


def test_a_results_folder_that_cannot_be_written_is_told_before_measuring(
    tmp_path: Path, child_environment: Mapping[str, str]
) -> None:
    file = write(tmp_path / "a.tflite")
    (tmp_path / "results").write_text("a file stands where the folder should")

    ran = weigh_files(tmp_path, file, environment=child_environment)

    assert 2 == ran.code
    assert "--output" in ran.err
    assert "" == ran.out
