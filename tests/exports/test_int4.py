"""The export of 4 bits without a file of it."""

from __future__ import annotations

import pytest

from weighin.exports import int4


def test_int4_says_whether_it_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking loads nothing; the answer is None or the command that installs it."""
    monkeypatch.setattr(int4.importlib.util, "find_spec", lambda name: None)
    told = vars(int4.int4)["available"]()
    monkeypatch.setattr(int4.importlib.util, "find_spec", lambda name: object())

    assert "pip install 'ai-edge-quantizer" in told
    assert vars(int4.int4)["available"]() is None
