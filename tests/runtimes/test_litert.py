"""Files that LiteRT does not open are named, and operators that XNNPACK does not run."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Graph, content, convolution, dense, write

from weighin.core import WeighinError
from weighin.formats.tflite import read_tflite
from weighin.runtimes import _litert
from weighin.runtimes.litert import LiteRT


def test_a_file_that_does_not_open(tmp_path: Path) -> None:
    """A file that LiteRT refuses is named, with LiteRT's own first line."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"no model at all")

    with pytest.raises(WeighinError, match=r"LiteRT cannot open model\.tflite"):
        LiteRT().open(path, 1)


def test_a_file_whose_layers_do_not_fit_does_not_open(tmp_path: Path) -> None:
    """A graph that cannot be prepared is refused when it is opened, not when it is timed."""
    path = write(tmp_path / "model.tflite", convolution(4, 3, 3))

    with pytest.raises(WeighinError, match=r"LiteRT cannot open model\.tflite"):
        LiteRT().open(path, 1)


def test_what_xnnpack_leaves_out_is_named_by_its_place(tmp_path: Path) -> None:
    """Of three operators the last is one that XNNPACK has no kernel for."""
    model = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(content([dense(8, 6), dense(3, 8)], softmax=True), 0)
    )
    last = model.operatorCodes[-1]
    last.builtinCode = last.deprecatedBuiltinCode = schema.BuiltinOperator.LOG_SOFTMAX
    operator = model.subgraphs[0].operators[-1]
    operator.builtinOptions = schema.LogSoftmaxOptionsT()
    operator.builtinOptionsType = schema.BuiltinOptions.LogSoftmaxOptions
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = tmp_path / "model.tflite"
    path.write_bytes(bytes(builder.Output()))

    session, whole = LiteRT().open(path, 1), write(tmp_path / "m.tflite", dense(8, 6))

    assert (2, 3) == session.delegated
    assert (2,) == session.left_out
    assert "LOG_SOFTMAX" == read_tflite(path).operators[2].name
    assert () == LiteRT().open(whole, 1).left_out


def test_an_open_batch_around_a_shape_that_is_fixed_is_answered_one_by_one(tmp_path: Path) -> None:
    """What the file says of its ends need not hold inside; so writes litert-quantizer, too."""
    made = Graph()
    into = made.tensor("x", (1, 4), "float32", open_batch=True)
    shape = made.tensor("shape", (2,), "int32", np.array([2, 2], np.int32))
    squared = made.tensor("squared", (2, 2), "float32")
    back = made.tensor("back", (2,), "int32", np.array([1, 4], np.int32))
    out = made.tensor("y", (1, 4), "float32", open_batch=True)
    made.operator("RESHAPE", [into, shape], [squared], schema.ReshapeOptionsT())
    made.operator("RESHAPE", [squared, back], [out], schema.ReshapeOptionsT())
    made.graph.inputs, made.graph.outputs = [into], [out]
    path = tmp_path / "model.tflite"
    path.write_bytes(made.packed())
    inputs = {"x": np.arange(24, dtype=np.float32).reshape(6, 4)}

    (answers,) = LiteRT().open(path, 1).predict(inputs).values()

    assert np.array_equal(inputs["x"], answers)


def test_a_file_with_a_custom_operator_is_never_resized(tmp_path: Path) -> None:
    """Such kernels may write past what a resized file has for them, and end the process then."""
    pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
    from weighin import grammar, registry

    call = grammar.parse("litert(dynamic_wi8_afp32,algorithm=hadamard_rotation)").export
    export = registry.exports["litert"]
    layer = dataclasses.replace(dense(32, 64), bias=np.ones(32, np.float32))
    whole = content([layer], open_batch=True)
    path = tmp_path / "model.tflite"
    path.write_bytes(vars(export)["of_file"](whole, {}, **grammar.arguments(call, export)))
    session = LiteRT().open(path, 1)

    assert session._one.has_custom
    assert 1 == session._batch({"input": np.zeros((9, 64), np.float32)})
    plain = LiteRT().open(write(tmp_path / "plain.tflite", dense(32, 64), open_batch=True), 1)
    assert not plain._one.has_custom
    assert 1 < plain._batch({"input": np.zeros((9, 64), np.float32)})


def test_tensors_that_are_left_out_lead_from_no_operator_to_another() -> None:
    """A loop leaves outputs out, a dense layer its bias: -1 both, and no tensor at all."""
    kinds = {"WHILE": ([5], [6, -1]), "FULLY_CONNECTED": ([6, 4, -1], [7]), "DELEGATE": ([6], [7])}
    nodes = [
        {"index": at, "op_name": name, "inputs": given, "outputs": made}
        for at, (name, (given, made)) in enumerate(kinds.items())
    ]
    interpreter = object.__new__(_litert._Interpreter)
    interpreter._native = SimpleNamespace(_get_ops_details=lambda: nodes)

    assert (1, 2) == interpreter.delegated
    assert (0,) == interpreter.left_out
