"""Run in the process of `helpers.keras_process`: opens small Keras files again and again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from helpers.keras_process import images, net, scores

from weighin.frameworks import process, sessions, tf_keras

CPU = "/CPU:0"
Stored = Callable[[str, Any], Path]


def openings() -> Any:
    """What openings of a file share, and what is read and traced for them."""
    with tempfile.TemporaryDirectory() as folder:

        def stored(name: str, model: Any) -> Path:
            path = Path(folder) / f"{name}.h5"
            path.write_bytes(tf_keras.serialize(model))
            return path

        return {
            "same": same_answers(stored),
            "weights": weights(stored),
            "closed": closed(stored),
            **what_is_kept(stored),
        }


def answer_of(opening: Any) -> np.ndarray:
    """An opening's one output for the images."""
    (values,) = opening({"image": images()}).values()
    return values.numpy()


def same_answers(stored: Stored) -> Any:
    """Whether a first, second and third opening answer as the model, traced by itself, does."""
    keras, tf = process.keras(), process.tensorflow()
    layers = keras.layers

    @keras.utils.register_keras_serializable("weighin_tests")
    class LookedUp(layers.Layer):  # type: ignore[misc, name-defined]  # Keras has no types
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            words = tf.lookup.KeyValueTensorInitializer([0, 1, 2], [0.5, 0.1, 0.3], tf.int64)
            self.table = tf.lookup.StaticHashTable(words, -1.0)

        def call(self, inputs: Any) -> Any:
            return self.table.lookup(tf.cast(inputs * 4, tf.int64))

    models = {
        "variables": net(layers.SeparableConv2D(3, 3), layers.BatchNormalization()),
        "constants": net(layers.Normalization(mean=[0.1, 0.2], variance=[0.5, 2.0])),
        "functions": net(layers.Reshape((8, 4)), layers.LSTM(5)),
        "a table": net(LookedUp()),
    }
    same = {}
    for name, model in models.items():
        alone = tf.function(lambda given, model=model: model(given, training=False))
        wanted = alone(tf.constant(images())).numpy()
        path = stored(name, model)
        answers = [answer_of(sessions.answering(path, CPU)) for _ in range(3)]
        same[name] = [np.array_equal(wanted, answer) for answer in answers]
    return same


def weights(stored: Stored) -> Any:
    """Where three openings keep their weights, and what they answer once the second has others."""
    tf = process.tensorflow()
    layers = process.keras().layers
    file = sessions._TracedFile(stored("weights", net(layers.Conv2D(3, 2))), CPU)
    graphs = [file.open() for _ in range(3)]
    before = [graph(tf.constant(images()))["dense"].numpy() for graph in graphs]
    handles = [graph.get_concrete_function().captured_inputs for graph in graphs]
    addresses = [
        np.asarray(memoryview(tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32))).ctypes
        for opened in handles
        for handle in opened
    ]
    for handle in handles[1]:
        held = tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)
        tf.raw_ops.AssignVariableOp(resource=handle, value=held * 0)
    after = [graph(tf.constant(images()))["dense"].numpy() for graph in graphs]
    return {
        "count": [len(opened) for opened in handles],
        "places": len({address.data for address in addresses}),
        "unchanged": [np.array_equal(old, new) for old, new in zip(before, after, strict=True)],
    }


def closed(stored: Stored) -> Any:
    """Whether an opening answers as before when those before and after it are closed."""
    path = stored("closed", net())
    first, second, third = (sessions.answering(path, CPU) for _ in range(3))
    wanted = answer_of(second)
    del first, third
    return np.array_equal(wanted, answer_of(second))


def what_is_kept(stored: Stored) -> Any:
    """How often a model was called for openings of files: the same, changed, many and large."""
    keras = process.keras()
    calls = []

    @keras.utils.register_keras_serializable("weighin_tests")
    class Counting(keras.layers.Layer):  # type: ignore[misc, name-defined]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            calls.append(self.name)
            return inputs

    def opened(path: Path) -> tuple[Any, int]:
        before = len(calls)
        answer = answer_of(sessions.answering(path, CPU))
        return answer, len(calls) - before

    path = stored("counted", net(Counting()))
    answers, counts = zip(*(opened(path) for _ in range(3)), strict=True)
    changed = net(Counting())
    stored("counted", changed)
    again, recounts = zip(*(opened(path) for _ in range(2)), strict=True)
    alone = scores(changed, images())
    others = [stored(f"other {number}", net()) for number in range(sessions.FILES)]
    for other in others:
        opened(other)
    _, forgotten = opened(path)
    largest, sessions.LARGEST = sessions.LARGEST, path.stat().st_size - 1
    large = [opened(path)[1] for _ in range(2)]
    sessions.LARGEST = largest
    return {
        "calls": counts,
        "changed": {
            "calls": recounts,
            "old answers": np.array_equal(answers[0], again[0]),
            "same answers": np.array_equal(again[0], again[1]),
            "from its model's": max(float(np.abs(alone - answer).max()) for answer in again),
        },
        "calls of a forgotten file": forgotten,
        "kept": sessions._recent.cache_info().currsize,
        "calls of a large file": large,
    }
