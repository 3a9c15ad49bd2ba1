"""A cache that several processes write to, some of which die."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import Timeout
from helpers.caching import CONTENT, PROVENANCE, put

from weighin.build.cache import Cache
from weighin.files import key_of

TESTS = Path(__file__).resolve().parents[1]

BEGIN = """
from pathlib import Path
from helpers.caching import CONTENT, PROVENANCE, put
from weighin.build.cache import Cache
cache = Cache(Path(sys.argv[1]))
"""


def start(code: str, *words: str) -> subprocess.Popen[str]:
    """Run Python code in a process that can import weighin; it starts with `cache` at hand."""
    path = [str(TESTS.parent), str(TESTS)]
    begin = f"import sys; sys.path[:0] = {path!r}\n{BEGIN}"
    return subprocess.Popen(
        [sys.executable, "-c", begin + code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


FULL_DISK = """
import json, resource
from weighin.core import WeighinError
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
import os, signal
def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(Path, sys.argv[2], die)
put(cache)
"""


@pytest.mark.parametrize("during", ["write_text", "replace"])
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
    process = start(KILLED, str(tmp_path), "write_text")
    process.communicate()
    leftover = next(tmp_path.rglob("model.tflite")).parent
    name = leftover.name.replace(str(process.pid), str(os.getpid()))
    leftover.rename(leftover.with_name(name))

    made = put(cache)

    assert made == cache.get(key)
    assert sorted(["answers.npz", "model.tflite", "provenance.json"]) == sorted(
        file.name for file in made.path.parent.iterdir()
    )


WORKER = """
from weighin.files import key_of
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


def test_a_log_follows_no_link(tmp_path: Path) -> None:
    """Who guesses a worker's number cannot have another file overwritten by its log."""
    (tmp_path / "precious").write_text("mine")
    code = (
        "import os, sys; from pathlib import Path\n"
        "from weighin.build import worker; from weighin.build.cache import Cache\n"
        "from weighin.build.keys import BuildContext\n"
        "from weighin.datasets.search import SearchPaths\n"
        "cache = Cache(Path(sys.argv[1])); cache.make_folders()\n"
        "context = BuildContext(cache, SearchPaths.here(cache.folder), ())\n"
        "context.log(os.getpid()).symlink_to(cache.folder / 'precious')\n"
        "worker._write_to_log(context); print('built', flush=True)"
    )

    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)

    assert (tmp_path / "precious").read_text() == "mine"
    (log,) = (tmp_path / "logs").iterdir()
    assert not log.is_symlink()
    assert log.read_text() == "built\n"
