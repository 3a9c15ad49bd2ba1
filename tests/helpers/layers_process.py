"""Run in its own process: tries steps and exports on small models of one kind of layer each.

One process for all of them, for TensorFlow loads slowly. `TRIALS` says what is tried; for each the
process prints whether the file is what its name says, how it answers beside the Keras model, or why
there is none. Training is one step.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from helpers.commands import told_by
from helpers.needing import need_tensorflow

from weighin import grammar, registry
from weighin.build import invariants
from weighin.core import Recipe, Variant, WeighinError
from weighin.formats.tflite import read_tflite
from weighin.frameworks import fitting, process, tf_keras

PROGRAM = "from helpers.layers_process import main; main()"
CLASSES, WORDS = 3, 100
TRIALS: dict[str, tuple[str, ...]] = {
    "conv1d": ("prune(0.5)+int8", "cluster(4)", "qat+int8"),
    "conv1d_transpose": ("prune(0.5)", "cluster(4)", "channels(0.5)+int8"),
    "conv2d_transpose": ("prune(0.5)", "qat+int8", "channels(0.5)"),
    "conv3d": ("prune(0.5,pattern=2:4)", "cluster(4)", "channels(0.5)", "int8", "dynamic"),
    "separable1d": ("prune(0.5)", "qat+int8"),
    "depthwise1d": ("prune(0.5)", "cluster(4)", "channels(0.5)"),
    "depthwise1d_alone": ("prune(0.5)", "cluster(4)"),
    "lstm": (
        *("prune(0.5)", "prune(0.5,scope=global)", "cluster(4)", "int8", "int16x8", "qat+int8"),
        *("channels(0.5)", "float32(batch=open)"),
    ),
    "gru": ("prune(0.5)", "cluster(4)", "finetune"),
    "both_ways": ("prune(0.5)", "int8"),
    "embedding": (
        *("prune(0.5)", "prune(0.5)+int8", "cluster(4)", "dynamic", "float16", "int16x8"),
        *("qat+int8", "channels(0.5)", "prune(0.5,pattern=2:4)"),
    ),
    "embedding_of_floats": ("baseline", "int8"),
    "timed": ("prune(0.5)", "cluster(4)", "qat+int8", "channels(0.5)"),
    "attention": ("prune(0.5)", "cluster(4)", "int8", "prune(0.5,block=4x1)", "qat+int8"),
    "masked_attention": ("float16", "baseline"),
    "dense_on_volumes": ("prune(0.5)+int8", "qat+int8", "channels(0.5)"),
    "einsum": ("prune(0.5)", "cluster(4)"),
    "slopes": ("prune(0.5)", "qat+int8"),
}


def seen() -> Any:
    """What `main` prints, run once for all tests."""
    need_tensorflow()
    return told_by(PROGRAM)


def main() -> None:
    """Print what every trial showed, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        seen = {
            kind: {name: trial(kind, name, Path(folder)) for name in names}
            for kind, names in TRIALS.items()
        }
    print(json.dumps(seen))  # noqa: T201 - a program


def in_a_row(shape: Sequence[int], *layers: Any, dtype: str = "float32") -> Any:
    """A sequential model."""
    keras = process.keras()
    entry = keras.layers.Input(shape, dtype=dtype, name="given")
    return keras.Sequential([entry, *layers, keras.layers.Dense(CLASSES, "softmax", name="head")])


def model_of(kind: str) -> Any:
    """A small model with one kind of layer."""
    tf_keras.start_afresh(0)
    keras = process.keras()
    layers, steps = keras.layers, (5, 6)
    flat, pooled = layers.Flatten, layers.GlobalAveragePooling1D

    def attention() -> Any:
        x = layers.Input(steps)
        y = layers.Add()([x, layers.MultiHeadAttention(2, 8)(x, x)])
        y = layers.LayerNormalization()(y)
        return keras.Model(x, layers.Dense(CLASSES, "softmax")(pooled()(y)))

    def masked_attention() -> Any:
        x = layers.Input(steps)
        later = np.triu(np.ones((1, 5, 5), np.float32), 1) * np.float32(-1e9)
        weights = layers.Softmax()(layers.Dense(5)(x) + later)
        y = layers.Dot(axes=(2, 1))([weights, x])
        return keras.Model(x, layers.Dense(CLASSES, "softmax")(flat()(y)))

    makers: dict[str, Callable[[], Any]] = {
        "conv1d": lambda: in_a_row(steps, layers.Conv1D(12, 3, activation="relu"), flat()),
        "conv1d_transpose": lambda: in_a_row(
            steps, layers.Conv1DTranspose(12, 3, strides=2, activation="relu"), flat()
        ),
        "conv2d_transpose": lambda: in_a_row(
            (3, 3, 2), layers.Conv2DTranspose(12, 3, strides=2, activation="relu"), flat()
        ),
        "conv3d": lambda: in_a_row((4, 4, 4, 4), layers.Conv3D(32, 2), layers.Conv3D(8, 2), flat()),
        "separable1d": lambda: in_a_row(steps, layers.SeparableConv1D(12, 3), flat()),
        "depthwise1d": lambda: in_a_row(
            steps, layers.Conv1D(8, 1), layers.DepthwiseConv1D(3), flat()
        ),
        "depthwise1d_alone": lambda: keras.Sequential(
            [layers.Input((4, CLASSES)), layers.DepthwiseConv1D(4), flat(), layers.Softmax()]
        ),
        "lstm": lambda: in_a_row(steps, layers.LSTM(8, name="reader")),
        "gru": lambda: in_a_row(steps, layers.GRU(8)),
        "both_ways": lambda: in_a_row(steps, layers.Bidirectional(layers.GRU(6, unroll=True))),
        "embedding": lambda: in_a_row(
            (7,), layers.Embedding(WORDS, 12), pooled(), layers.Dense(8, "relu"), dtype="int32"
        ),
        "embedding_of_floats": lambda: in_a_row((7,), layers.Embedding(WORDS, 12), pooled()),
        "timed": lambda: in_a_row(steps, layers.TimeDistributed(layers.Dense(8, "relu")), flat()),
        "attention": attention,
        "masked_attention": masked_attention,
        "dense_on_volumes": lambda: in_a_row((2, 3, 6), layers.Dense(8, "relu"), flat()),
        "einsum": lambda: in_a_row(
            steps, layers.EinsumDense("abc,cd->abd", output_shape=(None, 8)), flat()
        ),
        "slopes": lambda: in_a_row((5, 5, 2), layers.Conv2D(6, 3), layers.PReLU(), flat()),
    }
    return makers[kind]()


