"""The TensorFlow Model Optimization Toolkit: what it prunes, clusters and quantizes."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import numpy as np

from weighin.core import WeighinError
from weighin.frameworks.fitting import zeros_kept
from weighin.frameworks.process import keras, tensorflow, toolkit
from weighin.frameworks.tf_keras import check_keras

_CORE = "tensorflow_model_optimization.python.core"


def prunable_kernels(model: Any) -> list[tuple[Any, Any]]:
    """The weights that the toolkit prunes, each with its layer; none of a depthwise layer.

    Raises:
        WeighinError: if a layer that has kernels is unknown to the toolkit, or the model is not
            of Keras 2.
    """
    check_keras(model)
    toolkit()
    registry: Any = importlib.import_module(f"{_CORE}.sparsity.keras.prune_registry").PruneRegistry
    kernels: list[tuple[Any, Any]] = []
    for layer in model.layers:
        if isinstance(layer, keras().Model):
            kernels += prunable_kernels(layer)
        elif registry.supports(layer):
            weights = registry.make_prunable(layer).get_prunable_weights()
            kernels += [(layer, weight) for weight in weights]
        elif any(len(weight.shape) > 1 for weight in layer.trainable_weights):
            raise WeighinError(
                f"Layer {layer.name!r} ({type(layer).__name__}) is not one that the optimization "
                f"toolkit prunes (its prune_registry)."
            )
    return kernels


def clustered(model: Any, clusters: int, init: str) -> Any:
    """The model wrapped for clustering; its zeros are kept.

    Args:
        model: a Keras model.
        clusters: how many values a kernel may have.
        init: a name in the toolkit's `CentroidInitialization`.

    Raises:
        WeighinError: if the model is not of Keras 2.
    """
    check_keras(model)
    api: Any = importlib.import_module(f"{_CORE}.clustering.keras.experimental.cluster")
    method = getattr(toolkit().clustering.keras.CentroidInitialization, init)
    wrapped = api.cluster_weights(
        model,
        number_of_clusters=clusters,
        cluster_centroids_init=method,
        preserve_sparsity=_is_sparse(model),
    )
    for layer in wrapped.submodules:
        for algorithm in getattr(layer, "clustering_algorithms", {}).values():
            algorithm.get_pulling_indices = partial(_nearest, algorithm.cluster_centroids)
    return wrapped


def quantization_aware(model: Any) -> Any:
    """The model wrapped for quantization-aware training that keeps zeros and shared values.

    Raises:
        WeighinError: if the toolkit has no quantization for one of the layers, or the model is
            not of Keras 2.
    """
    check_keras(model)
    api = toolkit().quantization.keras
    collab = f"{_CORE}.quantization.keras.collab_opts"
    schemes = {
        "prune": f"{collab}.prune_preserve.default_8bit_prune_preserve_quantize_scheme",
        "cluster": f"{collab}.cluster_preserve.default_8bit_cluster_preserve_quantize_scheme",
    }
    try:
        annotated = api.quantize_annotate_model(model)
        if _is_clustered(model):
            scheme: Any = importlib.import_module(schemes["cluster"])
            chosen = scheme.Default8BitClusterPreserveQuantizeScheme(_is_sparse(model))
        elif _is_sparse(model):
            scheme = importlib.import_module(schemes["prune"])
            chosen = scheme.Default8BitPrunePreserveQuantizeScheme()
        else:
            return api.quantize_apply(annotated)
        return api.quantize_apply(annotated, chosen)
    except (ValueError, RuntimeError) as error:
        raise WeighinError(
            f"the toolkit cannot train this model quantization-aware: {error}"
        ) from error


def without_clusters(model: Any) -> Any:
    """A quantization-aware model without what its training kept of clusters."""
    utils: Any = importlib.import_module(
        f"{_CORE}.quantization.keras.collab_opts.cluster_preserve.cluster_utils"
    )
    return utils.strip_clustering_cqat(model)


def _nearest(centroids: Any, weights: Any) -> Any:
    """The index of each weight's nearest centroid, as the toolkit's `get_pulling_indices` finds it.

    That compares every weight with every centroid in every training step; looking between sorted
    centroids is several times faster.
    """
    tf = tensorflow()
    order = tf.argsort(centroids)
    ranked = tf.gather(centroids, order)
    middles = (ranked[1:] + ranked[:-1]) / 2
    ranks = tf.searchsorted(middles, tf.reshape(weights, [-1]))
    return tf.cast(tf.reshape(tf.gather(order, ranks), tf.shape(weights)), tf.int64)


def _is_sparse(model: Any) -> bool:
    """Whether a step has pruned: some kernel holds zeros."""
    return bool(zeros_kept(model))


def _is_clustered(model: Any) -> bool:
    """Whether a step has clustered: the largest kernel's weights, zeros aside, share values."""
    values = max((weight.numpy() for weight in model.trainable_weights), key=lambda w: w.size)
    values = values[values != 0]
    return bool(len(np.unique(values)) <= min(256, values.size // 4))
