"""Files reordered: hand-made graphs, whose channels are free for known reasons."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Graph, Layer, content
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin import grammar, registry
from weighin.core import WeighinError
from weighin.exports import _asking
from weighin.exports import reorder as reordering
from weighin.exports._channel_rules import free_channels
from weighin.exports._channels import Channels
from weighin.exports._editing import Editable
from weighin.exports._idle import clear
from weighin.exports._orders import Orders, searched, starts
from weighin.exports.compact import compacted
from weighin.exports.reorder import reordered
from weighin.formats.tflite import read_tflite

RELU = schema.ActivationFunctionType.RELU
KERNELS = ("AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF")


def taken_apart(file: bytes) -> tuple[Editable, list[Channels]]:
    """A file and its free channels."""
    editable = Editable(file)
    parts = editable.tensors, editable.operators, editable.ends, editable.constants
    return editable, free_channels(*parts)


def widths(file: bytes) -> list[int]:
    """How many channels each free group of a file has."""
    return [group.width for group in taken_apart(file)[1]]


def shuffled(groups: Sequence[Channels], seed: int = 0) -> Orders:
    """A random order of each group."""
    generator = np.random.default_rng(seed)
    return tuple(generator.permutation(group.width) for group in groups)


def answers(file: bytes, kernels: str) -> list[bytes]:
    """A file's answers to the same random inputs."""
    interpreter = _asking.interpreter(file, kernels)
    asked = _asking.drawn(interpreter)
    return [values.tobytes() for one in asked for values in _asking.answers(interpreter, one)]


def sparse(generator: Any, *shape: int, share: float = 0.3, high: int = 100) -> Any:
    """Integers most of which are zero."""
    values = generator.integers(-high, high, shape)
    return np.where(generator.random(shape) < share, values, 0).astype(np.int8)


def layer(*shape: int, seed: int = 0, scales: int = 1, dtype: str = "int8") -> Layer:
    """A layer of sparse weights with a bias, of any type."""
    generator = np.random.default_rng(seed + shape[0])
    weights = sparse(generator, *shape)
    bias = generator.integers(-900, 900, shape[0]).astype(np.int32)
    real = (bias / 90).astype(np.float32)
    if dtype == "float32":
        return Layer("layer", (weights / 90).astype(np.float32), real)
    if dtype == "hybrid":
        return Layer("layer", weights, real, scales=scales)
    return Layer("layer", weights, bias, scales=scales)


def dense_chain(dtype: str = "int8", scales: int = 1) -> bytes:
    """Three dense layers."""
    shapes = ((24, 30), (12, 24), (5, 12))
    layers = [layer(*shape, dtype=dtype, scales=shape[0] if scales > 1 else 1) for shape in shapes]
    return content(layers, activations="int8" if dtype == "int8" else "float32")


