"""Folders of recordings become data sets."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from helpers.data import paths_in
from scipy.io import wavfile

from weighin.core import Dataset, WeighinError
from weighin.datasets.bringing import Brought, Reading, bring, register
from weighin.datasets.loading import load

RATE = 800


def loaded(brought: Brought, folder: Path) -> Dataset:
    """What was brought, as any data set is loaded."""
    register(brought)
    return load(brought.name, paths_in(folder))


def recording(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """A file of samples as they are, `(n,)` or `(n, channels)`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wavfile.write(path, rate, samples)
    return path


def spoken(root: Path, lengths: tuple[int, ...] = (80,), count: int = 10) -> Path:
    """Recordings of `no` and `yes`, each of one value that tells which it is."""
    for label, word in enumerate(("no", "yes")):
        for number in range(count):
            length = lengths[number % len(lengths)]
            samples = np.full(length, 1000 * label + number + 1, np.int16)
            recording(root / word / f"{number}.wav", samples)
    return root


def test_recordings_stand_beside_their_words(tmp_path: Path) -> None:
    """From -1 to 1, one channel, float32; classes by the names of folders."""
    brought = bring(spoken(tmp_path / "words"), Reading(), tmp_path)

    data = loaded(brought, tmp_path)

    assert (data.name, data.classes, len(data.train), len(data.test)) == ("words", 2, 16, 4)
    for split in (data.train, data.test):
        values = split.stored["x"]
        assert (values.shape[1:], values.dtype) == ((80, 1), np.dtype(np.float32))
        marks = values[:, 0, 0] * 2**15
        assert np.array_equal(np.rint(marks) // 1000, split.target)
    assert "80 samples at 800 Hz; no test part came" in brought.summary


@pytest.mark.parametrize(
    ("samples", "value"),
    [
        (np.full(80, 192, np.uint8), 0.5),
        (np.full(80, -(2**14), np.int16), -0.5),
        (np.full(80, 2**30, np.int32), 0.5),
        (np.full(80, 0.25, np.float32), 0.25),
        (np.full(80, 0.25, np.float64), 0.25),
        (np.tile(np.array([2**14, 0], np.int16), (80, 1)), 0.25),
    ],
    ids=["8 bit", "16 bit", "32 bit", "float", "double", "stereo"],
)
def test_all_kinds_of_samples_are_read(tmp_path: Path, samples: np.ndarray, value: float) -> None:
    """Each becomes what it means, and channels their mean."""
    for number in range(5):
        recording(tmp_path / "own" / f"{number}.wav", samples)

    values = loaded(bring(tmp_path / "own", Reading(), tmp_path), tmp_path).test.stored["x"]

    np.testing.assert_allclose(values, value, atol=1e-6)


def test_24_bits_are_read(tmp_path: Path) -> None:
    """As recorders write them."""
    for number in range(5):
        (tmp_path / "own").mkdir(exist_ok=True)
        with wave.open(str(tmp_path / "own" / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(3)
            file.setframerate(RATE)
            file.writeframes((2**22).to_bytes(3, "little") * 80)

    values = loaded(bring(tmp_path / "own", Reading(), tmp_path), tmp_path).test.stored["x"]

    np.testing.assert_allclose(values, 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("lengths", "wanted", "said"),
    [
        ((80, 80, 50, 120), 80, "80 samples at 800 Hz, the most common length; others cut or"),
        ((50, 60, 70, 90), 90, "90 samples at 800 Hz, the longest; others cut or"),
        ((50, 60, 70, 9000), 8000, "8,000 samples at 800 Hz, 10 s, the longest that is taken"),
    ],
)
def test_lengths_become_one(
    tmp_path: Path, lengths: tuple[int, ...], wanted: int, said: str
) -> None:
    """That of most, else the longest within a bound; what is shorter is followed by silence."""
    brought = bring(spoken(tmp_path / "words", lengths, count=8), Reading(), tmp_path)

    values = loaded(brought, tmp_path).train.stored["x"][..., 0]

    assert values.shape[1] == wanted
    heard = (values != 0).sum(axis=1)
    assert set(heard.tolist()) <= {min(length, wanted) for length in lengths}
    assert (values[np.arange(len(values)), heard - 1] != 0).all()
    assert said in brought.summary


def test_rates_that_differ_are_refused(tmp_path: Path) -> None:
    """Two are named."""
    root = spoken(tmp_path / "words")
    recording(root / "yes" / "fast.wav", np.ones(80, np.int16), rate=1600)

    with pytest.raises(WeighinError, match=r"0\.wav has 800 samples a second, .*fast\.wav 1,600"):
        bring(root, Reading(), tmp_path)


DAMAGED = {
    "empty": b"",
    "no sound": b"RIFFgarbage",
    "text": b"hello",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_recording_among_many_is_left_out(tmp_path: Path, content: bytes) -> None:
    """And named; among few it is refused."""
    root = spoken(tmp_path / "words", count=60)
    (root / "no" / "3.wav").write_bytes(content)

    brought = bring(root, Reading(), tmp_path)

    data = loaded(brought, tmp_path)
    assert len(data.train) + len(data.test) == 119
    assert "1 of 120 recordings cannot be read: no/3.wav (" in brought.summary
    (root / "no" / "4.wav").write_bytes(content)
    with pytest.raises(WeighinError, match=r"2 of 120 recordings cannot be read: no/3\.wav, no/4"):
        bring(root, Reading(), tmp_path)


@pytest.mark.parametrize("kept", [20, 43, 44, 100, 203])
def test_a_recording_that_is_cut_off_is_none(tmp_path: Path, kept: int) -> None:
    """Wherever it ends, it is not taken for a shorter one."""
    root = spoken(tmp_path / "words", count=4)
    whole = (root / "no" / "3.wav").read_bytes()
    assert len(whole) == 204
    (root / "no" / "3.wav").write_bytes(whole[:kept])

    with pytest.raises(WeighinError, match=r"1 of 8 recordings cannot be read: no/3\.wav"):
        bring(root, Reading(), tmp_path)


def test_samples_that_are_not_finite_are_damage(tmp_path: Path) -> None:
    """Named by their file, not by their place among others."""
    root = spoken(tmp_path / "words", count=4)
    recording(root / "no" / "3.wav", np.array([0, np.nan] * 40, np.float32))

    with pytest.raises(WeighinError, match=r"no/3\.wav \(it holds samples that are not finite\)"):
        bring(root, Reading(), tmp_path)


def test_sizes_are_for_images(tmp_path: Path) -> None:
    """Not for recordings."""
    with pytest.raises(WeighinError, match="--size says nothing of a folder of recordings"):
        bring(spoken(tmp_path / "words"), Reading(size=(3, 3)), tmp_path)
