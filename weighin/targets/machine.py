"""Facts about the machine and the packages: no host name, no user name, no paths."""

from __future__ import annotations

import os
import platform
import re
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


def usable_cores() -> int:
    """How many cores this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        return os.cpu_count() or 1


@cache
def facts() -> dict[str, Any]:
    """Processor, its features, cores, memory and system."""
    import cpuinfo
    import psutil

    facts = cpuinfo.get_cpu_info()
    flags = set(facts.get("flags", ()))
    return {
        "cpu": facts.get("brand_raw", platform.processor() or "unknown"),
        "architecture": platform.machine(),
        "cores": usable_cores(),
        "cpu_features": [feature for feature in CPU_FEATURES if feature in flags],
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {_release()}",
    }


def _release() -> str:
    """The system's version number, without what a vendor or a virtual machine adds."""
    number = re.match(r"[0-9.]*[0-9]", platform.release())
    return number.group() if number else ""


GPU_FOLDER = Path("/proc/driver/nvidia/gpus")
