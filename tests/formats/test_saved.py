"""What a trained file is and holds is told without any Keras; what is no such file is refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers.hdf5 import hdf5
from helpers.keras_files import KERNEL, layer, sequential

from weighin.core import WeighinError
from weighin.formats import archive
from weighin.formats.compiled import Compiled, compiled, compiled_as
from weighin.formats.model_file import digest, model_file
from weighin.formats.protobuf import fields, parts
from weighin.formats.saved import read_saved

MODEL = sequential(layer("Dense", "dense"))
CODE = sequential(layer("Dense", "dense"), layer("Lambda", "secret"))


def keras_file(
    folder: Path, version: str = "3.15.1", config: Any = MODEL, weights: bytes | None = None
) -> Path:
    """A .keras file."""
    path = folder / "mine.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("metadata.json", json.dumps({"keras_version": version}))
        written.writestr("config.json", json.dumps(config))
        content = hdf5({"layers/dense/vars/0": KERNEL}) if weights is None else weights
        written.writestr("model.weights.h5", content)
    return path


def h5_file(folder: Path, config: Any = MODEL, **attributes: str) -> Path:
    """An .h5 file of a whole model."""
    path = folder / "mine.h5"
    text = json.dumps(config)
    path.write_bytes(hdf5({"model_weights/d": KERNEL}, model_config=text, **attributes))
    return path


def field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer, shorter than 128 bytes or of two-byte length."""
    length = len(content)
    size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
    return bytes([number << 3 | 2]) + size + content


def saved_model(folder: Path, operator: str = "MatMul", **root: Any) -> Path:
    """The folder of a SavedModel; of Keras 2 if something is said of its model."""
    path = folder / "served"
    path.mkdir()
    node = field(1, field(1, b"node") + field(2, operator.encode()))
    (path / "saved_model.pb").write_bytes(b"\x08\x01" + field(2, node))
    if root:
        described = field(3, b"root") + field(5, json.dumps(root).encode())
        (path / "keras_metadata.pb").write_bytes(field(1, b"\x10\x01" + described))
    return path


@pytest.mark.parametrize(("version", "keras"), [("3.15.1", 3), ("2.21.0", 2), ("", None)])
def test_it_is_told_which_keras_wrote_a_file(
    tmp_path: Path, version: str, keras: int | None
) -> None:
    of_archive = read_saved(keras_file(tmp_path, version))
    of_h5 = read_saved(h5_file(tmp_path, keras_version=version))

    assert [version] * 2 == [of_archive.version, of_h5.version]
    assert ("keras", keras) == (of_archive.kind, of_archive.keras)
    assert ("h5", keras) == (of_h5.kind, of_h5.keras)


