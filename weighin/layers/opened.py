"""An interpreter whose tensors can be read: default kernels, one example a call."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from weighin import named
from weighin.core import Array, WeighinError
from weighin.subprocesses import native_output_hidden

_REFUSALS = (ValueError, RuntimeError, IndexError, KeyError, TypeError, OverflowError, MemoryError)


class Opened:
    """A file, opened as it will run: by LiteRT's default kernels, on one thread."""

    def __init__(self, content: bytes, called: str) -> None:
        """Open a file's bytes.

        Args:
            content: of a .tflite file.
            called: the file, in messages.

        Raises:
            WeighinError: if LiteRT refuses it.
        """
        from ai_edge_litert.interpreter import Interpreter

        self._called = called
        try:
            with native_output_hidden(shown_on_failure=False):
                self._native = Interpreter(model_content=content, num_threads=1)
                self._native.allocate_tensors()
        except _REFUSALS as error:
            raise WeighinError(f"LiteRT cannot open {called}: {_first_line(error)}") from error
        self._inputs = {entry["index"]: entry for entry in self._native.get_input_details()}
        self._outputs = {entry["index"]: entry for entry in self._native.get_output_details()}
        self.invoke = self._native.invoke
        self.given = list(self._inputs)
        self.gives = [int(entry["index"]) for entry in self._native.get_output_details()]

    def run(self, inputs: Mapping[int, Array]) -> None:
        """Answer one example.

        Args:
            inputs: real values by their tensors' numbers, each `(1, …)`.

        Raises:
            WeighinError: if LiteRT refuses them.
        """
        try:
            anew = [n for n, values in inputs.items() if self._shape(n) != tuple(values.shape)]
            for number in anew:
                self._native.resize_tensor_input(number, inputs[number].shape)
            if anew:
                self._native.allocate_tensors()
                self._inputs = {e["index"]: e for e in self._native.get_input_details()}
            self._native.reset_all_variables()
            for number, values in inputs.items():
                self._native.set_tensor(number, named.stored(values, self._inputs[number]))
            self.invoke()
        except _REFUSALS as error:
            raise WeighinError(f"LiteRT cannot run {self._called}: {_first_line(error)}") from error

    def raw(self, number: int) -> Array:
        """An output as it is stored, by its tensor's number."""
        values: Array = self._native.get_tensor(number)
        return values

    def real(self, number: int) -> Array:
        """An output, or an input, as the real values that its scale gives it."""
        details = self._outputs.get(number) or self._inputs[number]
        return named.real(self.raw(number), details)

    @property
    def delegates(self) -> int:
        """How many parts of the graph a delegate runs."""
        nodes = self._native._get_ops_details()
        return sum(node["op_name"] == "DELEGATE" for node in nodes)

    def _shape(self, number: int) -> tuple[int, ...]:
        return tuple(map(int, self._inputs[number]["shape"]))


def same_bits(one: Array, other: Array) -> bool:
    """Whether two arrays are the same bit for bit, NaN included."""
    return one.dtype == other.dtype and one.shape == other.shape and _bytes(one) == _bytes(other)


def _bytes(values: Array) -> bytes:
    return np.ascontiguousarray(values).tobytes()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
