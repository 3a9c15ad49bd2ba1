"""What a file takes on a microcontroller: its interpreter's memory, and an NPU's estimated time.

Flash holds the file itself, so that is `file_bytes`.
"""

from __future__ import annotations

from weighin.core import Figure, Skip
from weighin.outcomes import Memory
from weighin.registry import metric

_ARENA = (
    "RAM that tflite-micro takes for tensors and what it knows of them, here by pointers of 64 "
    "bits; the file itself lies in flash"
)


@metric(
    "arena_bytes",
    title="arena",
    unit="B",
    better="lower",
    comparison="exact",
    tolerance=0.01,
    scope="memory",
    rare=True,
)
def arena_bytes(memory: Memory) -> Figure:
    """RAM that a microcontroller's interpreter takes for the file, head and tail."""
    return Figure(memory.arena.total, note=_ARENA)


@metric(
    "arena_head",
    title="arena head",
    unit="B",
    better="lower",
    scope="memory",
    column=False,
    comparison="none",
)
def arena_head(memory: Memory) -> Figure:
    """The arena's part that holds activations, above one another where they may."""
    return Figure(memory.arena.head)


@metric(
    "arena_tail",
    title="arena tail",
    unit="B",
    better="lower",
    scope="memory",
    column=False,
    comparison="none",
)
def arena_tail(memory: Memory) -> Figure:
    """The arena's part that stays, by pointers of 64 bits: smaller on a microcontroller of 32."""
    return Figure(memory.arena.tail)


def _estimate(memory: Memory, npu: str) -> Figure | Skip:
    estimated = memory.estimates.get(npu, Skip("no estimate was made", "not measured"))
    if isinstance(estimated, Skip):
        return estimated
    seconds, supposed = estimated
    return Figure(seconds, note=f"by {supposed}; calculated, not measured")


def _register(name: str, npu: str, title: str, *, column: bool = False) -> None:
    """A metric for one NPU: an estimate, which no machine's speed goes into."""

    def estimate(memory: Memory) -> Figure | Skip:
        return _estimate(memory, npu)

    estimate.__doc__ = f"Time of an inference on an {title} as Arm's compiler Vela estimates it."
    metric(
        name,
        title=f"{title} estimate",
        unit="s",
        better="lower",
        comparison="exact",
        tolerance=0.02,  # Vela's versions differ
        scope="memory",
        column=column,
        rare=True,
    )(estimate)


_register("ethos_u55_128", "ethos-u55-128", "Ethos-U55-128", column=True)
_register("ethos_u55_256", "ethos-u55-256", "Ethos-U55-256")
_register("ethos_u65_256", "ethos-u65-256", "Ethos-U65-256")
_register("ethos_u65_512", "ethos-u65-512", "Ethos-U65-512")
_register("ethos_u85_256", "ethos-u85-256", "Ethos-U85-256")
