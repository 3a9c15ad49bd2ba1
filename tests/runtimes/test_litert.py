"""Files that LiteRT does not open are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.flatbuffer import convolution, write

from weighin.core import WeighinError
from weighin.runtimes.litert import LiteRT


def test_a_file_that_does_not_open(tmp_path: Path) -> None:
    """A file that LiteRT refuses is named, with LiteRT's own first line."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"no model at all")

    with pytest.raises(WeighinError, match=r"LiteRT cannot open model\.tflite"):
        LiteRT().open(path, 1)


def test_a_file_whose_layers_do_not_fit_does_not_open(tmp_path: Path) -> None:
    """A graph that cannot be prepared is refused when it is opened, not when it is timed."""
    path = write(tmp_path / "model.tflite", convolution(4, 3, 3))

    with pytest.raises(WeighinError, match=r"LiteRT cannot open model\.tflite"):
        LiteRT().open(path, 1)
