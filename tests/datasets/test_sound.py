"""Spoken words as sound and as spectra of single moments, of made-up recordings."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import io
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

from weighin.core import DataNotFoundError
from weighin.datasets import sound, speech
from weighin.datasets.loading import load
from weighin.datasets.search import SearchPaths
from weighin.datasets.speech import RATE, digest_of, read_recordings

SPEAKERS = ("ann", "bob", "eve")


def tone(hertz: float, length: int, level: float = 8000) -> np.ndarray:
    """A tone of some samples at 8 kHz."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(length) / RATE)).astype(np.int16)


def recordings(indices: int = 8) -> dict[tuple[int, str, int], np.ndarray]:
    """Two digits by three speakers, of unlike lengths and levels; eve's voice is the highest."""
    return {
        (index, speaker, digit): tone(
            300 + 200 * digit + 1500 * (speaker == "eve"), 1500 + 700 * index, 900 * (1 + index)
        )
        for index in range(indices)
        for speaker in SPEAKERS
        for digit in range(2)
    }


def test_sound_keeps_the_official_split_and_its_level() -> None:
    """Index 0 to 4 is tested; 4,000 samples with the loudest at 1, silence after the end."""
    arrays = sound.sound_arrays(recordings())

    assert (18, 30) == (len(arrays["x_train"]), len(arrays["x_test"]))
    for part in ("train", "test"):
        assert ((4000, 1), np.float32) == (arrays[f"x_{part}"].shape[1:], arrays[f"x_{part}"].dtype)
        assert np.allclose(1, np.abs(arrays[f"x_{part}"]).max(axis=(1, 2)))
        assert {0, 1} == set(arrays[f"y_{part}"][:6].tolist())
    first = arrays["x_test"][0, :, 0]
    assert 0 == np.abs(first[750:]).max()
    assert np.abs(first[700:750]).max() > 0.5


def test_a_sample_is_the_mean_of_two() -> None:
    """Nothing but the first second, halved in rate and scaled by the loudest of these."""
    samples = np.arange(-4000, 5001, dtype=np.int16)
    arrays = sound.sound_arrays({(0, "ann", 3): samples})
    means = samples[:RATE].reshape(-1, 2).mean(axis=1)

    assert np.allclose(means / np.abs(means).max(), arrays["x_test"][0, :, 0], atol=1e-6)
    assert [3] == arrays["y_test"].tolist()


def test_silence_and_recordings_of_no_length_stay_silent() -> None:
    """Nothing is divided by zero."""
    silent = {(0, "ann", 1): np.zeros(900, np.int16), (1, "ann", 1): np.zeros(0, np.int16)}

    assert 0 == np.abs(sound.sound_arrays(silent)["x_test"]).max()
    assert [5, 5] == [len(frames) for frames in sound._spectra(list(silent.values()))]


def test_the_stranger_is_heard_in_the_test_part_alone() -> None:
    """Anomalous are the stranger's recordings; of the others, index 0 to 4 is tested."""
    made = recordings()
    arrays = sound.stranger_arrays(made, "eve")
    alone = sound.stranger_arrays(
        {k: v for k, v in made.items() if k[1] != "eve" or k[0] < 5}, "eve"
    )

    assert {"x_train", "x_test", "y_test"} == set(arrays)
    assert (16, 20) == (int(arrays["y_test"].sum()), int((arrays["y_test"] == 0).sum()))
    assert (640,) == arrays["x_test"].shape[1:] == arrays["x_train"].shape[1:]
    assert np.array_equal(arrays["x_train"], alone["x_train"])  # it takes no part in the mean


def test_the_voices_that_are_known_have_mean_0_and_deviation_1() -> None:
    """Over the training part as a whole, as float32."""
    train = sound.stranger_arrays(recordings(), "eve")["x_train"]

    assert np.float32 == train.dtype
    assert abs(float(train.mean())) < 1e-3
    assert abs(float(train.std()) - 1) < 1e-3


@pytest.mark.parametrize("hertz", [120.0, 440.0, 1000.0, 3500.0])
def test_a_tone_is_loudest_in_its_own_band(hertz: float) -> None:
    """The band whose middle is nearest on the mel scale, in every frame."""
    (frames,) = sound._spectra([tone(hertz, 4000)])
    edges = np.linspace(1127 * np.log1p(20 / 700), 1127 * np.log1p(4000 / 700), sound.BANDS + 2)
    nearest = int(np.abs(edges[1:-1] - 1127 * np.log1p(hertz / 700)).argmin())

    assert (1 + (4000 - 512) // 256, sound.BANDS) == frames.shape
    assert np.abs(frames.argmax(axis=1) - nearest).max() <= 1
    assert (sound.mel_bands().sum(axis=0) > 0).all()  # no band is empty


def test_spectra_do_not_depend_on_how_many_are_made_together() -> None:
    """Each recording's own frames, whatever came before."""
    many = [tone(300 + 3 * at, 1500 + 10 * at) for at in range(sound.AT_ONCE + 3)]
    (alone,) = sound._spectra(many[-1:])

    assert np.allclose(alone, list(sound._spectra(many))[-1], atol=1e-9)


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SearchPaths:
    """A user's folder with made-up recordings, which are the ones that are wanted."""
    archive = tmp_path / "user" / "fsdd.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as opened:
        for (index, speaker, digit), samples in recordings().items():
            content = io.BytesIO()
            with wave.open(content, "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes(samples.tobytes())
            opened.writestr(f"recordings/{digit}_{speaker}_{index}.wav", content.getvalue())
    monkeypatch.setattr(speech, "FSDD_DIGEST", digest_of(read_recordings(archive)))
    return SearchPaths(tmp_path / "user", tmp_path / "cache", True, ())


def test_sound_is_a_data_set_of_its_own(paths: SearchPaths) -> None:
    """Found where `fsdd` is, with ten classes and the values as they are."""
    loaded = load("fsdd_sound", paths)

    assert ("fsdd_sound", 10, 18, 30) == (
        loaded.name,
        loaded.classes,
        len(loaded.train),
        len(loaded.test),
    )
    assert 4000 == loaded.test.stored["x"].shape[1]


def test_where_nothing_is_found_the_data_set_is_named(tmp_path: Path) -> None:
    """The message is about the data set that was asked for, and says how to get it."""
    nowhere = SearchPaths(tmp_path, tmp_path, True, ())

    with pytest.raises(DataNotFoundError, match=r"'fsdd_sound' was not found\. Put fsdd\.zip"):
        load("fsdd_sound", nowhere)
