"""AUC and average precision of resamples, held against scikit-learn's of the same examples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from weighin.tasks._ranking import Ranked


@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(1, 8))
def test_resamples_are_as_scikit_learn_has_them(seed: int, n: int, levels: int) -> None:
    """Drawn examples count as often as they are drawn, equal scores are one step."""
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, levels, n) / levels
    holds = generator.random(n) < 0.5
    ranked = Ranked(scores, holds)

    for chosen in (None, generator.integers(0, n, n)):
        drawn = np.arange(n) if chosen is None else chosen
        if not holds[drawn].any() or holds[drawn].all():
            assert math.isnan(ranked.auc(chosen))
            assert not ranked.is_varied(chosen)
            continue
        assert ranked.is_varied(chosen)
        assert roc_auc_score(holds[drawn], scores[drawn]) == pytest.approx(ranked.auc(chosen))
        assert average_precision_score(holds[drawn], scores[drawn]) == pytest.approx(
            ranked.average_precision(chosen)
        )


def test_nothing_that_holds_has_no_precision() -> None:
    """There is nothing to be found."""
    assert math.isnan(Ranked(np.arange(3.0), np.zeros(3, bool)).average_precision())
