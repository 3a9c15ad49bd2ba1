"""Searching in a process of its own: `python -m weighin.searches.process`, for `weighin.search`.

Its sessions run where no TensorFlow is loaded, and what native code crashes is this process: it is
started again, and goes on from what was tried, as the command does.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from weighin import conversation
from weighin.conversation import Conversation
from weighin.core import WeighinError
from weighin.datasets.bringing import Brought
from weighin.job.guarding import MEANT, MOST, ended_by
from weighin.job.process import as_json, brought_of, of_json
from weighin.report.search import Found
from weighin.searches import finding, progress
from weighin.searches.finding import Asked
from weighin.searches.trying import Limits

MODULE = "weighin.searches.process"


def found(asked: Asked, console: Console) -> Found:
    """Search in a fresh process, and show how it goes.

    Args:
        asked: what is searched for.
        console: where finds are shown.

    Raises:
        WeighinError: if anything does not fit, or the process is ended again and again.
    """
    for left in reversed(range(MOST + 1)):
        last: dict[str, Any] = {}
        with Conversation(MODULE, _orders(asked)) as there:
            for line in there:
                last = json.loads(line)
                if "best" in last:
                    console.print(last["best"], markup=False, soft_wrap=True)
            words = there.last_words()
        if "refused" in last:
            raise WeighinError(last["refused"])
        if "found" in last:
            return Found.of_json(last["found"])
        ended = f"the process that searches {ended_by(there.code)}"
        if there.code >= 0 or -there.code in MEANT or not left:
            raise WeighinError(f"{ended}: {words}")
        console.print(f"{ended}: another goes on", markup=False)
    raise AssertionError("unreachable")


def _orders(asked: Asked) -> dict[str, Any]:
    told = dataclasses.asdict(asked) | {"how": as_json(asked.how)}
    told["output"] = None if asked.output is None else str(asked.output.absolute())
    if isinstance(asked.validation, Brought):
        told["validation"]["path"] = str(asked.validation.path)
    elif asked.validation is not None:
        told["validation"] = str(asked.validation)
    return told


def _asked(told: Mapping[str, Any]) -> Asked:
    output = told["output"]
    return Asked(
        **{
            **told,
            "minimize": tuple(told["minimize"]),
            "limits": Limits(**told["limits"]),
            "validation": brought_of(told["validation"]),
            "output": None if output is None else Path(output),
            "how": of_json(told["how"]),
        }
    )


def main() -> None:
    """Do as ordered."""
    tell = conversation.teller()
    asked = _asked(conversation.orders())
    try:
        whole = finding.found(asked, progress.finds(lambda line: tell(best=line)))
    except WeighinError as error:
        tell(refused=str(error))
        return
    tell(found=whole.as_json())


if __name__ == "__main__":
    main()
