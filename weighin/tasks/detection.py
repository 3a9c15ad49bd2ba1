"""Boxes around things of several classes in an image."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from weighin.core import Array, Arrays, Dataset, Loss, Quality, Signature, Split, WeighinError
from weighin.core.tasks import Task, of_others, repeated
from weighin.named import count
from weighin.tasks._boxes import Truth, check_truth
from weighin.tasks._decoding import Decode, decoded
from weighin.tasks._postprocess import postprocessed
from weighin.tasks._precision import Matches, average_precision, matches
from weighin.tasks.registering import task

Encode = Callable[[Arrays], Any]
"""Makes what a model is trained to answer of targets by name: an array, or arrays by output."""


def _precision(matched: Matches, chosen: npt.NDArray[np.intp] | None, iou: float | None) -> float:
    return average_precision(matched, chosen, iou)


@task
class Detection(Task):
    """Boxes and their classes: targets `boxes` (n, k, 4) and `classes` (n, k), −1 where none is.

    Boxes are [x, y, width, height] in pixels of the image that the model is given.
    """

    name = "detection"
    figures = (
        Quality(
            name="map",
            title="mAP",
            of_prepared=partial(_precision, iou=None),
            summary="COCO's mAP over IoU from 0.5 to 0.95; bootstrap interval over images",
        ),
        Quality(
            name="map50",
            title="mAP@0.5",
            of_prepared=partial(_precision, iou=0.5),
            summary="COCO's mAP at an IoU of 0.5; bootstrap interval over images",
        ),
    )

    def __init__(
        self,
        decode: Decode | None = None,
        encode: Encode | None = None,
        first_class: Literal[0, 1] = 0,
    ) -> None:
        """Say how outputs become boxes, and targets what a model is trained to answer.

        Args:
            decode: makes `(boxes, classes, scores)` of outputs by name; if not given, outputs are
                those of TFLite_Detection_PostProcess.
            encode: makes what is learned of targets by name; needed for training alone.
            first_class: the number that the model gives to the first class.
        """
        self.decode, self.encode, self.first_class = decode, encode, first_class

    def check(self, signature: Signature, dataset: Dataset, loss: Loss | None = None) -> None:
        """Boxes and classes as targets, and an image as input."""
        for part in (dataset.train, dataset.test):
            check_truth(_truth(self.targets(part)), f"Data set {dataset.name!r}")
        _size(dataset.test.stored, dataset.name)
        if self.encode is not None:
            super().check(signature, dataset, loss)

    def learned(self, split: Split) -> Array | dict[str, Array]:
        """What `encode` makes of the targets.

        Raises:
            WeighinError: if there is no `encode`.
        """
        if self.encode is None:
            raise WeighinError(
                "A detector is trained on what encode makes of boxes: Recipe(task=Detection("
                "decode=…, encode=…), loss=…), or take epochs=0."
            )
        encoded: Array | dict[str, Array] = self.encode(self.targets(split))
        return encoded

    def targets(self, split: Split) -> Arrays:
        """`boxes`, `(n, k, 4)`, and `classes`, `(n, k)`."""
        missing = {"boxes", "classes"} - set(split.targets)
        if missing:
            raise WeighinError(
                f"Targets of detection are boxes and classes (y_train/boxes, y_train/classes); "
                f"there are {', '.join(split.targets) or 'none'}."
            )
        return split.targets

    def answers(self, outputs: Arrays, inputs: Arrays, targets: Arrays) -> dict[str, Array]:
        """The outputs themselves, and `size`, `(n, 2)`: an image's height and width."""
        return {**outputs, "size": repeated(_size(inputs, ""), count(outputs))}

    def prepared(self, answers: Arrays, targets: Arrays) -> Matches:
        """Which of the boxes that are answered are right."""
        outputs = {name: values for name, values in answers.items() if name != "size"}
        truth = _truth(targets)
        classes = int(truth.classes.max(initial=0)) + 1
        if self.decode is None:
            found = postprocessed(outputs, answers["size"], classes, self.first_class)
        else:
            found = decoded(self.decode, outputs, answers["size"], classes, self.first_class)
        return matches(truth, found)

    def guess(self, dataset: Dataset, answers: Arrays) -> dict[str, Array]:
        """The boxes of other images."""
        return of_others(answers)

    @property
    def guessing(self) -> str:
        """The boxes of other images."""
        return "answering each image with the boxes of another"


def _truth(targets: Arrays) -> Truth:
    return Truth(targets["boxes"], targets["classes"], targets.get("crowd"))


def _size(inputs: Arrays, name: str) -> tuple[int, int]:
    """Height and width of the images."""
    for values in inputs.values():
        if values.ndim == 4:
            return values.shape[1], values.shape[2]
    raise WeighinError(
        f"Boxes are in pixels of an image, (n, height, width, channels); data set {name!r} has "
        f"none."
    )
