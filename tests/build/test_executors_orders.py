"""Orders and answers: what differs is named, what is not as it says is not taken."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.cluster import result
from hypothesis import given
from hypothesis import strategies as st

from weighin import grammar
from weighin.build.brought import BroughtModel
from weighin.build.budgets import Budgets
from weighin.build.cache import Cache
from weighin.build.executors import carrying, orders
from weighin.build.executors.dask import refuse_code
from weighin.build.jobs import job_for
from weighin.core import Failure, ModelFile, Recipe, WeighinError
from weighin.datasets import bringing
from weighin.files import key_of

PROVENANCE = {"stage": "int8", "parent": "abc"}
KEY = key_of(PROVENANCE)


def read(answer: Any) -> Any:
    """An answer, read as that to an order of `PROVENANCE`."""
    return orders.read(answer, KEY, PROVENANCE)


def test_an_artifact_is_taken_as_it_was_sent(tmp_path: Path) -> None:
    """It can be kept, and is found whole."""
    built = read(result(KEY, b"TFL3 content"))
    artifact = Cache(tmp_path).keep(built.entry, built.content, built.answers)

    assert b"TFL3 content" == artifact.path.read_bytes()
    assert (KEY, 1.5) == (artifact.key, artifact.seconds)
    assert PROVENANCE == artifact.provenance


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sha256": "0" * 64}, "the bytes that came are not those that were sent"),
        ({"answers_sha256": "0" * 64}, "the bytes that came are not those that were sent"),
        ({"key": "0" * 64}, "it is of another artifact"),
        ({"format": "../../evil"}, "a file of the kind"),
        ({"format": "/etc/passwd"}, "a file of the kind"),
        ({"seconds": "soon"}, "could not convert"),
        ({"facts": 7}, "is not taken"),
        ({"facts": {}}, "is not taken"),
        ({"facts": {"signature": {"inputs": 3}}}, "is not taken"),
    ],
)
def test_what_is_not_as_it_says_is_not_taken(changes: dict[str, Any], problem: str) -> None:
    """Neither digests, nor names of files, nor what is said beside."""
    with pytest.raises(WeighinError, match=problem):
        read(result(KEY, b"TFL3", **changes))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
)


@given(answer=st.tuples(_JSON, st.binary(max_size=9), st.binary(max_size=9)) | _JSON)
def test_any_answer_is_taken_or_refused(answer: Any) -> None:
    """Nothing that a worker sends raises anything else."""
    if isinstance(answer, tuple):
        answer = (json.dumps(answer[0]).encode(), *answer[1:])
    with contextlib.suppress(WeighinError):
        read(answer)
    orders.log_of(answer)


def test_reasons_are_bounded_and_printable() -> None:
    """Whatever a worker says stands in a table, or on a terminal."""
    failed = {"failed": "\x1b[31m" + 9999 * "x", "skipped": True}
    failure = read((json.dumps(failed).encode(), b"", b""))

    assert isinstance(failure, Failure)
    assert failure.skipped
    assert 2000 == len(failure.reason)
    assert failure.reason.isprintable()


def test_a_keras_file_with_code_is_not_kept(tmp_path: Path) -> None:
    """It would run when it is opened."""
    import h5py

    config = {
        "class_name": "Sequential",
        "config": {"layers": [{"class_name": "Lambda", "config": {"name": "evil"}}]},
    }
    path = tmp_path / "sent.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
        file.create_group("model_weights")
    built = read(result(KEY, path.read_bytes(), format="h5"))

    with pytest.raises(WeighinError, match=r"holds code, and is not kept: layer 'evil'"):
        refuse_code(built)


@pytest.mark.parametrize("name", ["baseline", "int8", "prune(0.5)+int8", "cluster(8)+dynamic"])
def test_a_job_comes_back_from_json(name: str) -> None:
    """It is equal, with its steps' arguments."""
    wanted = grammar.parse(name)
    for format in ("tflite", "h5"):
        job = job_for("model", "quick", 3, wanted, format)
        assert job == orders.of_json(json.loads(json.dumps(orders.as_json(job))))


