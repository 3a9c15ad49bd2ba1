"""Boxes as a grid of cells, which a detector answers, and back.

The cell in which a digit's centre lies answers for it: which class (0 to 9, or 10 for none), where
in the cell the centre is, and how wide and high the box. No anchors, and one box a cell: centres
are at least a cell apart.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

CELL, CELLS, CLASSES = 8, 8, 10  # pixels of a cell, cells a side, digits
BACKGROUND = CLASSES  # the class of a cell with no centre in it
LARGEST = 32  # pixels: what a width or height of 1 stands for
FAINTEST, MOST = 0.05, 10  # scores below are dropped; detections of a picture at most
SAME = 0.5  # intersection over union from which two boxes are one object


def encode(boxes: Array, classes: Array) -> npt.NDArray[np.float32]:
    """What a perfect detector would answer.

    Args:
        boxes: `(n, k, 4)`: left, top, width and height in pixels, each at most `LARGEST`.
        classes: `(n, k)`: 0 to 9, or -1 where there is nothing.

    Returns:
        `(n, 8, 8, 15)`: a 1 for the class of each cell (the last for none), then where its centre
        is in the cell, from the left and from above, as shares of the cell, and width and height as
        shares of `LARGEST`; zeros in cells with no centre.

    Raises:
        ValueError: if a centre is outside the picture, or two are in one cell.
    """
    grid = np.zeros((len(boxes), CELLS, CELLS, CLASSES + 5), np.float32)
    grid[..., BACKGROUND] = 1
    picture, which = np.nonzero(classes >= 0)
    left, top, width, height = boxes[picture, which].T
    column, across = np.divmod((left + width / 2) / CELL, 1)
    row, down = np.divmod((top + height / 2) / CELL, 1)
    cells = picture, row.astype(int), column.astype(int)
    if any(((place < 0) | (place >= CELLS)).any() for place in cells[1:]):
        raise ValueError(f"a box has its centre outside of {CELLS * CELL}×{CELLS * CELL} pixels")
    if len(set(zip(*(place.tolist() for place in cells), strict=True))) < len(picture):
        raise ValueError(f"two boxes of a picture have their centres in one cell of {CELL} pixels")
    grid[(*cells, BACKGROUND)] = 0
    grid[(*cells, classes[picture, which])] = 1
    grid[(*cells, slice(-4, None))] = np.stack([across, down, width / LARGEST, height / LARGEST], 1)
    return grid


def decode(grid: Array) -> tuple[Array, Array, Array]:
    """The boxes that a detector's answers `(n, 8, 8, 15)` stand for, best first.

    Of two boxes that overlap by half or more, whatever their classes, the better one is kept.

    Returns:
        Boxes `(n, 10, 4)` float32, left, top, width and height in pixels; classes `(n, 10)` int32,
        -1 where there is none; scores `(n, 10)` float32, 0 there.
    """
    grid = np.asarray(grid, np.float32)
    scores = grid[..., :CLASSES].max(axis=-1)
    classes = grid[..., :CLASSES].argmax(axis=-1)
    rows, columns = np.indices((CELLS, CELLS), np.float32)
    across, down, width, height = np.moveaxis(grid[..., -4:], -1, 0)
    width, height = width * LARGEST, height * LARGEST
    left = (columns + across) * CELL - width / 2
    top = (rows + down) * CELL - height / 2
    boxes = np.stack([left, top, width, height], axis=-1)
    answer = (
        np.zeros((len(grid), MOST, 4), np.float32),
        np.full((len(grid), MOST), -1, np.int32),
        np.zeros((len(grid), MOST), np.float32),
    )
    for picture in range(len(grid)):
        row, column = np.nonzero(scores[picture] >= FAINTEST)
        kept = _kept(boxes[picture, row, column], scores[picture, row, column])
        for values, target in zip((boxes, classes, scores), answer, strict=True):
            target[picture, : len(kept)] = values[picture, row[kept], column[kept]]
    return answer


def loss(keras: Any) -> Any:
    """What a detector is trained by: crossentropy of the classes, and the boxes' error.

    The error is the sum of absolute differences, of cells with a centre alone. Cells without one,
    nearly all, count a quarter for the classes, so that they do not drown the others. Each picture
    counts by the sum over its cells.
    """
    ops = keras.backend

    def detection_loss(wanted: Any, answered: Any) -> Any:
        background = wanted[..., BACKGROUND]
        crossentropy = keras.losses.categorical_crossentropy(
            wanted[..., : CLASSES + 1], answered[..., : CLASSES + 1]
        )
        away = ops.sum(ops.abs(wanted[..., -4:] - answered[..., -4:]), axis=-1)
        by_cell = crossentropy * (1 - 0.75 * background) + 2 * away * (1 - background)
        return ops.sum(by_cell, axis=(1, 2))

    return detection_loss


def _kept(boxes: Array, scores: Array) -> list[int]:
    """Indices of boxes that no better one overlaps by half or more, best first."""
    kept: list[int] = []
    for at in np.argsort(-scores, kind="stable"):
        if len(kept) < MOST and all(_shared(boxes[at], boxes[other]) < SAME for other in kept):
            kept.append(int(at))
    return kept


def _shared(one: Array, other: Array) -> float:
    """Intersection over union of two boxes."""
    begins, ends = (
        np.maximum(one[:2], other[:2]),
        np.minimum(one[:2] + one[2:], other[:2] + other[2:]),
    )
    intersection = float(np.prod(np.maximum(0, ends - begins)))
    union = float(np.prod(one[2:]) + np.prod(other[2:])) - intersection
    return intersection / union if union else 0.0
