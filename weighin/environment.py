"""Facts about the machine and the packages: no host name, no user name, no paths."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import subprocess
from functools import cache
from typing import Any

from weighin.apart import FOLDER

PACKAGES = (
    "weighin",
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "ai-edge-quantizer",
    "numpy",
    "scipy",
    "pytest-benchmark",
)
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
def machine() -> dict[str, Any]:
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


@cache
def commit() -> str:
    """The commit of weighin's checkout, `-dirty` if tracked files differ; empty if it is none."""
    if not (FOLDER / ".git").exists():
        return ""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=7"]
    try:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    except OSError:  # no git
        return ""
    return done.stdout.strip()


def packages() -> dict[str, str | None]:
    """Installed versions; None where a package is missing."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def version(package: str) -> str | None:
    """An installed package's version, or None; the package is not imported."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        if package == "weighin":  # a clone that is not installed
            from weighin import __version__

            return __version__
        return None
