"""How a search goes, on standard error: a line that stays on a terminal, each find in a pipe."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console
from rich.status import Status

from weighin import registry
from weighin.report import units
from weighin.report.layout import visible
from weighin.searches.front import front
from weighin.searches.judging import LATENCY
from weighin.searches.trying import Told, Trying


def finds(say: Callable[[str], None]) -> Told:
    """Who says a line of each find that is better than those before, to be told of a search."""
    last = ""

    def told(search: Trying, doing: str) -> None:
        nonlocal last
        best = _best(search)
        if best != last:
            count = len(search.ledger.known)
            say(visible(f"[{count} tried, {_clock(search.seconds)}] best {best}"))
        last = best

    return told


@contextlib.contextmanager
def shown(console: Console | None = None) -> Iterator[Told]:
    """Show a search on a console, by default standard error."""
    console = console or Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield finds(lambda line: console.print(line, markup=False, soft_wrap=True))
        return
    with Status("reading", console=console) as status:

        def told(search: Trying, doing: str) -> None:
            seconds = search.limits.seconds
            spent = f"{_clock(search.seconds)}{f' of {_clock(seconds)}' if seconds else ''}"
            count = len(search.ledger.known)
            text = f"{spent}, {count} tried; best {_best(search)}; {search.phase}: {doing}"
            status.update(visible(text).replace("[", "\\["))

        yield told


def _best(search: Trying) -> str:
    best = front(search.ledger.holding)
    return f"{best[0].variant}: {_values(best[0].values)}" if best else "none holds yet"


def _values(values: Mapping[str, float]) -> str:
    words = [
        f"{1 / value:.3g} × faster"
        if name == LATENCY
        else units.shown(registry.metrics[name], value)
        for name, value in values.items()
    ]
    return ", ".join(words)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
