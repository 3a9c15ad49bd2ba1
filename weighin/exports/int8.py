"""Full integer quantization."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weighin import stack
from weighin.core import Images
from weighin.inspect import Graph, other_types
from weighin.registry import export


def _claim(graph: Graph) -> str | None:
    return other_types(graph.kernels, "INT8") or other_types(graph.activations, "INT8")


@export("int8", claim=_claim)
def int8(model: Any, calibration: Images) -> bytes:
    """Full integer: int8 weights, activations, input and output, calibrated on training images."""
    lite = stack.tensorflow().lite

    def samples() -> Iterator[list[Images]]:
        for index in range(len(calibration)):
            yield [calibration[index : index + 1]]

    converter = stack.converter(model)
    converter.optimizations = [lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = stack.tensorflow().int8
    converter.inference_output_type = stack.tensorflow().int8
    return bytes(converter.convert())