class Net(Graph):
    """An integer net while it is put together, of tensors `(1, 4, 4, channels)`."""

    def given(self, channels: int) -> int:
        """Its input."""
        self.graph.inputs = [self.tensor("input", (1, 4, 4, channels), "int8", scale=0.05)]
        return int(self.graph.inputs[0])

    def result(self, kind: str, inputs: Sequence[int], shape: Sequence[int], options: Any) -> int:
        """The output of an operator."""
        made = self.tensor("made", shape, "int8", scale=0.05)
        self.operator(kind, inputs, [made], options)
        return made

    def constants(self, weights: Any, channels: int, scales: int = 1) -> list[int]:
        """The weights of a layer, and its bias."""
        bias = np.random.default_rng(channels).integers(-900, 900, channels).astype(np.int32)
        made = self.tensor("weights", weights.shape, "int8", weights, scale=0.01, scales=scales)
        added = self.tensor("bias", (channels,), "int32", bias, scale=0.0005, scales=scales)
        if scales > 1:
            several = np.linspace(0.005, 0.02, scales)
            quantization = self.graph.tensors[made].quantization
            quantization.scale = several.tolist()
            quantization.quantizedDimension = weights.ndim - 1 if weights.shape[0] == 1 else 0
            self.graph.tensors[added].quantization.scale = (0.05 * several).tolist()
        return [made, added]

    def convolved(self, given: int, channels: int, seed: int = 0, scales: int = 1) -> int:
        """A convolution of 3 × 3."""
        inputs = self.graph.tensors[given].shape[-1]
        weights = sparse(np.random.default_rng(seed), channels, 3, 3, inputs)
        options = schema.Conv2DOptionsT()
        options.strideH = options.strideW = 1
        options.fusedActivationFunction = RELU
        made = [given, *self.constants(weights, channels, scales)]
        return self.result("CONV_2D", made, (1, 4, 4, channels), options)

    def alone(self, given: int, scales: int = 1) -> int:
        """A depthwise convolution of 3 × 3."""
        channels = self.graph.tensors[given].shape[-1]
        weights = sparse(np.random.default_rng(7), 1, 3, 3, channels, share=0.8)
        options = schema.DepthwiseConv2DOptionsT()
        options.strideH = options.strideW = options.depthMultiplier = 1
        made = [given, *self.constants(weights, channels, scales)]
        return self.result("DEPTHWISE_CONV_2D", made, (1, 4, 4, channels), options)

    def added(self, one: int, other: int) -> int:
        """A sum of two tensors."""
        shape = self.graph.tensors[one].shape
        return self.result("ADD", [one, other], shape, schema.AddOptionsT())

    def by_itself(self, kind: str, given: int, *constants: Any, shape: Sequence[int] = ()) -> int:
        """An operator on one tensor, such as LOGISTIC, and constants that say how."""
        more = [self.tensor("how", np.shape(each), "int32", each) for each in constants]
        before = self.graph.tensors[given]
        made = self.result(kind, [given, *more], shape or before.shape, None)
        self.graph.tensors[made].type = before.type
        if kind == "LOGISTIC" and before.quantization is not None:  # LiteRT has no other for it
            self.graph.tensors[made].quantization.scale = [1 / 256]
            self.graph.tensors[made].quantization.zeroPoint = [-128]
        return made

    def flattened(self, given: int) -> int:
        """A reshape to one dimension."""
        size = int(np.prod(self.graph.tensors[given].shape))
        shape = self.tensor("shape", (2,), "int32", np.array([1, size], np.int32))
        options = schema.ReshapeOptionsT()
        options.newShape = [1, size]
        return self.result("RESHAPE", [given, shape], (1, size), options)

    def dense(self, given: int, channels: int) -> int:
        """A dense layer."""
        inputs = int(np.prod(self.graph.tensors[given].shape))
        weights = sparse(np.random.default_rng(9), channels, inputs)
        options = schema.FullyConnectedOptionsT()
        made = [given, *self.constants(weights, channels)]
        return self.result("FULLY_CONNECTED", made, (1, channels), options)

    def ended(self, *outputs: int) -> bytes:
        """The file."""
        self.graph.outputs = list(outputs)
        return self.packed()


def plain() -> bytes:
    """Two convolutions, flattened for a dense layer."""
    net = Net()
    pooled = net.convolved(net.convolved(net.given(3), 8), 6, seed=1)
    return net.ended(net.dense(net.flattened(pooled), 5))


def residual() -> bytes:
    """A sum of what two convolutions make."""
    net = Net()
    given = net.given(3)
    both = net.added(net.convolved(given, 6), net.convolved(given, 6, seed=1))
    return net.ended(net.dense(both, 5))


def separable() -> bytes:
    """A depthwise convolution between two others, with a scale for each channel."""
    net = Net()
    between = net.alone(net.convolved(net.given(3), 8, scales=8), scales=8)
    return net.ended(net.dense(net.convolved(between, 6, seed=1, scales=6), 5))


def handed_out() -> bytes:
    """What a layer makes is an output, too."""
    net = Net()
    made = net.convolved(net.given(3), 8)
    return net.ended(net.dense(made, 5), made)


def from_the_input() -> bytes:
    """What a layer makes is added to the input."""
    net = Net()
    given = net.given(6)
    return net.ended(net.dense(net.added(given, net.convolved(given, 6)), 5))


def sorted_away() -> bytes:
    """A softmax, of which nothing is known, stands between two layers."""
    net = Net()
    made = net.convolved(net.given(3), 8)
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    odd = net.tensor("scores", (1, 4, 4, 8), "int8", scale=1 / 256, zero=-128)
    net.operator("SOFTMAX", [made], [odd], options)
    return net.ended(net.dense(odd, 5))


