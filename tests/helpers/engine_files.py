"""Small .tflite files that every engine is asked to open, and what is fed to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Graph, convolution, dense, write

Arrays = Mapping[str, npt.NDArray[Any]]


def _layers(dtype: str = "float32") -> tuple[Any, ...]:
    """A convolution and a dense layer with biases, small enough for int8 not to clip them."""
    generator = np.random.default_rng(3)
    layers = []
    for layer in (convolution(4, 3, 2, dtype, stride=2), dense(3, 4 * 4 * 4, dtype)):
        most = 4 if dtype == "int8" else 0.2
        weights = generator.uniform(-most, most, layer.weights.shape).astype(dtype)
        bias = np.arange(len(weights), dtype=np.int32 if dtype == "int8" else np.float32)
        layers.append(dataclasses.replace(layer, weights=weights, bias=bias))
    return tuple(layers)


def floats(folder: Path) -> Path:
    """A convolution, a dense layer and a softmax of floats, on 8×8 images of two channels."""
    return write(folder / "floats.tflite", *_layers(), softmax=True)


def bytes_(folder: Path) -> Path:
    """A convolution and a dense layer of int8, input and output quantized."""
    return write(folder / "bytes.tflite", *_layers("int8"), activations="int8")


def unnamed(folder: Path) -> Path:
    """The same of floats, whose tensors have no names."""
    return write(folder / "unnamed.tflite", *_layers(), named=False)


def open_batch(folder: Path) -> Path:
    """The same of floats, its batch dimension open."""
    return write(folder / "open.tflite", *_layers(), open_batch=True)


def _several(folder: Path, *, signed: bool) -> Path:
    """Two inputs and their sum and difference; a signature names and orders them otherwise."""
    graph = Graph()
    first, second = (graph.tensor(name, (1, 4), "float32") for name in ("a:0", "b:0"))
    total, less = (graph.tensor(name, (1, 4), "float32") for name in ("s:0", "d:0"))
    graph.operator("ADD", [first, second], [total], schema.AddOptionsT())
    graph.operator("SUB", [first, second], [less], schema.SubOptionsT())
    graph.graph.inputs, graph.graph.outputs = [first, second], [total, less]
    if signed:
        names = {"right": second, "left": first}
        graph.sign(names, {"difference": less, "sum": total})
    path = folder / ("signed.tflite" if signed else "several.tflite")
    path.write_bytes(graph.packed())
    return path


def several(folder: Path) -> Path:
    """Two inputs and two outputs by the names of their tensors."""
    return _several(folder, signed=False)


def signed(folder: Path) -> Path:
    """Two inputs and two outputs by the names of a signature, in another order."""
    return _several(folder, signed=True)


def hybrid(folder: Path) -> Path:
    """Floats that are multiplied by weights of int8."""
    return _hybrid(folder / "hybrid.tflite", (1, 64))


def same_hybrid(folder: Path) -> Path:
    """The same, which takes and gives what `floats` does."""
    return _hybrid(folder / "same_hybrid.tflite", (1, 8, 8, 2))


def _hybrid(path: Path, shape: tuple[int, ...]) -> Path:
    size = int(np.prod(shape))
    weights = np.random.default_rng(0).integers(-90, 90, (3, size)).astype(np.int8)
    graph = Graph()
    given = graph.tensor("input", shape, "float32")
    kernel = graph.tensor("kernel", weights.shape, "int8", weights, scale=0.01)
    scores = graph.tensor("scores", (1, 3), "float32")
    graph.operator("FULLY_CONNECTED", [given, kernel], [scores], schema.FullyConnectedOptionsT())
    graph.graph.inputs, graph.graph.outputs = [given], [scores]
    path.write_bytes(graph.packed())
    return path


FILES: tuple[Callable[[Path], Path], ...] = (floats, bytes_, unnamed, open_batch, several, signed)


def inputs(path: Path, n: int = 21) -> dict[str, npt.NDArray[np.float32]]:
    """N examples for one of the files, by the names that LiteRT's sessions take."""
    generator = np.random.default_rng(5)
    if path.stem in ("several", "signed"):
        names = ("left", "right") if path.stem == "signed" else ("a:0", "b:0")
        return {name: generator.normal(0, 3, (n, 4)).astype(np.float32) for name in names}
    shape = (64,) if path.stem == "hybrid" else (8, 8, 2)
    return {"input": generator.normal(0, 2, (n, *shape)).astype(np.float32)}
