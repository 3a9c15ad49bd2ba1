"""Weight clustering (weight sharing), by the TensorFlow Model Optimization Toolkit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from weighin.formats.coverage import Promise, has_other_weights, largest
from weighin.formats.graph import Graph, Operator
from weighin.frameworks import schemes, toolkit
from weighin.frameworks.training import Trainer
from weighin.grammar import above
from weighin.registry import step

INITS = {
    "linear": "LINEAR",
    "density": "DENSITY_BASED",
    "kmeans": "KMEANS_PLUS_PLUS",
    "random": "RANDOM",
}


def _claim(graph: Graph, clusters: int, **_: object) -> str | None:
    kernels = [
        operator.weights
        for operator in graph.operators
        if operator.weights is not None and _is_clustered(operator)
    ]
    for kernel in kernels:
        # one output channel at a time: a scale of its own, or batch normalization that the
        # converter has folded into the kernel, gives each channel other values
        channels = kernel.dense().reshape(kernel.shape[0], -1)
        most = max(len(np.unique(channel)) for channel in channels)
        if most > clusters + 1:  # zero may stand beside the centroids
            return f"layer {kernel.label} has {most:,} different values in one output channel"
    if has_other_weights(graph) or largest(kernels) > clusters:
        return None
    if not kernels:
        return (
            "nothing was clustered: the toolkit leaves depthwise kernels alone, and no other layer "
            "multiplies by weights"
        )
    return f"nothing was clustered: the largest kernel has {largest(kernels):,} weights"


def _is_clustered(operator: Operator) -> bool:
    # the toolkit clusters no depthwise kernel (its clustering_registry)
    return operator.weights is not None and operator.name != "DEPTHWISE_CONV_2D"


@step(
    "cluster",
    claim=_claim,
    promise=Promise("clustered weights", _is_clustered),
    uses=(toolkit.clustered, schemes.has_kernel),
)
def cluster(
    model: Any,
    trainer: Trainer,
    clusters: Annotated[int, above(1)],
    *,
    init: Literal["linear", "density", "kmeans", "random"] = "linear",
) -> Any:
    """Let the weights of each layer share a few values while training on.

    Zeros stay zeros where there are many, as after `prune` (the toolkit's `preserve_sparsity`).
    Source: Han, Mao and Dally 2015, "Deep Compression", section 3.

    Args:
        model: a Keras model.
        trainer: gives the further epochs.
        clusters: how many different values a layer's kernel may have.
        init: how the first centroids are spread over a layer's weights.
    """
    trainer.require_epochs("cluster")
    wrapped = toolkit.clustered(model, clusters, INITS[init])
    trainer.fit(wrapped, masks=())
    return toolkit.unclustered(wrapped, model)
