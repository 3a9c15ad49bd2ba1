"""Files whose hidden channels lie in the order that compresses best; every answer stays."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np

from weighin import named
from weighin.core import Array, Arrays, WeighinError
from weighin.exports._batch import Batch
from weighin.exports._channel_rules import free_channels
from weighin.exports._channels import Trace
from weighin.exports._editing import Editable
from weighin.exports._idle import clear
from weighin.exports._orders import Orders, searched, starts
from weighin.exports._quantized import Scales
from weighin.exports.compact import compact
from weighin.formats.graph import Graph
from weighin.grammar import above
from weighin.registry import export as register
from weighin.subprocesses import native_output_hidden

TRIES = 500
FEW_TRIES = 50  # of a search, which has many files to make
ASKED = 32  # examples by which the answers are held against the compact file's
_KERNELS = ("AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES")


def _claim(graph: Graph, tries: int, **arguments: Any) -> str | None:
    takers = {number: o for o in graph.operators for number in o.inputs}
    for operator in graph.operators:
        taker = takers.get(operator.outputs[0])
        if operator.name == "RESHAPE" and taker and taker.name == "FULLY_CONNECTED":
            kept = graph.tensors[operator.inputs[-1]]
            if kept.is_constant and operator.outputs[0] not in graph.outputs:
                return f"{graph.tensors[operator.outputs[0]].label} is reshaped for a dense layer"
    breach: str | None = vars(compact)["claim"](graph, **arguments)
    return breach


def _check(export: str, scales: Scales, **_: object) -> None:
    vars(compact)["check"](export, scales)


@register(
    "reorder",
    check=_check,
    claim=_claim,
    uses=(
        *(compact, *vars(compact)["uses"]),
        *(Trace, free_channels, Editable, clear, searched),
    ),
    searched=tuple(
        f"{each},tries={FEW_TRIES}"
        for each in (
            *("int4,scales=tensor", "int8,scales=tensor", "dynamic,scales=tensor"),
            *("int4", "int8"),
        )
    ),
)
def reorder(
    model: Any,
    calibration: Arrays,
    export: Literal["dynamic", "int8", "int16x8", "int4"],
    *,
    scales: Scales = "channel",
    batch: Batch = "one",
    tries: Annotated[int, above(-1)] = TRIES,
) -> bytes:
    """What `compact` yields, in an order that gzip packs better; bit for bit the same answers.

    Hidden channels lie in any order as long as all that follow take them in the same one, and a
    sum of integers is the same in any order: so many orders are tried, and the one is kept whose
    file is smallest after gzip -9. Before that, channels that take part in no answer are zeroed,
    and dense layers flatten what they are given themselves, without an operator for it. Channels
    that a layer of float weights makes or sums over stay.

    Between integers that is exact on any kernels. `dynamic` and `int4` scale each sum as a float,
    which is exact wherever channels are treated alike: it is tried, at each build, with LiteRT's
    default kernels and without its delegate.

    Args:
        model: a Keras model.
        calibration: images for an export that asks for some; the answers are compared on them too.
        export: how weights and activations are stored.
        scales: of `dynamic`, `int8` and `int4`: for each channel of a kernel, or the whole of it.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
        tries: how many orders are tried; each packs the file once (0.03 s for 270 kB).
    """
    options: dict[str, Any] = {"scales": scales, "batch": batch}
    content = compact(model, calibration, export, **options)
    return reordered(content, tries, calibration)


def reordered(content: bytes, tries: int = TRIES, examples: Arrays | None = None) -> bytes:
    """A compact file in an order that gzip packs better.

    Args:
        content: a .tflite file of less than 2 GB, its buffers inside the FlatBuffer.
        tries: how many orders are tried.
        examples: inputs by name, on which the answers are compared; drawn where there are none.

    Raises:
        WeighinError: if an answer is another one: a fault of weighin's.
    """
    file = Editable(content)
    file.drop_reshapes()
    groups = free_channels(file.tensors, file.operators, file.ends, file.constants)
    clear(file.tensors, groups, file.constants)

    def size_of(orders: Orders) -> int:
        return len(gzip.compress(file.file(groups, orders), 9, mtime=0))

    smaller = file.file(groups, searched(starts(groups, file.constants), size_of, tries))
    _check_answers(content, smaller, examples or {})
    return smaller


def _check_answers(before: bytes, after: bytes, examples: Arrays) -> None:
    """Hold two files' answers against each other, to the last bit.

    Raises:
        WeighinError: if one is another.
    """
    for kernels in _KERNELS:
        old, new = (_interpreter(content, kernels) for content in (before, after))
        for example in _asked(old, examples):
            pairs = zip(_answered(old, example), _answered(new, example), strict=True)
            if not all(one.tobytes() == other.tobytes() for one, other in pairs):
                raise WeighinError(
                    f"Reordered, the file answers otherwise with kernels {kernels}: a fault of "
                    f"weighin's. Export it by compact instead of reorder, and report the model."
                )


def _interpreter(content: bytes, kernels: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with native_output_hidden():
        interpreter = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType[kernels],
        )
        interpreter.allocate_tensors()
    return interpreter


def _asked(interpreter: Any, examples: Arrays) -> list[list[Array]]:
    """Examples as a file's inputs store them, in its own order; random ones if none are given."""
    entries = interpreter.get_input_details()
    names = [""] * len(entries)
    if interpreter.get_signature_list():
        runner = interpreter.get_signature_runner()
        name_of = {entry["index"]: name for name, entry in runner.get_input_details().items()}
        names = [name_of[entry["index"]] for entry in entries]
    elif len(examples) == 1:
        names = list(examples)
    if set(names) == set(examples):
        few = named.taken(examples, slice(ASKED))
        return [
            [named.stored(one[name], entry) for name, entry in zip(names, entries, strict=True)]
            for one in named.singly(few)
        ]
    generator = np.random.default_rng(0)
    return [[_drawn(entry, generator) for entry in entries] for _ in range(ASKED)]


def _drawn(entry: Any, generator: np.random.Generator) -> Array:
    dtype, shape = np.dtype(entry["dtype"]), entry["shape"]
    drawn: Array = np.zeros(shape, dtype)  # of ids: others could lie beside the table
    if dtype.kind == "f":
        drawn = generator.normal(size=shape).astype(dtype)
    elif entry["quantization"][0]:
        limits = np.iinfo(dtype)
        drawn = generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return drawn


def _answered(interpreter: Any, example: Sequence[Array]) -> list[Array]:
    interpreter.reset_all_variables()
    for entry, values in zip(interpreter.get_input_details(), example, strict=True):
        interpreter.set_tensor(entry["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details()]
