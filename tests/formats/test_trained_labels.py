"""What a trained kernel is called in messages."""

from __future__ import annotations

import dataclasses

import pytest
from helpers.rules import kernel

from weighin.formats.trained import Trained


@pytest.mark.parametrize(
    ("name", "layer", "called"),
    [
        ("net/dense/MatMul", "net/dense/MatMul", "'net/dense/MatMul'"),
        ("arith.constant5", "net/dense/MatMul", "'net/dense/MatMul'"),
        ("table", "rows", "'table'"),
        ("arith.constant5", "", "'arith.constant5'"),
    ],
)
def test_by_its_own_name_or_by_its_layers(name: str, layer: str, called: str) -> None:
    """Some converters leave constants without a name that says anything."""
    part = dataclasses.replace(kernel(2, 3), name=name)
    assert Trained("FULLY_CONNECTED", (part,), layer=layer).label == called
