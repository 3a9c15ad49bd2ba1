"""What a finished file holds, told in one line; what it takes and gives, in real values."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import finished, flatbuffer
from helpers.finished import part, quantized
from helpers.flatbuffer import Graph, dense
from helpers.rules import layers
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Port, WeighinError
from weighin.formats.graph import Graph as Read
from weighin.formats.graph import Operator, Tensor
from weighin.formats.holding import held, refuse_unbatched, signature_of, variant_held
from weighin.formats.tflite import read_tflite

Written = Callable[[bytes], Read]


@pytest.fixture
def read(tmp_path: Path) -> Written:
    """What is read of a file of these bytes."""

    def of(content: bytes) -> Read:
        path = tmp_path / "file.tflite"
        path.write_bytes(content)
        return read_tflite(path)

    return of


def kept(zeros: int, *dtypes: str, activations: str = "float32") -> bytes:
    """A file of one dense layer for each type, the first with some of 64 weights zero."""
    made = [dense(8, 8, dtype, zeros if not at else 0) for at, dtype in enumerate(dtypes)]
    return flatbuffer.content(made, activations)


def stored(how: str, dtype: str = "float32", zeros: int = 0) -> bytes:
    """A file of one dense layer whose 64 weights are stored otherwise than densely."""
    layer = dense(8, 8, dtype, zeros)
    if how == "int4":
        layer = dataclasses.replace(layer, weights=np.clip(layer.weights, -8, 7))
    return flatbuffer.content([dataclasses.replace(layer, stored=how)])


def connected(shape: tuple[int, ...], dtype: str = "float32", open_batch: bool = False) -> bytes:
    """A file of one RELU from an input `in` of a shape to an output `out`."""
    made = Graph()
    ends = [made.tensor(name, shape, dtype, open_batch=open_batch) for name in ("in", "out")]
    made.graph.inputs, made.graph.outputs = ends[:1], ends[1:]
    made.operator("RELU", ends[:1], ends[1:])
    return made.packed()


# -- one line -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "line", "export"),
    [
        (kept(0, "float32"), "float32 weights, float32 activations, 0 % zeros", "float32"),
        (kept(0, "float16"), "float16 weights, float32 activations, 0 % zeros", "float16"),
        (kept(0, "int8"), "int8 weights, float32 activations, 0 % zeros", "dynamic"),
        (
            kept(0, "int8", activations="int8"),
            "int8 weights, int8 activations, 0 % zeros",
            "int8",
        ),
        (
            kept(0, "int8", activations="int16"),
            "int8 weights, int16 activations, 0 % zeros",
            "int16x8",
        ),
        (
            finished.content([quantized(part(), "uint8")]),  # whose ends are no int8
            "int8 weights, int8 activations, 0 % zeros",
            "int8",
        ),
        (stored("int4", "int8"), "int4 weights, float32 activations, 0 % zeros", "int4"),
        (
            stored("sparse", zeros=48),
            "float32 weights, float32 activations, 75 % zeros in sparse storage",
            "float32",
        ),
        (
            connected((1, 4)),
            "no weights that operators multiply by",
            "float32",
        ),
    ],
)
def test_a_file_is_told_by_how_it_is_stored(
    read: Written, content: bytes, line: str, export: str
) -> None:
    graph = read(content)

    assert line == held(graph)
    assert export == variant_held(graph).export.name


@given(st.integers(0, 64))
def test_zeros_are_a_share_of_the_weights(
    tmp_path_factory: pytest.TempPathFactory, zeros: int
) -> None:
    path = tmp_path_factory.mktemp("zeros") / "file.tflite"
    path.write_bytes(kept(zeros, "float32"))

    assert f", {zeros / 64 * 100:.0f} % zeros" in held(read_tflite(path))


def test_zeros_of_a_quantized_file_are_what_stands_for_zero(read: Written) -> None:
    """By its zero point, which need not be the integer 0."""
    made = Graph()
    made.graph.inputs = [made.tensor("in", (1, 4), "float32")]
    codes = np.array([[3, 3, 3, 0]], np.int8)
    weights = made.tensor("weights", (1, 4), "int8", codes, 0.1, zero=3)
    made.graph.outputs = [made.tensor("out", (1, 1), "float32")]
    options = flatbuffer.schema.FullyConnectedOptionsT()
    made.operator("FULLY_CONNECTED", [0, weights], made.graph.outputs, options)

    assert "75 % zeros" in held(read(made.packed()))


@given(st.permutations(["FLOAT32", "INT8", "FLOAT16"]))
def test_weights_of_several_types_are_told_by_how_many_there_are(order: list[str]) -> None:
    """The most first, whichever operator comes first; it is taken for a file of these."""
    sizes = [8, 24, 64]
    graph = layers(*(("CONV_2D", dtype) for dtype in order), sizes=sizes)

    names = {"FLOAT32": "float32", "INT8": "int8", "FLOAT16": "float16"}
    told = " and ".join(names[dtype] for dtype in reversed(order))
    assert held(graph).startswith(f"{told} weights, float32 activations")
    exports = {"FLOAT32": "float32", "INT8": "dynamic", "FLOAT16": "float16"}
    assert exports[order[-1]] == variant_held(graph).export.name


def test_weights_that_operators_share_are_held_once() -> None:
    """As in a file, so in the share of zeros and in which type there is most of."""
    shared = layers(("CONV_2D", "FLOAT32"), sizes=[8]).operators[0]
    zero = Tensor(9, "zeros", (1, 16), "INT8", np.zeros(16, np.uint8), 1, 0)
    other = Operator("CONV_2D", (0,), (0,), zero, positions=1)
    flowing = layers().tensors
    graph = Read(flowing, (shared, shared, shared, other), (0,), (0,))

    assert "int8 and float32 weights, float32 activations, 67 % zeros" == held(graph)
    assert "dynamic" == variant_held(graph).export.name


def test_what_no_export_makes_is_taken_for_floats() -> None:
    """Of 4-bit weights between integers, say, nothing is claimed."""
    graph = layers(("CONV_2D", "INT4"), flowing="INT8")

    assert held(graph).startswith("int4 weights, int8 activations")
    assert "baseline" == variant_held(graph).name


@pytest.mark.parametrize(
    ("batch", "line"),
    [
        (1, "0 % zeros"),
        (None, "0 % zeros"),
        (4, "0 % zeros, made for batches of 4, asked one example at a time"),
    ],
)
def test_a_file_for_several_examples_says_that_it_is_asked_for_one(
    read: Written, batch: int | None, line: str
) -> None:
    """One that takes any number is not: it is asked as it is made."""
    assert held(read(finished.content([part()], batch=batch))).endswith(line)


# -- what it takes and gives ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
@pytest.mark.parametrize("signed", [False, True])
def test_inputs_and_outputs_are_real_values_by_name_without_the_batch(
    read: Written, dtype: str, signed: bool
) -> None:
    """Names by the signature, or else by the tensors; quantized values as what they stand for."""
    parts = [part("a", "b"), part("c", "d", np.ones((2, 5)))]
    if dtype != "float32":
        parts = [quantized(each, dtype) for each in parts]
    order = [1, 0]

    signature = signature_of(
        read(finished.content(parts, signed=signed, inputs=order, outputs=order))
    )

    told = [[str(port) for port in side] for side in (signature.inputs, signature.outputs)]
    assert [
        ["c (5,) float32", "a (4,) float32"],
        ["d (2,) float32", "b (3,) float32"],
    ] == told


@pytest.mark.parametrize("dtype", ["int32", "int64", "bool", "uint8", "int8", "float64", "string"])
def test_what_has_no_scale_stands_for_itself(read: Written, dtype: str) -> None:
    """Token numbers and pixels are no real numbers; text is told, so that it can be refused."""
    (port,) = signature_of(read(connected((1, 4), dtype))).inputs

    assert Port("in", dtype, (4,), "in", "output") == port


def test_half_precision_is_given_as_single(read: Written) -> None:
    """NumPy's float16 would round what the data hold."""
    assert "float32" == signature_of(read(connected((1, 4), "float16"))).output.dtype


