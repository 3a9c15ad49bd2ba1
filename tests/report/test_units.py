"""Numbers as people read them."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable

import pytest

from weighin.report import units


@pytest.mark.parametrize(
    ("show", "value", "spread", "expected"),
    [
        (units.seconds, 72.2e-6, 51.3e-9, "0.051"),
        (units.seconds, 2e-4, 1.41e-4, "141"),
        (units.seconds, 2e-4, 0.0, "0"),
        (units.size, 1.6e6, 197, "0.00020"),
        (units.size, 148e3, 1240, "1.2"),
        (units.percent, 0.992, 0.0009, "0.09"),
        (units.points, -0.01, 0.0005, "0.05"),
        (units.ratio, 10.79, 0.012, "0.01"),
    ],
)
def test_deviations_are_in_the_figures_own_unit(
    show: units.Style, value: float, spread: float, expected: str
) -> None:
    """As the ends of its interval are, so that it is named once; two digits that count."""
    assert expected == units.deviation(show, value, spread)


@pytest.mark.parametrize(
    ("show", "value", "ends", "expected"),
    [
        (units.seconds, 93.1e-6, (92.8e-6, 93.4e-6), "93.1 µs [92.8, 93.4]"),
        (units.seconds, 1.5, (), "1.50 s"),
        (units.seconds, 1.0, (), "1.00 s"),
        (units.seconds, 0.1, (), "100 ms"),
        (units.seconds, 1e-3, (), "1.00 ms"),
        (units.seconds, 1e-9, (), "1.00 ns"),
        (units.seconds, 123.456, (), "123 s"),
        (units.seconds, 9.996e-6, (), "10.0 µs"),
        (units.seconds, 99.96e-6, (), "100 µs"),
        (units.seconds, 999.6e-6, (), "1.00 ms"),
        (units.seconds, 99e-6, (98.2e-6, 101.4e-6), "99.0 µs [98.2, 101]"),
        (units.seconds, 1.01e-3, (990e-6, 1.03e-3), "1.01 ms [0.990, 1.03]"),
        (units.size, 1_730_000, (), "1.73 MB"),
        (units.size, 26_518, (), "26.5 kB"),
        (units.size, 999_600, (), "1.00 MB"),
        (units.size, 999, (), "999 B"),
        (units.size, 5, (), "5 B"),
        (units.size, 0, (), "0 B"),
        (units.size, 2.5e9, (2.4e9, 2.6e9), "2.50 GB [2.40, 2.60]"),
        (units.percent, 0.9812, (0.9783, 0.9837), "98.12 % [97.83, 98.37]"),
        (units.percent, 1.0, (), "100.00 %"),
        (units.percent, 0.0, (0.0, 0.161), "0.00 % [0.00, 16.10]"),
        (units.points, 0.0004, (-0.0012, 0.0020), "+0.04 [-0.12, +0.20]"),
        (units.points, -0.0312, (), "-3.12"),
        (units.points, 0.0, (), "0.00"),
        (units.points, -0.00004, (-0.0001, 0.0), "0.00 [-0.01, 0.00]"),
        (units.ratio, 1.234, (1.2, 1.27), "1.23 [1.20, 1.27]"),
        (units.ratio, 40.2, (), "40.20"),
        (units.count, 431_242, (), "431,242"),
        (units.count, 12, (11.6, 13.2), "12 [12, 13]"),
    ],
)
def test_numbers_are_shown_as_people_read_them(
    show: Callable[..., str], value: float, ends: tuple[float, ...], expected: str
) -> None:
    """Three digits and a fitting unit, which an interval shares; shares to two places."""
    assert expected == show(value, *ends)


def test_half_an_interval_is_none() -> None:
    """An interval with one end only is not shown."""
    assert "1.00 s" == units.seconds(1.0, 0.9, None)
    assert "1.00 s" == units.seconds(1.0, None, 1.1)
