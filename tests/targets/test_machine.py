"""Facts about this machine, as a cpuinfo that is not this machine's gives them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from weighin.targets import machine


class FakeCpuinfo:
    """What py-cpuinfo would say; counts how often it was asked."""

    def __init__(self, **answer: Any) -> None:
        """Take the answer."""
        self.answer = answer
        self.asked = 0

    def get_cpu_info(self) -> dict[str, Any]:
        """The answer."""
        self.asked += 1
        return self.answer


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    """What one test was told is no other's, nor anybody's afterwards."""
    for remembered in (machine._told, machine.processor, machine.facts):
        remembered.cache_clear()
    yield
    for remembered in (machine._told, machine.processor, machine.facts):
        remembered.cache_clear()


@pytest.fixture
def cpuinfo(monkeypatch: pytest.MonkeyPatch) -> FakeCpuinfo:
    """A processor with instruction sets that matter and one that does not."""
    fake = FakeCpuinfo(brand_raw="Example CPU", flags=["fma", "mmx", "avx2"])
    module = SimpleNamespace(get_cpu_info=fake.get_cpu_info)
    monkeypatch.setitem(sys.modules, "cpuinfo", module)
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    return fake


@pytest.mark.usefixtures("cpuinfo")
def test_a_processor_is_what_decides_which_kernels_run() -> None:
    """Its brand, its architecture and the instruction sets that matter, in one order always."""
    assert machine.processor() == machine.Processor("Example CPU", "x86_64", ("avx2", "fma"))


def test_the_system_is_asked_once(cpuinfo: FakeCpuinfo) -> None:
    """Asking it takes a while; facts take the processor from the same answer."""
    facts = [machine.facts(), machine.facts()]

    assert machine.processor() is machine.processor()
    assert cpuinfo.asked == 1
    assert facts[0]["cpu"] == "Example CPU"
    assert facts[0]["cpu_features"] == ["avx2", "fma"]


def test_facts_are_of_the_machine_alone(cpuinfo: FakeCpuinfo) -> None:
    """Records keep them: no host name, user name or path, in the order that they always had."""
    names = ["cpu", "architecture", "cores", "cpu_features", "memory_bytes", "system"]

    assert list(machine.facts()) == names


def test_a_processor_that_names_nothing_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system says neither brand nor flags, that is what is said of it."""
    module = SimpleNamespace(get_cpu_info=FakeCpuinfo().get_cpu_info)
    monkeypatch.setitem(sys.modules, "cpuinfo", module)
    monkeypatch.setattr(machine.platform, "processor", lambda: "")

    assert machine.processor().cpu == "unknown"
    assert machine.processor().cpu_features == ()


def test_instruction_sets_are_asked_for_by_the_systems_names(cpuinfo: FakeCpuinfo) -> None:
    """Also those that decide nothing of what is built; asking again costs nothing."""
    assert machine.has_any(("avx512_bf16", "mmx"))
    assert not machine.has_any(("avx512_bf16", "amx_bf16"))
    assert machine.processor().cpu_features == ("avx2", "fma")
    assert cpuinfo.asked == 1
