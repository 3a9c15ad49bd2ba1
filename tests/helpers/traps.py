"""Small model files that state to be huge, or that lie elsewhere: none may take all memory."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import flatbuffers
import h5py
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from helpers.hdf5 import hdf5
from helpers.keras_files import KERNEL, layer, sequential

CONFIG = json.dumps(sequential(layer("Dense", "dense")))


def tflite(tensors: int, shape: list[int], kind: int, stored: int) -> bytes:
    """A .tflite file whose tensors, so many times the same one, share a buffer of some bytes."""
    builder = flatbuffers.Builder(1 << 20)
    data = builder.CreateNumpyVector(np.zeros(stored, np.uint8))
    sizes = builder.CreateNumpyVector(np.array(shape, np.int32))
    scale = builder.CreateNumpyVector(np.array([0.1], np.float32))
    schema.QuantizationParametersStart(builder)
    schema.QuantizationParametersAddScale(builder, scale)
    quantization = schema.QuantizationParametersEnd(builder)
    schema.TensorStart(builder)
    schema.TensorAddShape(builder, sizes)
    schema.TensorAddType(builder, kind)
    schema.TensorAddBuffer(builder, 1)
    schema.TensorAddQuantization(builder, quantization)
    tensor = schema.TensorEnd(builder)
    shared = _vector(builder, schema.SubGraphStartTensorsVector, [tensor] * tensors)
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, shared)
    subgraphs = _vector(builder, schema.ModelStartSubgraphsVector, [schema.SubGraphEnd(builder)])
    held = []
    for content in (None, data):
        schema.BufferStart(builder)
        if content is not None:
            schema.BufferAddData(builder, content)
        held.append(schema.BufferEnd(builder))
    buffers = _vector(builder, schema.ModelStartBuffersVector, held)
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, subgraphs)
    schema.ModelAddBuffers(builder, buffers)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _vector(builder: Any, start: Callable[[Any, int], Any], tables: list[int]) -> Any:
    start(builder, len(tables))
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return builder.EndVector()


def h5(fill: Callable[[Any], object]) -> bytes:
    """An .h5 file of a model, its weights as `fill` puts them into their group."""
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        file.attrs["model_config"] = CONFIG
        fill(file.create_group("model_weights"))
    return target.getvalue()


def keras(config: str) -> bytes:
    """A .keras file of a configuration, compressed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", hdf5({"layers/dense/vars/0": KERNEL}))
    return target.getvalue()


def _hollow(group: Any) -> None:
    group.create_dataset("k", (2**32,), "f4", chunks=(2**20,), compression="gzip")


def _piece(group: Any) -> None:
    group.create_dataset("k", (1,), "f4", chunks=(2**29,), maxshape=(None,), compression="gzip")


def _inflating(group: Any) -> None:
    array = group.create_dataset("k", (1024,), "f4", chunks=(1024,), compression="gzip")
    packer = zlib.compressobj(9)
    zeros = b"".join(packer.compress(bytes(2**24)) for _ in range(8)) + packer.flush()
    array.id.write_direct_chunk((0,), zeros)


def _virtual(group: Any) -> None:
    layout = h5py.VirtualLayout((9,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (9,))
    group.create_virtual_dataset("k", layout)


def _external(group: Any) -> None:
    group.create_dataset("k", (9,), "f4", external=[("/etc/passwd", 0, 36)])


TFLITE = {  # how many tensors, their shape and type, bytes that they share
    "one long shape": (20_000, [1] * 250_000, schema.TensorType.INT8, 1),
    "4 bits": (20_000, [2**20], schema.TensorType.INT4, 2**19),
    "8 bits": (20_000, [2**20], schema.TensorType.INT8, 2**20),
    "many tensors": (100_000, [1], schema.TensorType.INT8, 1),
}
H5: dict[str, tuple[Callable[[Any], object], str]] = {  # how weights are put there, what is said
    "an array that is not there": (_hollow, "would unpack from"),
    "a piece larger than its array": (_piece, "would unpack from"),
    "a piece that inflates": (_inflating, "a piece of .* unpacks to more than 4,096 bytes"),
    "a virtual array": (_virtual, "lies in another file"),
    "an external array": (_external, "lies in another file"),
    "a link to a file": (
        lambda group: group.__setitem__("k", h5py.ExternalLink("other.h5", "/k")),
        "k is a link to another place",
    ),
    "a link to itself": (
        lambda group: group.__setitem__("k", h5py.SoftLink("/model_weights/k")),
        "k is a link to another place",
    ),
    "values of any length": (
        lambda group: group.create_dataset("k", (3,), h5py.vlen_dtype(np.float32)),
        "holds values of any length",
    ),
    "another filter": (
        lambda group: group.create_dataset("k", data=KERNEL, compression="lzf"),
        "packed otherwise than by gzip",
    ),
}
KERAS = {  # configurations
    "a long entry": " " * 2**27 + CONFIG,
    "a configuration of many parts": f'{CONFIG[:-1]}, "more": [{", ".join(["{}"] * 1_000_000)}]}}',
}


def repeated(group: Any) -> None:
    """One array of a layer, named as its weight 500 times."""
    group["layer/k"] = np.zeros(2**20, np.float32)
    group["layer"].attrs["weight_names"] = ["k"] * 500
    group.attrs["layer_names"] = ["layer"]
