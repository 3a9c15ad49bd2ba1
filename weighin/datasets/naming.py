"""What the arrays of a data set are called: `x_train`, `y_train`, `x_test` and `y_test`.

Of several inputs or targets each has a name of its own behind a stroke, `x_train/left`, or before
the part, `left_train`. There may be a test part alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
NAMES = ("x_train", "y_train", "x_test", "y_test")
PARTS = ("train", "test")
_NAMED = re.compile(r"(?P<side>[xy])_(?P<part>train|test)/(?P<name>.+)")
_SHORT = re.compile(r"(?P<name>.+)_(?P<part>train|test)")
_CAPITALS = ("X_train", "Y_train", "X_test", "Y_test")


class WrongArraysError(Exception):
    """A whole file, but its arrays are not those of a data set."""


def is_named(key: str) -> bool:
    """Whether it is what an array of a data set is called."""
    return _match(key) is not None


def sides(arrays: Mapping[str, T], part: str) -> tuple[dict[str, T], dict[str, T]]:
    """Inputs and targets of a part, each by its own name; the only ones are `x` and `y`."""
    inputs: dict[str, T] = {}
    targets: dict[str, T] = {}
    for key, array in arrays.items():
        match = _match(key)
        if match is not None and match["part"] == part:
            side = match.groupdict().get("side") or ("y" if match["name"] == "y" else "x")
            (targets if side == "y" else inputs)[match["name"]] = array
    return inputs, targets


def check_names(names: Collection[str]) -> None:
    """Refuse arrays whose names are not those of a data set.

    Raises:
        WrongArraysError: naming what is missing, and what there is.
    """
    given: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        part: sides(dict.fromkeys(names), part) for part in PARTS
    }
    held = f"it holds {', '.join(names) or 'none'}"
    capitals = [name for name in names if name in _CAPITALS]
    if any(name.startswith("Y") for name in capitals):  # an input may be called X
        renamed = ", ".join(name.lower() for name in capitals)
        raise WrongArraysError(f"{held}: write small letters, {renamed}.")
    (train_inputs, train_targets), (test_inputs, test_targets) = given["train"], given["test"]
    missing = [] if test_inputs else ["x_test"]
    if train_targets and not train_inputs:
        missing.insert(0, "x_train")
    if train_targets and not test_targets:
        missing.append("y_test")
    if missing:
        raise WrongArraysError(
            f"no array named {missing[0]}; {held}. Add it: inputs are x_test and, of a training "
            f"part, x_train; targets y_test and y_train (or none)."
        )


def _match(key: str) -> re.Match[str] | None:
    return _NAMED.fullmatch(key) or _SHORT.fullmatch(key)