def test_a_folder_is_of_keras_2_where_that_left_an_account(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    plain = read_saved(saved_model(tmp_path))
    kept = read_saved(
        saved_model(
            tmp_path / "other", class_name="Net", config=CODE["config"], keras_version="2.15.0"
        )
    )

    assert (plain.kind, plain.keras) == ("savedmodel", None)
    assert (kept.kind, kept.keras, kept.version) == ("savedmodel", 2, "2.15.0")
    assert kept.code == ("layer 'secret' is a Lambda layer",)


@pytest.mark.parametrize("place", ["weights", "names"])
def test_weights_alone_are_no_model(tmp_path: Path, place: str) -> None:
    path = tmp_path / "mine.weights.h5"
    with h5py.File(path, "w") as file:
        if place == "weights":
            file["layers/dense/vars/0"] = KERNEL
        else:
            file.attrs["layer_names"] = ["dense"]

    assert read_saved(path).kind == "weights"
    with pytest.raises(WeighinError, match=r"holds weights without their model: name a \.py file"):
        model_file(path)


@pytest.mark.parametrize("write", [keras_file, h5_file])
def test_code_is_found_and_refused_until_it_is_trusted(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path, config=CODE)

    with pytest.raises(WeighinError, match=r"layer 'secret' is a Lambda layer.*--trust runs it"):
        model_file(path)
    assert model_file(path, trust=True).trust


def test_code_is_found_at_any_depth(tmp_path: Path) -> None:
    hidden = {"class_name": "__lambda__", "config": {"value": "4wEA"}}
    inner = layer("TimeDistributed", "repeated", layer=layer("Lambda", "inside"))
    config = sequential(sequential(inner, name="net"), layer("Dense", "d", activation=hidden))

    assert set(read_saved(keras_file(tmp_path, config=config)).code) == {
        "a layer has a lambda function",
        "layer 'inside' is a Lambda layer",
    }


@pytest.mark.parametrize("operator", ["WriteFile", "PyFunc", "EagerPyFunc"])
def test_a_graph_that_acts_is_refused_until_it_is_trusted(tmp_path: Path, operator: str) -> None:
    path = saved_model(tmp_path, operator)

    with pytest.raises(WeighinError, match=f"its graph holds the operator {operator}"):
        model_file(path)
    assert model_file(path, trust=True).sha256


def test_a_graph_that_prints_acts_only_if_it_prints_to_a_file(tmp_path: Path) -> None:
    path = saved_model(tmp_path, "PrintV2")
    assert read_saved(path).code == ()
    with (path / "saved_model.pb").open("ab") as graph:
        graph.write(field(2, b"output_stream file:///tmp/x"))

    assert read_saved(path).code == ("its graph holds the operator PrintV2",)


@pytest.mark.parametrize(
    ("function", "is_code"),
    [
        ("io.gfile.rmtree", True),
        ("io.write_file", True),
        ("py_function", True),
        ("numpy_function", True),
        ("compat.v1.py_func", True),
        ("print", True),
        ("math.add", False),
        ("nn.relu", False),
        ("compat.v1.gather", False),
        ("__operators__.getitem", False),
        ("reshape", False),
    ],
)
def test_a_layer_that_calls_tensorflow_only_computes_or_wants_trust(
    tmp_path: Path, function: str, is_code: bool
) -> None:
    """Keras 2 calls whatever function of TensorFlow a file names, as soon as it opens it."""
    calling = layer("TFOpLambda", "tf.op", function=function)
    path = h5_file(tmp_path, sequential(layer("Dense", "dense"), calling))

    assert (("layer 'tf.op' calls tf." + function,) if is_code else ()) == read_saved(path).code
    if is_code:
        with pytest.raises(WeighinError, match=r"holds code: layer 'tf\.op' calls tf\."):
            model_file(path)


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_weights_that_lie_in_another_file_are_refused(tmp_path: Path, ending: str) -> None:
    """They would be read from anywhere, and change under the file's digest."""
    (tmp_path / "elsewhere").write_bytes(bytes(64))
    target = tmp_path / "weights.h5"
    with h5py.File(target, "w") as file:
        place = file.create_group("model_weights")
        place.create_dataset("k", (4,), "f4", external=[(str(tmp_path / "elsewhere"), 0, 16)])
        file.attrs["model_config"] = json.dumps(MODEL)
    path = target
    if ending == "keras":
        path = keras_file(tmp_path, weights=target.read_bytes())

    with pytest.raises(WeighinError, match="lies in another file"):
        read_saved(path)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"module": None, "registered_name": "mine>Own"}, "mine>Own"),
        ({"module": "my_layers", "registered_name": "Own"}, r"my_layers\.Own"),
        ({"module": "os", "registered_name": None}, r"os\.Own"),
    ],
)
def test_classes_that_are_none_of_keras_are_named(
    tmp_path: Path, more: dict[str, Any], named: str
) -> None:
    config = sequential(layer("Own", "own") | more)

    with pytest.raises(WeighinError, match=f"holds {named}, which is none of Keras's: write a fun"):
        model_file(keras_file(tmp_path, config=config))


