"""Kernels in sparse encoding: without their zeros."""

from __future__ import annotations

from typing import Any, Literal

from weighin.core import Arrays
from weighin.exports import dynamic, float16, float32, int8
from weighin.exports._batch import Batch, check_batch
from weighin.exports._converting import converted
from weighin.exports._quantized import samples
from weighin.formats.coverage import Promise
from weighin.formats.graph import Graph, Operator
from weighin.frameworks import process
from weighin.registry import export as register

# The converter keeps a kernel dense that holds a smaller share of zeros
# (tensorflow/compiler/mlir/lite/transforms/dense_to_sparse_pass.cc: kMinSparsityLevel)
ZEROS = 0.3
_EXPORTS: dict[str, Any] = {
    "float32": float32,
    "float16": float16,
    "dynamic": dynamic,
    "int8": int8,
}


def _claim(graph: Graph, export: str, batch: Batch) -> str | None:
    for kernel in graph.kernels:
        zeros = kernel.size - kernel.nonzero
        if zeros > ZEROS * kernel.size and not kernel.sparse:
            return f"{kernel.label} stores its {zeros:,} zeros of {kernel.size:,} weights"
    breach: str | None = _EXPORTS[export].claim(graph, batch=batch)
    return breach or _nothing_sparse(graph)


def _nothing_sparse(graph: Graph) -> str | None:
    """Say why no kernel is stored without its zeros, if none is."""
    if any(kernel.sparse for kernel in graph.trained):
        return None
    if not graph.kernels:
        return "nothing was stored sparse: no layer multiplies by weights"
    most = max(1 - kernel.nonzero / kernel.size for kernel in graph.kernels)
    return (
        f"nothing was stored sparse: the converter keeps kernels dense up to {ZEROS * 100:.0f} % "
        f"zeros, and here none has more than {most * 100:.0f} %: prune first, as in "
        f"prune(0.8)+sparse"
    )


def _is_sparse(operator: Operator) -> bool:
    return operator.weights is not None and operator.weights.sparse


@register(
    "sparse",
    claim=_claim,
    promise=Promise("sparse weights", _is_sparse),
    uses=(samples, check_batch, converted, *(module.converter for module in _EXPORTS.values())),
    searched=(),  # XNNPACK prepares few of these files, and gzip packs zeros as well
)
def sparse(
    model: Any,
    calibration: Arrays,
    *,
    export: Literal["float32", "float16", "dynamic", "int8"] = "float32",
    batch: Batch = "one",
) -> bytes:
    """Another export, its kernels stored without zeros where they hold enough of them.

    Args:
        model: a Keras model.
        calibration: images for an export that asks for some.
        export: how weights and activations are stored otherwise.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    lite_converter = _EXPORTS[export].converter(model, calibration, batch)
    sparsity = process.tensorflow().lite.Optimize.EXPERIMENTAL_SPARSITY
    lite_converter.optimizations = [*lite_converter.optimizations, sparsity]
    return converted(lite_converter, model)
