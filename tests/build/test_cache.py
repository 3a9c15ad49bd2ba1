"""Artifacts are found by what went into them, and come back whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.caching import ANSWERS, CONTENT, PROVENANCE, put

from weighin.build.cache import Cache, default_folder
from weighin.core import WeighinError
from weighin.files import key_of


def test_what_is_put_is_got(tmp_path: Path) -> None:
    """An artifact comes back with its bytes, answers, provenance and seconds."""
    cache = Cache(tmp_path / "cache")

    made = put(cache)
    found = cache.get(made.key)

    assert made == found
    assert key_of(PROVENANCE) == made.key
    assert made.path.read_bytes() == CONTENT
    assert made.path.suffix == ".tflite"
    assert hashlib.sha256(CONTENT).hexdigest() == made.sha256
    assert len(CONTENT) == made.bytes
    assert made.provenance == PROVENANCE
    assert (made.format, made.seconds) == ("tflite", 1.5)
    assert list(made.outputs()) == list(ANSWERS)
    for name, values in ANSWERS.items():
        np.testing.assert_array_equal(values, made.outputs()[name])


def test_what_was_seen_while_building_is_kept_beside(tmp_path: Path) -> None:
    """Facts come back, are no part of the key, and are missed in no entry that has none."""
    cache, facts = Cache(tmp_path / "cache"), {"calibration": {"inputs": 2, "range": [0.0, 1.5]}}

    plain = put(cache)
    made = cache.put(PROVENANCE, "tflite", CONTENT, ANSWERS, 1.5, facts)

    assert plain.facts == {}
    assert plain.key == made.key
    found = cache.get(made.key)
    assert found is not None
    assert facts == found.facts


def test_what_was_never_put_is_not_got(tmp_path: Path) -> None:
    """An unknown key, and a folder that does not exist, hold nothing."""
    cache = Cache(tmp_path / "cache")

    assert cache.get(key_of(PROVENANCE)) is None
    put(cache)
    assert cache.get(key_of({**PROVENANCE, "seed": 1})) is None


def test_the_key_is_a_hash_of_canonical_json() -> None:
    """The order of entries does not matter, so later versions find what earlier ones made."""
    text = b'{"a":[1,2],"b":{"c":0.5,"d":"x"}}'

    expected = hashlib.sha256(text).hexdigest()

    assert expected == key_of({"b": {"d": "x", "c": 0.5}, "a": [1, 2]})
    assert expected == key_of({"a": (1, 2), "b": {"c": 0.5, "d": "x"}})


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "prune"},
        {"recipe": {"epochs": 3, "learning_rate": 0.001}},
        {"builder": ["def", "abc"]},
        {"seed": 1},
        {"more": None},
    ],
)
def test_another_provenance_has_another_key(change: dict[str, Any]) -> None:
    """Whatever differs, the key does."""
    assert key_of(PROVENANCE) != key_of({**PROVENANCE, **change})


def test_a_lock_is_no_link(tmp_path: Path) -> None:
    """What a link in its place names is neither emptied nor locked."""
    cache = Cache(tmp_path / "cache")
    cache.make_folders()
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "cache" / "locks" / "key.lock").symlink_to(tmp_path / "precious")

    with pytest.raises(WeighinError, match=r"key\.lock is a link, which no lock is: remove it"):
        cache.lock("key")

    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o775, 0o757])
def test_folders_that_others_may_write_to_are_named(tmp_path: Path, mode: int) -> None:
    """By the group or by all; what is not there is not open to anybody."""
    cache = Cache(tmp_path / "cache")
    assert cache.open_to_others() == []
    cache.make_folders()
    cache.folder.chmod(0o700)
    assert cache.open_to_others() == []

    cache.logs.chmod(mode)

    assert cache.open_to_others() == [cache.logs] * bool(mode & 0o022)


def test_folders_of_others_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who owns a folder may put files there, whatever its mode."""
    cache = Cache(tmp_path)
    tmp_path.chmod(0o700)
    owner = tmp_path.stat().st_uid

    monkeypatch.setattr("os.getuid", lambda: owner + 1)

    assert cache.open_to_others() == [tmp_path]


def test_artifacts_do_not_touch_each_other(tmp_path: Path) -> None:
    """Two artifacts lie side by side."""
    cache = Cache(tmp_path)

    first, second = put(cache, seed=1), put(cache, b"other", seed=2)

    assert first == cache.get(first.key)
    assert second == cache.get(second.key)
    assert second.path.read_bytes() == b"other"


@pytest.mark.parametrize("file", ["model.tflite", "answers.npz"])
def test_any_flipped_bit_is_noticed(tmp_path: Path, file: str) -> None:
    """A model or answers with one bit changed anywhere count as missing."""
    cache = Cache(tmp_path)
    made = put(cache)
    path = made.path.with_name(file)
    whole = path.read_bytes()

    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        assert cache.get(made.key) is None, f"byte {position}"

    path.write_bytes(whole)
    assert made == cache.get(made.key)


