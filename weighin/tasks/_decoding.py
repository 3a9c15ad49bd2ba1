"""From a model's outputs to detections: by a function of the user's, which is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.tasks._boxes import (
    NO_BOX,
    Detections,
    Floats,
    Integers,
    check_detections,
    check_shapes,
    padded,
)

Outputs = Mapping[str, npt.NDArray[Any]]
Decode = Callable[[Outputs], Any]
"""Makes `(boxes, classes, scores)` of named outputs whose first axis is the image.

Each of the three is one array, `(n, m, 4)`, `(n, m)` and `(n, m)`, or a list of n arrays, one for
each image, `(m, 4)`, `(m,)` and `(m,)`, each with its own m. Boxes are [x, y, width, height] in
pixels.
"""

WANTED = (
    "wanted (boxes, classes, scores): boxes (n, m, 4) as [x, y, width, height] in pixels, classes "
    "(n, m) and scores (n, m), or a list of n arrays for each of the three"
)
UNIT = 2.0  # pixels within which no detections of a whole data set lie, unless they are shares
OUTSIDE = 1.1  # times an image's size, beyond which most boxes do not reach, unless misread


def decoded(
    decode: Decode,
    outputs: Outputs,
    sizes: npt.NDArray[Any],
    classes: int,
    first_class: Literal[0, 1] = 0,
) -> Detections:
    """Call a user's `decode` and refuse what are no detections.

    Args:
        decode: what makes detections of outputs.
        outputs: by name; the first axis is the image.
        sizes: `(n, 2)`, height and width of each image in pixels.
        classes: how many classes there are.
        first_class: the number that `decode` gives to the first class.

    Raises:
        WeighinError: naming what came and what was wanted.
    """
    name = f"decode function {getattr(decode, '__name__', repr(decode))!r}"
    came = "; ".join(f"{key} {array.shape}" for key, array in outputs.items())
    try:
        answer = decode(outputs)
    except Exception as error:
        raise WeighinError(
            f"The {name} failed with {type(error).__name__}: {error}. It was given the outputs "
            f"{came}."
        ) from error
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        kind = f"{len(answer)} of them" if isinstance(answer, tuple | list) else type(answer)
        raise WeighinError(f"The {name} answered {kind}; {WANTED}.")
    detections = _whole(answer, f"The {name}")
    check_shapes(detections, f"The {name}")
    if len(detections) != len(sizes):
        raise WeighinError(
            f"The {name} answered for {len(detections)} images and was asked for {len(sizes)} "
            f"(outputs {came}); {WANTED}."
        )
    detections = Detections(
        detections.boxes,
        class_numbers(detections.classes, classes, first_class, f"The {name}"),
        detections.scores,
    )
    check_detections(detections, f"The {name}")
    check_pixels(detections, sizes, f"The {name}")
    return detections


def class_numbers(
    numbers: npt.NDArray[Any], classes: int, first_class: int, where: str
) -> Integers:
    """Class numbers counted from 0, as the truth has them; −1 for no answer stays.

    Raises:
        WeighinError: beginning with `where`, if a number is not whole or is no class's.
    """
    if first_class not in (0, 1):
        raise WeighinError(f"first_class={first_class}: the first class is number 0 or 1.")
    if numbers.dtype.kind not in "iuf":
        raise WeighinError(f"{where}: classes are {numbers.dtype}, not numbers.")
    if not np.isfinite(numbers).all() or (numbers != np.rint(numbers)).any():
        wrong = numbers[~(np.isfinite(numbers) & (numbers == np.rint(numbers)))]
        raise WeighinError(
            f"{where}: a class is {wrong[0]:g}, no whole number ({wrong.size:,} of "
            f"{numbers.size:,}). Are these scores?"
        )
    there = numbers != NO_BOX
    if there.any():
        low, high = int(numbers[there].min()), int(numbers[there].max())
        if low < first_class or high >= first_class + classes:
            other = 1 - first_class
            fits = other <= low and high < other + classes
            raise WeighinError(
                f"{where}: class numbers run from {low} to {high}, outside the {classes} classes "
                f"{first_class} to {first_class + classes - 1}. "
                + (
                    f"If the model counts from {other}, state first_class={other}."
                    if fits
                    else "Is the truth numbered in another way, without the gaps of COCO's?"
                )
            )
    return np.where(there, numbers - first_class, NO_BOX).astype(np.int64)


def check_pixels(detections: Detections, sizes: npt.NDArray[Any], where: str) -> None:
    """Refuse boxes that plainly are no [x, y, width, height] in pixels of images of these sizes.

    Raises:
        WeighinError: beginning with `where`, if all lie within two pixels of the corner, as shares
            of the image do, or most reach far out of it, as misread corners do.
    """
    image, place = np.nonzero(detections.classes != NO_BOX)
    if not len(image):
        return
    boxes = detections.boxes[image, place]
    ends = boxes[:, :2] + boxes[:, 2:]
    if (np.abs(boxes) <= UNIT).all() and np.asarray(sizes).min() > 8 * UNIT:
        raise WeighinError(
            f"{where}: all {len(boxes):,} boxes lie within {UNIT:g} pixels of the upper left "
            f"corner. Are they shares of the image? Multiply x and width by its width, y and "
            f"height by its height: boxes are in pixels."
        )
    limits = OUTSIDE * np.asarray(sizes)[image][:, ::-1]
    outside = int(((ends > limits) | (ends < 0)).any(axis=1).sum())
    if outside > len(boxes) / 2:
        raise WeighinError(
            f"{where}: {outside:,} of {len(boxes):,} boxes reach far out of their images. Boxes "
            f"are [x, y, width, height]: are these two corners, x and y exchanged, or pixels of "
            f"another size than the images'?"
        )


def suppressed(
    boxes: npt.NDArray[Any],
    scores: npt.NDArray[Any],
    classes: npt.NDArray[Any],
    iou: float = 0.5,
    most: int = 100,
) -> Integers:
    """Which boxes of an image are kept: greedy non-maximum suppression within each class.

    The surest box is kept, and those of its class that overlap it by more than `iou` are not; of
    the rest again the surest, and so on. Of equal scores the earlier box is taken.

    Args:
        boxes: `(m, 4)`, [x, y, width, height].
        scores: `(m,)`.
        classes: `(m,)`.
        iou: intersection over union, above which two boxes are taken for one.
        most: how many are kept at most.

    Returns:
        Their indices, the surest first.
    """
    boxes, classes = np.asarray(boxes, np.float64), np.asarray(classes)
    left = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    kept: list[int] = []
    while len(left) and len(kept) < most:
        best, left = left[0], left[1:]
        kept.append(int(best))
        same = classes[left] == classes[best]
        left = left[~same | (overlaps(boxes[best], boxes[left]) <= iou)]
    return np.asarray(kept, np.int64)


def overlaps(box: Floats, others: Floats) -> Floats:
    """`(m,)`, intersection over union of a box `(4,)` with others `(m, 4)`; 0 for empty boxes."""
    starts = np.maximum(box[:2], others[:, :2])
    ends = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.clip(ends - starts, 0, None).prod(axis=1)
    union = box[2:].prod() + others[:, 2:].prod(axis=1) - shared
    shares: Floats = np.divide(shared, union, out=np.zeros(len(others)), where=union > 0)
    return shares


def _numbers(array: Any, where: str, name: str) -> npt.NDArray[Any]:
    try:
        numbers = np.asarray(array)
    except ValueError as error:
        raise WeighinError(f"{where} {name} that make no array ({error}); {WANTED}.") from error
    if numbers.dtype.kind not in "iuf":
        raise WeighinError(f"{where} {numbers.dtype} as {name}; {WANTED}.")
    return numbers


def _whole(answer: Any, where: str) -> Detections:
    """Three arrays of what may be three lists of arrays of each image."""
    parts = []
    for name, part in zip(("boxes", "classes", "scores"), answer, strict=True):
        if isinstance(part, list | tuple):
            part = [_numbers(array, f"{where} answered", f"{name} of an image") for array in part]
        elif not isinstance(part, np.ndarray):
            raise WeighinError(f"{where} answered {type(part)} for {name}; {WANTED}.")
        parts.append(part)
    if all(isinstance(part, np.ndarray) for part in parts):
        return Detections(*parts)
    boxes, classes, scores = parts
    if not len(boxes) == len(classes) == len(scores):
        counts = f"{len(boxes)}, {len(classes)} and {len(scores)}"
        raise WeighinError(f"{where} answered {counts} images; {WANTED}.")
    for image, (some, kinds, sure) in enumerate(zip(boxes, classes, scores, strict=True)):
        count = len(some) if some.ndim else 0
        fit = some.shape == (count, 4) or not some.size
        if not (fit and kinds.shape == sure.shape == (count,)):
            raise WeighinError(
                f"{where} answered, for image {image}, boxes {some.shape}, classes {kinds.shape} "
                f"and scores {sure.shape}; {WANTED}."
            )
    return padded(boxes, classes, scores)
