"""What operators are off by: sums over examples, ranges, what is refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import flatbuffer, networks
from helpers.layer_rows import Beside, layers_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from weighin.core import WeighinError
from weighin.formats.tensor import Tensor
from weighin.layers import errors as measuring
from weighin.layers.delegating import why
from weighin.layers.editable import Editable
from weighin.layers.nearness import Range, Sums
from weighin.layers.opened import Opened
from weighin.layers.rewriting import with_outputs
from weighin.layers.sensitivity import left_float_content, quantized_content
from weighin.report import layers as report

Made = Callable[[str], Beside]
_VALUES = arrays.arrays(
    np.float32, st.integers(1, 20), elements=st.floats(-100, 100, width=32, allow_subnormal=False)
)


@given(_VALUES, st.floats(0.25, 4))
def test_sums_over_parts_are_those_of_the_whole(wanted: Any, factor: float) -> None:
    values = wanted * np.float32(factor)
    whole, parts = Sums(), Sums()
    whole.add(values, wanted)
    for at in range(len(wanted)):
        parts.add(values[at : at + 1], wanted[at : at + 1])

    for one, other in zip(vars(whole.near).values(), vars(parts.near).values(), strict=True):
        assert (one is None) == (other is None)
        assert one is None or one == pytest.approx(other, rel=1e-6, abs=1e-9)


@given(_VALUES.filter(lambda values: np.abs(values).max() > 1e-3))
def test_values_half_as_large_are_6_db_off_and_point_the_same_way(wanted: Any) -> None:
    sums = Sums()
    sums.add(wanted / 2, wanted)

    assert 20 * math.log10(2) == pytest.approx(sums.near.sqnr, abs=1e-3)
    assert 1.0 == pytest.approx(sums.near.cosine)
    assert 0.25 == pytest.approx(sums.near.noise, rel=1e-4)


def test_what_is_the_same_is_exact_and_what_is_nothing_is_not_told() -> None:
    same, nothing, wild = Sums(), Sums(), Sums()
    assert 0.0 == wild.wild
    same.add(np.ones(3), np.ones(3))
    nothing.add(np.ones(3), np.zeros(3))
    wild.add(np.array([1.0, 2.0]), np.array([np.inf, 4.0]))

    assert (None, 0.0) == (same.near.sqnr, same.near.noise)
    assert (None, None, None) == tuple(vars(nothing.near).values())
    assert (0.5, 0.25) == (wild.wild, wild.near.noise)


def test_a_file_that_answers_otherwise_when_it_gives_all_tensors_is_refused(
    beside: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = beside("dense_chain")

    def other(content: bytes, numbers: Any, called: str) -> bytes:
        return with_outputs(networks.with_halved_scales(content, 3), numbers, called)

    monkeypatch.setattr(measuring, "with_outputs", other)
    pair = made.pair(original=made.compressed)

    with pytest.raises(WeighinError, match=r"answers otherwise \('scores'\)"):
        measuring.errors(pair, made.examples)


def test_an_operator_between_integers_and_floats_has_an_error_of_its_own(beside: Made) -> None:
    """A QUANTIZE whose range is cut is what loses, not the layer behind it."""
    made = beside("dense_chain")

    def between(scale: float) -> bytes:
        file = Editable(made.compressed, "a file")
        graph, schema = file.graph, file.schema
        entry = graph.tensors[0]
        given = schema.TensorT()
        given.name, given.shape, given.type, given.buffer = b"x", entry.shape, 0, 0
        entry.name = b"input/int8"
        zero = entry.quantization.zeroPoint[0]
        networks.quantize(entry, float(entry.quantization.scale[0]) * scale, int(zero))
        bias = graph.tensors[graph.operators[0].inputs[2]]
        bias.quantization.scale = [float(each) * scale for each in bias.quantization.scale]
        buffer = file.model.buffers[bias.buffer]
        codes = np.asarray(buffer.data, np.uint8).view(np.int32) / scale
        buffer.data = np.rint(codes).astype(np.int32).view(np.uint8)
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.QUANTIZE
        code.version = 1
        file.model.operatorCodes.append(code)
        operator.opcodeIndex = len(file.model.operatorCodes) - 1
        operator.inputs, operator.outputs = [file.add_tensor(given)], [0]
        graph.operators.insert(0, operator)
        graph.inputs = list(operator.inputs)
        return file.packed()

    number = len(Editable(made.compressed, "a file").graph.tensors)
    examples = [({number: each}, {0: each}) for each in made.inputs]
    whole, cut = (layers_of(made.pair(between(scale)), examples) for scale in (1.0, 0.125))

    assert "conversion" == whole.layers[0].matched
    assert "" == whole.layers[0].unmatched
    assert whole.layers[0].own.sqnr > 35
    assert "input/int8" == cut.worst[0].name
    assert cut.layers[0].clipping.clipped > 0.5


def test_inputs_beyond_the_range_of_the_file_are_remarked(beside: Made) -> None:
    made = beside("dense_chain")
    large = [({0: each * 10}, {0: each * 10}) for each in made.inputs]

    (remark,) = layers_of(made.pair(), large).remarks
    assert "of the values of the input 'input' lie beyond what its scale can hold" in remark
    assert () == layers_of(made.pair(), made.examples).remarks


def test_constants_that_operators_share_are_counted_once(beside: Made) -> None:
    made = beside("residual")
    file = Editable(made.compressed, "a file")
    one, other = (file.graph.operators[place] for place in (1, 3))
    for at in (1, 2):
        shared = file.graph.tensors[one.inputs[at]].buffer
        file.graph.tensors[other.inputs[at]].buffer = shared
    layers = layers_of(made.pair(file.packed()), made.examples).layers

    assert 8 * 3 * 3 * 8 + 4 * 8 == layers[1].bytes
    assert 0 == layers[3].bytes


@pytest.mark.parametrize(
    ("outside", "told"),
    [
        ((), "XNNPACK takes its float32 twin, but not this FULLY_CONNECTED of INT8"),
        ((0,), "XNNPACK does not take this FULLY_CONNECTED, as float32 neither"),
        (None, "XNNPACK does not take this FULLY_CONNECTED of INT8"),
    ],
)
def test_why_an_operator_is_left_out_is_what_is_seen(
    beside: Made, outside: tuple[int, ...] | None, told: str
) -> None:
    assert told == why(beside("dense_chain").pair(), 0, outside)


def test_wide_activations_are_left_out_for_a_known_reason(beside: Made) -> None:
    made = beside("dense_chain")
    file = Editable(made.compressed, "a file")
    for number in (0, *(operator.outputs[0] for operator in file.graph.operators)):
        file.graph.tensors[number].type = file.schema.TensorType.INT16

    assert "16-bit activations" in why(made.pair(file.packed()), 0, ())


def test_a_file_that_cannot_be_opened_or_fed_is_named(beside: Made) -> None:
    made = beside("dense_chain")

    with pytest.raises(WeighinError, match=r"LiteRT cannot open x\.tflite"):
        Opened(b"no file", "x.tflite")
    with pytest.raises(WeighinError, match=r"LiteRT cannot run x\.tflite"):
        Opened(made.original, "x.tflite").run({0: np.zeros((1, 3), np.float32)})


def test_what_keeps_a_state_has_no_error_of_its_own_for_a_reason(beside: Made) -> None:
    made = beside("residual")
    file = Editable(made.original, "a file")
    file.graph.tensors[file.graph.operators[2].inputs[1]].isVariable = True

    with pytest.raises(WeighinError, match="keeps a state"):
        made.pair(original=file.packed()).original.data(2)


def test_infinities_of_a_twin_are_remarked(beside: Made) -> None:
    pair = beside("dense_chain").pair()

    (remark,) = measuring.not_finite(pair, {1: 0.25})
    assert "inputs of second (FULLY_CONNECTED), its float twin makes 25 % infinite" in remark


def test_half_precision_weights_belong_to_the_layers_that_use_them(beside: Made) -> None:
    """What unpacks them is no layer; it comes along where a layer is put into another file."""
    made = beside("dense_chain")
    halves = [flatbuffer.dense(6, 8, "float16"), flatbuffer.dense(3, 6, "float16")]
    wholes = [dataclasses.replace(each, weights=each.weights.astype("f")) for each in halves]
    pair = made.pair(*(flatbuffer.content(layers) for layers in (halves, wholes)))
    examples = [({0: each}, {0: each}) for each in networks.inputs(pair.original.content, 4)]
    layers = layers_of(pair, examples).layers
    text = report.render(layers_of(pair, examples), "text")

    assert ["DEQUANTIZE", "FULLY_CONNECTED"] * 2 == [layer.kind for layer in layers]
    assert [0, 2 * 6 * 8, 0, 2 * 3 * 6] == [layer.bytes for layer in layers]
    assert ["constant", "name"] * 2 == [layer.matched for layer in layers]
    assert "DEQUANTIZE" not in text
    assert "2 operators that only unpack constants have no row." in text
    for rewritten, plain in (
        (quantized_content(pair, 3), pair.original),
        (left_float_content(pair, 1), pair.compressed),
    ):
        one, other = Opened(rewritten, "one"), Opened(plain.content, "other")
        for example, _ in examples:
            one.run(example)
            other.run(example)
            values = other.real(other.gives[0])
            np.testing.assert_allclose(one.real(one.gives[0]), values, rtol=1e-4, atol=1e-5)


def test_a_range_is_used_from_the_least_to_the_greatest_number_seen() -> None:
    nothing = np.empty(0, np.uint8)
    tensor = Tensor(0, "t", (4,), "INT8", nothing, 1, -128, scale=0.1, channel_scales=(0.1,))
    used = Range(tensor)  # from 0 to 25.5
    assert used.clipping is None
    used.add(np.array([-128, -60], np.int8), np.array([-0.04, 6.8]))
    used.add(np.array([-1, -77], np.int8), np.array([12.7, 25.6]))

    assert (0.25, 0.0) == pytest.approx((used.clipping.clipped, 0.0))
    assert 1 - 127 / 255 == pytest.approx(used.clipping.unused)
