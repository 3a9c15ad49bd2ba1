"""Finished float files quantized by recipes: weights, exceptions, files of older converters."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from helpers import finished
from helpers.finished import part
from helpers.flatbuffer import Layer, content

from weighin import grammar, registry
from weighin.core import SkippedError, WeighinError
from weighin.exports._completing import Completed
from weighin.formats.graph import Graph
from weighin.formats.tflite import parsed

pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")

LITERT = registry.exports["litert"]


def layer(outputs: int, inputs: int, bias: bool = False) -> Layer:
    """A dense layer of weights drawn at random, the same each time."""
    generator = np.random.default_rng(outputs * inputs)
    weights = generator.normal(0, 0.3, (outputs, inputs)).astype(np.float32)
    biases = generator.normal(0, 0.3, outputs).astype(np.float32) if bias else None
    return Layer("dense", weights, biases)


LAYERS = [layer(32, 64), layer(32, 32), layer(8, 32)]
FILE = content(LAYERS)
INPUTS = {"input": np.random.default_rng(1).uniform(-1, 1, (30, 64)).astype(np.float32)}


def made(name: str, file: bytes = FILE, inputs: Any = INPUTS) -> bytes:
    """A variant of a file."""
    call = grammar.parse(name).export
    function = registry.exports[call.name]
    return vars(function)["of_file"](file, inputs, **grammar.arguments(call, function))


def claimed(name: str, file: bytes) -> str | None:
    """How a file breaks a variant's claim."""
    call = grammar.parse(name).export
    return vars(LITERT)["claim"](parsed(file, "made"), **grammar.arguments(call, LITERT))


def read(name: str, file: bytes = FILE, inputs: Any = INPUTS) -> Graph:
    """What a variant holds; it keeps its own claim."""
    variant = made(name, file, inputs)
    if name.startswith("litert"):
        assert claimed(name, variant) is None
    return parsed(variant, "made")


def answers(file: bytes, inputs: Any = INPUTS) -> np.ndarray:
    """What LiteRT answers, one example after the other, in real values."""
    from ai_edge_litert.interpreter import Interpreter

    from weighin import named

    interpreter = Interpreter(model_content=file)
    interpreter.allocate_tensors()
    (entry,), (end,) = interpreter.get_input_details(), interpreter.get_output_details()
    given = []
    for example in named.singly(inputs):
        interpreter.set_tensor(entry["index"], named.stored(example["input"], entry))
        interpreter.invoke()
        given.append(named.real(interpreter.get_tensor(end["index"]), end))
    return np.concatenate(given)


# -- what is stored -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("litert(dynamic_wi8_afp32)", 127),
        ("litert(weight_only_wi8_afp32)", 127),
        ("litert(dynamic_wi4_afp32)", 7),
        ("litert(dynamic_wi4b32_afp32)", 7),
        ("litert(static_wi8_ai16)", 127),
        ("litert(static_wi8_ai8,granularity=tensor)", 127),
    ],
)
def test_weights_are_the_float_ones_rounded(name: str, steps: int) -> None:
    """In steps of their channel's, their block's or their kernel's largest."""
    kernels = read(name).kernels

    for kernel, float_layer in zip(kernels, LAYERS, strict=True):
        weights = float_layer.weights
        if kernel.block:
            rows = weights.reshape(-1, kernel.block)
            largest = np.abs(rows).max(axis=1, keepdims=True).repeat(kernel.block, axis=1)
            largest = largest.reshape(weights.shape)
        else:
            largest = np.abs(weights).max(axis=1 if kernel.scales > 1 else None, keepdims=True)
        # scales of blocks are rounded to 8 bits themselves
        slack = 1 / 128 * np.abs(weights) if kernel.block else 1e-6
        assert np.all(np.abs(kernel.real() - weights) <= 0.51 * largest / steps + slack)


def test_a_static_file_answers_nearly_as_the_float_one() -> None:
    wanted = answers(FILE)

    given = answers(made("litert(static_wi8_ai8)"))

    # its ranges are averages of single inputs' ranges, so the outermost answers are clipped
    assert np.corrcoef(given.ravel(), wanted.ravel())[0, 1] > 0.95


def test_ranges_follow_the_inputs_that_calibrate() -> None:
    """Of inputs ten times as large, the steps of the input are ten times as coarse."""
    small, large = (
        read("litert(static_wi8_ai8)", FILE, {"input": INPUTS["input"] * by}) for by in (1, 10)
    )

    steps = [graph.tensors[graph.inputs[0]].scale for graph in (small, large)]
    assert steps[1] == pytest.approx(10 * steps[0], rel=0.01)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("signed", [True, False])
