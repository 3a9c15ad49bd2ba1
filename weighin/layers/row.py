"""What is said of a file's layers: one row for each operator. Nothing here reads or runs a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weighin.core import WeighinError
from weighin.stats import Interval

CONVERSION, CONSTANT = "conversion", "constant"  # what only says the same in other numbers
SCHEMA = 1  # of `Layers.as_json`
MOST_OF_IT = 0.8  # of all that layers lose, which few of them may explain


@dataclass(frozen=True)
class Near:
    """How near values are to those of the float model.

    Attributes:
        sqnr: 10·log10 of the float values' power over that of the differences, in dB; None where
            there is no difference, or nothing to differ from.
        cosine: of the angle between both; None where one of them is all zeros.
        noise: power of the differences over that of the float values; None where the latter is 0.
    """

    sqnr: float | None
    cosine: float | None
    noise: float | None


@dataclass(frozen=True)
class Clipping:
    """How an operator's output uses the numbers that its scale gives it.

    Attributes:
        clipped: share of the float model's values that lie beyond them.
        unused: share of them beyond the least and the greatest that were seen.
    """

    clipped: float
    unused: float


@dataclass(frozen=True)
class Sensitivity:
    """What one layer does to the task's figure, paired on the same examples.

    Attributes:
        left_float: the figure of the compressed file with this layer alone left float, less that
            of the compressed file.
        quantized: the figure of the float file with this layer alone as the compressed file has
            it, less that of the float file.
        not_left_float: why there is no first difference; empty where there is one.
        not_quantized: likewise of the second.
        not_tested: whether there are none because measuring ended before its turn.
    """

    left_float: Interval | None = None
    quantized: Interval | None = None
    not_left_float: str = ""
    not_quantized: str = ""
    not_tested: bool = False


@dataclass(frozen=True)
class Layer:
    """One operator of the compressed file.

    Attributes:
        place: of the operator in the file, from 0.
        name: of the tensor that it makes.
        kind: as the schema calls it, `CONV_2D`.
        twin: the name of the float file's operator that it is held against; empty if there is none.
        matched: how that was found: `name`, `structure` or `shape`; `CONVERSION` or `CONSTANT` of
            what needs none.
        unmatched: why there is none; empty where there is.
        stored: types of weights and output: `INT8 · INT8`.
        weights: how near its weights are to the float model's; None if it has none.
        output: how near its output is, all that comes before it included.
        own: how near its output is to what its float twin makes of the very inputs that it got.
        no_own: why that is not known, of an operator with a twin; empty where it is.
        clipping: of its output; None where that has no scale.
        zeros: share of its weights that are zero.
        unique: how many different weights there are.
        bytes: of its constants in the file.
        macs: multiply-accumulates of one inference.
        delegated: whether a delegate runs it; None where that is not known.
        left_out: why none does, as far as that can be told.
        block: operators that run as one with it, whose time is shared; itself alone if empty.
        share: of the time of an inference; of the whole block where that is one.
        seconds: likewise.
        not_timed: why there is no time; empty where there is.
        sensitivity: what it does to the task's figure.
    """

    place: int
    name: str
    kind: str
    stored: str
    twin: str = ""
    matched: str = ""
    unmatched: str = ""
    weights: Near | None = None
    output: Near | None = None
    own: Near | None = None
    no_own: str = ""
    clipping: Clipping | None = None
    zeros: float | None = None
    unique: int | None = None
    bytes: int = 0
    macs: int = 0
    delegated: bool | None = None
    left_out: str = ""
    block: tuple[int, ...] = ()
    share: Interval | None = None
    seconds: Interval | None = None
    not_timed: str = ""
    sensitivity: Sensitivity = field(default_factory=Sensitivity)

    @property
    def label(self) -> str:
        """Its name without what a converter adds to it: the first part of several."""
        return self.name.split(";")[0] or f"operator {self.place}"


@dataclass(frozen=True)
class Layers:
    """All layers of a compressed file, held against its float model's.

    Attributes:
        file: the compressed file's name.
        against: the float file's.
        examples: how many the errors are of.
        tested: how many the figure is of; 0 where sensitivities were not asked for.
        figure: the task's figure that sensitivities are of, in words; empty if there is none.
        unit: of the figure; empty of a share.
        better: which direction of it is good.
        layers: in the order in which they run.
        without_twin: the float file's operators that none was held against, and why.
        whole_seconds: of one inference, measured by itself; None where time was not asked for.
        method: how the time of operators was measured.
        remarks: what a reader has to know beside.
        stopped: why measuring ended before its end; empty where it did not.
        machine: where it was measured, in words.
    """

    file: str
    against: str
    examples: int
    layers: tuple[Layer, ...]
    tested: int = 0
    figure: str = ""
    unit: str = ""
    better: str = "higher"
    without_twin: tuple[tuple[str, str], ...] = ()
    whole_seconds: Interval | None = None
    method: str = ""
    remarks: tuple[str, ...] = ()
    stopped: str = ""
    machine: str = ""

    @property
    def worst(self) -> list[Layer]:
        """Layers by what they lose of themselves, the worst first."""
        losing = [layer for layer in self.layers if layer.own and layer.own.noise]
        return sorted(losing, key=_noise, reverse=True)

    @property
    def first_rise(self) -> Layer | None:
        """The first layer that brings most of what all layers together lose, or a large part."""
        most = max(map(_noise, self.layers), default=0.0)
        rising = [layer for layer in self.layers if most and _noise(layer) >= most / 2]
        return rising[0] if rising else None

    @property
    def few(self) -> list[Layer]:
        """The fewest layers that lose four fifths of all that is lost, the worst first."""
        total, chosen = sum(map(_noise, self.layers)), list[Layer]()
        for layer in self.worst:
            if sum(map(_noise, chosen)) >= MOST_OF_IT * total:
                break
            chosen.append(layer)
        return chosen

    def lost_by(self, layers: list[Layer]) -> float:
        """The share of all that is lost which some layers lose."""
        total = sum(map(_noise, self.layers))
        return sum(map(_noise, layers)) / total if total else 0.0

    @property
    def timed_seconds(self) -> float | None:
        """The sum of all operators' times, a block's counted once; None where some is missing."""
        if self.whole_seconds is None or any(layer.seconds is None for layer in self.layers):
            return None
        blocks = {layer.block or (layer.place,): layer.seconds for layer in self.layers}
        return sum(seconds.value for seconds in blocks.values() if seconds is not None)

    def as_json(self) -> dict[str, Any]:
        """As JSON has it; `of_json` reads it."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


