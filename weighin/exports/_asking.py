"""LiteRT's interpreter, asked a few examples while a file is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weighin import named
from weighin.core import Array, Arrays
from weighin.subprocesses import native_output_hidden

ASKED = 32  # examples
PLAIN = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"  # kernels that leave each operator by itself


def interpreter(content: bytes, kernels: str, *, keeps_all: bool = False) -> Any:
    """A file opened, ready to answer.

    Args:
        content: the file.
        kernels: the name of LiteRT's own choice of them.
        keeps_all: whether what flows between operators can be read after an inference.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with native_output_hidden():
        opened = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType[kernels],
            experimental_preserve_all_tensors=keeps_all,
        )
        opened.allocate_tensors()
    return opened


def examples(opened: Any, inputs: Arrays) -> list[list[Array]]:
    """Some examples as a file's inputs store them, in its own order; none if they do not fit it.

    Args:
        opened: an interpreter.
        inputs: by the names of the file's signature, or in any one name; each `(n, …)`.
    """
    entries = opened.get_input_details()
    names = [""] * len(entries)
    if opened.get_signature_list():
        runner = opened.get_signature_runner()
        name_of = {entry["index"]: name for name, entry in runner.get_input_details().items()}
        names = [name_of[entry["index"]] for entry in entries]
    elif len(inputs) == 1:
        names = list(inputs)
    if set(names) != set(inputs):
        return []
    few = named.taken(inputs, slice(ASKED))
    return [
        [named.stored(one[name], entry) for name, entry in zip(names, entries, strict=True)]
        for one in named.singly(few)
    ]


def drawn(opened: Any) -> list[list[Array]]:
    """As many examples at random."""
    generator = np.random.default_rng(0)
    return [
        [_drawn(entry, generator) for entry in opened.get_input_details()] for _ in range(ASKED)
    ]


def answers(opened: Any, example: Sequence[Array]) -> list[Array]:
    """What a file answers one example, as it stores it."""
    opened.reset_all_variables()
    for entry, values in zip(opened.get_input_details(), example, strict=True):
        opened.set_tensor(entry["index"], values)
    opened.invoke()
    return [opened.get_tensor(entry["index"]) for entry in opened.get_output_details()]


def _drawn(entry: Any, generator: np.random.Generator) -> Array:
    dtype, shape = np.dtype(entry["dtype"]), entry["shape"]
    drawn: Array = np.zeros(shape, dtype)  # of ids: others could lie beside the table
    if dtype.kind == "f":
        drawn = generator.normal(size=shape).astype(dtype)
    elif entry["quantization"][0]:
        limits = np.iinfo(dtype)
        drawn = generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return drawn
