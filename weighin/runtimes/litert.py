"""LiteRT, the interpreter of .tflite files, by the package ai-edge-litert."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from weighin.core import Array, Arrays, WeighinError
from weighin.registry import runtime
from weighin.runtimes._litert import (
    BATCH,
    OPTIMIZED,
    REFERENCE,
    LiteRT,
    LiteRTBuiltin,
    LiteRTSession,
    reference,
    smallest_model,
)
from weighin.subprocesses import SubprocessError, run_module

__all__ = [
    "BATCH",
    "OPTIMIZED",
    "REFERENCE",
    "LiteRT",
    "LiteRTBuiltin",
    "LiteRTSession",
    "reference",
    "reference_in_subprocess",
    "smallest_model",
]

runtime(LiteRT)
runtime(LiteRTBuiltin)


def reference_in_subprocess(
    path: Path, inputs: Arrays, kernels: str = REFERENCE, *, keep_tensors: bool = False
) -> dict[str, Array]:
    """`reference` in a process of its own, which the kernels may end: some do on integers.

    Raises:
        WeighinError: if the interpreter refuses the file, or the process is ended.
    """
    given = io.BytesIO()
    np.savez(given, **inputs)  # type: ignore[arg-type]  # no input is called `allow_pickle`
    try:
        words = (str(path), kernels, *(["keep-tensors"] if keep_tensors else []))
        content = run_module("weighin.runtimes._litert", *words, given=given.getvalue())
    except SubprocessError as error:
        raise WeighinError(
            f"LiteRT's kernels {kernels} do not answer {path.name}: {error}"
        ) from None
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)
