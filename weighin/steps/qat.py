"""Quantization-aware training, by the TensorFlow Model Optimization Toolkit."""

from __future__ import annotations

from typing import Any

from weighin.core import Searched
from weighin.formats.graph import Graph
from weighin.frameworks import schemes, toolkit
from weighin.frameworks.training import Trainer
from weighin.registry import step


def _claim(graph: Graph, **_: object) -> str | None:
    if not any(kernel.dtype == "INT8" for kernel in graph.kernels):
        return "no layer has int8 weights: this training is for integer arithmetic, write qat+int8"
    return None


@step(
    "qat",
    claim=_claim,
    uses=(toolkit.quantization_aware, schemes.scheme_for),
    searched=Searched(4),
)
def qat(model: Any, trainer: Trainer) -> Any:
    """Train on with int8 rounding simulated, so that the weights learn to bear it.

    After `prune` zeros stay zeros (PQAT), after `cluster` shared values stay shared (CQAT), after
    both, both (PCQAT), by the toolkit's collaborative schemes.
    Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference".

    Args:
        model: a Keras model.
        trainer: gives the further epochs.
    """
    trainer.require_epochs("qat")
    wrapped = toolkit.quantization_aware(model)
    trainer.fit(wrapped, masks=())
    return toolkit.without_clusters(wrapped)
