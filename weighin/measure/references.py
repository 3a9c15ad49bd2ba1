"""By format, answers of other code than what is measured: what every session is held against.

Each is plain and slow. Where it refuses a file, or would take too long, code between the two
answers, which is said where it is chosen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from weighin import named, packages
from weighin.core import Array, Arrays, WeighinError
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite
from weighin.formats.unblocking import has_blocks, without_blocks
from weighin.registry import references
from weighin.runtimes.litert import OPTIMIZED, REFERENCE, reference, reference_in_subprocess
from weighin.runtimes.onnxruntime import OnnxRuntimeSession

LARGE_MACS = 1_000_000_000  # of a model whose single example plain loops are not asked for


@dataclass(frozen=True)
class Reference:
    """Who else answers files of a format.

    Attributes:
        answer: outputs by name, each `(n, …)`, of a file, its graph and inputs by its own names,
            each `(n, …)`; and whether it is asked another time, to answer by other means.
        again: these other means, in words.
    """

    answer: Callable[[Path, Graph, Arrays, bool], dict[str, Array]]
    again: str


def _litert(path: Path, graph: Graph, inputs: Arrays, again: bool) -> dict[str, Array]:
    """LiteRT's reference kernels, without a delegate; again: with all tensors kept.

    A single example takes them, which are plain loops, minutes where a model has billions of
    multiply-accumulates; and on some integer files, such as EfficientNet's, they end the process.
    There the built-in optimized kernels answer, still without a delegate.
    """
    if has_blocks(graph):  # which the reference kernels take for other weights
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder, path.name)
            plain.write_bytes(without_blocks(path.read_bytes(), graph))
            return _litert(plain, read_tflite(plain), inputs, again)
    kernels = OPTIMIZED if graph.macs > LARGE_MACS else REFERENCE
    if all(tensor.dtype == "FLOAT32" for tensor in graph.activations):
        return reference(path, inputs, kernels, keep_tensors=again)
    try:
        return reference_in_subprocess(path, inputs, kernels, keep_tensors=again)
    except WeighinError:
        if kernels == OPTIMIZED:
            raise
        return reference_in_subprocess(path, inputs, OPTIMIZED, keep_tensors=again)


def _onnx(path: Path, graph: Graph, inputs: Arrays, again: bool) -> dict[str, Array]:
    """The package onnx's own evaluator, by NumPy; again: ONNX Runtime without optimizations.

    The latter also where the evaluator is not installed, lacks an operator (as of Q/DQ pairs before
    opset 19) or would take long. Of a quantized file it computes floats between Q/DQ pairs, where a
    session that is measured has integer kernels; of a float file only what is fused differs.

    Raises:
        WeighinError: if ONNX Runtime is wanted and missing, or refuses the file.
    """
    is_slow = graph.macs * named.count(inputs) > LARGE_MACS or bool(graph.uncounted)
    if not (again or is_slow or packages.missing("onnx")):
        try:
            return _evaluated(path, inputs)
        except Exception:  # whatever it raises of an operator that it lacks
            return _onnx(path, graph, inputs, again=True)
    if missing := packages.missing("onnxruntime"):
        raise WeighinError(f"there is nothing to hold its answers against: {missing}")
    session = OnnxRuntimeSession(path, 1, optimized=False)
    try:
        return session.predict(inputs)
    finally:
        session.close()


def _evaluated(path: Path, inputs: Arrays) -> dict[str, Array]:
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(path.read_bytes())  # of bytes, no other file is looked for
    names = list(evaluator.output_names)
    answers = [list(evaluator.run(None, example)) for example in named.singly(inputs)]
    return named.joined([dict(zip(names, each, strict=True)) for each in answers])


references.add("tflite", Reference(_litert, "when all tensors are kept"))
references.add("onnx", Reference(_onnx, "as ONNX Runtime without optimizations"))
