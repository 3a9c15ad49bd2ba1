"""Installed packages and the commit of this checkout; nothing is imported to tell."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import platform
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from weighin.core import WeighinError
from weighin.subprocesses import FOLDER

PACKAGES = (
    "weighin",
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "litert-quantizer",
    "onnx",
    "onnxruntime",
    "tf2onnx",
    "openvino",
    "tflite-micro",
    "ethos-u-vela",
    "numpy",
    "scipy",
    "scikit-learn",
    "faster-coco-eval",
    "pytest-benchmark",
    "brotli",
    "zopfli",
    "zstandard",
    "optuna",
)
EXTRAS = {
    "tensorflow": "keras",
    "tf-keras": "keras",
    "tensorflow-model-optimization": "keras",
    "litert-quantizer": "quantizer",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "tf2onnx": "onnx",
    "faster-coco-eval": "detection",
    "distributed": "cluster",
    "openvino": "openvino",
    "tflite-micro": "micro",
    "ethos-u-vela": "vela",
    "brotli": "transfer",
    "zopfli": "transfer",
    "zstandard": "transfer",
    "optuna": "search",
}  # that bring a package; all others come with weighin itself
MODULES = {
    "scikit-learn": "sklearn",
    "ethos-u-vela": "ethosu",
}  # of packages that are not called by their module


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


@cache
def code() -> str:
    """sha256 over weighin's own source, which tells two states of a checkout apart."""
    return digest_of_sources([FOLDER / "weighin"])


def digest_of_sources(places: Iterable[Path]) -> str:
    """sha256 over Python files, and those in folders: their places there and what they say."""
    digest = hashlib.sha256()
    for place in places:
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if file.is_file():
                content = file.read_bytes()
                name = file.relative_to(place) if file != place else Path(file.name)
                digest.update(f"{name.as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def packages() -> dict[str, str | None]:
    """Installed versions; None where a package is missing."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def missing(package: str) -> str | None:
    """That a package is not installed, and the command that brings it; None if it is.

    It is where its module can be found: `tensorflow-cpu` and nightly releases bring the same one.
    """
    if importlib.util.find_spec(MODULES.get(package, package.replace("-", "_"))) is not None:
        return None
    wanted = f"'weighin[{EXTRAS[package]}]'" if package in EXTRAS else package
    return f"{package} is not installed: pip install {wanted}"


@contextlib.contextmanager
def broken_told(package: str) -> Iterator[None]:
    """Import an installed package's module, or say that it is broken, and the way out.

    Raises:
        WeighinError: if it is missing, or its import fails however.
    """
    try:
        yield
    except (Exception, SystemExit) as error:  # a native library that is missing, half of it all
        if absent := missing(package):
            raise WeighinError(absent) from error
        first = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise WeighinError(
            f"{package} {version(package) or ''} is installed and does not work "
            f"({type(error).__name__}: {first}): pip install --force-reinstall {package}"
        ) from error


def version(package: str) -> str | None:
    """An installed package's version, or None; the package is not imported."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        if package == "weighin":  # a clone that is not installed
            from weighin import __version__

            return __version__
        return None
