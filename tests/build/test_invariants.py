"""Files that are not what their variant's name says: each planted fault is caught by name."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import flatbuffers
import h5py
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Layer, content, convolution, dense, write

from weighin import grammar
from weighin.build import invariants
from weighin.core import WeighinError
from weighin.exports.dynamic import SMALLEST

ZEROS = 38  # of 48 weights: 80 %, rounded down


def breach(path: Path, name: str, **files: Path) -> str | None:
    """What a file is accused of under a variant's name, beside files of others; None if nothing."""
    try:
        invariants.check(path, grammar.parse(name), lambda other: files[other.name])
    except WeighinError as error:
        said = str(error)
        assert said.startswith(f"the file is not what {grammar.parse(name).name!r} says: ")
        return said.split(" says: ", 1)[1]
    return None


def h5(path: Path, layers: list[dict[str, Any]], *arrays: Any, optimizer: bool = False) -> Path:
    """An .h5 model as Keras writes one."""
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        weights = file.create_group("model_weights")
        for number, array in enumerate(arrays):
            weights.create_dataset(f"dense{number}/kernel:0", data=np.asarray(array, np.float32))
        if optimizer:
            file.create_dataset("optimizer_weights/adam/m:0", data=np.ones(500, np.float32))
    return path


def layer(kind: str, name: str, **inside: Any) -> dict[str, Any]:
    """A layer's configuration."""
    return {"class_name": kind, "config": {"name": name, **inside}}


def stored(how: str, layer: Layer) -> Layer:
    """A layer whose weights are stored in another way."""
    return dataclasses.replace(layer, stored=how)


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
        ("sparse", [dense(8, 6)], "float32"),
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
    path = write(tmp_path / "m.tflite", dense(10, 10, zeros=30))

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
    path = write(tmp_path / "m.tflite", dense(size, 32))

    allowed = size * 32 < SMALLEST
    assert allowed == (breach(path, "dynamic") is None)


@pytest.mark.parametrize(
    ("zeros", "is_kept"),
    [(0, False), (36, False), (37, False), (38, True), (39, True), (40, False), (47, False)],
)
def test_zeros_of_a_float_file_are_counted(tmp_path: Path, zeros: int, is_kept: bool) -> None:
    """80 % of 48 is 38.4: 38 or 39 zeros, no fewer and no more."""
    path = write(tmp_path / "m.tflite", dense(8, 6, zeros=zeros))

    accused = breach(path, "prune(0.8)")

    told = f"prune(0.8): layer 'dense0' has {zeros} zeros of 48 weights"
    assert (None if is_kept else told) == accused


@pytest.mark.parametrize(("zeros", "is_kept"), [(37, False), (38, True), (40, True), (47, True)])
def test_quantization_may_add_zeros(tmp_path: Path, zeros: int, is_kept: bool) -> None:
    """Small weights are rounded to zero; none that was zero becomes something else."""
    path = write(tmp_path / "m.tflite", dense(8, 6, "int8", zeros=zeros), activations="int8")

    assert is_kept == (breach(path, "prune(0.8)+int8") is None)


def test_blocks_are_counted_whole(tmp_path: Path) -> None:
    """Half of the weights are zeros, but in no block of four inputs: told, and in blocks: right."""
    scattered, together = dense(8, 8), dense(8, 8)
    scattered.weights[:, ::2] = 0
    together.weights[:, :4] = 0

    path = write(tmp_path / "scattered.tflite", scattered)
    told = "prune(0.5,block=4x1): 0 of 64 weights lie in 4×1 blocks of zeros"
    assert told == breach(path, "prune(0.5,block=4x1)")
    assert breach(write(tmp_path / "m.tflite", together), "prune(0.5,block=4x1)") is None


def test_a_pattern_is_looked_for_in_every_run(tmp_path: Path) -> None:
    """Half of the weights are zeros, but not two in each four: told."""
    even, uneven = dense(8, 8), dense(8, 8)
    even.weights[:, ::2] = 0
    uneven.weights[:, :4] = 0

    assert breach(write(tmp_path / "m.tflite", even), "prune(0.5,pattern=2:4)") is None
    told = "layer 'dense0' has 4 weights left in 4 input channels"
    path = write(tmp_path / "uneven.tflite", uneven)
    assert f"prune(0.5,pattern=2:4): {told}" == breach(path, "prune(0.5,pattern=2:4)")


@pytest.mark.parametrize("scope", ["global", "recipe"])
def test_the_whole_model_has_its_zeros(tmp_path: Path, scope: str) -> None:
    """Zeros of one layer make up for those of another, but not for what the model lacks."""
    path = write(tmp_path / "m.tflite", dense(8, 6, zeros=47), dense(6, 8, zeros=29))
    lacking = write(tmp_path / "lacking.tflite", dense(8, 6, zeros=40), dense(6, 8, zeros=29))

    assert breach(path, f"prune(0.8,scope={scope})") is None
    told = "the model has 69 zeros of 96 weights"
    assert f"prune(0.8,scope={scope}): {told}" == breach(lacking, f"prune(0.8,scope={scope})")


