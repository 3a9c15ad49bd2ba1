"""Weight clustering (weight sharing), as the TensorFlow Model Optimization Toolkit does it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from weighin.core import Searched
from weighin.formats.coverage import Promise, has_other_weights
from weighin.formats.graph import Graph
from weighin.formats.trained import is_trained, trained_kernels
from weighin.frameworks import clustering, schemes
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
    kernels = trained_kernels(graph)
    for kernel in kernels:
        for part, matrix in zip(kernel.parts, kernel.matrices, strict=True):
            # one output channel at a time: a scale of its own, or batch normalization that the
            # converter has folded into the kernel, gives each channel other values
            channels = matrix.reshape(len(matrix), -1)
            most = max(len(np.unique(channel)) for channel in channels)
            if kernel.is_table:
                most = part.unique
            if most > clusters + 1:  # zero may stand beside the centroids
                where = "" if kernel.is_table else " in one output channel"
                return f"layer {part.label} has {most:,} different values{where}"
    largest = max((kernel.size for kernel in kernels), default=0)
    if has_other_weights(graph) or largest > clusters:
        return None
    if not kernels:
        return (
            "nothing was clustered: the toolkit leaves depthwise kernels alone, and no other layer "
            "multiplies by weights"
        )
    return f"nothing was clustered: the largest kernel has {largest:,} weights"


@step(
    "cluster",
    claim=_claim,
    promise=Promise("clustered weights", is_trained),
    uses=(clustering.clustered, schemes.has_kernel),
    searched=Searched(3, {"clusters": (64, 32, 16, 8, 4)}),
)
def cluster(
    model: Any,
    trainer: Trainer,
    clusters: Annotated[int, above(1)],
    *,
    init: Literal["linear", "density", "kmeans", "random"] = "linear",
) -> Any:
    """Let the weights of each layer share a few values while training on.

    Clustered are the layers whose weights `prune` prunes, as far as the toolkit knows them; each
    kernel, and each table of embeddings, has values of its own. Zeros stay zeros where there are
    many, as after `prune` (the toolkit's `preserve_sparsity`).
    Source: Han, Mao and Dally 2015, "Deep Compression", section 3.

    Args:
        model: a Keras model.
        trainer: gives the further epochs.
        clusters: how many different values a layer's kernel may have.
        init: how the first centroids are spread over a layer's weights.
    """
    trainer.require_epochs("cluster")
    trainer.fit(clustering.clustered(model, clusters, INITS[init]), masks=())
    return model
