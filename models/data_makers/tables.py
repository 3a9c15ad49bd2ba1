"""Rows of numbers, as scikit-learn ships them: one regression, one of two classes.

Columns are shifted and scaled to mean 0 and standard deviation 1 over the training part, then
rounded to four decimals, so that all processors come to the same values.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

SEED = 7
DIABETES_TESTED, CANCER_TESTED = 142, 200  # of 442 and 569 rows


def diabetes() -> Arrays:
    """How far diabetes had gone a year later, by ten facts of a patient (Efron et al. 2004).

    Returns:
        `x_…` `(n, 10)` and `y_…` `(n,)` float32, in standard deviations of the training part: one
        of the target is about 77 of the scale of 25 to 346 that the study has.
    """
    from sklearn.datasets import load_diabetes

    loaded = load_diabetes(scaled=False)
    arrays = _split(loaded.data, loaded.target, DIABETES_TESTED)
    _standardize(arrays, "x")
    _standardize(arrays, "y")
    return arrays


def breast_cancer() -> Arrays:
    """Is a tumour benign, by thirty measures of its cells' nuclei (Wolberg et al. 1995)?

    Returns:
        `x_…` `(n, 30)` float32, in standard deviations of the training part; `y_…` `(n,)` uint8, 1
        for a benign tumour.
    """
    from sklearn.datasets import load_breast_cancer

    loaded = load_breast_cancer()
    arrays = _split(loaded.data, loaded.target.astype(np.uint8), CANCER_TESTED)
    _standardize(arrays, "x")
    return arrays


def _split(inputs: Array, targets: Array, tested: int) -> Arrays:
    order = np.random.default_rng(SEED).permutation(len(inputs))
    train, test = order[tested:], order[:tested]
    return {
        "x_train": inputs[train],
        "y_train": targets[train],
        "x_test": inputs[test],
        "y_test": targets[test],
    }


def _standardize(arrays: Arrays, kind: str) -> None:
    train = arrays[f"{kind}_train"]
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    for part in ("train", "test"):
        standard = (arrays[f"{kind}_{part}"] - mean) / deviation
        arrays[f"{kind}_{part}"] = np.round(standard, 4).astype(np.float32)
