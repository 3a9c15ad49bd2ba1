"""Five float networks made by hand, the same quantized to int8, and damage of one layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Graph

from weighin.layers.editable import Editable
from weighin.layers.opened import Opened
from weighin.layers.rewriting import with_outputs

Floats = npt.NDArray[np.float32]
SAME_SCALE = ("RESHAPE", "AVERAGE_POOL_2D")  # whose output has the input's scale
CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}  # dimensions of kernels that have scales
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


class Net(Graph):
    """A float network while it is put together, one operator behind the other."""

    def __init__(self, shape: Sequence[int], seed: int) -> None:
        """Begin with an input."""
        super().__init__()
        self._generator = np.random.default_rng(seed)
        self.shape, self.last = tuple(shape), self.tensor("input", shape, "float32")
        self.graph.inputs = [self.last]

    def conv(self, name: str, filters: int, size: int = 3, relu: bool = True) -> Net:
        """A convolution, same padding."""
        inputs = self.shape[3]
        weights = self._weights((filters, size, size, inputs), size * size * inputs)
        options = self._strides(schema.Conv2DOptionsT(), relu)
        return self._add("CONV_2D", name, weights, filters, (*self.shape[:3], filters), options)

    def depthwise(self, name: str, size: int = 3) -> Net:
        """A depthwise convolution, same padding."""
        channels = self.shape[3]
        weights = self._weights((1, size, size, channels), size * size)
        options = self._strides(schema.DepthwiseConv2DOptionsT(), True)
        options.depthMultiplier = 1
        return self._add("DEPTHWISE_CONV_2D", name, weights, channels, self.shape, options)

    def dense(self, name: str, units: int, relu: bool = True) -> Net:
        """A dense layer."""
        weights = self._weights((units, self.shape[1]), self.shape[1])
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = int(relu)
        return self._add("FULLY_CONNECTED", name, weights, units, (1, units), options)

    def add(self, name: str, other: int) -> Net:
        """Add an earlier tensor."""
        return self._out("ADD", name, [self.last, other], self.shape, schema.AddOptionsT())

    def pool(self, name: str) -> Net:
        """The mean over each whole image."""
        options = self._strides(schema.Pool2DOptionsT(), False)
        options.padding = schema.Padding.VALID
        options.filterHeight, options.filterWidth = self.shape[1:3]
        shape = (1, 1, 1, self.shape[3])
        return self._out("AVERAGE_POOL_2D", name, [self.last], shape, options)

    def flat(self, name: str) -> Net:
        """One row."""
        shape = (1, int(np.prod(self.shape)))
        number = self.tensor(f"{name}/shape", (2,), "int32", np.array(shape, np.int32))
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        return self._out("RESHAPE", name, [self.last, number], shape, options)

    def softmax(self, name: str) -> Net:
        """Scores that add up to 1."""
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        return self._out("SOFTMAX", name, [self.last], self.shape, options)

    def content(self) -> bytes:
        """The file, which gives what was made last."""
        self.graph.outputs = [self.last]
        return self.packed()

    def _weights(self, shape: Sequence[int], fan_in: int) -> Floats:
        return self._generator.normal(0, 1.4 / np.sqrt(fan_in), shape).astype(np.float32)

    def _strides(self, options: Any, relu: bool) -> Any:
        options.padding = schema.Padding.SAME
        options.strideH = options.strideW = 1
        for name in ("dilationHFactor", "dilationWFactor"):
            if hasattr(options, name):
                setattr(options, name, 1)
        options.fusedActivationFunction = int(relu)
        return options

    def _add(
        self,
        kind: str,
        name: str,
        weights: Floats,
        biases: int,
        shape: Sequence[int],
        options: Any,
    ) -> Net:
        bias = self._generator.normal(0, 0.05, biases).astype(np.float32)
        numbers = [
            self.tensor(f"{name}/{what}", values.shape, "float32", values)
            for what, values in (("weights", weights), ("bias", bias))
        ]
        return self._out(kind, name, [self.last, *numbers], shape, options)

    def _out(
        self, kind: str, name: str, inputs: Sequence[int], shape: Sequence[int], options: Any
    ) -> Net:
        out = self.tensor(name, shape, "float32")
        self.operator(kind, inputs, [out], options)
        self.shape, self.last = tuple(shape), out
        return self


def dense_chain() -> bytes:
    """Four dense layers."""
    net = Net((1, 24), 1).dense("first", 32).dense("second", 24).dense("third", 16)
    return net.dense("scores", 6, relu=False).content()


def convolutions() -> bytes:
    """Three convolutions, and a dense layer."""
    net = Net((1, 8, 8, 3), 2).conv("one", 8).conv("two", 8, size=1).conv("three", 4)
    return net.flat("flat").dense("scores", 5, relu=False).content()


def separable() -> bytes:
    """Depthwise convolutions between plain ones of one pixel."""
    net = Net((1, 8, 8, 4), 3).depthwise("depthwise_1").conv("pointwise_1", 8, size=1)
    net.depthwise("depthwise_2").conv("pointwise_2", 8, size=1)
    return net.pool("pool").flat("flat").dense("scores", 4, relu=False).content()


def residual() -> bytes:
    """A branch that is added to what it comes from, twice."""
    net = Net((1, 6, 6, 8), 4).conv("stem", 8)
    for number in (1, 2):
        before = net.last
        net.conv(f"branch_{number}", 8).add(f"sum_{number}", before)
    return net.flat("flat").dense("scores", 5, relu=False).content()


def classifier() -> bytes:
    """Convolutions, a pooling, a dense layer and a softmax."""
    net = Net((1, 8, 8, 1), 5).conv("edges", 6).conv("shapes", 12).pool("pool").flat("flat")
    return net.dense("logits", 4, relu=False).softmax("scores").content()


NETWORKS: dict[str, Callable[[], bytes]] = {
    each.__name__: each for each in (dense_chain, convolutions, separable, residual, classifier)
}


def inputs(content: bytes, n: int, seed: int = 0) -> list[Floats]:
    """So many examples, normal values."""
    shape = Editable(content, "a network").graph.tensors[0].shape
    generator = np.random.default_rng(seed)
    return [generator.normal(0, 1, shape).astype(np.float32) for _ in range(n)]


def quantized(content: bytes, examples: Sequence[Floats]) -> bytes:
    """A network of int8: ranges by the extremes of examples, as a converter takes them."""
    file = Editable(content, "a network")
    made = [int(number) for each in file.graph.operators for number in each.outputs]
    opened = Opened(with_outputs(content, made, "a network"), "a network")
    ranges: dict[int, tuple[float, float]] = {}
    for example in examples:
        opened.run({0: example})
        for number in [0, *made]:
            values = opened.real(number)
            low, high = ranges.get(number, (0.0, 0.0))
            ranges[number] = min(low, float(values.min())), max(high, float(values.max()))
    for number, (low, high) in ranges.items():
        scale = (high - low) / 255
        quantize(file.graph.tensors[number], scale, round(-128 - low / scale))
    for operator in file.graph.operators:
        kind = _kind(file, operator)
        output = file.graph.tensors[operator.outputs[0]]
        data = file.graph.tensors[operator.inputs[0]].quantization
        if kind in SAME_SCALE:
            output.quantization = data
        if kind == "SOFTMAX":
            quantize(output, 1 / 256, -128)
        if kind in WEIGHTED:
            _quantize_weights(file, operator, CHANNELS.get(kind), float(data.scale[0]))
    return file.packed()


def places(content: bytes) -> dict[str, int]:
    """The places of operators that have a scale of their own, by the names of what they make."""
    file = Editable(content, "a network")
    return {
        file.graph.tensors[operator.outputs[0]].name.decode(): place
        for place, operator in enumerate(file.graph.operators)
        if _kind(file, operator) not in (*SAME_SCALE, "SOFTMAX")
    }


def with_halved_scales(content: bytes, place: int) -> bytes:
    """The same network, the weights and biases of one operator half as large as they were."""
    file = Editable(content, "a network")
    for number in file.graph.operators[place].inputs[1:]:
        quantization = file.graph.tensors[number].quantization
        quantization.scale = [float(scale) / 2 for scale in quantization.scale]
    return file.packed()


def with_cut_range(content: bytes, place: int, times: int = 4) -> bytes:
    """The same network, the range of what one operator makes cut to a part; nothing else is."""
    file = Editable(content, "a network")
    cut = [int(file.graph.operators[place].outputs[0])]
    for operator in file.graph.operators:
        if operator.inputs[0] in cut and _kind(file, operator) in SAME_SCALE:
            cut.append(int(operator.outputs[0]))
        if operator.inputs[0] in cut and _kind(file, operator) in WEIGHTED:  # biases have its scale
            bias = file.graph.tensors[operator.inputs[2]]
            bias.quantization.scale = [float(scale) / times for scale in bias.quantization.scale]
            buffer = file.model.buffers[bias.buffer]
            values = np.asarray(buffer.data, np.uint8).view(np.int32) * times
            buffer.data = values.astype(np.int32).view(np.uint8)
    quantization = file.graph.tensors[cut[0]].quantization
    scale, zero = float(quantization.scale[0]) / times, int(quantization.zeroPoint[0])
    for number in cut:
        quantize(file.graph.tensors[number], scale, zero)
    return file.packed()


def with_turned_weights(content: bytes, place: int) -> bytes:
    """The same network, the sign of one operator's weights turned around."""
    file = Editable(content, "a network")
    buffer = file.model.buffers[file.graph.tensors[file.graph.operators[place].inputs[1]].buffer]
    buffer.data = (-np.asarray(buffer.data, np.uint8).view(np.int8)).view(np.uint8)
    return file.packed()


