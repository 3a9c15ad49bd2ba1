"""What calibration inputs are like: how few set the range, and what half of them would change."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin.core import Images, Scores

FEW = 100  # one in so many inputs, at either end of the range, are few
FEWEST = 20  # inputs of which it makes sense to call one few


def facts_of(calibration: Images) -> dict[str, Any]:
    """How many inputs there are, and which range they have with and without its few outermost.

    A range with one input far out is divided into steps that are too coarse for all others.

    Args:
        calibration: `(n, …)`.

    Returns:
        `inputs`, n; `range`, the smallest and the largest number of all; `inner`, the same without
        the hundredth part of the inputs that reach lowest and as many that reach highest (one at
        least); `setting`, how many inputs lie partly outside of `inner`. Nothing but `inputs` if
        they are too few, or not all finite.
    """
    n = len(calibration)
    if n < FEWEST or not calibration.size:
        return {"inputs": n}
    flat = calibration.reshape(n, -1)
    lows, highs = flat.min(axis=1), flat.max(axis=1)
    if not np.isfinite([lows, highs]).all():
        return {"inputs": n}
    few = max(1, n // FEW)
    low, high = np.sort(lows)[few], np.sort(highs)[-1 - few]
    return {
        "inputs": n,
        "range": [float(lows.min()), float(highs.max())],
        "inner": [float(low), float(high)],
        "setting": int(np.count_nonzero((lows < low) | (highs > high))),
    }


def moved(whole: Scores, half: Scores) -> dict[str, int]:
    """How many answers are of another class if only half of the inputs calibrate.

    Args:
        whole: `(n, classes)`, of the file; `(n, 1)` of one sigmoid unit.
        half: likewise, of a file that was calibrated on every second input.

    Returns:
        `compared`, n; `moved`, how many of them differ.
    """
    if whole.shape[1] == 1:
        differ = (whole[:, 0] > 0.5) != (half[:, 0] > 0.5)
    else:
        differ = whole.argmax(axis=1) != half.argmax(axis=1)
    return {"compared": len(whole), "moved": int(differ.sum())}
