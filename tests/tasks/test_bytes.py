"""Small whole numbers without a scale are answers like others: nothing runs over."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import numpy as np
import pytest

from weighin import named, registry

UNSCALED = {"quantization": (0.0, 0)}


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "uint32", "int32"])
def test_whole_numbers_at_the_end_of_their_type_are_ranked(dtype: str) -> None:
    limits = np.iinfo(dtype)
    middle = limits.min // 2 + limits.max // 2
    stored = np.array([[limits.min, middle, limits.max], [limits.max, limits.min, middle]], dtype)

    values = named.real(stored, UNSCALED)

    assert np.array_equal(values.astype(np.int64), stored.astype(np.int64))
    answers = registry.tasks["classification"].answers({"scores": values}, {}, {})
    assert [[2, 1, 0], [0, 2, 1]] == answers["highest"].tolist()
    differences = [first - second for first, second, _ in stored.tolist()]
    assert differences == (values[:, 0] - values[:, 1]).tolist()
