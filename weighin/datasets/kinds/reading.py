"""How what a user brings is read: the options of the command line."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from dataclasses import dataclass

from weighin.core import WeighinError

SIDE = 2**14  # pixels of an image's side that anybody would give a model
_SPELT = {"target": "--target", "size": "--size", "crop": "--crop"}  # those not of every kind


@dataclass(frozen=True)
class Reading:
    """How data are read.

    Attributes:
        target: of a table, the column that is predicted.
        size: of images, height and width in pixels that they are made.
        crop: of images, whether the shorter side becomes 256/224 of the size and the middle is cut
            out, as in evaluating keras.applications, instead of squeezing them.
        scale: what stored values are multiplied by to become model inputs.
        mean: what is subtracted then, one or one for each channel.
        std: what it is divided by then, one or one for each channel.
        seed: of the split, where there is no test part, and of the order of files.
        classes: how many there are, where targets are class numbers.
    """

    target: str = ""
    size: tuple[int, int] | None = None
    crop: bool = False
    scale: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    seed: int = 0
    classes: int | None = None

    @property
    def prepares(self) -> bool:
        """Whether inputs are stored otherwise than they came."""
        return bool(self.mean or self.std)

    @property
    def scale_left(self) -> float:
        """What stored inputs are still multiplied by."""
        return 1.0 if self.prepares or self.scale is None else float(self.scale)

    def check(self, options: Collection[str], spec: str, words: str) -> None:
        """Refuse what makes no sense, or not with this kind of data.

        Args:
            options: which of those that not every kind has it does have.
            spec: what is read.
            words: what that is.

        Raises:
            WeighinError: naming the option.
        """
        for name, option in _SPELT.items():
            if getattr(self, name) and name not in options:
                raise WeighinError(f"{option} says nothing of {words}, which {spec} is: leave it.")
        if self.size is not None and not all(1 <= side <= SIDE for side in self.size):
            raise WeighinError(f"--size {self.size[0]}x{self.size[1]}: each is 1 to {SIDE} pixels.")
        if self.crop and self.size is None:
            raise WeighinError("--crop wants to know what size is cut out: add --size.")
        if self.scale is not None and (not math.isfinite(self.scale) or self.scale == 0):
            raise WeighinError(f"--scale {self.scale:g} makes no inputs of anything.")
        if not all(map(math.isfinite, (*self.mean, *self.std))) or 0 in self.std:
            raise WeighinError("--mean and --std are finite numbers, and --std is never 0.")
        if self.seed < 0:
            raise WeighinError(f"--split-seed {self.seed}: a seed is a whole number from 0.")
        if self.classes is not None and self.classes < 1:
            raise WeighinError(f"{self.classes} classes: there is one at least.")

    def told(self) -> dict[str, object]:
        """All of it, for a key."""
        return dataclasses.asdict(self)

    def preparation(self) -> str:
        """What was done to inputs, in words; nothing where they are as they came."""
        words = [f"times {self.scale:.6g}"] if self.scale not in (None, 1.0) else []
        words += [f"minus {_listed(self.mean)}"] if self.mean else []
        words += [f"divided by {_listed(self.std)}"] if self.std else []
        return f"values {', '.join(words)}" if words else ""


def _listed(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.6g}" for value in values)