def test_keras_own_classes_are_not_foreign(tmp_path: Path) -> None:
    dense = layer("Dense", "d") | {"module": "keras.layers", "registered_name": None}
    assert read_saved(keras_file(tmp_path, config=sequential(dense))).foreign == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: bring a file that Keras's model.save has written"),
        (b"TFL3" * 9, "holds a finished model"),
        (b"PK\x03\x04", "is not a whole Keras file"),
        (b"\x89HDF\r\n\x1a\n", "is not a whole Keras file"),
        (hdf5({"x": KERNEL}), "it holds neither a model nor weights"),
        (hdf5({"x": KERNEL}, model_config="[]"), "its configuration is no object"),
        (hdf5({"x": KERNEL}, model_config=json.dumps(MODEL)), "model_weights"),
    ],
)
def test_what_is_no_trained_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "mine.h5"
    path.write_bytes(content)

    with pytest.raises(WeighinError, match=said) as caught:
        model_file(path)
    assert str(caught.value).startswith(str(path))


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeighinError, match="no such file or folder"):
        model_file(tmp_path / "lost.keras")
    with pytest.raises(WeighinError, match=r"a folder without saved_model\.pb, so no SavedModel"):
        model_file(tmp_path)
    path = saved_model(tmp_path)
    (path / "saved_model.pb").write_bytes(b"\xff" * 20)
    with pytest.raises(WeighinError, match="is not a whole Keras file"):
        model_file(path)


def test_what_would_unpack_to_far_more_than_it_is_is_refused(tmp_path: Path) -> None:
    """An entry of zeros, and arrays that lie in no file."""
    zeros = keras_file(tmp_path, weights=bytes(2**27))
    with pytest.raises(WeighinError, match=r"weights\.h5 would unpack from .* to 134,217,728 b"):
        model_file(zeros)

    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        file.attrs["model_config"] = json.dumps(MODEL)
        file.create_dataset("model_weights/d", (2**28,), np.float32, chunks=(2**20,))
    path = tmp_path / "hollow.h5"
    path.write_bytes(target.getvalue())
    with pytest.raises(WeighinError, match="what it holds would unpack from"):
        model_file(path)


