"""Counts read from real model files, and the refusal of files that are none."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import dataclasses
import random
import shutil

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin import registry
from weighin.core import WeighinError
from weighin.formats import graph, lately, tflite
from weighin.formats.graph import Tensor
from weighin.formats.sparsity import Sparsity
from weighin.formats.tflite import read_tflite
from weighin.outcomes import Compressed
from weighin.stats import entropy

VARIANTS = ("baseline", "dynamic", "int8", "prune(0.5)", "prune(0.5)+int8")
DENSE = {"tiny": [36 * 32, 32 * 3], "tiny_cnn": [32 * 40, 40 * 3]}  # the depthwise output is 2×2×8
BIASES = {"tiny": 32 + 3, "tiny_cnn": 8 + 8 + 40 + 3}
CONVOLUTION, DEPTHWISE = 3 * 3 * 8, 3 * 3 * 8  # 8 filters on one channel; one for each of 8
PARAMETERS = {
    "tiny": sum(DENSE["tiny"]) + BIASES["tiny"],
    "tiny_cnn": CONVOLUTION + DEPTHWISE + sum(DENSE["tiny_cnn"]) + BIASES["tiny_cnn"],
}
MACS = {
    "tiny": sum(DENSE["tiny"]),
    "tiny_cnn": CONVOLUTION * 4 * 4 + DEPTHWISE * 2 * 2 + sum(DENSE["tiny_cnn"]),
}


def _figure(metric, artifact, path=None):
    """What a metric of the file says of an artifact, or of another file in its place."""
    file = Compressed(dataclasses.replace(artifact, path=path or artifact.path), b"")
    return registry.metrics[metric].compute(file).value


def _keras_weights(path):
    """The weights that Keras stored in an .h5 file."""
    arrays = []
    with h5py.File(path) as file:
        file["model_weights"].visititems(
            lambda _, item: arrays.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    return arrays


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("model", ["tiny", "tiny_cnn"])
def test_parameters_are_those_of_the_keras_model(shop, model, variant):
    """However a file stores its weights, it has as many as the model that it came from."""
    graph = read_tflite(shop.artifact(variant, model=model).path)

    assert PARAMETERS[model] == graph.parameters
    assert 0 < graph.nonzero_parameters <= graph.parameters


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("model", ["tiny", "tiny_cnn"])
def test_macs_equal_a_hand_count(shop, model, variant):
    """Every weight of a layer is multiplied once for each position of its output."""
    graph = read_tflite(shop.artifact(variant, model=model).path)

    assert MACS[model] == graph.macs
    assert 0 < graph.effective_macs <= graph.macs


def test_macs_are_counted_by_operator(shop):
    """Each operator has the multiply-accumulates of its own layer."""
    graph = read_tflite(shop.artifact(model="tiny_cnn").path)
    counts = [(operator.name, operator.macs) for operator in graph.operators if operator.macs]

    assert [
        ("CONV_2D", CONVOLUTION * 16),
        ("DEPTHWISE_CONV_2D", DEPTHWISE * 4),
        ("FULLY_CONNECTED", 32 * 40),
        ("FULLY_CONNECTED", 40 * 3),
    ] == counts


@pytest.mark.parametrize("model", ["tiny", "tiny_cnn"])
def test_nonzero_parameters_are_those_that_keras_stored(shop, model):
    """A float file has exactly the zeros of the Keras file."""
    for variant in ("baseline", "prune(0.5)"):
        stored = _keras_weights(shop.artifact(variant, "h5", model).path)
        graph = read_tflite(shop.artifact(variant, model=model).path)

        assert sum(map(np.count_nonzero, stored)) == graph.nonzero_parameters


def test_effective_macs_fall_with_pruning(shop):
    """Half the multiply-accumulates of pruned layers are by zeros; depthwise ones stay."""
    dense = read_tflite(shop.artifact(model="tiny_cnn").path)
    pruned = read_tflite(shop.artifact("prune(0.5)", model="tiny_cnn").path)

    assert dense.macs == dense.effective_macs
    assert (MACS["tiny_cnn"] - 288) // 2 + 288 == pruned.effective_macs


def test_small_weights_may_round_to_zero_but_none_comes_back(shop):
    """Quantizing a pruned model keeps its zeros."""
    pruned = read_tflite(shop.artifact("prune(0.5)", model="tiny_cnn").path)
    quantized = read_tflite(shop.artifact("prune(0.5)+int8", model="tiny_cnn").path)

    assert quantized.effective_macs <= pruned.effective_macs
    assert quantized.nonzero_parameters <= pruned.nonzero_parameters


def test_types_are_as_the_export_promises(shop):
    """int8 files take and give int8; dynamic ones hold int8 weights between float tensors."""
    kinds = {}
    for variant in ("baseline", "dynamic", "int8"):
        graph = read_tflite(shop.artifact(variant, model="tiny_cnn").path)
        ends = {graph.tensors[index].dtype for index in (*graph.inputs, *graph.outputs)}
        weights = {each.weights.dtype for each in graph.operators if each.weights}
        kinds[variant] = (ends, weights)

    assert {
        "baseline": ({"FLOAT32"}, {"FLOAT32"}),
        "dynamic": ({"FLOAT32"}, {"FLOAT32", "INT8"}),  # those of under 1,024 values stay
        "int8": ({"INT8"}, {"INT8"}),
    } == kinds


@pytest.mark.parametrize("model", ["tiny", "tiny_cnn"])
def test_keras_files_have_the_same_parameters(shop, model):
    """The Keras file has the parameters of the .tflite file, and the same zeros."""
    for variant in ("baseline", "prune(0.5)"):
        lite, keras = (shop.artifact(variant, format, model) for format in ("tflite", "h5"))
        nonzero = read_tflite(lite.path).nonzero_parameters

        assert PARAMETERS[model] == _figure("parameters", keras)
        assert nonzero == _figure("nonzero_parameters", keras)


def _missing(path, whole):
    pass


def _folder(path, whole):
    path.mkdir()


def _empty(path, whole):
    path.write_bytes(b"")


def _text(path, whole):
    path.write_text("These are not the bytes of a model.\n" * 20)


def _half(path, whole):
    path.write_bytes(whole[: len(whole) // 2])


def _headless(path, whole):
    path.write_bytes(b"\0" * 16 + whole[16:])


def _cut_short(path, whole):
    path.write_bytes(whole[:6])


WRECKS = [_missing, _folder, _empty, _text, _half, _headless, _cut_short]


@pytest.mark.parametrize("wreck", WRECKS)
@pytest.mark.parametrize("format", ["tflite", "h5"])
def test_what_is_no_model_file_is_refused_by_name(shop, tmp_path, format, wreck):
    """Whatever is wrong with a file, the message names it."""
    artifact = shop.artifact(format=format)
    path = tmp_path / f"wrecked.{format}"
    wreck(path, artifact.path.read_bytes())

    with pytest.raises(WeighinError, match=rf"wrecked\.{format}"):
        _figure("parameters", artifact, path)


def test_the_other_format_is_refused(shop, tmp_path):
    """An .h5 file called .tflite is refused, and the other way round."""
    keras, lite = shop.artifact(format="h5"), shop.artifact(format="tflite")
    shutil.copy(keras.path, tmp_path / "keras.tflite")
    shutil.copy(lite.path, tmp_path / "lite.h5")

    with pytest.raises(WeighinError, match=r"keras\.tflite"):
        _figure("parameters", lite, tmp_path / "keras.tflite")
    with pytest.raises(WeighinError, match=r"lite\.h5"):
        _figure("parameters", keras, tmp_path / "lite.h5")


@pytest.mark.parametrize("variant", ["baseline", "dynamic", "int8"])
def test_damaged_files_raise_nothing_but_weighin_errors(shop, tmp_path, variant):
    """300 files with flipped bytes or their end cut off are read or refused, never a crash."""
    whole = shop.artifact(variant, model="tiny_cnn").path.read_bytes()
    generator = random.Random(f"damage to {variant}")
    path = tmp_path / "damaged.tflite"
    refusals = []
    for number in range(300):
        content = bytearray(whole)
        if number % 3 == 0:
            del content[generator.randrange(8, len(content)) :]
        for _ in range(generator.choice([1, 4, 64]) if number % 3 else 0):
            content[generator.randrange(len(content))] = generator.randrange(256)
        path.write_bytes(content)
        try:
            graph = read_tflite(path)
            assert 0 <= graph.effective_macs <= graph.macs
            assert 0 <= graph.nonzero_parameters <= graph.parameters
        except WeighinError as error:
            refusals.append(str(error))

    assert 0 < len(refusals) < 300
    assert all("damaged.tflite" in refusal for refusal in refusals)


# -- entropy ------------------------------------------------------------------------------------

STORED = {"FLOAT32": np.float32, "FLOAT16": np.float16, "INT8": np.int8, "INT16": np.int16}
VALUES = st.lists(st.integers(-100, 100), min_size=1, max_size=200)


def _tensor(values, dtype="INT8", size=None, zero_point=0):
    """A tensor of values; sparse where it has more of them than are stored."""
    stored = np.asarray(values, STORED[dtype]).view(np.uint8)
    places = np.array([0, len(values)]), np.arange(len(values))
    sparse = None if size is None else Sparsity((0,), (), (places,))
    return Tensor(0, "w", (size or len(values),), dtype, stored, 1, zero_point, sparse)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([5] * 64, 0.0),
        ([0] * 64, 0.0),
        ([0, 1] * 32, 8.0),  # 64 × 1 bit
        ([0] * 32 + [1] * 16 + [2] * 8 + [3] * 8, 14.0),  # 64 × 1.75 bits
        (list(range(-128, 128)), 256.0),  # every byte once: nothing to gain
    ],
)
def test_entropy_of_known_values(values, wanted):
    """Size × entropy / 8, zeros included."""
    assert wanted == pytest.approx(_tensor(values).entropy_bytes)


@given(VALUES, st.sampled_from(sorted(STORED)), st.randoms())
def test_entropy_is_bounded_and_blind_to_order(values, dtype, random):
    """It never exceeds what the values take as they are, and their order does not matter."""
    mixed = random.sample(values, len(values))
    found = _tensor(values, dtype).entropy_bytes

    assert 0 <= found <= np.dtype(STORED[dtype]).itemsize * len(values)
    assert found == _tensor(mixed, dtype).entropy_bytes


@given(VALUES, st.integers(0, 50), st.sampled_from([0, 7, -100]))
def test_entropy_counts_zeros_that_are_left_out(values, zeros, zero_point):
    """A sparse encoding has the entropy of the same values stored dense."""
    dense = [*values, *[zero_point] * zeros]
    sparse = _tensor(values, size=len(dense), zero_point=zero_point)

    assert _tensor(dense, zero_point=zero_point).entropy_bytes == sparse.entropy_bytes


@pytest.mark.parametrize("variant", VARIANTS)
def test_entropy_of_a_file_is_that_of_its_tensors(shop, variant):
    """Each has a distribution of its own; the file holds them all and more."""
    artifact = shop.artifact(variant, model="tiny_cnn")
    tensors = read_tflite(artifact.path).trained
    wanted = sum(
        len(each.values) * entropy(np.unique(each.values, return_counts=True)[1]) / 8
        for each in tensors
    )

    assert wanted == pytest.approx(_figure("entropy_bytes", artifact))
    assert 0 < wanted < artifact.bytes


def test_pruning_lowers_the_entropy(shop):
    """Half the weights are one value, in the Keras file as in the .tflite made of it."""
    for format in ("tflite", "h5"):
        dense = _figure("entropy_bytes", shop.artifact("baseline", format, "tiny_cnn"))
        pruned = _figure("entropy_bytes", shop.artifact("prune(0.5)", format, "tiny_cnn"))

        assert pruned < 0.8 * dense


def test_entropy_of_a_keras_file_is_that_of_its_arrays(shop):
    """As Keras stored them."""
    artifact = shop.artifact("prune(0.5)", "h5")
    arrays = _keras_weights(artifact.path)
    wanted = sum(
        array.size * entropy(np.unique(array, return_counts=True)[1]) / 8 for array in arrays
    )

    assert wanted == pytest.approx(_figure("entropy_bytes", artifact))


def test_a_file_is_parsed_once(shop, tmp_path, monkeypatch) -> None:
    """However often it is looked at; one that changes is parsed anew, by whatever name it lies."""
    parsed = []
    parse = tflite.parsed
    monkeypatch.setattr(lately, "_recent", lately._Recent(10**6))
    monkeypatch.setattr(tflite, "parsed", lambda *given: parsed.append(given) or parse(*given))
    path = tmp_path / "model.tflite"
    path.write_bytes(shop.artifact("baseline").path.read_bytes())
    first = read_tflite(path)

    assert read_tflite(path) is first
    assert read_tflite(tmp_path / "." / "model.tflite") is first
    path.write_bytes(shop.artifact("int8").path.read_bytes())
    assert read_tflite(path).parameters != 0
    assert {"INT8"} <= {tensor.dtype for tensor in read_tflite(path).tensors}
    assert 2 == len(parsed)


def test_graphs_that_are_kept_are_bounded() -> None:
    """By the bytes of their files; the last one is kept however large it is."""
    recent, kept = lately._Recent(100), graph.Graph((), (), (), ())
    for name, size in (("a", 60), ("b", 30), ("c", 20)):
        recent.put((name,), size, kept)

    assert [None, kept, kept] == [recent.get((name,)) for name in "abc"]
    recent.put(("d",), 1000, kept)
    assert [None, None, kept] == [recent.get((name,)) for name in "bcd"]
