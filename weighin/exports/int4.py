"""Weights of 4 bits, by litert-quantizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from weighin.core import Arrays, WeighinError
from weighin.exports import (
    _asking,
    _completing,
    _converting,
    _exceptions,
    _fitting,
    _four_bits,
    _quantizing,
    _recipes,
    float32,
)
from weighin.exports._batch import Batch, check_batch
from weighin.exports._quantized import Scales, check_scales
from weighin.exports.dynamic import SMALLEST
from weighin.formats.coverage import largest, no_values_of, weights_of
from weighin.formats.graph import Graph, Tensor, numeric, other_types
from weighin.grammar import above
from weighin.registry import export

Fit = Literal["range", "outputs"]


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
        if operator.name in _four_bits.PACKED and operator.weights
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


def _calibrated(fit: Fit = "range", **_: object) -> bool:
    return fit == "outputs"


def of_file(
    content: bytes,
    calibration: Arrays,
    compute: Literal["integer", "float"],
    scales: Scales,
    fit: Fit,
    smallest: int,
    batch: Batch,
) -> bytes:
    """A finished float file with weights of 4 bits; its batch dimension stays as it is.

    Args:
        content: the file.
        calibration: inputs by the file's names, each `(n, …)`, where scales are fitted to outputs.
        compute: and the rest: as of `int4`.
        scales: likewise.
        fit: likewise.
        smallest: likewise.
        batch: not looked at.

    Raises:
        WeighinError: if litert-quantizer is not installed or refuses the file, or there are no
            inputs where some are asked for.
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
    made = _quantizing.quantized(content, [entry], {})
    return _fitting.fitted(content, made, calibration) if fit == "outputs" else made


@export(
    "int4",
    claim=claim,
    promise=weights_of("INT4"),
    available=_recipes.available,
    uses=(
        *(float32.float32, check_batch, check_scales, _recipes.entries, _quantizing.quantized),
        *(_completing.Completed, _fitting.fitted, _asking.interpreter, _four_bits.packed),
        *(_exceptions.excepted, _converting.converted),
    ),
    calibrated=_calibrated,
    of_file=of_file,
    searched=("", "scales=tensor", "fit=outputs", "scales=tensor,fit=outputs"),
)
def int4(
    model: Any,
    calibration: Arrays,
    *,
    compute: Literal["integer", "float"] = "integer",
    scales: Scales = "channel",
    fit: Fit = "range",
    smallest: Annotated[int, above(-1)] = SMALLEST,
    batch: Batch = "one",
) -> bytes:
    """Weights of 4 bits, float activations; of finished float files, too.

    Args:
        model: a Keras model.
        calibration: inputs by name, each `(n, …)`, where scales are fitted to outputs.
        compute: `integer` quantizes activations while running where LiteRT has kernels for it;
            `float` unpacks the weights to float32 first, so nothing is lost in the activations.
        scales: one for each output channel of a kernel, or one for the whole of it.
        fit: by what a scale is chosen: the `range` of its weights, or the `outputs` of the layer,
            which then differ least from the float layer's on calibration inputs; of layers in a
            loop's body by the range.
        smallest: kernels of fewer weights stay float, as depthwise ones always do.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.

    Raises:
        WeighinError: if litert-quantizer is not installed, or there are no inputs where some are
            asked for.
    """
    whole = float32.float32(model, calibration, batch=batch)
    return of_file(whole, calibration, compute, scales, fit, smallest, batch)
