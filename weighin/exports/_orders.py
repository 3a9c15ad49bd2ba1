"""Search for the orders of channels in which a file is smallest once it is compressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Order = npt.NDArray[np.intp]
Orders = tuple[Order, ...]
REVERSED = 8  # channels at most that one move turns around


def searched(
    starts: Sequence[Orders], size_of: Callable[[Orders], int], tries: int, seed: int = 0
) -> Orders:
    """The best orders of so many that are tried: a walk that never goes uphill.

    It begins with the best of some starts. A move takes one channel to another place, swaps two,
    or turns a few around; it is kept if nothing grows by it, since many moves change nothing.

    Args:
        starts: one order for each group of channels, several times; the first counts where there
            are no tries.
        size_of: what is to be small.
        tries: how often it is asked.
        seed: of the moves.
    """
    best, least = starts[0], size_of(starts[0])
    for start in starts[1 : 1 + tries]:
        size = size_of(start)
        if size < least:
            best, least = start, size
    widths = np.array([len(order) for order in best])
    generator = np.random.default_rng(seed)
    for _ in range(tries - len(starts) + 1 if len(widths) else 0):
        group = int(generator.choice(len(widths), p=widths / widths.sum()))
        order = _moved(best[group], generator)
        candidate = (*best[:group], order, *best[group + 1 :])
        size = size_of(candidate)
        if size <= least:
            best, least = candidate, size
    return best


def _moved(order: Order, generator: np.random.Generator) -> Order:
    first, last = generator.integers(len(order), size=2)
    kind = generator.integers(10)
    if kind < 5:
        return np.insert(np.delete(order, first), last, order[first])
    moved = order.copy()
    if kind < 8:
        moved[[first, last]] = order[[last, first]]
    else:
        first, last = sorted((first, last))
        few = slice(first, min(last, first + REVERSED) + 1)
        moved[few] = order[few][::-1]
    return moved
