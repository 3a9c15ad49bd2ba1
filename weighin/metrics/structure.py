"""What a file holds, read from the file: parameters, their entropy, multiply-accumulates."""

from __future__ import annotations

from typing import Any

from weighin.core import Figure, Skip
from weighin.formats.graph import Graph
from weighin.outcomes import Compressed
from weighin.registry import formats, metric

_NO_GRAPH = Skip("multiply-accumulates are counted in .tflite files; see that of this variant")


@metric(
    "parameters", kind="count", better="lower", scope="artifact", column=False, comparison="none"
)
def parameters(file: Compressed) -> Figure:
    """Trained values, biases included."""
    return Figure(_content(file).parameters)


@metric(
    "nonzero_parameters",
    kind="count",
    better="lower",
    scope="artifact",
    column=False,
    comparison="none",
)
def nonzero_parameters(file: Compressed) -> Figure:
    """Trained values that are not zero."""
    return Figure(_content(file).nonzero_parameters)


@metric(
    "entropy_bytes",
    title="entropy bound",
    unit="B",
    better="lower",
    scope="artifact",
    column=False,
    comparison="none",
)
def entropy_bytes(file: Compressed) -> Figure:
    """Entropy bound of the trained values: no code that takes each for itself gets below.

    The sum over tensors of size × H / 8, with H the Shannon entropy in bits of the distribution
    of the tensor's stored values, zeros included (Shannon 1948). What each code word stands for
    has to be known besides, which counts where hardly any value occurs twice, as in float32. A
    code that looks at neighbours too, as gzip does, may get below.
    """
    return Figure(_content(file).entropy_bytes)


@metric("macs", kind="count", better="lower", scope="artifact", column=False, comparison="none")
def macs(file: Compressed) -> Figure | Skip:
    """Multiply-accumulates of one inference."""
    graph = _graph(file)
    return _NO_GRAPH if graph is None else _if_whole(graph, graph.macs)


@metric(
    "effective_macs",
    kind="count",
    better="lower",
    scope="artifact",
    column=False,
    comparison="none",
)
def effective_macs(file: Compressed) -> Figure | Skip:
    """Multiply-accumulates by weights that are not zero."""
    graph = _graph(file)
    return _NO_GRAPH if graph is None else _if_whole(graph, graph.effective_macs)


@metric("depth", kind="count", scope="artifact", column=False, comparison="none")
def depth(file: Compressed) -> Figure | Skip:
    """Layers on the longest path through the Keras model, its input counted.

    As keras.io counts the depth of its applications: 23 for VGG16, 126 for Xception.
    """
    if formats[file.artifact.format].has_graph:
        return Skip("depth is counted in Keras files; see that of this variant")
    layers = _content(file).depth
    return Skip("a layer is used again after itself") if layers is None else Figure(layers)


def _if_whole(graph: Graph, count: int) -> Figure | Skip:
    """The count, unless it is only a lower bound: a table would show that as if it were all."""
    if not graph.uncounted:
        return Figure(count)
    reason = f"at least {count:,}; not counted: {', '.join(graph.uncounted)}"
    return Skip(reason, "not measured")


def _graph(file: Compressed) -> Graph | None:
    return _content(file) if formats[file.artifact.format].has_graph else None


def _content(file: Compressed) -> Any:
    """A graph, or a Keras file's layers: both know their trained values."""
    return formats[file.artifact.format].read(file.artifact.path)
