"""The text of a gate → its parts."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from weighin.core import WeighinError

_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_UNIT = r"[%×]|°?[^\W\d_]\S*|1?/\S+"
_GATE = re.compile(
    r"\s*(?P<metric>[a-z][a-z0-9_]*)\s*(?P<relation><=|>=|<|>)\s*"
    rf"(?:(?:(?P<before>{_NUMBER})\s*\*\s*)?(?P<base>baseline)(?:\s*\*\s*(?P<after>{_NUMBER}))?"
    rf"|(?P<number>{_NUMBER})\s*(?P<unit>{_UNIT})?)\s*"
)
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Gate:
    """One bound.

    Attributes:
        text: as it was written.
        scope: whose figures, as it was written; empty for every variant but the controls.
        metric: its name.
        relation: what a figure must be to the bound: `<=`, `>=`, `<` or `>`.
        number: the bound in its unit, or what the baseline's figure is multiplied by, as written.
        unit: of the bound; empty for the metric's own.
        relative: whether the bound is a multiple of the baseline's figure.
    """

    text: str
    scope: str
    metric: str
    relation: str
    number: str
    unit: str = ""
    relative: bool = False

    @property
    def factor(self) -> float:
        """The number."""
        return float(self.number)

    @property
    def upper(self) -> bool:
        """Whether figures must stay below the bound; else above."""
        return self.relation.startswith("<")

    def holds(self, figure: float, bound: float) -> bool:
        """Whether a figure is to a bound as it must be."""
        return _HOLDS[self.relation](figure, bound)


def parse(text: str) -> Gate:
    """Read a gate.

    Raises:
        WeighinError: if it is not of the form that `weighin.report.gates` tells.
    """
    scope, _, bound = text.rpartition(":")
    match = _GATE.fullmatch(bound)
    if match is None or (match["before"] and match["after"]):
        raise WeighinError(
            f"Gate {text!r} is not understood. Write [model: variant on runtime x threads:] "
            f"metric <= number, or … <= number * baseline; for instance 'top1_delta >= -0.5%' or "
            f"'prune(0.8)+int8: gzip_bytes <= 0.12 * baseline'."
        )
    number = match["number"] or match["before"] or match["after"] or "1"
    if not math.isfinite(float(number)):
        raise WeighinError(f"Gate {text!r}: {number} is no bound.")
    return Gate(
        text=text.strip(),
        scope=" ".join(scope.split()),
        metric=match["metric"],
        relation=match["relation"],
        number=number,
        unit=match["unit"] or "",
        relative=match["base"] is not None,
    )
