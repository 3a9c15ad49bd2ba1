"""Run in its own process: finds heads of small Keras models, trains some, prints it as JSON."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from helpers.commands import told_by
from helpers.needing import need_tensorflow
from helpers.tiny import tiny_arrays

from weighin import grammar, registry
from weighin.core import Recipe, ReferenceModel, Split, WeighinError
from weighin.datasets.loading import from_arrays
from weighin.frameworks import clustering, fitting, heads, process, tf_keras, toolkit
from weighin.frameworks.training import Trainer

PROGRAM = "from helpers.heads_process import main; main()"
STEPS = ("finetune", "prune(0.5)", "cluster(8)", "qat", "channels(0.25)")
RECIPE = Recipe("tiny", epochs=3, finetune_epochs=1, batch_size=8, learning_rate=0.01)


def seen() -> Any:
    """What `main` prints, run once for all tests."""
    need_tensorflow()
    return told_by(PROGRAM)


def main() -> None:
    """Print it all, as JSON."""
    tf_keras.start_afresh(0)
    parts = (plain, wrapped, mistakes, alike, steps, binary, untrained)
    print(json.dumps({part.__name__: part() for part in parts}))  # noqa: T201 - a program


def net(*more: Any) -> Any:
    """A small sequential model that ends in these layers."""
    layers = process.keras().layers
    return process.keras().Sequential([layers.Input((6, 6, 1)), layers.Flatten(), *more])


def described(model: Any) -> list[Any]:
    """What is found of a model's head."""
    head = heads.signature_of(model).output
    return [head.layer, head.activation, head.units]


def plain() -> dict[str, list[Any]]:
    """The heads of models as people write them."""
    keras = process.keras()
    layers, tf = keras.layers, process.tensorflow()

    def dense(units: int = 3, activation: Any = None) -> Any:
        return layers.Dense(units, activation, name="end")

    def functional(end: Callable[[Any], Any]) -> Any:
        entry = layers.Input((6, 6, 1))
        return keras.Model(entry, end(dense()(layers.Flatten()(entry))))

    def convolved(activation: Any, *more: Any) -> Any:
        entry = layers.Input((6, 6, 1))
        end = layers.Conv2D(3, 6, activation=activation, name="end")
        return keras.Sequential([entry, end, *more])

    inner = net(dense(3, "softmax"))
    entry, recurrent = layers.Input((6, 1)), layers.LSTM(3, "softmax", name="end")
    models = {
        "softmax": net(dense(3, "softmax")),
        "linear": net(dense()),
        "sigmoid": net(dense(1, "sigmoid")),
        "relu": net(dense(3, "relu")),
        "tf.nn": net(dense(3, tf.nn.softmax)),
        "log": net(dense(3, tf.nn.log_softmax)),
        "softmax layer": net(dense(), layers.Softmax(name="soft")),
        "activation layer": net(dense(), layers.Activation("softmax", name="soft")),
        "linear activation layer": net(dense(3, "softmax"), layers.Activation("linear")),
        "dropout": net(dense(), layers.Dropout(0.1), layers.Reshape((3,))),
        "convolution": convolved("softmax", layers.Flatten()),
        "pooled": convolved(None, layers.GlobalAveragePooling2D()),
        "many softmaxes": net(layers.Reshape((6, 6)), layers.Softmax(name="end"), layers.Flatten()),
        "normalized": net(dense(3, "softmax"), layers.BatchNormalization(name="norm")),
        "function": functional(tf.nn.softmax),
        "sum": functional(lambda x: layers.Add(name="sum")([x, x])),
        "nested": keras.Sequential([layers.Input((6, 6, 1)), inner, layers.Dropout(0.1)]),
        "nested body": keras.Sequential(
            [layers.Input((6, 6, 1)), net(layers.Dense(4, "relu")), dense(3, "softmax")]
        ),
        "recurrent": keras.Sequential([entry, recurrent]),
    }
    return {name: described(model) for name, model in models.items()}


