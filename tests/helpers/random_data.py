"""Data sets of any arrays: each is loaded as it is stored, or refused by one sentence.

    cd tests; python -m helpers.random_data 500 7

tries 500 of them, drawn from seed 7, and prints what became of them.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from helpers.data import paths_in

from weighin import npz_dataset
from weighin.core import Array, Port, Signature, WeighinError
from weighin.datasets.loading import load

DTYPES = (
    *("?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "g", ">i4", ">f4"),
    *("c8", "U3", "S2", "M8[D]", "m8[s]", "O", "V4", [("a", "u1"), ("b", "f4")]),
)
SPECIAL = (np.nan, np.inf, -np.inf, 1e39, 1e300, 2**31, 2**53 + 1, 2**63, -1, 0)


def tried(tries: int, seed: int) -> Counter[str]:
    """How many data sets were loaded, and how many refused.

    Raises:
        AssertionError: if one was loaded with other values than were stored.
    """
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(tries):
            outcomes[_outcome(Path(folder), np.random.default_rng([seed, number]))] += 1
    return outcomes


def _outcome(folder: Path, generator: np.random.Generator) -> str:
    arrays = _arrays(generator)
    np.savez(folder / "random.npz", **arrays)  # type: ignore[arg-type]
    classes = int(generator.integers(1, 5)) if generator.random() < 0.3 else None
    npz_dataset("random", folder / "random.npz", classes=classes)
    try:
        data = load("random", paths_in(folder))
    except WeighinError as error:
        return "refused" if "random" in str(error) else f"refused without its name: {error}"
    parts = ("test",) if data.test_only else ("train", "test")
    fed = data.fed_to(Signature((Port("x", shape=arrays["x_test"].shape[1:]),), ()))
    for part in parts:
        stored = arrays[f"x_{part}"]
        given, cast = (getattr(each, part).inputs()["x"] for each in (data, fed))
        assert (stored.dtype, True) == (given.dtype, np.array_equal(stored, given))
        assert np.isfinite(cast).all()
        assert np.allclose(cast, stored.astype("f8"), rtol=1e-6, atol=1e-37)
    kinds = {arrays[f"x_{part}"].dtype.kind == "f" for part in parts}
    assert len(kinds) == 1
    return "loaded"


def _arrays(generator: np.random.Generator) -> dict[str, Array]:
    """Arrays of a data set, most of them sound but for one thing."""
    shape = tuple(
        generator.integers(0 if generator.random() < 0.1 else 1, 5, generator.integers(4))
    )
    dtype, span = _drawn(generator, DTYPES), float(_drawn(generator, (1, 3, 200, 1e4)))
    arrays = {}
    for part in ("train", "test") if generator.random() < 0.8 else ("test",):
        count = int(generator.integers(0, 9)) if generator.random() < 0.2 else 8
        if generator.random() < 0.2:
            dtype, span = _drawn(generator, DTYPES), float(_drawn(generator, (1, 3, 200, 1e4)))
        arrays[f"x_{part}"] = _values(generator, (count, *shape), dtype, span)
        kind = _drawn(generator, DTYPES) if generator.random() < 0.15 else "i8"
        arrays[f"y_{part}"] = _values(generator, (count,), kind, 3)
    if generator.random() < 0.1:
        del arrays[_drawn(generator, list(arrays))]
    return arrays


def _values(generator: np.random.Generator, shape: Any, dtype: Any, span: float) -> Array:
    values = generator.random(shape) * span
    if generator.random() < 0.2:
        values = values - span / 2
    if generator.random() < 0.15 and values.size:
        values.flat[int(generator.integers(values.size))] = _drawn(generator, SPECIAL)
    with np.errstate(all="ignore"):
        if isinstance(dtype, list) or dtype == "V4":
            return np.zeros(shape, dtype)
        whole = np.dtype(dtype).kind in "iuMm"
        return (np.trunc(values) if whole else values).astype(dtype)


def _drawn(generator: np.random.Generator, among: Any) -> Any:
    return among[int(generator.integers(len(among)))]


if __name__ == "__main__":
    sys.stdout.write(f"{dict(tried(int(sys.argv[1]), int(sys.argv[2])))}\n")