def test_clusters_are_counted(tmp_path: Path) -> None:
    """More values in one output channel than clusters, and zero, are told."""
    shared, apart = dense(8, 30), dense(8, 30)
    shared.weights[:] = np.arange(8 * 30).reshape(8, 30) % 4
    apart.weights[:] = np.arange(8 * 30).reshape(8, 30)

    assert breach(write(tmp_path / "m.tflite", shared), "cluster(4)") is None
    told = "cluster(4): layer 'dense0' has 30 different values in one output channel"
    assert told == breach(write(tmp_path / "apart.tflite", apart), "cluster(4)")


def test_quantization_aware_training_leads_to_integers(tmp_path: Path) -> None:
    """A float file is no outcome of it."""
    told = "qat: no layer has int8 weights: this training is for integer arithmetic, write qat+int8"

    assert told == breach(write(tmp_path / "m.tflite", dense(8, 6)), "qat")


def test_each_layer_has_its_zeros(tmp_path: Path) -> None:
    """Zeros of one layer do not make up for those that another lacks."""
    path = write(tmp_path / "m.tflite", dense(8, 6, zeros=47), dense(6, 8, zeros=29))

    assert "prune(0.8): layer 'dense0' has 47 zeros of 48 weights" == breach(path, "prune(0.8)")


def test_further_training_that_fills_the_zeros(tmp_path: Path) -> None:
    """prune(0.8)+finetune still says that 80 % are zeros, and drifted ones are told."""
    kept = write(tmp_path / "kept.tflite", dense(8, 6, zeros=38))
    drifted = write(tmp_path / "drifted.tflite", dense(8, 6, zeros=2))

    assert breach(kept, "prune(0.8)+finetune") is None
    told = "prune(0.8): layer 'dense0' has 2 zeros of 48 weights"
    assert told == breach(drifted, "prune(0.8)+finetune")


def test_of_two_prunings_the_later_counts(tmp_path: Path) -> None:
    """prune(0.5)+prune(0.8) is to have 80 % zeros, and 50 % are not enough."""
    later = write(tmp_path / "later.tflite", dense(8, 6, zeros=38))
    earlier = write(tmp_path / "earlier.tflite", dense(8, 6, zeros=24))

    assert breach(later, "prune(0.5)+prune(0.8)") is None
    told = "prune(0.8): layer 'dense0' has 24 zeros of 48 weights"
    assert told == breach(earlier, "prune(0.5)+prune(0.8)")


def net(path: Path, first: int, second: int, dtype: str = "float32") -> Path:
    """A file of a convolution, what follows it, and a last layer of three classes."""
    flat = 64 * first  # 8 × 8 places
    layers = (convolution(first, 3, 3, dtype), dense(second, flat, dtype), dense(3, second, dtype))
    return write(path, *layers, activations=dtype)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("channels(0.5)", 8, 5),
        ("channels(0.5)", 16, 5),  # the first is bound to the input, say
        ("channels(0.25)", 12, 8),
        ("channels(0.99)", 1, 1),
        ("channels(0.5,multiple=4)", 8, 8),
        ("channels(0.9,multiple=8)", 8, 8),
    ],
)
def test_a_narrowed_file_passes(tmp_path: Path, name: str, first: int, second: int) -> None:
    """Every layer has what is due of the baseline's channels, or all of them."""
    baseline = net(tmp_path / "baseline.tflite", 16, 10)
    path = net(tmp_path / "m.tflite", first, second)

    assert breach(path, name, baseline=baseline) is None


@pytest.mark.parametrize(
    ("name", "first", "second", "accused"),
    [
        ("channels(0.5)", 16, 10, "every layer is as wide as before"),
        ("channels(0.5)", 12, 5, "layer 'convolution0' has 12 channels, not 8 of 16"),
        ("channels(0.5)", 4, 5, "layer 'convolution0' has 4 channels, not 8 of 16"),
        ("channels(0.5)", 8, 4, "layer 'dense1' has 4 channels, not 5 of 10"),
        ("channels(0.5,multiple=8)", 8, 5, "layer 'dense1' has 5 channels, not 8 of 10"),
        ("channels(0.25)", 8, 8, "layer 'convolution0' has 8 channels, not 12 of 16"),
    ],
)
def test_a_file_that_is_not_narrowed_so(
    tmp_path: Path, name: str, first: int, second: int, accused: str
) -> None:
    """The dense model under the name of a narrowed one is told, and so is any other width."""
    baseline = net(tmp_path / "baseline.tflite", 16, 10)
    path = net(tmp_path / "m.tflite", first, second)

    assert f"{grammar.parse(name).name}: {accused}" == breach(path, name, baseline=baseline)


def test_a_narrowed_file_of_other_layers(tmp_path: Path) -> None:
    """A file of another network is not a narrower one."""
    baseline = net(tmp_path / "baseline.tflite", 16, 10)
    path = write(tmp_path / "m.tflite", convolution(8, 3, 3), dense(3, 512))

    told = "channels(0.5): its layers with weights are others than before"
    assert told == breach(path, "channels(0.5)", baseline=baseline)


