"""Magnitude pruning, by the TensorFlow Model Optimization Toolkit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from weighin import stack
from weighin.inspect import Graph
from weighin.registry import step
from weighin.training import Trainer
from weighin.variant import above, between

UPDATES = 20  # of the mask, when no frequency is asked for
RAMP = 0.75  # share of the steps in which sparsity rises; the rest recovers at full sparsity


def _check(sparsity: float, schedule: str, begin: float, frequency: int) -> None:
    if sparsity == 0:
        raise ValueError("sparsity=0 prunes nothing: write 'finetune' for the dense control")
    if schedule == "constant" and begin:
        raise ValueError("begin is for schedule=polynomial: a constant schedule has no ramp")
    if begin > sparsity:
        raise ValueError(f"begin={begin} is above the final sparsity {sparsity}")


def _claim(graph: Graph, sparsity: float, **_: object) -> str | None:
    for operator in graph.operators:
        kernel = operator.weights
        if kernel is None or operator.name == "DEPTHWISE_CONV_2D":
            continue  # the toolkit prunes no depthwise kernel (its prune_registry)
        zeros, wanted = kernel.size - kernel.nonzero, sparsity * kernel.size
        rounded = not kernel.dtype.startswith("FLOAT")  # quantization makes more zeros, never fewer
        if zeros < wanted - 1 or (zeros > wanted + 1 and not rounded):
            return f"layer {kernel.name!r} has {zeros:,} zeros of {kernel.size:,} weights"
    return None


@step("prune", check=_check, claim=_claim)
def prune(
    model: Any,
    trainer: Trainer,
    sparsity: Annotated[float, between(0, 1)],
    *,
    schedule: Literal["polynomial", "constant"] = "polynomial",
    begin: Annotated[float, between(0, 1)] = 0.0,
    frequency: Annotated[int, above(-1)] = 0,
) -> Any:
    """Zero the smallest weights of every prunable layer while training on.

    Source of the schedule: Zhu and Gupta 2017, "To prune, or not to prune".

    Args:
        model: a dense Keras model.
        trainer: gives the further epochs.
        sparsity: share of zeros in each layer's weights at the end.
        schedule: `polynomial` rises from `begin`; `constant` is at `sparsity` from the start.
        begin: sparsity at the first step.
        frequency: training steps between updates of the mask; 0 for twenty updates in all.
    """
    sparsity_api = stack.toolkit().sparsity.keras
    ramp = max(1, int(trainer.finetune_steps * RAMP))
    every = min(frequency or max(1, ramp // UPDATES), ramp)
    if schedule == "constant":
        plan = sparsity_api.ConstantSparsity(sparsity, begin_step=0, frequency=every)
    else:
        plan = sparsity_api.PolynomialDecay(
            initial_sparsity=begin,
            final_sparsity=sparsity,
            begin_step=0,
            end_step=ramp // every * every,  # the last update must fall on the end itself
            frequency=every,
        )
    wrapped = sparsity_api.prune_low_magnitude(model, pruning_schedule=plan)
    trainer.fit(wrapped, callbacks=[sparsity_api.UpdatePruningStep()])
    return sparsity_api.strip_pruning(wrapped)
