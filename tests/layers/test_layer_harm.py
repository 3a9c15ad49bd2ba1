"""Layers in the order of the harm that they do."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.layer_rows import DAMAGED

from weighin.datasets.bringing import Brought
from weighin.layers import harm
from weighin.layers.row import Layer, Layers, Near, Sensitivity
from weighin.stats import Interval


def _layer(place: int, noise: float, change: Interval | None, why_not: str = "") -> Layer:
    sensitivity = Sensitivity(change, None, why_not, why_not)
    near = Near(None, None, noise)
    return Layer(place, str(place), "CONV_2D", "", own=near, sensitivity=sensitivity)


def _order(layers: Layers) -> list[int]:
    return [each.layer.place for each in harm.ordered(layers)]


def test_what_is_shown_to_harm_comes_first_then_what_loses_most() -> None:
    """A large difference whose interval holds 0 says nothing."""
    layers = Layers(
        "q",
        "f",
        1,
        (
            _layer(0, 0.1, Interval(0.01, 0.005, 0.02)),
            _layer(1, 0.2, Interval(0.03, 0.01, 0.05)),
            _layer(2, 0.3, Interval(0.09, -0.01, 0.2)),
            _layer(3, 0.4, None, "it cannot stand there"),
            _layer(4, 0.0, None),
        ),
    )
    (unknown,) = (each for each in harm.ordered(layers) if each.layer.place == 3)

    assert [1, 0, 3, 2] == _order(layers)
    assert (None, "it cannot stand there") == (unknown.regained, unknown.why_not)


def test_of_an_error_less_is_regained() -> None:
    rows = (
        _layer(0, 0.5, Interval(0.2, 0.1, 0.3)),
        _layer(1, 0.1, Interval(-0.2, -0.3, -0.1)),
    )
    layers = Layers("q", "f", 1, rows, better="lower")

    assert [1, 0] == _order(layers)
    assert Interval(0.2, 0.1, 0.3) == harm.ordered(layers)[0].regained


def test_of_files_the_damaged_layer_comes_first_with_its_interval(
    layer_orders: Callable[..., dict[str, Any]],
) -> None:
    orders = layer_orders()
    brought = Brought(**{**orders["data"], "path": Path(orders["data"]["path"])})
    paths = Path(orders["compressed"]), Path(orders["original"])
    harms = harm.of_files(*paths, brought, examples=8, tested=100)

    assert DAMAGED == harms[0].layer.place
    assert harms[0].is_shown
    assert [False] * 3 == [each.is_shown for each in harms[1:]]
