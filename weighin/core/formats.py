"""What kinds of model files there are: what a row's `format` stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USUAL_FORMAT = "tflite"  # the format that is meant where none is named


@dataclass(frozen=True)
class Format:
    """A kind of model file.

    Attributes:
        name: as cases and records have it; also the file's ending in the cache.
        endings: of such files as users bring them.
        read: what a file holds: a `weighin.formats.graph.Graph` if `has_graph`, else its layers.
            Files are untrusted: it raises a `WeighinError` that names a damaged one.
        parsed: likewise of a file's bytes, and what these are called in messages; None if such
            files are read from disk alone.
        begins: whether bytes begin as such a file does, by which bytes without a name are told.
        has_graph: whether a file is a graph of operators, whose work can be counted.
        finished: whether a file is deployed as it is, and so weighed without what made it.
        resized: whether runtimes give a file's inputs other numbers of examples than it states.
        plain: the export whose files stand for the model as it is, nothing quantized; empty where
            a model is stored without an export.
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[[Path], Any]
    parsed: Callable[[bytes, str], Any] | None = None
    begins: Callable[[bytes], bool] = lambda content: False
    has_graph: bool = False
    finished: bool = False
    resized: bool = False
    plain: str = ""
