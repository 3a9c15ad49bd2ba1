"""What sets of figures say beside their middle: entropy and concordance."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def entropy(counts: npt.ArrayLike) -> float:
    """Bits per item of an empirical distribution: -Σ p log2 p (Shannon 1948, section 6).

    Args:
        counts: `(k,)` how often each of k different items occurs, each above 0.
    """
    found = np.asarray(counts, np.float64)
    shares = found / found.sum()
    return abs(float(np.sum(shares * np.log2(shares))))


def concordance(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """How far two sets of figures are the same, not only rise together: 1 if equal, 0 if unrelated.

    Lin 1989, "A concordance correlation coefficient to evaluate reproducibility"; not a number
    where neither set has any spread.
    """
    one, other = (np.asarray(each, np.float64).ravel() for each in (first, second))
    apart = one.var() + other.var() + (one.mean() - other.mean()) ** 2
    shared = 2 * float(((one - one.mean()) * (other - other.mean())).mean())
    return shared / float(apart) if apart > 0 else math.nan
