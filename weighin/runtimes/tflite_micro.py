"""The interpreter of microcontrollers, tflite-micro, run on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weighin import packages
from weighin.core import Array, Arrays, Scope, SkippedError, WeighinError
from weighin.outcomes import Arena
from weighin.registry import runtime
from weighin.runtimes import _ports
from weighin.runtimes._tflite_micro import Interpreter, interpreter
from weighin.subprocesses import SubprocessError, run_module

_UNTIMED = ("start", "inference", "pair", "engines")
SECONDS = 300.0  # that telling the memory of a file may take


@runtime
class TFLiteMicro:
    """.tflite files by the interpreter of microcontrollers: answers and memory, no times."""

    name = "tflite-micro"
    formats = ("tflite",)
    needs_tensorflow = False
    on_request = True
    packages = ("tflite-micro",)

    def available(self) -> str | None:
        """None if tflite-micro is installed."""
        return packages.missing("tflite-micro")

    def declines(self, scope: Scope) -> str | None:
        """Whatever is a time: its kernels are plain loops, made for other processors."""
        return "a microcontroller's time cannot be told on a PC" if scope in _UNTIMED else None

    def call_overhead(self) -> None:
        """None: its calls are not timed."""

    def load(self) -> None:
        """Import the interpreter."""
        interpreter()

    def open(self, path: Path, threads: int) -> TFLiteMicroSession:
        """Read a .tflite file into an arena that is large enough.

        Raises:
            SkippedError: if microcontrollers do not run such a file.
            WeighinError: if it is refused for another reason.
        """
        if threads > 1:
            raise SkippedError(f"{self.name} computes in one thread, as a microcontroller does")
        return TFLiteMicroSession(path)

    def memory(self, path: Path) -> Arena:
        """What a file takes of the arena, told by a process of its own.

        Raises:
            SkippedError: as `open`.
            WeighinError: if the process fails, or what it says is not understood.
        """
        try:
            told = json.loads(
                run_module("weighin.runtimes._tflite_micro", str(path.resolve()), seconds=SECONDS)
            )
        except SubprocessError as error:
            said = str(error)
            if said.startswith("skipped: "):
                raise SkippedError(said.removeprefix("skipped: ")) from None
            raise WeighinError(f"tflite-micro did not tell its memory: {said}") from None
        return Arena(told["total"], told["head"], told["tail"])


class TFLiteMicroSession:
    """One .tflite file in an arena.

    It answers one by one, for its calls hold Python's lock.
    """

    delegated = None

    def __init__(self, path: Path) -> None:
        """Read and allocate, as `TFLiteMicro.open`."""
        self._interpreter = Interpreter(path)

    def predict(self, inputs: Arrays) -> dict[str, Array]:
        """Answer all examples."""

        def answer(example: Arrays) -> Arrays:
            self.inference(example)()
            return self.answer()

        return _ports.one_by_one(inputs, lambda: answer)

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """What sets the inputs and answers: a call of the interpreter overwrites them."""
        stored, interpreter = self._interpreter.ports.stored(inputs), self._interpreter
        interpreter.check(stored)

        def run() -> None:
            interpreter.set(stored)
            interpreter.invoke()

        return run

    def answer(self) -> dict[str, Array]:
        """The outputs of the last call."""
        return self._interpreter.ports.real(self._interpreter.get())

    def close(self) -> None:
        """Drop the interpreter and its arena."""
        del self._interpreter
