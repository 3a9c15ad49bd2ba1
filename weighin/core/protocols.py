"""What alternatives have in common: runtimes and their sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from weighin.core.figures import Scope
from weighin.named import Arrays


class Session(Protocol):
    """An artifact opened by a runtime, ready to answer."""

    @property
    def delegated(self) -> tuple[int, int] | None:
        """How many operators run in a delegate, and how many there are; None if unknown."""
        ...

    def predict(self, inputs: Arrays) -> Arrays:
        """Outputs by name, each `(n, …)`, for inputs by name, each `(n, …)`; in real units."""
        ...

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """Set one example, each input `(1, …)`; return the call that answers it."""
        ...

    def answer(self) -> Arrays:
        """Outputs by name, each `(1, …)`, of the last call that `inference` returned."""
        ...

    def close(self) -> None:
        """Release what the session holds."""
        ...


class Runtime(Protocol):
    """What executes an artifact."""

    @property
    def name(self) -> str:
        """What it is called in options and records."""
        ...

    @property
    def formats(self) -> tuple[str, ...]:
        """The artifacts' formats that it opens."""
        ...

    @property
    def needs_tensorflow(self) -> bool:
        """Whether opening loads TensorFlow into the process."""
        ...

    @property
    def on_request(self) -> bool:
        """Whether a run leaves it out unless `--weighin-runtimes` names it."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """Whose versions decide what it makes of a file; none where that is more than packages."""
        ...

    @property
    def rounding(self) -> float:
        """Relative step of its float arithmetic where that is coarser than float32; else 0."""
        ...

    @property
    def litert_kernels(self) -> bool:
        """Whether it computes by LiteRT's kernels, XNNPACK's among them, of which rules know."""
        ...

    def declines(self, scope: Scope) -> str | None:
        """Why an operation means nothing on it, or None if it is measured."""
        ...

    def available(self) -> str | None:
        """Why it cannot be used here, or None if it can; loads nothing heavy."""
        ...

    def call_overhead(self) -> Callable[[], Any] | None:
        """A call that answers next to nothing: its time is the fixed cost of every call."""
        ...

    def load(self) -> None:
        """Import what opening needs, so that a cold start does not time Python's imports."""
        ...

    def open(self, path: Path, threads: int) -> Session:
        """Open the artifact at `path` with so many threads."""
        ...

    def memory(self, path: Path) -> Any:
        """What the artifact takes of a microcontroller's memory (`weighin.outcomes.Arena`)."""
        ...