@pytest.mark.parametrize("mask", [0x01, 0x80])
def test_a_damaged_description_never_gives_another_artifact(tmp_path: Path, mask: int) -> None:
    """A flipped bit in provenance.json makes the artifact missing, or changes nothing in it."""
    cache = Cache(tmp_path)
    made = put(cache)
    path = made.path.with_name("provenance.json")
    whole = path.read_bytes()
    wrong = []

    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= mask
        path.write_bytes(damaged)
        if cache.get(made.key) not in (None, made):
            wrong.append(damaged[position - 12 : position + 1].decode(errors="replace"))

    assert not wrong


@pytest.mark.parametrize("file", ["model.tflite", "answers.npz", "provenance.json"])
@pytest.mark.parametrize("length", [0, 1, -1])
def test_truncation_is_noticed(tmp_path: Path, file: str, length: int) -> None:
    """A file that ends early makes the artifact missing."""
    cache = Cache(tmp_path)
    made = put(cache)
    path = made.path.with_name(file)

    path.write_bytes(path.read_bytes()[:length])

    assert cache.get(made.key) is None


@pytest.mark.parametrize("file", ["model.tflite", "answers.npz", "provenance.json"])
def test_a_missing_file_is_noticed(tmp_path: Path, file: str) -> None:
    """Without any one of its three files an artifact is missing."""
    cache = Cache(tmp_path)
    made = put(cache)

    made.path.with_name(file).unlink()

    assert cache.get(made.key) is None


@pytest.mark.parametrize(
    "change",
    [
        {"provenance": {**PROVENANCE, "seed": 1}},
        {"provenance": None},
        {"format": "h5"},
        {"format": "../model.tflite"},
        {"format": None},
        {"sha256": "0" * 64},
        {"answers_sha256": "0" * 64},
        {"bytes": 1},
        {"seconds": 99.0},
        {"seconds": "long"},
    ],
    ids=str,
)
def test_an_edited_description_is_noticed(tmp_path: Path, change: dict[str, Any]) -> None:
    """A provenance.json whose entries were changed makes the artifact missing."""
    cache = Cache(tmp_path)
    made = put(cache)
    path = made.path.with_name("provenance.json")

    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")

    assert cache.get(made.key) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "7", '"text"', "{", "\x00"])
def test_a_strange_description_is_noticed(tmp_path: Path, text: str) -> None:
    """A provenance.json of any other content makes the artifact missing."""
    cache = Cache(tmp_path)
    made = put(cache)

    made.path.with_name("provenance.json").write_text(text, "utf-8")

    assert cache.get(made.key) is None


def test_an_artifact_under_another_key_is_missing(tmp_path: Path) -> None:
    """A folder that was renamed does not pass for another artifact."""
    cache = Cache(tmp_path)
    made = put(cache)
    other = key_of({**PROVENANCE, "seed": 1})

    shutil.copytree(made.path.parent, made.path.parent.with_name(other))

    assert cache.get(other) is None
    assert made == cache.get(made.key)


@pytest.mark.parametrize("file", ["model.tflite", "answers.npz", "provenance.json"])
def test_put_replaces_a_damaged_artifact(tmp_path: Path, file: str) -> None:
    """What is damaged is written anew, and nothing of the old folder is left."""
    cache = Cache(tmp_path)
    made = put(cache)
    made.path.with_name(file).write_bytes(b"damaged")
    made.path.with_name("stray").write_bytes(b"stray")

    again = put(cache)

    assert made == again == cache.get(made.key)
    assert not again.path.with_name("stray").exists()
    assert [again.path.parent] == list(tmp_path.glob("artifacts/*"))


def test_size_counts_artifacts_and_bytes(tmp_path: Path) -> None:
    """The size is how many artifacts there are and what all files take."""
    cache = Cache(tmp_path)
    assert cache.size() == (0, 0)

    put(cache, seed=1)
    put(cache, seed=2)

    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert (2, sum(len(file.read_bytes()) for file in files)) == cache.size()


@pytest.mark.parametrize("use", [Cache.make_folders, put, lambda cache: cache.lock("key")])
def test_an_unwritable_folder_is_named(tmp_path: Path, use: Callable[[Cache], object]) -> None:
    """Where the folder cannot be made, the error names it and the option for another."""
    (tmp_path / "file").write_text("in the way", "utf-8")
    cache = Cache(tmp_path / "file" / "cache")

    with pytest.raises(WeighinError, match=r"file/cache.* cannot be written.*--weighin-cache-dir"):
        use(cache)


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WEIGHIN_CACHE_DIR is the cache's folder, `~` being the home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WEIGHIN_CACHE_DIR", "~/mine")

    assert tmp_path / "mine" == default_folder()


def test_without_the_environment_it_is_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without WEIGHIN_CACHE_DIR the cache lies where the system wants caches."""
    monkeypatch.delenv("WEIGHIN_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    folder = default_folder()

    assert folder.is_relative_to(tmp_path)
    assert folder.name == "weighin"
