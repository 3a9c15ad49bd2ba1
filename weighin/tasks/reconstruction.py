"""Inputs given back, or made into another image: how near, and whether errors tell anomalies."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin.core import Array, Arrays, Dataset, Loss, Quality, Signature, Split, WeighinError
from weighin.core.signature import written
from weighin.core.tasks import Task, only, repeated
from weighin.stats import is_share
from weighin.tasks._ranking import Ranked
from weighin.tasks.registering import task


def _error(answers: Arrays, targets: Arrays) -> Any:
    return answers["error"]


def _psnr(answers: Arrays, targets: Arrays) -> Any:
    return 10 * np.log10(answers["peak"] ** 2 / np.maximum(answers["error"], 1e-20))


def _auc(answers: Arrays, targets: Arrays) -> float:
    from sklearn.metrics import roc_auc_score

    anomalous = targets["anomalous"]
    if anomalous.all() or not anomalous.any():
        return float("nan")
    return float(roc_auc_score(anomalous, answers["error"]))


def _labelled(answers: Arrays, targets: Arrays) -> str | None:
    if "anomalous" not in targets:
        return "no test example is labelled normal or anomalous"
    if targets["anomalous"].all() or not targets["anomalous"].any():
        return "the test examples are all normal, or all anomalous"
    return None


@task
class Reconstruction(Task):
    """What went in, or another image: no targets, normal/anomalous, or the image itself."""

    name = "reconstruction"
    losses = ("mse", "mae", "huber", "binary_crossentropy")
    needs_targets = False
    figures = (
        Quality(
            name="reconstruction_error",
            title="error",
            compute=_error,
            better="lower",
            kind="number",
            least=0.0,
            summary="Mean squared error of an example, mean over examples; bootstrap-t interval",
        ),
        Quality(
            name="psnr",
            title="PSNR",
            compute=_psnr,
            kind="number",
            unit="dB",
            margin=0.1,
            summary="Peak signal-to-noise ratio; the peak is an example's largest wanted value",
        ),
        Quality(
            name="anomaly_auc",
            title="anomaly AUC",
            compute=_auc,
            of_prepared=Ranked.auc,
            applies=_labelled,
            summary="Area under the ROC curve of errors that tell anomalies; bootstrap interval",
        ),
    )

    def fits(self, signature: Signature, dataset: Dataset) -> bool:
        """An output like the input without targets, or targets like the output's image."""
        if len(signature.outputs) != 1:
            return False
        targets, shape = dataset.train.targets, signature.output.shape
        gives_back = len(signature.inputs) == 1 and shape == signature.inputs[0].shape
        if not targets:
            return gives_back
        if len(targets) != 1:
            return False
        target = dataset.train.target
        if _is_anomaly(target):
            softmax = signature.output.activation == "softmax"
            return gives_back and not softmax and signature.output.units != 1
        if dataset.train.gives_back:
            return gives_back
        return target.dtype.kind == "f" and len(shape) > 1 and target.ndim - 1 == len(shape)

    def check(self, signature: Signature, dataset: Dataset, loss: Loss | None = None) -> None:
        """An output of the shape of what is to be given."""
        wanted = self.learned(dataset.train).shape[1:]
        for port in signature.outputs[:1]:
            if port.fitting(wanted) is None or len(signature.outputs) != 1:
                raise WeighinError(
                    f"The model answers {', '.join(map(str, signature.outputs))}; to be given are "
                    f"{written(wanted)}, of data set {dataset.name!r}."
                )
        super().check(signature, dataset, loss)

    def learned(self, split: Split) -> Array:
        """The image to be given, of normal examples where some are anomalous."""
        if not split.targets or _is_anomaly(split.target):
            return only(split.inputs(), "inputs").astype(np.float32)
        return split.target.astype(np.float32)

    def targets(self, split: Split) -> dict[str, Array]:
        """`anomalous`, `(n,)`, where that is known; `image`, where it is not the input."""
        if not split.targets:
            return {}
        if _is_anomaly(split.target):
            return {"anomalous": split.target.reshape(-1).astype(bool)}
        return {} if split.gives_back else {"image": split.target}

    def answers(self, outputs: Arrays, inputs: Arrays, targets: Arrays) -> dict[str, Array]:
        """`error` and `peak`, `(n,)`: mean squared error, and the largest value wanted."""
        given = only(outputs, "outputs").astype(np.float64)
        wanted = targets["image"] if "image" in targets else only(inputs, "inputs")
        wanted = wanted.reshape(given.shape).astype(np.float64)
        axes = tuple(range(1, given.ndim))
        error = ((given - wanted) ** 2).mean(axis=axes)
        return {"error": error, "peak": np.abs(wanted).max(axis=axes).clip(1e-9)}

    def prepared(self, answers: Arrays, targets: Arrays) -> Ranked:
        """Examples by falling error."""
        return Ranked(answers["error"], targets["anomalous"])

    def guess(self, dataset: Dataset, answers: Arrays) -> dict[str, Array]:
        """The mean of what was to be given in training."""
        mean, test = self.learned(dataset.train).mean(axis=0), self.learned(dataset.test)
        outputs = {"mean": repeated(mean, len(test))}
        return self.answers(outputs, {}, {"image": test})

    @property
    def guessing(self) -> str:
        """The mean image."""
        return "always answering the mean of the training part"


def _is_anomaly(target: Array) -> bool:
    flat = target.ndim == 1 or (target.ndim == 2 and target.shape[1] == 1)
    return flat and is_share(target)