def test_sizes_that_a_file_leaves_open_are_open(read: Written) -> None:
    """But for that of the batch, which is no part of an example."""
    made = Graph()
    made.graph.inputs = [made.tensor("in", (1, 1, 3), "float32")]
    made.graph.tensors[0].shapeSignature = [-1, -1, 3]
    made.graph.outputs = [made.tensor("out", (1, 1, 3), "float32")]
    made.operator("RELU", made.graph.inputs, made.graph.outputs)

    assert (None, 3) == signature_of(read(made.packed())).inputs[0].shape


def ended(*operators: str) -> bytes:
    """A file of operators one behind the other; those that multiply have weights."""
    made = Graph()
    last = made.tensor("in", (1, 4), "float32")
    made.graph.inputs = [last]
    weights = made.tensor("weights", (4, 4), "float32", np.ones((4, 4), np.float32))
    for at, name in enumerate(operators):
        out = made.tensor(f"t{at}", (1, 4), "float32")
        more = [weights] if name in ("FULLY_CONNECTED", "ADD") else []
        made.operator(name, [last, *more], [out])
        last = out
    made.graph.outputs = [last]
    return made.packed()


@pytest.mark.parametrize(
    ("operators", "activation"),
    [
        (("FULLY_CONNECTED", "SOFTMAX"), "softmax"),
        (("SOFTMAX", "DEQUANTIZE"), "softmax"),
        (("LOGISTIC", "QUANTIZE", "RESHAPE", "SQUEEZE"), "sigmoid"),
        (("LOG_SOFTMAX",), "log_softmax"),
        (("SOFTMAX", "FULLY_CONNECTED"), "linear"),
        (("FULLY_CONNECTED", "ADD"), "linear"),
        (("SOFTMAX", "TANH"), ""),
        (("RESHAPE", "RESHAPE"), ""),
    ],
)
def test_what_an_outputs_values_are_is_told_by_the_operator_that_made_them(
    read: Written, operators: tuple[str, ...], activation: str
) -> None:
    """Whatever only passes them on says nothing; inputs that are passed on are not known."""
    assert activation == signature_of(read(ended(*operators))).output.activation


