"""Files that are not what their export's name says: each planted fault is caught by name."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Layer, content, convolution, dense, write
from helpers.invariants import breach, stored
from helpers.rules import graph

from weighin import grammar, registry
from weighin.core import SkippedError
from weighin.exports import dynamic
from weighin.exports.dynamic import SMALLEST

ZEROS = 38  # of 48 weights: 80 %, rounded down


def nibbles(outputs: int, inputs: int) -> Layer:
    """A dense layer of 4-bit weights."""
    layer = dense(outputs, inputs, "int8")
    return stored("int4", dataclasses.replace(layer, weights=layer.weights % 16 - 8))


@pytest.mark.parametrize(
    ("name", "layers", "activations"),
    [
        ("baseline", [dense(8, 6), dense(3, 8)], "float32"),
        ("finetune", [convolution(4, 3, 3), dense(3, 256)], "float32"),
        ("float16", [dense(8, 6, "float16"), dense(3, 8, "float16")], "float32"),
        ("dynamic", [dense(40, 40, "int8"), dense(3, 40)], "float32"),
        ("int8", [convolution(4, 3, 3, "int8"), dense(3, 256, "int8")], "int8"),
        ("prune(0.8)", [dense(8, 6, zeros=ZEROS), convolution(1, 1, 1)][:1], "float32"),
        ("prune(0.8)+int8", [dense(8, 6, "int8", zeros=ZEROS + 5)], "int8"),
        ("int8(scales=tensor)", [dense(8, 6, "int8")], "int8"),
        ("dynamic(scales=tensor)", [dense(40, 40, "int8"), dense(3, 40)], "float32"),
        ("sparse", [stored("sparse", dense(8, 6, zeros=ZEROS))], "float32"),
        ("prune(0.8)+sparse", [stored("sparse", dense(8, 6, zeros=ZEROS))], "float32"),
        (
            "prune(0.8)+sparse(export=int8)",
            [stored("sparse", dense(8, 6, "int8", zeros=ZEROS))],
            "int8",
        ),
        (
            "prune(0.8)+sparse(export=float16)",
            [stored("sparse", dense(8, 6, "float16", zeros=ZEROS))],
            "float32",
        ),
        ("int4", [nibbles(40, 40), dense(3, 40)], "float32"),
        ("int4(smallest=0)", [nibbles(8, 6)], "float32"),
    ],
)
def test_a_file_that_is_what_it_is_called_passes(
    tmp_path: Path, name: str, layers: list[Layer], activations: str
) -> None:
    """Each export has a file that keeps its claims, or else nothing here would mean a thing."""
    path = write(tmp_path / "m.tflite", *layers, activations=activations)

    assert breach(path, name) is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("baseline", "FLOAT32"), ("prune(0.8)", "FLOAT32"), ("float16", "FLOAT16")],
)
def test_quantized_weights_in_a_float_file(tmp_path: Path, name: str, wanted: str) -> None:
    """int8 weights under a name that says float are told, layer and types."""
    path = write(tmp_path / "m.tflite", dense(8, 6, "int8", zeros=ZEROS))

    export = "float16" if name == "float16" else "float32"
    assert f"{export}: 'dense0' holds INT8, not {wanted}" == breach(path, name)


def test_one_quantized_layer_among_float_ones(tmp_path: Path) -> None:
    """All layers are looked at, not only the first."""
    path = write(tmp_path / "m.tflite", dense(8, 6), dense(8, 8), dense(3, 8, "int8"))

    assert "float32: 'dense2' holds INT8, not FLOAT32" == breach(path, "baseline")


@pytest.mark.parametrize(
    ("name", "accused"),
    [
        ("int8", "int8: 'dense0' holds FLOAT32, not INT8"),
        ("dynamic", "dynamic: 'dense0' holds FLOAT32, not INT8"),
        ("float16", "float16: 'dense0' holds FLOAT32, not FLOAT16"),
    ],
)
def test_a_float_file_that_is_called_quantized(tmp_path: Path, name: str, accused: str) -> None:
    """A converter that quantized nothing is found out."""
    path = write(tmp_path / "m.tflite", dense(40, 40))

    assert accused == breach(path, name)


@pytest.mark.parametrize(
    ("name", "layer", "activations", "accused"),
    [
        ("int4(smallest=0)", dense(8, 6, "int8"), "float32", "'dense0' holds INT8, not INT4"),
        ("int4", dense(40, 40), "float32", "'dense0' holds FLOAT32, not INT4"),
        ("int8", nibbles(8, 6), "int8", "'dense0' holds INT4, not INT8"),
        ("int16x8", dense(8, 6, "int8"), "int8", "'input' holds INT8, not INT16"),
        ("int16x8", dense(8, 6), "float32", "'dense0' holds FLOAT32, not INT8"),
        (
            "sparse",
            dense(8, 6, zeros=15),
            "float32",
            "'dense0' stores its 15 zeros of 48 weights",
        ),
        (
            "prune(0.8)+sparse(export=int8)",
            dense(8, 6, "int8", zeros=ZEROS),
            "int8",
            "'dense0' stores its 38 zeros of 48 weights",
        ),
        (
            "sparse(export=int8)",
            stored("sparse", dense(8, 6, zeros=ZEROS)),
            "float32",
            "'dense0' holds FLOAT32, not INT8",
        ),
        (
            "int8(scales=tensor)",
            dataclasses.replace(dense(8, 6, "int8"), scales=8),
            "int8",
            "'dense0' has 8 scales, not one",
        ),
        (
            "compact(float32)",
            dense(8, 6),
            "float32",
            "3 tensors have names, such as 'input'",
        ),
    ],
)
def test_a_file_that_is_called_something_else(
    tmp_path: Path, name: str, layer: Layer, activations: str, accused: str
) -> None:
    """Each export's own promise is held against the file, however close the file comes."""
    path = write(tmp_path / "m.tflite", layer, activations=activations)

    export = grammar.parse(name).export
    assert f"{export}: {accused}" == breach(path, name)