def quantize(tensor: Any, scale: float | Sequence[float], zero: int, axis: int = 0) -> None:
    """Make a tensor one of int8, with one scale or one for each channel."""
    made = schema.QuantizationParametersT()
    made.scale = [scale] if isinstance(scale, float) else list(scale)
    made.zeroPoint = [zero] * len(made.scale)
    made.quantizedDimension = axis
    tensor.quantization, tensor.type = made, schema.TensorType.INT8


def _quantize_weights(file: Editable, operator: Any, axis: int | None, data: float) -> None:
    weights, bias = (file.graph.tensors[number] for number in operator.inputs[1:])
    values = _values(file, weights)
    others = tuple(at for at in range(values.ndim) if at != axis)
    scales = np.abs(values).max(axis=others if axis is not None else None).ravel() / 127
    shape = [-1 if at == axis else 1 for at in range(values.ndim)]
    codes = np.rint(values / scales.reshape(shape if axis is not None else 1)).astype(np.int8)
    file.model.buffers[weights.buffer].data = codes.view(np.uint8).ravel()
    quantize(weights, scales.tolist(), 0, axis or 0)
    steps = scales * data
    whole = np.rint(_values(file, bias) / steps).astype(np.int32)
    file.model.buffers[bias.buffer].data = whole.view(np.uint8)
    quantize(bias, np.broadcast_to(steps, whole.shape if axis is not None else 1).tolist(), 0)
    bias.type = schema.TensorType.INT32


def _values(file: Editable, tensor: Any) -> Floats:
    data = np.asarray(file.model.buffers[tensor.buffer].data, np.uint8)
    return data.view(np.float32).reshape(tensor.shape)


def _kind(file: Editable, operator: Any) -> str:
    number = file.kind(operator)[0]
    names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    return str(names[number])
