"""Values of recipes as keys have them: the same for the same, another one for another."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from weighin.build.plain import plain
from weighin.core import Task, WeighinError, Weights
from weighin.files import key_of


def weighted(by: Any) -> Callable[[Any], Any]:
    """A loss that was made with something."""
    return lambda keras: by


def other(by: Any) -> Callable[[Any], Any]:
    """Another one of the same file."""
    return lambda keras: -by


def with_default(keras: Any, by: float = 1.0) -> Any:
    """A loss with an argument of its own."""


class Anchored(Task):
    """A task that is made with arrays and functions."""

    name = "anchored"

    def __init__(self, anchors: Any, decode: Any = None) -> None:
        """Keep them."""
        self.anchors, self.decode = anchors, decode

    def __call__(self, keras: Any) -> None:
        """Serve as a loss, too."""


class Called:
    """A loss that is an object."""

    def __init__(self, by: float) -> None:
        """Keep what it is made with."""
        self.by = by

    def __call__(self, keras: Any) -> None:
        """Nothing."""

    def method(self, keras: Any) -> None:
        """Nothing."""


VALUES: list[Callable[[], Any]] = [
    lambda: None,
    lambda: 1.5,
    lambda: "1.5",
    lambda: {"dense": 2},
    lambda: [2, "dense"],
    lambda: Weights("good.h5"),
    lambda: Weights("good.h5", "ab"),
    lambda: weighted(1),
    lambda: weighted(2),
    lambda: weighted(np.arange(3)),
    lambda: weighted(np.arange(3.0)),
    lambda: weighted(np),
    lambda: other(1),
    lambda: with_default,
    lambda: functools.partial(with_default, by=2.0),
    lambda: functools.partial(with_default, by=3.0),
    lambda: Called,
    lambda: Called(1),
    lambda: Called(2),
    lambda: Called(1).method,
    lambda: Called(2).method,
    lambda: Anchored(np.zeros(3)),
    lambda: Anchored(np.ones(3)),
    lambda: Anchored(np.ones(3), weighted(1)),
    lambda: Anchored(np.ones(3), weighted(2)),
    lambda: math.exp,
    lambda: math.log,
]


def test_other_values_are_told_apart_and_equal_ones_are_not() -> None:
    """Each made twice is the same, in JSON too, and all are different."""
    first, again = ([key_of({"value": plain(make())}) for make in VALUES] for _ in range(2))

    assert first == again
    assert len(VALUES) == len(set(first))
    for make in VALUES:
        assert plain(make()) == json.loads(json.dumps(plain(make())))


def test_what_cannot_be_told_is_refused() -> None:
    """A key must not stand for two things, nor be another one in every process."""
    with pytest.raises(WeighinError, match=r"A recipe holds <object object.*let it hold functions"):
        plain(weighted(object()))