def test_zeros_of_sparse_storage_count_as_pruned(tmp_path: Path) -> None:
    """Too few zeros are told of a sparse file as of a dense one."""
    layer = stored("sparse", dense(8, 6, zeros=20))
    path = write(tmp_path / "m.tflite", layer)

    told = "prune(0.8): layer 'dense0' has 20 zeros of 48 weights"
    assert told == breach(path, "prune(0.8)+sparse")


def test_a_few_zeros_may_be_stored_densely(tmp_path: Path) -> None:
    """The converter encodes from 30 % on; below, and on the edge, dense storage is right."""
    encoded = stored("sparse", dense(8, 10, zeros=60))
    path = write(tmp_path / "m.tflite", dense(10, 10, zeros=30), encoded)

    assert breach(path, "sparse") is None


def test_a_file_without_names(tmp_path: Path) -> None:
    """A compact file passes, with a claim of what is in it; others name tensors by number."""
    right = write(tmp_path / "right.tflite", dense(8, 6), named=False)
    wrong = write(tmp_path / "wrong.tflite", dense(8, 6, zeros=48), named=False)

    assert breach(right, "compact(float32)") is None
    told = "compact(int8): tensor 1 holds FLOAT32, not INT8"
    assert told == breach(right, "compact(int8)")
    assert "every weight of layer tensor 1 is zero" == breach(wrong, "compact(float32)")
    told = "prune(0.8): layer tensor 1 has 0 zeros of 48 weights"
    assert told == breach(right, "prune(0.8)+compact(float32)")


def test_remarks_in_a_file_that_is_called_compact(tmp_path: Path) -> None:
    """Metadata, signatures and a description are found, with or without names."""
    model = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(content([dense(8, 6)], named=False), 0)
    )
    note = schema.MetadataT()
    note.name, note.buffer = "CONVERSION_METADATA", 0
    model.metadata, model.description = [note], "made by hand"
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = tmp_path / "m.tflite"
    path.write_bytes(bytes(builder.Output()))

    told = "compact(float32): the file holds CONVERSION_METADATA, description"
    assert told == breach(path, "compact(float32)")


def test_half_precision_weights_called_float32(tmp_path: Path) -> None:
    """Half a file's size is not the baseline's."""
    path = write(tmp_path / "m.tflite", dense(8, 6, "float16"))

    assert "float32: 'dense0' holds FLOAT16, not FLOAT32" == breach(path, "baseline")


