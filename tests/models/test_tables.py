"""Tables that scikit-learn ships, split and standardized."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest
from helpers.commands import answer
from helpers.task_data import Arrays, digest

from models.data_makers import tables

pytest.importorskip("sklearn")
MAKERS: dict[str, tuple[Callable[[], Arrays], str]] = {
    "diabetes": (tables.diabetes, "7d99b5e3cdba9dfc"),
    "breast_cancer": (tables.breast_cancer, "baf0837fb3522db3"),
}


@functools.cache
def standardized(name: str) -> Arrays:
    """A data set, made once."""
    make, _ = MAKERS[name]
    return make()


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_arrays_are_made_everywhere(name: str) -> None:
    """Every value is known by its digest, made twice and on every version of NumPy."""
    make, wanted = MAKERS[name]

    assert wanted == digest(standardized(name))
    assert wanted == digest(make())


@pytest.mark.parametrize(
    ("name", "columns", "target", "rows"),
    [("diabetes", 10, "float32", (300, 142)), ("breast_cancer", 30, "uint8", (369, 200))],
)
def test_shapes_types_and_parts(
    name: str, columns: int, target: str, rows: tuple[int, int]
) -> None:
    """Inputs are float32; no row is in both parts."""
    made = standardized(name)
    for part, count in zip(("train", "test"), rows, strict=True):
        assert (count, columns) == made[f"x_{part}"].shape
        assert (count,) == made[f"y_{part}"].shape
        assert ("float32", target) == (made[f"x_{part}"].dtype, made[f"y_{part}"].dtype)
    known = {row.tobytes() for row in made["x_train"]}
    assert not [row for row in made["x_test"] if row.tobytes() in known]


@pytest.mark.parametrize("name", MAKERS)
def test_columns_are_standardized_by_the_training_part(name: str) -> None:
    """Mean 0 and deviation 1 there, to four decimals; test rows have no say."""
    made = standardized(name)
    kinds = ("x", "y") if name == "diabetes" else ("x",)
    for kind in kinds:
        assert np.abs(made[f"{kind}_train"].mean(axis=0)).max() < 1e-4
        assert np.abs(made[f"{kind}_train"].std(axis=0) - 1).max() < 1e-4
        assert np.abs(made[f"{kind}_test"].mean(axis=0)).max() > 1e-2


def test_both_classes_are_in_both_parts_alike() -> None:
    """The share of benign tumours differs by a few hundredths at most."""
    shares = [standardized("breast_cancer")[f"y_{part}"].mean() for part in ("train", "test")]

    assert min(shares) > 0.55
    assert max(shares) - min(shares) < 0.05


def test_importing_loads_no_scikit_learn(child_environment: dict[str, str]) -> None:
    """It is imported when a table is made."""
    code = (
        "import json, sys; from models.data_makers import digits, grid, scenes, tables, text; "
        "print(json.dumps([name for name in ('sklearn', 'tensorflow') if name in sys.modules]))"
    )

    assert answer(code, environment=child_environment) == []
