"""Weights whose scales are by blocks: read, and written out as what they stand for."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import content, dense

from weighin.core import WeighinError
from weighin.formats.holding import held
from weighin.formats.tflite import parsed
from weighin.formats.unblocking import has_blocks, without_blocks

ROWS, COLUMNS, BLOCK = 6, 8, 4
SCALES = np.arange(1, ROWS * COLUMNS // BLOCK + 1, dtype=np.float16) / 8


def packed(model: Any) -> bytes:
    """The bytes of a model of the schema."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def blocked(damage: Callable[[Any, Any, Any], None] = lambda model, tensor, details: None) -> bytes:
    """A file of one dense layer of int8 with a scale for each four weights of a row."""
    model = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(content([dense(ROWS, COLUMNS, "int8")]), 0)
    )
    graph = model.subgraphs[0]
    scales, buffer, details = schema.TensorT(), schema.BufferT(), schema.BlockwiseQuantizationT()
    buffer.data = SCALES.view(np.uint8)
    scales.name, scales.shape, scales.type = "scales", [ROWS, 2], schema.TensorType.FLOAT16
    scales.buffer = len(model.buffers)
    model.buffers.append(buffer)
    graph.tensors.append(scales)
    details.scales, details.zeroPoints, details.blockSize = len(graph.tensors) - 1, -1, BLOCK
    weights = next(each for each in graph.tensors if each.name == b"dense0")
    weights.quantization = schema.QuantizationParametersT()
    weights.quantization.detailsType = schema.QuantizationDetails.BlockwiseQuantization
    weights.quantization.details = details
    damage(model, scales, details)
    return packed(model)


def outside(content: bytes) -> bytes:
    """The same file, the scales behind the FlatBuffer, as litert-quantizer has large ones."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    kept = model.buffers[-1]
    data, kept.data = kept.data.tobytes(), None
    kept.offset = kept.size = 2
    kept.offset, kept.size = len(packed(model)), len(data)
    return packed(model) + data


@pytest.mark.parametrize("file", [blocked(), outside(blocked())])
def test_each_block_has_its_own_scale(file: bytes) -> None:
    (kernel,) = parsed(file, "made by hand").kernels
    stored = dense(ROWS, COLUMNS, "int8").weights.astype(float)

    assert (BLOCK, len(SCALES)) == (kernel.block, kernel.scales)
    assert np.array_equal(stored * np.repeat(SCALES, BLOCK).reshape(ROWS, COLUMNS), kernel.real())


def test_they_count_as_quantized_weights() -> None:
    graph = parsed(blocked(), "made by hand")

    assert held(graph).startswith("int8 weights, float32 activations")
    assert (ROWS * COLUMNS, ROWS * COLUMNS) == (graph.parameters, graph.macs)


@pytest.mark.parametrize("file", [blocked(), outside(blocked())])
def test_written_out_they_are_the_floats_that_they_stand_for(file: bytes) -> None:
    graph = parsed(file, "made by hand")

    plain = parsed(without_blocks(file, graph), "written out")

    assert has_blocks(graph)
    assert not has_blocks(plain)
    assert "FLOAT32" == plain.kernels[0].dtype
    assert np.array_equal(graph.kernels[0].real(), plain.kernels[0].real())


def test_files_without_blocks_have_none() -> None:
    assert not has_blocks(parsed(content([dense(8, 8, "int8")]), "made by hand"))


def _elsewhere(model: Any, tensor: Any, details: Any) -> None:
    details.scales = 999


def _of_floats(model: Any, tensor: Any, details: Any) -> None:
    tensor.type = schema.TensorType.FLOAT32


def _of_nothing(model: Any, tensor: Any, details: Any) -> None:
    details.blockSize = 0


def _odd(model: Any, tensor: Any, details: Any) -> None:
    model.buffers[tensor.buffer].data = np.zeros(3, np.uint8)


def _itself(model: Any, tensor: Any, details: Any) -> None:
    details.scales = 1


@pytest.mark.parametrize("damage", [_elsewhere, _of_floats, _of_nothing, _odd, _itself])
def test_damaged_ones_are_refused(damage: Callable[[Any, Any, Any], None]) -> None:
    with pytest.raises(WeighinError, match="is not a whole"):
        parsed(blocked(damage), "made by hand")


def test_too_few_scales_are_no_weights() -> None:
    def few(model: Any, tensor: Any, details: Any) -> None:
        tensor.shape, model.buffers[tensor.buffer].data = [1, 2], np.zeros(4, np.uint8)

    with pytest.raises(ValueError, match="broadcast"):
        parsed(blocked(few), "made by hand").kernels[0].real()
