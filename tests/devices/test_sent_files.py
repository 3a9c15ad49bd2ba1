"""Files that were sent: by digest, in parts, within bounds."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import errno
import hashlib
import itertools
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.devices import store
from weighin.devices.store import LackingError, Store


def digest(content):
    """sha256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def send(to, content, *cuts, start=0):
    """Send a file in parts."""
    ends = [start, *cuts, len(content)]
    for at, stop in itertools.pairwise(ends):
        to.add(digest(content), "tflite", at, len(content), content[at:stop])


def test_a_file_that_broke_off_goes_on_where_it_did(tmp_path):
    """Also by another agent; only when it is whole it is there."""
    content = bytes(range(256)) * 4
    Store(tmp_path).add(digest(content), "tflite", 0, 1024, content[:300])
    later = Store(tmp_path)

    assert (300, False) == later.holds(digest(content), "tflite")
    with pytest.raises(LackingError, match="is not there"):
        later.path(digest(content), "tflite")
    with pytest.raises(LackingError, match=r"300 bytes of .* are there, not 200"):
        later.add(digest(content), "tflite", 200, 1024, content[200:])
    send(later, content, 700, start=300)
    assert (1024, True) == later.holds(digest(content), "tflite")
    assert content == later.path(digest(content), "tflite").read_bytes()


def test_what_has_another_digest_is_not_kept(tmp_path):
    """It is to be sent from its beginning."""
    kept = Store(tmp_path)
    with pytest.raises(LackingError, match="has another digest"):
        kept.add(digest(b"good"), "tflite", 0, 4, b"evil")

    assert (0, False) == kept.holds(digest(b"good"), "tflite")
    send(kept, b"good")
    assert b"good" == kept.path(digest(b"good"), "tflite").read_bytes()


@pytest.mark.parametrize("name", ["../" * 9 + "etc/passwd", "/etc/passwd", "a" * 63, "A" * 64, ""])
def test_no_name_that_is_sent_is_a_path(tmp_path, name):
    """Digests are sixty-four digits, formats a word."""
    kept = Store(tmp_path)
    for words in ((name, "tflite"), ("a" * 64, name or "/")):
        if name in ("a" * 63, "A" * 64) and words[0] == "a" * 64:
            continue
        for ask in (kept.holds, kept.path, lambda *w: kept.add(*w, 0, 1, b"x")):
            with pytest.raises(WeighinError, match="no digest and format"):
                ask(*words)
    assert [] == list(tmp_path.iterdir())


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    """But never what this agent uses; and what is larger than all is refused."""
    kept = Store(tmp_path, most_bytes=1000)
    files = [bytes([n]) * 400 for n in range(4)]
    for age, content in enumerate(files[:2]):
        send(kept, content)
        os.utime(tmp_path / f"{digest(content)}.tflite", (1e9 + age, 1e9 + age))
    other = Store(tmp_path, most_bytes=1000)
    other.path(digest(files[0]), "tflite")
    os.utime(tmp_path / f"{digest(files[0])}.tflite", (1e9, 1e9))
    send(other, files[2])

    there = [other.holds(digest(content), "tflite")[1] for content in files]
    assert [True, False, True, False] == there
    with pytest.raises(WeighinError, match=r"1,001 bytes is more than this agent keeps \(1,000"):
        send(kept, bytes(1001))


def test_a_part_that_nobody_goes_on_with_is_let_go(tmp_path):
    """After days."""
    stale = tmp_path / f"{'a' * 64}.tflite.part"
    stale.write_bytes(b"x")
    os.utime(stale, (time.time() - store.STALE_SECONDS - 9,) * 2)
    send(Store(tmp_path), b"new")

    assert not stale.exists()


def test_a_full_disk_says_so_and_keeps_nothing(tmp_path, monkeypatch):
    """What cannot be ended takes no room."""
    real = Path.open

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, content):
            self.file.write(content[:2])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(
        Path, "open", lambda path, mode="r": Full(real(path, mode)) if mode == "ab" else real(path)
    )
    with pytest.raises(WeighinError, match=r"No space left on device; free some space"):
        send(Store(tmp_path), b"content")
    monkeypatch.undo()
    assert (0, False) == Store(tmp_path).holds(digest(b"content"), "tflite")


@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(0, 200), max_size=5))
@settings(max_examples=30)
def test_a_file_is_whole_in_whatever_parts_it_comes(tmp_path_factory, content, cuts):
    """Empty ones included."""
    kept = Store(tmp_path_factory.mktemp("store"))
    send(kept, content, *sorted(min(cut, len(content)) for cut in cuts))

    assert content == kept.path(digest(content), "tflite").read_bytes()
