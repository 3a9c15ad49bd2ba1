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
