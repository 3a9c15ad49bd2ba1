"""The TensorFlow Model Optimization Toolkit: what it prunes and quantizes."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from weighin.core import WeighinError
from weighin.frameworks.fitting import zeros_kept
from weighin.frameworks.guarding import layer_named
from weighin.frameworks.process import keras, toolkit
from weighin.frameworks.schemes import (
    has_kernel,
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


def _is_sparse(model: Any) -> bool:
    """Whether a step has pruned: some kernel holds zeros."""
    return bool(zeros_kept(model))


def _is_clustered(model: Any) -> bool:
    """Whether a step has clustered: the largest kernel's weights, zeros aside, share values."""
    values = max((weight.numpy() for weight in model.trainable_weights), key=lambda w: w.size)
    values = values[values != 0]
    return bool(len(np.unique(values)) <= min(256, values.size // 4))
