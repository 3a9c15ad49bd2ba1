"""Whatever a user brings as data becomes a data set: files, folders, a function, arrays.

What has to be decoded or divided is written once into weighin's cache and found again there by the
paths, sizes and times of its files, and how it was read.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from weighin.core import Array, DataNotFoundError, Dataset, WeighinError
from weighin.datasets import checking
from weighin.datasets.arrays import read_arrays
from weighin.datasets.kinds import functions, objects, pictures, stored, tables, waves
from weighin.datasets.kinds.calling import arrays_of
from weighin.datasets.kinds.reading import Reading as Reading
from weighin.datasets.kinds.source import Kind, Source, existing
from weighin.datasets.loading import from_arrays
from weighin.datasets.search import SearchPaths
from weighin.datasets.storing import Progress, Store
from weighin.files import key_of, replacing
from weighin.registry import dataset

KINDS: tuple[Kind, ...] = (  # the first that takes what is given reads it
    stored.NPZ,
    stored.NPY,
    tables.TABLES,
    objects.OBJECTS,
    functions.FUNCTIONS,
    stored.FOLDER,
    pictures.PICTURES,
    waves.WAVES,
)
LAYOUT = 1  # of what is kept: what is decoded otherwise is decoded anew
ACCOUNT = "brought.json"


@dataclass(frozen=True)
class Brought:
    """Data that a user brought, where they can be read from.

    Attributes:
        name: of the data set.
        path: an .npz file, or a folder of .npy files.
        scale: what stored values are multiplied by to become model inputs.
        summary: what was read, how it was split and what was left out, in words.
        classes: how many there are, where targets are class numbers and that is known.
    """

    name: str
    path: Path
    scale: float = 1.0
    summary: str = ""
    classes: int | None = None

    def register(self) -> None:
        """Register it as a data set of its name, in this process."""
        register(self)


def _silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def bring(
    spec: str | Path, reading: Reading, folder: Path, progress: Progress = _silent
) -> Brought:
    """Find data and make them readable as a data set.

    Args:
        spec: a file, several, a folder, or `module:function`.
        reading: how they are read.
        folder: weighin's cache; decoded data lie in its `data/`.
        progress: is told what is done, how many of it, of how many.

    Raises:
        WeighinError: if there is no such thing, it is damaged or makes no sense, or an option does
            not fit; it says what was wrong, where, and the way out.
    """
    text = str(spec)
    kind = next((kind for kind in KINDS if kind.takes(text)), None)
    if kind is None:
        raise _unknown(text)
    reading.check(kind.options, text, kind.words)
    source = kind.open(text, reading)
    if source.lies is None:
        return _kept(source, reading, folder, progress)
    path = source.lies.absolute()
    data = _checked(source.name, path, reading.scale_left, reading.classes)
    summary = "; ".join(filter(None, [_described(data), reading.preparation()]))
    return Brought(source.name, path, reading.scale_left, summary, reading.classes)


def bring_arrays(name: str, arrays: Mapping[str, Array], reading: Reading, folder: Path) -> Brought:
    """Make arrays that are in memory readable as a data set, by other processes too.

    Args:
        name: of the data set.
        arrays: `x_test` and `y_test`, and perhaps `x_train` and `y_train`; or `x` and `y`, which
            are split; of several inputs or targets each by a name, `x_test/left`.
        reading: how they are read.
        folder: weighin's cache, where they are stored by what they hold.

    Raises:
        WeighinError: if they make no sense.
    """
    reading.check((), name, "an array")
    return _kept(functions.source_of(name, arrays_of(arrays)), reading, folder, _silent)


def register(brought: Brought) -> None:
    """Register what was brought as a data set of its name."""

    def loader(search: SearchPaths) -> Dataset:
        if not brought.path.exists():
            raise DataNotFoundError(
                f"Data set {brought.name!r}: {brought.path} is missing, where it was read from. "
                f"Give --data again."
            )
        arrays = read_arrays(brought.path)
        data = from_arrays(brought.name, arrays, classes=brought.classes, scale=brought.scale)
        return dataclasses.replace(data, note=brought.summary.partition("; ")[2])

    loader.__doc__ = brought.summary.partition("; ")[0] or f"Arrays, from {brought.path.name}"
    dataset(brought.name)(loader)


def _kept(source: Source, reading: Reading, folder: Path, progress: Progress) -> Brought:
    """The decoded copy of what was found, from the cache or made now."""
    files = [_fingerprint(file) for file in source.files]
    told = {"layout": LAYOUT, "files": files, "content": source.content}
    target = folder.absolute() / "data" / key_of({**told, "reading": reading.told()})[:32]
    brought = _found(target)
    if brought is not None:
        return dataclasses.replace(brought, name=source.name)
    with replacing(target) as partial:
        partial.mkdir()
        with Store(partial, source.name, reading, progress) as store:
            try:
                source.decode(store)
            except OSError as error:
                if Path(error.filename or partial).is_relative_to(partial):
                    raise  # it cannot be written
                text = f"{error.filename} cannot be read: {error.strerror or error}."
                raise WeighinError(text) from error
        scale = reading.scale_left
        data = _checked(source.name, partial, scale, store.classes)
        summary = "; ".join(filter(None, [_described(data), *store.notes, reading.preparation()]))
        brought = Brought(source.name, target, scale, summary, store.classes)
        account = dataclasses.asdict(brought) | {"path": "", "files": _sizes(partial)}
        (partial / ACCOUNT).write_text(json.dumps(account), "utf-8")
        del data  # which maps the files that are moved now
    return brought


def _found(target: Path) -> Brought | None:
    """What was kept, if it is whole."""
    try:
        account = json.loads((target / ACCOUNT).read_text("utf-8"))
        sizes = account.pop("files")
        brought = Brought(**account | {"path": target})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return brought if sizes == _sizes(target) else None


def _sizes(folder: Path) -> dict[str, int]:
    files = sorted(folder.rglob("*.npy"))
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def _fingerprint(file: Path) -> tuple[str, int, int]:
    facts = file.stat()
    return str(file.absolute()), facts.st_size, facts.st_mtime_ns


def _checked(name: str, path: Path, scale: float, classes: int | None) -> Dataset:
    """What lies at a path, as a data set that can be weighed on."""
    data = from_arrays(name, read_arrays(path), classes=classes, scale=scale)
    checking.check(data)
    return data


def _described(data: Dataset) -> str:
    """How many examples of which shape there are."""
    shapes = ", ".join(
        f"{'×'.join(map(str, values.shape[1:])) or 'a number'} {values.dtype}"
        for values in data.test.stored.values()
    )
    train = f"{data.training_examples:,} for training and " if data.training_examples else ""
    targets = "" if data.test.targets else ", no targets"
    return f"{train}{len(data.test):,} {data.examples} to test on, {shapes}{targets}"


def _unknown(spec: str) -> WeighinError:
    """Why nothing takes what was given."""
    path = existing(spec)
    kinds = "; ".join(kind.wanted for kind in KINDS)
    if path.is_dir():
        held = "is empty" if not any(path.iterdir()) else "holds no images, recordings or arrays"
        return WeighinError(f"--data {spec}: the folder {held}. Give one of: {kinds}.")
    return WeighinError(f"--data {spec}: a file of this kind is not read. Give one of: {kinds}.")
