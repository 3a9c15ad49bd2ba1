"""A class for each pixel of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Arrays, Quality
from weighin.tasks._places import ClassPerPlace
from weighin.tasks._ranking import Chosen
from weighin.tasks.registering import task

Overlaps = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _miou(overlaps: Overlaps, chosen: Chosen) -> float:
    """Intersection over union of each class that occurs, over all pixels of all images; the mean.

    As in Pascal VOC's segmentation challenge (Everingham et al. 2015, section 3.4).
    """
    both, either = (
        counts.sum(axis=0)
        for counts in (overlaps if chosen is None else (counts[chosen] for counts in overlaps))
    )
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
            of_prepared=_miou,
            summary="Intersection over union, mean over classes; bootstrap interval over images",
        ),
        Quality(
            name="pixel_accuracy",
            title="pixel accuracy",
            compute=_pixel_accuracy,
            summary="Share of an image's pixels that are right, mean over images; bootstrap-t",
        ),
    )

    def prepared(self, answers: Arrays, targets: Arrays) -> Overlaps:
        """Of each image and class, pixels that are of it by both, and by either."""
        said, right = (each["class"].reshape(len(each["class"]), -1) for each in (answers, targets))
        classes = int(max(said.max(initial=0), right.max(initial=0))) + 1
        by_class = [(said == number, right == number) for number in range(classes)]
        return (
            np.stack([(one & other).sum(axis=1) for one, other in by_class], axis=1),
            np.stack([(one | other).sum(axis=1) for one, other in by_class], axis=1),
        )
