"""What some tests cannot do without, and a light installation goes without: skipped, and why."""

from __future__ import annotations

import pytest

from weighin.frameworks import versions
from weighin.packages import missing

keras_3 = pytest.mark.skipif(
    missing("tensorflow") is not None or versions.why_no_keras_3() is not None,
    reason=missing("tensorflow") or versions.why_no_keras_3() or "",
)
tensorflow = pytest.mark.skipif(
    missing("tensorflow") is not None, reason=missing("tensorflow") or ""
)


def need_tensorflow() -> None:
    """Skip the test that asks, itself or by a fixture, where there is no TensorFlow."""
    if obstacle := missing("tensorflow"):
        pytest.skip(obstacle)
