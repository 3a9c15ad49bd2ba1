"""What a user brought, carried to workers that have no such files: bytes, and what they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin.build import brought
from weighin.build.brought import BroughtModel
from weighin.build.budgets import Budgets
from weighin.core import ModelFile, Recipe, WeighinError
from weighin.datasets import bringing
from weighin.files import key_of, replacing, sha256

LARGEST = 1_000_000_000  # bytes of all that is carried


@dataclass(frozen=True)
class Carried:
    """Files that go with every job.

    Attributes:
        described: what is brought, as JSON has it, each with its files by name and digest.
        paths: where these files are, in that order.
    """

    described: list[dict[str, Any]]
    paths: tuple[Path, ...]


def pack(things: Sequence[brought.Brought]) -> Carried:
    """Describe what was brought; its files are read later.

    Raises:
        WeighinError: if it is too large, or of a kind that cannot be carried.
    """
    described: list[dict[str, Any]] = []
    paths: list[Path] = []
    for thing in things:
        told, roots = _told(thing)
        files = []
        for root in roots:
            held = sorted(file for file in root.rglob("*") if file.is_file())
            for file in held if root.is_dir() else [root]:
                inside = Path(root.name, file.relative_to(root)) if root.is_dir() else root.name
                files.append([Path(inside).as_posix(), sha256(file)])
                paths.append(file)
        described.append({**told, "files": files})
    total = sum(path.stat().st_size for path in paths)
    if total > LARGEST:
        raise WeighinError(
            f"What is brought comes to {total:,} bytes, and no more than {LARGEST:,} are sent to "
            f"each worker of a cluster. Build without --cluster, or register the data set in a "
            f"file of models/ that the workers have, too."
        )
    return Carried(described, tuple(paths))


def placed(
    described: Sequence[Mapping[str, Any]], contents: Sequence[bytes], folder: Path
) -> list[Path]:
    """The folders that hold the files of what was packed, of this machine, by their digests.

    Args:
        described: `Carried.described`.
        contents: of the files, in their order.
        folder: of weighin's cache.

    Raises:
        WeighinError: if a file is not what it should be, or cannot be written.
    """
    left = iter(contents)
    folders = []
    for told in described:
        target = folder / "received" / key_of({"files": told["files"]})[:32]
        files = [(_inside(target, name), digest, next(left)) for name, digest in told["files"]]
        if not all(path.is_file() and sha256(path) == digest for path, digest, _ in files):
            with replacing(target) as partial:
                partial.mkdir()
                for path, digest, content in files:
                    place = partial / path.relative_to(target)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content)
                    if sha256(place) != digest:
                        raise WeighinError(f"{path.name} did not arrive as it was sent: try again.")
        folders.append(target)
    return folders


def unpacked(told: Mapping[str, Any], folder: Path) -> brought.Brought:
    """What was packed, its files in a folder of this machine."""
    rest = {name: told[name] for name in told if name not in ("kind", "files", "folder")}
    if told["kind"] == "data":
        return bringing.Brought(**{**rest, "path": folder / rest["path"]})
    if told["kind"] == "budgets":
        return Budgets(**rest)
    source = dict(rest["source"])
    source["path"] = folder / source["path"]
    source["weights"] = folder / source["weights"] if source["weights"] else None
    return BroughtModel(ModelFile(**source), Recipe(**rest["recipe"]))


def _told(thing: Any) -> tuple[dict[str, Any], list[Path]]:
    """What is brought, without its paths; and these."""
    if isinstance(thing, bringing.Brought):
        return {"kind": "data", **dataclasses.asdict(thing), "path": thing.path.name}, [thing.path]
    if isinstance(thing, Budgets):
        return {"kind": "budgets", **dataclasses.asdict(thing)}, []
    if not isinstance(thing, BroughtModel):
        raise WeighinError(f"{type(thing).__name__} cannot be sent to a cluster: build without.")
    source, recipe = thing.source, thing.recipe
    if not isinstance(recipe.loss, str | None) or not isinstance(recipe.task, str | None):
        raise WeighinError("A loss or a task that is no name cannot be sent to a cluster.")
    weights = source.weights
    told = {
        "kind": "model",
        "source": {
            **dataclasses.asdict(source),
            "path": source.path.name,
            "weights": weights.name if weights else None,
        },
        "recipe": dataclasses.asdict(recipe),
    }
    return told, [source.path, *([weights] if weights else [])]


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if ".." in Path(name).parts or not path.is_relative_to(folder):
        raise WeighinError(f"{name!r} is no name of a file within a folder.")
    return path