def between(kind: str, *constants: Any, shape: Sequence[int] = (1, 4, 4, 8)) -> bytes:
    """An operator between a convolution of 8 channels and a dense layer."""
    net = Net()
    given = net.by_itself(kind, net.convolved(net.given(3), 8), *constants, shape=shape)
    return net.ended(net.dense(given, 5))


def floating(kind: str) -> bytes:
    """The same, between floats: integer weights alone."""
    net = Net()
    made = Editable(between(kind)).model
    for tensor in made.subgraphs[0].tensors:
        if tensor.type == schema.TensorType.INT8 and not tensor.buffer:
            tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
        if tensor.type == schema.TensorType.INT32 and len(tensor.shape) == 1:
            tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
    net.model = made
    return net.packed()


def grouped() -> bytes:
    """A convolution of two groups of channels after another one."""
    net = Net()
    made = net.convolved(net.given(3), 8)
    net.graph.tensors[made].shape = [1, 4, 4, 4]  # as many as the weights that follow have
    other = net.convolved(made, 6)
    net.graph.tensors[made].shape = [1, 4, 4, 8]
    return net.ended(net.dense(other, 5))


def depthwise_floats() -> bytes:
    """A depthwise convolution by floats between two others."""
    net = Net()
    made = net.convolved(net.given(3), 8)
    net.alone(made)
    weights = np.linspace(-1, 1, 72, dtype=np.float32).reshape(1, 3, 3, 8)
    operator = net.graph.operators[-1]
    operator.inputs[1] = net.tensor("floats", weights.shape, "float32", weights)
    return net.ended(net.dense(operator.outputs[0], 5))


def sharing_a_bias() -> bytes:
    """Two convolutions with one bias, each before a dense layer."""
    net = Net()
    given = net.given(3)
    both = net.convolved(given, 8), net.convolved(given, 8, seed=1)
    first, second = net.graph.operators
    second.inputs[2] = first.inputs[2]
    return net.ended(*(net.dense(made, 5) for made in both))


def edited(file: bytes, edit: Callable[[Any], object]) -> bytes:
    """A file after a change to its model."""
    editable = Editable(file)
    edit(editable.model)
    return editable.file()


def varying(model: Any) -> None:
    """Let what the first operator makes be a variable, which lasts from call to call."""
    graph = model.subgraphs[0]
    graph.tensors[graph.operators[0].outputs[0]].isVariable = True


def in_another_format(model: Any) -> None:
    """Say that a dense layer's weights are shuffled."""
    model.subgraphs[0].operators[1].builtinOptions.weightsFormat = 1


def of_kinds(*dtypes: str) -> bytes:
    """Dense layers of these types between floats."""
    shapes = ((24, 30), (12, 24), (8, 12), (5, 8))
    layers = [layer(*shape, dtype=dtype) for shape, dtype in zip(shapes, dtypes, strict=False)]
    return content(layers)


def of_integers() -> bytes:
    """Two dense layers between integers."""
    return content([layer(24, 30), layer(5, 24)], activations="int8")


def four_bits() -> bytes:
    """Dense layers of weights of 4 bits between floats."""
    layers = [layer(*shape, dtype="hybrid") for shape in ((24, 30), (12, 24), (6, 12))]
    packed = [
        Layer("layer", np.clip(each.weights, -8, 7), each.bias, stored="int4") for each in layers
    ]
    return content(packed)


PIXELS = np.array([1, 2], np.int32)
AROUND = np.array([[0, 0], [1, 0], [0, 0], [0, 0]], np.int32)

