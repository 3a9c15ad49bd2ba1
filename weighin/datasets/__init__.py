"""Data sets: where they are looked for, how they are read, and how they are checked.

A registered data set is a function `load(places) -> Dataset`. Those with a known digest are
looked for, in order, in the user's data folder, in weighin's own checked cache, in system
package folders and, unless `WEIGHIN_OFFLINE=1`, by `keras.datasets`. The digest is over decoded
arrays, so an .npz, idx and idx.gz files of the same data are the same data set. What does not
match is never used: there is no fallback to a subset or to made-up data.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weighin import registry
from weighin.apart import ApartError, run_module
from weighin.arrays import Arrays, read_arrays, write_npz
from weighin.arrays import digest as digest_of
from weighin.core import DataNotFoundError, Dataset, Split, WeighinError
from weighin.registry import dataset

SYSTEM_FOLDERS = (Path("/usr/share/datasets"), Path("/usr/local/share/datasets"))
NOISE_TRAIN, NOISE_TEST = 8, 4  # images: the largest models take a second for each
SUBFOLDERS = {
    "mnist": ("", "mnist", "MNIST/raw"),
    "fashion_mnist": ("", "fashion_mnist", "fashion-mnist", "FashionMNIST/raw"),
    "cifar10": ("", "cifar10", "cifar-10-batches-bin"),
}


class NotPreparedError(WeighinError):
    """A data set is here, but something remains to be computed: what, and what was found."""


@dataclass(frozen=True)
class Places:
    """Where data may be looked for on this machine.

    Attributes:
        data_dir: the user's own folder (`--weighin-data-dir`, `WEIGHIN_DATA_DIR`).
        cache_dir: weighin's cache folder; checked copies lie in its `datasets/`.
        offline: whether downloading is off (`WEIGHIN_OFFLINE=1`).
        system: folders of system packages.
        looking: whether one only looks what there is, so that nothing is computed either.
    """

    data_dir: Path | None
    cache_dir: Path
    offline: bool = False
    system: tuple[Path, ...] = SYSTEM_FOLDERS
    looking: bool = False

    @classmethod
    def here(cls, cache_dir: Path, data_dir: str | None = None) -> Places:
        """The places that the environment variables name."""
        folder = data_dir or os.environ.get("WEIGHIN_DATA_DIR")
        offline = os.environ.get("WEIGHIN_OFFLINE", "") not in ("", "0")
        return cls(Path(folder).expanduser() if folder else None, cache_dir, offline)


def load(name: str, places: Places) -> Dataset:
    """Load a registered data set.

    Raises:
        WeighinError: if the name is unknown, or the data are not found (then the message names
            every way to get them), damaged or senseless.
    """
    loader = registry.datasets[name]
    try:
        loaded: Dataset = loader(places)
    except WeighinError:
        raise
    except Exception as error:
        raise WeighinError(
            f"Data set {name!r} could not be loaded: {type(error).__name__}: {error}."
        ) from error
    _validate(loaded)
    return loaded


@functools.lru_cache(maxsize=2)
def load_cached(name: str, places: Places) -> Dataset:
    """`load`, remembering the last two data sets."""
    return load(name, places)


def npz_dataset(
    name: str,
    path: Path | str,
    *,
    classes: int,
    scale: float | None = None,
    digest: str | None = None,
) -> None:
    """Register an .npz file with `x_train`, `y_train`, `x_test`, `y_test` as a data set.

    Args:
        name: what the data set is called.
        path: the file; read without pickle.
        classes: how many; labels are 0 to classes - 1.
        scale: what stored values are multiplied by to become model inputs; if not given, 1/255
            for whole numbers and 1 for floating ones.
        digest: of the decoded arrays (`weighin doctor` shows it); other data are then refused.
    """
    file = Path(path)

    def loader(places: Places) -> Dataset:
        arrays = read_arrays(file)
        problem = _exactly(digest)(arrays) if digest else None
        if problem:
            raise WeighinError(f"{file}: {problem}. Restore the file.")
        usual = 1.0 if arrays["x_train"].dtype.kind == "f" else 1 / 255
        return from_arrays(name, arrays, classes=classes, scale=usual if scale is None else scale)

    loader.__doc__ = f"{classes} classes, from {file.name}"
    dataset(name)(loader)


def noise_dataset(name: str, shape: tuple[int, int, int], *, classes: int) -> None:
    """Register images of noise, for models whose size and latency are wanted but not their answers.

    Accuracy on them is `not measured`.

    Args:
        name: what the data set is called.
        shape: of an image: height, width, channels.
        classes: how many the models tell apart.
    """

    def loader(places: Places) -> Dataset:
        generator = np.random.default_rng(0)
        arrays: Arrays = {}
        for part, count in (("train", NOISE_TRAIN), ("test", NOISE_TEST)):
            arrays[f"x_{part}"] = generator.integers(0, 256, (count, *shape), dtype=np.uint8)
            arrays[f"y_{part}"] = np.arange(count) % classes
        made = from_arrays(name, arrays, classes=classes)
        reason = "the test images are noise, on which accuracy would mean nothing"
        return dataclasses.replace(made, unlabelled=reason)

    loader.__doc__ = f"Noise, {'×'.join(map(str, shape))}, for {classes:,} classes"
    dataset(name)(loader)


def from_arrays(name: str, arrays: Arrays, *, classes: int, scale: float = 1 / 255) -> Dataset:
    """A data set of `x_train`, `y_train`, `x_test` and `y_test`; grey images get one channel."""
    for part in ("train", "test"):
        kind = arrays[f"y_{part}"].dtype
        if kind.kind not in "iu":
            raise WeighinError(
                f"Data set {name!r}, {part} part: labels are {kind}, not whole numbers."
            )

    def split(part: str) -> Split:
        images = arrays[f"x_{part}"]
        if images.ndim == 3:
            images = images[..., np.newaxis]
        return Split(images, arrays[f"y_{part}"].reshape(-1), scale)

    whole = digest_of(arrays)
    if scale != 1 / 255:  # other model inputs from the same pixels are other data
        whole = hashlib.sha256(f"{whole} × {scale!r}".encode()).hexdigest()
    return Dataset(name, classes, whole, split("train"), split("test"))


def _validate(data: Dataset) -> None:
    for part, split in (("train", data.train), ("test", data.test)):
        where = f"Data set {data.name!r}, {part} part"
        if split.images.ndim != 4:
            raise WeighinError(
                f"{where}: images have shape {split.images.shape}; "
                f"wanted (n, height, width) or (n, height, width, channels)."
            )
        if len(split.images) != len(split.labels):
            raise WeighinError(
                f"{where}: {len(split.images)} images but {len(split.labels)} labels."
            )
        if len(split) == 0:
            raise WeighinError(f"{where} is empty: nothing can be measured on it.")
        if split.images.dtype.kind == "f" and not np.isfinite(split.images).all():
            raise WeighinError(f"{where}: images hold NaN or infinite values.")
        if split.labels.dtype.kind not in "iu":
            raise WeighinError(f"{where}: labels are {split.labels.dtype}, not whole numbers.")
        low, high = int(split.labels.min()), int(split.labels.max())
        if low < 0 or high >= data.classes:
            raise WeighinError(
                f"{where}: labels run from {low} to {high}, outside the "
                f"{data.classes} classes 0 to {data.classes - 1}."
            )
    if data.train.images.shape[1:] != data.test.images.shape[1:]:
        raise WeighinError(
            f"Data set {data.name!r}: training images are {data.train.images.shape[1:]}, "
            f"test images {data.test.images.shape[1:]}."
        )


def find(name: str, accepts: Callable[[Arrays], str | None], places: Places) -> Arrays:
    """Look for a data set's arrays in every place, in order.

    Args:
        name: a key of `SUBFOLDERS`, also the name in `keras.datasets`.
        accepts: why arrays are not the data set wanted, or None if they are.
        places: where to look.

    Raises:
        DataNotFoundError: naming what was refused and every way to get the data.
    """
    refused: list[str] = []
    for candidate in _candidates(name, places):
        try:
            arrays = _read(candidate, candidate.stat().st_mtime_ns)
        except WeighinError as error:
            refused.append(str(error))
            continue
        problem = accepts(arrays)
        if problem is None:
            return arrays
        refused.append(f"{candidate}: {problem}.")
    cached = places.cache_dir / "datasets" / f"{name}.npz"
    if not places.offline:
        try:
            _download(name, cached)
            arrays = read_arrays(cached)
            problem = accepts(arrays)
            if problem is None:
                return arrays
            cached.unlink()
        except WeighinError as error:
            problem = str(error)
        refused.append(f"keras.datasets.{name}: {problem}")
    raise DataNotFoundError(_not_found(name, places, refused))


def _read(path: Path, modified: int) -> Arrays:
    return read_arrays(path) if path.is_dir() else dict(_read_file(path, modified))


@functools.lru_cache(maxsize=1)  # several data sets are made of CIFAR-10's file
def _read_file(path: Path, modified: int) -> Arrays:
    return read_arrays(path)


def _candidates(name: str, places: Places) -> Iterator[Path]:
    """Files and folders that may hold the data: an .npz, or a folder of idx or binary files."""
    if places.data_dir is not None:
        for sub in SUBFOLDERS[name]:
            folder = places.data_dir / sub
            yield from sorted(folder.glob(f"{name}*.npz"))
            if _holds_raw_files(folder):
                yield folder
    cached = places.cache_dir / "datasets" / f"{name}.npz"
    if cached.exists():
        yield cached
    for root in places.system:
        for sub in SUBFOLDERS[name][1:]:
            if _holds_raw_files(root / sub):
                yield root / sub


def _holds_raw_files(folder: Path) -> bool:
    return any(folder.glob("train-images*idx3-ubyte*")) or any(folder.glob("data_batch_*.bin"))


def _download(name: str, target: Path) -> None:
    """Let keras.datasets download, in a process of its own, and keep the arrays at `target`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.npz"
        try:
            run_module("weighin.stack", "download", name, str(path))
        except ApartError as error:
            raise WeighinError(f"the download failed: {error}") from None
        write_npz(target, read_arrays(path))