def test_the_digest_is_of_all_that_decides_the_model(tmp_path: Path) -> None:
    """Of a .py file also what it imports of its folder; of a folder what its files are called."""
    (tmp_path / "net.py").write_text("from parts import net\ndef mine(keras): return net(keras)\n")
    (tmp_path / "parts.py").write_text("import other.deep\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "deep.py").write_text("width = 8\n")
    (tmp_path / "unrelated.py").write_text("x = 1\n")
    weights = tmp_path / "mine.weights.h5"
    weights.write_bytes(hdf5({"layers/dense/vars/0": KERNEL}))
    first = model_file(tmp_path / "net.py", function="mine", weights=weights)

    (tmp_path / "unrelated.py").write_text("x = 2\n")
    assert digest(first) == first.sha256
    (tmp_path / "other" / "deep.py").write_text("width = 9\n")
    assert digest(first) != first.sha256
    (tmp_path / "other" / "deep.py").write_text("width = 8\n")
    weights.write_bytes(hdf5({"layers/dense/vars/0": KERNEL + 1}))
    assert digest(first) != first.sha256

    folder = model_file(saved_model(tmp_path))
    (folder.path / "asset").write_bytes(b"")
    assert digest(folder) != folder.sha256


def test_a_function_is_named_and_is_there(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("def one(): ...\ndef two(keras): ...\n")

    with pytest.raises(WeighinError, match=r"has no function 'three': name .*\(one, two\)"):
        model_file(tmp_path / "net.py", function="three")
    with pytest.raises(WeighinError, match=r"a function and weights beside it are for a \.py file"):
        model_file(keras_file(tmp_path), function="one")
    (tmp_path / "net.py").write_text("def one(:\n")
    with pytest.raises(WeighinError, match="is no Python file that can be read"):
        model_file(tmp_path / "net.py", function="one")


def test_a_models_name_is_its_files(tmp_path: Path) -> None:
    assert model_file(keras_file(tmp_path)).name == "mine"
    assert model_file(keras_file(tmp_path), name="net").name == "net"


@pytest.mark.parametrize(
    ("training", "wanted"),
    [
        ({}, Compiled()),
        (
            {
                "loss": {
                    "class_name": "SparseCategoricalCrossentropy",
                    "config": {"from_logits": True},
                },
                "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.01}},
            },
            Compiled("crossentropy_from_logits", "adam", 0.01),
        ),
        (
            {
                "loss": "sparse_categorical_crossentropy",
                "optimizer_config": {
                    "class_name": "Custom>SGD",
                    "config": {"learning_rate": 0.0010000000474974513},
                },
            },
            Compiled("crossentropy", "sgd", 0.001),
        ),
        (
            {
                "loss": {"class_name": "BinaryCrossentropy", "config": {"from_logits": True}},
                "optimizer": {
                    "class_name": "LossScaleOptimizer",
                    "config": {"inner_optimizer": {"class_name": "RMSprop", "config": {}}},
                },
            },
            Compiled("binary_crossentropy_from_logits", "rmsprop", None),
        ),
        (
            {
                "loss": ["mean_squared_error"],
                "optimizer": {
                    "class_name": "AdamW",
                    "config": {
                        "learning_rate": {
                            "class_name": "CosineDecay",
                            "config": {"initial_learning_rate": 0.1},
                        }
                    },
                },
            },
            Compiled("mse", "adamw", 0.1),
        ),
        ({"loss": {"a": "mse"}, "optimizer": "nadam"}, Compiled("mse", "nadam")),
        ({"loss": {"a": "mse", "b": "mae"}, "optimizer": "Muon"}, Compiled()),
        ({"loss": {"class_name": "mine>Own", "config": {}}, "optimizer": 7}, Compiled()),
        ({"loss": "Huber"}, Compiled("huber")),
    ],
)
def test_how_a_model_was_compiled(training: dict[str, Any], wanted: Compiled) -> None:
    assert compiled_as(training) == wanted


def test_either_format_tells_how_its_model_was_compiled(tmp_path: Path) -> None:
    said = {"loss": "mse", "optimizer_config": {"class_name": "Adam", "config": {}}}
    plain = {"loss": "mse", "optimizer": "adam"}

    assert compiled(h5_file(tmp_path, training_config=json.dumps(said))) == Compiled("mse", "adam")
    assert compiled(keras_file(tmp_path, config={**MODEL, "compile_config": plain})) == Compiled(
        "mse", "adam"
    )
    assert compiled(saved_model(tmp_path, class_name="Net", training_config=plain)) == Compiled(
        "mse", "adam"
    )


def test_a_folder_comes_back_from_its_archive(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inside").mkdir(parents=True)
    (source / "inside" / "a").write_bytes(b"1" * 1000)
    (source / "b").write_bytes(b"2")
    packed = archive.packed(source)
    (tmp_path / "file.zip").write_bytes(packed)
    archive.unpack(tmp_path / "file.zip", tmp_path / "back")

    assert packed == archive.packed(source)
    assert archive.packed(tmp_path / "back") == packed


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "a\\..\\out"])
def test_an_archive_writes_nowhere_else(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "file.zip", "w") as written:
        written.writestr(name, b"x")

    with pytest.raises(WeighinError, match="names a place outside of itself"):
        archive.unpack(tmp_path / "file.zip", tmp_path / "in" / "side")
    assert not list(tmp_path.rglob("out"))


def test_an_archive_that_is_a_trap_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "file.zip", "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("zeros", bytes(2**27))

    with pytest.raises(WeighinError, match="would unpack from"):
        archive.unpack(tmp_path / "file.zip", tmp_path / "inside")
    assert not (tmp_path / "inside").exists()


def test_fields_of_protocol_buffers() -> None:
    message = b"\x08\x96\x01" + field(2, b"ab") + b"\x1d\x00\x00\x80\x3f" + field(2, b"c")

    assert list(fields(message)) == [(1, 150), (2, b"ab"), (3, b"\x00\x00\x80\x3f"), (2, b"c")]
    assert parts(message, 2) == [b"ab", b"c"]
    for broken in (message[:-1], b"\x08", b"\x08" + b"\xff" * 11, b"\x0b"):
        with pytest.raises(ValueError, match="protocol buffer"):
            list(fields(broken))
