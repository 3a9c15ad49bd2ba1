"""`weighin inspect`, and files that were damaged by chance or by malice."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import json
import multiprocessing
import os
import random
import sys
import zipfile
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.commands import run_python
from helpers.flatbuffer import Layer, content, convolution, dense
from helpers.hdf5 import hdf5
from helpers.subgraphs import Model, loop

from weighin.cli import main
from weighin.core import WeighinError
from weighin.formats.tflite import read_tflite
from weighin.measure.cold_start import cold_starts
from weighin.report.inspection import inspect, render

FLIPS, CUTS = 800, 200
CONFIG = {
    "class_name": "Sequential",
    "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "dense"}}]},
}


def tflite() -> bytes:
    """A convolution with zeros, and a dense layer of int8 weights."""
    first = convolution(4, 3, 3, zeros=27, stride=2)
    biased = Layer("conv", first.weights, np.arange(4, dtype=np.float32), stride=2)
    return content([biased, dense(3, 64, "int8", zeros=96)], softmax=True)


def keras_h5() -> bytes:
    """An .h5 model of one kernel, half of it zeros, and one bias."""
    kernel = np.array([[0, 1, 0], [2, 0, 3]], np.float32)
    groups = {"model_weights/d/kernel:0": kernel, "model_weights/d/bias:0": kernel[0]}
    return hdf5(groups, model_config=json.dumps(CONFIG))


def keras_archive() -> bytes:
    """The same as a .keras archive."""
    kernel = np.array([[0, 1, 0], [2, 0, 3]], np.float32)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("config.json", json.dumps(CONFIG))
        inner = hdf5({"layers/dense/vars/0": kernel, "layers/dense/vars/1": kernel[0]})
        archive.writestr("model.weights.h5", inner)
    return target.getvalue()


FILES = {"m.tflite": tflite, "m.h5": keras_h5, "m.keras": keras_archive}


@pytest.fixture(params=list(FILES))
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One file of each kind."""
    path = tmp_path / request.param
    path.write_bytes(FILES[request.param]())
    return path


def test_inspect_a_tflite(tmp_path: Path) -> None:
    """Totals, inputs and outputs, and each operator with what it multiplies by."""
    path = tmp_path / "m.tflite"
    path.write_bytes(tflite())

    facts = inspect(path)

    layers = facts.pop("layers")
    assert {
        "format": "tflite",
        "bytes": path.stat().st_size,
        "parameters": 108 + 4 + 192,
        "nonzero_parameters": 81 + 3 + 96,
        "macs": 108 * 16 + 192,
        "effective_macs": 81 * 16 + 96,
        "inputs": ["FLOAT32 1×8×8×3"],
        "outputs": ["FLOAT32 1×3"],
    } == facts
    assert ["CONV_2D", "FULLY_CONNECTED", "SOFTMAX"] == [layer["operator"] for layer in layers]
    assert {"operator": "SOFTMAX", "output": "FLOAT32 1×3"} == layers[2]
    assert ["FLOAT32", "4×3×3×3", 0.25, 0, False, 108 * 16] == [
        layers[0][key] for key in ("weights", "shape", "zeros", "scales", "sparse", "macs")
    ]
    assert ["INT8", "3×64", 0.5, 1, 192] == [
        layers[1][key] for key in ("weights", "shape", "zeros", "scales", "macs")
    ]


def test_inspect_says_at_least_where_it_cannot_count(tmp_path: Path) -> None:
    """A lower bound has another name than a count, in JSON too; what is left out is named."""
    model = loop("input")
    model.graph = model.model.subgraphs[0]
    for _ in range(2):
        model.custom("Foo", model.graph.outputs, [model.computed(1, 4)])
    model.dense(model.graph.outputs[0], model.values(np.ones((4, 4))))

    facts = inspect(model.write(tmp_path / "m.tflite"))

    assert {"macs", "effective_macs"}.isdisjoint(facts)
    assert (16, 16) == (facts["macs_at_least"], facts["effective_macs_at_least"])
    assert ["WHILE (1)", "CUSTOM Foo (2)"] == facts["not_counted"]
    lines = [line.split() for line in render(facts, as_json=False).splitlines()]
    assert ["macs", "at", "least", "16"] in lines
    assert ["not", "counted", "WHILE", "(1),", "CUSTOM", "Foo", "(2)"] in lines
    assert ["CUSTOM", "Foo", "FLOAT32", "1×4", "0", "1", "at", "least", "0"] in lines


