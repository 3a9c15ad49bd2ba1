"""The machine's state, read from made-up files of a system, and what is said of it."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from weighin.targets import state
from weighin.targets.state import State, disturbances, mends

TICK = os.sysconf("SC_CLK_TCK")
CALM = State(
    load=0.1,
    governors=("performance",),
    turbo=False,
    shares_core=False,
    celsius=50.0,
    throttled=3,
    limit_cores=None,
    limit_bytes=None,
    limited_seconds=0.5,
    busy=100.0,
    stolen=1.0,
    own=10.0,
    at=1000.0,
)


def later(**changed: object) -> State:
    """The calm machine ten seconds later, of which this process took nine on one core."""
    calm = {"at": 1010.0, "own": 19.0, "busy": 109.1}
    return dataclasses.replace(CALM, **{**calm, **changed})  # type: ignore[arg-type]


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system of two usable cores, 1 and 3."""
    monkeypatch.setattr(state, "_usable", lambda: [1, 3])
    files = {
        "proc/loadavg": "1.50 0.9 0.8 1/200 77",
        "proc/stat": (
            f"cpu 9 9 9 9 9 9 9 9 0 0\n"
            f"cpu0 9 9 9 9 9 9 9 9 0 0\n"
            f"cpu1 {TICK} {TICK} {TICK} 500 500 {TICK} {TICK} {2 * TICK} 0 0\n"
            f"cpu3 {TICK} 0 0 500 500 0 0 0 0 0\n"
        ),
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
        "sys/devices/system/cpu/cpu3/cpufreq/scaling_governor": "performance\n",
        "sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "1\n",
        "sys/devices/system/cpu/cpu3/topology/thread_siblings_list": "3,7\n",
        "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count": "2\n",
        "sys/devices/system/cpu/cpu3/thermal_throttle/core_throttle_count": "5\n",
        "sys/devices/system/cpu/intel_pstate/no_turbo": "0\n",
        "sys/class/thermal/thermal_zone0/temp": "45000\n",
        "sys/class/thermal/thermal_zone1/temp": "61500\n",
        "sys/fs/cgroup/cpu.max": "150000 100000\n",
        "sys/fs/cgroup/memory.max": "4294967296\n",
        "sys/fs/cgroup/cpu.stat": "usage_usec 5\nnr_throttled 2\nthrottled_usec 2500000\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_everything_that_the_system_tells_is_read(system: Path) -> None:
    """Of the usable cores alone; what a processor waits for is no work."""
    read = state.read(system)

    assert (1.5, ("performance", "powersave"), True, True) == (
        *(read.load, read.governors),
        *(read.turbo, read.shares_core),
    )
    assert (61.5, 7, 1.5, 2**32, 2.5) == (
        *(read.celsius, read.throttled),
        *(read.limit_cores, read.limit_bytes, read.limited_seconds),
    )
    assert (6.0, 2.0) == pytest.approx((read.busy, read.stolen))


@pytest.mark.parametrize(
    ("path", "text", "field"),
    [
        ("sys/fs/cgroup/cpu.max", "max 100000", "limit_cores"),
        ("sys/fs/cgroup/memory.max", "max", "limit_bytes"),
        ("proc/loadavg", "nonsense", "load"),
        ("proc/stat", "cpu1 a b c", "busy"),
        ("sys/fs/cgroup/cpu.stat", "throttled_usec", "limited_seconds"),
    ],
)
def test_what_makes_no_sense_is_not_told(system: Path, path: str, text: str, field: str) -> None:
    (system / path).write_text(text)

    assert getattr(state.read(system), field) is None


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    """Then nothing is claimed of it, and nothing is to be mended."""
    read = state.read(tmp_path)

    told = {name: value for name, value in vars(read).items() if value not in (None, ())}
    assert {"own", "at"} == set(told)
    assert [] == disturbances(read, dataclasses.replace(read, at=read.at + 9), 2)
    assert [] == mends(read)


def test_here_it_is_read_too() -> None:
    """Time goes on, and so does what this process took."""
    first = state.read()
    sum(range(10**6))
    second = state.read()

    assert first.at < second.at
    assert first.own <= second.own


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (later(), []),
        (later(busy=113.0), ["other processes took 20% of its cores' time"]),
        (later(stolen=2.0), ["the host took 5% of it for other machines"]),
        (later(throttled=4), ["the processor slowed itself down for heat"]),
        (later(limited_seconds=1.5), ["the container's limit made processes wait for 1.0 s"]),
        (later(celsius=95.0), ["it was 95 °C hot at the end"]),
    ],
)
def test_what_disturbed_measuring(after: State, words: list[str]) -> None:
    """Each by itself; what this process did is no disturbance."""
    assert words == disturbances(CALM, after, 2)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"governors": ("powersave",)}, "cpupower frequency-set"),
        ({"turbo": True}, "pyperf system tune"),
        ({"shares_core": True}, "smt/control"),
        ({"load": 999.0}, "end what else is running"),
        ({"limit_cores": 0.5}, "--cpuset-cpus"),
    ],
)
def test_what_can_be_mended_is_told_with_the_command(changed: dict[str, object], word: str) -> None:
    (mend,) = mends(dataclasses.replace(CALM, **changed))  # type: ignore[arg-type]

    assert word in mend
    assert [] == mends(CALM)
