"""Finished .tflite files such as users bring: inputs and outputs of any names, order and type."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from helpers.commands import run_python
from helpers.flatbuffer import Graph

from weighin.core import Record, Results
from weighin.records import store

FEATURES, CLASSES = 4, 3
# Each class is where its own feature is high; the last feature says nothing.
WEIGHTS = np.array([[4, -1, -1, 0.5], [-1, 4, -1, 0.5], [-1, -1, 4, 0.5]], np.float32)
WEIGHT_SCALE = 4 / 127


@dataclass(frozen=True)
class End:
    """An input or output of a file: its name, how many values an example has, how they are stored.

    Attributes:
        name: by which it is given or taken.
        size: values of one example.
        dtype: stored type; integers with a scale are quantized.
        scale: of a quantized one.
        zero: the integer that means zero.
    """

    name: str
    size: int
    dtype: str = "float32"
    scale: float | None = None
    zero: int = 0


@dataclass(frozen=True)
class Part:
    """One dense layer from an input of its own to an output of its own."""

    given: End
    taken: End
    weights: npt.NDArray[np.float32]


def part(given: str = "x", taken: str = "scores", weights: Any = WEIGHTS) -> Part:
    """A part of floats."""
    weights = np.asarray(weights, np.float32)
    return Part(End(given, weights.shape[1]), End(taken, weights.shape[0]), weights)


def quantized(each: Part, dtype: str = "int8", top: float = 1.0) -> Part:
    """The same, its input and output stored as int8 or uint8: inputs from 0 to `top`."""
    zero = -128 if dtype == "int8" else 0
    given = dataclasses.replace(each.given, dtype=dtype, scale=top / 255, zero=zero)
    taken = dataclasses.replace(each.taken, dtype=dtype, scale=0.06, zero=zero + 128)
    return Part(given, taken, each.weights)


def content(
    parts: Sequence[Part],
    *,
    batch: int | None = 1,
    stored: str = "",
    signed: bool = False,
    inputs: Sequence[int] = (),
    outputs: Sequence[int] = (),
    softmax: bool = False,
) -> bytes:
    """A .tflite file of parts that share nothing.

    Args:
        parts: each with an input and an output.
        batch: examples that it takes at once; None leaves that open.
        stored: the weights' type: int8 of quantized parts and float32 of others if not given.
        signed: whether a signature names inputs and outputs; its tensors' names say nothing then.
        inputs: in which order the parts' inputs stand; as the parts do if not given.
        outputs: likewise.
        softmax: whether a softmax stands at the end of float parts.
    """
    made = Graph()
    first, is_open = batch or 1, batch is None
    ends = [_part(made, each, first, is_open, stored, softmax, signed) for each in parts]
    into = [ends[at][0] for at in inputs or range(len(parts))]
    out_of = [ends[at][1] for at in outputs or range(len(parts))]
    made.graph.inputs, made.graph.outputs = into, out_of
    if signed:
        made.sign(
            {parts[at].given.name: ends[at][0] for at in inputs or range(len(parts))},
            {parts[at].taken.name: ends[at][1] for at in outputs or range(len(parts))},
        )
    return made.packed()


def write(path: Path, *parts: Part, **options: Any) -> Path:
    """The same as a file; one classifier of floats if no parts are given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content(parts or [part()], **options))
    return path


