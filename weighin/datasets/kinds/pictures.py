"""Folders of images, decoded by Pillow straight to disk: ImageNet's do not fit into memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.datasets.kinds import folders
from weighin.datasets.kinds.reading import Reading
from weighin.datasets.kinds.source import Kind, LeftOut, Source
from weighin.datasets.storing import Store

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif")
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF")
MARGIN = 256 / 224  # of the shorter side, around what is cut out
AT_ONCE = 2**25  # bytes of decoded images that are held together
ORIENTATION = 0x0112  # EXIF's tag; from 5 on width and height change places
Size = tuple[int, int]


@dataclass(frozen=True)
class View:
    """What images are made: height and width, of one or three channels.

    Attributes:
        size: height and width in pixels.
        grey: whether they have one channel.
        crop: whether the middle is cut out instead of squeezing them.
        resized: whether any of them was of another size.
    """

    size: Size
    grey: bool
    crop: bool = False
    resized: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one example."""
        return (*self.size, 1 if self.grey else 3)

    def words(self) -> str:
        """What was done, in words."""
        way = ", shorter side resized, middle cut out" if self.crop else ", resized"
        kind = f"{self.size[0]}×{self.size[1]} {'grey' if self.grey else 'RGB'}"
        return f"{kind}{way if self.resized or self.crop else ''}"


@dataclass(frozen=True)
class Survey:
    """What images say of themselves, before they are decoded.

    Attributes:
        sizes: height and width of each that can be read, upright.
        grey: whether all are grey.
    """

    sizes: dict[Path, Size]
    grey: bool

    def view(self, reading: Reading) -> View:
        """What they are made.

        Raises:
            WeighinError: if their sizes differ and none was given; it names two.
        """
        first, size = next(iter(self.sizes.items()))
        other = next((path for path, own in self.sizes.items() if own != size), None)
        if reading.size is None and other is not None:
            raise WeighinError(
                f"Images differ in size: {first} has {_size(size)} pixels (height × width), "
                f"{other} {_size(self.sizes[other])}. Say what a model is given by "
                f"--size HEIGHTxWIDTH, such as --size 224x224."
            )
        wanted = reading.size or size
        resized = any(own != wanted for own in self.sizes.values())
        return View(wanted, self.grey, reading.crop, resized)


def survey(files: Sequence[Path], left_out: LeftOut, store: Store) -> Survey:
    """Read the headers of images.

    Raises:
        WeighinError: if too many cannot be read, or one has more pixels than an image should.
    """
    from PIL import Image

    sizes, grey = {}, True
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for number, path in enumerate(files):
            store.progress("images looked at", number, len(files))
            try:
                with Image.open(path, formats=FORMATS) as opened:
                    height, width = opened.height, opened.width
                    turned = opened.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)
                    grey = grey and _is_grey(opened.mode)
            except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
                raise WeighinError(
                    f"{path} would unpack to more pixels than an image should have ({error}): take "
                    f"it out, or store it smaller."
                ) from None
            except Exception as error:  # whatever a damaged file does to Pillow
                left_out.files[path] = _told(error)
                continue
            sizes[path] = (width, height) if turned else (height, width)
    left_out.check()
    return Survey(sizes, grey)


def decode_rows(
    files: Sequence[Path], view: View, store: Store, key: str, left_out: LeftOut
) -> npt.NDArray[np.int64]:
    """Decode images into a store, in their order.

    Returns:
        The numbers of those that could be decoded.

    Raises:
        WeighinError: if too many could not.
    """
    size = max(1, AT_ONCE // int(np.prod(view.shape)))
    kept: list[int] = []
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(files), size):
            some = range(start, min(start + size, len(files)))
            rows = []
            tried = pool.map(lambda number: _tried(files[number], view), some)
            for number, image in zip(some, tried, strict=True):
                if isinstance(image, str):
                    left_out.files[files[number]] = image
                    continue
                rows.append(image)
                kept.append(number)
            left_out.check()
            if rows:
                store.append(key, np.stack(rows))
            store.progress("images decoded", some.stop, len(files))
    return np.asarray(kept, np.int64)


def _tried(path: Path, view: View) -> npt.NDArray[np.uint8] | str:
    """The pixels of an image, or why there are none."""
    try:
        return _pixels(path, view)
    except Exception as error:  # whatever a damaged file does to Pillow
        return _told(error)


def _pixels(path: Path, view: View) -> npt.NDArray[np.uint8]:
    from PIL import Image, ImageOps

    with Image.open(path, formats=FORMATS) as opened:
        image: Image.Image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I"):  # 16 bits, of which the upper 8 are kept
            image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
        image = image.convert("L" if view.grey else "RGB")
    height, width = view.size
    if view.crop:
        image = _middle(image, height, width)
    elif image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(view.shape)


def _middle(image: Image.Image, height: int, width: int) -> Image.Image:
    """The middle of an image whose shorter side is 256/224 of what is cut out."""
    from PIL import Image

    factor = MARGIN * max(height / image.height, width / image.width)
    whole = (max(width, round(image.width * factor)), max(height, round(image.height * factor)))
    left, top = (whole[0] - width) // 2, (whole[1] - height) // 2
    resized = image.resize(whole, Image.Resampling.BILINEAR)
    return resized.crop((left, top, left + width, top + height))


def _is_grey(mode: str) -> bool:
    return mode in ("1", "L", "LA", "La") or mode.startswith("I")


def _told(error: Exception) -> str:
    text = str(error).splitlines()
    return text[0] if text else type(error).__name__


def _size(size: Iterable[int]) -> str:
    return "×".join(map(str, size))


def _takes(spec: str) -> bool:
    path = Path(spec).expanduser()
    return path.is_dir() and folders.holds(path, SUFFIXES)


def _open(spec: str, reading: Reading) -> Source:
    root = Path(spec).expanduser()
    layout = folders.layout_of(root, SUFFIXES, "images")
    files = layout.files

    def decode(store: Store) -> None:
        left_out = LeftOut(root, len(files), "images")
        looked = survey(files, left_out, store)
        view = looked.view(reading)
        parts, words = layout.divided(left_out.files, reading.seed)
        store.require(len(files) * int(np.prod(view.shape)) * (4 if reading.prepares else 1))
        for part, examples in parts.items():
            kept = decode_rows(examples.files, view, store, f"x_{part}", left_out)
            if layout.classes:
                store.append(f"y_{part}", examples.labels[kept])
        store.found_classes(layout.classes)
        store.notes += [view.words(), words, *layout.notes]
        if left_out.files:
            store.notes.append(f"{left_out.words()} and left out")

    return Source(root.resolve().name, decode, files)


PICTURES = Kind(
    "a folder of images",
    "a folder with a folder of images for each class",
    _takes,
    _open,
    frozenset({"size", "crop"}),
)