class Training:
    """What a step asks of training, in one step of it."""

    recipe = Recipe("none", epochs=1, finetune_epochs=1)
    seed, finetune_steps = 0, 4

    def __init__(self, inputs: np.ndarray) -> None:
        """Take inputs; their classes are any."""
        self.inputs, self.classes = inputs, np.arange(len(inputs)) % CLASSES

    def require_epochs(self, step: str) -> None:
        """There are some."""

    def fit(self, model: Any, callbacks: Sequence[Any] = (), masks: Any = None) -> None:
        """Take the first and the last step, and tell the callbacks of those between."""
        tf, keras = process.tensorflow(), process.keras()
        masks = fitting.zeros_kept(model) if masks is None else masks
        trained = fitting.masked(model, masks)
        trained.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
        for at in range(self.finetune_steps):
            for callback in callbacks:
                callback.on_train_batch_begin(at)
            if at in (0, self.finetune_steps - 1):
                trained.train_step((tf.constant(self.inputs), tf.constant(self.classes)))


def inputs_of(model: Any) -> np.ndarray:
    """Inputs that a model takes; of one that looks them up, numbers of words."""
    generator = np.random.default_rng(0)
    shape = (16, *model.input_shape[1:])
    if any(type(layer).__name__ == "Embedding" for layer in model.layers):
        return generator.integers(0, WORDS, shape).astype(model.inputs[0].dtype.name)
    return generator.normal(size=shape).astype(np.float32)


def trial(kind: str, name: str, folder: Path) -> dict[str, Any]:
    """What came of a variant of a model: `refused`, or `claim`, `distance` and more."""
    files: dict[str, Path] = {}

    def built(wanted: Variant) -> Any:
        model = model_of(kind)
        training = Training(inputs_of(model))
        for call in wanted.steps:
            step = registry.steps[call.name]
            model = step(model, training, **grammar.arguments(call, step))
            kept = folder / "model.h5"
            kept.write_bytes(tf_keras.serialize(model))
            model = tf_keras.read(kept, quantized=True)
        export = registry.exports[wanted.export.name]
        arguments = grammar.arguments(wanted.export, export)
        path = folder / f"{kind}-{len(files)}.tflite"
        calibration = {model.input_names[0]: training.inputs}
        path.write_bytes(export(model, calibration, **arguments))
        files[wanted.name] = path
        return model

    def file_of(wanted: Variant) -> Path:
        if wanted.name not in files:
            built(wanted)
        return files[wanted.name]

    wanted = grammar.parse(name)
    try:
        model = built(wanted)
    except WeighinError as error:
        return {"refused": str(error)}
    inputs, path = inputs_of(model), files[wanted.name]
    scores = model(inputs, training=False).numpy()
    seen = {"claim": "", "distance": float(np.abs(answers(path, inputs) - scores).max())}
    try:
        invariants.check(path, wanted, file_of)
    except WeighinError as error:
        seen["claim"] = str(error)
    graph = read_tflite(path)
    held = [*graph.kernels, *(operator.table for operator in graph.operators if operator.table)]
    biases = [w.numpy() for w in model.trainable_weights if "bias" in w.name and "gru" in w.name]
    return seen | {
        "biases": max((float(np.abs(values).max()) for values in biases), default=0.0),
        "zeros": [1 - tensor.nonzero / tensor.size for tensor in held],
        "input": [graph.ends[0].dtype, graph.ends[0].scales],
    }


def answers(path: Path, inputs: np.ndarray) -> np.ndarray:
    """What LiteRT answers to inputs, one at a time."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    entry, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = entry["quantization"]
    outputs = []
    for at in range(len(inputs)):
        one = inputs[at : at + 1]
        if scale:
            one = np.clip(np.rint(one / scale) + zero, -128, 127)
        interpreter.reset_all_variables()
        interpreter.set_tensor(entry["index"], one.astype(entry["dtype"]))
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(end["index"]).astype(np.float32))
    scale, zero = end["quantization"]
    raw = np.concatenate(outputs)
    return (raw - zero) * scale if scale else raw