def test_inspect_shows_all_subgraphs(tmp_path: Path) -> None:
    """Each with its inputs, outputs and signatures, and each operator with how often it runs."""
    model = loop("outside")
    model.sign("serving_default", 0)

    facts = inspect(model.write(tmp_path / "m.tflite"))

    ends = "INT32 scalar, FLOAT32 1×4, FLOAT32 1×4, FLOAT32 4×4, INT32 scalar"
    assert [
        (0, "serving_default", "FLOAT32 1×4", "FLOAT32 1×4", 80),
        (1, "", ends, "INT32 scalar", 0),
        (2, "", ends, ends, 16),
    ] == [
        tuple(subgraph[key] for key in ("subgraph", "signatures", "inputs", "outputs", "macs"))
        for subgraph in facts["subgraphs"]
    ]
    assert ["serving_default"] == facts["signatures"]
    assert [(0, 1), (1, 6), (2, 5), (2, 5)] == [
        (layer["subgraph"], layer["runs"]) for layer in facts["layers"]
    ]
    assert 80 == facts["layers"][3]["macs"]
    assert "condition" in render(facts, as_json=False)


def test_inspect_shows_gates_and_tables(tmp_path: Path) -> None:
    """Several weights of one operator are summed up; a table is shown, though not multiplied by."""
    model = Model()
    words, sequence = model.computed(1, 6, dtype="int32"), model.computed(1, 6, 3)
    table = np.ones((5, 3))
    table[0] = 0
    model.operator("GATHER", [model.values(table), words], [sequence])
    outputs = [model.computed(1, 6, 4)]
    inputs = [model.values(np.ones((4, 3))), model.values(np.zeros((4, 4)))]
    model.operator("UNIDIRECTIONAL_SEQUENCE_RNN", [sequence, *inputs], outputs)
    model.ends([words, sequence], [*outputs, sequence])

    facts = inspect(model.write(tmp_path / "m.tflite"))

    assert ["INT32 1×6", "FLOAT32 1×6×3"] == facts["inputs"]
    assert ["FLOAT32 1×6×4", "FLOAT32 1×6×3"] == facts["outputs"]
    looked_up, recurrent = facts["layers"]
    assert ("5×3", pytest.approx(0.2)) == (looked_up["shape"], looked_up["zeros"])
    assert "macs" not in looked_up
    assert ("1 of 4×3, 1 of 4×4", 6 * 28) == (recurrent["shape"], recurrent["macs"])
    assert pytest.approx(16 / 28) == recurrent["zeros"]


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_inspect_a_keras_file(tmp_path: Path, name: str) -> None:
    """The same for both of Keras's formats: totals, layers, and each array."""
    path = tmp_path / name
    path.write_bytes(FILES[name]())

    facts = inspect(path)

    size = path.stat().st_size
    assert [size, 0, size] == [
        facts[key] for key in ("bytes", "optimizer_bytes", "bytes_without_optimizer")
    ]
    assert [9, 4, ["dense: Dense"]] == [
        facts[key] for key in ("parameters", "nonzero_parameters", "kinds_of_layers")
    ]
    shapes = {layer["shape"]: (layer["zeros"], layer["unique"]) for layer in facts["layers"]}
    assert {"2×3": (0.5, 4), "3": (pytest.approx(2 / 3), 2)} == shapes
    assert {"still_wrapped_for_training", "layers_that_hold_code"}.isdisjoint(facts)


