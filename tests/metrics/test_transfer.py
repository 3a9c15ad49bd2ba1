"""Sizes after brotli, zstd and zopfli."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from weighin import packages, registry
from weighin.core import Artifact, Figure, Skip
from weighin.metrics import transfer
from weighin.outcomes import Compressed

CONTENT = b"".join(b"%d " % (number * number) for number in range(20_000))
METRICS = {
    "brotli": transfer.brotli_bytes,
    "zstandard": transfer.zstd_bytes,
    "zopfli": transfer.zopfli_bytes,
}


@pytest.fixture
def file(tmp_path: Path) -> Compressed:
    """A file of text."""
    path = tmp_path / "model.tflite"
    path.write_bytes(CONTENT)
    return Compressed(Artifact("key", path, "tflite", "sha256", len(CONTENT), None, {}, 0.0), b"")


@pytest.mark.parametrize(
    ("package", "level", "lower"), [("brotli", {"quality": 11}, 9), ("zstandard", {"level": 19}, 3)]
)
def test_a_size_is_that_at_the_highest_level(
    file: Compressed, package: str, level: dict[str, int], lower: int
) -> None:
    """As the package's own short way has it."""
    module: Any = pytest.importorskip(package)

    assert METRICS[package](file) == Figure(len(module.compress(CONTENT, **level)))
    assert len(module.compress(CONTENT, **level)) < len(
        module.compress(CONTENT, **dict.fromkeys(level, lower))
    )


def test_any_gunzip_reads_what_zopfli_packs_and_it_is_smaller(tmp_path: Path) -> None:
    packer: Any = pytest.importorskip("zopfli.gzip")
    content = CONTENT[:20_000]
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    artifact = Artifact("key", path, "tflite", "sha256", len(content), None, {}, 0.0)
    packed = packer.compress(content)

    assert content == gzip.decompress(packed)
    assert transfer.zopfli_bytes(Compressed(artifact, b"")) == Figure(len(packed))
    assert len(packed) < len(gzip.compress(content, 9))


@pytest.mark.parametrize("package", METRICS)
def test_what_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, file: Compressed, package: str
) -> None:
    """The size is not measured, and what brings it is said."""
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    told = f"{package} is not installed: pip install 'weighin[transfer]'"

    assert METRICS[package](file) == Skip(told, "not measured")


@pytest.mark.parametrize("package", METRICS)
def test_a_large_file_is_not_measured(
    monkeypatch: pytest.MonkeyPatch, file: Compressed, package: str
) -> None:
    """It would take minutes."""
    monkeypatch.setattr(packages, "missing", lambda name: None)
    for bound in ("LARGEST", "LARGEST_OF_ZOPFLI"):
        monkeypatch.setattr(transfer, bound, len(CONTENT) - 1)
    skip = METRICS[package](file)

    assert isinstance(skip, Skip)
    assert skip.status == "not measured"
    assert "takes seconds for each MB" in skip.reason


def test_tables_have_no_column_for_them() -> None:
    """They are asked for by name."""
    names = ("brotli_bytes", "zstd_bytes", "zopfli_bytes")

    assert [registry.metrics[name].column for name in names] == [False] * 3
