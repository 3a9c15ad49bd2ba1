"""Ratios that hang together: what two files compare by that were never measured side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from weighin.stats.interval import CONFIDENCE, Interval
from weighin.stats.verdicts import SPEED_CONFIDENCE

T = TypeVar("T")


def product(
    ratios: Sequence[Callable[[float], Interval]], confidence: float = CONFIDENCE
) -> Interval:
    """The product of ratios that were measured one by one, and its interval.

    If one file is 1.2 times as fast as a second, and that 1.5 times as fast as a third, the first
    is 1.8 times as fast as the third: an indirect comparison by what both were held against
    (Bucher, Guyatt, Griffith and Walter 1997, "The results of direct and indirect treatment
    comparisons in meta-analysis of randomized controlled trials"). Its ends are the products of
    the single ratios' ends, each at a confidence that leaves out as many times less as there are
    ratios: all of them then hold their truths at once, and so does the product, whatever the noise
    is (Bonferroni's inequality). Narrower ones, of distances that are squared and added up (Zou
    and Donner 2008, "Construction of confidence limits about effect measures"), want medians that
    are nearly normal: of 1,000 simulated sets of two and of four ratios whose noise has two modes,
    81 and 67 % held the truth. How often these do, `python -m bench.coverage` measures.

    What none of this covers is a machine that changes between one ratio and the next.

    From 0 to infinity where one of them is; exactly 1 of none.

    Args:
        ratios: of each, the interval at a confidence.
        confidence: of the product's interval.
    """
    shared = 1 - (1 - confidence) / max(1, len(ratios))
    ends = [ratio(shared) for ratio in ratios]
    if any(each.high == math.inf for each in ends):
        return Interval(math.prod(each.value for each in ends), 0.0, math.inf)
    value, low, high = (
        math.prod(getattr(each, end) for each in ends) for end in ("value", "low", "high")
    )
    return Interval(value, low, high)


def inverse(ratio: Interval) -> Interval:
    """The same ratio the other way round."""
    high = 1 / ratio.low if ratio.low > 0 else math.inf
    return Interval(1 / ratio.value, 1 / ratio.high if ratio.high < math.inf else 0.0, high)


def unbeaten(
    candidates: Sequence[T], is_faster: Callable[[T, T, float], bool], tests: int
) -> list[T]:
    """Those that no other is found faster than: the truly quickest among them, in 95 of 100 sets.

    Who looks quickest is chosen by the very figures that are to prove it, so it is not held
    against the others. Instead each candidate is held against each other, and left out where one
    is found faster: of k the truly quickest is left out by mistake only if one of k - 1 tests
    errs, and by Bonferroni's inequality they all together err in at most one set of twenty, however
    they depend on each other (Gupta 1965, "On some multiple decision (selection and ranking)
    rules"; Hsu 1981, "Simultaneous confidence intervals for all distances from the 'best'").

    Args:
        candidates: in any order, which the result keeps.
        is_faster: whether the first of two is found faster than the second, by an interval of a
            confidence of which half the rest lies on either side.
        tests: by how many the error is shared: k - 1, and as many more as other sets of the same
            table want. A single test is at the confidence of calling a speed-up, or a higher one.
    """
    confidence = max(SPEED_CONFIDENCE, 1 - 2 * (1 - CONFIDENCE) / max(1, tests))
    return [
        one
        for one in candidates
        if not any(is_faster(other, one, confidence) for other in candidates if other != one)
    ]