def of_json(told: Mapping[str, Any]) -> Layers:
    """What `Layers.as_json` has written.

    Raises:
        WeighinError: if it is none, or of a newer weighin.
    """
    schema = told.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise WeighinError(
            f"These layers are of schema {schema}, and this weighin reads up to {SCHEMA}: use a "
            f"newer one."
        )
    try:
        return _of_json(told)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WeighinError(f"These are no layers as weighin writes them: {error}.") from error


def _of_json(told: Mapping[str, Any]) -> Layers:
    given = {name: value for name, value in told.items() if name != "schema"}
    whole = given.pop("whole_seconds")
    return Layers(
        **{
            **given,
            "layers": tuple(map(_layer, given["layers"])),
            "without_twin": tuple((name, why) for name, why in given["without_twin"]),
            "whole_seconds": _interval(whole),
            "remarks": tuple(given["remarks"]),
        }
    )


def _layer(told: Mapping[str, Any]) -> Layer:
    given = dict(told)
    for name in ("weights", "output", "own"):
        given[name] = None if given[name] is None else Near(**given[name])
    given["clipping"] = None if given["clipping"] is None else Clipping(**given["clipping"])
    for name in ("share", "seconds"):
        given[name] = _interval(given[name])
    given["block"] = tuple(given["block"])
    sensitivity = dict(given["sensitivity"])
    for name in ("left_float", "quantized"):
        sensitivity[name] = _interval(sensitivity[name])
    given["sensitivity"] = Sensitivity(**sensitivity)
    return Layer(**given)


def _interval(told: Mapping[str, float] | None) -> Interval | None:
    return None if told is None else Interval(**told)


def _noise(layer: Layer) -> float:
    return (layer.own.noise or 0.0) if layer.own else 0.0
