"""Kernels trained clustered are what the toolkit's own wrappers make of them, at less cost."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import needing
from helpers.commands import told_by

pytestmark = needing.tensorflow

CASES = ("pictures sgd dense", "pictures adam sparse", "words adam dense", "words sgd sparse")


@pytest.fixture(scope="module")
def told() -> Any:
    """What a child process found."""
    return told_by("from helpers import clustering_process as own; own.main()")


@pytest.mark.parametrize("case", CASES)
def test_kernels_are_those_of_the_toolkit(told: Any, case: str) -> None:
    """After several steps of training; they have moved by far more than they lie apart."""
    trained = told["trained"][case]

    assert max(trained["apart"]) < 1e-5
    assert min(trained["moved"]) > 1e-3


@pytest.mark.parametrize("case", CASES)
def test_a_kernel_has_no_more_values_than_clusters(told: Any, case: str) -> None:
    """In a pruned model zero is one of them, and what was zero stays so."""
    trained = told["trained"][case]

    assert max(trained["values"]) <= 5
    assert min(trained["values"]) > 2
    if case.endswith("sparse"):
        assert trained["zeros kept"]


def test_the_nearest_centroid_is_found_whatever_their_number(told: Any) -> None:
    """By comparing with all and by halving; two centroids may have come together."""
    assert told["places"] == []


def test_what_cannot_be_clustered_is_refused(told: Any) -> None:
    """Two clusters beside zeros, and a model without kernels."""
    assert "ask for 3 clusters or more" in told["refused"]["few"]
    assert "can be clustered: the toolkit leaves depthwise" in told["refused"]["nothing"]


def test_a_training_step_is_traced_once(told: Any) -> None:
    """In every way to train, for what the optimizer keeps is created before."""
    assert told["traces"] == {"plain": 1, "masked": 1, "qat": 1, "cluster": 1}
