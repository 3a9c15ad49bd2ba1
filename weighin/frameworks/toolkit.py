"""The TensorFlow Model Optimization Toolkit: what it prunes, clusters and quantizes."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import numpy as np

from weighin.core import WeighinError
from weighin.frameworks.fitting import zeros_kept
from weighin.frameworks.guarding import layer_named
from weighin.frameworks.process import keras, tensorflow, toolkit
from weighin.frameworks.schemes import (
    has_kernel,
    instead_of,
    is_operator,
    refuse_kernels,
    scheme_for,
)
from weighin.frameworks.tf_keras import check_keras

_CORE = "tensorflow_model_optimization.python.core"


def prunable_kernels(model: Any) -> list[tuple[Any, Any]]:
    """The weights that the toolkit prunes, each with its layer; none of a depthwise layer.

    Wrappers are looked into: of `TimeDistributed` and `Bidirectional`, the layers inside.

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
            continue
        for inside in unwrapped(layer):
            kind = type(inside).__name__
            if registry.supports(inside):
                with layer_named(model, "pruned"):
                    weights = registry.make_prunable(inside).get_prunable_weights()
                kernels += [(layer, weight) for weight in weights]
            elif kind in _MORE_PRUNABLE:
                kernels += [(layer, getattr(inside, name)) for name in _MORE_PRUNABLE[kind]]
            elif has_kernel(inside):
                raise WeighinError(
                    f"Layer {layer.name!r} ({kind}) is not one that the optimization toolkit "
                    f"prunes (its prune_registry): its kernel would stay dense. Replace the layer, "
                    f"or leave out prune for this model."
                )
    return kernels


# Layers that the toolkit's registry leaves out, though they are like others there: which of their
# weights are pruned.
_MORE_PRUNABLE: dict[str, tuple[str, ...]] = {
    "Conv1DTranspose": ("kernel",),
    "EinsumDense": ("kernel",),
    "DepthwiseConv1D": (),
}


def unwrapped(layer: Any) -> list[Any]:
    """The layers inside one that repeats a layer: at every step, or in both directions."""
    kind = type(layer).__name__
    if kind == "TimeDistributed":
        return unwrapped(layer.layer)
    return [layer.forward_layer, layer.backward_layer] if kind == "Bidirectional" else [layer]


def clustered(model: Any, clusters: int, init: str) -> Any:
    """A copy of the model with the layers that hold kernels wrapped for clustering.

    Its zeros are kept. No other layer is wrapped: preprocessing and operators of `tf.` have nothing
    to cluster, and the wrapper does not hand on the arguments of the latter.

    Args:
        model: a Keras model without inner models; it is left as it is.
        clusters: how many values a kernel may have.
        init: a name in the toolkit's `CentroidInitialization`.

    Raises:
        WeighinError: naming a layer whose kernel the toolkit does not cluster; if there is nothing
            to cluster, or the model is not of Keras 2.
    """
    check_keras(model)
    api: Any = importlib.import_module(f"{_CORE}.clustering.keras.experimental.cluster")
    registry: Any = importlib.import_module(f"{_CORE}.clustering.keras.clustering_registry")
    method = getattr(toolkit().clustering.keras.CentroidInitialization, init)
    keeps_zeros = _is_sparse(model)

    def wrapped_layer(layer: Any) -> Any:
        if not has_kernel(layer) or type(layer).__name__ == "DepthwiseConv1D":
            return layer
        if not registry.ClusteringRegistry.supports(layer):
            raise WeighinError(
                f"Layer {layer.name!r} ({type(layer).__name__}) is not one that the optimization "
                f"toolkit clusters (its clustering_registry): its kernel would keep all its "
                f"values. Replace the layer, or leave out cluster for this model."
                f"{instead_of(layer)}"
            )
        return api.cluster_weights(
            layer,
            number_of_clusters=clusters,
            cluster_centroids_init=method,
            preserve_sparsity=keeps_zeros,
        )

    with layer_named(model, "clustered"):
        copy = keras().models.clone_model(model)
        copy.set_weights(model.get_weights())
        wrapped = keras().models.clone_model(copy, clone_function=wrapped_layer)
        algorithms = [
            algorithm
            for layer in wrapped.submodules
            for algorithm in getattr(layer, "clustering_algorithms", {}).values()
        ]
        for algorithm in algorithms:
            algorithm.get_pulling_indices = partial(_nearest, algorithm.cluster_centroids)
    if not algorithms:
        raise WeighinError(
            f"Nothing of model {model.name!r} can be clustered: the toolkit leaves depthwise "
            f"kernels alone, and no other layer multiplies by weights. Leave out cluster for this "
            f"model."
        )
    return wrapped


def unclustered(wrapped: Any, model: Any) -> Any:
    """The model with the weights of its wrapped copy, each kernel's values its clusters'.

    The toolkit's `strip_clustering` leaves the weights of MultiHeadAttention in another order than
    a file of the model is read in.

    Args:
        wrapped: what `clustered` made of the model.
        model: it is changed in place.
    """
    with layer_named(model, "freed of what clustering added"):
        for layer in wrapped.layers:
            places = getattr(layer, "position_original_weights", None)
            if places is None:
                model.get_layer(layer.name).set_weights(layer.get_weights())
                continue
            layer.update_clustered_weights_associations()
            values = layer.layer.get_weights()  # those that are not clustered
            for place, name in sorted(places.items()):
                values.insert(place, np.asarray(layer.get_weight_from_layer(name)))
            model.get_layer(layer.layer.name).set_weights(values)
    return model


def quantization_aware(model: Any) -> Any:
    """The model wrapped for quantization-aware training that keeps zeros and shared values.

    Layers without kernels pass through: see `schemes`.

    Raises:
        WeighinError: if the toolkit cannot round the kernel of one of the layers, or the model is
            not of Keras 2.
    """
    check_keras(model)
    api = toolkit().quantization.keras
    refuse_kernels(model)
    scheme = scheme_for(clustered=_is_clustered(model), sparse=_is_sparse(model))

    def annotated_layer(layer: Any) -> Any:
        return layer if is_operator(layer) else api.quantize_annotate_layer(layer)

    with layer_named(model, "trained quantization-aware"):
        annotated = keras().models.clone_model(model, clone_function=annotated_layer)
        with api.quantize_scope():
            wrapped = api.quantize_apply(annotated, scheme)
        for layer in wrapped.submodules:
            if hasattr(layer, "finalize_state"):  # Normalization works out what it divides by
                layer.finalize_state()
    return wrapped


def without_clusters(model: Any) -> Any:
    """A quantization-aware model without what its training kept of clusters."""
    utils: Any = importlib.import_module(
        f"{_CORE}.quantization.keras.collab_opts.cluster_preserve.cluster_utils"
    )
    with layer_named(model, "freed of what clustering added"):
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
