"""Where the files of a data set are looked for, in which order, and what of them was refused.

In the user's data folder, in weighin's own checked cache, in folders of system packages and, unless
`WEIGHIN_OFFLINE=1`, by `keras.datasets`. What does not match is never used: there is no fallback to
a subset or to made-up data.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from weighin.core import DataNotFoundError, WeighinError
from weighin.datasets.arrays import Arrays, read_arrays, write_npz
from weighin.datasets.arrays import digest as digest_of
from weighin.subprocesses import SubprocessError, run_module

SYSTEM_FOLDERS = (Path("/usr/share/datasets"), Path("/usr/local/share/datasets"))
SUBFOLDERS = {
    "mnist": ("", "mnist", "MNIST/raw"),
    "fashion_mnist": ("", "fashion_mnist", "fashion-mnist", "FashionMNIST/raw"),
    "cifar10": ("", "cifar10", "cifar-10-batches-bin"),
}


@dataclass(frozen=True)
class SearchPaths:
    """Where data may be looked for on this machine.

    Attributes:
        data_dir: the user's own folder (`--weighin-data-dir`, `WEIGHIN_DATA_DIR`).
        cache_dir: weighin's cache folder; checked copies lie in its `datasets/`.
        offline: whether downloading is off (`WEIGHIN_OFFLINE=1`).
        system: folders of system packages.
        looking: whether one only looks what there is, so that nothing is computed either.
    """

    data_dir: Path | None
    cache_dir: Path
    offline: bool = False
    system: tuple[Path, ...] = SYSTEM_FOLDERS
    looking: bool = False

    @classmethod
    def here(cls, cache_dir: Path, data_dir: str | None = None) -> SearchPaths:
        """What the environment variables say; `data_dir` comes before theirs."""
        folder = data_dir or os.environ.get("WEIGHIN_DATA_DIR")
        offline = os.environ.get("WEIGHIN_OFFLINE", "") not in ("", "0")
        return cls(Path(folder).expanduser() if folder else None, cache_dir, offline)


def find(name: str, accepts: Callable[[Arrays], str | None], search: SearchPaths) -> Arrays:
    """Look for a data set's arrays everywhere, in order.

    Args:
        name: a key of `SUBFOLDERS`, also the name in `keras.datasets`.
        accepts: why arrays are not the data set wanted, or None if they are.
        search: where to look.

    Raises:
        DataNotFoundError: naming what was refused and every way to get the data.
    """
    refused: list[str] = []
    for candidate in _candidates(name, search):
        try:
            arrays = _read(candidate, candidate.stat().st_mtime_ns)
        except WeighinError as error:
            refused.append(str(error))
            continue
        problem = accepts(arrays)
        if problem is None:
            return arrays
        refused.append(f"{candidate}: {problem}.")
    cached = search.cache_dir / "datasets" / f"{name}.npz"
    if not search.offline:
        try:
            _download(name, cached)
            arrays = read_arrays(cached)
            problem = accepts(arrays)
            if problem is None:
                return arrays
            cached.unlink()
        except WeighinError as error:
            problem = str(error)
        refused.append(f"keras.datasets.{name}: {problem}")
    raise DataNotFoundError(_not_found(name, search, refused))


def exactly(wanted: str) -> Callable[[Arrays], str | None]:
    """Make a check that accepts the arrays of one digest alone."""

    def accepts(arrays: Arrays) -> str | None:
        digest = digest_of(arrays)
        return None if digest == wanted else f"other data: digest {digest[:12]}, not {wanted[:12]}"

    return accepts


def _read(path: Path, modified: int) -> Arrays:
    return read_arrays(path) if path.is_dir() else dict(_read_file(path, modified))


@functools.lru_cache(maxsize=1)  # several data sets are made of CIFAR-10's file
def _read_file(path: Path, modified: int) -> Arrays:
    return read_arrays(path)


def _candidates(name: str, search: SearchPaths) -> Iterator[Path]:
    """Files and folders that may hold the data: an .npz, or a folder of idx or binary files."""
    if search.data_dir is not None:
        for sub in SUBFOLDERS[name]:
            folder = search.data_dir / sub
            yield from sorted(folder.glob(f"{name}*.npz"))
            if _holds_raw_files(folder):
                yield folder
    cached = search.cache_dir / "datasets" / f"{name}.npz"
    if cached.exists():
        yield cached
    for root in search.system:
        for sub in SUBFOLDERS[name][1:]:
            if _holds_raw_files(root / sub):
                yield root / sub


def _holds_raw_files(folder: Path) -> bool:
    return any(folder.glob("train-images*idx3-ubyte*")) or any(folder.glob("data_batch_*.bin"))


def _download(name: str, target: Path) -> None:
    """Let keras.datasets download, in a process of its own, and keep the arrays at `target`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.npz"
        try:
            run_module("weighin.frameworks.downloads", "dataset", name, str(path))
        except SubprocessError as error:
            raise WeighinError(f"the download failed: {error}") from None
        write_npz(target, read_arrays(path))


def _not_found(name: str, search: SearchPaths, refused: list[str]) -> str:
    lines = [f"Data set {name!r} was not found."]
    lines += [f"  refused: {reason}" for reason in refused]
    folder = search.data_dir or "not set"
    package = "; Debian: apt install dataset-fashion-mnist" if name == "fashion_mnist" else ""
    download = "off: WEIGHIN_OFFLINE is set" if search.offline else "tried"
    lines += [
        "Ways to get it:",
        f"  1. name a folder that holds it (.npz, idx or idx.gz files) by --weighin-data-dir or "
        f"WEIGHIN_DATA_DIR (now: {folder})",
        f"  2. put a checked copy at {search.cache_dir / 'datasets' / (name + '.npz')}",
        f"  3. a system package under {' or '.join(map(str, search.system))}{package}",
        f"  4. let keras.datasets.{name} download it (now {download})",
    ]
    return "\n".join(lines)
