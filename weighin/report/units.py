"""Numbers as people read them: seconds, bytes and shares with a unit and three digits."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping

from weighin.core import Metric

Style = Callable[[float, float | None, float | None], str]
_FINEST = 9  # decimals; what is smaller is written with a power of ten
_Steps = tuple[tuple[float, str], ...]
_UNSAID = ("points", "ratio", "rate")
_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))
# Units that figures may be written in, the first as it is shown, and what one is; of all other
# kinds the metric's own
_WRITTEN: Mapping[str, Mapping[str, float]] = {
    "bytes": {unit: factor for factor, unit in _BYTES},
    "seconds": {unit: factor for factor, unit in _SECONDS} | {"us": 1e-6, "μs": 1e-6},  # Greek
    "share": {"%": 0.01},
    "points": {"points": 0.01, "point": 0.01, "%": 0.01},
    "ratio": {"×": 1.0, "x": 1.0},
    "rate": {"1/s": 1.0, "/s": 1.0},
    "count": {},
}


def seconds(value: float, low: float | None = None, high: float | None = None) -> str:
    """`93.1 µs [92.8, 93.4]`."""
    return _scaled(value, low, high, _SECONDS)


def size(value: float, low: float | None = None, high: float | None = None) -> str:
    """`1.73 MB`, in powers of 1000."""
    return _scaled(value, low, high, _BYTES)


def percent(value: float, low: float | None = None, high: float | None = None) -> str:
    """`98.12 % [97.83, 98.37]`."""
    return f"{value * 100:.2f} %" + _ends(low, high, lambda end: f"{end * 100:.2f}")


def points(value: float, low: float | None = None, high: float | None = None) -> str:
    """`+0.04 [-0.12, +0.20]`: percentage points."""
    return _signed(value) + _ends(low, high, _signed)


def ratio(value: float, low: float | None = None, high: float | None = None) -> str:
    """`1.23 [1.20, 1.27]`."""
    return f"{value:.2f}" + _ends(low, high, lambda end: f"{end:.2f}")


def fine_ratio(value: float, low: float | None = None, high: float | None = None) -> str:
    """`0.188 [0.187, 0.190]`, `0.0106 …`: a ratio to what may be many times faster."""
    decimals = min(_FINEST, 2 - math.floor(math.log10(value))) if 0 < value < 0.5 else 2
    return f"{value:.{decimals}f}" + _ends(low, high, lambda end: f"{end:.{decimals}f}")


def count(value: float, low: float | None = None, high: float | None = None) -> str:
    """`431,242`."""
    return f"{value:,.0f}" + _ends(low, high, lambda end: f"{end:,.0f}")


def deviation(
    show: Style, value: float, spread: float, low: float | None = None, high: float | None = None
) -> str:
    """A standard deviation in the unit in which `show` gives the value: `0.051` of `72.2 µs`.

    Args:
        show: how the figure is shown.
        value: the mean.
        spread: its standard deviation.
        low: the lower end of its interval, by which the digits of numbers go.
        high: likewise.
    """
    steps = _SECONDS if show is seconds else _BYTES if show is size else None
    if isinstance(show, functools.partial):  # of a number, or of a change with its sign
        if not show.args[1]:
            return f"{spread:,.0f}" if spread >= 99.5 else f"{spread:.2g}"
        return parts(show, spread, low, high)[0].removeprefix("+").partition(" ")[0]
    if steps is None:
        return show(spread, None, None).lstrip("+").removesuffix(" %")
    scaled = spread / _step(value, steps)[0]
    decimals = 1 - math.floor(math.log10(scaled)) if scaled > 0 else 0
    return f"{scaled:.{max(0, decimals)}f}"


def shown(metric: Metric, value: float, low: float | None = None, high: float | None = None) -> str:
    """A figure as its metric asks for."""
    return style(metric)(value, low, high)


def written_in(metric: Metric) -> Mapping[str, float]:
    """Units that a metric's figures may be written in, each with what one is in its own."""
    return _WRITTEN.get(metric.kind, {metric.unit: 1.0} if metric.unit else {})


