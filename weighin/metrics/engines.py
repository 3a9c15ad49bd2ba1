"""How fast one variant is on one engine, beside another engine that runs it too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

from weighin.core import Figure, Skip
from weighin.metrics.latency import speedup_of, time_beside
from weighin.outcomes import Engines, Pair
from weighin.registry import metric

_metric = functools.partial(
    metric, scope="engines", machine_bound=True, column=False, of_engines=True
)


@_metric(
    "engine_speedup",
    title="× beside the first runtime",
    noun="speed-up beside the first runtime",
    kind="ratio",
    better="higher",
    comparison="intervals",
    tolerance=0.02,  # as of speed-ups beside the baseline: both are interleaved
)
def engine_speedup(engines: Engines) -> Figure | Skip:
    """How many times faster than the same variant on the first engine, measured in turn."""
    return _beside(engines, speedup_of)


_seconds = functools.partial(_metric, unit="s", better="lower", comparison="none")


@_seconds("engine_latency", title="latency beside the first runtime")
def engine_latency(engines: Engines) -> Figure | Skip:
    """Median time of one inference in the blocks beside the first engine's; interval over them."""
    return _beside(engines, lambda pair: time_beside([own for _, own in pair.blocks]))


@_seconds("engine_first", title="the first runtime's latency beside it")
def engine_first(engines: Engines) -> Figure | Skip:
    """The same of the first engine in these blocks."""
    return _beside(engines, lambda pair: time_beside([first for first, _ in pair.blocks]))


def _beside(engines: Engines, figure_of: Callable[[Pair], Figure]) -> Figure | Skip:
    """A pair's figure, which says what it is beside; or why there was no pair."""
    if engines.pair is None:
        return Skip(engines.no_pair, "not measured")
    first, own = engines.formats
    note = f"a .{own} file beside a .{first}" if own != first else ""
    figure = replace(figure_of(engines.pair), beside=engines.beside, note=note)
    return replace(figure, pinned=engines.pair.pinned)
