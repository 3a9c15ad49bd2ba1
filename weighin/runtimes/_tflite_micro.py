"""The interpreter of tflite-micro, for its sessions and for a process that tells its memory.

Run as a program, `python -m weighin.runtimes._tflite_micro FILE`, it answers zeros once and prints
what the recording allocator says of the arena.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weighin import packages
from weighin.core import Array, SkippedError, WeighinError
from weighin.runtimes import _ports
from weighin.runtimes._ports import Ports
from weighin.subprocesses import native_output

_REFUSALS = (ValueError, RuntimeError, IndexError, KeyError, TypeError, OverflowError, MemoryError)
ARENA = (1_000_000, 1_000_000_000)  # bytes that are tried first, and at most
_TOO_SMALL = ("resize buffer", "arena size", "allocate tail", "allocate temp", "allocate memory")
_UNSUPPORTED = ("not supported", "unsupported", "didn't find op", "does not support")
_MISSING = re.compile(r"(?:opcode|op for builtin opcode) '([A-Z_0-9]+)'", re.IGNORECASE)
_ALLOCATION = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")


def interpreter() -> Any:
    """The package's module.

    Raises:
        WeighinError: if it is missing or broken.
    """
    with packages.broken_told("tflite-micro"):
        from tflite_micro.python.tflite_micro import runtime

        return runtime


class Interpreter:
    """A file in an arena that is large enough for it."""

    def __init__(self, path: Path) -> None:
        """Read the file and allocate; the arena is made larger until it fits.

        Raises:
            SkippedError: if microcontrollers do not run such a file.
            WeighinError: if it is refused for another reason.
        """
        self.ports = _ports.of_tflite(path)
        self.path, content = path, path.read_bytes()
        module, (size, most) = interpreter(), ARENA
        self.native: Any = None
        while self.native is None:
            with native_output() as said:
                try:
                    self.native = module.Interpreter.from_bytes(content, arena_size=size)
                except _REFUSALS as error:
                    text = f"{said()}\n{error}"
                    if not any(words in text.lower() for words in _TOO_SMALL):
                        raise _refused(path, text, self.ports) from error
                    if size >= most:
                        raise WeighinError(
                            f"tflite-micro cannot open {path.name}: an arena of "
                            f"{size / 1e6:,.0f} MB is too small for it"
                        ) from error
                    size = min(most, 8 * size)

    def check(self, stored: Sequence[Array]) -> None:
        """Refuse inputs that the arena is not laid out for.

        Raises:
            WeighinError: naming the input.
        """
        for port, values in zip(self.ports.inputs, stored, strict=True):
            if values.shape != port.shape:
                raise WeighinError(
                    f"tflite-micro takes one example of {list(port.shape)} as {port.name!r}, not "
                    f"{list(values.shape)}: its arena is laid out for that"
                )

    def set(self, stored: Sequence[Array]) -> None:
        """Put what is stored into the inputs; nothing is remembered of earlier examples."""
        self.native.reset()
        for port, values in zip(self.ports.inputs, stored, strict=True):
            self.native.set_input(values, port.place)

    def invoke(self) -> None:
        """Answer what was set.

        Raises:
            WeighinError: if an operator fails.
        """
        with native_output() as said:
            try:
                self.native.invoke()
            except _REFUSALS as error:
                raise WeighinError(
                    f"tflite-micro cannot run {self.path.name}: {first_line(said(), error)}"
                ) from error

    def get(self) -> list[Array]:
        """What the outputs store, in the file's order."""
        count = 1 + max(port.place for port in self.ports.outputs)
        return [self.native.get_output(place) for place in range(count)]


def _refused(path: Path, text: str, ports: Ports) -> WeighinError:
    """What a file is refused for: a skip, where its kind is one that microcontrollers run not."""
    from weighin.formats.tflite import read_tflite

    graph = read_tflite(path)
    hybrid = [
        operator
        for operator in graph.operators
        if operator.weights is not None
        and operator.weights.dtype in ("INT8", "INT4", "UINT8")
        and any(_is_float(path, number) for number in operator.inputs)
    ]
    if hybrid:
        return SkippedError(
            f"{path.name} is hybrid ({hybrid[0].name} multiplies floats by integer weights), which "
            f"tflite-micro runs not: int8 and float files it does"
        )
    if any(tensor.is_constant and tensor.dtype == "FLOAT16" for tensor in graph.tensors):
        return SkippedError(
            f"{path.name} holds half-precision weights, which tflite-micro does not unpack: int8 "
            f"and float files it does"
        )
    lacking = _MISSING.search(text)
    if lacking:
        return SkippedError(f"tflite-micro has no kernel for {lacking[1]}, which {path.name} needs")
    line = first_line(text, None)
    kind = SkippedError if any(words in text.lower() for words in _UNSUPPORTED) else WeighinError
    return kind(f"tflite-micro cannot open {path.name}: {line}")


def _is_float(path: Path, number: int) -> bool:
    from weighin.formats.tflite import read_tflite

    if number < 0:
        return False
    tensor = read_tflite(path).tensors[number]
    return tensor.dtype == "FLOAT32" and not tensor.is_constant


def first_line(text: str, error: BaseException | None) -> str:
    """The first line that native code said of a failure, without the place in its source."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = next(iter(lines), str(error) or type(error).__name__)
    return re.sub(r"^\S+\.(?:cc|h)(?::\d+)? ", "", line).rstrip(".")


def allocations(text: str) -> dict[str, int]:
    """What the recording allocator printed: bytes of the arena, in total and by its ends.

    Raises:
        WeighinError: if it is not understood, or contradicts itself.
    """
    told = {name: int(count) for name, count in _ALLOCATION.findall(text)}
    if set(told) != {"total", "head", "tail"} or told["head"] + told["tail"] != told["total"]:
        shown = " / ".join(text.strip().splitlines()[:3]) or "nothing"
        raise WeighinError(
            f"what tflite-micro says of its memory is not understood: {shown[:200]}. "
            f"Its version is {packages.version('tflite-micro')}"
        )
    return told


def _main() -> None:
    """Answer zeros once, for some memory is taken only then; print the allocations as JSON."""
    opened = Interpreter(Path(sys.argv[1]))
    opened.set([np.zeros(port.shape, port.dtype) for port in opened.ports.inputs])
    opened.invoke()
    with native_output() as said:
        opened.native.print_allocations()
        text = said()
    sys.stdout.write(json.dumps(allocations(text)))


if __name__ == "__main__":
    try:
        _main()
    except WeighinError as error:
        skipped = isinstance(error, SkippedError)
        sys.exit(f"skipped: {error}" if skipped else str(error))
