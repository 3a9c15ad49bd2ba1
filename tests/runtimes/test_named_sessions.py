"""Sessions of files with several inputs and outputs, of any dtype, with names or without."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Graph, dense, write

from weighin.core import WeighinError
from weighin.exports.compact import compacted
from weighin.formats.tflite import read_tflite
from weighin.measure.cold_start import cold_starts
from weighin.runtimes import _litert, keras, litert
from weighin.runtimes.litert import BATCH, LiteRT

N = BATCH + 7


def several(*, signed: bool, widths: int = 4) -> bytes:
    """Tokens, an offset and a wanted number in; a sum, whether it is less, and where it is highest.

    Tensors are named otherwise than the signature, and outputs lie in another order.
    """
    table = np.arange(8 * widths, dtype=np.float32).reshape(8, widths)
    graph = Graph()
    token = graph.tensor("t:0", (1,), "int32")
    offset = graph.tensor("o:0", (1, widths), "float32")
    number = graph.tensor("n:0", (1,), "int64")
    words = graph.tensor("table", table.shape, "float32", table)
    axis = graph.tensor("axis", (), "int32", np.array([1], np.int32))
    looked = graph.tensor("looked", (1, widths), "float32")
    total = graph.tensor("s:0", (1, widths), "float32")
    less = graph.tensor("l:0", (1,), "bool")
    highest = graph.tensor("h:0", (1,), "int64")
    graph.operator("GATHER", [words, token], [looked], schema.GatherOptionsT())
    graph.operator("ADD", [looked, offset], [total], schema.AddOptionsT())
    options = schema.ArgMaxOptionsT()
    options.outputType = schema.TensorType.INT64
    graph.operator("ARG_MAX", [total, axis], [highest], options)
    graph.operator("LESS", [highest, number], [less], schema.LessOptionsT())
    graph.graph.inputs, graph.graph.outputs = [token, offset, number], [highest, less, total]
    if signed:
        graph.sign(
            {"number": number, "offset": offset, "token": token},
            {"sum": total, "less": less, "highest": highest},
        )
    return graph.packed()


def inputs(widths: int = 4) -> dict[str, Any]:
    """Of N examples, by the signature's names."""
    generator = np.random.default_rng(0)
    return {
        "token": generator.integers(0, 8, N).astype(np.int32),
        "offset": generator.normal(0, 9, (N, widths)).astype(np.float32),
        "number": generator.integers(0, widths, N),
    }


def wanted(given: dict[str, Any], widths: int = 4) -> dict[str, Any]:
    """What the file computes."""
    total = given["token"][:, np.newaxis] * widths + np.arange(widths) + given["offset"]
    highest = total.argmax(axis=1)
    return {"sum": total, "less": highest < given["number"], "highest": highest}


