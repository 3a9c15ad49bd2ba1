"""What calibration inputs are like: how few set the range, and what half of them would change."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Arrays

FEW = 100  # one in so many inputs, at either end of the range, are few
FEWEST = 20  # inputs of which it makes sense to call one few


def facts_of(calibration: Arrays) -> dict[str, Any]:
    """How many inputs there are, and which range they have with and without its few outermost.

    A range with one input far out is divided into steps that are too coarse for all others.

    Args:
        calibration: inputs by name, each `(n, …)`; of several, the first of floats is told of.

    Returns:
        `inputs`, n; `range`, the smallest and the largest number of all; `inner`, the same without
        the hundredth part of the inputs that reach lowest and as many that reach highest (one at
        least); `setting`, how many inputs lie partly outside of `inner`. Nothing but `inputs` if
        they are too few, or not all finite.
    """
    floats = [values for values in calibration.values() if values.dtype.kind == "f"]
    n = len(next(iter(calibration.values())))
    if n < FEWEST or not floats:
        return {"inputs": n}
    flat = floats[0].reshape(n, -1)
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


def moved(same: npt.NDArray[Any]) -> dict[str, int]:
    """How many answers are others if only half of the inputs calibrate.

    Args:
        same: `(n,)` from 0 to 1, how far a file agrees with one that was calibrated on every
            second input.

    Returns:
        `compared`, n; `moved`, how many of them are not quite the same.
    """
    return {"compared": len(same), "moved": int((same < 1).sum())}
