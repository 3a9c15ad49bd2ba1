"""Run in its own process: trains small models clustered, by the toolkit's wrappers and here."""

from __future__ import annotations

import importlib
import json
from typing import Any

import numpy as np
from helpers.keras_process import refusal

from weighin.core import Array, Recipe
from weighin.datasets.loading import from_arrays
from weighin.frameworks import clustering, fitting, process, tf_keras, toolkit
from weighin.frameworks.training import Trainer

CLUSTERS = 5
STEPS = 6


def main() -> None:
    """Print what every part answers, as JSON."""
    tf_keras.start_afresh(0)
    parts = (trained, refused, places, traces)
    print(json.dumps({part.__name__: part() for part in parts}))  # noqa: T201 - a program


def pictures() -> Any:
    """Convolutions, one of them depthwise, and a dense layer on 6×6 images."""
    layers = process.keras().layers
    return process.keras().Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(4, 3, activation="relu", name="convolution"),
            layers.DepthwiseConv2D(3, padding="same", name="depthwise"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="dense"),
        ]
    )


def words() -> Any:
    """A table of embeddings, a recurrent layer and a dense one on six words."""
    layers = process.keras().layers
    return process.keras().Sequential(
        [
            layers.Input((6,)),
            layers.Embedding(20, 4, name="table"),
            layers.GRU(5, name="recurrent"),
            layers.Dense(3, activation="softmax", name="dense"),
        ]
    )


def pruned(model: Any) -> Any:
    """The model with the smaller half of the weights of each kernel zeroed."""
    for kernel in clustering.clusterable_kernels(model):
        values = kernel.numpy()
        kernel.assign(np.where(np.abs(values) < np.median(np.abs(values)), 0, values))
    return model


def _batches(model: Any) -> list[tuple[Array, Array]]:
    generator = np.random.default_rng(1)
    shape = (8, *model.input_shape[1:])
    inputs = (
        generator.random(shape, np.float32) if len(shape) > 2 else generator.integers(0, 20, shape)
    )
    return [(inputs, generator.integers(0, 3, 8)) for _ in range(STEPS)]


def _learn(model: Any, optimizer: str, batches: list[tuple[Array, Array]]) -> None:
    made = process.keras().optimizers.deserialize(
        {"class_name": optimizer, "config": {"learning_rate": 0.02}}
    )
    model.compile(optimizer=made, loss="sparse_categorical_crossentropy")
    for inputs, wanted in batches:
        model.train_on_batch(inputs, wanted)


def by_toolkit(model: Any, optimizer: str, *, sparse: bool) -> list[Array]:
    """The kernels of a model that the toolkit's own wrappers have trained."""
    path = "tensorflow_model_optimization.python.core.clustering.keras.experimental.cluster"
    api: Any = importlib.import_module(path)
    linear = process.toolkit().clustering.keras.CentroidInitialization.LINEAR

    def wrapped(layer: Any) -> Any:
        if layer.name not in ("convolution", "dense", "table", "recurrent"):
            return layer
        return api.cluster_weights(layer, CLUSTERS, linear, preserve_sparsity=sparse)

    copy = process.keras().models.clone_model(model, clone_function=wrapped)
    _learn(copy, optimizer, _batches(model))
    kernels = []
    for layer in copy.layers:
        if hasattr(layer, "update_clustered_weights_associations"):
            layer.update_clustered_weights_associations()
            names = layer.original_clusterable_weights
            kernels += [np.asarray(layer.get_weight_from_layer(name)) for name in names]
    return kernels


def trained() -> Any:
    """Of each model: how far its kernels lie from the toolkit's, their values and zeros."""
    told = {}

    def apart(some: list[Array], others: list[Array]) -> list[float]:
        return [float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True)]

    # each model by each optimizer, dense and pruned: half of all combinations
    cases = ((pictures, "sgd", False), (pictures, "adam", True), (words, "adam", False))
    for create, optimizer, sparse in (*cases, (words, "sgd", True)):
        model = pruned(create()) if sparse else create()
        config, values = model.get_config(), model.get_weights()
        again = type(model).from_config(config)
        again.set_weights(values)
        before = [kernel.numpy() for kernel in clustering.clusterable_kernels(model)]
        theirs = by_toolkit(again, optimizer, sparse=sparse)
        shared = clustering.clustered(model, CLUSTERS, "LINEAR")
        _learn(shared, optimizer, _batches(model))
        ours = [kernel.numpy() for kernel in clustering.clusterable_kernels(model)]
        told[f"{create.__name__} {optimizer} {'sparse' if sparse else 'dense'}"] = {
            "apart": apart(ours, theirs),
            "moved": apart(ours, before),
            "values": [len(np.unique(kernel)) for kernel in ours],
            "zeros kept": all((a[b == 0] == 0).all() for a, b in zip(ours, before, strict=True)),
        }
    return told


def refused() -> Any:
    """What is said of too few clusters for zeros, and of nothing to cluster."""
    layers = process.keras().layers
    nothing = process.keras().Sequential([layers.Input((6, 6, 1)), layers.Flatten()])
    return {
        "few": refusal(clustering.clustered, pruned(pictures()), 2, "LINEAR"),
        "nothing": refusal(clustering.clustered, nothing, 4, "LINEAR"),
    }


def places() -> Any:
    """For many numbers of centroids: whether both ways find the nearest, ties aside."""
    tf = process.tensorflow()
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(40, 30)).astype(np.float32)
    wrong = []
    for count in (*range(1, 20), 32, 33, 64, 100):
        centroids = generator.normal(size=count).astype(np.float32)
        if count > 3:
            centroids[2] = centroids[0]  # training may bring two together
        rank, ranked = clustering._ranked(tf.constant(centroids))
        nearest = np.abs(weights[..., np.newaxis] - centroids).min(axis=-1)
        middles = (ranked[1:] + ranked[:-1]) / 2
        for way in (clustering._counted, clustering._halved):
            found = way(tf.constant(weights), middles).numpy()
            distances = np.abs(weights - ranked.numpy()[found])
            if not np.allclose(distances, nearest, atol=1e-6):
                wrong.append([count, way.__name__])
        if not (ranked.numpy()[rank.numpy()] == centroids).all():
            wrong.append([count, "rank"])
    return wrong


def traces() -> Any:
    """How often TensorFlow traces the training step of each way to train."""
    generator = np.random.default_rng(0)
    arrays = {
        "x_train": generator.random((16, 6, 6, 1), np.float32),
        "y_train": generator.integers(0, 3, 16),
        "x_test": generator.random((4, 6, 6, 1), np.float32),
        "y_test": np.arange(4) % 3,
    }
    data = from_arrays("little", arrays, classes=3)
    trainer = Trainer(Recipe("little", epochs=0, finetune_epochs=2, batch_size=4), data, seed=0)
    model = pictures()
    kernel = model.get_layer("dense").kernel
    ways = {
        "plain": (model, None),
        "masked": (model, [(kernel, fitting.variable(np.ones(kernel.shape, np.float32)))]),
        "qat": (toolkit.quantization_aware(pictures()), ()),
        "cluster": (clustering.clustered(pictures(), 4, "LINEAR"), ()),
    }
    counts = {}
    for name, (trained_model, masks) in ways.items():
        models: list[Any] = []
        noted = process.keras().callbacks.Callback()
        noted.set_model = models.append
        trainer.fit(trained_model, [noted], masks)
        counts[name] = models[0].train_function.experimental_get_tracing_count()
    return counts
