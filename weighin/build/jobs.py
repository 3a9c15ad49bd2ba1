"""What is built: a model after some steps, or one export of that, each an artifact of its own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from weighin.core import Call, Variant


@dataclass(frozen=True)
class Job:
    """One artifact to build: a model after some steps, or one export of that."""

    model: str
    profile: str
    seed: int
    steps: tuple[Call, ...] = ()
    export: Call | None = None

    @property
    def parent(self) -> Job | None:
        """What this job starts from; None for the dense start."""
        if self.export is not None:
            return dataclasses.replace(self, export=None)
        if self.steps:
            return dataclasses.replace(self, steps=self.steps[:-1])
        return None

    @property
    def chain(self) -> list[Job]:
        """The dense start, …, this job."""
        return [*(self.parent.chain if self.parent else ()), self]

    def __str__(self) -> str:
        stages = "+".join(map(str, self.steps)) or "dense start"
        return f"{self.model} {stages}" + (f" → {self.export}" if self.export else "")


def job_for(model: str, profile: str, seed: int, wanted: Variant, format: str) -> Job:
    """The job whose artifact is this variant's file in this format."""
    export = wanted.export if format == "tflite" else None
    return Job(model, profile, seed, wanted.steps, export)
