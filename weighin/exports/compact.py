"""Files without what no inference needs: names, metadata, signatures that tell nothing apart."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from weighin.core import Arrays
from weighin.exports import _biases, _completing, dynamic, float16, float32, int4, int8, int16x8
from weighin.exports._batch import Batch, check_batch
from weighin.exports._quantized import Scales, samples
from weighin.exports.dynamic import SMALLEST
from weighin.formats.graph import Graph
from weighin.grammar import above, between
from weighin.registry import export as register

_EXPORTS: dict[str, Any] = {
    "float32": float32,
    "float16": float16,
    "dynamic": dynamic,
    "int8": int8,
    "int16x8": int16x8,
    "int4": int4,
}
_USUAL = {"scales": "channel", "fit": "range", "smallest": SMALLEST}  # of what not all of them take
_WHOLE_BIASES = ("float16", "int16x8")


def _check(export: str, bias_bits: int, **options: Any) -> None:
    for name, usual in _USUAL.items():
        if options[name] != usual and not _taken(export, {name: usual}):
            taking = [each for each in _EXPORTS if _taken(each, {name: usual})]
            raise ValueError(f"{name} is for {', '.join(taking)}: {export} has none to choose")
    if bias_bits == 1:
        raise ValueError("bias_bits=1 leaves a sign alone: from 2 on, or 0 for all there are")
    if bias_bits and export in _WHOLE_BIASES:
        raise ValueError(f"bias_bits is not for {export}, whose biases are stored otherwise")
    if bias_bits and export == "int8" and options["scales"] == "channel":
        raise ValueError(
            "bias_bits of int8 goes with scales=tensor: by channel, each bias has its own scale"
        )


def _taken(export: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some options that the export itself takes."""
    known = inspect.signature(getattr(_EXPORTS[export], export)).parameters
    return {name: value for name, value in options.items() if name in known}


def _claim(graph: Graph, export: str, bias_bits: int, **options: Any) -> str | None:
    named = [tensor.label for tensor in graph.tensors if tensor.name]
    if named:
        return f"{len(named)} tensors have names, such as {named[0]}"
    needed = ("signatures",) * _has_several(graph.inputs, graph.outputs)
    remarks = [remark for remark in graph.remarks if remark not in needed]
    if remarks:
        return f"the file holds {', '.join(remarks)}"
    breach: str | None = _EXPORTS[export].claim(graph, **_taken(export, options))
    return breach or _biases.check_bits(graph, bias_bits)


@register(
    "compact",
    check=_check,
    claim=_claim,
    uses=(
        *(samples, check_batch, *(module.claim for module in _EXPORTS.values())),
        _biases.shorten,
        *vars(int4.int4)["uses"],
    ),
    searched=("int8,scales=tensor", "dynamic,scales=tensor", "float16"),
)
def compact(
    model: Any,
    calibration: Arrays,
    export: Literal["float32", "float16", "dynamic", "int8", "int16x8", "int4"],
    *,
    scales: Scales = "channel",
    fit: int4.Fit = "range",
    smallest: Annotated[int, above(-1)] = SMALLEST,
    batch: Batch = "one",
    bias_bits: Annotated[int, between(0, _biases.MOST + 1)] = _biases.WHOLE,
) -> bytes:
    """Another export without names, signatures and metadata; only `bias_bits` changes answers.

    Of several inputs or outputs the signature stays: without it nobody could tell which is which.
    `bias_bits` rounds biases, as quantizing does weights.

    Args:
        model: a Keras model.
        calibration: images for an export that asks for some.
        export: how weights and activations are stored.
        scales: of `dynamic`, `int8` and `int4`: for each channel of a kernel, or the whole of it.
        fit: of `int4`: by what a scale is chosen, `range` or `outputs`.
        smallest: of `int4`: kernels of fewer weights stay float.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
        bias_bits: that the largest bias of a layer keeps, all others being multiples of the same
            power of two; 0 for all there are. Whole ones hardly get smaller by gzip.
    """
    options = {"scales": scales, "fit": fit, "smallest": smallest, "batch": batch}
    whole = getattr(_EXPORTS[export], export)(model, calibration, **_taken(export, options))
    return compacted(whole, bias_bits)


def compacted(content: bytes, bias_bits: int = _biases.WHOLE) -> bytes:
    """The same graph in fewer bytes, bit for bit the same answers unless biases are rounded.

    What goes: names of tensors and graphs, metadata, signatures unless there are several inputs or
    outputs for them to tell apart, the description, buffers that no tensor uses or that another
    equals, ranges beside scales. Buffers then lie by size, which packs better. What stays, though
    it looks superfluous: a zero point for each scale, without which LiteRT refuses the file, and
    the scales of biases, by which XNNPACK judges convolutions.

    Args:
        content: a .tflite file of less than 2 GB, its buffers inside the FlatBuffer.
        bias_bits: that each bias keeps.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    strip(model)
    if bias_bits:
        _biases.shorten(model, bias_bits)
    return packed(model)


def strip(model: Any) -> None:
    """Take out of a model, by the schema's own classes, what no inference needs."""
    model.description = model.metadata = model.metadataBuffer = None
    if not _has_several(model.subgraphs[0].inputs, model.subgraphs[0].outputs):
        model.signatureDefs = None
    for graph in model.subgraphs:
        graph.name = None
    for tensor in _tensors(model):
        tensor.name = None
        quantization = tensor.quantization
        if (
            quantization is not None
            and quantization.details is None
            and not _length(quantization.scale)
        ):
            tensor.quantization = None
        elif quantization is not None:
            quantization.min = quantization.max = None


def packed(model: Any) -> bytes:
    """The file of a model, each content of a buffer in it once, the smallest first."""
    _pack_buffers(model, _tensors(model))
    return _completing.packed(model)


def _tensors(model: Any) -> list[Any]:
    return [tensor for graph in model.subgraphs for tensor in graph.tensors]


def _has_several(inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Whether names are needed to tell inputs or outputs apart."""
    return len(inputs) > 1 or len(outputs) > 1


def _length(values: Any) -> int:
    return 0 if values is None else len(values)


def _pack_buffers(model: Any, tensors: list[Any]) -> None:
    """Keep each content once, the smallest first; buffer 0 stands for none."""
    data = {tensor.buffer: model.buffers[tensor.buffer].data for tensor in tensors}
    bytes_of = {number: b"" if values is None else bytes(values) for number, values in data.items()}
    kept = sorted(set(bytes_of.values()) - {b""}, key=lambda content: (len(content), content))
    places = {b"": 0} | {content: number for number, content in enumerate(kept, start=1)}
    first = {
        places[content]: model.buffers[number] for number, content in bytes_of.items() if content
    }
    empty = type(model.buffers[0])()
    model.buffers = [empty, *(first[number] for number in range(1, len(kept) + 1))]
    for tensor in tensors:
        tensor.buffer = places[bytes_of[tensor.buffer]]
