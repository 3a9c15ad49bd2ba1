"""How a search goes, on standard error: a line that stays on a terminal, each find in a pipe."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.status import Status

from weighin import registry
from weighin.report import units
from weighin.report.layout import visible
from weighin.search.front import front
from weighin.search.judging import LATENCY
from weighin.search.searching import Search, Told


@contextlib.contextmanager
def shown(console: Console | None = None) -> Iterator[Told]:
    """Show a search on a console, by default standard error."""
    console = console or Console(stderr=True, highlight=False)
    last = ""
    status = Status("reading", console=console)
    if console.is_terminal:
        status.start()

    def told(search: Search, doing: str) -> None:
        nonlocal last
        best = front(search.ledger.holding)
        found = f"{best[0].variant}: {_values(best[0].values)}" if best else "none holds yet"
        count, spent = len(search.ledger.entries), _clock(search.seconds)
        whole = f" of {_clock(search.limits.seconds)}" if search.limits.seconds else ""
        if console.is_terminal:
            text = f"{spent}{whole}, {count} tried; best {found}; {search.phase}: {doing}"
            status.update(visible(text).replace("[", "\\["))
        elif found != last:
            line = f"[{count} tried, {spent}] best {found}"
            console.print(visible(line), markup=False, soft_wrap=True)
        last = found

    try:
        yield told
    finally:
        if console.is_terminal:
            status.stop()


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
