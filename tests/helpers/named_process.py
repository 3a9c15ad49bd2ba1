"""Run in its own process: trains and converts small models of several inputs and outputs."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from helpers.commands import told_by
from helpers.needing import need_tensorflow

from weighin import grammar, registry
from weighin.core import Recipe, ReferenceModel, Task, WeighinError
from weighin.datasets.loading import from_arrays
from weighin.formats.tflite import read_tflite
from weighin.frameworks import heads, process, sessions, tf_keras, toolkit
from weighin.frameworks.training import DenseStart, Trainer

PROGRAM = "from helpers.named_process import main; main()"
EXPORTS = ("float32", "dynamic", "float16", "int8", "int16x8", "compact(int8)", "sparse")
WORDS, LENGTH, N = 300, 5, 60


def seen() -> Any:
    """What `main` prints, run once for all tests."""
    need_tensorflow()
    return told_by(PROGRAM)


def main() -> None:
    """Print it all, as JSON."""
    tf_keras.start_afresh(0)
    parts = (trained, exports, openings, output_names, misfits, starts, built)
    print(json.dumps({part.__name__: part() for part in parts}))  # noqa: T201 - a program


class Both(Task):
    """A class and two numbers, each by the name of its output."""

    name = "both"
    losses = ("mse",)


def two(keras: Any) -> Any:
    """Numbers and token ids in, a class and two numbers out."""
    layers = keras.layers
    numbers = layers.Input((6,), name="left-ear")
    ids = layers.Input((LENGTH,), dtype="int32", name="ids")
    words = layers.Flatten()(layers.Embedding(WORDS, 16, name="words")(ids))
    joined = layers.Concatenate()([layers.Dense(16, "relu")(numbers), words])
    hidden = layers.Dense(48, "relu")(joined)
    kind = layers.Dense(3, "softmax", name="kind")(hidden)
    return keras.Model([numbers, ids], [kind, layers.Dense(2, name="size")(hidden)])


def arrays(**changes: Any) -> dict[str, Any]:
    """Both inputs and both targets, out of order, with some of them changed or left out."""
    generator = np.random.default_rng(0)
    whole = {}
    for part in ("train", "test"):
        ids = generator.integers(0, WORDS, (N, LENGTH))
        numbers = generator.random((N, 6))
        whole |= {
            f"y_{part}/size": np.stack([numbers.sum(axis=1), ids[:, 0] / WORDS], axis=1),
            f"y_{part}/kind": np.eye(3)[ids[:, 1] % 3],
            f"x_{part}/ids": ids.astype(np.uint16),
            f"x_{part}/left-ear": (numbers * 100).astype(np.uint8),
        }
    for name, values in changes.items():
        for part in ("train", "test"):
            key = f"x_{part}/{name.replace('_', '-')}"
            whole.pop(key, None)
            if values is not None:
                whole[key] = values
    return whole


def trainer(recipe: Recipe, given: dict[str, Any], **scale: float) -> Trainer:
    """A trainer on arrays."""
    scale = scale or {"left-ear": 0.01}
    return Trainer(recipe, from_arrays("mixed", given, scale=scale), 0)


RECIPE = Recipe(
    "mixed", epochs=12, finetune_epochs=1, batch_size=8, learning_rate=0.01, task=Both()
)


def start(
    create: Callable[[Any], Any] = two,
    given: dict[str, Any] | None = None,
    recipe: Recipe = RECIPE,
    **scale: float,
) -> DenseStart:
    """A dense start."""
    model = ReferenceModel("mine", create, {})
    return trainer(recipe, arrays() if given is None else given, **scale).dense_start(model)


@cache
def started() -> tuple[DenseStart, dict[str, Any]]:
    """The trained model and its first inputs."""
    begun = start()
    fed = trainer(RECIPE, arrays()).dataset.fed_to(begun.signature)
    return begun, fed.train.inputs(0, 40)


def trained() -> Any:
    """How far outputs are from their targets, of a model and after it was trained on."""
    begun, _ = started()
    data = trainer(RECIPE, arrays()).dataset.fed_to(begun.signature)
    teacher = dataclasses.replace(trainer(RECIPE, arrays()), dataset=data)

    def errors(model: Any) -> dict[str, float]:
        answers = tf_keras.predict(model, data.train.inputs())
        return {
            name: float(np.abs(values - data.train.targets[name]).mean())
            for name, values in answers.items()
        }

    random = errors(two(process.keras()))
    before = errors(begun.model)
    teacher.fit(begun.model)
    return {
        "random": random,
        "before": before,
        "after": errors(begun.model),
        "inputs": [str(port) for port in begun.signature.inputs],
        "outputs": [str(port) for port in begun.signature.outputs],
        "given": {name: str(values.dtype) for name, values in data.train.inputs(0, 1).items()},
    }


def exports() -> Any:
    """Of each export's file the types of its ends, and how far its answers are from the model's."""
    begun, inputs = started()
    wanted = tf_keras.predict(begun.model, inputs)
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        for name in EXPORTS:
            call = grammar.parse(name).export
            export = registry.exports[call.name]
            content = export(begun.model, inputs, **grammar.arguments(call, export))
            path.write_bytes(content)
            graph = read_tflite(path)
            types = [
                {
                    end: [graph.tensors[at].dtype, graph.tensors[at].scales]
                    for end, at in ends.items()
                }
                for ends in (graph.inputs_by_name(), graph.outputs_by_name())
            ]
            told[name] = {"types": types}
            answers = tf_keras.file_answers(content, inputs)
            told[name]["apart"] = {
                end: float(np.abs(values - answers[end]).max()) for end, values in wanted.items()
            }
    return told


def openings() -> Any:
    """Whether the first and later openings of a file answer by name as the model does."""
    begun, inputs = started()
    wanted = tf_keras.predict(begun.model, inputs)
    turned = dict(reversed(inputs.items()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        path.write_bytes(tf_keras.serialize(begun.model))
        apart = []
        for _ in range(3):
            answers = sessions.answering(path, "/CPU:0")(turned)
            apart += [
                float(np.abs(values - answers[name].numpy()).max())
                for name, values in wanted.items()
            ]
    return {"apart": apart, "names": [list(wanted), list(answers)]}


def output_names() -> Any:
    """Names of outputs that a layer gives several of, or that the toolkit has wrapped."""
    keras = process.keras()
    layers, tf = keras.layers, process.tensorflow()

    def named(end: Callable[[Any], Any]) -> Any:
        entry = layers.Input((4,), name="entry")
        return keras.Model(entry, end(layers.Dense(4, name="end")(entry)))

    def both(x: Any) -> Any:
        return [x, layers.Dense(2, name="more")(x)]

    models = {
        "twice": named(lambda x: [x, x]),
        "split": named(lambda x: tf.split(x, 2, axis=1)),
        "wrapped": toolkit.quantization_aware(named(both)),
    }
    asked = {"entry": np.ones((2, 4), np.float32)}
    told = {}
    for name, model in models.items():
        names = [port.name for port in heads.signature_of(model).outputs]
        told[name] = [names, list(tf_keras.predict(model, asked))]
    return told


def misfits() -> Any:
    """What is said of data that do not fit a model, before anything is trained."""
    ids, numbers = np.zeros((N, LENGTH), np.int64), np.zeros((N, 6))
    places = np.tri(6, dtype=int) + np.zeros((N, 6, 6), int)

    def text(keras: Any) -> Any:
        entry = keras.layers.Input((), dtype="string", name="words")
        return keras.Model(entry, keras.layers.StringLookup(vocabulary=["a"])(entry))

    def alike(keras: Any) -> Any:
        first, second = (keras.layers.Input((6,), name=name) for name in ("one", "other"))
        total = keras.layers.Add()([first, second])
        return keras.Model([first, second], keras.layers.Dense(2)(total))

    def masks(keras: Any) -> Any:
        entry = keras.layers.Input((6, 6, 1), name="x")
        return keras.Model(entry, keras.layers.Conv2D(1, 1, activation="sigmoid")(entry))

    def alone(x: Any, y: Any) -> dict[str, Any]:
        return {"x_train": x, "x_test": x, "y_train": y, "y_test": y}

    moving = dataclasses.replace(RECIPE, shift=1, task=None)
    cases: dict[str, Callable[[], Any]] = {
        "missing": lambda: start(given=arrays(ids=None)),
        "too many": lambda: start(given=arrays(third=numbers)),
        "another name": lambda: start(
            given=arrays(ids=None, left_ear=None, a=numbers[:, :5], b=ids), a=1.0
        ),
        "ambiguous": lambda: start(alike, arrays(ids=numbers)),
        "rank": lambda: start(given=arrays(ids=ids[..., None, None])),
        "fractions": lambda: start(given=arrays(ids=ids + 0.5)),
        "scaled": lambda: start(ids=0.5),
        "too large": lambda: start(given=arrays(ids=ids + 2**40)),
        "words": lambda: start(given=arrays(ids=ids + WORDS)),
        "text": lambda: start(text, alone(numbers[:, 0], numbers), x=1.0),
        "moved": lambda: start(masks, alone(np.ones((N, 6, 6)), places), moving, x=2.0),
        "targets": lambda: start(
            given={name.replace("/size", "/width"): values for name, values in arrays().items()}
        ),
    }
    fitted: list[object] = []
    fit, process.keras().Model.fit = process.keras().Model.fit, lambda *_, **__: fitted.append(1)
    said = {}
    for name, case in cases.items():
        try:
            case()
        except WeighinError as error:
            said[name] = str(error)
    process.keras().Model.fit = fit
    return said | {"fitted": fitted}


def starts() -> Any:
    """Whether models that nothing trains count as trained, and keep the weights they came with."""
    still = Recipe("mixed", epochs=0, finetune_epochs=0, task=Both())

    def bringing(keras: Any) -> Any:
        model = two(keras)
        model.set_weights([np.full(weight.shape, 0.125) for weight in model.get_weights()])
        return model

    depths = [2, 3]

    def growing(keras: Any) -> Any:
        more = [keras.layers.Dense(4) for _ in range(depths.pop())]
        entry = keras.layers.Input((6,), name="x")
        return keras.Sequential([entry, *more, keras.layers.Dense(2)])

    brought = start(bringing, recipe=still)
    numbers = np.random.default_rng(0).random((N, 6))
    alone = {"x_train": numbers, "x_test": numbers}
    alone |= {"y_train": numbers[:, :2], "y_test": numbers[:, :2]}
    return {
        "drawn": start(recipe=still).trained,
        "brought": brought.trained,
        "kept": all((weight.numpy() == 0.125).all() for weight in brought.model.weights),
        "other layers": start(growing, alone, still, x=2.0).trained,
    }


def built() -> Any:
    """What a Sequential without an input layer takes, of images without channels."""
    keras = process.keras()
    layers = keras.layers
    images, labels = np.zeros((N, 6, 6), np.uint8), np.arange(N) % 3
    given = {"x_train": images, "x_test": images, "y_train": labels, "y_test": labels}
    model = keras.Sequential(
        [layers.Rescaling(0.5), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)]
    )
    heads.build(model, from_arrays("images", given, classes=3))
    (port,) = heads.signature_of(model).inputs
    return [list(port.shape), port.dtype]