def test_inspect_prints_a_table(file: Path) -> None:
    """For people: totals with units and separators, then one line for each layer."""
    done = CliRunner().invoke(main, ["inspect", str(file)])

    assert 0 == done.exit_code, done.output
    lines = done.output.splitlines()
    size = f"{file.stat().st_size:,} B"
    assert any(line.split(maxsplit=1) == ["bytes", size] for line in lines)
    assert "50.00 %" in done.output
    assert "[" not in done.output.replace("[]", "")


def test_inspect_prints_json(file: Path) -> None:
    """For programs: the facts themselves, numbers as numbers."""
    done = CliRunner().invoke(main, ["inspect", "--json", str(file)])

    assert 0 == done.exit_code, done.output
    assert inspect(file) == json.loads(done.output)


@pytest.mark.parametrize("name", ["m.tflite", "m.h5", "m.keras", "m"])
@pytest.mark.parametrize("held", [None, b"", b"PK\x03\x04", b"\x00\x00\x00\x00TFL3", b"text"])
def test_inspect_refuses_what_is_no_model(tmp_path: Path, name: str, held: bytes | None) -> None:
    """A file that is missing, empty, or only begins like a model is named, without a traceback."""
    path = tmp_path / name
    if held is not None:
        path.write_bytes(held)

    for arguments in (["inspect", str(path)], ["inspect", "--json", str(path)]):
        done = CliRunner().invoke(main, arguments)
        assert 2 == done.exit_code
        assert done.output.startswith(f"Error: {path}")
        assert isinstance(done.exception, SystemExit)


def test_inspect_refuses_a_folder(tmp_path: Path) -> None:
    """A folder is no file, whatever its name ends in."""
    for name in ("a.tflite", "a.keras"):
        (tmp_path / name).mkdir()
        done = CliRunner().invoke(main, ["inspect", str(tmp_path / name)])

        assert (2, True) == (done.exit_code, f"{tmp_path / name}" in done.output)


def test_inspect_a_model_without_layers(tmp_path: Path) -> None:
    """A model of nothing has a table of nothing."""
    path = tmp_path / "m.h5"
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}
    path.write_bytes(hdf5({"model_weights/counter": np.int64(3)}, model_config=json.dumps(config)))

    facts = inspect(path)

    assert (0, []) == (facts["parameters"], facts["layers"])
    assert "parameters" in render(facts, as_json=False)