def test_what_differs_is_named() -> None:
    """By its place, with both values; digests by their beginning."""
    own = {"versions": {"numpy": "2.1", "tf": "2"}, "seed": 0, "source": "a" * 64, "list": [1]}
    wanted = {"versions": {"numpy": "2.2", "tf": "2"}, "seed": 0, "source": "b" * 64, "list": (1,)}

    assert [
        "source aaaaaaaaaaaa there, bbbbbbbbbbbb here",
        "versions numpy 2.1 there, 2.2 here",
    ] == orders.differences(own, wanted)


def test_what_was_brought_is_carried(tmp_path: Path) -> None:
    """Data and a model, to another folder, where all but their paths is the same."""
    data, file = tmp_path / "here" / "mine.npz", tmp_path / "here" / "mine.py"
    data.parent.mkdir()
    np.savez(data, x_test=np.zeros((3, 2)))
    file.write_text("def net(): ...")
    weights = tmp_path / "here" / "w.weights.h5"
    weights.write_bytes(b"weights")
    source = ModelFile("mine", file, "net", weights, "abc", keras=3)
    things = (bringing.Brought("mine", data, 0.5), BroughtModel(source, Recipe("mine", 0, 3)))
    carried = carrying.pack(things)
    described = json.loads(json.dumps(carried.described))
    contents = [path.read_bytes() for path in carried.paths]
    folders = carrying.placed(described, contents, tmp_path / "there")
    arrived = [carrying.unpacked(*each) for each in zip(described, folders, strict=True)]

    assert isinstance(arrived[0], bringing.Brought)
    assert isinstance(arrived[1], BroughtModel)
    assert things[0] == dataclasses.replace(arrived[0], path=data)
    assert things[1].recipe == arrived[1].recipe
    assert source == dataclasses.replace(arrived[1].source, path=file, weights=weights)
    for mine, there in ((data, arrived[0].path), (file, arrived[1].source.path)):
        assert mine.read_bytes() == there.read_bytes()
        assert there.is_relative_to(tmp_path / "there")


def test_a_folder_is_carried_with_what_is_in_it(tmp_path: Path) -> None:
    """As decoded data are."""
    folder = tmp_path / "here" / "x"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x_test.npy").write_bytes(b"1")
    (folder / "y_test.npy").write_bytes(b"2")
    carried = carrying.pack([bringing.Brought("mine", folder)])
    contents = [path.read_bytes() for path in carried.paths]
    (place,) = carrying.placed(carried.described, contents, tmp_path / "there")
    arrived = carrying.unpacked(carried.described[0], place)

    assert isinstance(arrived, bringing.Brought)
    assert b"1" == (arrived.path / "deep" / "x_test.npy").read_bytes()
    assert b"2" == (arrived.path / "y_test.npy").read_bytes()


def test_recipes_of_fewer_epochs_are_carried_as_what_they_are(tmp_path: Path) -> None:
    """They have no files."""
    budgets = Budgets("mine", "full")
    carried = carrying.pack([budgets])

    assert () == carried.paths
    assert budgets == carrying.unpacked(json.loads(json.dumps(carried.described))[0], tmp_path)


def test_what_arrives_otherwise_is_refused(tmp_path: Path) -> None:
    """Another content, or a name that leads elsewhere; nothing is left there."""
    (tmp_path / "mine.npz").write_bytes(b"1")
    carried = carrying.pack([bringing.Brought("mine", tmp_path / "mine.npz")])

    with pytest.raises(WeighinError, match="did not arrive as it was sent"):
        carrying.placed(carried.described, [b"2"], tmp_path / "there")
    carried.described[0]["files"][0][0] = "../../mine.npz"
    with pytest.raises(WeighinError, match="no name of a file within a folder"):
        carrying.placed(carried.described, [b"1"], tmp_path / "there")
    assert [] == list((tmp_path / "there").rglob("*.npz"))


def test_too_much_is_not_carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent, with what to do instead."""
    monkeypatch.setattr(carrying, "LARGEST", 3)
    (tmp_path / "mine.npz").write_bytes(b"1234")

    with pytest.raises(WeighinError, match=r"comes to 4 bytes, and no more than 3 .*models/"):
        carrying.pack([bringing.Brought("mine", tmp_path / "mine.npz")])
