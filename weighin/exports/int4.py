"""Weights of 4 bits, by litert-quantizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from weighin.core import Arrays, WeighinError
from weighin.exports import _completing, _quantizing, _recipes, float32
from weighin.exports._batch import Batch, check_batch
from weighin.exports._quantized import Scales, check_scales
from weighin.exports.dynamic import SMALLEST
from weighin.formats.coverage import largest, no_values_of, weights_of
from weighin.formats.graph import Graph, Tensor, numeric, other_types
from weighin.grammar import above
from weighin.registry import export

# The operators whose weights it packs (litert_quantizer/default_policy.py, at 4 bits)
PACKED = ("CONV_2D", "FULLY_CONNECTED")


def claim(
    graph: Graph,
    scales: Scales = "channel",
    smallest: int = SMALLEST,
    batch: Batch = "one",
    **_: object,
) -> str | None:
    """Large kernels of 4 bits, one at least, between float activations."""
    packed = [
        operator.weights
        for operator in graph.operators
        if operator.name in PACKED and operator.weights
    ]
    large = [kernel for kernel in packed if kernel.size >= smallest]
    return (
        check_batch(graph, batch)
        or other_types(large, "INT4")
        or other_types(numeric(graph.activations), "FLOAT32")
        or check_scales(graph, scales)
        or no_values_of(graph, "INT4", "quantized", _too_small(packed, smallest))
    )


def _too_small(packed: Sequence[Tensor], smallest: int) -> str:
    """Why none of the kernels that could be packed was."""
    if not packed:
        return "the quantizer packs kernels of convolutions and dense layers alone"
    return (
        f"kernels below {smallest:,} values stay float (smallest={smallest}), and the largest "
        f"here of a convolution or dense layer has {largest(packed):,}"
    )


def of_file(
    content: bytes,
    calibration: Arrays,
    compute: Literal["integer", "float"],
    scales: Scales,
    smallest: int,
    batch: Batch,
) -> bytes:
    """A finished float file with weights of 4 bits; its batch dimension stays as it is.

    Args:
        content: the file.
        calibration: not looked at.
        compute: and the rest: as of `int4`.
        scales: likewise.
        smallest: likewise.
        batch: not looked at.

    Raises:
        WeighinError: if litert-quantizer is not installed or refuses the file.
    """
    if missing := _recipes.available():
        raise WeighinError(missing)
    entry = {
        "regex": ".*",
        "operation": "*",
        "algorithm_key": "min_max_uniform_quantize",
        "op_config": {
            "weight_tensor_config": {
                "num_bits": 4,
                "symmetric": True,  # LiteRT's kernels know no other
                "granularity": f"{scales}WISE".upper(),
                "dtype": "INT",
            },
            "compute_precision": compute.upper(),
            "explicit_dequantize": compute == "float",
            "skip_checks": False,
            "min_weight_elements": smallest,
        },
    }
    return _quantizing.quantized(content, [entry], {})


@export(
    "int4",
    claim=claim,
    promise=weights_of("INT4"),
    available=_recipes.available,
    uses=(
        *(float32.float32, check_batch, check_scales, _recipes.entries, _quantizing.quantized),
        _completing.Completed,
    ),
    of_file=of_file,
    searched=("", "scales=tensor"),
)
def int4(
    model: Any,
    calibration: Arrays,
    *,
    compute: Literal["integer", "float"] = "integer",
    scales: Scales = "channel",
    smallest: Annotated[int, above(-1)] = SMALLEST,
    batch: Batch = "one",
) -> bytes:
    """Weights of 4 bits, float activations; of finished float files, too.

    Args:
        model: a Keras model.
        calibration: not looked at.
        compute: `integer` quantizes activations while running where LiteRT has kernels for it;
            `float` unpacks the weights to float32 first, so nothing is lost in the activations.
        scales: one for each output channel of a kernel, or one for the whole of it.
        smallest: kernels of fewer weights stay float, as depthwise ones always do.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.

    Raises:
        WeighinError: if litert-quantizer is not installed.
    """
    whole = float32.float32(model, calibration, batch=batch)
    return of_file(whole, calibration, compute, scales, smallest, batch)
