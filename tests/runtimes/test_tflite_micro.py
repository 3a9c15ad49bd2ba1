"""The interpreter of microcontrollers: its memory, its arena, and what it does not run."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from helpers import engine_files
from helpers.flatbuffer import Graph
from hypothesis import given
from hypothesis import strategies as st

from weighin import registry
from weighin.core import Scope, SkippedError, WeighinError
from weighin.outcomes import Arena
from weighin.packages import missing
from weighin.runtimes import _tflite_micro, tflite_micro
from weighin.runtimes._tflite_micro import allocations
from weighin.subprocesses import SubprocessError

needs_it = pytest.mark.skipif(
    missing("tflite-micro") is not None, reason=missing("tflite-micro") or ""
)
MICRO = registry.runtimes["tflite-micro"]
SAID = """
[RecordingMicroAllocator] Arena allocation total 24272 bytes
[RecordingMicroAllocator] Arena allocation head 16000 bytes
[RecordingMicroAllocator] Arena allocation tail 8272 bytes
[RecordingMicroAllocator] 'TfLiteEvalTensor data' used 840 bytes with alignment overhead
"""


def test_what_is_no_time_is_measured() -> None:
    """Sizes, answers and memory are; whatever is a time says why not."""
    declined = {scope for scope in get_args(Scope) if MICRO.declines(scope)}

    assert {"start", "inference", "pair", "engines"} == declined
    assert "cannot be told on a PC" in (MICRO.declines("inference") or "")


def test_allocations_are_read_wherever_they_stand() -> None:
    """Among other lines, in any order."""
    shuffled = "\n".join(reversed(SAID.splitlines()))

    assert {"total": 24272, "head": 16000, "tail": 8272} == allocations(SAID)
    assert allocations(SAID) == allocations(f"INFO: something\n{shuffled}\nmore")


@pytest.mark.parametrize(
    "said",
    [
        "",
        SAID.replace("head", "front"),
        SAID.replace("16000 bytes", "16 kB"),
        SAID.replace("8272", "8273"),
        "Arena allocation total 5 bytes",
    ],
)
def test_what_is_not_understood_is_no_figure(said: str) -> None:
    """Another version's words, or parts that do not come to the whole, are refused."""
    with pytest.raises(WeighinError, match="is not understood"):
        allocations(said)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    """By no other error, and what is read adds up."""
    try:
        told = allocations(text)
    except WeighinError:
        return
    assert told["head"] + told["tail"] == told["total"]


@needs_it
def test_memory_is_told_by_a_process_of_its_own(tmp_path: Path) -> None:
    """Head and tail come to the whole; the head holds at least what flows through the graph."""
    small = MICRO.memory(engine_files.bytes_(tmp_path))
    large = MICRO.memory(engine_files.floats(tmp_path))

    assert small.head + small.tail == small.total
    assert small.head >= 8 * 8 * 2 + 4 * 4 * 4
    assert large.head >= 4 * (8 * 8 * 2 + 4 * 4 * 4)
    assert large == MICRO.memory(engine_files.floats(tmp_path))


@needs_it
def test_memory_of_a_hybrid_file_is_skipped(tmp_path: Path) -> None:
    """With the reason that opening it has, said by the other process."""
    with pytest.raises(SkippedError, match=r"hybrid\.tflite is hybrid"):
        MICRO.memory(engine_files.hybrid(tmp_path))


@needs_it
def test_half_precision_weights_are_skipped(tmp_path: Path) -> None:
    """It unpacks integers alone, and says so in words of its own source."""
    graph = Graph()
    given = graph.tensor("input", (1, 4), "float32")
    packed = graph.tensor("weights", (3, 4), "float16", np.ones((3, 4), np.float16))
    unpacked = graph.tensor("unpacked", (3, 4), "float32")
    output = graph.tensor("output", (1, 3), "float32")
    graph.operator("DEQUANTIZE", [packed], [unpacked])
    graph.operator("FULLY_CONNECTED", [given, unpacked, -1], [output])
    graph.graph.inputs, graph.graph.outputs = [given], [output]
    (tmp_path / "half.tflite").write_bytes(graph.packed())

    with pytest.raises(SkippedError, match=r"half\.tflite holds half-precision weights"):
        MICRO.open(tmp_path / "half.tflite", 1)


@pytest.mark.parametrize("failure", ["crashed: SIGSEGV", "did not end within 300 s"])
def test_a_process_that_fails_is_a_failure(monkeypatch: pytest.MonkeyPatch, failure: str) -> None:
    """Not a skip: what it was ended by is said."""

    def run_module(*_: object, **__: object) -> bytes:
        raise SubprocessError(failure)

    monkeypatch.setattr(tflite_micro, "run_module", run_module)
    with pytest.raises(WeighinError, match=failure) as raised:
        MICRO.memory(Path("model.tflite"))
    assert not isinstance(raised.value, SkippedError)


@needs_it
def test_a_kernel_that_it_lacks_is_named(tmp_path: Path) -> None:
    """A skip: microcontrollers have not all operators."""
    graph = Graph()
    first = graph.tensor("a", (1, 4), "float32")
    out = graph.tensor("b", (1, 4), "float32")
    graph.operator("ATAN2", [first, first], [out])
    graph.graph.inputs, graph.graph.outputs = [first], [out]
    path = tmp_path / "angles.tflite"
    path.write_bytes(graph.packed())

    with pytest.raises(SkippedError, match=r"no kernel for ATAN2, which angles\.tflite needs"):
        MICRO.open(path, 1)


@needs_it
def test_the_arena_grows_until_the_file_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no further than there is a point; what it takes is no matter of what it was given."""
    path = engine_files.floats(tmp_path)
    given = engine_files.inputs(path, 2)
    right = MICRO.open(path, 1).predict(given)

    monkeypatch.setattr(_tflite_micro, "ARENA", (1_500, 10**6))
    again = MICRO.open(path, 1).predict(given)
    assert all((right[name] == again[name]).all() for name in right)

    monkeypatch.setattr(_tflite_micro, "ARENA", (1_500, 1_500))
    with pytest.raises(WeighinError, match=r"arena of .* too small") as raised:
        MICRO.open(path, 1)
    assert not isinstance(raised.value, SkippedError)


@needs_it
def test_a_second_thread_is_a_skip(tmp_path: Path) -> None:
    """A microcontroller has none."""
    with pytest.raises(SkippedError, match="one thread"):
        MICRO.open(engine_files.floats(tmp_path), 2)


@pytest.mark.parametrize("name", [each.name for each in registry.runtimes.values()])
def test_who_tells_no_memory_says_so(name: str) -> None:
    """Every runtime declines the operation, or has a figure."""
    runtime: Any = registry.runtimes[name]
    if runtime.declines("memory") is None:
        assert isinstance(runtime, tflite_micro.TFLiteMicro)
        assert Arena(3, 2, 1).total == 3
        return
    with pytest.raises(SkippedError, match="only a microcontroller's interpreter tells"):
        runtime.memory(Path("nowhere"))