def test_several_inputs_calibrate_by_their_names(order: tuple[int, int], signed: bool) -> None:
    parts = (part("left", "a"), part("right", "b", np.ones((2, 4))))
    file = finished.content(parts, inputs=order, signed=signed)
    ones = np.ones((9, 4), np.float32)
    graph = read("litert(static_wi8_ai8)", file, {"right": 50 * ones, "left": ones})

    reach = {name: graph.tensors[n].reach[1] for name, n in graph.inputs_by_name().items()}
    assert {"left": pytest.approx(1, rel=0.1), "right": pytest.approx(50, rel=0.1)} == reach


def test_inputs_that_are_no_numbers_are_refused() -> None:
    bad = {"input": INPUTS["input"].copy()}
    bad["input"][3, 0] = np.inf

    with pytest.raises(WeighinError, match="Calibration input 3 of 30 holds NaN or infinite"):
        made("litert(static_wi8_ai8)", FILE, bad)


def test_int4_of_a_file_leaves_small_kernels_float() -> None:
    graph = read("int4")

    assert ["INT4", "INT4", "FLOAT32"] == [kernel.dtype for kernel in graph.kernels]


# -- exceptions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "weights", "given"),
    [
        ("dynamic_wi4_afp32,except=dense1", "4f4", "fff"),
        ("dynamic_wi4_afp32,except=dense?:int8", "888", "fff"),
        ("dynamic_wi4b32_afp32,except=dense2:int8", "448", "fff"),
        ("dynamic_wi4_afp32,algorithm=mse,except=dense0:int8|dense2", "84f", "fff"),
        ("static_wi8_ai8,except=dense0", "f88", "f88"),
        ("static_wi8_ai8,except=dense1:int16", "888", "8w8"),
        ("static_wi8_ai16,except=dense1:int8", "888", "w8w"),
        ("static_wi8_ai8,bits=4,except=dense0:int8|dense2:int16", "848", "88w"),
        ("dynamic_wi4_afp32,except=*|dense1:int8", "f8f", "fff"),
    ],
)
def test_named_layers_are_left_in_the_precision_named(name: str, weights: str, given: str) -> None:
    """What is named later counts; others are as the recipe says."""
    names = {"FLOAT32": "f", "INT8": "8", "INT4": "4", "INT16": "w"}
    if weights == "f8f":  # nothing is left that the recipe itself quantizes
        with pytest.raises(SkippedError, match="nothing was quantized"):
            made(f"litert({name})")
        return
    if weights == "888" and name.startswith("dynamic"):
        with pytest.raises(SkippedError, match="nothing was quantized"):
            made(f"litert({name})")
        return

    graph = read(f"litert({name})")
    layers = [each for each in graph.operators if each.kernels]

    assert weights == "".join(names[each.kernels[0].dtype] for each in layers)
    assert given == "".join(names[graph.tensors[each.inputs[0]].dtype] for each in layers)


def test_a_name_that_means_no_layer_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(WeighinError, match=r"=dens names no layer .*: dense0, dense1, dense2"):
        made("litert(dynamic_wi8_afp32,except=dense1|dens)")


@pytest.mark.parametrize(
    ("name", "is_really", "told"),
    [
        ("dynamic_wi8_afp32,except=dense1", "dynamic_wi8_afp32", "was to be left float"),
        ("static_wi8_ai8,except=dense1:int8", "static_wi8_ai8,except=dense1", "to be left int8"),
        ("dynamic_wi8_afp32", "static_wi8_ai8", "dense0 is given INT8, not FLOAT32"),
        ("static_wi8_ai8", "dynamic_wi8_afp32", "dense0 is given FLOAT32, not INT8"),
        ("static_wi8_ai16", "static_wi8_ai8", "dense0 is given INT8, not INT16"),
        ("dynamic_wi4_afp32", "dynamic_wi8_afp32", "nothing was quantized"),
        ("dynamic_wi4_afp32", "dynamic_wi4_afp32,except=dense0:int8", "holds INT8, not INT4"),
        ("dynamic_wi4_afp32", "dynamic_wi4b32_afp32", "a scale for 32 values, not 0"),
        ("dynamic_wi4b32_afp32", "dynamic_wi4_afp32", "a scale for 0 values, not 32"),
        ("dynamic_wi8_afp32,granularity=tensor", "dynamic_wi8_afp32", "32 scales, not one"),
        ("dynamic_wi8_afp32,batch=open", "dynamic_wi8_afp32", "its batch dimension is fixed"),
    ],
)
def test_a_file_that_is_another_recipes_is_found_out(name: str, is_really: str, told: str) -> None:
    assert told in str(claimed(f"litert({name})", made(f"litert({is_really})")))


