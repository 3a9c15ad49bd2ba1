"""What a row of records is about."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

CONTROL = "finetune"  # stands beside whatever trains further, so that epochs get no credit


@dataclass(frozen=True)
class Case:
    """What one row of records is about: its identity everywhere, from building to reports.

    Attributes:
        variant: its one name, as `weighin.grammar` writes it.
        format: of the file, as `weighin.core.Format` has it: `tflite`, `onnx` or `h5`.
        runtime: what ran it; empty, with 0 threads, where the file itself is weighed.
        target: the device that it ran on, as the user's devices file names it; empty for this
            machine.
    """

    model: str
    dataset: str
    variant: str
    seed: int
    format: str
    runtime: str = ""
    threads: int = 0
    target: str = ""

    @cached_property
    def file(self) -> Case:
        """The case of the file alone, on no runtime."""
        return dataclasses.replace(self, runtime="", threads=0, target="")

    @cached_property
    def baseline(self) -> Case:
        """The same with nothing compressed."""
        return dataclasses.replace(self, variant="baseline")

    @cached_property
    def control(self) -> Case:
        """The dense start, trained further for as long as what is compressed by training."""
        return dataclasses.replace(self, variant=CONTROL)

    @cached_property
    def of_any_seed(self) -> Case:
        """The same for all seeds: what several seeds share."""
        return dataclasses.replace(self, seed=0)

    @cached_property
    def of_any_engine(self) -> Case:
        """The same on whatever engine of its machine, in files of whatever format."""
        return dataclasses.replace(self, runtime="", format="")

    @property
    def place(self) -> str:
        """What it was measured on: `litert`, `litert@pi5 ×4`, or the file's format."""
        return (self.engine or self.format) + (f" ×{self.threads}" if self.threads > 1 else "")

    @property
    def engine(self) -> str:
        """The runtime as it is asked for: `litert`, or `litert@pi5` on a device."""
        return self.runtime + (f"@{self.target}" if self.target else "")

    def __str__(self) -> str:
        words = [self.model, self.variant, self.engine or self.format]
        words += [f"seed{self.seed}"] if self.seed else []
        words += [f"threads{self.threads}"] if self.threads > 1 else []
        return "-".join(words)


def engine_parts(engine: str) -> tuple[str, str]:
    """Runtime and target of an engine as it is asked for: `litert@pi5`; `litert` has none."""
    runtime, _, target = engine.partition("@")
    return runtime, target


class OfCase:
    """What embeds a case has its fields, too."""

    case: Case

    @property
    def model(self) -> str:
        """The case's model."""
        return self.case.model

    @property
    def dataset(self) -> str:
        """The case's data set."""
        return self.case.dataset

    @property
    def variant(self) -> str:
        """The case's variant."""
        return self.case.variant

    @property
    def seed(self) -> int:
        """The case's seed; of several seeds the first."""
        return self.case.seed

    @property
    def format(self) -> str:
        """The case's file format."""
        return self.case.format

    @property
    def runtime(self) -> str:
        """The case's runtime."""
        return self.case.runtime

    @property
    def threads(self) -> int:
        """The case's threads."""
        return self.case.threads

    @property
    def target(self) -> str:
        """The case's device; empty for this machine."""
        return self.case.target
