"""Spectral features of sound, by tf.signal.

A program: `python -m weighin.frameworks.signal SOUND.npy FEATURES.npy SETTINGS`, these as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.frameworks.process import tensorflow


def mel_cepstra(
    samples: Any, *, rate: int, window: int, step: int, bins: int, count: int
) -> npt.NDArray[np.float32]:
    """Mel-frequency cepstral coefficients, by tf.signal.

    Magnitudes of a Hann-windowed Fourier transform, `bins` mel bands from 20 Hz to half the rate,
    their logarithm (1e-6 added), and its discrete cosine transform.

    Args:
        samples: `(n, length)` float32 in [-1, 1].
        rate: samples per second.
        window: samples of a frame.
        step: samples from one frame to the next.
        bins: mel bands.
        count: how many coefficients are kept, the first ones.

    Returns:
        `(n, frames, count)`, the frames that lie wholly inside.
    """
    tf = tensorflow()
    parts = []
    for at in range(0, len(samples), 100):  # spectra are many times as large as what is kept
        spectra = tf.abs(tf.signal.stft(samples[at : at + 100], window, step))
        bands = tf.signal.linear_to_mel_weight_matrix(bins, spectra.shape[-1], rate, 20.0, rate / 2)
        cepstra = tf.signal.mfccs_from_log_mel_spectrograms(tf.math.log(spectra @ bands + 1e-6))
        parts.append(np.asarray(cepstra[..., :count], dtype=np.float32))
    return np.concatenate(parts)


if __name__ == "__main__":
    sound, features, settings = sys.argv[1:]
    np.save(features, mel_cepstra(np.load(sound, allow_pickle=False), **json.loads(settings)))