def check(outputs: Any, right: dict[str, Any], names: dict[str, str]) -> None:
    """Whether outputs are the right ones, under other names."""
    assert {names[name] for name in right} == set(outputs)
    for name, values in right.items():
        given = outputs[names[name]]
        assert values.dtype == given.dtype or name == "sum"
        np.testing.assert_allclose(given, values, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("signed", [True, False], ids=["signature", "tensors"])
def test_arrays_go_in_and_out_by_name(tmp_path: Path, signed: bool) -> None:
    """Whatever their order: token ids stay integers, truths and scalars come out as they are."""
    (tmp_path / "m.tflite").write_bytes(several(signed=signed))
    session, given = LiteRT().open(tmp_path / "m.tflite", 1), inputs()
    names = {name: name if signed else f"{name[0]}:0" for name in (*given, *wanted(given))}
    renamed = {names[name]: values for name, values in reversed(given.items())}
    one = {name: values[3:4] for name, values in renamed.items()}

    check(session.predict(renamed), wanted(given), names)
    session.inference(one)()
    first = {name: values[3:4] for name, values in wanted(given).items()}
    check(session.answer(), first, names)
    for kernels in (litert.REFERENCE, litert.OPTIMIZED):
        check(litert.reference(tmp_path / "m.tflite", renamed, kernels), wanted(given), names)
    (start,) = cold_starts("litert", tmp_path / "m.tflite", 1, one)
    told = {tuple(np.ravel(values).tolist()) for values in session.answer().values()}
    assert start.answer in told
    with pytest.raises(WeighinError, match=r"the file takes the inputs .*, not x"):
        session.predict({"x": given["offset"]})


def test_a_file_without_names_keeps_those_that_tell_several_apart(tmp_path: Path) -> None:
    """`compact` drops the signature where there is one input and output, and no other."""
    path = tmp_path / "m.tflite"
    path.write_bytes(compacted(several(signed=True)))
    graph = read_tflite(path)

    assert {"number", "offset", "token"} == set(graph.inputs_by_name())
    assert all(not tensor.name for tensor in graph.tensors)
    outputs, right = LiteRT().open(path, 1).predict(inputs()), wanted(inputs())
    check(outputs, right, {name: name for name in right})


def test_a_file_without_any_names_answers_its_only_input(tmp_path: Path) -> None:
    """Whatever the input is called."""
    whole, bare = (
        write(tmp_path / f"{named}.tflite", dense(3, 4), named=named) for named in (True, False)
    )
    images = np.random.default_rng(0).random((N, 4), dtype=np.float32)
    (scores,), (again,) = (
        LiteRT().open(path, 1).predict({"x": images}).values() for path in (whole, bare)
    )

    assert (N, 3) == scores.shape
    np.testing.assert_array_equal(again, scores)


def test_a_size_that_a_file_leaves_open_is_taken_as_it_comes(tmp_path: Path) -> None:
    """Texts of any length, one after another and many at once."""
    graph = Graph()
    into = graph.tensor("x", (1, 1), "float32", open_batch=True)
    out = graph.tensor("y", (1, 1), "float32", open_batch=True)
    for number in (into, out):
        graph.graph.tensors[number].shapeSignature = [1, -1]
    graph.operator("ABS", [into], [out], schema.AbsOptionsT())
    graph.graph.inputs, graph.graph.outputs = [into], [out]
    path = tmp_path / "m.tflite"
    path.write_bytes(graph.packed())
    session = LiteRT().open(path, 1)

    for length in (5, 2, 9):
        values = np.full((1, length), -float(length), np.float32)
        session.inference({"x": values})()
        np.testing.assert_array_equal(session.answer()["y"], -values)
        np.testing.assert_array_equal(session.predict({"x": values})["y"], -values)


@pytest.mark.parametrize(("most", "batch"), [(10**9, BATCH), (3 * 4 * 1000, 3), (1, 1)])
def test_batches_of_large_outputs_are_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, batch: int
) -> None:
    """However little goes in: what comes out takes memory too."""
    monkeypatch.setattr(_litert, "BATCH_BYTES", most)
    session = LiteRT().open(write(tmp_path / "m.tflite", dense(1000, 1)), 1)
    given: list[int] = []
    honest = _litert._Interpreter.answer

    def watched(interpreter: Any, part: Any) -> Any:
        given.append(len(part["x"]))
        return honest(interpreter, part)

    session._is_resizable({"x": np.zeros((2, 1), np.float32)})
    monkeypatch.setattr(_litert._Interpreter, "answer", watched)
    session._answers_batches = True
    session.predict({"x": np.zeros((2 * BATCH, 1), np.float32)})

    assert batch == max(given)
    assert 2 * BATCH == sum(given)


class Tensor(np.ndarray):  # type: ignore[type-arg]
    """An array that is asked for as TensorFlow's are."""

    def numpy(self) -> Any:
        """Itself."""
        return np.asarray(self)


@pytest.mark.parametrize(
    ("most", "sizes"), [(10**9, [8, 92]), (8 * 101 * 10, [8, *[10] * 9, 2]), (1, [8, *[1] * 92])]
)
def test_keras_answers_as_many_as_memory_allows(
    monkeypatch: pytest.MonkeyPatch, most: int, sizes: list[int]
) -> None:
    """A first few tell how much an example takes, inputs and outputs; each is in its place."""
    asked: list[int] = []

    def answer(part: Any) -> Any:
        asked.append(len(part["x"]))
        return {"y": np.repeat(part["x"], 100, axis=1).view(Tensor)}

    monkeypatch.setattr(keras, "BATCH_BYTES", most)
    monkeypatch.setattr(keras.sessions, "answering", lambda path, device, jit: answer)
    session = keras.KerasSession(Path("m.h5"), "/CPU:0")
    outputs = session.predict({"x": np.arange(100.0).reshape(-1, 1)})

    assert sizes == asked
    np.testing.assert_array_equal(outputs["y"], np.repeat(np.arange(100.0), 100).reshape(100, 100))


def test_compiling_is_not_in_the_time_of_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """XLA compiles anew for each number of examples; without it there is nothing to leave out."""
    clock, asked = iter(range(1000)), list[int]()

    def answer(part: Any) -> Any:
        asked.append(len(part["x"]))
        next(clock)
        return {"y": part["x"].view(Tensor)}

    monkeypatch.setattr(keras, "BATCH_BYTES", 10 * 16)
    monkeypatch.setattr(keras.sessions, "answering", lambda path, device, jit: answer)
    monkeypatch.setattr(keras.time, "perf_counter", lambda: next(clock))
    compiled = keras.KerasSession(Path("m.h5"), "/CPU:0", jit=True)
    plain = keras.KerasSession(Path("m.h5"), "/CPU:0")
    inputs = {"x": np.zeros((28, 1))}

    compiled.predict(inputs)
    assert [8, 8, 10, 10, 10] == asked
    assert 2 * 3 == compiled.seconds
    asked.clear()
    compiled.predict(inputs)
    assert [8, 10, 10] == asked
    plain.predict(inputs)
    assert plain.seconds is None
