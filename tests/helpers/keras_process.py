"""Run in its own process: does with small Keras 2 models what training is made of, prints it.

One process for the tests of several modules of weighin.frameworks, for TensorFlow loads slowly.
"""

from __future__ import annotations

import functools
import importlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from helpers.commands import told_by
from helpers.needing import need_tensorflow

from weighin.build import worker
from weighin.core import Recipe, ReferenceModel, Split, WeighinError
from weighin.datasets.loading import from_arrays
from weighin.formats.keras import read_weights
from weighin.frameworks import downloads, fitting, process, tf_keras, toolkit, training
from weighin.frameworks.fingerprint import fingerprint, own_files
from weighin.steps._masks import largest, patterned

PROGRAM = (
    "from helpers import keras_openings, keras_process as own; own.main(keras_openings.openings)"
)


def seen() -> Any:
    """What `main` prints, run once for all tests."""
    need_tensorflow()
    return told_by(PROGRAM)


def main(*more: Callable[[], Any]) -> None:
    """Print it all, as JSON; also what parts of other modules answer."""
    tf_keras.start_afresh(0)
    parts = (
        batches,
        masks,
        settled,
        kernels,
        pruning,
        schemes,
        files,
        weights,
        finite,
        alone,
    )
    answers = {part.__name__: part() for part in (*parts, fingerprints, imagenet, *more)}
    print(json.dumps(answers))  # noqa: T201 - a program


def net(*more: Any) -> Any:
    """A small model whose dense layer is called `dense`."""
    layers = process.keras().layers
    return process.keras().Sequential(
        [
            layers.Input((4, 4, 2), name="image"),
            *more,
            layers.Flatten(),
            layers.Dense(3, "softmax", name="dense"),
        ]
    )


def images(count: int = 20) -> np.ndarray:
    """The same images always."""
    return np.random.default_rng(3).random((count, 4, 4, 2), np.float32)


def scores(model: Any, asked: np.ndarray) -> np.ndarray:
    """The one output of a model that takes images."""
    (answers,) = tf_keras.predict(model, {"image": asked}).values()
    return answers


def refusal(function: Callable[..., Any], *words: Any) -> str:
    """What is said where something is refused; nothing where it is not."""
    try:
        function(*words)
    except WeighinError as error:
        return str(error)
    return ""


def batches() -> Any:
    """Two epochs' labels, batch by batch, by three seeds; each image is its label."""
    labels = np.arange(23)
    part = Split({"x": labels.astype(np.float32).reshape(-1, 1, 1, 1)})
    sets = [fitting.batches(part, labels, 5, seed) for seed in (1, 1, 2)]

    def epoch(pairs: Any) -> list[list[int]]:
        return [y.numpy().tolist() for x, y in pairs if np.array_equal(x.numpy().ravel(), y)]

    return {
        "epochs": [[epoch(pairs) for _ in range(2)] for pairs in sets],
        "tuned": sets[0].options().autotune.enabled,
    }


def masks() -> Any:
    """A model before and after it was trained with its zeros kept."""
    model = net()
    kernel = model.get_layer("dense").kernel
    dense = fitting.zeros_kept(model)
    kernel.assign(np.where(np.arange(96).reshape(32, 3) % 2, kernel.numpy(), 0))
    before = kernel.numpy()
    kept = fitting.zeros_kept(model)
    masked = fitting.masked(model, kept)
    masked.compile("sgd", "sparse_categorical_crossentropy")
    masked.fit(images(), np.arange(20) % 3, verbose=0)
    after = kernel.numpy()
    return {
        "dense": len(dense),
        "names": [weight.name for weight, _ in kept],
        "zeros": [(before == 0).tolist() == (after == 0).tolist(), int((after == 0).sum())],
        "trained": bool((before != after).any()),
        "same model": fitting.masked(model, []) is model,
    }


def settled() -> Any:
    """What normalization and scores are like before and after a model was settled."""
    normalization = process.keras().layers.BatchNormalization(momentum=0.9)
    model = net(normalization)
    kernel = model.get_layer("dense").kernel
    kernel.assign(kernel * 0.1)  # scores of about a third
    before = float(np.max(model(images())))
    fitting.settle(model, {"image": images()})
    return {
        "scores": [before, float(np.max(model(images())))],
        "mean": normalization.moving_mean.numpy().tolist(),
        "wanted": images().mean(axis=(0, 1, 2)).tolist(),
        "momentum": normalization.momentum,
    }


