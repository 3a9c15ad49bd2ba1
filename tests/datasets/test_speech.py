"""Spoken words: recordings read from untrusted files, their features, and how they are split."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import wave
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import needing
from helpers.processes import fake_python

from weighin.cli.doctor import found
from weighin.core import DataNotFoundError, WeighinError
from weighin.datasets import loading, speech
from weighin.datasets.loading import NotPreparedError, load
from weighin.datasets.search import SearchPaths
from weighin.datasets.speech import CEPSTRA, RATE, digest_of, read_recordings

DATA_DIR = os.environ.get("WEIGHIN_DATA_DIR")  # read before conftest.py hides it from tests
Tones = Mapping[str, bytes]


def wav(samples: Any, rate: int = RATE, channels: int = 1, width: int = 2) -> bytes:
    """A .wav file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())
    return target.getvalue()


def spoken(digit: int, index: int, length: int = 6000) -> np.ndarray:
    """A tone whose pitch is the digit's, with noise, shorter or longer than a second."""
    noise = np.random.default_rng(index).normal(0, 300, length)
    times = np.arange(length) / RATE
    return (8000 * np.sin(2 * np.pi * (300 + 250 * digit) * times) + noise).astype(np.int16)


def tones(speakers: tuple[str, ...] = ("ann", "bob"), indices: int = 8) -> dict[str, bytes]:
    """Recordings of three digits by two speakers, by file name."""
    return {
        f"{digit}_{speaker}_{index}.wav": wav(spoken(digit, index, 5000 + 700 * index))
        for digit in range(3)
        for speaker in speakers
        for index in range(indices)
    }


def write_zip(path: Path, files: Tones, folder: str = "recordings/") -> Path:
    """An archive of recordings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return path


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Let features be the first samples, without TensorFlow; whose features were wanted."""
    asked: list[np.ndarray] = []

    def cepstra(sound: np.ndarray) -> np.ndarray:
        asked.append(sound)
        return sound[:, : 49 * 10].reshape(-1, 49, 10)

    monkeypatch.setattr(speech, "_cepstra", cepstra)
    return asked


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SearchPaths:
    """A user's folder with made-up recordings, which are the ones that are wanted."""
    found = read_recordings(write_zip(tmp_path / "user" / "fsdd.zip", tones()))
    monkeypatch.setattr(speech, "FSDD_DIGEST", digest_of(found))
    return SearchPaths(tmp_path / "user", tmp_path / "cache", True, ())


def test_recordings_are_read_from_archive_and_folder_alike(tmp_path: Path) -> None:
    """The same samples have the same digest, whichever way and in whichever order they lie."""
    archive = write_zip(tmp_path / "a.zip", tones())
    backwards = write_zip(tmp_path / "b.zip", dict(reversed(tones().items())), folder="")
    for name, content in tones().items():
        (tmp_path / name).write_bytes(content)

    found = [read_recordings(source) for source in (archive, backwards, tmp_path)]

    assert 1 == len({digest_of(each) for each in found})
    assert 48 == len(found[0])
    assert np.array_equal(spoken(2, 3, 7100), found[0][3, "bob", 2])


def test_other_samples_and_names_have_another_digest(tmp_path: Path) -> None:
    """One sample, or one file's name, is enough."""
    changed = tones()
    changed["0_ann_0.wav"] = wav(spoken(0, 0, 5000) + np.eye(1, 5000, 77, dtype=np.int16)[0])
    renamed = tones()
    renamed["1_ann_9.wav"] = renamed.pop("1_ann_0.wav")

    digests = {
        digest_of(read_recordings(write_zip(tmp_path / f"{number}.zip", files)))
        for number, files in enumerate((tones(), changed, renamed))
    }

    assert 3 == len(digests)


DAMAGED = {
    "cut off": (wav(spoken(0, 0))[:-100], "is cut off"),
    "no wav": (b"RIFF, but nothing else", "is no whole .wav file"),
    "empty": (b"", "is no whole .wav file"),
    "another rate": (wav(spoken(0, 0), rate=16_000), "is not mono, 16 bit, 8000 Hz"),
    "stereo": (wav(spoken(0, 0), channels=2), "is not mono"),
    "bytes": (wav(spoken(0, 0), width=1), "is not mono, 16 bit"),
}


