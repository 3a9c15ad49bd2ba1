"""OpenVINO: told to compute as asked, held to it, and what it refuses said in a line."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers import engine_files, onnx_files
from helpers.flatbuffer import Graph
from hypothesis import given
from hypothesis import strategies as st

from weighin import registry
from weighin.core import WeighinError
from weighin.formats.onnx.reading import read_onnx
from weighin.measure.closeness import refuse_far
from weighin.packages import missing
from weighin.runtimes import openvino
from weighin.subprocesses import FOLDER

needs_it = pytest.mark.skipif(missing("openvino") is not None, reason=missing("openvino") or "")
LAYERED = """Exception from src/inference/src/cpp/core.cpp:84:
Check 'util::file_exists(path)' failed at src/frontends/tensorflow_lite/src/graph.hpp:44:
FrontEnd API failed with GeneralFailure:
Could not open the file: "model.tflite"

"""
WANTED = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2, "NUM_STREAMS": 1}


class Compiled:
    """A compiled model that says what it would do."""

    def __init__(self, **does: Any) -> None:
        """Do as wanted but for these."""
        self._does = WANTED | does

    def get_property(self, name: str) -> Any:
        """As OpenVINO gives it."""
        value = self._does[name]
        return SimpleNamespace(get_type_name=lambda: value) if name.endswith("HINT") else value


def test_the_line_that_says_what_is_wrong_is_told() -> None:
    """Not where in OpenVINO it was noticed."""
    assert 'Could not open the file: "model.tflite"' == openvino.reason(RuntimeError(LAYERED))
    assert "Exception from a.cpp:1:" == openvino.reason(RuntimeError("Exception from a.cpp:1:\n"))
    assert "RuntimeError" == openvino.reason(RuntimeError(""))


@given(st.text())
def test_any_text_has_one_line(text: str) -> None:
    """None that breaks a table."""
    assert len(openvino.reason(RuntimeError(text)).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("INFERENCE_PRECISION_HINT", "bf16"), ("INFERENCE_NUM_THREADS", 1), ("NUM_STREAMS", 2)],
)
def test_what_would_compute_otherwise_than_told_is_refused(name: str, value: Any) -> None:
    """A hint that it does not take would be another engine under this one's name."""
    openvino._refuse_otherwise(Compiled(), WANTED)
    with pytest.raises(WeighinError, match=f"{name}={WANTED[name]}, and would run with {value}"):
        openvino._refuse_otherwise(Compiled(**{name: value}), WANTED)


@needs_it
@pytest.mark.parametrize(("name", "precision"), [("openvino", "f32"), ("openvino-bf16", "bf16")])
def test_floats_are_computed_as_the_name_says(tmp_path: Path, name: str, precision: str) -> None:
    """So says the compiled model; so do the answers: bfloat16's are off by its rounding alone."""
    if reason := registry.runtimes[name].available():
        pytest.skip(reason)
    path = engine_files.floats(tmp_path)
    given = engine_files.inputs(path)
    session: Any = registry.runtimes[name].open(path, 1)
    compiled = session._request.get_compiled_model()
    right = registry.runtimes["litert"].open(path, 1).predict(given)
    ((name_of, values),) = session.predict(given).items()
    apart = np.abs(values - right[name_of]).max() / np.ptp(right[name_of])

    assert precision == compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    assert 1 == compiled.get_property("INFERENCE_NUM_THREADS")
    assert not compiled.get_property("ENABLE_CPU_PINNING")
    assert "" == session._core.get_property("CACHE_DIR")
    assert (apart < 1e-5) == (precision == "f32")


@needs_it
def test_each_core_has_a_model_of_one_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One model of two streams answers hybrid files wrongly, in most compilations."""
    monkeypatch.setattr(openvino.machine, "usable_cores", lambda: 3)
    path = engine_files.floats(tmp_path)
    session: Any = registry.runtimes["openvino"].open(path, 1)
    given = {name: np.repeat(one[:1], 100, 0) for name, one in engine_files.inputs(path).items()}
    first = session.predict(given)
    (models,) = session._idle.values()
    again = session.predict(given)

    assert 1 <= len(models) <= 3
    assert {1} == {model.get_property("NUM_STREAMS") for model in models}
    assert {1} == {model.get_property("INFERENCE_NUM_THREADS") for model in models}
    assert len(models) == len(set(map(id, models)))  # none is lent twice
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])


@needs_it
def test_more_threads_than_it_takes_are_refused(tmp_path: Path) -> None:
    """Instead of timing fewer under their name."""
    with pytest.raises(WeighinError, match="INFERENCE_NUM_THREADS=511, and would run with"):
        registry.runtimes["openvino"].open(engine_files.floats(tmp_path), 511)


def test_bfloat16_wants_a_processor_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without, it would be emulated or be float32: no row under that name."""
    monkeypatch.setattr(openvino.machine, "has_any", lambda features: False)

    assert "no bfloat16 instructions" in (registry.runtimes["openvino-bf16"].available() or "")
    assert 2**-8 == registry.runtimes["openvino-bf16"].rounding
    assert 0 == registry.runtimes["openvino"].rounding


