"""Which layers harm the task's figure, the most harmful first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from weighin.datasets.bringing import Brought
from weighin.layers import process
from weighin.layers.analysing import EXAMPLES, TESTED, Progress, Wanted, silent
from weighin.layers.row import Layer, Layers
from weighin.stats import Interval


@dataclass(frozen=True)
class Harm:
    """What one layer of a compressed file costs.

    Attributes:
        layer: as `weighin layers` has it.
        regained: how much better the task's figure is when this layer alone is left float, in the
            figure's own unit; above 0 is better, whichever way the figure is good. None where that
            was not measured.
        why_not: why it was not; empty where it was.
    """

    layer: Layer
    regained: Interval | None
    why_not: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.regained is not None and self.regained.low > 0


def ordered(layers: Layers) -> tuple[Harm, ...]:
    """Layers that lose anything of themselves, the most harmful first.

    First those whose intervals show that the figure comes back when they are left float, by how
    much of it does; then all others by what they lose of themselves, since differences of a figure
    that are not shown say nothing of their order.
    """
    harms = [_harm(layers, layer) for layer in layers.worst]
    shown = [harm for harm in harms if harm.is_shown]
    shown.sort(key=lambda harm: harm.regained.value if harm.regained else 0.0, reverse=True)
    return (*shown, *(harm for harm in harms if not harm.is_shown))


def of_files(
    compressed: Path,
    original: Path,
    brought: Brought,
    *,
    task: str | None = None,
    examples: int = EXAMPLES,
    tested: int = TESTED,
    minutes: float | None = None,
    progress: Progress = silent,
) -> tuple[Harm, ...]:
    """The layers of a compressed file, the most harmful first; nothing is timed.

    Args:
        compressed: a .tflite file.
        original: its float model.
        brought: data, of whose test part alone examples are drawn.
        task: what is asked, by name; if not given, as outputs and targets have it.
        examples: that errors are of.
        tested: that each figure is of.
        minutes: that asking the task may take; the layers that lose most are asked first.
        progress: is told what is done.

    Raises:
        WeighinError: if anything does not fit, or the process that looks at them crashes.
    """
    wanted = Wanted(examples, tested, seconds=0.0, minutes=minutes)
    return ordered(process.looked_at(compressed, original, brought, task, wanted, progress))


def _harm(layers: Layers, layer: Layer) -> Harm:
    change = layer.sensitivity.left_float
    if change is None:
        reason = layer.sensitivity.not_left_float or "the task's figure was not asked for"
        return Harm(layer, None, reason)
    if layers.better == "lower":
        change = Interval(-change.value, -change.high, -change.low)
    return Harm(layer, change)
