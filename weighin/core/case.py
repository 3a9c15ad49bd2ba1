"""What a row of records is about."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """What one row of records is about: its identity everywhere, from building to reports.

    Attributes:
        variant: its one name, as `weighin.grammar` writes it.
        format: the file's ending, `tflite` or `h5`.
        runtime: what ran it; empty, with 0 threads, where the file itself is weighed.
    """

    model: str
    dataset: str
    variant: str
    seed: int
    format: str
    runtime: str = ""
    threads: int = 0

    @property
    def file(self) -> Case:
        """The case of the file alone, on no runtime."""
        return dataclasses.replace(self, runtime="", threads=0)

    @property
    def baseline(self) -> Case:
        """The same with nothing compressed."""
        return dataclasses.replace(self, variant="baseline")

    @property
    def of_any_seed(self) -> Case:
        """The same for all seeds: what several seeds share."""
        return dataclasses.replace(self, seed=0)

    @property
    def place(self) -> str:
        """What it was measured on: `litert`, `litert ×4`, or the file's format."""
        return (self.runtime or self.format) + (f" ×{self.threads}" if self.threads > 1 else "")

    def __str__(self) -> str:
        words = [self.model, self.variant, self.runtime or self.format]
        words += [f"seed{self.seed}"] if self.seed else []
        words += [f"threads{self.threads}"] if self.threads > 1 else []
        return "-".join(words)
