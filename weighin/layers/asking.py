"""What each layer does to the task's figure: which are tested, in which order."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from weighin.layers.files import Beside
from weighin.layers.limits import Limit, Stop
from weighin.layers.row import Layer, Layers, Sensitivity
from weighin.layers.sensitivity import LOSES_NOTHING, sensitivities


def with_sensitivities(
    layers: Layers,
    beside: Beside,
    examples: int,
    seconds: float | None,
    progress: Callable[[int, int], None],
    stop: Stop,
) -> Layers:
    """The same, with what each layer does to the task's figure, where there is one.

    Args:
        layers: those of the compressed file.
        beside: both files and their data.
        examples: that the figure is of, or all that there are.
        seconds: that it may take; None for as long as it takes.
        progress: is told how many layers are done, of how many.
        stop: says why no further one is tested.

    Raises:
        WeighinError: if the files themselves cannot be run.
    """
    quality = beside.quality
    if quality is None:
        reason = beside.dataset.unlabelled or "the task has no figure"
        remark = f"sensitivities are not measured: {reason}"
        return dataclasses.replace(layers, remarks=(*layers.remarks, remark))
    places = in_order(layers)
    tested = min(examples, len(beside.dataset.test))
    found = sensitivities(
        beside.pair,
        places,
        quality,
        lambda content: beside.ask(content, beside.compressed, tested),
        lambda content: beside.ask(content, beside.original, tested),
        progress,
        Limit(seconds, stop),
    )
    return dataclasses.replace(
        layers,
        remarks=(*layers.remarks, *_cut_short(found, places)),
        tested=tested,
        figure=quality.title,
        unit=quality.unit if quality.kind != "share" else "",
        better=quality.better,
        layers=tuple(
            dataclasses.replace(layer, sensitivity=found.get(layer.place, _without(layer)))
            for layer in layers.layers
        ),
    )


def in_order(layers: Layers) -> list[int]:
    """The places of the layers that are tested: those that lose most of themselves come first.

    So that a limit cuts off those of which least is to be learnt. Where it is not known what a
    layer loses, it comes last.
    """
    tested = [layer for layer in layers.layers if layer.twin and not _is_exact(layer)]
    worst = {layer.place: at for at, layer in enumerate(layers.worst)}
    return sorted((layer.place for layer in tested), key=lambda at: worst.get(at, len(worst)))


def _cut_short(found: Mapping[int, Sensitivity], places: list[int]) -> list[str]:
    """What is said where measuring ended before all layers had their turn."""
    left = [change.not_left_float for change in found.values() if change.not_tested]
    if not left:
        return []
    return [
        f"sensitivities of {len(left)} of {len(places)} layers are not measured: {left[0]}; those "
        f"that lose most of themselves were tested first"
    ]


def _is_exact(layer: Layer) -> bool:
    return layer.own is not None and layer.own.noise == 0.0


def _without(layer: Layer) -> Sensitivity:
    reason = LOSES_NOTHING if _is_exact(layer) else layer.unmatched or "it only converts numbers"
    return Sensitivity(not_left_float=reason, not_quantized=reason)