# -- what a recipe cannot do ----------------------------------------------------------------------


def test_a_recipe_that_changes_nothing_is_skipped_with_the_reason() -> None:
    with pytest.raises(SkippedError) as skipped:
        made("litert(dynamic_wi8b32_afp32)")

    assert "changes no operator at all, and layers here are FULLY_CONNECTED" in str(skipped.value)
    assert "nothing was quantized" in str(claimed("litert(dynamic_wi8b32_afp32)", FILE))


def test_blocks_that_do_not_divide_a_layer_are_refused_with_the_way_out() -> None:
    file = content([layer(20, 64), layer(8, 20)])

    with pytest.raises(WeighinError, match="not divisible by block size 32"):
        made("litert(dynamic_wi4b32_afp32)", file)
    graph = read("litert(dynamic_wi4b32_afp32,except=dense1)", file)
    assert ["INT4", "FLOAT32"] == [kernel.dtype for kernel in graph.kernels]


@pytest.mark.parametrize("recipe", ["static_wi8_ai8", "static_wi8_ai16"])
def test_a_bias_that_overflowed_is_found_out(recipe: str) -> None:
    """A channel without weights has a scale of next to nothing, at which its bias is too large."""
    first = layer(32, 64, bias=True)
    dead = dataclasses.replace(first, weights=first.weights.copy(), bias=np.abs(first.bias))
    dead.weights[5] = 0
    file = content([dead, layer(8, 32)])

    told = claimed(f"litert({recipe})", made(f"litert({recipe})", file))

    assert "'dense0/bias' holds -2147483648, a bias that does not fit" in str(told)
    mended = f"litert({recipe},except=dense0)"
    assert claimed(mended, made(mended, file)) is None


# -- files of older converters --------------------------------------------------------------------


def rewritten(change: Any) -> bytes:
    """`FILE`, its model changed."""
    from weighin.exports._completing import packed, unpacked

    _, model = unpacked(FILE)
    change(model)
    return packed(model)


def _old(model: Any) -> None:
    for code in model.operatorCodes:  # the newer field was not there yet
        code.builtinCode = 0


def _alike(model: Any) -> None:
    for tensor in model.subgraphs[0].tensors:
        tensor.name = b"same"


def _nameless(model: Any) -> None:
    for tensor in model.subgraphs[0].tensors:
        tensor.name = None


def _elsewhere_signed(model: Any) -> None:
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"other", 0
    signature.inputs = signature.outputs = []
    model.signatureDefs = [signature]


@pytest.mark.parametrize("change", [_old, _alike, _nameless, _elsewhere_signed])
@pytest.mark.parametrize("recipe", ["dynamic_wi8_afp32", "static_wi8_ai8"])
def test_what_the_quantizer_misses_is_added_and_taken_away(change: Any, recipe: str) -> None:
    """The same weights as of the whole file; no signature or name that was not there."""
    whole, lacking = read(f"litert({recipe})"), rewritten(change)

    graph = read(f"litert({recipe})", lacking)

    before = parsed(lacking, "lacking")
    assert [k.values.tolist() for k in whole.kernels] == [k.values.tolist() for k in graph.kernels]
    assert ("signatures" in before.remarks) == ("signatures" in graph.remarks)
    assert before.subgraphs[0].signatures == graph.subgraphs[0].signatures
    assert not [tensor.name for tensor in graph.tensors if "#" in tensor.name and change is _alike]
    if change is _nameless:
        assert {""} == {graph.tensors[each.outputs[0]].name for each in graph.operators[1:-1]}


def test_a_file_that_lacks_nothing_stays_as_it_is() -> None:
    signed = finished.content([part()], signed=True)

    assert FILE == Completed.of(FILE, signed=False).content
    assert signed == Completed.of(signed, signed=True).content
    assert "serving_default" == Completed.of(signed, signed=True).key


@pytest.mark.parametrize("recipe", ["dynamic_wi8_afp32", "static_wi8_ai8"])
def test_weights_behind_the_flatbuffer_are_kept(recipe: str) -> None:
    """So the quantizer writes files of 256 kB on; those that are mended are written anew."""
    large = [layer(400, 800), layer(8, 400)]
    inputs = {"input": np.random.default_rng(1).uniform(-1, 1, (5, 800)).astype(np.float32)}

    kernels = read(f"litert({recipe})", content(large), inputs).kernels

    for kernel, float_layer in zip(kernels, large, strict=True):
        assert np.abs(kernel.real() - float_layer.weights).max() < 0.01
