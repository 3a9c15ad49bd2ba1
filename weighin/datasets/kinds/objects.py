"""Images of objects in boxes, annotated as COCO's are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from weighin.core import WeighinError
from weighin.datasets.coco import coco_annotations
from weighin.datasets.dividing import divide, stored_as
from weighin.datasets.kinds.folders import TEST
from weighin.datasets.kinds.pictures import decode_rows, survey
from weighin.datasets.kinds.reading import Reading
from weighin.datasets.kinds.source import Kind, LeftOut, Source, existing, listed
from weighin.datasets.storing import Store

_TEST = re.compile(rf"(?:^|[^a-z])(?:{'|'.join(TEST)})(?![a-z])")  # in instances_val2017


def _takes(spec: str) -> bool:
    return spec.partition(",")[0].lower().endswith(".json")


def _open(spec: str, reading: Reading) -> Source:
    name, _, folder = spec.partition(",")
    path = existing(name.strip())
    annotations = coco_annotations(path)
    root = existing(folder.strip()) if folder else _beside(path, annotations.files[0])
    files = [root / file for file in annotations.files]
    lacking = [file for file in annotations.files if not (root / file).is_file()]
    if lacking:
        raise WeighinError(
            f"{path}: {len(lacking):,} of {len(files):,} images are not in {root}, the first "
            f"{lacking[0]}: name their folder by --data {name},FOLDER."
        )
    if len(files) < 2:
        raise WeighinError(f"{path} lists one image alone: quality of one has no interval.")

    def decode(store: Store) -> None:
        left_out = LeftOut(root, len(files), "images")
        looked = survey(files, left_out, store)
        view = looked.view(reading)
        for file, stated in zip(files, annotations.sizes.tolist(), strict=True):
            if file in looked.sizes and tuple(stated) != looked.sizes[file]:
                raise WeighinError(
                    f"{file} has {looked.sizes[file]} pixels (height, width), and {path} says "
                    f"{tuple(stated)}: its boxes are of another image."
                )
        whole = np.array([number for number, file in enumerate(files) if file in looked.sizes])
        if _TEST.search(path.stem.lower()):
            parts = {"test": whole}
            words = "a test part alone, as the file's name says"
        else:
            division = divide(len(whole), None, reading.seed, path.stem)
            parts = {part: whole[numbers] for part, numbers in division.parts.items()}
            words = division.words
        store.require(len(files) * int(np.prod(view.shape)) * (4 if reading.prepares else 1))
        targets = annotations.targets(view.size)
        for part, numbers in parts.items():
            paths = [files[number] for number in numbers]
            kept = numbers[decode_rows(paths, view, store, f"x_{part}", left_out)]
            for key, values in targets.items():
                store.append(stored_as("y", part, key), values[kept])
        store.found_classes(annotations.names)
        boxes = int((annotations.classes >= 0).sum())
        store.notes += [f"{boxes:,} boxes", view.words(), words, *annotations.notes]
        if left_out.files:
            store.notes.append(f"{left_out.words()} and left out")

    return Source(path.stem, decode, [path, *files])


def _beside(path: Path, first: str) -> Path:
    """The folder of images that belongs to a file of annotations, by where the first one lies."""
    stem = path.stem
    for word in ("instances_", "_annotations.coco", "annotations_", "_annotations"):
        stem = stem.removeprefix(word).removesuffix(word)
    around = (path.parent, path.parent.parent)
    folders = [each / name for each in around for name in ("images", stem, f"images/{stem}", "")]
    for folder in folders:
        if (folder / first).is_file():
            return folder
    raise WeighinError(
        f"{path}: its images were not found beside it: {first} is in none of "
        f"{listed(map(str, folders))}. Name their folder by --data {path},FOLDER."
    )


OBJECTS = Kind(
    "a file of annotations",
    "COCO's annotations.json,FOLDER of images",
    _takes,
    _open,
    frozenset({"size"}),
)
