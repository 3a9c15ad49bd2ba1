"""Folders with a folder for each class, as image and sound data are often laid out.

Classes are numbered in the order of their folders' names, as by
`keras.utils.image_dataset_from_directory`. Examples are shuffled: those of one class lie together,
and who calibrates takes the first.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.datasets.dividing import divide
from weighin.datasets.kinds.source import listed

TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")


@dataclass(frozen=True)
class Labelled:
    """Files of one part.

    Attributes:
        files: in an order that is the same everywhere.
        labels: `(n,)` int64, the class number of each.
    """

    files: tuple[Path, ...]
    labels: npt.NDArray[np.int64]

    def only(self, numbers: npt.NDArray[np.int64]) -> Labelled:
        """Some of them, in another order."""
        return Labelled(tuple(self.files[number] for number in numbers), self.labels[numbers])


@dataclass(frozen=True)
class Layout:
    """What a folder holds.

    Attributes:
        root: the folder.
        parts: files of `train` and `test`, or all of them as `""` where there are no parts.
        classes: names, by number; none where files have no classes.
        notes: what was left out, and why.
    """

    root: Path
    parts: Mapping[str, Labelled]
    classes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """All of them."""
        return [file for part in self.parts.values() for file in part.files]

    def divided(self, unread: Collection[Path], seed: int) -> tuple[dict[str, Labelled], str]:
        """Files of each part, shuffled, without those that cannot be read; how it was divided."""
        parts = {}
        for name, part in self.parts.items():
            numbers = [number for number, file in enumerate(part.files) if file not in unread]
            parts[name] = part.only(np.asarray(numbers, np.int64))
        if "" not in parts:
            generator = np.random.default_rng(seed)
            return {
                name: part.only(generator.permutation(len(part.files)))
                for name, part in parts.items()
            }, f"each part shuffled by seed {seed}"
        whole = parts[""]
        if self.root.resolve().name.lower() in TEST:  # one that says what it is for
            order = np.random.default_rng(seed).permutation(len(whole.files))
            return {
                "test": whole.only(order)
            }, f"a test part alone, as the folder's name says, shuffled by seed {seed}"
        labels = whole.labels if self.classes else None
        division = divide(len(whole.files), labels, seed, self.root.name)
        return {name: whole.only(rows) for name, rows in division.parts.items()}, division.words


def holds(folder: Path, suffixes: tuple[str, ...]) -> bool:
    """Whether a file of such a name lies anywhere in a folder."""
    return next(_below(folder, suffixes), None) is not None


def layout_of(root: Path, suffixes: tuple[str, ...], noun: str) -> Layout:
    """What lies where in a folder.

    Args:
        root: the folder.
        suffixes: of the files that are wanted, in small letters.
        noun: what they are.

    Raises:
        WeighinError: if it holds none, or other classes to be tested than to be trained on.
    """
    folders = _folders(root)
    by_name = {folder.name.lower(): folder for folder in folders}
    train = next((by_name[name] for name in TRAIN if name in by_name), None)
    test = next((by_name[name] for name in TEST if name in by_name), None)
    others = [folder for folder in folders if folder.name.lower() not in (*TRAIN, *TEST)]
    has_parts = (train is not None and test is not None) or ((train or test) and not others)
    notes = []
    if has_parts:
        used = {"train": train, "test": test}
        parts = {part: folder for part, folder in used.items() if folder is not None}
        if test is None:
            parts = {"": parts["train"]}
        unused = [folder.name for folder in folders if folder not in parts.values()]
        notes += [f"{listed(unused)} left out"] if unused else []
    else:
        parts = {"": root}
    names = {part: [folder.name for folder in _folders(where)] for part, where in parts.items()}
    classes = names.get("train") or next(iter(names.values()))
    unknown = sorted(set(names.get("test", [])) - set(classes)) if "train" in names else []
    if unknown:
        raise WeighinError(
            f"{parts['test']}: the class folders {listed(unknown)} are not in {parts['train']}: "
            f"both parts have the same classes."
        )
    found = {part: _labelled(where, suffixes, classes) for part, where in parts.items()}
    for part, where in parts.items():
        loose = [file for file in where.iterdir() if _wanted(file.name, suffixes)]
        if classes and loose:
            notes.append(f"{len(loose):,} {noun} in no class folder of {where.name} left out")
        if not found[part].files:
            raise WeighinError(
                f"{where} holds no {noun} ({', '.join(suffixes)}) in class folders: give --data a "
                f"folder with a folder of {noun} for each class."
            )
    if len(classes) == 1:
        where = next(iter(parts.values())) / classes[0]
        raise WeighinError(
            f"{where.parent} has one class folder alone, {classes[0]}: name the folder that has "
            f"one for each class, or --data {where} for {noun} without classes."
        )
    return Layout(root, found, tuple(classes), tuple(notes))


def _labelled(folder: Path, suffixes: tuple[str, ...], classes: list[str]) -> Labelled:
    if not classes:
        files = sorted(_below(folder, suffixes))
        return Labelled(tuple(files), np.zeros(len(files), np.int64))
    paths: list[Path] = []
    labels: list[int] = []
    for number, name in enumerate(classes):
        own = sorted(_below(folder / name, suffixes))
        paths += own
        labels += [number] * len(own)
    return Labelled(tuple(paths), np.asarray(labels, np.int64))


def _folders(folder: Path) -> list[Path]:
    here = folder.resolve()
    return sorted(
        (
            each
            for each in folder.iterdir()
            if each.is_dir() and each.name[0] not in "._"
            if not here.is_relative_to(each.resolve())  # a link to where it lies
        ),
        key=lambda each: each.name,
    )


def _below(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for where, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name[0] not in "._")
        wanted = (Path(where, name) for name in sorted(files) if _wanted(name, suffixes))
        yield from (file for file in wanted if file.is_file() or not file.exists())  # no pipes


def _wanted(name: str, suffixes: tuple[str, ...]) -> bool:
    return name[0] != "." and name.lower().endswith(suffixes)