FREE = {
    "dense layers": (dense_chain, [24, 12]),
    "a scale for each channel": (lambda: dense_chain(scales=2), [24, 12]),
    "integers between floats": (lambda: dense_chain("hybrid"), [24, 12]),
    "floats": (lambda: dense_chain("float32"), []),
    "convolutions, flattened": (plain, [8, 6]),
    "a sum, whose channels go together": (residual, [6]),
    "a depthwise convolution": (separable, [8, 6]),
    "an output": (handed_out, []),
    "the input": (from_the_input, []),
    "an operator without a rule": (sorted_away, []),
    "a bias for two": (sharing_a_bias, [8]),
    "4 bits": (four_bits, [24, 12]),
    "integers, then floats": (lambda: of_kinds("hybrid", "hybrid", "float32"), [24]),
    "floats, then integers": (lambda: of_kinds("float32", "hybrid", "hybrid"), [12]),
    "a function of each integer": (lambda: between("LOGISTIC"), [8]),
    "a mean over pixels": (lambda: between("MEAN", PIXELS, shape=(1, 8)), [8]),
    "padding of pixels": (lambda: between("PAD", AROUND, shape=(1, 5, 4, 8)), [8]),
}
HELD = {  # looked at alone: kernels refuse some of these
    "a function of each float": lambda: floating("LOGISTIC"),
    "a mean over channels": lambda: between("MEAN", PIXELS + 1, shape=(1, 8)),
    "padding of channels": lambda: between("PAD", np.roll(AROUND, 2, 0), shape=(1, 4, 4, 16)),
    "a variable": lambda: edited(between("TANH"), varying),
    "shuffled weights": lambda: edited(
        content([layer(24, 30), layer(5, 24)], activations="int8"), in_another_format
    ),
    "groups of channels": grouped,
    "a depthwise convolution of floats": depthwise_floats,
}


@pytest.mark.parametrize("name", FREE)
def test_channels_that_may_be_put_in_any_order(name: str) -> None:
    """Those between layers of integers, as far as all that comes between is known."""
    make, free = FREE[name]

    assert free == widths(make())


@pytest.mark.parametrize("name", HELD)
def test_channels_that_must_stay(name: str) -> None:
    """Where another order would be another answer, or might be."""
    assert widths(HELD[name]()) == []


@pytest.mark.parametrize("name", FREE)
def test_taken_apart_and_put_together(name: str) -> None:
    """A file is the compact one again, if nothing was changed, and reordering it answers alike."""
    file = FREE[name][0]()

    assert Editable(file).file() == compacted(file)
    assert answers(file, "BUILTIN_REF") == answers(reordered(file, 3), "BUILTIN_REF")


@pytest.mark.parametrize("name", [name for name, (_, free) in FREE.items() if free])
@pytest.mark.parametrize("kernels", KERNELS)
def test_any_order_answers_bit_for_bit_the_same(name: str, kernels: str) -> None:
    """By default kernels, without a delegate, and by plain loops."""
    file = FREE[name][0]()
    editable, groups = taken_apart(file)
    other = editable.file(groups, shuffled(groups))

    assert other != editable.file()
    assert answers(file, kernels) == answers(other, kernels)


@pytest.mark.parametrize("left_out", range(3))
def test_an_axis_that_is_forgotten_changes_answers(left_out: int) -> None:
    """The kernel, the bias and what the next layer takes must all go along."""
    editable, groups = taken_apart(dense_chain())
    del groups[0].axes[left_out]
    other = editable.file(groups[:1], shuffled(groups[:1]))

    assert answers(editable.file(), "AUTO") != answers(other, "AUTO")


def test_a_kernel_of_two_layers_binds_both() -> None:
    """What one buffer of one tensor holds cannot lie in two orders."""
    net = Net()
    given = net.given(6)
    net.convolved(net.convolved(given, 6), 6)
    first, second = net.graph.operators
    second.inputs[1] = first.inputs[1]

    assert widths(net.ended(second.outputs[0])) == []


def reshape_read_twice() -> bytes:
    """A reshape for a dense layer, and an output."""
    net = Net()
    flat = net.flattened(net.convolved(net.given(3), 8))
    return net.ended(net.dense(flat, 5), flat)


def test_a_reshape_for_a_dense_layer_goes(tmp_path: Path) -> None:
    """It flattens what it is given by itself; the shape goes too, and nothing else."""
    file = plain()
    before, path = tmp_path / "before.tflite", tmp_path / "m.tflite"
    before.write_bytes(file)
    path.write_bytes(reordered(file, 0))

    names = [operator.name for operator in read_tflite(path).operators]
    assert names == ["CONV_2D", "CONV_2D", "FULLY_CONNECTED"]
    assert len(read_tflite(path).tensors) == len(read_tflite(before).tensors) - 2
    for kernels in KERNELS:
        assert answers(file, kernels) == answers(path.read_bytes(), kernels)


