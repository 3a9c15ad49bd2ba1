"""What models are trained and tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes:
        images: `(n, height, width, channels)`, uint8 or float32, as stored.
        labels: `(n,)` class numbers from 0.
        scale: what stored values are multiplied by to become model inputs.
    """

    images: npt.NDArray[Any]
    labels: Labels
    scale: float = 1.0

    def __len__(self) -> int:
        return len(self.labels)

    def inputs(self, start: int = 0, stop: int | None = None) -> Images:
        """Model inputs `start:stop`: float32 `(n, height, width, channels)`, scaled."""
        inputs: Images = np.multiply(
            self.images[start:stop], np.float32(self.scale), dtype=np.float32
        )
        return inputs

    def described(self) -> str:
        """Dtype and range of what is stored and, where that is scaled, of the model inputs."""
        low, high = self.images.min(), self.images.max()
        stored = f"{self.images.dtype} from {low:.6g} to {high:.6g}"
        if self.scale == 1:
            return stored
        ends = sorted((float(low) * self.scale, float(high) * self.scale))
        return f"values from {ends[0]:.6g} to {ends[1]:.6g}: {stored}, times {self.scale:.6g}"


@dataclass(frozen=True)
class Dataset:
    """Arrays with a checksum over their decoded bytes; a subset has a name of its own.

    Attributes:
        unlabelled: why its labels mean nothing, such as images of noise; empty where they do.
            Accuracy is then `not measured`, for this reason; all else is measured as ever.
    """

    name: str
    classes: int
    digest: str
    train: Split
    test: Split
    unlabelled: str = ""
