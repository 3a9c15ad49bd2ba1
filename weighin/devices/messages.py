"""What is asked of an agent, and what it answers: every field with its type and range.

Both sides read messages through these, so that nothing else is ever looked at.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from weighin.core import Stopped, WeighinError
from weighin.devices.packing import Described
from weighin.measure.calibration import Calibration
from weighin.targets.state import State

T = TypeVar("T")
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Text = Annotated[str, Meta(max_length=4000)]
Whole = Annotated[int, Meta(ge=0, le=2**48)]
Few = Annotated[int, Meta(ge=1, le=512)]
Seconds = Annotated[float, Meta(gt=0, le=1e6)]
Operators = tuple[Whole, Whole]
LeftOut = Annotated[tuple[Whole, ...], Meta(max_length=100_000)]
Reason = Literal["failed", "lacks", "skipped"]


class _Struct(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Fields, all of them known."""


class File(_Struct):
    """A file that was sent before, by its digest.

    Attributes:
        format: as of an artifact.
        own_names: of its inputs and outputs, by the names that messages use; where they differ.
    """

    sha256: Sha256
    format: Name
    bytes: Whole
    own_names: dict[Literal["inputs", "outputs"], dict[Text, Text]] = {}


class Session(_Struct):
    """How a file is opened."""

    file: File
    runtime: Name
    threads: Few


class Timed(Session):
    """How a file is opened to be timed: its example's arrays, then those of its answer, follow."""

    example: tuple[Described, ...]
    answer: tuple[Described, ...]


class Facts(_Struct, tag="facts", tag_field="operation"):
    """What is there?"""


class Look(_Struct, tag="look", tag_field="operation"):
    """In what state is the machine?"""


class Holds(_Struct, tag="holds", tag_field="operation"):
    """How much of a file is there?"""

    sha256: Sha256
    format: Name


class Store(_Struct, tag="store", tag_field="operation"):
    """Keep the part of a file that follows."""

    sha256: Sha256
    format: Name
    at: Whole
    total: Whole


class Open(_Struct, tag="open", tag_field="operation"):
    """Open a file."""

    session: Session


class Predict(_Struct, tag="predict", tag_field="operation"):
    """Answer examples that were sent before as a file of arrays."""

    session: Whole
    stored: Sha256
    inputs: tuple[Described, ...]


class Answer(_Struct, tag="answer", tag_field="operation"):
    """Answer one example, whose arrays follow, by the call that is timed elsewhere."""

    session: Whole
    inputs: tuple[Described, ...]


class Close(_Struct, tag="close", tag_field="operation"):
    """Close a session."""

    session: Whole


class Start(_Struct, tag="start", tag_field="operation"):
    """Start so many fresh processes, one after the other; the example's arrays follow."""

    session: Session
    example: tuple[Described, ...]
    count: Few


class Infer(_Struct, tag="infer", tag_field="operation"):
    """Time single inferences."""

    opening: Timed


class Pair(_Struct, tag="pair", tag_field="operation"):
    """Time two openings in interleaved blocks; the arrays of the first come first."""

    first: Timed
    second: Timed
    seconds: Seconds
    pin: bool


class Memory(_Struct, tag="memory", tag_field="operation"):
    """What does a file take of a microcontroller's memory?"""

    session: Session


class Fixed(_Struct, tag="fixed", tag_field="operation"):
    """What does a call cost that computes next to nothing?"""

    runtime: Name


Asked = (
    Facts
    | Look
    | Holds
    | Store
    | Open
    | Predict
    | Answer
    | Close
    | Start
    | Infer
    | Pair
    | Memory
    | Fixed
)


class Machine(_Struct):
    """The processor and what is around it, as of `weighin.targets.machine`."""

    cpu: Text
    architecture: Text
    cores: Whole
    cpu_features: Annotated[tuple[Text, ...], Meta(max_length=100)]
    memory_bytes: Whole
    system: Text


class Told(_Struct):
    """What is there: runtimes with why they cannot be used, None of those that can."""

    weighin: Text
    commit: Text
    machine: Machine
    packages: dict[Text, Text | None]
    runtimes: dict[Name, Text | None]
    calibrations: Annotated[tuple[Calibration, ...], Meta(max_length=100)]
    state: State


class Held(_Struct):
    """How much of a file is there."""

    bytes: Whole
    whole: bool


class Opened(_Struct):
    """A session, and what it tells."""

    session: Whole
    delegated: Operators | None
    left_out: LeftOut | None
    accelerated: bool | None


class Answered(_Struct):
    """Outputs, whose arrays follow, and what they took."""

    outputs: Annotated[tuple[Described, ...], Meta(max_length=1000)]
    seconds: Annotated[float, Meta(ge=0, le=1e6)]


class Run(_Struct):
    """A cold start, as of `weighin.outcomes`."""

    seconds: Seconds
    peak_bytes: Whole
    answer: Annotated[tuple[float, ...], Meta(max_length=100)]


class Started(_Struct):
    """Cold starts."""

    runs: Annotated[tuple[Run, ...], Meta(max_length=512)]


class Inferred(_Struct):
    """Single inferences, as of `weighin.outcomes`."""

    seconds: Annotated[tuple[Seconds, ...], Meta(min_length=1, max_length=100_000)]
    openings: Annotated[tuple[Whole, ...], Meta(min_length=1, max_length=100_000)]
    delegated: Operators | None
    left_out: LeftOut | None
    accelerated: bool | None
    fixed_seconds: Seconds | None


class Paired(_Struct):
    """Blocks of two sessions, as of `weighin.outcomes`."""

    blocks: Annotated[tuple[tuple[Seconds, Seconds], ...], Meta(min_length=1, max_length=100_000)]
    stopped: Stopped
    pinned: bool


class Estimated(_Struct):
    """What an NPU's compiler estimates, and what that supposes; or why it estimates nothing."""

    seconds: Seconds | None
    words: Text
    status: Literal["skipped", "not measured"] = "skipped"


class Remembered(_Struct):
    """A microcontroller's memory, as of `weighin.outcomes`."""

    total: Whole
    head: Whole
    tail: Whole
    estimates: Annotated[dict[Name, Estimated], Meta(max_length=100)]


class Cost(_Struct):
    """What a call costs that computes next to nothing; None where that is not known."""

    seconds: Seconds | None


class Done(_Struct):
    """It is done."""


class Refused(_Struct):
    """Why it is not: it failed, is left out, or a file is not there (any more)."""

    refused: Annotated[str, Meta(min_length=1, max_length=4000)]
    kind: Reason


def converted(told: Any, kind: type[T]) -> T:
    """A message as what it must be.

    Raises:
        WeighinError: naming the field that is wrong.
    """
    try:
        return msgspec.convert(told, kind)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise WeighinError(f"a message is not as agreed: {error}") from None
