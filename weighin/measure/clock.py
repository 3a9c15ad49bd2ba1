"""What times calls in a run: pytest-benchmark's fixture, or what stands in its place."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Protocol


class Clock(Protocol):
    """As much of pytest-benchmark's fixture as is used."""

    enabled: bool
    stats: Any

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], tuple[Sequence[Any], Mapping[str, Any]] | None] | None = None,
        rounds: int = 1,
    ) -> Any:
        """What the last of so many calls returned; `stats.stats.data` has their seconds."""
        ...


class PlainBenchmark:
    """Stands where pytest-benchmark's fixture does: it calls, and keeps how long each call took."""

    enabled = True

    def __init__(self) -> None:
        """Nothing is timed yet."""
        self.stats = SimpleNamespace(stats=SimpleNamespace(data=[]))

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], tuple[Sequence[Any], Mapping[str, Any]] | None] | None = None,
        rounds: int = 1,
    ) -> Any:
        """What the last of so many calls returned; `setup` before each may give its arguments."""
        collecting, clock = gc.isenabled(), time.perf_counter
        given: Mapping[str, Any] = kwargs or {}
        returned = None
        try:
            for _ in range(rounds):
                if setup is not None:
                    args, given = setup() or (args, given)
                gc.disable()
                began = clock()
                returned = target(*args, **given)
                self.stats.stats.data.append(clock() - began)
        finally:
            if collecting:
                gc.enable()
        return returned
