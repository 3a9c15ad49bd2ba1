"""What the layers of a .tflite file are called, by the names of its tensors.

A converter names a tensor by the path of the layer and the operation that made it, and by several
of them, joined by `;`, where it has fused them: `model/dense/MatMul`,
`model/bn/FusedBatchNormV3;model/conv2d_1/BiasAdd;model/conv2d_2/Conv2D;model/conv2d_1/Conv2D1`.
Such a name may hold other layers' too, which share a constant with this one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from weighin.formats.graph import Graph, Operator

# What the operation is called, in a name, that an operator comes from
_OPERATIONS = {
    "CONV_2D": ("conv2d", "conv1d", "convolution"),
    "DEPTHWISE_CONV_2D": ("depthwise", "conv2d", "convolution"),
    "CONV_3D": ("conv3d", "convolution"),
    "TRANSPOSE_CONV": ("conv2d_transpose", "conv2d_backprop_input", "conv_transpose"),
    "FULLY_CONNECTED": ("matmul", "tensordot", "einsum", "dot_general"),
    "BATCH_MATMUL": ("matmul", "einsum", "dot_general"),
}
_ANONYMOUS = re.compile(r"(arith\.constant|tfl\.pseudo_\w*|\d*)\d*")


def layer_of(graph: Graph, operator: Operator) -> str:
    """The name of the layer that an operator is: `model/conv2d_1/Conv2D`; empty if it has none.

    Of the weights' name, or of the output's where that says nothing, the part that names this kind
    of operator, else the first.
    """
    weights = operator.weights.name if operator.weights else ""
    outputs = (graph.tensors[number].name for number in operator.outputs if number >= 0)
    for name in itertools.chain([weights], outputs):
        if not is_anonymous(name):
            return _own_part(operator.name, name)
    return ""


def is_anonymous(name: str) -> bool:
    """Whether a tensor's name says nothing of a layer, as some converters name constants."""
    return _ANONYMOUS.fullmatch(name) is not None


def matches(pattern: str, layer: str) -> bool:
    """Whether a layer's name is meant by a pattern: the whole of it, or one word of its path.

    `*` and `?` stand for any characters and for one. `conv2d` means `model/conv2d/Conv2D` and not
    `model/conv2d_1/Conv2D`; `block1/*` does not mean `model/block10/add`.
    """
    if not layer:
        return False
    words = layer.split("/")
    tails = ["/".join(words[at:]) for at in range(len(words))]
    return any(fnmatchcase(text, pattern) for text in (*tails, *words))


def matching(graph: Graph, pattern: str, operators: Iterable[Operator]) -> list[Operator]:
    """The operators whose layers a pattern means."""
    return [operator for operator in operators if matches(pattern, layer_of(graph, operator))]


def _own_part(kind: str, name: str) -> str:
    parts = [part for part in name.split(";") if part]
    operations = _OPERATIONS.get(kind, ())
    for operation in operations:
        for part in parts:
            if re.fullmatch(rf"{operation}\d*", part.rpartition("/")[2].lower()):
                return part
    return parts[0] if parts else ""
