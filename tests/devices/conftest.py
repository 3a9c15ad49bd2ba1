"""What the tests of devices share: a file, and a device whose agent is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import agents

from weighin.core import Artifact
from weighin.devices.device import Device


@pytest.fixture
def small(tmp_path: Path) -> Artifact:
    """A small file."""
    return agents.artifact(tmp_path)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Device]:
    """A device with a real agent, in a process of its own."""
    device = agents.device(agents.command(tmp_path / "agent"))
    yield device
    device.close()
