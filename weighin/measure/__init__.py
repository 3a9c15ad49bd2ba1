"""(artifact, runtime, metric) → record: what is measured, and how."""

from weighin.measure.latency import Openings

__all__ = ["Openings"]