def _not_found(name: str, places: Places, refused: list[str]) -> str:
    lines = [f"Data set {name!r} was not found."]
    lines += [f"  refused: {reason}" for reason in refused]
    folder = places.data_dir or "not set"
    package = "; Debian: apt install dataset-fashion-mnist" if name == "fashion_mnist" else ""
    download = "off: WEIGHIN_OFFLINE is set" if places.offline else "tried"
    lines += [
        "Ways to get it:",
        f"  1. name a folder that holds it (.npz, idx or idx.gz files) by --weighin-data-dir or "
        f"WEIGHIN_DATA_DIR (now: {folder})",
        f"  2. put a checked copy at {places.cache_dir / 'datasets' / (name + '.npz')}",
        f"  3. a system package under {' or '.join(map(str, places.system))}{package}",
        f"  4. let keras.datasets.{name} download it (now {download})",
    ]
    return "\n".join(lines)


def _exactly(wanted: str) -> Callable[[Arrays], str | None]:
    def accepts(arrays: Arrays) -> str | None:
        found = digest_of(arrays)
        return None if found == wanted else f"other data: digest {found[:12]}, not {wanted[:12]}"

    return accepts


@dataset("mnist")
def mnist(places: Places) -> Dataset:
    """MNIST: 60,000 + 10,000 digits, 28×28 (LeCun, Cortes; CC BY-SA 3.0)."""
    wanted = "38aae3f3d37c7a4b3a1e4a4afe9de439e2bc9d216d0e4dbdabace243526b698d"
    return from_arrays("mnist", find("mnist", _exactly(wanted), places), classes=10)