@pytest.mark.parametrize(("content", "problem"), DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_recordings_are_named(
    tmp_path: Path, content: bytes, problem: str, zipped: bool
) -> None:
    """A file that is no whole recording is an error that names it and where it lies."""
    source = tmp_path
    (tmp_path / "4_eve_7.wav").write_bytes(content)
    if zipped:
        source = write_zip(tmp_path / "fsdd.zip", {"4_eve_7.wav": content})

    with pytest.raises(WeighinError, match=rf"{source} cannot be read: .*4_eve_7\.wav {problem}"):
        read_recordings(source)


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    """Bytes that changed, or that are missing at the end, are found by the archive's own sums."""
    whole = write_zip(tmp_path / "fsdd.zip", tones()).read_bytes()
    for number in (len(whole) // 2, len(whole) // 3):
        (tmp_path / "fsdd.zip").write_bytes(whole[:number] + b"????????" + whole[number + 8 :])
        with pytest.raises(WeighinError, match=r"fsdd\.zip cannot be read"):
            read_recordings(tmp_path / "fsdd.zip")
    (tmp_path / "fsdd.zip").write_bytes(whole[:-50])
    with pytest.raises(WeighinError, match=r"fsdd\.zip cannot be read"):
        read_recordings(tmp_path / "fsdd.zip")


def test_a_recording_that_unpacks_too_large_is_refused(tmp_path: Path) -> None:
    """An archive of a few kilobytes cannot fill the memory."""
    path = tmp_path / "fsdd.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0_eve_0.wav", bytes(speech.LARGEST + 1))

    with pytest.raises(WeighinError, match=r"0_eve_0\.wav is larger than"):
        read_recordings(path)


def test_names_that_lead_elsewhere_are_passed_over(tmp_path: Path) -> None:
    """Nothing of an archive is written to disk, and such a name is no recording's."""
    names = ("../0_eve_0.wav", "/0_eve_1.wav", "a/../../0_eve_2.wav", "c:\\0_eve_3.wav", "README")
    files = {name: wav(spoken(0, 0)) for name in names}
    path = write_zip(tmp_path / "in" / "fsdd.zip", files, folder="")

    assert {} == read_recordings(path)
    assert [path.parent, path] == sorted(tmp_path.rglob("*"))


@pytest.mark.usefixtures("computed")
def test_the_official_split_is_kept(paths: SearchPaths) -> None:
    """Recordings of index 0 to 4 are the test part, of every speaker and digit."""
    loaded = load("fsdd", paths)

    assert ("fsdd", 10, 18, 30) == (
        loaded.name,
        loaded.classes,
        len(loaded.train),
        len(loaded.test),
    )
    for part in (loaded.train, loaded.test):
        assert (49, 10, 1) == part.stored["x"].shape[1:]
        assert {0, 1, 2} == set(part.target[:6].tolist())  # of which calibration takes the first
    assert "" == loaded.unlabelled


def test_features_are_normalized_over_the_training_part(
    paths: SearchPaths, computed: list[np.ndarray]
) -> None:
    """Each coefficient has mean 0 and deviation 1 there; test recordings have no say."""
    loaded = load("fsdd", paths)

    assert np.abs(loaded.train.stored["x"].mean(axis=(0, 1))).max() < 1e-4
    assert np.abs(loaded.train.stored["x"].std(axis=(0, 1)) - 1).max() < 1e-4
    assert np.abs(loaded.test.stored["x"].mean(axis=(0, 1))).max() > 1e-4
    (sound,) = computed
    assert (48, RATE) == sound.shape
    assert np.array_equal(spoken(0, 0, 5000) / np.float32(32768), sound[0, :5000])
    assert 0 == np.abs(sound[0, 5000:]).max()
    assert np.array_equal(spoken(0, 7, 9900)[:RATE] / np.float32(32768), sound[-6])


def test_features_are_computed_once(paths: SearchPaths, computed: list[np.ndarray]) -> None:
    """They are kept in the cache; a damaged copy, or other code, has them computed again."""
    first = load("fsdd", paths)
    (kept,) = (paths.cache_dir / "datasets").iterdir()

    assert first.digest == load("fsdd", paths).digest
    assert 1 == len(computed)
    kept.write_bytes(kept.read_bytes()[:-100])
    assert first.digest == load("fsdd", paths).digest
    assert 2 == len(computed)


def test_looking_computes_nothing(paths: SearchPaths, computed: list[np.ndarray]) -> None:
    """`weighin list` and `doctor` check the recordings, and say that features are to come."""
    with pytest.raises(NotPreparedError):
        load("fsdd", dataclasses.replace(paths, looking=True))

    assert "48 recordings, checked" in found("fsdd", paths)
    assert [] == computed
    load("fsdd", paths)
    assert "18 + 30 images, checked" in found("fsdd", paths)


@pytest.mark.usefixtures("computed")
def test_other_recordings_are_refused(paths: SearchPaths) -> None:
    """A recording more or less is other data, and the message says where the right ones are."""
    write_zip(paths.data_dir / "fsdd.zip", tones(("ann", "bob", "eve")))

    with pytest.raises(DataNotFoundError, match=r"other recordings.*free-spoken-digit-dataset"):
        load("fsdd", paths)


@pytest.mark.usefixtures("computed")
@pytest.mark.parametrize("folder", ["recordings", "free-spoken-digit-dataset/recordings", "fsdd"])
def test_unzipped_recordings_are_found(paths: SearchPaths, folder: str) -> None:
    """A clone of the repository does as well as the archive."""
    wanted = load("fsdd", paths).digest
    (paths.data_dir / "fsdd.zip").unlink()
    (paths.data_dir / folder).mkdir(parents=True)
    for name, content in tones().items():
        (paths.data_dir / folder / name).write_bytes(content)

    assert wanted == load("fsdd", paths).digest


@pytest.mark.parametrize("name", ["fsdd", "kws01"])
@pytest.mark.parametrize("folder", [None, "empty"])
def test_not_found_says_how_to_get_it(tmp_path: Path, name: str, folder: str | None) -> None:
    """The message names the data set, the file, and the folder's option and variable."""
    paths = SearchPaths(tmp_path / folder if folder else None, tmp_path / "cache", True, ())

    with pytest.raises(DataNotFoundError, match=rf"'{name}' was not found.*WEIGHIN_DATA_DIR"):
        load(name, paths)
    assert not (tmp_path / "cache").exists()


def cepstra_by_hand(sound: np.ndarray) -> np.ndarray:
    """The same coefficients in NumPy: HTK's mel scale, triangular bands, an orthonormal DCT."""
    window, step, bins = CEPSTRA["window"], CEPSTRA["step"], CEPSTRA["bins"]
    frames = np.stack([sound[at : at + window] for at in range(0, RATE - window + 1, step)])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    spectra = np.abs(np.fft.rfft(frames * hann, 512))

    def mel(hertz: Any) -> Any:
        return 1127 * np.log1p(np.asarray(hertz) / 700)

    edges = np.linspace(mel(20), mel(RATE / 2), bins + 2)
    points = mel(np.linspace(0, RATE / 2, 257))[:, np.newaxis]
    rising = (points - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - points) / (edges[2:] - edges[1:-1])
    bands = np.maximum(0, np.minimum(rising, falling))
    bands[0] = 0
    logarithms = np.log(spectra @ bands + 1e-6)
    angles = np.pi / bins * np.outer(np.arange(bins) + 0.5, np.arange(CEPSTRA["count"]))
    return logarithms @ np.cos(angles) * np.sqrt(2 / bins)


@needing.tensorflow
def test_features_are_mel_cepstra() -> None:
    """TensorFlow, in its own process, computes what the definition says."""
    sound = np.stack([spoken(digit, digit, RATE) / np.float32(32768) for digit in range(3)])

    found = speech._cepstra(sound.astype(np.float32))

    assert (3, 49, 10) == found.shape
    assert np.float32 == found.dtype
    for each, samples in zip(found, sound, strict=True):
        assert np.abs(each - cepstra_by_hand(samples)).max() < 0.01


def test_features_that_cannot_be_computed_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line of the process is the reason."""
    fake_python(tmp_path / "python", "#!{python}\nraise SystemExit('no TensorFlow')\n", monkeypatch)

    with pytest.raises(WeighinError, match="features could not be computed: no TensorFlow"):
        speech._cepstra(np.zeros((1, RATE), np.float32))


def write_kws01(folder: Path, x: np.ndarray, y: np.ndarray) -> SearchPaths:
    """An archive of int8 features in the user's folder."""
    folder.mkdir()
    np.savez(folder / speech.KWS01_FILE, x=x, y=y)
    return SearchPaths(folder, folder / "cache", True, ())


def test_keywords_are_split_and_scaled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 examples are for calibration, 800 for testing; integers become what they stand for."""
    generator = np.random.default_rng(0)
    x = generator.integers(-128, 128, (1000, 49, 10, 1), dtype=np.int8)
    y = generator.integers(0, 12, 1000).astype(np.uint8)
    paths = write_kws01(tmp_path / "user", x, y)
    with pytest.raises(DataNotFoundError, match="other data"):
        load("kws01", paths)
    found = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()
    monkeypatch.setattr(speech, "KWS01_DIGEST", found)

    loaded = load("kws01", paths)

    assert (12, 200, 800) == (loaded.classes, len(loaded.train), len(loaded.test))
    assert np.array_equal(y[200:], loaded.test.target)
    wanted = (x[200:].astype(float) - 83) * 0.5847029
    assert np.abs(wanted - loaded.test.inputs()["x"]).max() < 1e-4


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x93NUMPY"])
def test_damaged_keywords_are_named(tmp_path: Path, content: bytes) -> None:
    """What is no archive of arrays is an error that names the file."""
    (tmp_path / speech.KWS01_FILE).write_bytes(content)

    with pytest.raises(WeighinError, match=rf"{speech.KWS01_FILE} cannot be read"):
        load("kws01", SearchPaths(tmp_path, tmp_path / "cache", True, ()))


def here(file: str, cache: Path) -> SearchPaths:
    """The user's own folder; the test is skipped where it lacks the file."""
    if not DATA_DIR or not (Path(DATA_DIR) / file).exists():
        pytest.skip(f"needs {file} in WEIGHIN_DATA_DIR")
    return SearchPaths(Path(DATA_DIR), cache, True, ())


def test_the_real_recordings_pass(tmp_path: Path) -> None:
    """All 3,000 of them have the digest that is asked for."""
    paths = dataclasses.replace(here("fsdd.zip", tmp_path), looking=True)

    assert "3,000 recordings, checked" in found("fsdd", paths)


def test_the_real_keywords_pass(tmp_path: Path) -> None:
    """EEMBC's examples have the digest that is asked for."""
    loaded = loading.load("kws01", here(speech.KWS01_FILE, tmp_path))

    assert set(range(12)) == set(loaded.test.target)
