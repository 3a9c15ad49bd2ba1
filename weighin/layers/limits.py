"""When measuring ends before all is measured: a limit of time, or an interrupt."""

from __future__ import annotations

import time
from collections.abc import Callable

INTERRUPTED = "interrupted before its turn"

Stop = Callable[[], str]
"""Why nothing further is measured; empty while measuring goes on."""


def never() -> str:
    """Measure all."""
    return ""


class Limit:
    """A limit of time beside whatever else may end measuring; counts from when it is made."""

    def __init__(
        self,
        seconds: float | None,
        stop: Stop = never,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to count.

        Args:
            seconds: that measuring may take; None for as long as it takes.
            stop: what else may end it, asked first.
            clock: seconds from any moment.
        """
        self._seconds, self._stop, self._clock = seconds, stop, clock
        self._began = clock()

    def __call__(self) -> str:
        """Why nothing further is measured; empty while there is time."""
        if reason := self._stop():
            return reason
        if self._seconds is None or self._clock() - self._began < self._seconds:
            return ""
        return f"the limit of {self._seconds / 60:g} minutes (--minutes) came before its turn"