@dataset("fashion_mnist")
def fashion_mnist(places: Places) -> Dataset:
    """Fashion-MNIST: 60,000 + 10,000 articles, 28×28 (Zalando Research; MIT)."""
    wanted = "d063c01dc2ba2d176a5cd3311c347fb064380ac4ab3de106122ec59f3033082a"
    return from_arrays("fashion_mnist", find("fashion_mnist", _exactly(wanted), places), classes=10)


@dataset("cifar10")
def cifar10(places: Places) -> Dataset:
    """CIFAR-10: 50,000 + 10,000 photographs, 32×32×3 (Krizhevsky 2009)."""
    return from_arrays("cifar10", find("cifar10", _whole_cifar10, places), classes=10)


@dataset("cifar10_test1k")
def cifar10_test1k(places: Places) -> Dataset:
    """CIFAR-10 with the first 1,000 of its test images only."""
    arrays = _first_1000(find("cifar10", _cifar10_beginning, places))
    return from_arrays("cifar10_test1k", arrays, classes=10)


@dataset("cifar10_raw")
def cifar10_raw(places: Places) -> Dataset:
    """CIFAR-10 with its pixels as they are, 0 to 255, as MLPerf Tiny's ResNet-8 takes them."""
    arrays = find("cifar10", _whole_cifar10, places)
    return from_arrays("cifar10_raw", arrays, classes=10, scale=1.0)


@dataset("cifar10_raw_test1k")
def cifar10_raw_test1k(places: Places) -> Dataset:
    """CIFAR-10 with its pixels 0 to 255 and the first 1,000 of its test images only."""
    arrays = _first_1000(find("cifar10", _cifar10_beginning, places))
    return from_arrays("cifar10_raw_test1k", arrays, classes=10, scale=1.0)


def _whole_cifar10(arrays: Arrays) -> str | None:
    if len(arrays["x_test"]) != 10_000:
        return f"{len(arrays['x_test']):,} test images, not 10,000"
    return _cifar10_beginning(arrays)


def _first_1000(arrays: Arrays) -> Arrays:
    return arrays | {"x_test": arrays["x_test"][:1000], "y_test": arrays["y_test"][:1000]}


def _cifar10_beginning(arrays: Arrays) -> str | None:
    """Check the training images and the first 1,000 test images, the ones whose digest we know."""
    wanted = "f6b567875dc20b37d09df963016a87e50f95c17655d0e923f49172325d8b1455"
    return _exactly(wanted)(_first_1000(arrays))
