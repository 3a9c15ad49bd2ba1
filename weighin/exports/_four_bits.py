"""How values of four bits lie in a .tflite file: two in a byte, the first in its lower half."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# The operators whose weights can be (litert_quantizer/default_policy.py, at 4 bits)
PACKED = ("CONV_2D", "FULLY_CONNECTED")
TYPE = 17  # the schema's number of it
MOST = 7  # on both sides of zero; LiteRT's kernels know -8, too, which symmetric weights leave out


def packed(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Values from -8 to 7 of any shape, as a buffer holds them."""
    flat = values.reshape(-1) & 15
    low, high = np.pad(flat, (0, len(flat) % 2)).reshape(-1, 2).T
    both: npt.NDArray[np.uint8] = (low | (high << 4)).astype(np.uint8)
    return both