def with_unit(metric: Metric, value: float) -> str:
    """A figure with its unit, where tables leave that to the column's header: `-1.00 points`."""
    text, unit = shown(metric, value), next(iter(written_in(metric)), "")
    return f"{text} {unit}" if metric.kind in _UNSAID else text


def parts(
    show: Style, value: float, low: float | None = None, high: float | None = None
) -> tuple[str, str]:
    """A figure and its interval apart: `93.1 µs` and ` [92.8, 93.4]`.

    The first may have other digits than the figure alone: those of numbers go by their interval.
    """
    whole, ends = show(value, low, high), _ends(low, high, str)
    figure, bracket, rest = whole.rpartition(" [") if ends else (whole, "", "")
    return figure, bracket + rest


def axis(metric: Metric) -> tuple[int, str]:
    """What figures are multiplied by on an axis, and the unit they then have: shares in percent."""
    return (100, "%") if metric.kind == "share" else (1, metric.unit)


def scale(metric: Metric, largest: float) -> tuple[float, str]:
    """What one of a plot's axis is, and its unit: as a table shows the largest figure on it."""
    steps = {"seconds": _SECONDS, "bytes": _BYTES}.get(metric.kind)
    if steps is not None:
        return _step(largest, steps)
    return {"share": (0.01, "%"), "points": (0.01, "points")}.get(metric.kind, (1.0, metric.unit))


def style(metric: Metric) -> Style:
    """How a metric's figures are shown."""
    if metric.kind == "number":
        return functools.partial(_number, metric.unit, "")
    if metric.kind == "change":
        return functools.partial(_number, metric.unit, "+")
    return _STYLES[metric.kind]


def _number(
    unit: str, sign: str, value: float, low: float | None = None, high: float | None = None
) -> str:
    """`1.230 mJ [1.195, 1.265]`; changes with a sign, and two digits of their interval's length."""
    ended = low is not None and high is not None
    decimals = _FINEST + 1
    if sign and low is not None and high is not None and high > low:
        decimals = max(0, 1 - math.floor(math.log10(high - low)))

    def written(number: float) -> str:
        if decimals <= _FINEST:
            text = f"{number:{sign},.{decimals}f}"
        elif 0.99995e4 <= abs(number) < 1e15:
            text = f"{number:{sign},.0f}"
        elif ended and number:  # four digits, zeros too, as of the ends
            text = f"{number:{sign}#.4g}".rstrip(".")
        else:
            text = f"{number:{sign}.4g}"
        return text if float(text.replace(",", "")) else text.lstrip("+-")

    return written(value) + (f" {unit}" if unit else "") + _ends(low, high, written)


def _scaled(value: float, low: float | None, high: float | None, steps: _Steps) -> str:
    factor, unit = _step(value, steps)

    def digits(number: float) -> str:
        scaled = number / factor
        return f"{scaled:.0f}" if unit == "B" or scaled >= 99.95 else f"{scaled:#.3g}"

    return f"{digits(value)} {unit}" + _ends(low, high, digits)


def _step(value: float, steps: _Steps) -> tuple[float, str]:
    """Factor and name of the largest unit in which a value is 1 or more; else of the smallest."""
    return next((step for step in steps if abs(value) >= 0.9995 * step[0]), steps[-1])


def _signed(share: float) -> str:
    text = f"{share * 100:+.2f}"
    return text if float(text) else "0.00"


def _ends(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    return "" if low is None or high is None else f" [{show(low)}, {show(high)}]"


_STYLES: Mapping[str, Style] = {
    "bytes": size,
    "seconds": seconds,
    "rate": count,
    "share": percent,
    "points": points,
    "ratio": ratio,
    "count": count,
}
