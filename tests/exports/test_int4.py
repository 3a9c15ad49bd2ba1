"""The export of 4 bits without a file of it."""

from __future__ import annotations

import pytest

from weighin import packages
from weighin.exports import int4


def test_int4_says_whether_it_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking loads nothing; the answer is None or the command that installs it."""
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    told = vars(int4.int4)["available"]()
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: object())

    assert told == "litert-quantizer is not installed: pip install 'weighin[quantizer]'"
    assert vars(int4.int4)["available"]() is None
