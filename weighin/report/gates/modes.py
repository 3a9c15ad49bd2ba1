"""How gates are judged where a figure's interval holds the bound: three modes."""

from __future__ import annotations

from dataclasses import dataclass

from weighin.core import WeighinError

# Where a figure and its interval lie: all within the bound, the figure within or beyond it while
# the interval holds it, all beyond
KEPT, WITHIN, BEYOND, BREACHED = "kept", "within, not proven", "beyond, not proven", "breached"
NO_FIGURE = "no figure"


@dataclass(frozen=True)
class Mode:
    """One way of judging.

    A figure without an interval is judged as it stands, in all modes where it is exact, as sizes
    are; what is measured and has no interval is never proven.

    Attributes:
        name: as its option is called.
        passing: the verdicts that it lets through.
        fails: when a gate fails, as a sentence.
    """

    name: str
    passing: frozenset[str]
    fails: str

    @property
    def told(self) -> str:
        """What outputs say of it, and which mode is the safe one."""
        usual = ", the default" if self.name == "breached" else ""
        safe = "this is the safe mode" if self is _SAFE else f"the safe mode is {_SAFE.name}"
        return f"mode {self.name}{usual}: a gate fails {self.fails}; {safe}"


_SAFE = Mode("proven", frozenset({KEPT}), "unless the whole interval lies within its bound")
MODES = {
    "breached": Mode(
        "breached",
        frozenset({KEPT, WITHIN, BEYOND}),
        "where the whole interval lies beyond its bound",
    ),
    "strict": Mode(
        "strict",
        frozenset({KEPT, WITHIN}),
        "where the bare figure lies beyond its bound, whatever its interval",
    ),
    "proven": _SAFE,
}


def mode(strict: bool = False, proven: bool = False) -> Mode:
    """The mode that two options choose.

    Raises:
        WeighinError: if both are given.
    """
    if strict and proven:
        raise WeighinError(
            "strict judges the bare figure, proven the whole interval: choose one of the two. "
            "The safe one is proven."
        )
    return MODES["proven" if proven else "strict" if strict else "breached"]
