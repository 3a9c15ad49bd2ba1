"""Layers that a recipe leaves in another precision: `except=conv2d|block1*:int16`."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from typing import Any

from weighin.core import WeighinError
from weighin.exports import _recipes
from weighin.exports._recipes import ACTIVATIONS, WEIGHTS, Entry
from weighin.formats.graph import Graph, Operator
from weighin.formats.layer_names import layer_of, matching

NONE = "none"
PRECISIONS = ("float", "int16", "int8")  # that layers may be left in


def parsed(text: str) -> list[tuple[str, str]]:
    """`conv2d|block1*:int16` as patterns of names of layers, each with its precision."""
    if text == NONE:
        return []
    parsed = []
    for word in text.split("|"):
        pattern, colon, precision = word.rpartition(":")
        is_said = bool(colon) and precision in PRECISIONS
        parsed.append((pattern, precision) if is_said else (word, "float"))
    return parsed


def check(text: str, made: Sequence[Entry] | None) -> None:
    """Refuse exceptions that make no sense.

    Args:
        text: the exceptions.
        made: the recipe's entries, as far as there are any here.

    Raises:
        ValueError: if a layer is not named, or 16 bits are asked for where activations stay float.
    """
    for pattern, precision in parsed(text):
        if not pattern:
            raise ValueError(
                f"except={text} must name layers, joined by '|', each with ':int8' or ':int16' "
                f"behind it if it is not to stay float"
            )
        static = made is None or any(ACTIVATIONS in each["op_config"] for each in made)
        if precision == "int16" and not static:
            raise ValueError(
                f"{pattern}:int16 is of activations that are quantized in the file, and this "
                f"recipe leaves them float: take a static one"
            )


def excepted(graph: Graph, exceptions: str) -> Iterator[tuple[Operator, str]]:
    """The operators of a graph that exceptions name, and the precision that each is left in.

    Raises:
        WeighinError: if a pattern means no layer; it lists those that there are.
    """
    for pattern, precision in parsed(exceptions):
        meant = matching(graph, pattern, graph.operators)
        if not meant:
            names = [layer_of(graph, each) for each in graph.operators if each.kernels]
            known = ", ".join(filter(None, dict.fromkeys(names)))
            raise WeighinError(
                f"except={pattern} names no layer of this file. Its layers with weights are: "
                f"{known or 'without names'}. A name stands for one word of these paths or the "
                f"whole, * for any characters."
            )
        yield from ((operator, precision) for operator in meant)


def entry(made: Sequence[Entry], kind: Any, scope: str, precision: str) -> Entry:
    """An entry that leaves one operator in a precision.

    Args:
        made: the recipe's entries.
        kind: the operator, as litert-quantizer calls it.
        scope: by which litert-quantizer finds the operator: its outputs' names.
        precision: `float`, or `int16` and `int8` as the recipe's own first entry does it.

    Raises:
        WeighinError: if litert-quantizer cannot do that.
    """
    regex = f"^{re.escape(scope)}$"
    if precision == "float":
        return {"regex": regex, "operation": kind, "algorithm_key": "no_quantize", "op_config": {}}
    usual = next(filter(_recipes.does, made))
    left = copy.deepcopy(usual) | {"regex": regex, "operation": kind}
    config = left["op_config"]
    config[WEIGHTS] |= {"num_bits": 8}
    if ACTIVATIONS in config:
        wide = precision == "int16"
        config[ACTIVATIONS] |= {"num_bits": 16 if wide else 8, "symmetric": wide}
    ways = [
        (algorithm, granularity)
        for granularity in (config[WEIGHTS].get("granularity"), _recipes.granularities()["channel"])
        for algorithm in (left["algorithm_key"], _recipes.algorithms()["min_max_uniform_quant"])
    ]
    for algorithm, granularity in ways:
        left["algorithm_key"] = algorithm
        config[WEIGHTS]["granularity"] = granularity
        if _recipes.is_supported(left, kind):
            return left
    raise WeighinError(
        f"{_recipes.called()} has no {precision} for {kind.value} ({scope}): leave it float."
    )
