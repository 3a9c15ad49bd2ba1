"""What `weighin layers` found in a file, kept in the cache for the rows that the file has later."""

from __future__ import annotations

import json
from pathlib import Path

from weighin import packages
from weighin.files import key_of, replacing

FOLDER = "layers"


def keep(cache: Path, compressed: str, original: str, sentence: str) -> None:
    """Keep which layers lose most, or that none stand out.

    Args:
        cache: weighin's cache.
        compressed: sha256 of the compressed file.
        original: of its float model.
        sentence: what a row's reasons say of it; empty for nothing.
    """
    path = _path(cache, compressed, original)
    with replacing(path) as partial:
        partial.write_text(json.dumps({"sentence": sentence}), "utf-8")


def kept(cache: Path, compressed: str, original: str) -> str:
    """What was kept of two files; empty where their layers were not looked at here."""
    try:
        sentence = json.loads(_path(cache, compressed, original).read_text("utf-8"))["sentence"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return sentence if isinstance(sentence, str) else ""


def _path(cache: Path, compressed: str, original: str) -> Path:
    """Of two files, as this version of LiteRT runs them."""
    told = {"files": [compressed, original], "litert": packages.version("ai-edge-litert")}
    return cache / FOLDER / f"{key_of(told)[:32]}.json"
