"""Keras models as functions from inputs to outputs: read and traced once, opened many times.

A measurement opens a file dozens of times, since latency depends on where an opening's weights and
graph happen to lie in memory. So every opening has weights and a graph of its own; what it shares
with others is how the graph is described.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from weighin.core import Arrays
from weighin.files import state
from weighin.frameworks import tf_keras
from weighin.frameworks.process import tensorflow

FILES = 4  # whose models are kept in memory: two for a pair, and two that are looked at in between
LARGEST = 128_000_000  # bytes of a file whose model is kept


def answering(path: Path, device: str, *, jit: bool = False) -> Callable[[Arrays], Any]:
    """Open an .h5 file: its model compiled into one graph, from inputs to outputs by name.

    A file that was opened lately and has not changed is not read again.

    Args:
        path: the file.
        device: in TensorFlow's words, such as `/CPU:0`.
        jit: whether XLA compiles the graph, at the first call with inputs of each shape.

    Raises:
        OSError: if the file cannot be read.
    """
    tf = tensorflow()
    _forget_at_exit()
    if path.stat().st_size <= LARGEST:
        traced = _recent(path.resolve(), state(path), device, jit)
    else:
        traced = _TracedFile(path, device, jit)
    graph = traced.open()

    def answer(inputs: Arrays) -> Any:
        with tf.device(device):
            return graph(*(inputs[name] for name in traced.inputs))

    return answer


@lru_cache(maxsize=FILES)
def _recent(path: Path, unchanged: tuple[int, ...], device: str, jit: bool) -> _TracedFile:
    """A file in that state, kept for the next opening."""
    return _TracedFile(path, device, jit)


@cache
def _forget_at_exit() -> None:
    """Drop what is kept before TensorFlow's modules are, without which it cannot be dropped."""
    atexit.register(_recent.cache_clear)


class _TracedFile:
    """A model's graph, to be opened again and again."""

    def __init__(self, path: Path, device: str, jit: bool = False) -> None:
        """Read the model; its graph is traced when it is first called."""
        tf = tensorflow()
        model = tf_keras.read(path)
        self._device = device
        self._jit = True if jit else None  # as `tf.function` is told; False would forbid it
        self.inputs = tuple(model.input_names)
        self._like = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs]
        self._first = tf.function(
            lambda *inputs: tf_keras.answered(model, inputs),
            input_signature=self._like,
            jit_compile=self._jit,
        )
        self._opened = False

    def open(self) -> Any:
        """A `tf.function` from inputs, in order, to outputs by name, with weights of its own.

        The first has those that were read, so that a process that opens a file once, as for a
        cold start, does no more than it must. They are never written to.
        """
        if self._opened:
            return self._copy()
        self._opened = True
        return self._first

    def _copy(self) -> Any:
        """The same operations over new weights.

        They are captured, not passed, and it is a `tf.function` as the first one is: so a call
        takes the same way.
        """
        tf = tensorflow()
        definition, inputs, outputs, originals = self._parts
        if self._jit:
            definition = _without_placeholders(definition, inputs)
        weights = [_copied(original) for original in originals]

        def copy(*examples: Any) -> Any:
            graph = tf.compat.v1.get_default_graph()
            captured = [graph.capture(getattr(weight, "handle", weight)) for weight in weights]
            given = dict(zip(inputs, [*examples, *captured], strict=True))
            answers = tf.graph_util.import_graph_def(
                definition, given, list(outputs.values()), name=""
            )
            return dict(zip(outputs, answers, strict=True))

        return tf.function(copy, input_signature=self._like, autograph=False, jit_compile=self._jit)

    @cached_property
    def _parts(self) -> tuple[Any, list[str], dict[str, str], list[Any]]:
        """The graph's definition, its inputs' names, its outputs' by ours, and what it captured."""
        with tensorflow().device(self._device):  # under another device it would be traced anew
            traced = self._first.get_concrete_function()
        variables = {id(variable.handle): variable for variable in traced.variables}
        return (
            traced.graph.as_graph_def(),
            [tensor.name for tensor in traced.inputs],
            {name: tensor.name for name, tensor in traced.structured_outputs.items()},
            [variables.get(id(tensor), tensor) for tensor in traced.captured_inputs],
        )


def _without_placeholders(definition: Any, inputs: list[str]) -> Any:
    """A graph's definition without the nodes that its inputs are put in the place of.

    They would stay in the copy, where nothing uses them; XLA refuses them all the same. One that
    is unused in the first graph, too, stays, for nothing could be put in its place otherwise.
    """
    used = {name.split(":")[0].lstrip("^") for node in definition.node for name in node.input}
    replaced = {name.split(":")[0] for name in inputs} & used
    kept = type(definition)()
    kept.CopyFrom(definition)
    del kept.node[:]
    kept.node.extend(node for node in definition.node if node.name not in replaced)
    return kept


def _copied(original: Any) -> Any:
    """A variable or constant of the same values, on the same device, in memory of its own."""
    tf = tensorflow()
    if original.dtype in (tf.resource, tf.variant):  # such as a table of words, never written to
        return original
    kind = tf.Variable if isinstance(original, tf.Variable) else tf.constant
    with tf.device(original.device):
        return kind(original.numpy())  # by way of NumPy, for TensorFlow would share the buffer
