"""An estimate and the ends of its confidence interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its confidence interval."""

    value: float
    low: float
    high: float

    @property
    def ends(self) -> tuple[float, float] | tuple[None, None]:
        """Its ends as a figure has them; none where nothing bounds it."""
        return (self.low, self.high) if self.high < math.inf else (None, None)
