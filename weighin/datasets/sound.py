"""Spoken words as they sound, and as spectra of single moments: two further data sets of FSDD.

NumPy alone makes them, of the recordings that `weighin.datasets.speech` reads and checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Dataset
from weighin.datasets.arrays import Arrays
from weighin.datasets.loading import from_arrays
from weighin.datasets.search import SearchPaths
from weighin.datasets.speech import FSDD_TESTED, RATE, Samples, checked_recordings
from weighin.registry import dataset

Recordings = Mapping[tuple[int, str, int], Samples]

STRANGER = "lucas"  # the speaker whom an anomaly detector never hears in training
STRANGERS = 25  # of each digit by the stranger: as many as normal recordings in the test part
# of MLPerf Tiny's anomaly detection: five frames of 128 bands, a frame 64 ms, every 32 ms
WINDOW, STEP, BANDS, FRAMES = RATE * 64 // 1000, RATE * 32 // 1000, 128, 5
LOWEST_BAND = 20.0  # Hz
FAINTEST = 1e-3  # magnitude below which all is silence, of recordings whose loudest sample is 1
AT_ONCE = 200  # recordings whose spectra are held in memory together


@dataset("fsdd_sound")
def fsdd_sound(search: SearchPaths) -> Dataset:
    """Free Spoken Digit Dataset as sound: 2,700 + 300 of 4,000 samples (CC BY-SA 4.0).

    By Jackson et al.; the same recordings and split as of `fsdd`.
    """
    recordings = checked_recordings(search, "fsdd_sound")
    return from_arrays("fsdd_sound", sound_arrays(recordings), classes=10, scale=1.0)


@dataset("fsdd_strangers")
def fsdd_strangers(search: SearchPaths) -> Dataset:
    """FSDD's log-mel spectra, five frames of 128 bands, one speaker in the test part alone.

    By Jackson et al. (CC BY-SA 4.0); for telling a stranger's voice as an anomaly.
    """
    recordings = checked_recordings(search, "fsdd_strangers")
    return from_arrays("fsdd_strangers", stranger_arrays(recordings))


def sound_arrays(recordings: Recordings) -> Arrays:
    """The first second of each recording at 4 kHz, its loudest sample 1 or -1.

    Each sample is the mean of two; what is shorter is followed by silence.

    Args:
        recordings: samples at 8 kHz by index, speaker and digit.

    Returns:
        `x_…` `(n, 4000, 1)` float32 from -1 to 1; `y_…` `(n,)` uint8, the digits.
    """
    sound = np.zeros((len(recordings), RATE // 2, 1), np.float32)
    for row, samples in zip(sound, recordings.values(), strict=True):
        whole = samples[: RATE // 2 * 2].astype(np.int32)
        pairs = whole[: len(whole) // 2 * 2].reshape(-1, 2).sum(axis=1)
        row[: len(pairs), 0] = pairs / np.float32(max(1, np.abs(pairs).max(initial=0)))
    tested = np.array([index < FSDD_TESTED for index, _, _ in recordings])
    labels = np.array([digit for _, _, digit in recordings], np.uint8)
    return {
        "x_train": sound[~tested],
        "y_train": labels[~tested],
        "x_test": sound[tested],
        "y_test": labels[tested],
    }


def stranger_arrays(recordings: Recordings, stranger: str = STRANGER) -> Arrays:
    """Voices to learn, and another in the test part alone: is it told from the others?

    An example is five consecutive frames of a log-mel spectrum, as in MLPerf Tiny's anomaly
    detection: every second run of a training recording, the middle one of a test recording.

    Args:
        recordings: samples at 8 kHz by index, speaker and digit.
        stranger: the speaker who is left out of the training part.

    Returns:
        `x_train`, `x_test` `(n, 640)` float32, of mean 0 and standard deviation 1 over the training
        part as a whole; `y_test` `(n,)` uint8, 1 for the stranger (anomalous), 0 for others
        (normal).
    """
    train, test, anomalous = [], [], []
    spectra = _spectra(list(recordings.values()))
    for (index, speaker, _), frames in zip(recordings, spectra, strict=True):
        runs = _runs(frames)
        if index < (STRANGERS if speaker == stranger else FSDD_TESTED):
            test.append(runs[len(runs) // 2])
            anomalous.append(speaker == stranger)
        elif speaker != stranger:
            train.append(runs[::2])  # neighbours share four frames of five
    known = np.concatenate(train)
    mean, deviation = known.mean(), known.std()

    def standard(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        # rounded, so that all processors come to the same values
        return np.asarray(np.round((values - mean) / deviation, 3), np.float32)

    return {
        "x_train": standard(known),
        "x_test": standard(np.stack(test)),
        "y_test": np.array(anomalous, np.uint8),
    }


def _runs(frames: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """All runs of consecutive frames, `(n, FRAMES · BANDS)`."""
    count = len(frames) - FRAMES + 1
    return np.stack([frames[at : at + FRAMES].reshape(-1) for at in range(count)])


def _spectra(recordings: list[Samples]) -> Iterable[npt.NDArray[np.float64]]:
    """Of each recording, decibels in mel bands, `(frames, BANDS)`, five frames or more.

    Of samples whose loudest is 1: the magnitudes of the Fourier transform of Hann-windowed frames,
    padded to twice their length so that no band is narrower than a bin, summed up by band.
    """
    bands, window = mel_bands(), np.hanning(WINDOW + 1)[:-1]
    shortest = WINDOW + (FRAMES - 1) * STEP
    for start in range(0, len(recordings), AT_ONCE):
        framed = []
        for samples in recordings[start : start + AT_ONCE]:
            loud = samples / max(1.0, float(np.abs(samples.astype(np.int32)).max(initial=0)))
            loud = np.pad(loud, (0, max(0, shortest - len(loud))))
            framed.append(np.lib.stride_tricks.sliding_window_view(loud, WINDOW)[::STEP])
        spectrum = np.abs(np.fft.rfft(np.concatenate(framed) * window, 2 * WINDOW))
        decibels = 20 * np.log10(spectrum @ bands + FAINTEST)
        yield from np.split(decibels, np.cumsum([len(frames) for frames in framed])[:-1])


def mel_bands() -> npt.NDArray[np.float64]:
    """What each bin of a spectrum counts in each band, `(WINDOW + 1, BANDS)`: triangles.

    Even on the mel scale, 1127 ln(1 + f / 700), from 20 Hz to half the rate (HTK book, 5.4).
    """

    def mel(hertz: Any) -> Any:
        return 1127 * np.log1p(hertz / 700)

    bins = mel(np.arange(WINDOW + 1) * RATE / (2 * WINDOW))[:, np.newaxis]
    edges = np.linspace(mel(LOWEST_BAND), mel(RATE / 2), BANDS + 2)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bands: npt.NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return bands
