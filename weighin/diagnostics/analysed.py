"""What `weighin layers` found in a file, kept in the cache for the rows that the file has later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighin import packages
from weighin.files import key_of, replacing

FOLDER = "layers"
_PREFIX = 16  # hex digits of a compressed file's digest that names begin with


def keep(
    cache: Path,
    compressed: str,
    original: str,
    sentence: str,
    layers: Mapping[str, Any] | None = None,
) -> None:
    """Keep which layers lose most, or that none stand out.

    Args:
        cache: weighin's cache.
        compressed: sha256 of the compressed file.
        original: of its float model.
        sentence: what a row's reasons say of it; empty for nothing.
        layers: all that was found, as JSON has it, for the report page.
    """
    path = _path(cache, compressed, original)
    with replacing(path) as partial:
        partial.write_text(json.dumps({"sentence": sentence, "layers": layers}), "utf-8")


def kept(cache: Path, compressed: str, original: str) -> str:
    """The sentence that was kept of two files; empty where their layers were not looked at here."""
    sentence = _read(cache, compressed, original).get("sentence")
    return sentence if isinstance(sentence, str) else ""


def kept_layers(cache: Path, compressed: str, original: str) -> Mapping[str, Any] | None:
    """All that was kept of two files, as JSON has it; None where they were not looked at here."""
    layers = _read(cache, compressed, original).get("layers")
    return layers if isinstance(layers, dict) else None


def compressed_files(cache: Path) -> frozenset[str]:
    """How the digests begin of all compressed files that were looked at; tell by `begins`."""
    names = (path.name for path in (cache / FOLDER).glob("*-*.json"))
    return frozenset(name.partition("-")[0] for name in names)


def begins(digest: str) -> str:
    """How a digest begins, as `compressed_files` has it."""
    return digest[:_PREFIX]


def _read(cache: Path, compressed: str, original: str) -> Mapping[str, Any]:
    try:
        told = json.loads(_path(cache, compressed, original).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _path(cache: Path, compressed: str, original: str) -> Path:
    """Of two files, as this version of LiteRT runs them."""
    told = {"files": [compressed, original], "litert": packages.version("ai-edge-litert")}
    return cache / FOLDER / f"{begins(compressed)}-{key_of(told)[:32]}.json"
