"""LiteRT's compiled models, and a GPU's with the CPU in its place."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import engine_files
from helpers.flatbuffer import Graph

from weighin import named, registry
from weighin.core import WeighinError
from weighin.runtimes import litert_compiled
from weighin.runtimes.litert_compiled import CompiledSession, LiteRTGPU, _no_gpu, _reason

FAILED = """INFO: [environment.cc:36] Creating LiteRT environment with options
WARNING: [npu_registry.cc:34] NPU accelerator could not be loaded and registered.
Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file
    at operator() (third_party/dawn/src/dawn/native/vulkan/BackendVk.cpp:368)
ERROR: [delegate_webgpu.cc:359] Failed to initialize WebGPU environment: No adapters found
"""


def test_a_gpu_is_there_if_the_system_has_one_and_a_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by the system's devices and by whether Vulkan can be found; nothing is opened."""
    monkeypatch.setattr(litert_compiled.platform, "system", lambda: "Linux")
    found: dict[str, str | None] = {"vulkan": None}
    monkeypatch.setattr(litert_compiled.ctypes.util, "find_library", found.get)
    nothing = _no_gpu(tmp_path)
    (tmp_path / "dev" / "dri").mkdir(parents=True)
    (tmp_path / "dev" / "dri" / "renderD128").touch()
    no_vulkan = _no_gpu(tmp_path)
    found["vulkan"] = "libvulkan.so.1"

    assert nothing is not None
    assert "no GPU here" in nothing
    assert no_vulkan is not None
    assert "Debian: libvulkan1" in no_vulkan
    assert _no_gpu(tmp_path) is None
    monkeypatch.setattr(litert_compiled.platform, "system", lambda: "Darwin")
    assert _no_gpu(tmp_path / "nowhere") is None


def test_a_gpu_that_fails_is_no_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening says why, in the words of what failed; nothing answers instead."""
    if _no_gpu(Path("/")) is None:
        pytest.skip("there is a GPU here")
    path = engine_files.floats(tmp_path)

    with pytest.raises(WeighinError, match=r"cannot open floats\.tflite on the GPU: \S.{10}"):
        registry.runtimes["litert-gpu"].open(path, 1)


def test_the_reason_is_the_first_error_that_native_code_told() -> None:
    """Not its chatter, nor the place in its source; else the exception's own words."""
    error = RuntimeError("ERROR: [./litert/cc/litert_compiled_model.h:1961]\n└ ERROR: [x.cc:1]")

    assert "Failed to initialize WebGPU environment: No adapters found" == _reason(FAILED, error)
    assert "it is torn" == _reason("INFO: [a.cc:1] all is well", RuntimeError("it is torn"))


class PartOnly(CompiledSession):
    """A compiled model of the CPU, of which the accelerator took only a part."""

    closed = 0

    def __init__(self, path: Path, threads: int, accelerator: str) -> None:
        """Compile for the CPU."""
        super().__init__(path, threads, "CPU")
        self.accelerated = False

    def close(self) -> None:
        """Count how often."""
        super().close()
        PartOnly.closed += 1


class InItsPlace(CompiledSession):
    """A compiled model of the CPU that is treated as the GPU's: its answers are waited for."""

    def __init__(self, path: Path, threads: int, accelerator: str) -> None:
        """Compile for the CPU what is asked for the GPU."""
        assert "GPU" == accelerator
        super().__init__(path, threads, "CPU")
        self._waits, self.read = True, 0

    def _read(self) -> list[Any]:
        self.read += 1
        return super()._read()


def test_a_part_on_the_cpu_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of which the GPU takes only some never runs as if it were the GPU's."""
    monkeypatch.setattr(litert_compiled, "CompiledSession", PartOnly)
    path = engine_files.floats(tmp_path)

    with pytest.raises(WeighinError, match=r"only a part of floats\.tflite"):
        LiteRTGPU().open(path, 1)
    assert 1 == PartOnly.closed
    with pytest.raises(WeighinError, match="no threads"):
        LiteRTGPU().open(path, 2)


def test_a_gpus_call_waits_for_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each timed call reads the outputs, for the run alone may come back before they are there."""
    monkeypatch.setattr(litert_compiled, "CompiledSession", InItsPlace)
    path = engine_files.floats(tmp_path)
    given = engine_files.inputs(path, 3)
    session: Any = LiteRTGPU().open(path, 1)
    call = session.inference(named.taken(given, slice(1)))
    before = session.read
    call()
    call()

    assert before + 2 == session.read
    assert session.accelerated is True
    right = registry.runtimes["litert"].open(path, 1).predict(given)
    for name, values in session.predict(given).items():
        np.testing.assert_allclose(values, right[name], rtol=0, atol=1e-5)


def test_what_is_accelerated_is_told(tmp_path: Path) -> None:
    """Of a file that XNNPACK takes whole, and of one that it does not."""
    whole = registry.runtimes["litert-compiled"].open(engine_files.floats(tmp_path), 1)
    graph = Graph()
    given, out = (graph.tensor(name, (1, 4), "float32") for name in "ab")
    graph.operator("ATAN2", [given, given], [out])
    graph.graph.inputs, graph.graph.outputs = [given], [out]
    (tmp_path / "angles.tflite").write_bytes(graph.packed())
    part: Any = registry.runtimes["litert-compiled"].open(tmp_path / "angles.tflite", 1)

    assert (True, False) == (whole.accelerated, part.accelerated)


def test_dtypes_that_its_buffers_do_not_hold_are_refused(tmp_path: Path) -> None:
    """By name, before anything runs."""
    graph = Graph()
    given, out = (graph.tensor(name, (1, 4), "int64") for name in ("tokens", "same"))
    graph.operator("RESHAPE", [given], [out])
    graph.graph.inputs, graph.graph.outputs = [given], [out]
    path = tmp_path / "tokens.tflite"
    path.write_bytes(graph.packed())

    with pytest.raises(WeighinError, match="hold no int64, which 'tokens' is"):
        registry.runtimes["litert-compiled"].open(path, 1)
