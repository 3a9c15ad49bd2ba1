"""What is built: a model after some steps, or one export of that, each an artifact of its own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from weighin import registry
from weighin.core import Call, Variant

DENSE = Call("float32")  # what a variant's name means that names no export


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
    return Job(model, profile, seed, wanted.steps, export_for(wanted, format))


def export_for(wanted: Variant, format: str) -> Call | None:
    """The export by which a variant becomes a file of a format; None if it takes none.

    A variant that names an export is of that export's format. One that names none is, in each
    format, what the format's own plain export makes of it.
    """
    if registry.export_format(wanted.export.name) == format:
        return wanted.export
    plain = registry.formats[format].plain
    return Call(plain) if plain else None


def formats_of(wanted: Variant) -> list[str]:
    """The formats that a variant's files exist in, in the order of tables.

    What nothing is quantized of is also to be had as the Keras file, and in every other format.
    """
    own = registry.export_format(wanted.export.name)
    if wanted.export.name != DENSE.name:
        return [own]
    is_bare = wanted.export == DENSE
    return [
        name
        for name, format in zip(registry.formats, registry.formats.values(), strict=True)
        if name == own or not format.plain or is_bare
    ]
