"""Files whose hidden channels lie in the order that compresses best; every answer stays."""

from __future__ import annotations

import gzip
from typing import Annotated, Any, Literal

from weighin.core import Arrays, WeighinError
from weighin.exports import _asking, _biases, int4
from weighin.exports._batch import Batch
from weighin.exports._channel_rules import free_channels
from weighin.exports._channels import Trace
from weighin.exports._editing import Editable
from weighin.exports._idle import clear
from weighin.exports._orders import Orders, searched, starts
from weighin.exports._quantized import Scales
from weighin.exports.compact import compact
from weighin.exports.dynamic import SMALLEST
from weighin.formats.graph import Graph
from weighin.grammar import above, between
from weighin.registry import export as register

TRIES = 500
FEW_TRIES = 50  # of a search, which has many files to make
FEW_BITS = 6  # that biases keep in a search
_KERNELS = ("AUTO", _asking.PLAIN)


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


def _check(export: str, *, tries: int, **arguments: Any) -> None:
    vars(compact)["check"](export, **arguments)


@register(
    "reorder",
    check=_check,
    claim=_claim,
    mixes=True,
    uses=(
        *(compact, *vars(compact)["uses"]),
        *(Trace, free_channels, Editable, clear, searched, _asking.interpreter),
    ),
    searched=tuple(
        f"{each},tries={FEW_TRIES}"
        for each in (
            f"int4,scales=tensor,fit=outputs,smallest=0,bias_bits={FEW_BITS}",
            "int4,scales=tensor",
            *(f"int8,scales=tensor,bias_bits={FEW_BITS}", "int8,scales=tensor"),
            "dynamic,scales=tensor",
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
    fit: int4.Fit = "range",
    smallest: Annotated[int, above(-1)] = SMALLEST,
    batch: Batch = "one",
    bias_bits: Annotated[int, between(0, _biases.MOST + 1)] = _biases.WHOLE,
    tries: Annotated[int, above(-1)] = TRIES,
) -> bytes:
    """What `compact` yields, in an order that gzip packs better; bit for bit the same answers.

    Blocks and patterns of `prune` go apart: all its zeros stay, but not where they were.

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
        fit: of `int4`: by what a scale is chosen, `range` or `outputs`.
        smallest: of `int4`: kernels of fewer weights stay float.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
        bias_bits: that biases keep, as of `compact`; 0 for all there are.
        tries: how many orders are tried; each packs the file once (0.03 s for 270 kB).
    """
    kernels: dict[str, Any] = {"scales": scales, "fit": fit, "smallest": smallest}
    content = compact(model, calibration, export, batch=batch, bias_bits=bias_bits, **kernels)
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
        old, new = (_asking.interpreter(content, kernels) for content in (before, after))
        for example in _asking.examples(old, examples) or _asking.drawn(old):
            both = (_asking.answers(each, example) for each in (old, new))
            pairs = zip(*both, strict=True)
            if not all(one.tobytes() == other.tobytes() for one, other in pairs):
                raise WeighinError(
                    f"Reordered, the file answers otherwise with kernels {kernels}: a fault of "
                    f"weighin's. Export it by compact instead of reorder, and report the model."
                )