@needs_it
def test_nobody_is_told_that_it_was_imported(child_environment: Any) -> None:
    """Its telemetry is kept out before it is imported."""
    code = (
        "import sys; from weighin import registry; registry.runtimes['openvino'].load(); "
        "print([each for each in sys.modules if each.startswith('openvino_telemetry') "
        "and sys.modules[each]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=FOLDER,
        env=child_environment,
        check=True,
    )

    assert "[]" == done.stdout.strip()


@needs_it
def test_what_it_refuses_is_named(tmp_path: Path) -> None:
    """An operator that it does not know: the file and OpenVINO's own words, in one line."""
    graph = Graph()
    given_, out = (graph.tensor(name, (1, 4), "float32") for name in "ab")
    graph.operator("ATAN2", [given_, given_], [out])
    graph.graph.inputs, graph.graph.outputs = [given_], [out]
    path = tmp_path / "angles.tflite"
    path.write_bytes(graph.packed())

    with pytest.raises(WeighinError, match=r"OpenVINO cannot open angles\.tflite: \S") as refusal:
        registry.runtimes["openvino"].open(path, 1)
    assert len(str(refusal.value).splitlines()) == 1


@needs_it
def test_an_input_of_what_does_nothing_keeps_its_name(tmp_path: Path) -> None:
    """OpenVINO leaves a Dropout out, and calls its input as its output was called."""
    nodes = [onnx_files.node("Dropout", ["x"], ["kept"]), onnx_files.node("Relu", ["kept"], ["y"])]
    ends = [[onnx_files.value(name, (1, 3))] for name in ("x", "y")]
    content = onnx_files.model(onnx_files.graph(nodes, *ends))
    session = registry.runtimes["openvino"].open(onnx_files.write(tmp_path / "a.onnx", content), 1)

    assert ["x"] == [port.name for port in session._ports.inputs]
    outputs = session.predict({"x": np.array([[-1, 0, 2]], np.float32)})
    assert [[0, 0, 2]] == outputs["y"].tolist()


@needs_it
@pytest.mark.parametrize("stored", ["float32", "int8", "dynamic"])
@pytest.mark.parametrize("name", ["openvino", "openvino-bf16"])
def test_onnx_files_pass_the_check_that_sessions_pass(
    tmp_path: Path, name: str, stored: str
) -> None:
    """Held against the file's reference, with a step of its own where floats are coarse."""
    pytest.importorskip("onnxruntime", reason="pip install -e '.[onnx]'")
    runtime = registry.runtimes[name]
    if reason := runtime.available():
        pytest.skip(reason)
    path = onnx_files.write(tmp_path / "a.onnx", stored=stored)
    graph = read_onnx(path)
    few = {"x": np.random.default_rng(0).random((60, 4), dtype=np.float32)}
    wanted = registry.references["onnx"].answer(path, graph, few, False)
    session = runtime.open(path, 1)

    answers = session.predict(few)
    refuse_far(answers, wanted, "the reference", graph, step=runtime.rounding)
    wrong = {"scores": answers["scores"] * np.float32(0.7)}
    with pytest.raises(WeighinError):
        refuse_far(wrong, wanted, "the reference", graph, step=runtime.rounding)


@needs_it
def test_onnx_files_are_answered_by_their_own_names(tmp_path: Path) -> None:
    """Several inputs and outputs, whole numbers among them, a batch of any size."""
    onnx = pytest.importorskip("onnx", reason="pip install onnx")
    kinds, value = onnx.TensorProto, onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node
    graph = onnx.helper.make_graph(
        [node("Relu", ["b"], ["y"]), node("Identity", ["a"], ["z"])],
        "two",
        [value("b", kinds.FLOAT, ["N", 2]), value("a", kinds.INT64, ["N", 3])],
        [value("z", kinds.INT64, ["N", 3]), value("y", kinds.FLOAT, ["N", 2])],
    )
    opset = onnx.helper.make_opsetid("", 17)
    path = tmp_path / "two.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9), str(path))
    examples = {
        "a": np.arange(21).reshape(7, 3),
        "b": np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32),
    }

    outputs = registry.runtimes["openvino"].open(path, 1).predict(examples)

    assert ["z", "y"] == list(outputs)
    assert np.array_equal(examples["a"], outputs["z"])
    np.testing.assert_allclose(outputs["y"], np.maximum(examples["b"], 0), atol=1e-6)
