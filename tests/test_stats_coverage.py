"""How often intervals of means and of figures of sets hold the truth: 400 simulated sets each.

`bench/coverage.py` draws them and prints the whole table; the docstrings say what 2,000 sets gave.
Of 400 sets, a true coverage of 95 % shows as 92.8 to 97.2 %.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bench import coverage
from weighin import stats
from weighin.stats import Interval

DRAWN = 400


def held(outcome: tuple[float, Sequence[Interval]]) -> float:
    """Share of intervals that hold the truth."""
    assert len(outcome[1]) == DRAWN
    return coverage.missed(*outcome)[0]


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize("name", coverage.SCORES)
def test_means_hold_the_truth(name: str, n: int) -> None:
    """Of scores as skewed as squared errors or lognormal ones, too."""
    assert 0.92 <= held(coverage.of_means(name, n, DRAWN)) <= 0.98


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize("name", coverage.DIFFERENCES)
def test_paired_means_hold_the_truth(name: str, n: int) -> None:
    """Of differences with long tails, or where nine examples in ten do not differ, too."""
    highest = 0.995 if (name, n) == ("one in ten, exponential", 100) else 0.98

    assert 0.92 <= held(coverage.of_differences(name, n, DRAWN)) <= highest


@pytest.mark.parametrize(
    "name", ["AUC 0.95", "AUC 0.80", "RMSE, Laplace errors", "R² 0.9, normal errors", "mIoU 0.80"]
)
def test_figures_of_sets_hold_the_truth(name: str) -> None:
    """Of 200 examples, the figure's interval and that of its paired difference."""
    alone, paired = coverage.of_sets(name, 200, DRAWN)

    assert 0.92 <= held(alone) <= 0.985
    assert 0.92 <= held(paired) <= 0.985


@pytest.mark.parametrize("name", coverage.SETS)
def test_replicates_are_simulated_as_they_are_made(name: str) -> None:
    """All resamples at once give the replicates that one after the other do."""
    how, n = coverage.SETS[name], 60
    answers, _ = how.sample(np.random.default_rng(5), n)

    def figure(chosen: np.ndarray) -> float:
        return float(how.figure(answers, np.bincount(chosen, minlength=n)[np.newaxis])[0])

    value, simulated = coverage.resampled(how.figure, answers, n)
    made = stats.replicates(figure, n)

    assert figure(np.arange(n)) == pytest.approx(value)
    np.testing.assert_allclose(made.values, simulated.values, rtol=1e-9)
    np.testing.assert_allclose(made.influence, simulated.influence, atol=1e-12)
