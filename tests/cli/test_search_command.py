"""`weighin search`: what it finds of a real file, what it writes and refuses, and how it ends."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.commands import importing, run_python
from helpers.finished import PROGRAM, part, quantized, write, write_searched

from weighin import grammar
from weighin.build import derived
from weighin.build.deriving import make
from weighin.cli import main
from weighin.datasets import loading
from weighin.files import sha256
from weighin.records import store
from weighin.searches import confirming, finding, judging
from weighin.searches.confirming import Shown
from weighin.stats import Interval

pytest.importorskip("optuna", reason="pip install -e '.[search]'")
pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
FOUND = ("float.tflite", "--data", "d.npz", "--within", "10", "--trials", "10")

Invoke = Callable[..., Any]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated_registries: None) -> Invoke:
    """Run the command in this process and a folder with a float file and data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEIGHIN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("weighin.searches.finding.PAIR_SECONDS", 0.1)
    monkeypatch.setattr(derived, "_apart", lambda order, context: make(order))
    write_searched(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["search", *words])


def test_the_smallest_that_holds_is_shown_written_and_named(tmp_path: Path) -> None:
    """All of it, in a process of its own that loads no TensorFlow; and again, at once."""
    write_searched(tmp_path)
    environment = importing() | {"WEIGHIN_CACHE_DIR": str(tmp_path / "cache")}
    words = ("-c", PROGRAM, "search", *FOUND[:-1], "5", "-o", "best.tflite", "--json")
    done = run_python(*words, environment=environment, folder=tmp_path)
    assert 0 == done.returncode, done.stderr
    found = json.loads(done.stdout)
    (best, *_) = [member for member in found["members"] if member["holds"]]

    assert "loaded:\n" in done.stderr
    assert 3 <= found["tried"] <= 5
    assert "chosen by 300 examples of the test part" in found["data"]
    assert grammar.parse(best["variant"]).name == best["variant"] == found["best"]
    assert best["variant"] in found["commands"][best["variant"]]
    assert best["test"]["low"] > -0.1
    results = store.load(tmp_path / found["results"])
    told = {each.variant: each.artifact for each in results.records if each.metric == "gzip_bytes"}
    assert sha256(tmp_path / "best.tflite") == told[best["variant"]]
    assert {"d (test)"} == {each.dataset for each in results.records}
    search = results.environment["search"]
    assert (found["tried"], 0.1) == (search["tried"], search["within"])
    assert [300] == list({each.n for each in results.records if each.metric == "top1"})

    again = run_python(*words[:-1], environment=environment, folder=tmp_path)
    assert 0 == again.returncode, again.stderr
    assert "opened 2 times" in again.stdout
    assert f"{best['variant']} holds on the test part" in again.stdout


def test_the_test_part_is_read_for_what_was_chosen_alone(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load, confirmed = loading.load, confirming.confirmed

    def loaded(name: str, search: Any) -> Any:
        read.append(name)
        return load(name, search)

    def at_last(*arguments: Any) -> Any:
        read.append("the end")
        return confirmed(*arguments)

    monkeypatch.setattr(loading, "load", loaded)
    monkeypatch.setattr(finding, "confirmed", at_last)
    done = invoke(*FOUND)

    assert 0 == done.exit_code, done.output
    assert read.index("the end") < read.index("d (test)")
    assert "d (validation)" in read[: read.index("the end")]


def test_where_nothing_holds_the_test_part_stays_closed_and_nothing_is_written(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def worse(self: Any, name: str, path: Path) -> Interval:
        return Interval(-0.2, -0.25, -0.15)

    monkeypatch.setattr(judging.Judge, "difference", worse)
    monkeypatch.setattr(finding, "confirmed", lambda *arguments: pytest.fail("opened"))
    done = invoke(*FOUND, "-o", "best.tflite")

    assert 1 == done.exit_code, done.output
    assert "nothing tried holds within 10 points of top-1" in done.output
    assert "-20.00 [-25.00, -15.00]" in done.output
    assert not (tmp_path / "best.tflite").exists()


def test_a_winner_that_does_not_hold_is_said_and_not_written(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none_holds(judged_by: Any, files: Any, *others: Any) -> Any:
        shown = Shown(Interval(-0.03, -0.06, 0.0), 0.4)
        return dict.fromkeys(files, shown), Path("r.json")

    monkeypatch.setattr(finding, "confirmed", none_holds)
    done = invoke(*FOUND, "-o", "best.tflite")

    assert 1 == done.exit_code, done.output
    assert "what the search chose does not hold on the test part" in " ".join(done.output.split())
    assert not (tmp_path / "best.tflite").exists()


def test_interrupted_it_says_how_to_go_on_and_does(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = judging.Judge.difference

    def interrupted(self: Any, name: str, path: Path) -> Interval:
        raise KeyboardInterrupt

    monkeypatch.setattr(judging.Judge, "difference", interrupted)
    done = invoke(*FOUND)
    assert 130 == done.exit_code
    assert "the same command goes on" in done.output

    monkeypatch.setattr(judging.Judge, "difference", asked)
    assert 0 == invoke(*FOUND).exit_code


def test_time_is_made_small_by_pairs(invoke: Invoke) -> None:
    done = invoke(*FOUND[:-1], "8", "--minimize", "latency,file_bytes", "--json")

    assert done.exit_code in (0, 1), done.output
    found = json.loads(done.stdout)
    assert ["latency", "file_bytes"] == found["objectives"]
    assert found["members"]
    assert all({"latency", "file_bytes"} == set(each["values"]) for each in found["members"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("float.tflite", "--within", "1"), "give --data"),
        ((*FOUND, "--minimize", "smallness"), "wanted one or more of"),
        ((*FOUND[:4], "0"), "above 0"),
        ((*FOUND[:4], "nan"), "above 0"),
        ((*FOUND[:4], "0.2"), "300 examples cannot show"),
        ((*FOUND[:4], "75"), "whatever answers would hold"),
        ((*FOUND, "-o", "."), "is a folder"),
        ((*FOUND, "-o", "none/best.tflite"), "cannot be written"),
        ((*FOUND, "--profile", "full"), "--profile is of registered models"),
        ((*FOUND, "--epochs", "3"), "--epochs is of what is built"),
        (("int8.tflite", *FOUND[1:]), "name the float file first"),
        (("absent.tflite", *FOUND[1:]), "is missing"),
        (("absent", *FOUND[1:]), "is missing"),
        (("float.tflite", "--data", "wrong.npz", "--within", "10"), "no better than"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_tried(
    invoke: Invoke, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    write(tmp_path / "int8.tflite", quantized(part(weights=np.ones((5, 256)))))
    with np.load(tmp_path / "d.npz") as right:
        np.savez(tmp_path / "wrong.npz", x_test=right["x_test"], y_test=(right["y_test"] + 1) % 5)
    done = invoke(*words)

    assert 2 == done.exit_code, done.output
    assert told in " ".join(done.output.split())
    assert not list((tmp_path / "cache").rglob("journal.jsonl"))