def alone() -> Any:
    """Whether a model starts from a test part alone without a look at it, and is trained on it."""
    arrays = {"x_test": images(), "y_test": np.arange(len(images())) % 3}
    data = from_arrays("alone", arrays, classes=3)
    trainer = training.Trainer(Recipe("alone", epochs=0, finetune_epochs=1), data, 0)

    def create(keras: Any) -> Any:
        return net(keras.layers.BatchNormalization(name="normalization"))

    start = trainer.dense_start(ReferenceModel("mine", create, {}))
    return {
        "mean": start.model.get_layer("normalization").moving_mean.numpy().tolist(),
        "refused": refusal(trainer.fit, start.model),
    }


def kernels() -> Any:
    """Which kernels the toolkit prunes, in a model inside a model, and what it does not know."""
    keras = process.keras()
    inner = keras.Sequential(
        [keras.layers.Input((4, 4, 2)), keras.layers.Conv2D(2, 3, padding="same", name="inside")]
    )

    class Unknown(keras.layers.Layer):  # type: ignore[misc, name-defined]  # Keras has no types
        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(name="kernel", shape=(2, 2))

        def call(self, inputs: Any) -> Any:
            return inputs @ self.kernel

    model = net(inner, keras.layers.DepthwiseConv2D(3, padding="same", name="depthwise"))
    return {
        "layers": [layer.name for layer, _ in toolkit.prunable_kernels(model)],
        "shapes": [list(weight.shape) for _, weight in toolkit.prunable_kernels(model)],
        "refused": refusal(toolkit.prunable_kernels, net(Unknown(name="odd"))),
    }


def pruning() -> Any:
    """Whether our masks are those of the toolkit's own pruning, by what is pruned and how."""
    tf = process.tensorflow()
    plan = process.toolkit().sparsity.keras.ConstantSparsity
    path = "tensorflow_model_optimization.python.core.sparsity.keras.pruning_impl"
    rule = importlib.import_module(path).Pruning
    generator = np.random.default_rng(0)
    same = {}
    cases: list[tuple[tuple[int, ...], float, list[int], tuple[int, int] | None]] = [
        ((40, 30), 0.8, [1, 1], None),
        ((7, 5), 0.31, [1, 1], None),
        ((12, 8), 0.5, [4, 1], None),
        ((12, 8), 0.75, [2, 4], None),
        ((3, 3, 8, 5), 0.5, [1, 1], (2, 4)),
        ((16, 6), 0.25, [1, 1], (1, 4)),
    ]
    for shape, sparsity, block, pattern in cases:
        scores = generator.random(shape, dtype=np.float32)
        mask, threshold = tf.Variable(tf.ones(shape)), tf.Variable(0.0)
        theirs = rule(
            lambda: tf.constant(1),
            [(tf.Variable(scores), mask, threshold)],
            plan(sparsity, 0, frequency=1),
            block_size=block,
            block_pooling_type="AVG",
            sparsity_m_by_n=pattern,
        )
        theirs.conditional_mask_update()
        ours = patterned(scores, *pattern) if pattern else largest(scores, sparsity, tuple(block))
        same[str([shape, block, pattern])] = bool((ours == mask.numpy()).all())
    return same


def schemes() -> Any:
    """The quantizer that quantization-aware training gives dense, pruned and clustered weights."""
    keras = process.keras()
    model = keras.Sequential(
        [keras.layers.Input((40,)), keras.layers.Dense(20), keras.layers.Dense(3)]
    )
    kernel = np.random.default_rng(0).normal(size=(40, 20)).astype(np.float32)
    sparse = np.where(np.random.default_rng(1).random((40, 20)) < 0.95, 0, kernel)
    shared = np.round(kernel) + 0.5
    names = {}
    for name, values in {"dense": kernel, "pruned": sparse, "clustered": shared}.items():
        model.layers[0].set_weights([values, np.zeros(20)])
        wrapped = toolkit.quantization_aware(model)
        (layer,) = [one for one in wrapped.layers if one.name == f"quant_{model.layers[0].name}"]
        names[name] = type(layer.quantize_config.weight_quantizer).__name__
    return names


def files() -> Any:
    """A model's answers before and after it was a file, and those of its images piece by piece."""
    model = net()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        path.write_bytes(tf_keras.serialize(model))
        again = tf_keras.read(path)
    many = images(600)
    sampled = [0, 299, 599]
    pieces = np.concatenate([scores(model, many[at : at + 1]) for at in sampled])
    return {
        "read": np.array_equal(scores(model, many), scores(again, many)),
        "shape": scores(model, many).shape,
        "pieces": float(np.abs(scores(model, many)[sampled] - pieces).max()),
        "lambda": refusal(tf_keras.serialize, net(process.keras().layers.Lambda(abs, name="code"))),
    }