def test_half_precision_biases_called_float32(tmp_path: Path) -> None:
    """Biases are held to float32 too, where no operator is to unpack anything."""
    path = write(tmp_path / "m.tflite", Layer("dense", dense(8, 6).weights, np.ones(8, "float16")))

    assert "float32: 'dense0/bias' holds FLOAT16, not FLOAT32" == breach(path, "baseline")


def test_float_activations_called_int8(tmp_path: Path) -> None:
    """int8 weights alone are dynamic range, not full integer."""
    path = write(tmp_path / "m.tflite", dense(40, 40, "int8"))

    assert "int8: 'input' holds FLOAT32, not INT8" == breach(path, "int8")
    assert breach(path, "dynamic") is None


def test_integer_activations_called_dynamic(tmp_path: Path) -> None:
    """Full integer is not dynamic range either."""
    path = write(tmp_path / "m.tflite", dense(40, 40, "int8"), activations="int8")

    assert "dynamic: 'input' holds INT8, not FLOAT32" == breach(path, "dynamic")


@pytest.mark.parametrize("size", [SMALLEST // 32 - 1, SMALLEST // 32])
def test_dynamic_range_leaves_small_kernels_alone(tmp_path: Path, size: int) -> None:
    """A float kernel below the converter's own limit is right, one at the limit is not."""
    path = write(tmp_path / "m.tflite", dense(size, 32), dense(40, size, "int8"))

    allowed = size * 32 < SMALLEST
    assert allowed == (breach(path, "dynamic") is None)


# Nothing that qualifies

TOO_SMALL = "kernels below 1,024 values"


@pytest.mark.parametrize(
    ("name", "layers", "activations", "accused"),
    [
        (
            "dynamic",
            [convolution(4, 3, 3), dense(3, 256)],
            "float32",
            f"quantized: the converter leaves {TOO_SMALL} float, and the largest here has 768",
        ),
        (
            "sparse(export=dynamic)",
            [stored("sparse", dense(8, 6, zeros=ZEROS))],
            "float32",
            f"quantized: the converter leaves {TOO_SMALL} float, and the largest here has 48",
        ),
        (
            "int4",
            [dense(8, 6), dense(3, 8)],
            "float32",
            f"quantized: {TOO_SMALL} stay float (smallest=1024), and the largest here of a "
            f"convolution or dense layer has 48",
        ),
        (
            "prune(0.2)+sparse",
            [dense(10, 10, zeros=20), dense(10, 10, zeros=21)],
            "float32",
            "stored sparse: the converter keeps kernels dense up to 30 % zeros, and here none has "
            "more than 21 %: prune first, as in prune(0.8)+sparse",
        ),
    ],
)
def test_nothing_qualified(
    tmp_path: Path, name: str, layers: list[Layer], activations: str, accused: str
) -> None:
    """An export that had nothing to do anywhere says so, and why."""
    path = write(tmp_path / "m.tflite", *layers, activations=activations)

    assert f"{grammar.parse(name).export}: nothing was {accused}" == breach(path, name)


@pytest.mark.parametrize("largest", [SMALLEST - 32, SMALLEST])
def test_dynamic_range_is_skipped_where_it_finds_nothing_to_do(
    largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small networks are no failures of it; a converter that leaves large kernels float is one."""
    file = content([dense(largest // 32, 32)])
    monkeypatch.setattr(dynamic, "converter", lambda *_: None)
    monkeypatch.setattr(dynamic, "converted", lambda *_: file)

    if largest < SMALLEST:
        with pytest.raises(
            SkippedError, match=f"nothing was quantized: .* has {largest}. The file"
        ):
            dynamic.dynamic(None, {})
    else:
        assert file == dynamic.dynamic(None, {})


@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("dynamic", "quantized"),
        ("int8", "quantized"),
        ("int16x8", "quantized"),
        ("int4", "quantized"),
        ("float16", "stored in half precision"),
        ("sparse", "stored sparse"),
    ],
)
def test_a_model_without_weights(name: str, done: str) -> None:
    """Of a graph that multiplies by nothing, no export can keep its promise."""
    claim = vars(registry.exports[name])["claim"]
    wanted = grammar.parse(name).export
    arguments = grammar.arguments(wanted, registry.exports[name])

    accused = claim(graph(("RELU", None)), **arguments)

    assert f"nothing was {done}: no layer multiplies by weights" == accused
