"""How what a user brings is read: the options of the command line."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from weighin.core import WeighinError

SIDE = 2**14  # pixels of an image's side that anybody would give a model
_WANTED = {
    "target": "a column's name",
    "size": "pixels: one whole number, or height and width",
    "scale": "a number",
    "mean": "a number, or one for each channel",
    "std": "a number, or one for each channel",
    "seed": "a whole number",
    "classes": "a whole number",
}
_SPELT = {"target": "--target", "size": "--size", "crop": "--crop"}  # those not of every kind
OPTIONS = ("target", "size", "crop", "scale", "mean", "std", "classes", "split_seed")


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

    @classmethod
    def of(cls, options: dict[str, Any]) -> Reading:
        """Take out of options, by the names that users give them, those of reading data.

        Args:
            options: by name; the seed's is `split_seed`. What is not there is as usual.

        Raises:
            WeighinError: if one makes no sense.
        """
        taken = {name: options.pop(name) for name in OPTIONS if name in options}
        if "split_seed" in taken:
            taken["seed"] = taken.pop("split_seed")
        return cls(**taken)

    def __post_init__(self) -> None:
        """Take one number for several, and refuse what are none, before anything is read.

        Raises:
            WeighinError: naming the option.
        """
        if _is_whole(self.size):
            object.__setattr__(self, "size", (self.size, self.size))
        for name in ("mean", "std"):
            value = getattr(self, name)
            numbers = (value,) if _is_number(value) else value
            self._demand(isinstance(numbers, Sequence) and all(map(_is_number, numbers)), name)
            object.__setattr__(self, name, tuple(numbers))
        sides = self.size
        is_pair = isinstance(sides, Sequence) and len(sides) == 2 and all(map(_is_whole, sides))
        self._demand(sides is None or is_pair, "size")
        self._demand(self.scale is None or _is_number(self.scale), "scale")
        self._demand(self.classes is None or _is_whole(self.classes), "classes")
        self._demand(_is_whole(self.seed), "seed")
        self._demand(isinstance(self.target, str), "target")

    def _demand(self, fits: bool, name: str) -> None:
        option = "split-seed" if name == "seed" else name
        demand(fits, option, getattr(self, name), _WANTED[name])

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


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def demand(fits: bool, name: str, value: object, wanted: str) -> None:
    """Refuse an option's value that makes no sense.

    Raises:
        WeighinError: if it does not fit; it names the option, and what is wanted.
    """
    if not fits:
        raise WeighinError(f"--{name} {value!r}: wanted {wanted}.")


def _listed(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.6g}" for value in values)