def wrapped() -> dict[str, list[Any]]:
    """The heads of models of each kind after the toolkit's wrappers, a mask, a file."""
    layers = process.keras().layers
    found = {}
    ends = {
        "linear": lambda: [layers.Dense(3, name="end")],
        "softmax": lambda: [layers.Dense(3, "softmax", name="end")],
        "layer": lambda: [layers.Dense(3), layers.Softmax(name="end")],
    }
    for name, end in ends.items():
        first, second, third, *others = (  # the toolkit changes what it wraps
            net(layers.Dense(8, "relu", name="hidden"), *end()) for _ in range(5)
        )
        kernel = third.get_layer("hidden").kernel
        ways = {
            "qat": toolkit.quantization_aware(first),
            "cluster": clustering.clustered(second, 4, "LINEAR"),
            "masked": fitting.masked(third, [(kernel, fitting.variable(kernel.numpy()))]),
            "file": reloaded(others[0]),
            "qat file": reloaded(toolkit.quantization_aware(others[1])),
        }
        found |= {f"{name} {way}": described(after)[1:] for way, after in ways.items()}
    return found


def reloaded(model: Any) -> Any:
    """A model after it was written and read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        path.write_bytes(tf_keras.serialize(model))
        return tf_keras.read(path, quantized=True)


def trainer(recipe: Recipe = RECIPE, classes: int = 3) -> Trainer:
    """A trainer on the tiny images, or on those of their first two classes."""
    arrays = tiny_arrays()
    if classes == 2:
        parts = {part: arrays[f"y_{part}"] < 2 for part in ("train", "test")}
        arrays = {name: array[parts[name[2:]]] for name, array in arrays.items()}
    return Trainer(recipe, from_arrays("tiny", arrays, classes=classes, scale=1 / 255), 0)


def fed(teacher: Trainer, model: Any) -> Trainer:
    """A trainer whose data have the names and the shape that a model takes."""
    dataset = teacher.dataset.fed_to(heads.signature_of(model))
    return dataclasses.replace(teacher, dataset=dataset)


def started(create: Callable[[Any], Any], recipe: Recipe = RECIPE, classes: int = 3) -> Any:
    """A dense start."""
    return trainer(recipe, classes).dense_start(ReferenceModel("mine", create, {})).model


def mistakes() -> dict[str, Any]:
    """What is said of models that do not fit the data, before anything is trained."""

    def sequential(shape: tuple[int, ...], *ends: Any, flat: bool = True) -> Callable[[Any], Any]:
        def create(keras: Any) -> Any:
            layers = keras.layers
            body = [layers.Flatten(name="flat")] if flat else []
            made = [layers.Dense(*end, name="end") for end in ends]
            return keras.Sequential([layers.Input(shape, name="entry"), *body, *made])

        return create

    def two(keras: Any) -> Any:
        first, second = (keras.layers.Input((6, 6, 1), name=name) for name in ("left", "right"))
        total = keras.layers.Flatten()(keras.layers.Add()([first, second]))
        return keras.Model([first, second], keras.layers.Dense(3, "softmax")(total))

    def two_answers(keras: Any) -> Any:
        entry = keras.layers.Input((6, 6, 1))
        flat = keras.layers.Flatten()(entry)
        ends = [keras.layers.Dense(3, "softmax", name=name)(flat) for name in ("one", "other")]
        return keras.Model(entry, ends)

    right = (6, 6, 1)
    cases: dict[str, tuple[Callable[[Any], Any], Recipe, int]] = {
        "shape": (sequential((5, 6, 1), (3, "softmax")), RECIPE, 3),
        "rank": (sequential((36,), (3, "softmax"), flat=False), RECIPE, 3),
        "too few": (sequential(right, (2, "softmax")), RECIPE, 3),
        "too many": (sequential(right, (10, "softmax")), RECIPE, 3),
        "one of three": (sequential(right, (1, "sigmoid")), RECIPE, 3),
        "softmax of one": (sequential(right, (1, "softmax")), RECIPE, 2),
        "one score": (sequential(right, (1,)), RECIPE, 2),
        "maps": (sequential(right, (3, "softmax"), flat=False), RECIPE, 3),
        "sigmoids": (sequential(right, (3, "sigmoid")), RECIPE, 3),
        "relu": (sequential(right, (3, "relu")), RECIPE, 3),
        "named": (sequential(right, (3, "softmax")), loss("crossentropy_from_logits"), 3),
        "two inputs": (two, RECIPE, 3),
        "two outputs": (two_answers, RECIPE, 3),
        "written": (lambda keras: type("Written", (keras.Model,), {})(), RECIPE, 3),
        "nothing": (lambda keras: None, RECIPE, 3),
    }
    fitted: list[object] = []
    fit, process.keras().Model.fit = process.keras().Model.fit, lambda *_, **__: fitted.append(1)
    said = {}
    for name, (create, recipe, classes) in cases.items():
        try:
            started(create, recipe, classes)
        except WeighinError as error:
            said[name] = str(error)
    process.keras().Model.fit = fit
    return said | {"fitted": fitted}


def loss(name: Any) -> Recipe:
    """The recipe with a loss named."""
    return Recipe("tiny", 3, 1, 8, 0.01, loss=name)


def bare(keras: Any) -> Any:
    """A model without a softmax."""
    return net(keras.layers.Dense(12, "relu"), keras.layers.Dense(3))


def right_share(model: Any, classes: int = 3) -> float:
    """The share of test images that a model answers right."""
    data = trainer(classes=classes).dataset.test
    scores = answered(model, data)
    answers = scores.argmax(axis=1) if scores.shape[1] > 1 else scores[:, 0] > 0.5
    return float((answers == data.target).mean())


def answered(model: Any, data: Split) -> np.ndarray:
    """The one output of a model for all examples."""
    (inputs,) = data.inputs().values()
    return model.predict(inputs[..., np.newaxis], verbose=0)


def alike() -> dict[str, float]:
    """How far two trained models are apart, one with a softmax, one without; what each answers."""

    def soft(keras: Any) -> Any:
        return net(keras.layers.Dense(12, "relu"), keras.layers.Dense(3, "softmax"))

    test = trainer().dataset.test
    scores, probabilities = (answered(started(create), test) for create in (bare, soft))
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = exponentials / exponentials.sum(axis=1, keepdims=True)
    return {"apart": float(np.abs(shares - probabilities).max()), "top": float(probabilities.max())}


def steps() -> dict[str, list[float]]:
    """Right answers of a model of bare scores before and after each step, read from a file."""
    shares = {}
    model = started(bare)
    for name in STEPS:
        (call,) = grammar.parse(name).steps
        step = registry.steps[call.name]
        again = reloaded(model)
        after = step(again, fed(trainer(), again), **grammar.arguments(call, step))
        shares[name] = [right_share(model), right_share(after)]
    return shares


def binary() -> dict[str, Any]:
    """Right answers of one sigmoid unit on two classes, before and after more training."""

    def one(keras: Any) -> Any:
        return net(keras.layers.Dense(12, "relu"), keras.layers.Dense(1, "sigmoid"))

    model = started(one, classes=2)
    before = right_share(model, 2)
    fed(trainer(classes=2), model).fit(model)
    return {"before": before, "after": right_share(model, 2)}


def untrained() -> dict[str, list[Any]]:
    """What no loss fits can be weighed where nothing is trained; a model without an input layer."""
    still = Recipe("tiny", epochs=0, finetune_epochs=0)

    def sigmoids(keras: Any) -> Any:
        return net(keras.layers.Dense(3, "sigmoid"))

    def deferred(keras: Any) -> Any:
        return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3, name="end")])

    return {
        "sigmoids": list(started(sigmoids, still).output_shape),
        "deferred": described(started(deferred)),
    }
