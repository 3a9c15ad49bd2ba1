"""The output channels of a model's layers: which are bound to each other, and which may go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Channels = npt.NDArray[np.intp]

STAYS = 0  # the number of all channels that must stay, such as the input's and the output's


@dataclass
class ChannelGroups:
    """All channels of a model.

    Attributes:
        count: how many numbers are taken.
        kernels: of each layer with a kernel the channels that it makes, and the kernel as a matrix
            with a column for each of them.
        couples: channels that stay or go together, first with first and so on.
        holding: layers that no rule covers, before which channels stay.
    """

    count: int = STAYS + 1
    kernels: list[tuple[Channels, npt.NDArray[Any]]] = field(default_factory=list)
    couples: list[tuple[Channels, Channels]] = field(default_factory=list)
    holding: list[Any] = field(default_factory=list)

    def make(self, kernel: npt.NDArray[Any]) -> Channels:
        """New channels, one for each place along a kernel's last axis."""
        matrix = kernel.reshape(-1, kernel.shape[-1])
        channels = np.arange(self.count, self.count + matrix.shape[1])
        self.count += len(channels)
        self.kernels.append((channels, matrix))
        return channels

    def retain(self, channels: Channels) -> Channels:
        """Let none of these go."""
        self.couples.append((channels, np.full_like(channels, STAYS)))
        return channels

    def kept(self, width_after: Callable[[int], int], order: int) -> npt.NDArray[np.bool_]:
        """For every number, whether its channel stays."""
        labels = self._labels()
        groups: dict[tuple[int, ...], Any] = {}  # coupled channels → the norms of each, summed up
        stay = {int(labels[STAYS])}
        for channels, matrix in self.kernels:
            group, first = np.unique(labels[channels], return_index=True)
            norms = np.linalg.norm(matrix, ord=order, axis=0)[first]
            key = tuple(group.tolist())
            groups[key] = groups.get(key, 0) + norms
            if len(group) < len(channels):  # some are coupled with one another
                stay |= set(key)
        shared = Counter(label for key in groups for label in key)
        stay |= {label for label, count in shared.items() if count > 1}
        gone: list[int] = []
        for key, norms in groups.items():
            if stay.isdisjoint(key):
                weakest = np.argsort(norms, kind="stable")[: len(key) - width_after(len(key))]
                gone += np.array(key)[weakest].tolist()
        return ~np.isin(labels, gone)

    def _labels(self) -> npt.NDArray[np.int32]:
        """For every number, one that it shares with those that are coupled with it."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        ends = tuple(np.concatenate(side) for side in zip(*self.couples, strict=True))
        links = coo_array((np.ones(len(ends[0])), ends), shape=(self.count, self.count))
        labels: npt.NDArray[np.int32] = connected_components(links, directed=False)[1]
        return labels
