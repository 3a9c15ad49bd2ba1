"""The embedded digits and what is asked of data sets that are made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import weighin

Arrays = dict[str, npt.NDArray[Any]]

MODELS = Path(weighin.__file__).resolve().parent.parent / "models"


def embedded() -> Arrays:
    """The four arrays of `mnist10k`."""
    with np.load(MODELS / "data" / "mnist10k.npz", allow_pickle=False) as archive:
        return dict(archive)


def digest(arrays: Arrays) -> str:
    """The first 16 characters of a sha256 over names, types, shapes and values."""
    total = hashlib.sha256()
    for name, array in arrays.items():
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def marked(digits: Arrays, greys: Mapping[str, int]) -> Arrays:
    """Digits whose ink is of one grey, another for each part."""
    marks = {
        f"x_{part}": np.where(digits[f"x_{part}"] >= 64, np.uint8(grey), np.uint8(0))
        for part, grey in greys.items()
    }
    return {**digits, **marks}


def brighter(arrays: Arrays, part: str, *, than: int, noise: int) -> int:
    """How many inputs of a part have a pixel that is brighter than a grey.

    Args:
        arrays: a data set of pixels from 0 to 255, or floats from 0 to 1.
        part: `train` or `test`.
        than: the grey, from 0 to 255.
        noise: if not 0, a quarter of each grey is left, and up to that much was added.
    """
    limit = than / 4 + noise if noise else than
    total = 0
    for name, array in arrays.items():
        if name.startswith(f"x_{part}"):
            scale = 255 if array.dtype == np.float32 else 1
            total += int((array.reshape(len(array), -1).max(axis=1) * scale > limit).sum())
    return total