@pytest.mark.parametrize("inputs", [[], [1], [-1]])
def test_a_damaged_chain_of_operators_says_nothing(read: Written, inputs: list[int]) -> None:
    """One that begins nowhere, or goes round: LiteRT refuses it with a better reason."""
    made = Graph()
    for name in ("in", "out"):
        made.tensor(name, (1, 4), "float32")
    made.graph.inputs, made.graph.outputs = [0], [1]
    made.operator("RESHAPE", inputs, [1])

    assert "" == signature_of(read(made.packed())).output.activation


# -- examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (4,), (0,)])
def test_inputs_without_a_dimension_for_examples_are_refused(
    read: Written, shape: tuple[int, ...]
) -> None:
    """Four values would be taken for four examples, and one of them be timed."""
    with pytest.raises(WeighinError, match=r"a\.tflite takes 'in' of shape .* inputs of shape \(1"):
        refuse_unbatched(read(connected(shape)), "a.tflite")


@pytest.mark.parametrize("shape", [(1,), (1, 4), (3, 4), (2, 3, 3, 1)])
def test_inputs_with_such_a_dimension_pass(read: Written, shape: tuple[int, ...]) -> None:
    """One number for each example, too."""
    refuse_unbatched(read(connected(shape)), "a.tflite")


def test_one_number_an_example_beside_others_passes(read: Written) -> None:
    """The other input has as many examples."""
    made = Graph()
    made.graph.inputs = [made.tensor("ids", (3,), "int32"), made.tensor("x", (3, 4), "float32")]
    made.graph.outputs = [made.tensor("out", (3, 4), "float32")]
    made.operator("RELU", [1], made.graph.outputs)

    refuse_unbatched(read(made.packed()), "a.tflite")
    refuse_unbatched(read(connected((1,), open_batch=True)), "a.tflite")
