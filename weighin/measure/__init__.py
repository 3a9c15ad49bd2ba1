"""(artifact, runtime, metric) → record: what is measured, and how."""

from typing import Any

__all__ = ["Openings"]


def __getattr__(name: str) -> Any:
    """`Openings`, imported when it is asked for: a cold start's process has no use for it."""
    if name == "Openings":
        from weighin.measure.latency import Openings

        return Openings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