def weights() -> Any:
    """Weights that were given to a model, and what is said of those that do not fit."""
    model = net()
    kernel, bias = np.full((32, 3), 0.5, np.float32), np.arange(3, dtype=np.float32)
    tf_keras.set_weights(model, [[kernel, bias]], "file")
    return {
        "taken": [weight.numpy().tolist() for weight in model.weights]
        == [kernel.tolist(), bias.tolist()],
        "too many": refusal(tf_keras.set_weights, model, [[kernel, bias], [bias]], "file"),
        "another shape": refusal(tf_keras.set_weights, model, [[kernel.T, bias]], "file"),
    }


def finite() -> Any:
    """What is said of a model before and after a bias became infinite."""
    model = net()
    before = refusal(tf_keras.check_finite, model, "training")
    model.get_layer("dense").bias.assign([0, np.inf, 0])
    return [before, refusal(tf_keras.check_finite, model, "training")]


def own_activation(x: Any) -> Any:
    """A function that Keras does not have."""
    return x * 2


def fingerprints() -> Any:
    """Digests of models that are alike in some ways, and the files of what is not Keras's."""
    keras = process.keras()

    class Own(keras.layers.Layer):  # type: ignore[misc]
        """A layer that Keras does not have."""

    class Subclassed(keras.Model):  # type: ignore[misc]
        """A model that describes itself in code alone."""

    keras.utils.register_keras_serializable("tests")(own_activation)
    dense = functools.partial(keras.layers.Dense, name="more")

    def of(create: Callable[[Any], Any], seed: int = 0) -> list[str]:
        return list(vars(fingerprint(training.create(of_function(create), seed))).values())

    def of_function(create: Callable[[Any], Any]) -> ReferenceModel:
        return ReferenceModel("tried", create, {})

    by_name = net(dense(3, activation="tests>own_activation"))
    written_elsewhere = of_function(net)
    return {
        "first": of(lambda keras: net()),
        "again": of(lambda keras: net(dense(2)) and training.create(of_function(net_of), 0)),
        "seed": of(lambda keras: net(), seed=1),
        "layer": of(lambda keras: net(dense(2))),
        "unbuilt": of(lambda keras: keras.Sequential([dense(3)])),
        "subclassed": of(lambda keras: Subclassed()),
        "own files": {
            name: sorted(path.name for path in own_files(model))
            for name, model in {
                "none": net(dense(2, activation="relu", kernel_regularizer="l2")),
                "layer": net(Own()),
                "inside": net(keras.Sequential([Own()])),
                "activation": net(dense(3, activation=own_activation)),
                "by name": by_name,
            }.items()
        },
        "known": refusal(worker._check_own_files, by_name, written_elsewhere),
        "unknown": refusal(worker._check_own_files, by_name, of_function(read_weights)),
    }


def net_of(keras: Any) -> Any:
    """The small model, as a model's function creates it."""
    return net()


def imagenet() -> Any:
    """Answers of a network with "ImageNet" weights, and of that without them given the saved ones.

    It stands in for EfficientNet of keras.applications: with these weights it divides once more.
    """
    keras, tf = process.keras(), process.tensorflow()
    deviations = np.array([0.2, 0.5, 0.9], np.float32)

    def create(weights: str | None = None) -> Any:
        keras.utils.set_random_seed(0 if weights else 1)
        image = keras.layers.Input((4, 4, 3), name="image")
        x = keras.layers.Normalization()(image)
        if weights:
            x = tf.math.multiply(x, tf.reshape(1 / np.sqrt(deviations), [1, 1, 1, 3]))
        x = keras.layers.Conv2D(2, 3)(x)
        x = keras.layers.BatchNormalization()(x)
        model = keras.Model(image, keras.layers.Dense(5, "softmax")(keras.layers.Flatten()(x)))
        if weights:
            model.layers[1].set_weights([np.array([0.1, 0.2, 0.3]), deviations**2, 0])
        return model

    published = create("imagenet")
    keras.applications.Net = lambda weights: published
    photographs = np.random.default_rng(0).random((6, 4, 4, 3), np.float32)
    wanted = scores(published, photographs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.h5"
        downloads.save_imagenet_weights("Net", path)
        model = create()
        tf_keras.set_weights(model, read_weights(path), "the file")
    return [wanted.tolist(), scores(model, photographs).tolist()]