def _part(
    made: Graph, each: Part, batch: int, is_open: bool, stored: str, softmax: bool, hidden: bool
) -> tuple[int, int]:
    """Add a part; numbers of its input's and output's tensors."""
    number = len(made.graph.tensors)

    def end(what: End, side: str) -> int:
        name = f"{side}{number}" if hidden else what.name
        return made.tensor(
            name, (batch, what.size), what.dtype, None, what.scale, is_open, zero=what.zero
        )

    def inner(what: End, side: str) -> int:
        """The int8 tensor that an operator takes or gives."""
        name = f"{side}{number}/int8"
        zero = what.zero - 128 if what.dtype == "uint8" else what.zero
        return made.tensor(name, (batch, what.size), "int8", None, what.scale, is_open, zero=zero)

    given, is_quantized = end(each.given, "given"), each.given.scale is not None
    fed = given
    if each.given.dtype == "uint8" and is_quantized:
        fed = inner(each.given, "given")
        made.operator("QUANTIZE", [given], [fed], schema.QuantizeOptionsT())
    elif each.given.dtype == "int32":
        fed = made.tensor(f"cast{number}", (batch, each.given.size), "float32", open_batch=is_open)
        options = schema.CastOptionsT()
        made.operator("CAST", [given], [fed], options)
    dtype = stored or ("int8" if is_quantized else "float32")
    if dtype == "int8":
        codes = np.round(each.weights / WEIGHT_SCALE).astype(np.int8)
        weights = made.tensor(f"weights{number}", codes.shape, "int8", codes, WEIGHT_SCALE)
    else:
        weights = made.tensor(f"weights{number}", each.weights.shape, "float32", each.weights)
    taken = end(each.taken, "taken")
    out = taken
    if each.taken.dtype == "uint8" and is_quantized:
        out = inner(each.taken, "taken")
    elif softmax:
        out = made.tensor(
            f"logits{number}", (batch, each.taken.size), "float32", open_batch=is_open
        )
    made.operator("FULLY_CONNECTED", [fed, weights], [out], schema.FullyConnectedOptionsT())
    if out != taken and is_quantized:
        made.operator("QUANTIZE", [out], [taken], schema.QuantizeOptionsT())
    elif out != taken:
        softened = schema.SoftmaxOptionsT()
        softened.beta = 1.0
        made.operator("SOFTMAX", [out], [taken], softened)
    return given, taken


def labelled(n: int = 120, wrong: int = 6) -> dict[str, npt.NDArray[Any]]:
    """`x_test` from 0 to 1 and the classes that `WEIGHTS` answer, but for a few."""
    generator = np.random.default_rng(3)
    x = generator.uniform(0, 1, (n, FEATURES)).astype(np.float32)
    y = (x @ WEIGHTS.T).argmax(axis=1).astype(np.int64)
    y[:wrong] = (y[:wrong] + 1) % CLASSES
    return {"x_test": x, "y_test": y}


def write_data(path: Path, **options: Any) -> Path:
    """The same as an .npz."""
    np.savez(path, **labelled(**options))
    return path


PROGRAM = """
import sys
from weighin.cli import main
try:
    main(sys.argv[1:], prog_name="weighin")
except SystemExit as ended:
    code = ended.code
there = {"tensorflow", "keras", "tf_keras"} & set(sys.modules)
print("loaded:", *there, file=sys.stderr)
sys.exit(code)
"""
"""The command, which tells at the end which training frameworks it has loaded."""

QUICK = ("--pair-seconds", "0.1")


@dataclass(frozen=True)
class FinishedRun:
    """What became of weighing finished files in a process of its own.

    Attributes:
        folder: in which it ran.
        code: its exit code.
        out: standard output.
        err: standard error.
    """

    folder: Path
    code: int
    out: str
    err: str

    @property
    def path(self) -> Path:
        """The one results file."""
        (path,) = (self.folder / "results" / "local").glob("*.json")
        return path

    @property
    def results(self) -> Results:
        """What it holds."""
        return store.load(self.path)

    def one(self, metric: str, variant: str = "baseline") -> Record:
        """A metric's record."""
        (record,) = (
            each
            for each in self.results.records
            if (each.metric, each.variant) == (metric, variant)
        )
        return record


def weigh_files(folder: Path, *words: str | Path, environment: Mapping[str, str]) -> FinishedRun:
    """Run `weighin weigh` in a folder, which its results are written under."""
    done = run_python(
        "-c", PROGRAM, "weigh", *words, *QUICK, environment=environment, folder=folder
    )
    return FinishedRun(folder, done.returncode, done.stdout, done.stderr)


def write_searched(folder: Path) -> None:
    """A float classifier of 5 classes by 256 features, and 600 examples, a tenth of them wrong."""
    generator = np.random.default_rng(4)
    weights = generator.normal(0, 0.3, (5, 256)).astype(np.float32)
    x = generator.uniform(0, 1, (600, 256)).astype(np.float32)
    y = (x @ weights.T).argmax(axis=1)
    np.savez(folder / "d.npz", x_test=x, y_test=np.where(np.arange(600) % 10 == 0, (y + 1) % 5, y))
    write(folder / "float.tflite", part(weights=weights), softmax=True)
