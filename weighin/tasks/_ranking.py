"""AUC and average precision of resampled examples: sorted once, then counted.

scikit-learn gives the figures themselves; of hundreds of resamples of the same scores it would sort
each anew. Here an example that is drawn k times counts k times. Equal scores are one step of the
curves, as there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Chosen = npt.NDArray[np.intp] | None


class Ranked:
    """Examples by falling score."""

    def __init__(self, scores: npt.NDArray[Any], holds: npt.NDArray[Any]) -> None:
        """Sort.

        Args:
            scores: `(n,)`, the higher the surer.
            holds: `(n,)` bool, what is to be told.
        """
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._holds = holds[self._order].astype(np.float64)
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])

    def is_varied(self, chosen: Chosen = None) -> bool:
        """Whether it holds of some of the examples and not of others."""
        positive, negative = self._steps(chosen)
        return bool(positive.any() and negative.any())

    def auc(self, chosen: Chosen = None) -> float:
        """Area under the ROC curve, not a number where all are of one class.

        The share of pairs in which the one that holds has the higher score; ties count a half
        (Hanley and McNeil 1982).
        """
        positive, negative = self._steps(chosen)
        pairs = positive.sum() * negative.sum()
        if not pairs:
            return math.nan
        above = np.cumsum(positive) - positive / 2
        return float((negative * above).sum() / pairs)

    def average_precision(self, chosen: Chosen = None) -> float:
        """Σ (recall − the one before) · precision over falling scores; not a number without any."""
        positive, negative = self._steps(chosen)
        total = positive.sum()
        if not total:
            return math.nan
        found = np.cumsum(positive)
        seen = found + np.cumsum(negative)
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        return float((positive * precision).sum() / total)

    def _steps(self, chosen: Chosen) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """How many that hold, and that do not, each step of equal scores has."""
        n = len(self._order)
        counts = np.ones(n) if chosen is None else np.bincount(chosen, minlength=n)[self._order]
        holding = counts * self._holds
        return (
            np.add.reduceat(holding, self._starts),
            np.add.reduceat(counts - holding, self._starts),
        )
