"""Pictures with digits in them to be found: pixel by pixel, or by boxes.

Each function takes the four arrays of `mnist10k` (images `(n, 28, 28)` uint8, labels `(n,)`) and
returns those of another data set. Its training part is made of training digits alone, its test part
of test digits alone. The same digits give the same arrays, always.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

NOISY = {"train": (3, 3000), "test": (4, 1000)}  # seed, and examples
SCATTERED = {"train": (5, 3000), "test": (6, 1000)}
NOISY_SIDE, SIDE = 32, 64  # pixels of a picture
NOISE = 192  # its largest value; the faint digit's is 63, so that their sum is a byte
INK = 64  # from which value on a digit's pixel counts as the digit's
MOST = 3  # digits in a scattered picture
NOTHING = -1  # class where there are fewer
SMALLEST, LARGEST = 12, 26  # pixels of a scattered digit's longer side
APART = 8  # pixels between two digits' centres, at least, to the side or up and down
OVERLAP = 0.1  # of the smaller of two boxes, at most
TRIES = 20  # places that are tried for a digit before it is given up


def on_noise(digits: Mapping[str, Array]) -> Arrays:
    """A digit somewhere on noise: which pixels are its own?

    Values of digit and background overlap, so that a pixel alone does not tell.

    Returns:
        `x_…` `(n, 32, 32, 1)` uint8; `y_…` `(n, 32, 32)` uint8, 1 where the digit's own value is 64
        or more, else 0.
    """
    arrays: Arrays = {}
    for part, (seed, count) in NOISY.items():
        generator = np.random.default_rng(seed)
        images = digits[f"x_{part}"]
        chosen = generator.integers(0, len(images), count)
        corners = generator.integers(0, NOISY_SIDE - 28 + 1, (count, 2))
        clean = np.zeros((count, NOISY_SIDE, NOISY_SIDE), np.uint8)
        for picture, digit, (top, left) in zip(clean, chosen, corners, strict=True):
            picture[top : top + 28, left : left + 28] = images[digit]
        noise = generator.integers(0, NOISE + 1, clean.shape, dtype=np.uint8)
        arrays[f"x_{part}"] = (clean // 4 + noise)[..., np.newaxis]
        arrays[f"y_{part}"] = (clean >= INK).astype(np.uint8)
    return arrays


def scattered(digits: Mapping[str, Array]) -> Arrays:
    """One to three digits of varying size on 64×64 pixels: where are they, and which?

    Boxes overlap by a tenth of the smaller one at most; centres are eight pixels apart or more, to
    the side or up and down.

    Returns:
        `x_…` `(n, 64, 64, 1)` uint8; `y_…/boxes` `(n, 3, 4)` float32: left, top, width and height
        in pixels, as COCO has them; `y_…/classes` `(n, 3)` int32. Where there are fewer than three,
        boxes of 0 and the class -1 follow.
    """
    arrays: Arrays = {}
    for part, (seed, count) in SCATTERED.items():
        generator = np.random.default_rng(seed)
        images, labels = digits[f"x_{part}"], digits[f"y_{part}"]
        pictures = np.zeros((count, SIDE, SIDE), np.uint8)
        boxes = np.zeros((count, MOST, 4), np.float32)
        classes = np.full((count, MOST), NOTHING, np.int32)
        for at, picture in enumerate(pictures):
            placed: list[tuple[int, int, int, int]] = []
            for chosen in generator.integers(0, len(labels), generator.integers(1, MOST + 1)):
                side = int(generator.integers(SMALLEST, LARGEST + 1))
                digit = resized(_cropped(images[chosen]), side)
                box = _place(generator, digit.shape, placed)
                if box is None:
                    continue
                left, top, width, height = box
                area = picture[top : top + height, left : left + width]
                np.maximum(area, digit, out=area)
                boxes[at, len(placed)] = box
                classes[at, len(placed)] = labels[chosen]
                placed.append(box)
        arrays[f"x_{part}"] = pictures[..., np.newaxis]
        arrays[f"y_{part}/boxes"] = boxes
        arrays[f"y_{part}/classes"] = classes
    return arrays


def resized(image: Array, side: int) -> npt.NDArray[np.uint8]:
    """An image `(h, w)` in its own proportions, `side` the longer of the two, bilinearly.

    Weights are whole 256ths, so that the result is the same everywhere.
    """
    longer = max(image.shape)
    height, width = (max(1, round(old * side / longer)) for old in image.shape)
    down, across = (_weights(*sizes) for sizes in zip(image.shape, (height, width), strict=True))
    return ((down @ image @ across.T + 2**15) >> 16).astype(np.uint8)


@functools.cache
def _weights(old: int, new: int) -> npt.NDArray[np.int32]:
    """What each old pixel counts in each new one, `(new, old)`, in 256ths."""
    # centres of the new pixels, in 256ths of an old one, kept within the old ones' centres
    at = np.clip((2 * np.arange(new) + 1) * old * 128 // new - 128, 0, (old - 1) * 256)
    weights = np.zeros((new, old), np.int32)
    weights[np.arange(new), at // 256] = 256 - at % 256
    weights[np.arange(new), np.minimum(at // 256 + 1, old - 1)] += (at % 256).astype(np.int32)
    return weights


def _cropped(image: Array) -> Array:
    """The part of an image that has ink on it."""
    inked = image >= INK
    (tall,), (wide,) = np.nonzero(inked.any(axis=1)), np.nonzero(inked.any(axis=0))
    return image[tall[0] : tall[-1] + 1, wide[0] : wide[-1] + 1]


def _place(
    generator: np.random.Generator, shape: tuple[int, ...], placed: list[tuple[int, int, int, int]]
) -> tuple[int, int, int, int] | None:
    """A box of a digit's shape that keeps clear of those before it, if one is found."""
    height, width = shape
    for _ in range(TRIES):
        left = int(generator.integers(0, SIDE - width + 1))
        top = int(generator.integers(0, SIDE - height + 1))
        box = (left, top, width, height)
        if all(_clear(box, other) for other in placed):
            return box
    return None


def _clear(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    shared, distance = 1, 0.0
    for axis in (0, 1):
        begins, ends = max(one[axis], other[axis]), one[axis] + one[axis + 2]
        shared *= max(0, min(ends, other[axis] + other[axis + 2]) - begins)
        centres = [box[axis] + box[axis + 2] / 2 for box in (one, other)]
        distance = max(distance, abs(centres[0] - centres[1]))
    smaller = min(box[2] * box[3] for box in (one, other))
    return distance >= APART and shared <= OVERLAP * smaller
