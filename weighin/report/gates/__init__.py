"""Gates: bounds that figures must keep, such as `prune(0.8)+int8: gzip_bytes <= 0.12 * baseline`.

    gate  = [scope ":"] metric ("<=" | ">=" | "<" | ">") bound
    scope = [model ":"] [variant] ["on" runtime] ["x" threads]
    bound = number [unit] | "baseline" | number "*" "baseline" | "baseline" "*" number

`mnist_cnn: int8 on litert x2: top1_delta >= -1%` reads as the row of a table does: model, variant,
runtime, threads. Names may hold colons and blanks, so a scope is read in every way that the grammar
allows, a whole variant's name first, and the first way that names a row is meant; what names none
is refused. A gate that names no variant holds for all but the baseline and the dense control, which
are there for comparison.

A unit is one of the metric's: `30 µs`, `1.5 MB`, `1%`, `0.5 points`, `1.5x`. Without one a number
is in the metric's own: seconds, bytes, shares. Gates are parsed, never run.
"""

from weighin.report.gates.checking import check, refuse_vain
from weighin.report.gates.grammar import Gate, parse
from weighin.report.gates.judging import Judged, Outcome, judge
from weighin.report.gates.junit import write as write_junit
from weighin.report.gates.modes import MODES, Mode, mode
from weighin.report.gates.rendering import message, render, row_of, summary
from weighin.report.gates.scope import CONTROLS

__all__ = [
    "CONTROLS",
    "MODES",
    "Gate",
    "Judged",
    "Mode",
    "Outcome",
    "check",
    "judge",
    "message",
    "mode",
    "parse",
    "refuse_vain",
    "render",
    "row_of",
    "summary",
    "write_junit",
]
