"""What the tests of measuring share: a small data set."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.answering import CLASSES, N

from weighin.core import Dataset, Split


@pytest.fixture
def data() -> Dataset:
    """Images of six classes, evenly spread."""
    generator = np.random.default_rng(0)
    images = generator.random((N, 1, 1, CLASSES), dtype=np.float32) * 0.3
    labels = np.arange(N) % CLASSES
    images[np.arange(N), 0, 0, labels] += 0.6
    split = Split({"x": images}, {"y": labels})
    return Dataset("six", CLASSES, "", split, split)
