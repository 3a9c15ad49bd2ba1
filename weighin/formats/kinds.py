"""The formats that there are, in the order of tables."""

from __future__ import annotations

from weighin.core import Format
from weighin.formats.keras import read_keras
from weighin.formats.onnx.reading import parsed as parsed_onnx
from weighin.formats.onnx.reading import read_onnx
from weighin.formats.tflite import parsed as parsed_tflite
from weighin.formats.tflite import read_tflite
from weighin.registry import formats

TFLITE = Format(
    "tflite",
    (".tflite",),
    read_tflite,
    parsed_tflite,
    begins=lambda content: content[4:8] == b"TFL3",
    has_graph=True,
    finished=True,
    resized=True,
    plain="float32",
)
ONNX = Format(
    "onnx",
    (".onnx",),
    read_onnx,
    parsed_onnx,
    begins=lambda content: content[:1] == b"\x08",  # its first field, the version of its schema
    has_graph=True,
    finished=True,
    plain="onnx",
)
H5 = Format("h5", (".keras", ".h5", ".hdf5"), read_keras)

for each in (TFLITE, ONNX, H5):
    formats.add(each.name, each)
