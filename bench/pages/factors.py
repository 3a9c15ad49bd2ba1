"""How much of the article's whole ratio is pruning, how much quantization, how much the container.

The ratio of the dense .h5 to the pruned and quantized .tflite, both zipped, is a product of the
ratios of the steps between them.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from weighin.core import CONTROL
from weighin.publish import markdown
from weighin.publish.reference import Published

PRUNED = "prune(0.7,begin=0.4)"
QUANTIZED = ("dynamic", "dynamic(scales=tensor)")  # one scale a channel, and one a kernel
# The ways from the dense .h5 to the pruned and quantized .tflite; quantized, there is no .h5.
_WAYS = (
    ("container", "pruning", "quantization"),
    ("container", "quantization", "pruning"),
    ("pruning", "container", "quantization"),
)
Sizes = Mapping[tuple[str, str], Mapping[int, float]]
"""Bytes zipped, by variant and format, of each seed."""


def ratios(first: Mapping[int, float], second: Mapping[int, float]) -> list[float]:
    """How many times smaller the second is, for every seed that both have."""
    return [first[seed] / second[seed] for seed in sorted(first) if seed in second]


def spread(values: Sequence[float], show: Callable[[float], str], unit: str = "") -> str:
    """`1.23 ± 0.04`: the mean, and the standard deviation of several."""
    if not values:
        return "not measured"
    deviation = f" ± {show(statistics.stdev(values))}" if len(values) > 1 else ""
    return f"{show(statistics.mean(values))}{deviation}{unit}"


def factors(
    sizes: Sizes, quantized: str = QUANTIZED[0]
) -> dict[tuple[str, ...], list[list[float]]]:
    """For each way from the dense .h5 to the final .tflite, each step's ratios by seed.

    The product over a way's steps is the whole ratio, seed by seed. What a step brings depends on
    what came before it, since a ZIP finds other repetition in what is left: hence several ways.

    Args:
        sizes: of all files between the two; nothing is found where a file has none.
        quantized: the export.
    """
    after = {
        frozenset[str](): ("baseline", "h5"),
        frozenset(["container"]): ("baseline", "tflite"),
        frozenset(["pruning"]): (PRUNED, "h5"),
        frozenset(["container", "pruning"]): (PRUNED, "tflite"),
        frozenset(["container", "quantization"]): (quantized, "tflite"),
        frozenset(["container", "pruning", "quantization"]): (f"{PRUNED}+{quantized}", "tflite"),
    }
    seeds = set.intersection(*(set(sizes.get(cell, {})) for cell in after.values()))
    by_way: dict[tuple[str, ...], list[list[float]]] = {}
    for way in _WAYS:
        cells = [after[frozenset(way[:taken])] for taken in range(len(way) + 1)]
        steps = itertools.pairwise(cells)
        by_way[way] = [[sizes[a][s] / sizes[b][s] for s in sorted(seeds)] for a, b in steps]
    return by_way if seeds else {}


def section(sizes: Sizes, rows: Sequence[Published]) -> str:
    """The factors of ours beside those of what was published; empty where files are missing."""
    cells, lines = [], []
    for quantized in QUANTIZED:
        shares: dict[str, list[float]] = {}
        for way, steps in factors(sizes, quantized).items():
            means = [math.exp(statistics.mean(map(math.log, step))) for step in steps]
            whole = math.prod(means)
            for name, mean in zip(way, means, strict=True):
                shares.setdefault(name, []).append(math.log(mean) / math.log(whole))
            words = [f"{name} {mean:.3f}" for name, mean in zip(way, means, strict=True)]
            cells.append([quantized, " → ".join(way), " · ".join(words), f"{whole:.2f}"])
        if shares:
            spans = [
                f"{name} {min(fractions) * 100:.1f} to {max(fractions) * 100:.1f} %"
                for name, fractions in shares.items()
            ]
            lines.append(f"{quantized}: of the whole, by logarithms: {'; '.join(spans)}")
    if not cells:
        return ""
    headers = ["quantized by", "order", "factors", "product"]
    lines = [
        "each factor: how many times smaller zipped than the step before; the geometric mean over "
        "seeds, so that the product of a row is the whole",
        "container: from .h5 to .tflite, the same weights; the order counts, since a step leaves "
        "less to find for the next",
        "scales=tensor: one scale for a whole kernel; without it, one for each output channel, as "
        "today's converters do",
        *lines,
        *_control(sizes),
    ]
    table = markdown.table(headers, [*cells, *_published(rows)], lines)
    return f"## How much is pruning, how much quantization, how much the container\n\n{table}"


def _published(rows: Sequence[Published]) -> list[list[str]]:
    printed = {(row.variant, row.format): row.value for row in rows}
    files = (("baseline", "h5"), (PRUNED, "h5"), (f"{PRUNED}+{QUANTIZED[0]}", "tflite"))
    dense, pruned, both = (printed.get(file) for file in files)
    if not dense or not pruned or not both:
        return []
    words = f"pruning {dense / pruned:.3f} · container and quantization {pruned / both:.3f}"
    return [["as published", "", words, f"{dense / both:.2f}"]]


def _control(sizes: Sizes) -> list[str]:
    """What the further epochs bring by themselves, which pruning gets no credit for."""
    by_seed = ratios(sizes.get(("baseline", "tflite"), {}), sizes.get((CONTROL, "tflite"), {}))
    times = spread(by_seed, lambda value: f"{value:.3f}")
    return [f"the further epochs alone, nothing pruned: {times} times smaller"] if by_seed else []
