"""What goes in and out of a .tflite file, for engines that name or order tensors in their own way.

LiteRT's sessions take and give arrays by the names of the file's first signature, else of its
tensors. Other engines are fed by place; the file itself says which name that is, and how real
values are stored.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weighin import named
from weighin.core import WeighinError
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite
from weighin.named import Array, Arrays
from weighin.runtimes._litert import smallest_model

_DTYPES: Mapping[str, Any] = {
    **{
        name: np.dtype(name.lower())
        for name in ("FLOAT64", "FLOAT32", "FLOAT16", "INT64", "INT32", "INT16", "INT8")
    },
    **{name: np.dtype(name.lower()) for name in ("UINT64", "UINT32", "UINT16", "UINT8")},
    "BOOL": np.dtype(bool),
}
_CHUNK = 8  # examples that a thread takes at once


@dataclass(frozen=True)
class Port:
    """One input or output.

    Attributes:
        name: as sessions call it.
        tensor: as the file calls its tensor.
        place: among the file's inputs or outputs.
        shape: of a single example, its batch of 1 included.
        open: which dimensions take any size.
        details: `dtype` and `quantization` (scale, zero point), as `named.stored` takes them.
    """

    name: str
    tensor: str
    place: int
    shape: tuple[int, ...]
    open: frozenset[int]
    details: Mapping[str, Any]

    @property
    def dtype(self) -> Any:
        """NumPy's, of what is stored."""
        return self.details["dtype"]

    def takes(self, shape: Sequence[int]) -> bool:
        """Whether an example of that shape fits, batch included; how many there are is open."""
        return len(shape) == len(self.shape) and all(
            at == 0 or at in self.open or wanted == given
            for at, (wanted, given) in enumerate(zip(self.shape, shape, strict=True))
        )


@dataclass(frozen=True)
class Ports:
    """A file's inputs and outputs, each in the file's order."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def stored(self, inputs: Arrays) -> list[Array]:
        """Real values by name → what the file stores, in its order.

        Raises:
            WeighinError: if names or shapes are not those of the file.
        """
        if len(inputs) == len(self.inputs) == 1:  # whatever a file without names calls it
            inputs = {self.inputs[0].name: next(iter(inputs.values()))}
        if set(inputs) != {port.name for port in self.inputs}:
            names = [port.name or "one without a name" for port in self.inputs]
            raise WeighinError(
                f"the file takes the inputs {', '.join(names)}, not {', '.join(inputs)}"
            )
        for port in self.inputs:
            given = inputs[port.name].shape
            if not port.takes(given):
                wanted = [-1 if at in port.open else size for at, size in enumerate(port.shape)]
                raise WeighinError(
                    f"the file takes inputs of {wanted} as {port.name!r}, not {[*given]}"
                )
        return [
            np.ascontiguousarray(named.stored(inputs[port.name], port.details))
            for port in self.inputs
        ]

    def real(self, raw: Sequence[Array]) -> dict[str, Array]:
        """What the file's outputs store, in its order → real values by name; nothing shared."""
        return {
            port.name: named.real(np.array(raw[port.place], port.dtype), port.details)
            for port in self.outputs
        }


def of_tflite(path: Path) -> Ports:
    """Inputs and outputs of a .tflite file.

    Raises:
        WeighinError: if it is damaged, has no input, or takes or gives what no array holds.
    """
    graph = read_tflite(path)
    inputs = _ports(graph, graph.inputs_by_name(), graph.inputs, path)
    outputs = _ports(graph, graph.outputs_by_name(), graph.outputs, path)
    if not inputs:
        raise WeighinError(f"{path.name} has no inputs")
    return Ports(inputs, outputs)


def _ports(
    graph: Graph, by_name: Mapping[str, int], order: Sequence[int], path: Path
) -> tuple[Port, ...]:
    ports = []
    for name, number in by_name.items():
        tensor = graph.tensors[number]
        if tensor.dtype not in _DTYPES:
            raise WeighinError(
                f"{path.name}: {tensor.label} holds {tensor.dtype}, which is no array of numbers"
            )
        details = {
            "dtype": _DTYPES[tensor.dtype],
            "quantization": (tensor.scale, tensor.zero_point),
        }
        place = order.index(number)
        ports.append(Port(name, tensor.name, place, tensor.shape, tensor.unknown, details))
    return tuple(sorted(ports, key=lambda port: port.place))


def smallest_call(opening: Callable[[Path, int], Any]) -> Callable[[], Any]:
    """A call that computes next to nothing: one operator on one number.

    Args:
        opening: of a runtime, opens a .tflite file with so many threads.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "smallest.tflite"
        path.write_bytes(smallest_model())
        session = opening(path, 1)
    call: Callable[[], Any] = session.inference({"in": np.zeros((1, 1), np.float32)})
    return call


def one_by_one(
    inputs: Arrays, answering: Callable[[], Callable[[Arrays], Arrays]], threads: int = 1
) -> dict[str, Array]:
    """Answer examples each by itself, on several threads side by side.

    Args:
        inputs: by name, each `(n, …)`.
        answering: makes what answers one example, for one thread to use.
        threads: how many there may be.

    Returns:
        Outputs by name, each `(n, …)`.
    """
    count = named.count(inputs)
    threads = max(1, min(threads, -(-count // _CHUNK)))
    waiting, lock = iter(range(0, count, _CHUNK)), threading.Lock()
    answers: dict[int, Arrays] = {}

    def work() -> None:
        answer = answering()
        while True:
            with lock:
                start = next(waiting, None)
            if start is None:
                return
            for at in range(start, min(start + _CHUNK, count)):
                answers[at] = answer(named.taken(inputs, slice(at, at + 1)))

    if threads == 1:
        work()
    else:
        with ThreadPoolExecutor(threads) as pool:
            for running in [pool.submit(work) for _ in range(threads)]:
                running.result()
    return named.joined([answers[at] for at in range(count)])
