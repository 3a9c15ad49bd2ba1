"""How near values are to those wanted, gathered over examples: SQNR, cosine, what is clipped."""

from __future__ import annotations

import math

import numpy as np

from weighin.core import Array
from weighin.formats.graph import Tensor
from weighin.layers.row import Clipping, Near


class Sums:
    """Sums over all values that were seen, by which nearness is told.

    SQNR is 10·log10(Σr² / Σ(v − r)²) of values v and those wanted, r; the cosine is
    Σvr / √(Σv² Σr²).
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._wanted = self._given = self._apart = self._both = 0.0
        self._count = self._wild = 0

    def add(self, values: Array, wanted: Array) -> None:
        """Add values and those wanted, of one shape; what is not finite counts apart."""
        v, r = (each.astype(np.float64).ravel() for each in (values, wanted))
        finite = np.isfinite(v) & np.isfinite(r)
        self._count += v.size
        if not finite.all():
            self._wild += int(v.size - np.count_nonzero(finite))
            v, r = v[finite], r[finite]
        self._wanted += float(r @ r)
        self._given += float(v @ v)
        self._both += float(v @ r)
        self._apart += float(np.square(v - r).sum())

    @property
    def near(self) -> Near:
        """What that comes to, of finite values."""
        noise = self._apart / self._wanted if self._wanted else None
        length = math.sqrt(self._wanted) * math.sqrt(self._given)
        cosine = max(-1.0, min(1.0, self._both / length)) if length else None
        return Near(-10 * math.log10(noise) if noise else None, cosine, noise)

    @property
    def wild(self) -> float:
        """The share of values, or of those wanted, that were infinite or not numbers."""
        return self._wild / self._count if self._count else 0.0


class Range:
    """How a tensor's numbers are used, over examples."""

    def __init__(self, tensor: Tensor) -> None:
        """Begin with nothing seen of a tensor that has one scale."""
        self._low, self._high = tensor.reach or (0.0, 0.0)
        self._step = tensor.scale
        limits = np.iinfo(tensor.dtype.lower())
        self._numbers = int(limits.max) - int(limits.min)
        self._least, self._most = int(limits.max), int(limits.min)
        self._beyond = self._count = 0

    def add(self, stored: Array, wanted: Array) -> None:
        """Add what the tensor held, and the float values that it stood for."""
        self._least = min(self._least, int(stored.min(initial=self._least)))
        self._most = max(self._most, int(stored.max(initial=self._most)))
        spare = self._step / 2  # what rounding brings back
        beyond = (wanted < self._low - spare) | (wanted > self._high + spare)
        self._beyond += int(np.count_nonzero(beyond))
        self._count += wanted.size

    @property
    def clipping(self) -> Clipping | None:
        """What that comes to; None if nothing was seen."""
        if not self._count or self._most < self._least:
            return None
        used = (self._most - self._least) / self._numbers
        return Clipping(self._beyond / self._count, 1 - used)


def has_range(tensor: Tensor) -> bool:
    """Whether it has one scale by which its numbers stand for a range."""
    return tensor.scales == 1 and tensor.reach is not None


def of_weights(kernels: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> Near | None:
    """How near weights are to others of the same shapes; None where there are none to compare."""
    sums = Sums()
    if not kernels or [kernel.shape for kernel in kernels] != [kernel.shape for kernel in wanted]:
        return None
    try:
        for kernel, other in zip(kernels, wanted, strict=True):
            sums.add(kernel.real(), other.real())
    except ValueError:  # scales of another kind than one, or one for each channel
        return None
    return sums.near
