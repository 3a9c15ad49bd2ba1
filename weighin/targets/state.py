"""What state the machine is in: clock, load, heat, limits; as far as the system tells.

Read before and after measuring: from the difference follows what disturbed it. What a machine
should be like for measuring is said by pyperf's `system tune`; sources of the files are Linux's
Documentation/admin-guide/pm, cgroup-v2 and thermal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
OTHERS = 0.05  # share of the cores' time that others may take while it is measured
STEALING = 0.01  # share of it that the host may take
SHORTEST = 1.0  # seconds from which on shares can be told
HOT = 90.0  # degrees Celsius


@dataclass(frozen=True)
class State:
    """A machine at one moment; None is what the system does not tell.

    Attributes:
        load: processes that ran or waited, over the last minute.
        governors: of the usable cores' clocks, each once.
        turbo: whether cores may go beyond their nominal clock.
        shares_core: whether a usable core's other hardware thread (SMT) is used by others or us.
        celsius: of the hottest sensor.
        throttled: how often the processor has slowed itself for heat, since it was started.
        limit_cores: cores that a container allows.
        limit_bytes: memory that it allows.
        limited_seconds: for which it made processes wait, since it was started.
        busy: seconds that the usable cores worked since the machine was started, idle not counted.
        stolen: seconds that a host gave to others meanwhile.
        own: processor seconds of this process and of those that it has waited for.
        at: seconds on a clock that only runs forward.
    """

    load: float | None
    governors: tuple[str, ...]
    turbo: bool | None
    shares_core: bool | None
    celsius: float | None
    throttled: int | None
    limit_cores: float | None
    limit_bytes: int | None
    limited_seconds: float | None
    busy: float | None
    stolen: float | None
    own: float
    at: float


def read(root: Path = ROOT) -> State:
    """The machine's state now.

    Args:
        root: where `proc` and `sys` lie; another folder in tests.
    """
    cores = _usable()
    busy, stolen = _worked(root, cores)
    times = os.times()
    quota = _text(root, "sys/fs/cgroup/cpu.max").split()
    return State(
        load=_number(_text(root, "proc/loadavg").split()[:1]),
        governors=tuple(sorted({*_of_cores(root, cores, "cpufreq/scaling_governor")} - {""})),
        turbo=_turbo(root),
        shares_core=_shares_core(root, cores),
        celsius=_celsius(root),
        throttled=_throttled(root, cores),
        limit_cores=(
            float(quota[0]) / float(quota[1])
            if len(quota) == 2 and quota[0].isdecimal() and float(quota[1])
            else None
        ),
        limit_bytes=_whole(_text(root, "sys/fs/cgroup/memory.max")),
        limited_seconds=_limited(root),
        busy=busy,
        stolen=stolen,
        own=times.user + times.system + times.children_user + times.children_system,
        at=time.monotonic(),
    )


def disturbances(before: State, after: State, cores: int) -> list[str]:
    """What disturbed measuring, in words; nothing where nothing is known to have.

    Args:
        before: the state when measuring began.
        after: when it had ended.
        cores: that may be used.
    """
    told: list[str] = []
    if after.at - before.at < SHORTEST:  # the system counts in hundredths of a second
        return told
    whole = (after.at - before.at) * cores
    if before.busy is not None and after.busy is not None:
        others = (after.busy - before.busy - (after.own - before.own)) / whole
        if others > OTHERS:
            told.append(f"other processes took {min(1, others):.0%} of its cores' time")
    if before.stolen is not None and after.stolen is not None:
        stolen = (after.stolen - before.stolen) / whole
        if stolen > STEALING:
            told.append(f"the host took {stolen:.0%} of it for other machines")
    if before.throttled is not None and (after.throttled or 0) > before.throttled:
        told.append("the processor slowed itself down for heat")
    if before.limited_seconds is not None and after.limited_seconds is not None:
        limited = after.limited_seconds - before.limited_seconds
        if limited > STEALING * whole:
            told.append(f"the container's limit made processes wait for {limited:.1f} s")
    if after.celsius is not None and after.celsius >= HOT:
        told.append(f"it was {after.celsius:.0f} °C hot at the end")
    return told


def mends(state: State) -> list[str]:
    """What makes times unsteady here though it could be mended, each with the command."""
    told: list[str] = []
    slow = [name for name in state.governors if name not in ("performance", "schedutil")]
    if slow:
        told.append(
            f"the clock's governor is {', '.join(slow)}: times depend on what ran before "
            f"(sudo cpupower frequency-set -g performance)"
        )
    if state.turbo:
        told.append(
            "turbo is on: the clock falls as the processor warms "
            "(sudo pyperf system tune turns it off)"
        )
    if state.shares_core:
        told.append(
            "cores share hardware threads: a neighbour slows them "
            "(echo off | sudo tee /sys/devices/system/cpu/smt/control)"
        )
    usable = len(_usable())
    if state.load is not None and state.load > usable / 2:
        told.append(f"the load is {state.load:g} on {usable} cores: end what else is running")
    if state.limit_cores is not None and state.limit_cores < usable:
        told.append(
            f"the container may use {state.limit_cores:g} of {usable} cores, and is made to wait "
            f"beyond that: raise its limit, or pin it (docker run --cpuset-cpus)"
        )
    return told


def _usable() -> list[int]:
    try:
        return sorted(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        return list(range(os.cpu_count() or 1))


def _text(root: Path, path: str) -> str:
    try:
        return (root / path).read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _number(words: Sequence[str]) -> float | None:
    try:
        return float(words[0])
    except (ValueError, IndexError):
        return None


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _of_cores(root: Path, cores: Iterable[int], what: str) -> list[str]:
    return [_text(root, f"sys/devices/system/cpu/cpu{core}/{what}") for core in cores]


def _turbo(root: Path) -> bool | None:
    off = _text(root, "sys/devices/system/cpu/intel_pstate/no_turbo")
    if off:
        return off == "0"
    boost = _text(root, "sys/devices/system/cpu/cpufreq/boost")
    return boost == "1" if boost else None


def _shares_core(root: Path, cores: Iterable[int]) -> bool | None:
    siblings = [text for text in _of_cores(root, cores, "topology/thread_siblings_list") if text]
    return any(not text.isdecimal() for text in siblings) if siblings else None


def _celsius(root: Path) -> float | None:
    zones = sorted((root / "sys/class/thermal").glob("thermal_zone*"))
    degrees = [_whole(_text(root, str(zone.relative_to(root) / "temp"))) for zone in zones]
    known = [each / 1000 for each in degrees if each]
    return max(known) if known else None


def _throttled(root: Path, cores: Iterable[int]) -> int | None:
    counts = [
        _whole(each) for each in _of_cores(root, cores, "thermal_throttle/core_throttle_count")
    ]
    known = [each for each in counts if each is not None]
    return sum(known) if known else None


def _limited(root: Path) -> float | None:
    words = dict(
        line.split()[:2]
        for line in _text(root, "sys/fs/cgroup/cpu.stat").splitlines()
        if len(line.split()) > 1
    )
    microseconds = _whole(words.get("throttled_usec", ""))
    return None if microseconds is None else microseconds / 1e6


def _worked(root: Path, cores: Sequence[int]) -> tuple[float | None, float | None]:
    """Seconds that cores worked, and that were stolen from them, by /proc/stat."""
    names = {f"cpu{core}" for core in cores}
    lines = [line.split() for line in _text(root, "proc/stat").splitlines()]
    rows = [
        [int(word) for word in words[1:9]]
        for words in lines
        if len(words) > 8 and words[0] in names and all(map(str.isdecimal, words[1:9]))
    ]
    if not rows:
        return None, None
    tick = 1 / os.sysconf("SC_CLK_TCK")
    # user, nice, system, idle, iowait, irq, softirq, steal
    busy = sum(sum(row[:3]) + row[5] + row[6] for row in rows)
    return busy * tick, sum(row[7] for row in rows) * tick
