"""What the quantized exports share: calibration, and how many scales a kernel has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from weighin import named
from weighin.core import Array, Arrays, WeighinError
from weighin.formats.graph import Graph
from weighin.frameworks import process

Scales = Literal["channel", "tensor"]

# A converter's attributes by which it gives every kernel one scale. The second is of dense layers,
# which had one scale anyway before TensorFlow knew it.
_PER_TENSOR = "_experimental_disable_per_channel"
_PER_TENSOR_DENSE = "_experimental_disable_per_channel_quantization_for_dense_layers"


def samples(calibration: Arrays) -> Callable[[], Iterator[Any]]:
    """A converter's representative data set: one example at a time.

    Args:
        calibration: inputs by name, each `(n, …)`.

    Raises:
        WeighinError: naming the first example that is not of finite numbers alone.
    """
    check_finite(calibration)

    def generate() -> Iterator[Any]:
        for example in named.singly(calibration):
            yield list(example.values()) if len(example) == 1 else example

    return generate


def check_finite(calibration: Arrays) -> None:
    """Refuse calibration inputs that have no range.

    Raises:
        WeighinError: naming the first example that is not of finite numbers alone.
    """
    for name, values in calibration.items():
        finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
        if not finite.all():
            called = f" {name!r}" if len(calibration) > 1 else ""
            raise WeighinError(
                f"Calibration input{called} {int(finite.argmin())} of {len(values)} holds NaN or "
                f"infinite values, which have no range to be quantized in: mend the training "
                f"inputs (they are the first ones), or leave it out."
            )


def by_place(graph: Graph, calibration: Arrays) -> list[Array]:
    """Calibration inputs in the order of a file's, of the types that it takes.

    Args:
        graph: what the file holds.
        calibration: inputs by the names of its signature, else of its tensors, else in any one name
            where there is one input; each `(n, …)`.

    Raises:
        WeighinError: if the names are others; it lists both.
    """
    numbers = graph.inputs_by_name()
    if len(numbers) == len(calibration) == 1:
        by_number = {next(iter(numbers.values())): next(iter(calibration.values()))}
    elif set(numbers) == set(calibration):
        by_number = {number: calibration[name] for name, number in numbers.items()}
    else:
        raise WeighinError(
            f"The file takes {', '.join(numbers)}; the inputs to calibrate with are "
            f"{', '.join(calibration) or 'none'}: give them the same names."
        )
    return [
        by_number[number].astype(np.dtype(graph.tensors[number].dtype.lower()), copy=False)
        for number in graph.inputs
    ]


def set_scales(converter: Any, scales: Scales) -> None:
    """Let a converter give every kernel a scale per channel, its default, or a single one.

    Raises:
        WeighinError: if this TensorFlow's converter has no single ones.
    """
    if scales == "channel":
        return
    if not hasattr(converter, _PER_TENSOR):
        version = process.tensorflow().__version__
        raise WeighinError(
            f"The converter of TensorFlow {version} has no single scales ({_PER_TENSOR}): leave "
            f"out scales=tensor, or take a TensorFlow from 2.13 to 2.21."
        )
    setattr(converter, _PER_TENSOR, True)
    if hasattr(converter, _PER_TENSOR_DENSE):
        setattr(converter, _PER_TENSOR_DENSE, True)


def check_scales(graph: Graph, scales: Scales) -> str | None:
    """Say which kernel has several scales where each is to have one."""
    for kernel in graph.kernels:
        if scales == "tensor" and kernel.scales > 1:
            return f"{kernel.label} has {kernel.scales} scales, not one"
    return None


# Operators that hand numbers on, in another shape or type
_CARRYING = {
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE"),
    *("CAST", "QUANTIZE", "DEQUANTIZE", "MINIMUM", "MAXIMUM"),
}
_INDICES = {"GATHER": 1, "GATHER_ND": 1, "EMBEDDING_LOOKUP": 0}  # which input says where to look


def check_ids(graph: Graph) -> str | None:
    """Say which input is quantized though a table is looked up by it: ids would be rounded."""
    makers = {number: operator for operator in graph.operators for number in operator.outputs}
    for operator in graph.operators:
        if operator.table is None or operator.name not in _INDICES:
            continue
        number, scale = operator.inputs[_INDICES[operator.name]], 0.0
        for _ in range(len(makers) + 1):  # a damaged file may name a circle
            scale = graph.tensors[number].scale or scale
            if number not in makers or makers[number].name not in _CARRYING:
                break
            number = makers[number].inputs[0]
        if number in graph.inputs and scale not in (0.0, 1.0):
            return (
                f"its input {graph.tensors[number].label} goes into a table (Embedding) and is "
                f"quantized with step {scale:.3g}: ids would be rounded; let the input be "
                f"Input(shape, dtype='int32')"
            )
    return None


def check_volumes(graph: Graph, smallest: int = 0) -> str | None:
    """Say which convolution of three dimensions stayed float: LiteRT has no integer one.

    Args:
        graph: what a file holds.
        smallest: kernels of fewer weights stay float in any event.
    """
    for operator in graph.operators:
        kernel = operator.weights if operator.name.startswith("CONV_3D") else None
        if kernel and kernel.dtype == "FLOAT32" and kernel.size >= smallest:
            return (
                f"layer {kernel.label} stayed float, for there is no {operator.name} on integers: "
                f"try float16, or a model without Conv3D"
            )
    return None
