"""What an error of Keras or TensorFlow says, without the traces that it is wrapped in.

Keras puts its own message around a layer's, and the trace of what it has compiled before both:
`in user code:` while a graph is made, `Graph execution error:` while it runs.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import Path

LONGEST = 600  # characters of a message that are told; the log has them all
_IN_LAYER = re.compile(r"Exception encountered when calling (.*?)\.?$")
_KIND = re.compile(r"([A-Za-z_.]*(?:Error|Exception))\b")
_TRACE = re.compile(
    r"Graph execution error|Detected at node |Node: |File \"|Traceback |\[\[\{\{node |Stack trace"
)
_ROOTS = re.compile(r"\d+ root error\(s\) found")
_MARKS = re.compile(r"\{\{function_node \S+\}\}\s*|\s*\[Op:\w+\]|^\(\d+\)\s*")
_PLACES = re.compile(r'File "([^"]+)", line (\d+)')


def reason(error: BaseException, definitions: Sequence[Path]) -> str:
    """Why something failed, in one line: kind, message, and the line of a user's file.

    Args:
        error: what was raised.
        definitions: files and folders that are a user's own.
    """
    kind, message = type(error).__name__, telling(str(error))
    own = _KIND.match(message)
    if own is None or own[1] != kind:
        message = f"{kind}: {message}" if message else kind
    return f"{message[:LONGEST]}{_place(error, definitions)}"


def telling(message: str) -> str:
    """The line of an error's message that says something."""
    lines = [line for line in message.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    if in_layer := _IN_LAYER.match(lines[0].strip()):
        inner = "\n".join(lines[1:]).partition("Call arguments received by")[0]
        said = telling(inner)
        return f"in {in_layer[1]}: {said}" if said else lines[0].strip()
    if lines[0].endswith("in user code:"):
        return _of_user_code(lines)
    if lines[0].startswith("Graph execution error"):
        return _of_graph(lines) or lines[0].strip()
    return _MARKS.sub("", lines[0].strip())


def _of_user_code(lines: Sequence[str]) -> str:
    """The last error that is named: the trace of the user's own code precedes it."""
    stripped = [line.strip() for line in lines]
    named = [number for number, line in enumerate(stripped) if _KIND.match(line)]
    if not named:
        return _MARKS.sub("", stripped[-1])
    kind, _, said = stripped[named[-1]].partition(": ")
    if said and (in_layer := _IN_LAYER.match(said)):
        within = telling("\n".join([said, *lines[named[-1] + 1 :]]))
        return f"{kind}: {within}" if within != said else f"{kind}: in {in_layer[1]}"
    return _MARKS.sub("", stripped[named[-1]])


def _of_graph(lines: Sequence[str]) -> str:
    """The first line at the margin that is of no trace: lines of code are indented."""
    wanted = lines[1:]
    roots = [number for number, line in enumerate(wanted) if _ROOTS.match(line)]
    if roots:  # each of these is indented, numbered from (0)
        wanted = [line.strip() for line in wanted[roots[0] + 1 :]]
    said = (line for line in wanted if not line[0].isspace() and not _TRACE.match(line))
    return _MARKS.sub("", next(said, "")).strip()


def _place(error: BaseException, definitions: Sequence[Path]) -> str:
    """The line of a user's own file that an error came from, if it came from one."""
    folders = [path.resolve() for path in definitions]
    trace = [
        *((frame.filename, frame.lineno, frame.line) for frame in _frames(error)),
        *((name, int(number), "") for name, number in _PLACES.findall(str(error))),
    ]
    for name, number, code in reversed(trace):
        path = Path(name).resolve()
        if any(folder in (path, *path.parents) for folder in folders):
            return f" ({path.name}, line {number}{f': {code}' if code else ''})"
    return ""


def _frames(error: BaseException) -> traceback.StackSummary:
    return traceback.extract_tb(error.__traceback__)
