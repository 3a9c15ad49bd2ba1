"""Operators as a .tflite file has them, before anything is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from weighin.formats.budget import NUMBER, RECORD, Budget

# Of each kind of options those fields that are read, by the schema's names.
_OPTIONS: dict[str, tuple[str, ...]] = {
    "Conv2DOptions": ("StrideH", "StrideW"),
    "BatchMatMulOptions": ("AdjX", "AdjY"),
    "ConcatenationOptions": ("Axis",),
    "LSTMOptions": ("KernelType",),
    "StridedSliceOptions": ("BeginMask", "ShrinkAxisMask"),
    "CallOptions": ("Subgraph",),
    "CallOnceOptions": ("InitSubgraphIndex",),
    "IfOptions": ("ThenSubgraphIndex", "ElseSubgraphIndex"),
    "WhileOptions": ("CondSubgraphIndex", "BodySubgraphIndex"),
}
_OPTIONS_2: dict[str, tuple[str, ...]] = {
    "StableHLOCompositeOptions": ("DecompositionSubgraphIndex",)
}


@dataclass(frozen=True)
class Node:
    """An operator as the file has it.

    Attributes:
        name: as the schema calls it; of a custom operator `CUSTOM` and its code.
        inputs: numbers of tensors of the graph; -1 for one that is left out.
        outputs: numbers of tensors of the graph.
        options: those that are read, by the schema's names; none where the file has none.
        known: whether the schema knows it: it is neither custom nor of a later schema.
        subgraph: the number of the subgraph that it belongs to.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, int]
    known: bool = True
    subgraph: int = 0


class Codes:
    """The operators that a file names, and the schema's names for them."""

    def __init__(self, model: Any, schema: Any, budget: Budget) -> None:
        """Look the names up once, for all operators."""
        self._model, self._schema, self._budget = model, schema, budget
        self._builtins = names(schema.BuiltinOperator)
        self._options = names(schema.BuiltinOptions)
        self._options_2 = names(schema.BuiltinOptions2)

    def node(self, operator: Any, subgraph: int, offset: int, tensors: int) -> Node:
        """An operator of the schema.

        Args:
            operator: of the schema.
            subgraph: the number of its subgraph.
            offset: the number in the graph of its subgraph's first tensor.
            tensors: how many tensors its subgraph has.

        Raises:
            IndexError: if it names a tensor that is not there.
            ValueError: if the file would take too much memory.
        """
        self._budget.take("an operator", RECORD)
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        # a code beside a builtin's number, as litert-quantizer writes with MUL, is not looked at
        custom = number == self._schema.BuiltinOperator.CUSTOM
        return Node(
            _custom_name(code) if custom else self._builtins.get(number, f"operator {number}"),
            shifted(operator.InputsAsNumpy(), offset, tensors, self._budget),
            shifted(operator.OutputsAsNumpy(), offset, tensors, self._budget),
            self._read(operator),
            number in self._builtins and not custom,
            subgraph,
        )

    def _read(self, operator: Any) -> dict[str, int]:
        table, kind = operator.BuiltinOptions(), self._options.get(operator.BuiltinOptionsType())
        fields = _OPTIONS
        if operator.BuiltinOptions2() is not None:
            table = operator.BuiltinOptions2()
            kind = self._options_2.get(operator.BuiltinOptions2Type())
            fields = _OPTIONS_2
        if table is None or kind not in fields:
            return {}
        options = getattr(self._schema, kind)()
        options.Init(table.Bytes, table.Pos)
        return {field: int(getattr(options, field)()) for field in fields[kind]}


def _custom_name(code: Any) -> str:
    """Its code behind a word that no name of the schema has: it may be called like one of them."""
    return f"CUSTOM {(code.CustomCode() or b'').decode(errors='replace')}".strip()


def shifted(numbers_array: Any, offset: int, tensors: int, budget: Budget) -> tuple[int, ...]:
    """Numbers of a subgraph's tensors as numbers of the graph's; -1 stands for none, and stays.

    Raises:
        IndexError: if there is no such tensor.
    """
    given = numbers(numbers_array, budget)
    if any(not -1 <= number < tensors for number in given):
        raise IndexError("an operator names a tensor that is not there")
    return tuple(number if number == -1 else number + offset for number in given)


def names(enumeration: type) -> dict[int, str]:
    """The names of an enumeration of the schema."""
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def numbers(array: Any, budget: Budget) -> tuple[int, ...]:
    """A vector of the schema; empty if the file has none.

    Raises:
        ValueError: if the file would take too much memory.
    """
    if not isinstance(array, np.ndarray):
        return ()
    budget.take("a vector", NUMBER * len(array))
    return tuple(array.tolist())
