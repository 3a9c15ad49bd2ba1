"""Folders of .wav recordings."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.datasets.kinds import folders
from weighin.datasets.kinds.reading import Reading
from weighin.datasets.kinds.source import Kind, LeftOut, Source
from weighin.datasets.storing import Store

SUFFIXES = (".wav",)
LONGEST = 10  # seconds that a model is given at most, unless most recordings are longer
LARGEST = 2**28  # bytes of a recording: half an hour of two channels
AT_ONCE = 256  # recordings that are held together


@dataclass(frozen=True)
class Recording:
    """Samples per second, and how many there are."""

    rate: int
    length: int


def _read(path: Path) -> tuple[int, npt.NDArray[np.float32]]:
    """Samples per second, and the samples from -1 to 1, channels mixed to one.

    Raises:
        ValueError: if the file is damaged, empty, cut off or of another kind.
    """
    from scipy.io import wavfile

    if path.stat().st_size > LARGEST:
        raise ValueError(f"it has more than {LARGEST:,} bytes")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Chunk .*not understood")
        warnings.filterwarnings("error", message="Reached EOF")
        rate, samples = wavfile.read(path)
    if not samples.size:
        raise ValueError("it holds no samples")
    if samples.dtype.kind != "f":
        full = {1: 2.0**7, 2: 2.0**15, 4: 2.0**31}[samples.dtype.itemsize]
        zero = 128 if samples.dtype.kind == "u" else 0  # 8 bits are without a sign
        samples = (samples.astype(np.float32) - zero) / np.float32(full)
    elif not np.isfinite(samples).all():
        raise ValueError("it holds samples that are not finite")
    mixed = samples if samples.ndim == 1 else samples.mean(axis=1)
    return int(rate), mixed.astype(np.float32)


def _survey(files: list[Path], left_out: LeftOut, store: Store) -> dict[Path, Recording]:
    heard = {}
    for number, path in enumerate(files):
        store.progress("recordings looked at", number, len(files))
        try:
            rate, samples = _read(path)
        except Exception as error:  # whatever a damaged file does to SciPy
            left_out.files[path] = str(error) or type(error).__name__
        else:
            heard[path] = Recording(rate, len(samples))
    left_out.check()
    first = next(iter(heard))
    other = next((path for path in heard if heard[path].rate != heard[first].rate), None)
    if other is not None:
        raise WeighinError(
            f"Recordings differ in rate: {first} has {heard[first].rate:,} samples a second, "
            f"{other} {heard[other].rate:,}. Store all at the rate that the model takes."
        )
    return heard


def _length(heard: dict[Path, Recording]) -> tuple[int, str]:
    """How many samples each becomes, and why."""
    rate = next(iter(heard.values())).rate
    counts = Counter(recording.length for recording in heard.values())
    common, times = counts.most_common(1)[0]
    if 2 * times >= len(heard):
        return common, "the most common length"
    longest = max(counts)
    if longest > LONGEST * rate:
        return LONGEST * rate, f"{LONGEST} s, the longest that is taken"
    return longest, "the longest"


def _takes(spec: str) -> bool:
    path = Path(spec).expanduser()
    return path.is_dir() and folders.holds(path, SUFFIXES)


def _open(spec: str, reading: Reading) -> Source:
    root = Path(spec).expanduser()
    layout = folders.layout_of(root, SUFFIXES, "recordings")
    files = layout.files

    def decode(store: Store) -> None:
        left_out = LeftOut(root, len(files), "recordings")
        heard = _survey(files, left_out, store)
        length, why = _length(heard)
        parts, words = layout.divided(left_out.files, reading.seed)
        store.require(len(files) * length * 4)
        for part, examples in parts.items():
            for start in range(0, len(examples.files), AT_ONCE):
                some = examples.files[start : start + AT_ONCE]
                rows = np.zeros((len(some), length, 1), np.float32)
                for row, path in zip(rows, some, strict=True):
                    samples = _read(path)[1][:length]
                    row[: len(samples), 0] = samples
                store.append(f"x_{part}", rows)
                store.progress("recordings decoded", start + len(some), len(examples.files))
            if layout.classes:
                store.append(f"y_{part}", examples.labels)
        store.found_classes(layout.classes)
        lengths = {recording.length for recording in heard.values()}
        rate = next(iter(heard.values())).rate
        fitted = f", {why}; others cut or followed by silence" if len(lengths) > 1 else ""
        store.notes += [f"{length:,} samples at {rate:,} Hz{fitted}", words, *layout.notes]
        if left_out.files:
            store.notes.append(f"{left_out.words()} and left out")

    return Source(root.resolve().name, decode, files)


WAVES = Kind(
    "a folder of recordings", "a folder with a folder of .wav files for each class", _takes, _open
)
