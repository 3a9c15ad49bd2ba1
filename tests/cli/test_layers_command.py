"""`weighin layers`: finished files, a Keras model, what it writes beside, and what it refuses."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import networks
from helpers.commands import run_python
from helpers.finished import PROGRAM
from helpers.layer_rows import Beside
from helpers.tiny import tiny_arrays

from weighin.cli import main
from weighin.core import WeighinError
from weighin.job import layering, weighing
from weighin.layers.row import Layers

Invoke = Callable[..., Any]
QUICK = ("--examples", "8", "--seconds", "0")


@pytest.fixture
def invoke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: Beside, isolated_registries: None
) -> Invoke:
    """Run the command in this process and a folder with `q.tflite`, `f.tflite` and `d.npz`."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["layers", *words])


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    """A network and the same quantized, a layer of which is damaged, as files; inputs."""
    made = Beside(tmp_path, "convolutions")
    (tmp_path / "f.tflite").write_bytes(made.original)
    damaged = networks.with_halved_scales(made.compressed, 1)
    (tmp_path / "q.tflite").write_bytes(damaged)
    np.savez(tmp_path / "d.npz", x_test=np.concatenate(made.inputs))
    return made


def test_the_damaged_layer_is_named_first(invoke: Invoke) -> None:
    done = invoke("q.tflite", "--against", "f.tflite", "--data", "d.npz", *QUICK)

    assert 0 == done.exit_code, done.output
    assert "q.tflite against f.tflite" in done.output
    assert "1 of 5 layers loses" in done.output
    assert "The error first rises at two" in done.output


def test_all_that_is_known_is_in_its_json_and_beside_it(invoke: Invoke, tmp_path: Path) -> None:
    words = ("q.tflite", "--against", "f.tflite", "--data", "d.npz", *QUICK[:-1], "1")
    beside = ("--figure", "a.svg", "--node-data", "a.json", "--format", "json")
    done = invoke(*words, *beside)
    layers = json.loads(done.stdout)

    assert 0 == done.exit_code, done.output
    assert ["one", "two", "three", "flat", "scores"] == [row["name"] for row in layers["layers"]]
    assert 8 == layers["examples"]
    assert layers["whole_seconds"]["value"] > 0
    assert all(row["share"] is not None for row in layers["layers"])
    assert "two" in json.loads((tmp_path / "a.json").read_text("utf-8"))["results"]
    assert "two" in (tmp_path / "a.svg").read_text("utf-8")