def reshape_for_a_sum() -> bytes:
    """A reshape for a sum."""
    net = Net()
    flat = net.flattened(net.convolved(net.given(3), 8))
    return net.ended(net.dense(net.added(flat, flat), 5))


@pytest.mark.parametrize("make", [reshape_read_twice, reshape_for_a_sum])
def test_a_reshape_that_somebody_else_reads_stays(make: Callable[[], bytes]) -> None:
    """As an output, or by an operator that does not flatten."""
    assert Editable(make()).drop_reshapes() == 0


def test_the_claim_finds_a_reshape(tmp_path: Path) -> None:
    """A compact file is not a reordered one."""
    path = tmp_path / "m.tflite"
    export = registry.exports["reorder"]
    claim = vars(export)["claim"]
    call = grammar.parse("reorder(int8,scales=tensor,tries=1)").export
    arguments = grammar.arguments(call, export)
    path.write_bytes(compacted(plain()))
    before = claim(read_tflite(path), **arguments)
    path.write_bytes(reordered(plain(), 1))

    assert "is reshaped for a dense layer" in before
    assert claim(read_tflite(path), **arguments) is None


# Channels that take part in no answer


def with_idle(activations: str = "int8", relu: bool = True, bias: int = -5) -> Editable:
    """Two layers; of the hidden channels 1 feeds nothing, and 2 is fed by nothing."""
    first, second = layer(6, 30), layer(5, 6)
    second.weights[:, 1] = 0
    first.weights[2] = 0
    second.weights[:, 2] = 7
    first.bias[2] = bias
    if activations == "float32":
        first, second = (
            Layer("layer", each.weights, each.bias.astype(np.float32)) for each in (first, second)
        )
    editable = Editable(content([first, second], activations=activations))
    editable.model.subgraphs[0].operators[0].builtinOptions.fusedActivationFunction = RELU * relu
    return Editable(editable.file())


def cleared(editable: Editable) -> tuple[list[int], list[int]]:
    """Of the hidden channels those without weights and bias, and those that feed nothing."""
    groups = free_channels(editable.tensors, editable.operators, editable.ends, editable.constants)
    clear(editable.tensors, groups, editable.constants)
    (first, bias, _), second = (
        (*[editable.constants[n] for n in operator.inputs[1:]], None)[:3]
        for operator in editable.operators
    )
    empty = ~first.any(axis=1) & (bias == 0)
    return np.flatnonzero(empty).tolist(), np.flatnonzero(~second[0].any(axis=0)).tolist()


@pytest.mark.parametrize("kernels", KERNELS)
def test_idle_channels_are_cleared(kernels: str) -> None:
    """What feeds nothing, and what is always zero: each loses its weights, and its bias."""
    editable = with_idle()
    before = editable.file()

    assert cleared(editable) == ([1, 2], [1, 2])
    assert editable.file() != before
    assert answers(before, kernels) == answers(editable.file(), kernels)


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        ({"bias": 5}, ([1], [1])),
        ({"relu": False}, ([1], [1])),
        ({"relu": False, "bias": 0}, ([1, 2], [1, 2])),
        ({"activations": "float32"}, ([], [1])),
    ],
    ids=["above zero", "not cut", "zero", "scales found while running"],
)
def test_channels_that_are_not_idle(made: dict[str, Any], kept: Any) -> None:
    """A constant that is not zero stays; so does all that a scale is found by while running."""
    assert cleared(with_idle(**made)) == kept


def test_weights_with_a_zero_point_stay() -> None:
    """The integer 0 is not the number 0 then."""
    editable = with_idle()
    editable.tensors[editable.operators[1].inputs[1]].quantization.zeroPoint = [3]

    assert cleared(editable) == ([], [1])


# The search


