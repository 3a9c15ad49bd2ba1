"""Files without what no inference needs: names, metadata, signatures that tell nothing apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from weighin.core import Arrays
from weighin.exports import dynamic, float16, float32, int4, int8, int16x8
from weighin.exports._batch import Batch, check_batch
from weighin.exports._quantized import Scales, samples
from weighin.formats.graph import Graph
from weighin.registry import export as register

_EXPORTS: dict[str, Any] = {
    "float32": float32,
    "float16": float16,
    "dynamic": dynamic,
    "int8": int8,
    "int16x8": int16x8,
    "int4": int4,
}
_SCALED = ("dynamic", "int8", "int4")


def _check(export: str, scales: Scales, **_: object) -> None:
    if scales != "channel" and export not in _SCALED:
        raise ValueError(f"scales is for {', '.join(_SCALED)}: {export} has none to choose")


def _export_arguments(export: str, scales: Scales, batch: Batch) -> dict[str, Any]:
    """The arguments of the export itself."""
    return {"batch": batch} | ({"scales": scales} if export in _SCALED else {})


def _claim(graph: Graph, export: str, scales: Scales, batch: Batch) -> str | None:
    named = [tensor.label for tensor in graph.tensors if tensor.name]
    if named:
        return f"{len(named)} tensors have names, such as {named[0]}"
    needed = ("signatures",) * _has_several(graph.inputs, graph.outputs)
    remarks = [remark for remark in graph.remarks if remark not in needed]
    if remarks:
        return f"the file holds {', '.join(remarks)}"
    arguments = _export_arguments(export, scales, batch)
    breach: str | None = _EXPORTS[export].claim(graph, **arguments)
    return breach


@register(
    "compact",
    check=_check,
    claim=_claim,
    uses=(
        *(samples, check_batch, *(module.claim for module in _EXPORTS.values())),
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
    batch: Batch = "one",
) -> bytes:
    """Another export without names, signatures and metadata; it answers the same.

    Of several inputs or outputs the signature stays: without it nobody could tell which is which.

    Args:
        model: a Keras model.
        calibration: images for an export that asks for some.
        export: how weights and activations are stored.
        scales: of `dynamic`, `int8` and `int4`: for each channel of a kernel, or the whole of it.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    whole = getattr(_EXPORTS[export], export)(
        model, calibration, **_export_arguments(export, scales, batch)
    )
    return compacted(whole)


def compacted(content: bytes) -> bytes:
    """The same graph in fewer bytes, bit for bit the same answers.

    What goes: names of tensors and graphs, metadata, signatures unless there are several inputs or
    outputs for them to tell apart, the description, buffers that no tensor uses or that another
    equals, ranges beside scales. Buffers then lie by size, which packs better. What stays, though
    it looks superfluous: a zero point for each scale, without which LiteRT refuses the file, and
    the scales of biases, by which XNNPACK judges convolutions.

    Args:
        content: a .tflite file of less than 2 GB, its buffers inside the FlatBuffer.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    strip(model)
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
    import flatbuffers

    _pack_buffers(model, _tensors(model))
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


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
