"""Facts about the machine: processor, cores, memory, system; no host name, user name or path."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Instruction sets that decide which kernels run (source: XNNPACK's src/configs)
CPU_FEATURES = (
    "sse4_1",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx_vnni",
    "amx_int8",
    "asimd",
    "asimddp",
    "i8mm",
    "sve",
)
GPU_FOLDER = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True)
class Processor:
    """A kind of processor: what decides which kernels run, and so how sums are rounded.

    Attributes:
        cpu: its brand name.
        architecture: as `x86_64`.
        cpu_features: those of `CPU_FEATURES` that it has.
    """

    cpu: str
    architecture: str
    cpu_features: tuple[str, ...]


@cache
def processor() -> Processor:
    """This machine's processor; asking the system takes a fifth of a second, once per process."""
    brand, flags = _told()
    features = tuple(feature for feature in CPU_FEATURES if feature in flags)
    return Processor(brand, platform.machine(), features)


def has_any(features: Iterable[str]) -> bool:
    """Whether the processor has one of these instruction sets, by the system's names for them."""
    return not _told()[1].isdisjoint(features)


@cache
def _told() -> tuple[str, frozenset[str]]:
    """The processor's brand name and all its instruction sets, as the system tells them."""
    import cpuinfo

    answer = cpuinfo.get_cpu_info()
    brand = answer.get("brand_raw", platform.processor() or "unknown")
    return brand, frozenset(answer.get("flags", ()))


@cache
def facts() -> dict[str, Any]:
    """Processor, its features, cores, memory in bytes, and system."""
    import psutil

    here = processor()
    return {
        "cpu": here.cpu,
        "architecture": here.architecture,
        "cores": usable_cores(),
        "cpu_features": list(here.cpu_features),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {_release()}",
    }


def usable_cores() -> int:
    """How many cores this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        return os.cpu_count() or 1


def _release() -> str:
    """The system's version number, without what a vendor or a virtual machine adds."""
    number = re.match(r"[0-9.]*[0-9]", platform.release())
    return number.group() if number else ""
