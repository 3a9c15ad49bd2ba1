"""Scales of 4-bit kernels by what their layers put out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.flatbuffer import Graph, Layer, content
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.exports import _asking, _fitting, compact, int4
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
    assert len(fitted) < len(by_range) + 100


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
    """What counts for one of them stays: the second alone is given anything of it."""
    first = Layer("layer", weights(30, 30, far=1.5))
    second = Layer("layer", np.zeros((30, 30), np.float32), np.full(30, 9, np.float32))
    _, model = unpacked(content([first, second, first]))
    operators = model.subgraphs[0].operators
    operators[2].inputs = [operators[2].inputs[0], operators[0].inputs[1]]
    inputs = {"x": np.random.default_rng(1).normal(size=(32, 30)).astype(np.float32)}
    inputs["x"][:, 5] = 0
    alone, both = (made(each, inputs) for each in (content([first]), packed(model)))
    largest = [np.abs(parsed(each, "file").kernels[0].real()).max() for each in (alone, both)]

    assert largest[0] < 0.7
    assert largest[1] > 1.1


@pytest.mark.parametrize("scales", ["tensor", "channel"])
def test_what_lies_in_one_buffer_is_parted(scales: str) -> None:
    """Each of two kernels has steps of its own then."""
    layer = Layer("layer", weights(30, 30, far=1.5))
    inputs = {"x": np.random.default_rng(1).normal(size=(32, 30)).astype(np.float32)}
    apart = content([layer, layer])
    together = compact.compacted(apart)  # equal contents lie in one buffer now

    assert len({t.buffer for t in unpacked(together)[1].subgraphs[0].tensors[1:]}) < 5
    found = [off(apart, made(each, inputs, scales=scales), inputs) for each in (apart, together)]
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [(3, 1, 1), (3, 2, 1), (1, 1, 1), (2, 1, 2)]
)
def test_convolutions(groups: int, padding: str, kernel: int, stride: int, dilation: int) -> None:
    """What is judged are the outputs that LiteRT gives; and they come nearer."""
    from ai_edge_litert import schema_py_generated as schema

    values = weights(4, kernel, kernel, 6 // groups, far=1.0)
    options = schema.Conv2DOptionsT()
    options.padding = getattr(schema.Padding, padding)
    options.strideH = options.strideW = stride
    options.dilationHFactor = options.dilationWFactor = dilation
    given = np.random.default_rng(2).normal(size=(3, 7, 6, 6)).astype(np.float32)
    whole = convolution(values, options)
    scales = np.full(4, 0.1, np.float32)
    stored = _fitting._steps(values.reshape(4, -1, 6 // groups), scales) * np.float32(0.1)
    rounded = convolution(stored.reshape(values.shape), options)
    rows = np.concatenate([_fitting._rows(one[None], values.shape, options, 99) for one in given])
    errors = _fitting._errors(values.reshape(4, -1, 6 // groups), scales, rows, by_channel=True)

    apart = [
        np.square(answered(whole, one[None]) - answered(rounded, one[None])).sum(axis=0)
        for one in given
    ]
    np.testing.assert_allclose(errors, np.sum(apart, axis=0), rtol=1e-3)
    by = "channel" if groups > 1 else "tensor"  # as LiteRT asks of convolutions by groups
    fitted, by_range = (
        made(whole, {"x": given}, fit=fit, scales=by) for fit in ("outputs", "range")
    )
    assert off(whole, fitted, {"x": given}) < off(whole, by_range, {"x": given})


def convolution(values: Any, options: Any) -> bytes:
    """A file of one convolution."""
    graph = Graph()
    graph.graph.inputs = [graph.tensor("x", (1, 7, 6, 6), "float32")]
    kernel = graph.tensor("kernel", values.shape, "float32", values)
    bias = graph.tensor("bias", (len(values),), "float32", np.zeros(len(values), np.float32))
    out = graph.tensor("y", (1, 1, 1, len(values)), "float32")
    graph.operator("CONV_2D", [graph.graph.inputs[0], kernel, bias], [out], options)
    graph.graph.outputs = [out]
    return graph.packed()


def answered(file: bytes, given: Any) -> Any:
    """What LiteRT makes of it, one row for each place."""
    values = _asking.answers(_asking.interpreter(file, _asking.PLAIN), [given])[0]
    return values.reshape(-1, values.shape[-1])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.booleans())
def test_no_tried_scale_is_nearer(outputs: int, inputs: int, seed: int, by_channel: bool) -> None:
    """Of one kernel and of each channel; and zeros stay zeros."""
    generator = np.random.default_rng(seed)
    kernel = generator.normal(size=(outputs, 1, inputs)).astype(np.float32)
    kernel[generator.random(kernel.shape) < 0.3] = 0
    rows = generator.normal(size=(12, 1, inputs)).astype(np.float32)
    scales = _fitting.scales_of(kernel, rows, by_channel=by_channel)

    def error(scales: Any) -> Any:
        steps = np.clip(np.round(kernel / scales[:, None, None]), -7, 7)
        off = (steps * scales[:, None, None] - kernel)[:, 0]
        made = np.square(rows[:, 0] @ off.T).sum(axis=0)
        return made if by_channel else made.sum(keepdims=True)

    assert len(scales) == (outputs if by_channel else 1)
    assert np.isfinite(scales).all()
    assert (scales > 0).all()
    largest = np.abs(kernel).max(axis=(1, 2)) if by_channel else np.abs(kernel).max(keepdims=True)
    largest = largest.reshape(-1)
    by_range = np.where(largest > 0, largest, 1).astype(np.float32) / 7
    for share in _fitting.SHARES:
        assert (error(scales) <= error(share * by_range) * (1 + 1e-4) + 1e-9).all()


@pytest.mark.parametrize("value", [0.0, 1e20, 1e38])
def test_where_inputs_tell_nothing_the_range_decides(value: float) -> None:
    """Of a layer that is never given anything, or what overflows; not the narrowest scale."""
    kernel = weights(5, 1, 30, far=1.5)
    rows = np.full((9, 1, 30), value, np.float32)
    rows[:, :, 5] = value  # the same everywhere: of several scales as near as each other the first
    by_range = np.abs(kernel).max() / 7
    (scale,) = _fitting.scales_of(kernel, rows, by_channel=False)

    assert np.isfinite(scale)
    assert scale == pytest.approx(by_range) or value
    (alike,) = _fitting.scales_of(kernel, np.full_like(rows, 1.0), by_channel=False)
    assert scale == pytest.approx(alike) or not value


def test_inputs_that_are_not_finite_are_refused() -> None:
    """They have no outputs to be near to."""
    inputs = {"x": np.full((32, 30), 0.5, np.float32)}
    inputs["x"][3, 3] = np.nan
    with pytest.raises(WeighinError, match="NaN or infinite"):
        made(dense(), inputs)


def test_examples_are_taken_from_all_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first may be of one class."""
    seen: list[float] = []
    asked = _asking.answers

    def noted(opened: Any, example: Any) -> Any:
        seen.append(float(example[0][0, 0]))
        return asked(opened, example)

    monkeypatch.setattr(_asking, "answers", noted)
    made(dense(), {"x": np.arange(200, dtype=np.float32)[:, None].repeat(30, axis=1)})

    assert len(seen) == _fitting.EXAMPLES
    assert (seen[0], seen[-1]) == (0, 199)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({}, "there are no inputs to calibrate with"),
        ({"x": np.zeros((2, 30)), "y": np.zeros((2, 30))}, "with are x, y: give them the same"),
    ],
)
def test_without_inputs_it_is_refused(inputs: Any, why: str) -> None:
    """Nothing is drawn in their place."""
    with pytest.raises(WeighinError, match=why):
        made(dense(), inputs)


def test_it_is_calibrated_where_it_looks_at_outputs() -> None:
    """So that a build without inputs is refused before it begins."""
    calibrated: Callable[..., bool] = vars(int4.int4)["calibrated"]
    assert calibrated(fit="outputs", tries=5)
    assert not calibrated(scales="tensor")
