"""Arrays as users bring them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from helpers.data import paths_in
from helpers.tiny import tiny_arrays

from weighin.core import Array, Dataset
from weighin.datasets.bringing import Brought, Reading, register
from weighin.datasets.loading import load

PLAIN = Reading()


def loaded(brought: Brought, folder: Path) -> Dataset:
    """What was brought, as any data set is loaded."""
    register(brought)
    return load(brought.name, paths_in(folder))


def undivided(count: int = 60) -> dict[str, Array]:
    """The tiny training part, by names without parts."""
    arrays = tiny_arrays(train=count)
    return {"x": arrays["x_train"], "y": arrays["y_train"]}


def part_alone() -> dict[str, Array]:
    return {name: array for name, array in tiny_arrays().items() if name.endswith("test")}


def npz(folder: Path, arrays: Mapping[str, Array], name: str = "own") -> Path:
    np.savez(folder / f"{name}.npz", **arrays)
    return folder / f"{name}.npz"


def npy(folder: Path, arrays: Mapping[str, Array]) -> str:
    """Files of one array each; what is given by them."""
    for name, values in arrays.items():
        (folder / f"{name}.npy").parent.mkdir(exist_ok=True, parents=True)
        np.save(folder / f"{name}.npy", values)
    return ",".join(str(folder / f"{name}.npy") for name in arrays)


def function(folder: Path, body: str, name: str = "own") -> str:
    (folder / f"{name}.py").write_text(f"import numpy as np\n\n\ndef load():\n{body}", "utf-8")
    return f"{folder / name}.py:load"


def returning(folder: Path, path: Path) -> str:
    return function(folder, f"    return dict(np.load({str(path)!r}))\n")


# What is read
