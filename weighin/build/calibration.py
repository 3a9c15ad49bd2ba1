"""What calibration inputs are like: how few set the range, and what half of them would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Array, Arrays
from weighin.named import count

FEW = 100  # one in so many inputs, at either end of the range, are few
FEWEST = 20  # inputs of which it makes sense to call one few


def facts_of(calibration: Arrays) -> dict[str, Any]:
    """How many inputs there are, and which range they have with and without its few outermost.

    A range with one input far out is divided into steps that are too coarse for all others. Whole
    numbers are not divided.

    Args:
        calibration: inputs by name, each `(n, …)`.

    Returns:
        `inputs`, n; `range`, the smallest and the largest number of all; `inner`, the same without
        the hundredth part of the inputs that reach lowest and as many that reach highest (one at
        least); `setting`, how many inputs lie partly outside of `inner`. Of several inputs that are
        floats, those of the one whose range is widened most, and its name as `input`. Nothing but
        `inputs` if they are too few, or not all finite.
    """
    n = count(calibration)
    ranges = {
        name: _range_of(values)
        for name, values in calibration.items()
        if values.dtype.kind == "f" and values.size
    }
    if n < FEWEST or not ranges or None in ranges.values():
        return {"inputs": n}
    name, facts = max(ranges.items(), key=lambda each: _widened(each[1] or {}))
    named = {"input": name} if len(ranges) > 1 else {}
    return {"inputs": n, **named, **(facts or {})}


def _range_of(values: Array) -> dict[str, Any] | None:
    """The range of one input, with and without its few outermost; None if it is not finite."""
    n = len(values)
    flat = values.reshape(n, -1)
    lows, highs = flat.min(axis=1), flat.max(axis=1)
    if n < FEWEST or not np.isfinite([lows, highs]).all():
        return None
    few = max(1, n // FEW)
    low, high = np.sort(lows)[few], np.sort(highs)[-1 - few]
    return {
        "range": [float(lows.min()), float(highs.max())],
        "inner": [float(low), float(high)],
        "setting": int(np.count_nonzero((lows < low) | (highs > high))),
    }


def _widened(facts: Mapping[str, Any]) -> float:
    """How many times as wide a range is as without its few outermost inputs."""
    (low, high), (inner_low, inner_high) = facts["range"], facts["inner"]
    if high == low:
        return 1.0
    return float((high - low) / (inner_high - inner_low)) if inner_high > inner_low else np.inf


def moved(same: npt.NDArray[Any]) -> dict[str, float]:
    """How many answers are others if only half of the inputs calibrate.

    Args:
        same: `(n,)` from 0 to 1, how far a file agrees with one that was calibrated on every
            second input.

    Returns:
        `compared`, n; `moved`, how many of them are others, of which those that are so in part
        count in part.
    """
    return {"compared": len(same), "moved": round(float(len(same) - same.sum()), 3)}
