"""Numbers: how far they lie from the right ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weighin.core import Array, Arrays, Dataset, Loss, Quality, Signature, Split, WeighinError
from weighin.core.signature import written
from weighin.core.tasks import Task, one_of_each, only, repeated
from weighin.stats import is_share
from weighin.tasks.registering import task


def _mae(answers: Arrays, targets: Arrays) -> Any:
    return np.abs(answers["number"] - targets["number"]).mean(axis=1)


def _rmse(answers: Arrays, targets: Arrays) -> float:
    from sklearn.metrics import root_mean_squared_error

    return float(root_mean_squared_error(targets["number"], answers["number"]))


def _r2(answers: Arrays, targets: Arrays) -> float:
    from sklearn.metrics import r2_score

    if (np.ptp(targets["number"], axis=0) == 0).any():
        return math.nan
    return float(r2_score(targets["number"], answers["number"]))


def _of_different(answers: Arrays, targets: Arrays) -> str | None:
    if (np.ptp(targets["number"], axis=0) == 0).any():
        return "all test targets are the same number, of which nothing is to be explained"
    return None


@task
class Regression(Task):
    """One or several numbers for each example."""

    name = "regression"
    losses = ("mse", "mae", "huber", "log_cosh", "msle", "mape", "poisson")
    figures = (
        Quality(
            name="mae",
            title="MAE",
            compute=_mae,
            better="lower",
            kind="number",
            least=0.0,
            summary="Mean absolute error, in the targets' unit; bootstrap-t interval",
        ),
        Quality(
            name="rmse",
            title="RMSE",
            compute=_rmse,
            better="lower",
            kind="number",
            least=0.0,
            summary="Root of the mean squared error, in the targets' unit; bootstrap interval",
        ),
        Quality(
            name="r2",
            title="R²",
            compute=_r2,
            kind="number",
            most=1.0,
            margin=0.01,
            applies=_of_different,
            summary="Share of the targets' variance that is explained; bootstrap interval",
        ),
    )

    def fits(self, signature: Signature, dataset: Dataset) -> bool:
        """Numbers that are no class numbers, and as many of them answered."""
        if not (pair := one_of_each(signature, dataset)):
            return False
        port, target = pair
        if target.dtype.kind != "f" or len(port.shape) > 1 or port.activation == "softmax":
            return False
        return target.ndim <= 2 and not dataset.train.gives_back and not is_share(target)

    def check(self, signature: Signature, dataset: Dataset, loss: Loss | None = None) -> None:
        """As many numbers answered as there are targets."""
        target, port = dataset.train.target, signature.output
        wanted = target.shape[1] if target.ndim > 1 else 1
        if len(signature.outputs) != 1 or len(port.shape) > 1 or port.units != wanted:
            listed = ", ".join(map(str, signature.outputs))
            raise WeighinError(
                f"The model answers {listed}; the targets of data set {dataset.name!r} are "
                f"{written(target.shape[1:] or (1,))}: let it end in Dense({wanted})."
            )
        super().check(signature, dataset, loss)

    def learned(self, split: Split) -> Array:
        """Numbers `(n, k)` float32."""
        return self.targets(split)["number"].astype(np.float32)

    def targets(self, split: Split) -> dict[str, Array]:
        """`number`, `(n, k)`."""
        return {"number": split.target.reshape(len(split), -1).astype(np.float64)}

    def answers(self, outputs: Arrays, inputs: Arrays, targets: Arrays) -> dict[str, Array]:
        """`number`, `(n, k)`."""
        numbers = only(outputs, "outputs")
        return {"number": numbers.reshape(len(numbers), -1).astype(np.float64)}

    def guess(self, dataset: Dataset, answers: Arrays) -> dict[str, Array]:
        """The mean of the training targets."""
        mean = self.targets(dataset.train)["number"].mean(axis=0)
        return {"number": repeated(mean, len(dataset.test))}

    @property
    def guessing(self) -> str:
        """The mean."""
        return "always answering the mean of the training targets"
