"""Structured pruning: whole filters and neurons are removed, and what is left is dense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from weighin.core import Searched
from weighin.formats.graph import Graph
from weighin.formats.trained import width_of
from weighin.frameworks import tf_keras, toolkit
from weighin.frameworks.guarding import layer_named
from weighin.frameworks.training import Trainer
from weighin.grammar import above, between
from weighin.registry import step
from weighin.steps._channel_groups import ChannelGroups
from weighin.steps._channel_pruning import narrow
from weighin.steps._channel_rules import hand_on


def _check(fraction: float, norm: str, multiple: int) -> None:
    if fraction == 0:
        raise ValueError("fraction=0 removes nothing: write 'finetune' for the dense control")


def _width_after(width: int, fraction: float, multiple: int) -> int:
    kept = max(1, round(width * (1 - fraction)))
    return min(width, -(-kept // multiple) * multiple)


def _claim(
    graph: Graph, before: Callable[[], Graph], fraction: float, multiple: int, **_: object
) -> str | None:
    wide, narrow = (
        [o for o in file_graph.operators if o.weights] for file_graph in (before(), graph)
    )
    if [operator.name for operator in wide] != [operator.name for operator in narrow]:
        return "its layers with weights are others than before"
    narrowed = False
    for was, now in zip(wide, narrow, strict=True):
        old, new = width_of(was), width_of(now)
        if old is None or new is None or now.weights is None:
            continue  # a depthwise convolution is as wide as what it is given
        due = _width_after(old, fraction, multiple)
        if new not in (old, due):
            return f"layer {now.weights.label} has {new} channels, not {due} of {old}"
        narrowed |= new < old
    return None if narrowed else "every layer is as wide as before"


@step(
    "channels",
    check=_check,
    claim=_claim,
    uses=(narrow, hand_on, ChannelGroups, toolkit.unwrapped),
    searched=Searched(1, {"fraction": (0.125, 0.25, 0.375, 0.5, 0.625, 0.75)}),
)
def channels(
    model: Any,
    trainer: Trainer,
    fraction: Annotated[float, between(0, 1)],
    *,
    norm: Literal["l2", "l1"] = "l2",
    multiple: Annotated[int, above(0)] = 1,
) -> Any:
    """Remove the filters and neurons of smallest norm, then train on: a smaller dense model.

    Source: Li et al. 2017, "Pruning Filters for Efficient ConvNets", who take the L1 norm.

    Args:
        model: a dense Keras model.
        trainer: gives the further epochs.
        fraction: share of every layer's channels that goes; the last layer keeps its classes.
        norm: of a channel's kernel, biases and normalization left out.
        multiple: widths that are left are rounded up to a multiple of this.

    Raises:
        WeighinError: naming a layer that cannot be narrowed (see `narrow`), or if the model is not
            of Keras 2.
    """
    tf_keras.check_keras(model)
    with layer_named(model, "narrowed"):
        smaller = narrow(
            model,
            lambda width: _width_after(width, fraction, multiple),
            int(norm.removeprefix("l")),
        )
    trainer.fit(smaller)
    return smaller