def test_what_is_narrowed_is_compared_with_what_was_before(tmp_path: Path) -> None:
    """A second narrowing takes its share of what the first has left, whatever the export."""
    once, dense_one = net(tmp_path / "1.tflite", 8, 5), net(tmp_path / "0.tflite", 16, 10)
    files = {"baseline": dense_one, "channels(0.5)": once}
    twice = net(tmp_path / "2.tflite", 4, 2, "int8")

    assert breach(twice, "channels(0.5)+channels(0.5)+int8", **files) is None
    told = "channels(0.5): layer 'convolution0' has 4 channels, not 8 of 16"
    assert told == breach(twice, "channels(0.5)+int8", **files)
    told = "channels(0.5): every layer is as wide as before"
    assert told == breach(once, "channels(0.5)+channels(0.5)", **files)


@pytest.mark.parametrize("name", ["baseline", "prune(0.99)"])
def test_a_layer_of_zeros_alone(tmp_path: Path, name: str) -> None:
    """A layer that lets nothing through is refused though its share of zeros may be right."""
    path = write(
        tmp_path / "m.tflite",
        convolution(10, 3, 4, zeros=int(0.99 * 360) if name != "baseline" else 0),
        convolution(2, 1, 10, zeros=20),
    )

    assert "every weight of layer 'convolution1' is zero" == breach(path, name)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_weights_that_are_no_numbers(tmp_path: Path, bad: float, dtype: str) -> None:
    """NaN and infinity are refused, in weights of either precision."""
    damaged = dense(8, 6, dtype)
    damaged.weights[3, 2] = bad
    path = write(tmp_path / "m.tflite", dense(6, 6, dtype), damaged)

    name = "baseline" if dtype == "float32" else dtype
    assert "'dense1' holds NaN or infinite values" == breach(path, name)


def test_a_bias_that_is_no_number(tmp_path: Path) -> None:
    """Biases are looked at too."""
    bias = np.array([0] * 7 + [np.nan], np.float32)
    path = write(tmp_path / "m.tflite", Layer("dense", dense(8, 6).weights, bias))

    assert "'dense0/bias' holds NaN or infinite values" == breach(path, "baseline")


def test_a_finished_keras_file_passes(tmp_path: Path) -> None:
    """An .h5 of plain layers and finite weights has nothing to be accused of."""
    path = h5(tmp_path / "m.h5", [layer("Dense", "d")], [[1.0, 0.0]])

    assert breach(path, "baseline") is None


def test_a_keras_file_with_optimizer_state(tmp_path: Path) -> None:
    """What Keras stores to train on is no part of the model, and its bytes are told."""
    path = h5(tmp_path / "m.h5", [layer("Dense", "d")], [[1.0, 0.0]], optimizer=True)

    accused = re.fullmatch(r"it also holds ([\d,]+) bytes of optimizer state", breach(path, "int8"))
    assert accused is not None
    assert 2000 <= int(accused[1].replace(",", "")) <= path.stat().st_size


@pytest.mark.parametrize("kind", ["PruneLowMagnitude", "ClusterWeights", "QuantizeWrapperV2"])
def test_a_keras_file_with_a_wrapper(tmp_path: Path, kind: str) -> None:
    """A model that was not stripped after training is refused, however deep the layer lies."""
    wrapped = layer(kind, "prune_low_magnitude_d", layer=layer("Dense", "d"))
    inner = layer("Sequential", "inner", layers=[layer("Flatten", "f"), wrapped])
    path = h5(tmp_path / "m.h5", [inner], [[1.0]])

    told = "layer 'prune_low_magnitude_d' is still wrapped for training"
    assert told == breach(path, "prune(0.8)")


def test_a_keras_file_with_code(tmp_path: Path) -> None:
    """A Lambda layer runs code of whoever made the file."""
    path = h5(tmp_path / "m.h5", [layer("Dense", "d"), layer("Lambda", "sly")], [[1.0]])

    assert "layer 'sly' is a Lambda layer, which holds code" == breach(path, "baseline")


def test_a_keras_file_with_weights_that_are_no_numbers(tmp_path: Path) -> None:
    """NaN is refused in .h5 as it is in .tflite."""
    path = h5(tmp_path / "m.h5", [layer("Dense", "d")], [[1.0]], [[1.0, np.nan]])

    assert "'dense1/kernel:0' holds NaN or infinite values" == breach(path, "baseline")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("prune(0.5)+finetune+int8", []),
        ("channels(0.5)+int8", ["baseline"]),
        ("prune(0.5)+channels(0.5)+channels(0.1)", ["prune(0.5)", "prune(0.5)+channels(0.5)"]),
    ],
)
def test_what_claims_compare_with_is_known_beforehand(name: str, wanted: list[str]) -> None:
    """So that it can be built before anything is measured."""
    assert wanted == [each.name for each in invariants.needs(name)]
