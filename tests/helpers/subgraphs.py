"""Small .tflite files of several subgraphs made by hand: loops, branches, initializers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Graph

STATE, WIDTH = (1, 4), 4


class Model(Graph):
    """A model while it is put together, one subgraph after the other."""

    def values(self, values: Any, dtype: str = "float32") -> int:
        """A constant."""
        array = np.asarray(values, dtype)
        return self.tensor("constant", array.shape, dtype, array)

    def computed(self, *shape: int, dtype: str = "float32", signature: Sequence[int] = ()) -> int:
        """A tensor that an operator makes, or an input."""
        number = self.tensor("computed", shape, dtype)
        self.graph.tensors[number].hasRank = True
        if signature:
            self.graph.tensors[number].shapeSignature = list(signature)
        return number

    def ends(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Say what flows in and out of the subgraph that is being made."""
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)

    def begin(self, name: str) -> int:
        """Begin another subgraph; its number."""
        self.graph = schema.SubGraphT()
        self.graph.name = name
        self.graph.tensors, self.graph.operators = [], []
        self.graph.inputs, self.graph.outputs = [], []
        self.model.subgraphs.append(self.graph)
        return len(self.model.subgraphs) - 1

    def custom(self, code: str, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """A custom operator."""
        self.operator("CUSTOM", inputs, outputs)
        self.model.operatorCodes[-1].customCode = code

    def dense(self, data: int, weights: int, width: int = WIDTH) -> int:
        """A dense layer on one row; its output."""
        output = self.computed(1, width)
        self.operator("FULLY_CONNECTED", [data, weights], [output], schema.FullyConnectedOptionsT())
        return output

    def sign(self, key: str, subgraph: int) -> None:
        """A signature that a subgraph answers."""
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = key, subgraph
        self.model.signatureDefs = [*(self.model.signatureDefs or []), signature]

    def write(self, path: Path) -> Path:
        """Write it to a file; its path."""
        path.write_bytes(self.packed())
        return path


def options(kind: str, **fields: int) -> Any:
    """Options of an operator."""
    made = getattr(schema, f"{kind}T")()
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def loop(
    limit: str = "constant", compare: str = "LESS", start: int = 0, step: int = 1, steps: int = 5
) -> Model:
    """A model whose first subgraph runs a loop that multiplies its state by 4×4 weights.

    Args:
        limit: where the number of steps comes from: a `constant` in the condition, one `outside`,
            the `shape` of a tensor outside, an `input` of the model, or `both` of two constants,
            the second larger.
        compare: how the condition compares.
        start: what the counter begins with.
        step: what is added to it.
        steps: the limit.
    """
    model = Model()
    state = model.computed(*STATE)
    given = [state]
    if limit == "input":
        outside = model.computed(dtype="int32")
        given.append(outside)
    elif limit == "shape":
        sequence, shape, outside = (
            model.computed(1, steps, 3),
            model.computed(3, dtype="int32"),
            model.computed(dtype="int32"),
        )
        given.append(sequence)
        model.operator("SHAPE", [sequence], [shape], options("ShapeOptions"))
        model.operator(
            "STRIDED_SLICE",
            [shape, *(model.values([at], "int32") for at in (1, 2, 1))],
            [outside],
            options("StridedSliceOptions", shrinkAxisMask=1),
        )
    else:
        outside = model.values(steps, "int32")
    counter, initial = model.values(start, "int32"), model.values(np.zeros(STATE))
    weights = model.values(np.arange(16).reshape(4, 4))
    made = [model.computed(dtype="int32"), model.computed(*STATE), model.computed(*STATE)]
    made += [model.computed(4, 4), model.computed(dtype="int32")]
    model.operator(
        "WHILE",
        [counter, initial, state, weights, outside],
        made,
        options("WhileOptions", condSubgraphIndex=1, bodySubgraphIndex=2),
    )
    model.ends(given, [made[1]])
    for name in ("condition", "body"):
        model.begin(name)
        inputs = [model.computed(dtype="int32"), model.computed(*STATE), model.computed(*STATE)]
        inputs += [model.computed(4, 4), model.computed(dtype="int32")]
        if name == "body":
            counted = model.computed(dtype="int32")
            model.operator("ADD", [inputs[0], model.values(step, "int32")], [counted])
            output = model.dense(inputs[1], inputs[3])
            model.ends(inputs, [counted, output, *inputs[2:]])
            continue
        inside = limit in ("constant", "both")
        end = model.values(steps, "int32") if inside else inputs[4]
        more = [model.computed(dtype="int32") for _ in range(3)]
        sides = [end, inputs[0]] if compare.startswith("GREATER") else [inputs[0], end]
        model.operator(compare, sides, [more[0]])
        if limit == "both":
            model.operator(compare, [inputs[0], model.values(steps + 3, "int32")], [more[1]])
            model.operator("LOGICAL_AND", more[:2], [more[2]])
        model.ends(inputs, [more[2 if limit == "both" else 0]])
    return model


def branches(first: int, second: int) -> Model:
    """A model whose first subgraph runs one of two dense layers of such widths."""
    model = Model()
    condition, data, output = model.computed(dtype="int32"), model.computed(1, 4), model.computed()
    model.operator(
        "IF",
        [condition, data],
        [output],
        options("IfOptions", thenSubgraphIndex=1, elseSubgraphIndex=2),
    )
    model.ends([condition, data], [output])
    for width in (first, second):
        model.begin("branch")
        given = model.computed(1, 4)
        model.ends([given], [model.dense(given, model.values(np.ones((width, 4))), width)])
    return model
