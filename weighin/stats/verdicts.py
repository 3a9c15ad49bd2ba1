"""Verdicts: what an interval says in a word or two."""

from __future__ import annotations

from weighin.stats.interval import CONFIDENCE, Interval
from weighin.stats.shares import mcnemar, paired_difference

MARGIN = 0.005  # of accuracy: half a point
RELATIVE_MARGIN = 0.01  # of the baseline's figure, where no natural margin is known
SMALLEST_SPEEDUP = 0.02  # a smaller one is never called, however narrow its interval


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


def margin_of(
    margin: float | None, *, is_share: bool, of_shares: float, baseline: float, unit: str
) -> tuple[float, str]:
    """What difference does not matter, and how a verdict says so.

    Args:
        margin: the figure's own, in its unit; None where it has none.
        is_share: whether the figure is a share.
        of_shares: the run's margin of shares that have none of their own.
        baseline: the baseline's figure, of which 1 % is the margin of what else has none.
        unit: of the figure.
    """
    if is_share:
        margin = of_shares if margin is None else margin
        return margin, f"{margin * 100:g} points"
    if margin is not None:
        return margin, f"{margin:g} {unit}".strip()
    margin = RELATIVE_MARGIN * abs(baseline)
    return margin, f"{margin:.2g} {unit}".strip() + ", 1 % of the baseline's"


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
        better: whether a `higher` or a `lower` share is good.
    """
    if mcnemar(gained, lost) < 1 - confidence:
        return "better" if (gained > lost) == (better == "higher") else "worse"
    difference = paired_difference(gained, lost, n, confidence)
    return sameness(difference, margin, f"{margin * 100:g} points")


def speed_verdict(speedup: Interval, smallest: float = SMALLEST_SPEEDUP) -> str:
    """`faster`, `slower` or `no evidence`.

    Args:
        speedup: how many times faster, with its interval.
        smallest: what speed-up does not matter, as 0.01 for 1 %.
    """
    if speedup.low > 1 and speedup.value >= 1 + smallest:
        return "faster"
    if speedup.high < 1 and speedup.value <= 1 / (1 + smallest):
        return "slower"
    return "no evidence"
