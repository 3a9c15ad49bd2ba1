"""Data sets of other tasks than telling single digits: made of what is embedded, when wanted."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from weighin import dataset, from_arrays

from .data_makers import digits, scenes, tables, text

DIGITS = Path(__file__).parent / "data" / "mnist10k.npz"
Arrays = Mapping[str, Any]


def _register(
    name: str, make: Callable[[], Arrays], *, classes: int | None = None, scale: float = 1.0
) -> None:
    def loader(search: Any) -> Any:
        return from_arrays(name, make(), classes=classes, scale=scale)

    loader.__doc__ = (make.__doc__ or "").split("\n")[0]
    dataset(name)(loader)


def _of_digits(name: str, make: Callable[[Arrays], Arrays], **options: Any) -> None:
    def made() -> Arrays:
        with np.load(DIGITS, allow_pickle=False) as archive:
            return make(dict(archive))

    made.__doc__ = make.__doc__
    _register(name, made, **options)


_of_digits("mnist_rows", digits.rows, classes=10)
_of_digits("two_digits", digits.side_by_side, scale=1 / 255)
_of_digits("same_digit", digits.same_or_not, classes=2, scale=1 / 255)
_of_digits("mnist_flat", digits.flat)
_of_digits("mnist_left_out", digits.left_out)
_of_digits("mnist_halved", digits.halved)
_of_digits("digit_strips", digits.strips, classes=11)
_of_digits("digit_on_noise", scenes.on_noise, classes=2, scale=1 / 255)
_of_digits("scattered_digits", scenes.scattered, scale=1 / 255)
_register("diabetes", tables.diabetes)
_register("breast_cancer", tables.breast_cancer, classes=2)
_register("authors", text.authors, classes=3)
