"""What rules say of graphs of a few operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from helpers.flatbuffer import encode
from helpers.support import record

from weighin import grammar
from weighin.diagnostics import rules
from weighin.diagnostics.rules import Facts
from weighin.formats.graph import Graph, Operator, Tensor
from weighin.formats.sparsity import Sparsity

RULES = {rule.name: rule for rule in rules.RULES}
EMPTY = Graph((), (), (), ())
WIDTHS = {"FLOAT32": 4, "FLOAT16": 2, "INT8": 1}  # bytes of a value
OLD, NEW, ARM = ("avx", "avx2"), ("avx", "avx2", "avx512_vnni"), ("asimd",)


def said(rule: str, graph: Graph = EMPTY, name: str = "baseline", **known: Any) -> str | None:
    """What one rule says of a variant and a graph."""
    return RULES[rule].say(Facts(grammar.parse(name), graph, **known))


def kernel(*shape: int, zeros: float = 0.0, sparse: bool = False) -> Tensor:
    """Weights of which such a share is zero."""
    size = int(np.prod(shape))
    values = np.ones(size, np.float32)
    values[: round(zeros * size)] = 0
    if not sparse:
        return Tensor(0, "kernel", shape, "FLOAT32", values.view(np.uint8), 0, 0)
    made = encode(values.reshape(shape))
    encoded = Sparsity(made.order, made.blocks, made.levels)
    return Tensor(0, "kernel", shape, "FLOAT32", made.values.view(np.uint8), 0, 0, encoded)


def graph(*operators: tuple[str, Tensor | None]) -> Graph:
    """A graph of operators with these weights, the first of stride 2, and nothing else."""
    made = tuple(
        Operator(name, (0,), (0,), weights, positions=1, stride=1 if at else 2)
        for at, (name, weights) in enumerate(operators)
    )
    return Graph((), made, (), ())


def layers(*kinds: tuple[str, str], flowing: str = "FLOAT32", sizes: Sequence[int] = ()) -> Graph:
    """A graph of operators on one activation, each by its name and its weights' type.

    Args:
        kinds: name and type; an empty type for an operator without weights.
        flowing: the activation's type.
        sizes: how many weights each operator has, 64 if not given; each is used once.
    """
    tensors = [Tensor(0, "flowing", (1, 8), flowing, np.empty(0, np.uint8), 0, 0)]
    operators = []
    for at, (name, dtype) in enumerate(kinds):
        inputs: tuple[int, ...] = (0,)
        weights = None
        if dtype:
            size = sizes[at] if sizes else 64
            data = np.ones(size // 2 if dtype == "INT4" else size * WIDTHS[dtype], np.uint8)
            weights = Tensor(len(tensors), f"w{at}", (1, size), dtype, data, 1, 0)
            tensors.append(weights)
            inputs = (0, weights.index)
        operators.append(Operator(name, inputs, (0,), weights, positions=1))
    return Graph(tuple(tensors), tuple(operators), (0,), (0,))


def mobile(
    first: Tensor | None = None, zeros: float = 0.8, sparse: bool = True, name: str = "CONV_2D"
) -> Graph:
    """A graph that XNNPACK's sparse path is made for, but for what is changed."""
    return graph(
        (name, first or kernel(8, 3, 3, 3)),
        ("DEPTHWISE_CONV_2D", kernel(1, 3, 3, 8)),
        ("CONV_2D", kernel(500, 1, 1, 8, zeros=zeros, sparse=sparse)),
    )


def speedup(verdict: str) -> dict[str, Any]:
    """Records with the verdict of a pair."""
    return {"speedup": record("speedup", 1.0, variant="x", verdict=verdict)}


def sizes(file: float | None, packed: float | None) -> dict[str, Any]:
    """Records of a file's size."""
    return {"file_bytes": record("file_bytes", file), "gzip_bytes": record("gzip_bytes", packed)}
