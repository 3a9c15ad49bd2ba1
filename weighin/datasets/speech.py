"""Spoken words, as images of 49 frames × 10 mel-frequency cepstral coefficients.

The coefficients are those of MLPerf Tiny's keyword spotting (mlcommons/tiny): of one second of
sound, in windows of 40 ms every 20 ms, the first 10 of 40 mel bands.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import wave
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin import subprocesses
from weighin.core import DataNotFoundError, Dataset, WeighinError
from weighin.datasets.arrays import Arrays, read_arrays, write_npz
from weighin.datasets.loading import NotPreparedError, from_arrays
from weighin.datasets.search import SearchPaths
from weighin.registry import dataset
from weighin.subprocesses import SubprocessError, run_module

Samples = npt.NDArray[np.int16]

RATE = 8000  # samples per second of FSDD
CEPSTRA = {"rate": RATE, "window": RATE // 25, "step": RATE // 50, "bins": 40, "count": 10}
FSDD_DIGEST = "72fb3aa45ebdfe923ad47ec496b92e3539ab5e1995659860d5e41c22e126cfdf"
FSDD_TESTED = 5  # of each digit by each speaker: those of index 0 to 4
LARGEST = 2**22  # bytes of one recording; FSDD's longest has 36,568
_RECORDING = re.compile(r"(?:[\w-]+/)*(\d)_([a-z]+)_(\d+)\.wav")
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    wave.Error,
    zipfile.BadZipFile,
    zlib.error,
)

KWS01_FILE = "kws01_mfcc_int8.npz"
KWS01_DIGEST = "662871bf0416a3d22a65d7890c1772a98e402b32ad3cd40aa7862801b1fe33ff"
KWS01_SCALE, KWS01_ZERO = 0.5847029, 83  # of the input of MLPerf Tiny's kws_ref_model.tflite
KWS01_CALIBRATION = 200  # of its 1,000 examples


@dataset("fsdd")
def fsdd(search: SearchPaths) -> Dataset:
    """Free Spoken Digit Dataset: 2,700 + 300 recordings, 49×10 MFCC (Jackson et al.; CC BY-SA 4.0).

    The official split: recordings of index 0 to 4 are the test part. 8 kHz; the first second, what
    is shorter followed by silence. Each coefficient is shifted and scaled to mean 0 and standard
    deviation 1 over the training part. TensorFlow computes the features once, in a process of its
    own; they are kept in weighin's cache.
    """
    recordings = checked_recordings(search, "fsdd")
    arrays = _features(recordings, FSDD_DIGEST, search)
    return from_arrays("fsdd", arrays, classes=10, scale=1.0)


@dataset("kws01")
def kws01(search: SearchPaths) -> Dataset:
    """MLPerf Tiny's evaluation set of 12 keywords: 200 + 800 MFCC, 49×10 (EEMBC; use locally).

    It has no training part: the first 200 examples stand in for one, for calibration only, and the
    other 800 are the test part. The int8 features become floats by the scale and zero point of
    MLPerf Tiny's int8 reference model's input.
    """
    path = (search.data_dir or Path()) / KWS01_FILE
    if search.data_dir is None or not path.is_file():
        raise DataNotFoundError(f"Data set 'kws01' was not found. {_KWS01_WAYS}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            raw, labels = archive["x"], archive["y"]
    except (*_DAMAGE, KeyError, TypeError) as error:
        raise WeighinError(f"{path} cannot be read ({type(error).__name__}: {error}).") from error
    digest = hashlib.sha256(raw.tobytes() + labels.tobytes()).hexdigest()
    if digest != KWS01_DIGEST:
        raise DataNotFoundError(
            f"Data set 'kws01' was not found: {path} holds other data (digest {digest[:12]}, not "
            f"{KWS01_DIGEST[:12]}). {_KWS01_WAYS}"
        )
    features = (raw.astype(np.float32) - KWS01_ZERO) * np.float32(KWS01_SCALE)
    arrays = {
        "x_train": features[:KWS01_CALIBRATION],
        "y_train": labels[:KWS01_CALIBRATION],
        "x_test": features[KWS01_CALIBRATION:],
        "y_test": labels[KWS01_CALIBRATION:],
    }
    return from_arrays("kws01", arrays, classes=12, scale=1.0)


_FSDD_WAYS = (
    "Put fsdd.zip, or a clone of github.com/Jakobovski/free-spoken-digit-dataset (at 26eb9aaf), "
    "into a folder named by --weighin-data-dir or WEIGHIN_DATA_DIR."
)
_KWS01_WAYS = (
    f"Put {KWS01_FILE} (x: int8 features 1000×49×10×1, y: labels; EEMBC's, to be used, not passed "
    f"on) into a folder named by --weighin-data-dir or WEIGHIN_DATA_DIR."
)


def checked_recordings(search: SearchPaths, name: str) -> dict[tuple[int, str, int], Samples]:
    """FSDD's recordings, from the user's folder, for the data set that is called `name`.

    Raises:
        WeighinError: if they are damaged, others or not found; then it names every way to get them.
    """
    source = _fsdd_source(search, name)
    recordings = read_recordings(source)
    digest = digest_of(recordings)
    if digest != FSDD_DIGEST:
        raise DataNotFoundError(
            f"Data set {name!r} was not found: {source} holds other recordings (digest "
            f"{digest[:12]}, not {FSDD_DIGEST[:12]}). {_FSDD_WAYS}"
        )
    return recordings


def read_recordings(source: Path) -> dict[tuple[int, str, int], Samples]:
    """Samples by index, speaker and digit, from a zip archive or a folder of .wav files.

    Nothing is unpacked to disk; files by other names are passed over.

    Raises:
        WeighinError: if a file is damaged or is no 16 bit, mono, 8 kHz .wav; it names the file.
    """
    recordings = {}
    try:
        for name, content in _contents(source):
            match = _RECORDING.fullmatch(name)
            if match is not None:
                digit, speaker, index = match.groups()
                recordings[int(index), speaker, int(digit)] = _samples(name, content)
    except _DAMAGE as error:
        raise WeighinError(f"{source} cannot be read: {error}. Replace it.") from error
    # in an order by which calibration, which takes the first, sees all digits and speakers
    return dict(sorted(recordings.items()))


def digest_of(recordings: Mapping[tuple[int, str, int], Samples]) -> str:
    """sha256 over the decoded samples and what they are called."""
    total = hashlib.sha256()
    for name, samples in recordings.items():
        total.update(f"{name} {len(samples)}".encode())
        total.update(samples.tobytes())
    return total.hexdigest()


def _fsdd_source(search: SearchPaths, name: str) -> Path:
    if search.data_dir is not None:
        archive = search.data_dir / "fsdd.zip"
        clone = search.data_dir / "free-spoken-digit-dataset"
        folders = [clone, search.data_dir / "fsdd", search.data_dir]
        for path in (archive, *(folder / "recordings" for folder in folders), folders[1]):
            if path.is_file() or (path.is_dir() and any(path.glob("[0-9]_*.wav"))):
                return path
    raise DataNotFoundError(f"Data set {name!r} was not found. {_FSDD_WAYS}")


def _contents(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for path in source.glob("*.wav"):
            if path.stat().st_size > LARGEST:
                raise ValueError(f"{path.name} is larger than {LARGEST} bytes")
            yield path.name, path.read_bytes()
        return
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            if entry.file_size > LARGEST:
                raise ValueError(f"{entry.filename} is larger than {LARGEST} bytes")
            yield entry.filename, archive.read(entry)


def _samples(name: str, content: bytes) -> Samples:
    try:
        with wave.open(io.BytesIO(content)) as file:
            kind = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            promised = file.getnframes()
            frames = file.readframes(promised)
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{name} is no whole .wav file ({error})") from error
    if kind != (1, 2, RATE):
        raise ValueError(f"{name} is not mono, 16 bit, {RATE} Hz")
    if len(frames) != 2 * promised:
        raise ValueError(f"{name} is cut off: {len(frames) // 2} samples of {promised}")
    return np.frombuffer(frames, "<i2")


def _features(
    recordings: Mapping[tuple[int, str, int], Samples], digest: str, search: SearchPaths
) -> Arrays:
    """The four arrays of a data set, from the cache, by what computes them, or computed."""
    code = [Path(__file__), subprocesses.FOLDER / "weighin" / "frameworks" / "signal.py"]
    key = hashlib.sha256(b"".join([digest.encode(), *(file.read_bytes() for file in code)]))
    kept = search.cache_dir / "datasets" / f"fsdd-{key.hexdigest()[:16]}.npz"
    if kept.exists():
        try:
            return read_arrays(kept)
        except WeighinError:
            pass  # damaged: made anew
    if search.looking:
        raise NotPreparedError(
            f"{len(recordings):,} recordings, checked ({digest[:12]}); features are computed when "
            f"they are first wanted"
        )
    arrays = _arrays(recordings)
    write_npz(kept, arrays)
    return arrays


def _arrays(recordings: Mapping[tuple[int, str, int], Samples]) -> Arrays:
    sound = np.zeros((len(recordings), RATE), np.float32)
    for row, samples in zip(sound, recordings.values(), strict=True):
        row[: len(samples)] = samples[:RATE] / np.float32(32768)
    features = _cepstra(sound)
    tested = np.array([index < FSDD_TESTED for index, _, _ in recordings])
    labels = np.array([digit for _, _, digit in recordings], np.uint8)
    mean = features[~tested].mean(axis=(0, 1))
    deviation = features[~tested].std(axis=(0, 1))
    images = ((features - mean) / deviation)[..., np.newaxis]
    return {
        "x_train": images[~tested],
        "y_train": labels[~tested],
        "x_test": images[tested],
        "y_test": labels[tested],
    }


def _cepstra(sound: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """Let TensorFlow compute `(n, frames, coefficients)` in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        samples, cepstra = Path(folder) / "sound.npy", Path(folder) / "cepstra.npy"
        np.save(samples, sound)
        try:
            run_module("weighin.frameworks.signal", str(samples), str(cepstra), json.dumps(CEPSTRA))
        except SubprocessError as error:
            raise WeighinError(f"the features could not be computed: {error}") from None
        return np.asarray(np.load(cepstra, allow_pickle=False))
