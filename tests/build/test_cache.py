"""Artifacts are found by what went into them, come back whole or not at all, and are shared."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import Timeout

from weighin.build.cache import Cache, default_folder
from weighin.core import Artifact, WeighinError
from weighin.files import key_of

PROVENANCE: Mapping[str, Any] = {
    "stage": "dense start",
    "recipe": {"epochs": 2, "learning_rate": 0.001},
    "builder": ["abc", "def"],
    "seed": 0,
}
CONTENT = b"TFL3 " * 40
ANSWERS = np.linspace(0, 1, 12, dtype=np.float32).reshape(4, 3)


def put(cache: Cache, content: bytes = CONTENT, **changes: Any) -> Artifact:
    """Put an artifact, with some of its provenance changed."""
    return cache.put({**PROVENANCE, **changes}, "tflite", content, ANSWERS, 1.5)


def start(code: str, *words: str) -> subprocess.Popen[str]:
    """Run Python code in a process that can import weighin; it starts with `cache` at hand."""
    here = Path(__file__).resolve().parent
    path = [str(here.parents[1]), str(here)]
    begin = f"import sys; sys.path[:0] = {path!r}\n"
    begin += (
        "from pathlib import Path\nfrom test_cache import *\ncache = Cache(Path(sys.argv[1]))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", begin + code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


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
    np.testing.assert_array_equal(ANSWERS, np.load(made.answers, allow_pickle=False))


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


def test_artifacts_do_not_touch_each_other(tmp_path: Path) -> None:
    """Two artifacts lie side by side."""
    cache = Cache(tmp_path)

    first, second = put(cache, seed=1), put(cache, b"other", seed=2)

    assert first == cache.get(first.key)
    assert second == cache.get(second.key)
    assert second.path.read_bytes() == b"other"


@pytest.mark.parametrize("file", ["model.tflite", "answers.npy"])
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


@pytest.mark.parametrize("file", ["model.tflite", "answers.npy", "provenance.json"])
@pytest.mark.parametrize("length", [0, 1, -1])
def test_truncation_is_noticed(tmp_path: Path, file: str, length: int) -> None:
    """A file that ends early makes the artifact missing."""
    cache = Cache(tmp_path)
    made = put(cache)
    path = made.path.with_name(file)

    path.write_bytes(path.read_bytes()[:length])

    assert cache.get(made.key) is None


@pytest.mark.parametrize("file", ["model.tflite", "answers.npy", "provenance.json"])
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


@pytest.mark.parametrize("file", ["model.tflite", "answers.npy", "provenance.json"])
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


FULL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    put(cache, CONTENT * 100, **json.loads(sys.argv[2]))
except WeighinError as error:
    print(error)
"""


@pytest.mark.parametrize("change", [{"seed": 1}, {}], ids=["another key", "the same key"])
def test_a_failed_write_leaves_the_cache_as_it_was(tmp_path: Path, change: dict[str, Any]) -> None:
    """When the disk is full there is an error with a way out; earlier artifacts stay whole."""
    cache = Cache(tmp_path)
    earlier = put(cache)
    before = sorted(tmp_path.rglob("*"))

    process = start(FULL_DISK, str(tmp_path), json.dumps(change))
    output, _ = process.communicate()

    assert process.returncode == 0
    assert f"{key_of({**PROVENANCE, **change})} cannot be written: File too large" in output
    assert "Free some space" in output
    assert before == sorted(tmp_path.rglob("*"))
    assert earlier == cache.get(earlier.key)


KILLED = """
def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
setattr({"save": np, "replace": Path}[sys.argv[2]], sys.argv[2], die)
put(cache)
"""


@pytest.mark.parametrize("during", ["save", "replace"])
def test_a_killed_writer_leaves_no_artifact(tmp_path: Path, during: str) -> None:
    """What a killed process had half written is not found, not counted and not in the way."""
    cache = Cache(tmp_path)

    process = start(KILLED, str(tmp_path), during)
    process.communicate()

    assert process.returncode == -signal.SIGKILL
    assert list(tmp_path.rglob("model.tflite")), "nothing was half written"
    assert cache.get(key_of(PROVENANCE)) is None
    assert cache.size()[0] == 0
    assert put(cache) == cache.get(key_of(PROVENANCE))


def test_leftovers_of_a_process_of_the_same_number_are_not_in_the_way(tmp_path: Path) -> None:
    """In a container the next process has the number of the one that was killed."""
    cache = Cache(tmp_path)
    key = key_of(PROVENANCE)
    process = start(KILLED, str(tmp_path), "save")
    process.communicate()
    leftover = next(tmp_path.rglob("model.tflite")).parent
    name = leftover.name.replace(str(process.pid), str(os.getpid()))
    leftover.rename(leftover.with_name(name))

    made = put(cache)

    assert made == cache.get(key)
    assert sorted(["answers.npy", "model.tflite", "provenance.json"]) == sorted(
        file.name for file in made.path.parent.iterdir()
    )


def test_size_counts_artifacts_and_bytes(tmp_path: Path) -> None:
    """The size is how many artifacts there are and what all files take."""
    cache = Cache(tmp_path)
    assert cache.size() == (0, 0)

    put(cache, seed=1)
    put(cache, seed=2)

    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert (2, sum(len(file.read_bytes()) for file in files)) == cache.size()


WORKER = """
key = key_of(PROVENANCE)
print("begun", flush=True)
with cache.lock(key):
    found = cache.get(key)
    if found is None:
        print("making", flush=True)
        sys.stdin.readline()
        put(cache)
    else:
        print("found", found.sha256, flush=True)
"""


def test_a_second_process_waits_and_finds_the_artifact(tmp_path: Path) -> None:
    """Of two processes that want one artifact, one makes it and the other waits for it."""
    first = start(WORKER, str(tmp_path))
    assert [first.stdout.readline(), first.stdout.readline()] == ["begun\n", "making\n"]
    second = start(WORKER, str(tmp_path))
    assert second.stdout.readline() == "begun\n"
    time.sleep(0.3)  # without the lock, enough to find nothing and begin to make
    assert second.poll() is None

    first.communicate("go on\n")
    output, _ = second.communicate("go on\n")

    assert f"found {hashlib.sha256(CONTENT).hexdigest()}\n" == output
    assert (first.returncode, second.returncode) == (0, 0)


def test_a_dead_process_holds_no_lock(tmp_path: Path) -> None:
    """When the one that makes an artifact is killed, the next goes on instead of waiting."""
    first = start(WORKER, str(tmp_path))
    assert [first.stdout.readline(), first.stdout.readline()] == ["begun\n", "making\n"]
    second = start(WORKER, str(tmp_path))
    assert second.stdout.readline() == "begun\n"

    first.kill()
    first.communicate()
    output, _ = second.communicate("go on\n", timeout=60)

    assert output == "making\n"
    assert Cache(tmp_path).get(key_of(PROVENANCE)) is not None


def test_locks_on_different_keys_do_not_wait(tmp_path: Path) -> None:
    """Two different artifacts can be made at the same time."""
    cache = Cache(tmp_path)

    with cache.lock("one"):
        with cache.lock("two").acquire(timeout=0):
            pass
        with pytest.raises((Timeout, RuntimeError)):
            cache.lock("one").acquire(timeout=0)


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
