"""What a notebook searches: from bytes and arrays, in a process of its own that may crash."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import io
import shlex
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.finished import write_searched
from rich.console import Console

import weighin
from weighin.core import WeighinError
from weighin.records import store
from weighin.report import search as report
from weighin.report.search import Found
from weighin.searches import finding, process
from weighin.searches.trying import Limits

pytest.importorskip("optuna", reason="pip install -e '.[search]'")
pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """Bytes of a float classifier and arrays that it answers, and where all is kept."""
    write_searched(tmp_path)
    return {
        "model": (tmp_path / "float.tflite").read_bytes(),
        "data": dict(np.load(tmp_path / "d.npz")),
        "within": 5,
        "trials": 6,
        "name": "mine",
        "results_dir": tmp_path / "results",
        "cache_dir": str(tmp_path / "cache"),
    }


def test_it_finds_what_the_command_finds(given: dict[str, Any], tmp_path: Path) -> None:
    """And prints as its table; what was found is written; asked again, it goes on from there."""
    out = tmp_path / "best.tflite"
    searched = weighin.search(given.pop("model"), **given, output=out)

    assert searched.best is not None
    assert searched.best.holds
    assert searched.best in list(searched)
    assert 4 == searched.found.tried  # of six, a share is for mixed precision
    assert "mine: smallest within" in repr(searched)
    assert "<table>" in searched._repr_html_()
    assert searched.best.variant in searched.command
    words = shlex.split(searched.command)
    assert Path(words[words.index("--data") + 1]).exists()
    assert searched.path is not None
    assert searched.best.variant in {record.variant for record in store.load(searched.path).records}
    assert 0 < out.stat().st_size < (tmp_path / "float.tflite").stat().st_size


def test_data_to_choose_by_may_be_arrays(given: dict[str, Any]) -> None:
    half = {name: values[:300] for name, values in given["data"].items()}
    rest = {name: values[300:] for name, values in given["data"].items()}
    searched = weighin.search(given.pop("model"), **given | {"data": rest}, validation=half)

    assert "chosen by 300 examples of their own" in searched.found.data
    assert searched.best is not None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"within": 0}, "within 0: wanted how much worse"),
        ({"minutes": 0}, "wanted what is above 0"),
        ({"minimize": "speed"}, "speed"),
        ({"data": None}, "give --data"),
        ({"name": "a/b"}, "wanted the name of a file"),
    ],
)
def test_what_makes_no_sense_is_refused(
    given: dict[str, Any], wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(WeighinError, match=told):
        weighin.search(given.pop("model"), **given | wrong)


def test_an_option_of_weighing_alone_is_none(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"search\(\) has no option 'epoch'; did you mean 'epochs'"):
        weighin.search(given.pop("model"), **given, epoch=3)
    with pytest.raises(TypeError, match=r"search\(\) has no option 'runtimes'"):
        weighin.search(given.pop("model", b""), **given, runtimes=["litert"])


def test_a_process_that_somebody_ends_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = crashing(monkeypatch, tmp_path, number=signal.SIGTERM)
    asked = finding.Asked(model="m", within=1, limits=Limits.of(None, 3))
    with pytest.raises(WeighinError, match="was ended by SIGTERM"):
        process.found(asked, Console(file=shown, width=300))

    assert "x" == (tmp_path / "started").read_text()


def crashing(
    monkeypatch: pytest.MonkeyPatch, folder: Path, number: int = signal.SIGSEGV
) -> io.StringIO:
    """Let the process of a search end itself twice by a signal; where progress is shown."""
    monkeypatch.setenv("STARTED", str(folder / "started"))
    monkeypatch.setenv("SIGNAL", str(int(number)))
    monkeypatch.setattr(process, "MODULE", "helpers.crashing_search")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return io.StringIO()


def test_a_process_that_crashes_is_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Twice here; one that answers nothing in the end is an error with its last words."""
    shown = crashing(monkeypatch, tmp_path)
    asked = finding.Asked(model="m", within=1, limits=Limits.of(None, 3))

    with pytest.raises(WeighinError, match="ended with exit code 7: out of order"):
        process.found(asked, Console(file=shown, width=300))

    assert "xxx" == (tmp_path / "started").read_text()
    assert 2 == shown.getvalue().count("was ended by SIGSEGV: another goes on")
    assert "[1 tried] best" in shown.getvalue()


def test_what_was_found_is_the_same_as_json_and_read_again(given: dict[str, Any]) -> None:
    found = weighin.search(given.pop("model"), **given).found
    again = Found.of_json(found.as_json())

    assert found.members == again.members
    assert report.render(found, "text") == report.render(again, "text")
