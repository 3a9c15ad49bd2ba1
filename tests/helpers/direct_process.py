"""What converting models directly, as functions of TensorFlow, gives: for a child process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import WeighinError
from weighin.frameworks import direct, loading, process, tf_keras


def refused(function: Callable[[], Any]) -> str:
    """What is said."""
    try:
        function()
    except WeighinError as error:
        return str(error)
    return ""


def kept(original: Any, shape: tuple[int, ...]) -> Any:
    """A model that goes directly, before and after it was a file."""
    inputs = np.random.default_rng(0).random((5, *shape), np.float32)
    wanted = np.asarray(original(inputs, training=False))
    model = loading.taken(original, "kept", whole=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{tf_keras.format_of(model)}"
        path.write_bytes(tf_keras.serialize(model))
        again = tf_keras.read(path)
    (name,) = model.input_names
    (answers,) = tf_keras.predict(again, {name: inputs}).values()
    (file_answers,) = tf_keras.file_answers(
        bytes(tf_keras.converter(again).convert()), {name: inputs}
    ).values()
    again.many = None
    (singly,) = tf_keras.predict(again, {name: inputs}).values()
    return {
        "same": again.signature == model.signature and again.why == model.why,
        "apart": [float(np.abs(each - wanted).max()) for each in (answers, file_answers, singly)],
        "open": refused(lambda: tf_keras.converter(again, "open")),
        "weights": len(again.weights),
        "why": model.why,
    }


def written() -> Any:
    """A class of Keras 2 that calls layers by code."""
    keras = process.keras()

    class Written(keras.Model):  # type: ignore[misc, name-defined]  # Keras has no types
        def __init__(self) -> None:
            super().__init__()
            self.memory, self.scores = keras.layers.LSTM(3), keras.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.scores(self.memory(inputs * 2))

    model = Written()
    model.compute_output_shape((None, 6, 4))
    return kept(model, (6, 4))


def served() -> Any:
    """SavedModels that are no Keras's: one that is taken, and what is said of others."""
    tf = process.tensorflow()

    class Module(tf.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.kernel = tf.Variable(tf.ones((4, 2)))

        @tf.function  # type: ignore[untyped-decorator]
        def answer(self, left: Any, right: Any) -> Any:
            return {"sum": (left + right) @ self.kernel, "scores": tf.nn.softmax(left)}

    module = Module()
    like = {n: tf.TensorSpec((None, 4), tf.float32, n) for n in ("left", "right")}
    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder) / name for name in ("taken", "none", "open")}
        tf.saved_model.save(
            module, str(places["taken"]), module.answer.get_concrete_function(**like)
        )
        tf.saved_model.save(module, str(places["none"]))
        like["left"] = tf.TensorSpec((None, None), tf.float32, "left")
        tf.saved_model.save(
            module, str(places["open"]), module.answer.get_concrete_function(**like)
        )
        model = direct.of_saved_model("taken", places["taken"], "why")
        ones = np.ones((3, 4), np.float32)
        return {
            "ports": [
                [port.name for port in model.signature.inputs],
                [[port.name, port.kind, port.activation] for port in model.signature.outputs],
            ],
            "answers": {
                name: values.tolist()
                for name, values in tf_keras.predict(
                    model, {"left": ones, "right": 2 * ones}
                ).items()
            },
            "none": refused(lambda: direct.of_saved_model("x", places["none"], "why")),
            "open": refused(lambda: direct.of_saved_model("x", places["open"], "why")),
        }
