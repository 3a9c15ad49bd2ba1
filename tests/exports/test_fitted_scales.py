"""Scales of 4-bit kernels by what their layers put out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.flatbuffer import Layer, content
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.exports import _asking, _fitting, int4
from weighin.exports._completing import packed, unpacked
from weighin.formats.tflite import parsed

pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")


def weights(*shape: int, far: float, seed: int = 0) -> Any:
    """Weights like each other, but for one far out."""
    values = np.random.default_rng(seed).normal(0, 0.1, shape).astype(np.float32)
    values.reshape(-1)[5] = far
    return values


def made(whole: bytes, inputs: Any, **options: Any) -> bytes:
    """A file of four bits."""
    asked = {"compute": "integer", "scales": "tensor", "fit": "outputs", "smallest": 0}
    return int4.of_file(whole, inputs, **{**asked, **options}, batch="open")


def off(whole: bytes, other: bytes, inputs: Any) -> float:
    """How far two files' answers are apart, in their mean square."""
    both = [_asking.interpreter(file, _asking.PLAIN) for file in (whole, other)]
    asked = _asking.examples(both[0], inputs)
    answers = [np.array([_asking.answers(each, one)[0] for one in asked]) for each in both]
    return float(np.mean(np.square(answers[0] - answers[1])))


def dense() -> bytes:
    """Two dense layers."""
    shapes = ((40, 30), (10, 40))
    layers = [Layer("layer", weights(*shape, far=1.5)) for shape in shapes]
    return content(layers)


@pytest.mark.parametrize("scales", ["tensor", "channel"])
@pytest.mark.parametrize("compute", ["integer", "float"])
def test_answers_are_nearer(scales: str, compute: str) -> None:
    """Than by the range, which one weight widens."""
    whole, generator = dense(), np.random.default_rng(1)
    inputs = {"x": generator.normal(size=(32, 30)).astype(np.float32)}
    by_range, fitted = (
        made(whole, inputs, scales=scales, compute=compute, fit=fit) for fit in ("range", "outputs")
    )

    assert off(whole, fitted, inputs) < 0.7 * off(whole, by_range, inputs)
    first, second = (parsed(file, "file") for file in (by_range, fitted))
    assert [o.name for o in first.operators] == [o.name for o in second.operators]
    assert [t.scales for t in first.tensors] == [t.scales for t in second.tensors]


def test_it_looks_at_what_a_layer_is_given() -> None:
    """A weight that nothing is multiplied with may be cut; one that counts may not."""
    whole = content([Layer("layer", weights(40, 30, far=1.5))])
    generator = np.random.default_rng(1)
    idle = {"x": generator.normal(size=(32, 30)).astype(np.float32)}
    idle["x"][:, 5] = 0
    busy = {"x": idle["x"].copy()}
    busy["x"][:, 5] = 9
    largest = []
    for inputs in (idle, busy):
        (kernel,) = parsed(made(whole, inputs), "file").kernels
        largest.append(float(np.abs(kernel.real()).max()))

    assert largest[0] < 0.7
    assert largest[1] > 1.3


def test_a_kernel_that_two_layers_share_is_judged_by_both() -> None:
    """What counts for one of them stays."""
    layer = Layer("layer", weights(30, 30, far=1.5))
    _, model = unpacked(content([layer, layer]))
    first, second = model.subgraphs[0].operators
    second.inputs = [second.inputs[0], first.inputs[1], *second.inputs[2:]]
    inputs = {"x": np.random.default_rng(1).normal(size=(32, 30)).astype(np.float32)}
    whole = packed(model)
    found = made(whole, inputs)

    assert len({o.inputs[1] for o in parsed(found, "file").operators}) == 1
    assert off(whole, found, inputs) <= off(whole, made(whole, inputs, fit="range"), inputs)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [(3, 1, 1), (3, 2, 1), (1, 1, 1), (2, 1, 2)]
)
def test_rows_are_what_a_convolution_multiplies(
    padding: str, kernel: int, stride: int, dilation: int
) -> None:
    """Their products with its kernel are what LiteRT puts out."""
    from ai_edge_litert import schema_py_generated as schema

    values = weights(4, kernel, kernel, 3, far=1.0)
    options = schema.Conv2DOptionsT()
    options.padding = getattr(schema.Padding, padding)
    options.strideH = options.strideW = stride
    options.dilationHFactor = options.dilationWFactor = dilation
    given = np.random.default_rng(2).normal(size=(1, 7, 6, 3)).astype(np.float32)
    rows = _fitting._rows(given, values.shape, options)

    assert rows.shape[1] == kernel * kernel * 3
    np.testing.assert_allclose(
        rows @ values.reshape(4, -1).T, convolved(given, values, options), atol=1e-5
    )


def convolved(given: Any, values: Any, options: Any) -> Any:
    """What LiteRT makes of it, one row for each place."""
    from helpers.flatbuffer import Graph

    graph = Graph()
    graph.graph.inputs = [graph.tensor("x", given.shape, "float32")]
    kernel = graph.tensor("kernel", values.shape, "float32", values)
    out = graph.tensor("y", (1, 1, 1, len(values)), "float32")
    bias = graph.tensor("bias", (len(values),), "float32", np.zeros(len(values), np.float32))
    graph.operator("CONV_2D", [graph.graph.inputs[0], kernel, bias], [out], options)
    graph.graph.outputs = [out]
    opened = _asking.interpreter(graph.packed(), _asking.PLAIN)
    return _asking.answers(opened, [given])[0].reshape(-1, len(values))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.booleans())
def test_no_tried_scale_is_nearer(outputs: int, inputs: int, seed: int, by_channel: bool) -> None:
    """Of one kernel and of each channel; and zeros stay zeros."""
    generator = np.random.default_rng(seed)
    kernel = generator.normal(size=(outputs, inputs)).astype(np.float32)
    kernel[generator.random(kernel.shape) < 0.3] = 0
    rows = generator.normal(size=(12, inputs)).astype(np.float32)
    scales = _fitting.scales_of(kernel, rows, by_channel=by_channel)

    def error(scales: Any) -> Any:
        steps = np.clip(np.round(kernel / scales[:, None]), -7, 7)
        made = np.square(rows @ (steps * scales[:, None] - kernel).T).sum(axis=0)
        return made if by_channel else made.sum(keepdims=True)

    assert len(scales) == (outputs if by_channel else 1)
    assert np.isfinite(scales).all()
    assert (scales > 0).all()
    largest = np.abs(kernel).max(axis=1) if by_channel else np.abs(kernel).max(keepdims=True)[0]
    by_range = np.where(largest > 0, largest, 1).astype(np.float32) / 7
    for share in _fitting.SHARES[::7]:
        assert (error(scales) <= error(share * by_range) * (1 + 1e-4) + 1e-9).all()


@pytest.mark.parametrize("inputs", [{}, {"x": np.zeros((2, 30)), "y": np.zeros((2, 30))}])
def test_without_inputs_it_is_refused(inputs: Any) -> None:
    """Nothing is drawn in their place."""
    with pytest.raises(WeighinError, match="there are no inputs to calibrate with"):
        made(dense(), inputs)


def test_it_is_calibrated_where_it_looks_at_outputs() -> None:
    """So that a build without inputs is refused before it begins."""
    calibrated: Callable[..., bool] = vars(int4.int4)["calibrated"]
    assert calibrated(fit="outputs", tries=5)
    assert not calibrated(scales="tensor")