def test_no_training_framework_is_loaded(beside: Beside, child_environment: Any) -> None:
    words = ("layers", "q.tflite", "--against", "f.tflite", *QUICK)
    done = run_python("-c", PROGRAM, *words, environment=child_environment, folder=beside.folder)

    assert 0 == done.returncode, done.stderr
    assert "loaded:" == done.stderr.strip().splitlines()[-1]
    assert "Sensitivities are not measured: no data were given" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("q.tflite",), "name the float file that it was made of by --against"),
        (("q.tflite", "--against", "f.tflite", "--export", "int8"), "--export is of a Keras model"),
        (("m.keras",), "name how it is exported by --export"),
        (("m.keras", "--against", "f.tflite"), "is its own float model"),
        (("q.tflite", "--against", "f.tflite", "--trust"), "--trust is of a Keras model"),
        (("q.tflite", "--against", "f.tflite", "--weights", "w.h5"), "--weights is of a Keras"),
        (("m.py:make", "--export", "int8", "--weights", "no.weights.h5"), "m.py is missing"),
        (("q.tflite", "--against", "f.tflite", "--minutes", "0"), "--minutes"),
        (("q.tflite", "--against", "no.tflite"), "no.tflite cannot be read"),
        (("q.tflite", "--against", "f.tflite", "--scale", "2"), "--scale says how data are read"),
        (("q.tflite", "--against", "f.tflite", "--figure", "a.pdf"), "drawn as .svg or .png"),
        (("q.tflite", "--against", "f.tflite", "--task", "nothing"), "nothing"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_way_out(
    invoke: Invoke, words: tuple[str, ...], told: str
) -> None:
    done = invoke(*words)

    assert 2 == done.exit_code
    assert told in " ".join(done.output.split())


def test_a_file_beside_that_cannot_be_written_is_named(invoke: Invoke) -> None:
    done = invoke("q.tflite", "--against", "f.tflite", *QUICK, "--node-data", "d.npz/where.json")

    assert 2 == done.exit_code
    assert "where.json" in done.output


def test_interrupted_it_shows_what_it_has_and_ends_as_a_shell_expects(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = layering.looked_at

    def interrupted(*words: Any) -> Layers:
        return dataclasses.replace(looked_at(*words), stopped="interrupted before its turn")

    monkeypatch.setattr(layering, "looked_at", interrupted)
    done = invoke("q.tflite", "--against", "f.tflite", *QUICK)

    assert 130 == done.exit_code
    assert "The error first rises at two" in done.stdout
    assert "stopped; what was measured by then is shown" in done.stderr


def test_how_a_keras_model_is_read_is_as_of_weigh(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def planned(files: Any, how: weighing.Asked) -> Any:
        asked.append((files, how.weights, how.trust, how.variants))
        raise WeighinError("no further")

    monkeypatch.setattr(weighing, "planned", planned)
    words = ("--export", "int8", "--weights", "w.weights.h5", "--trust")
    invoke("m.py:make", *words)

    assert [([Path("m.py:make")], Path("w.weights.h5"), True, ("int8",))] == asked


def test_the_report_page_shows_them(
    invoke: Invoke, few_cold_starts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the files in the results, from the cache in which they were kept."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("WEIGHIN_CACHE_DIR", str(cache))
    invoke("q.tflite", "--against", "f.tflite", "--data", "d.npz", *QUICK)
    weigh = ("weigh", "f.tflite", "q.tflite", "--data", "d.npz", "--pair-seconds", "0.05")
    CliRunner().invoke(main, [*weigh, "-o", "records"])
    (records,) = (tmp_path / "records").glob("*.json")

    def page(*words: str) -> str:
        done = CliRunner().invoke(main, ["report", str(records), *words])
        assert 0 == done.exit_code, done.output
        return Path("report/index.html").read_text("utf-8")

    monkeypatch.delenv("WEIGHIN_CACHE_DIR")
    assert "Layers of q.tflite against baseline" in page("--cache-dir", str(cache))
    assert "Layers of q.tflite against" not in page("--cache-dir", str(tmp_path / "other"))


def test_what_was_found_is_a_reason_of_the_rows_that_the_file_has_later(
    invoke: Invoke, few_cold_starts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where its layers were looked at, on data of its own."""
    weigh = ("weigh", "f.tflite", "q.tflite", "--data", "d.npz", "--pair-seconds", "0.05")
    found = "1 of 5 layers loses"

    def weighed() -> str:
        return " ".join(CliRunner().invoke(main, weigh).output.split())

    monkeypatch.setenv("WEIGHIN_CACHE_DIR", str(tmp_path / "cache"))  # where nobody has looked
    invoke("q.tflite", "--against", "f.tflite", *QUICK)
    drawn = weighed()
    invoke("q.tflite", "--against", "f.tflite", "--data", "d.npz", *QUICK)

    assert found not in drawn
    assert found in weighed()


def test_a_keras_model_is_held_against_itself(shop: Any, weigh: Any, tmp_path: Path) -> None:
    """Both files are built, and matched by what the converter calls tensors."""
    np.savez(tmp_path / "tiny.npz", **tiny_arrays())
    model = tmp_path / "mine.h5"
    model.write_bytes(shop.artifact("baseline", "h5").path.read_bytes())
    data = ("--data", tmp_path / "tiny.npz", "--scale", str(1 / 255))
    done = weigh("layers", model, "--export", "int8", *data, *QUICK, "--format", "json")
    layers = json.loads(done.stdout)

    assert 0 == done.exit_code, done.output
    assert ("int8", "mine.h5") == (layers["file"], layers["against"])
    assert {"FULLY_CONNECTED", "SOFTMAX"} <= {row["kind"] for row in layers["layers"]}
    dense = [row for row in layers["layers"] if row["kind"] == "FULLY_CONNECTED"]
    assert all(row["own"]["sqnr"] > 20 and row["weights"]["sqnr"] > 30 for row in dense)
    assert all(row["sensitivity"]["quantized"] is not None for row in dense)
    assert "top-1" == layers["figure"]
