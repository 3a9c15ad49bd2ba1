"""What a finished file holds, said of it as a whole: how its weights and activations are stored."""

from __future__ import annotations

from collections import Counter

import numpy as np

from weighin.core import Call, Port, Signature, Variant, WeighinError
from weighin.core.signature import written
from weighin.formats.graph import Graph, Tensor

_CALLED = {"FLOAT32": "float32", "FLOAT16": "float16", "FLOAT64": "float64"}
# (weights, activations) → the export whose files are such
_EXPORTS = {
    ("FLOAT32", "FLOAT32"): "float32",
    ("FLOAT16", "FLOAT32"): "float16",
    ("INT8", "FLOAT32"): "dynamic",
    ("INT8", "INT8"): "int8",
    ("INT8", "UINT8"): "int8",
    ("INT8", "INT16"): "int16x8",
    ("INT4", "FLOAT32"): "int4",
}
_PASSED_ON = ("DEQUANTIZE", "QUANTIZE", "RESHAPE", "SQUEEZE")
_HEADS = {
    "SOFTMAX": "softmax",
    "LOG_SOFTMAX": "log_softmax",
    "LOGISTIC": "sigmoid",
    **dict.fromkeys(("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "ADD"), "linear"),
}


def held(graph: Graph) -> str:
    """One line: `int8 weights, float32 activations, 54 % zeros`."""
    kernels = list(dict.fromkeys(graph.kernels))  # what several operators share is held once
    if not kernels:
        return f"no weights that operators multiply by{_batched(graph)}"
    words = [
        f"{_types(kernels, by_size=True)} weights",
        f"{_types(graph.inner or graph.ends)} activations",
    ]
    size = sum(kernel.size for kernel in kernels)
    zeros = 1 - sum(kernel.nonzero for kernel in kernels) / max(1, size)
    words.append(f"{zeros * 100:.0f} % zeros{_stored(graph)}{_batched(graph)}")
    return ", ".join(words)


def variant_held(graph: Graph) -> Variant:
    """The variant without steps whose files are stored as this one is: the nearest there is."""
    kernels = Counter[str]()
    for kernel in dict.fromkeys(graph.kernels):
        kernels[kernel.dtype] += kernel.size
    flowing = Counter(tensor.dtype for tensor in graph.inner)
    stored, flows = (
        counted.most_common(1)[0][0] if counted else "FLOAT32" for counted in (kernels, flowing)
    )
    return Variant((), Call(_EXPORTS.get((stored, flows), "float32")))


def signature_of(graph: Graph) -> Signature:
    """What a file takes and gives, in real values: quantized ports are of float32."""
    inputs, outputs = graph.inputs_by_name(), graph.outputs_by_name()
    return Signature(
        tuple(_port(name, graph.tensors[number]) for name, number in inputs.items()),
        tuple(
            _port(name, graph.tensors[number], _head(graph, number))
            for name, number in outputs.items()
        ),
    )


def refuse_unbatched(graph: Graph, called: str) -> None:
    """Refuse a file whose inputs have no first dimension for examples, as raw waves often have.

    One example would be taken for as many as it has values. Several dimensions, or another input
    with as many examples, say that the first is one.

    Args:
        graph: what the file holds.
        called: the file, in messages.

    Raises:
        WeighinError: naming the input and its shape.
    """
    tensors = {name: graph.tensors[number] for name, number in graph.inputs_by_name().items()}
    batches = {1, *(tensor.shape[0] for tensor in tensors.values() if len(tensor.shape) > 1)}
    for name, tensor in tensors.items():
        if not tensor.shape or (len(tensor.shape) == 1 and tensor.shape[0] not in batches):
            raise WeighinError(
                f"{called} takes {name!r} of shape {written(tensor.shape)}, which leaves no "
                f"dimension for examples: convert the model with inputs of shape "
                f"{written((1, *tensor.shape))}."
            )


def refuse_batches(graph: Graph, called: str) -> None:
    """Refuse a file that answers several examples at once and no single one.

    Args:
        graph: what a file holds that no runtime resizes.
        called: the file, in messages.

    Raises:
        WeighinError: naming the input and its shape.
    """
    for name, number in graph.inputs_by_name().items():
        shape = graph.tensors[number].shape
        if shape and shape[0] != 1:
            raise WeighinError(
                f"{called} takes {name!r} of shape {written(shape)}, {shape[0]} examples at once, "
                f"and no single one: export the model with a batch of one, or an open one."
            )


def _types(tensors: list[Tensor], *, by_size: bool = False) -> str:
    counted = Counter[str]()
    for tensor in tensors:
        counted[_CALLED.get(tensor.dtype, tensor.dtype.lower())] += tensor.size if by_size else 1
    return " and ".join(name for name, _ in counted.most_common())


def _stored(graph: Graph) -> str:
    return " in sparse storage" if any(kernel.sparse for kernel in graph.kernels) else ""


def _batched(graph: Graph) -> str:
    """That a file was made for several examples at once: it is resized, and asked for one."""
    shapes = [graph.tensors[number].shape for number in graph.inputs]
    batches = {shape[0] for shape in shapes if shape}
    many = max(batches, default=1)
    return f", made for batches of {many}, asked one example at a time" if many > 1 else ""


def _port(name: str, tensor: Tensor, activation: str = "") -> Port:
    shape = tuple(
        None if at in tensor.unknown else size for at, size in enumerate(tensor.shape) if at
    )
    return Port(name, _dtype(tensor), shape, layer=name, kind="output", activation=activation)


def _dtype(tensor: Tensor) -> str:
    if tensor.scales or tensor.dtype.startswith("FLOAT"):
        return "float64" if tensor.dtype == "FLOAT64" else "float32"
    name = tensor.dtype.lower()
    try:
        return str(np.dtype(name))
    except TypeError:
        return name  # of strings and the like: no data fit


def _head(graph: Graph, number: int) -> str:
    """What an output's values are, by the operator that made them; empty if it is not known."""
    makers = {made: operator for operator in graph.operators for made in operator.outputs}
    for _ in range(len(graph.operators) + 1):  # a damaged file may name a circle
        maker = makers.get(number)
        if maker is None or not maker.inputs:
            return ""
        if maker.kind not in _PASSED_ON:
            return _HEADS.get(maker.kind, "")
        number = maker.inputs[0]
    return ""
