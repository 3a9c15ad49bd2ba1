"""How often intervals hold what is true, and counts to make them of."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from weighin.stats import Interval

DRAWS = 2000


@st.composite
def paired(draw: st.DrawFn) -> tuple[int, int, int]:
    """Counts of gained, lost and all items."""
    n = draw(st.integers(1, 10_000))
    gained = draw(st.integers(0, n))
    return gained, draw(st.integers(0, n - gained)), n


def covered(truth: float, intervals: Sequence[Interval]) -> float:
    """Share of intervals that hold the truth."""
    assert len(intervals) == DRAWS
    return sum(each.low <= truth <= each.high for each in intervals) / DRAWS
