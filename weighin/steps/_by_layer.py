"""Layers that are pruned otherwise than the rest: `except=dense_2:0.5|conv*`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from weighin.core import WeighinError

NONE = "none"
Exceptions = Sequence[tuple[str, float]]


def parsed(text: str) -> Exceptions:
    """Patterns of names of layers, each with its own sparsity; without one a layer stays dense.

    Raises:
        ValueError: if one names no layer, or a share that is none.
    """
    return [_parsed(text, word) for word in text.split("|")] if text != NONE else []


def _parsed(text: str, word: str) -> tuple[str, float]:
    pattern, colon, share = word.partition(":")
    try:
        sparsity = float(share) if colon else 0.0
    except ValueError:
        sparsity = -1.0
    if not pattern or not 0 <= sparsity < 1:
        raise ValueError(
            f"except={text}: wanted names of layers joined by '|', each with its own sparsity from "
            f"0 to below 1 behind a colon, as dense_1:0.5, or alone to stay dense"
        )
    return pattern, sparsity


def words_of(path: str) -> list[str]:
    """The names of layers in a file's path of one: without the model's and the operation's.

    `model/attention/query/einsum/Einsum` has those of the layer and of what it is made of.
    """
    return path.split("/")[1:-1]


def means(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern means one of some names."""
    return any(fnmatchcase(name, pattern) for name in names)


def sparsity_of(names: Sequence[str], exceptions: Exceptions, usual: float) -> float:
    """The sparsity of one layer: of the first pattern that means one of its names, or the usual."""
    return next((share for pattern, share in exceptions if means(pattern, names)), usual)


def check_names(exceptions: Exceptions, layers: Iterable[str]) -> None:
    """Refuse a pattern that means no layer.

    Raises:
        WeighinError: naming it, and the layers that there are.
    """
    names = list(layers)
    for pattern, _ in exceptions:
        if not means(pattern, names):
            raise WeighinError(
                f"except={pattern} names no layer that is pruned. These are: {', '.join(names)}; "
                f"* stands for any characters."
            )
