"""Verdicts: what an interval says in a word or two."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from weighin.stats.interval import CONFIDENCE, Interval
from weighin.stats.ratios import typical_ratio
from weighin.stats.shares import mcnemar, paired_difference

MARGIN = 0.005  # of accuracy: half a point
RELATIVE_MARGIN = 0.01  # of the baseline's figure, where no natural margin is known
SMALLEST_SPEEDUP = 0.02  # a smaller one is never called, however narrow its interval
SPEED_CONFIDENCE = 0.99  # of calling one: pairs are many, and more follow with every run


def margin_of(
    own: float | None, unit: str, of_shares: float | None, baseline: Callable[[], float]
) -> tuple[float, str]:
    """What difference to the baseline does not matter, and how a verdict says so.

    Args:
        own: the figure's own margin, in its unit; None if it has none.
        unit: of the figure.
        of_shares: the run's margin, if the figure is a share; None if it is not.
        baseline: gives the baseline's figure, of which it is a hundredth where there is no other.
    """
    if of_shares is not None:
        margin = of_shares if own is None else own
        return margin, f"{margin * 100:g} points"
    if own is not None:
        return own, f"{own:g} {unit}".strip()
    margin = RELATIVE_MARGIN * abs(baseline())
    return margin, f"{margin:.2g} {unit}".strip() + ", 1 % of the baseline's"


def verdict_of(difference: Interval, margin: float, better: str, margin_text: str) -> str:
    """`better`, `worse`, `same within ±` so much, or `no evidence`.

    Better or worse where the interval leaves out 0; else the same, if it lies within the margin;
    else the examples are too few to say.

    Args:
        difference: variant − baseline, with its interval.
        margin: what difference does not matter, in the same unit.
        better: which direction is good, `higher` or `lower`.
        margin_text: the margin as readers see it: `0.5 points`, `0.012`.
    """
    if better not in ("higher", "lower"):
        raise ValueError(f"better is {better!r}: it is 'higher' or 'lower'")
    if difference.low > 0 or difference.high < 0:
        return "better" if (difference.low > 0) == (better == "higher") else "worse"
    return sameness(difference, margin, margin_text)


def sameness(difference: Interval, margin: float, margin_text: str) -> str:
    """`same within ±` so much, or `no evidence`, of what is neither better nor worse.

    Args:
        difference: variant − baseline, with its interval.
        margin: what difference does not matter, in the same unit.
        margin_text: the margin as readers see it.
    """
    if max(-difference.low, difference.high) <= margin:
        return f"same within ±{margin_text}"
    return "no evidence"


def quality_verdict(
    gained: int,
    lost: int,
    n: int,
    margin: float = MARGIN,
    confidence: float = CONFIDENCE,
    better: str = "higher",
) -> str:
    """`better`, `worse`, `same within ±0.5 points` or `no evidence`.

    Better or worse where McNemar's test says so; else the same, if the paired interval lies
    within the margin; else the images are too few to say.

    Args:
        gained: items that only the second got right.
        lost: items that only the first got right.
        n: all items.
        margin: what difference of two shares does not matter.
        confidence: of test and interval.
        better: which direction is good, `higher` or `lower`.
    """
    if mcnemar(gained, lost) < 1 - confidence:
        return "better" if (gained > lost) == (better == "higher") else "worse"
    difference = paired_difference(gained, lost, n, confidence)
    return sameness(difference, margin, f"{margin * 100:g} points")


def speed_verdict(ratios: Sequence[float], smallest: float = SMALLEST_SPEEDUP) -> str:
    """`faster`, `slower`, `same within ±2 %` or `no evidence`.

    Faster or slower where the interval at 99 % leaves out 1, so that of a hundred pairs of one file
    against itself at most one is called; the same where the interval at 95 % lies within the
    smallest speed-up.

    Args:
        ratios: how many times faster, block by block, as they were measured.
        smallest: what speed-up does not matter, as 0.01 for 1 %.
    """
    sure = typical_ratio(ratios, SPEED_CONFIDENCE)
    if sure.low > 1 and sure.value >= 1 + smallest:
        return "faster"
    if sure.high < 1 and sure.value <= 1 / (1 + smallest):
        return "slower"
    usual = typical_ratio(ratios)
    if 1 / (1 + smallest) <= usual.low and usual.high <= 1 + smallest:
        return f"same within ±{smallest * 100:g} %"
    return "no evidence"