def test_inspect_needs_no_tensorflow(file: Path, child_environment: Mapping[str, str]) -> None:
    """Looking into a file loads neither TensorFlow nor Keras."""
    program = (
        "import sys\n"
        "from weighin.cli import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "loaded = {'tensorflow', 'keras', 'tf_keras'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )

    done = run_python("-c", program, "inspect", str(file), environment=child_environment)

    assert (0, "") == (done.returncode, done.stderr)
    assert "parameters" in done.stdout


def damaged(whole: bytes, seed: int) -> bytes:
    """The same with a few bytes changed, or cut off, by chance but the same every time."""
    chance = random.Random(seed)
    if seed >= FLIPS:
        return whole[: chance.randrange(len(whole))]
    content = bytearray(whole)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        at = chance.randrange(len(content) if seed % 2 else min(len(content), 1200))
        content[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
    return bytes(content)


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    """Of 1,000 damaged .tflite files each is read after all or refused; nothing else happens."""
    whole, path = tflite(), tmp_path / "m.tflite"
    refusals = []
    for seed in range(FLIPS + CUTS):
        path.write_bytes(damaged(whole, seed))
        try:
            read_tflite(path)
        except WeighinError as error:
            refusals.append(str(error))

    assert FLIPS / 10 < len(refusals) < FLIPS + CUTS
    known = tuple(f"{path} is {what}" for what in ("not a whole", "no .tflite", "empty"))
    assert all(said.startswith(known) for said in refusals)


def test_damaged_files_are_shown_or_refused(tmp_path: Path) -> None:
    """What could be read can be shown too, as a table and as JSON."""
    whole, path = tflite(), tmp_path / "m.tflite"
    for seed in range(0, FLIPS, 4):
        path.write_bytes(damaged(whole, seed))
        try:
            facts = inspect(path)
        except WeighinError:
            continue
        assert render(facts, as_json=False)
        json.loads(render(facts, as_json=True))


def _answer(path: str, seeds: range) -> None:
    """Open damaged files in LiteRT, one after the other; a line says what became of each."""
    from weighin.runtimes.litert import LiteRT

    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    whole = tflite()
    image = np.zeros((1, 8, 8, 3), np.float32)
    for seed in seeds:
        Path(path).write_bytes(damaged(whole, seed))
        Path(f"{path}.seed").write_text(str(seed), "utf-8")
        session = None
        try:
            session, outcome = LiteRT().open(Path(path), 1), "opened"
        except WeighinError:
            outcome = "refused"
        except Exception as error:
            outcome = type(error).__name__
        with Path(f"{path}.outcomes").open("a", encoding="utf-8") as file:
            file.write(f"{outcome}\n")  # at once: the next file may crash this process
        if session is None:
            continue
        # not to be read, or another shape than this image's
        with contextlib.suppress(WeighinError, ValueError, RuntimeError):
            names = read_tflite(Path(path)).inputs_by_name()
            session.inference(dict.fromkeys(names, image))()
        session.close()


def test_litert_opens_or_refuses_damaged_files(tmp_path: Path) -> None:
    """Each is opened or refused by name; native code that crashes does so in another process."""
    path, end = tmp_path / "m.tflite", FLIPS + CUTS
    spawning = multiprocessing.get_context("spawn")
    crashes, seed = 0, 0
    while seed < end and crashes < 25:
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawning) as pool:
            try:
                pool.submit(_answer, str(path), range(seed, end, 2)).result(120)
                break
            except BrokenProcessPool:
                crashes += 1
                seed = int(Path(f"{path}.seed").read_text("utf-8")) + 2
    outcomes = set(Path(f"{path}.outcomes").read_text("utf-8").split())

    assert {"refused"} <= outcomes <= {"opened", "refused"}


KILLS_ITSELF = """#!{python}
import os, signal
os.kill(os.getpid(), signal.{name})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_crashed_process_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A cold start that dies of a signal is an error that names it, not one that ends the run."""
    script = tmp_path / "python"
    script.write_text(KILLS_ITSELF.format(python=sys.executable, name=name), "utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))

    with pytest.raises(WeighinError, match=f"a fresh process with litert crashed: {name}"):
        cold_starts("litert", tmp_path / "m.tflite", 1, {"x": np.zeros((1, 2), np.float32)})


def test_a_damaged_file_fails_in_its_own_process(tmp_path: Path) -> None:
    """What LiteRT says of a file that it refuses comes back from the fresh process."""
    path = tmp_path / "m.tflite"
    path.write_bytes(tflite()[:300])

    with pytest.raises(WeighinError, match=r"a fresh process with litert (failed|crashed): \w"):
        cold_starts("litert", path, 1, {"x": np.zeros((1, 8, 8, 3), np.float32)})


def test_a_cold_start_of_a_whole_file(tmp_path: Path) -> None:
    """The same file undamaged answers, in a time and with a memory that can be."""
    path = tmp_path / "m.tflite"
    path.write_bytes(content([dense(3, 4)]))

    (name,) = read_tflite(path).inputs_by_name()
    (found,) = cold_starts("litert", path, 1, {name: np.ones((1, 4), np.float32)})

    weights = dense(3, 4).weights
    assert weights.sum(axis=1).tolist() == pytest.approx(list(found.answer), rel=1e-5)
    assert found.seconds > 0
    assert found.peak_bytes > 1_000_000


@pytest.mark.parametrize("name", ["model.pt", "README.md", "folder"])
def test_what_is_no_model_file_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    """Whatever it holds; the error says which files are read."""
    path = tmp_path / name
    path.mkdir() if name == "folder" else path.write_bytes(b"any")

    with pytest.raises(WeighinError, match=rf"{name} is none of the files .* \.tflite, \.onnx"):
        inspect(path)