def test_a_search_never_ends_with_more() -> None:
    """Every try is asked for once, and the least of all is kept."""
    asked: list[int] = []

    def size_of(orders: Orders) -> int:
        asked.append(int(np.abs(np.diff(orders[0])).sum() + np.abs(np.diff(orders[1])).sum()))
        return asked[-1]

    generator = np.random.default_rng(3)
    begun = [(generator.permutation(20), generator.permutation(9)) for _ in range(3)]
    best = searched(begun, size_of, 400)

    assert len(asked) == 1 + 400
    assert size_of(best) == min(asked) < min(asked[:3]) / 2
    assert [sorted(order.tolist()) for order in best] == [list(range(20)), list(range(9))]


def test_without_tries_all_stays() -> None:
    """Nothing but the first order is looked at."""
    first, other = (np.arange(4),), (np.arange(4)[::-1],)

    np.testing.assert_array_equal(first[0], searched([first, other], lambda o: int(o[0][0]), 0)[0])
    assert searched([()], lambda orders: 1, 10) == ()


def test_what_a_search_begins_with() -> None:
    """Rising biases; and channels beside each other that feed the same outputs."""
    first, second = layer(6, 30), layer(2, 6)
    first.bias[:] = [5, -3, 0, 9, 1, 2]
    second.weights[:] = [[1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1]]
    editable, groups = taken_apart(content([first, second], activations="int8"))
    begun = starts(groups, editable.constants)
    kept, biases, alike = (orders[0].tolist() for orders in begun[:3])
    assert len({orders[0][0] for orders in begun[2:]}) == 6

    assert kept == list(range(6))
    assert biases == [1, 2, 4, 5, 0, 3]
    assert {frozenset(alike[:3]), frozenset(alike[3:])} == {
        frozenset({0, 2, 4}),
        frozenset({1, 3, 5}),
    }


def test_a_reordered_file_is_smaller_and_always_the_same() -> None:
    """By far, where the order is all that hides what repeats; and at each build alike."""
    generator = np.random.default_rng(0)
    order = generator.permutation(200)
    hidden = Layer("layer", sparse(generator, 200, 64, share=0.02)[order])
    blocks = np.zeros((8, 200), np.int8)
    for row in range(8):
        blocks[row, 25 * row : 25 * (row + 1)] = 40 + row
    file = compacted(content([hidden, Layer("layer", blocks[:, order])], activations="int8"))
    smaller = reordered(file, 20)
    barely = reordered(file, 1)

    assert len(gzip.compress(smaller, 9)) < len(gzip.compress(file, 9)) - 150
    assert smaller == reordered(file, 20)
    assert len(gzip.compress(smaller, 9)) < len(gzip.compress(barely, 9))


@settings(max_examples=15, deadline=None)
@given(
    st.integers(2, 40), st.integers(2, 40), st.sampled_from((0.02, 0.3, 1.0)), st.integers(0, 99)
)
def test_any_integer_net_answers_the_same(one: int, two: int, share: float, seed: int) -> None:
    """Whatever its widths and weights, idle channels among them."""
    generator = np.random.default_rng(seed)
    shapes = ((one, 20), (two, one), (3, two))
    layers = [
        Layer(
            "layer",
            sparse(generator, *shape, share=share),
            generator.integers(-99, 99, shape[0]).astype(np.int32),
        )
        for shape in shapes
    ]
    file = content(layers, activations="int8")
    other = reordered(file, 4)

    assert answers(file, "BUILTIN_REF") == answers(other, "BUILTIN_REF")


def test_another_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a rule be wrong one day, no file comes of it."""
    monkeypatch.setattr(
        reordering, "clear", lambda tensors, groups, constants: constants[2].fill(3)
    )

    with pytest.raises(WeighinError, match="answers otherwise with kernels AUTO"):
        reordered(dense_chain(), 1)


def test_answers_are_compared_on_the_examples_that_there_are() -> None:
    """As the file's input stores them; random ones where none fit."""
    interpreter = _asking.interpreter(dense_chain(), "AUTO")
    examples = {"x": np.full((40, 30), 0.5, np.float32)}

    (first, *_), drawn = _asking.examples(interpreter, examples), _asking.drawn(interpreter)
    assert first[0].dtype == np.int8
    assert set(first[0].reshape(-1).tolist()) == {10}
    assert len(drawn) == _asking.ASKED
    assert len({one[0].tobytes() for one in drawn}) == _asking.ASKED
