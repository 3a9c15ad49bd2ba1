"""What the tests of layers share: networks beside the same quantized."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.layer_rows import Beside


@pytest.fixture
def beside(tmp_path: Path) -> Callable[[str], Beside]:
    """A network by its name, beside the same quantized."""
    return lambda name: Beside(tmp_path, name)
