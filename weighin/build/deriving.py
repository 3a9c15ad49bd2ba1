"""What a process does that makes a variant of a finished file: one export, no TensorFlow."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from weighin import grammar, registry
from weighin.core import Arrays, Call, Failure, SkippedError, WeighinError


@dataclass(frozen=True)
class Order:
    """What is to be made.

    Attributes:
        call: the export, with its arguments.
        path: of the finished file.
        inputs: that calibrate, by the file's names, each `(n, …)`; none where nothing asks for it.
    """

    call: Call
    path: Path
    inputs: Arrays


def make(order: Order) -> bytes | Failure:
    """The variant's bytes, or why there are none; whatever is raised is a failure."""
    function = registry.exports[order.call.name]
    arguments = grammar.arguments(order.call, function)
    try:
        of_file = vars(function)["of_file"]
        return bytes(of_file(order.path.read_bytes(), order.inputs, **arguments))
    except SkippedError as reason:
        return Failure(str(reason), skipped=True)
    except WeighinError as reason:
        return Failure(str(reason))
    except Exception as error:
        traceback.print_exc()
        return Failure(f"{type(error).__name__}: {error}")
