"""A class for each pixel of an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin.core import Arrays, Quality
from weighin.tasks._steps import ClassPerPlace
from weighin.tasks.registering import task


def _miou(answers: Arrays, targets: Arrays) -> float:
    """Intersection over union of each class that occurs, over all pixels of all images; the mean.

    As in Pascal VOC's segmentation challenge (Everingham et al. 2015, section 3.4).
    """
    said, right = answers["class"].ravel(), targets["class"].ravel()
    classes = int(max(said.max(initial=0), right.max(initial=0))) + 1
    both = np.bincount(right[said == right], minlength=classes)
    either = np.bincount(said, minlength=classes) + np.bincount(right, minlength=classes) - both
    return float((both[either > 0] / either[either > 0]).mean())


def _pixel_accuracy(answers: Arrays, targets: Arrays) -> Any:
    right = answers["class"] == targets["class"]
    return right.reshape(len(right), -1).mean(axis=1)


@task
class Segmentation(ClassPerPlace):
    """A class for each pixel: scores (height, width, classes), class numbers (height, width)."""

    name = "segmentation"
    axes, place = 2, "pixel"
    figures = (
        Quality(
            name="miou",
            title="mIoU",
            compute=_miou,
            summary="Intersection over union, mean over classes; bootstrap interval over images",
        ),
        Quality(
            name="pixel_accuracy",
            title="pixel accuracy",
            compute=_pixel_accuracy,
            summary="Share of an image's pixels that are right, mean over images; bootstrap-t",
        ),
    )
