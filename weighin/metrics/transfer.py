"""How large the file is as web servers and stores of apps hand it out: brotli, zstd, zopfli."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weighin import packages
from weighin.core import Figure, Skip
from weighin.files import mapped
from weighin.outcomes import Compressed
from weighin.registry import metric

LARGEST = 250_000  # bytes of a file: these levels take up to 2 s for each million, in every run
LARGEST_OF_ZOPFLI = 50_000  # bytes: it takes 11 s for each million
BROTLI, ZSTD = 11, 19  # the highest levels; zstd's beyond ask more memory of who unpacks


@metric(
    "brotli_bytes",
    title="brotli",
    unit="B",
    better="lower",
    scope="artifact",
    column=False,
    comparison="none",
)
def brotli_bytes(file: Compressed) -> Figure | Skip:
    """Size after brotli at its highest level, 11, as browsers and Android take it."""

    def compress(content: Any) -> bytes:
        import brotli

        packed: bytes = brotli.compress(content, quality=BROTLI)
        return packed

    return _size(file, "brotli", compress)


@metric(
    "zstd_bytes",
    title="zstd",
    unit="B",
    better="lower",
    scope="artifact",
    column=False,
    comparison="none",
)
def zstd_bytes(file: Compressed) -> Figure | Skip:
    """Size after zstd at level 19."""

    def compress(content: Any) -> bytes:
        import zstandard

        packed: bytes = zstandard.ZstdCompressor(level=ZSTD).compress(content)
        return packed

    return _size(file, "zstandard", compress)


@metric(
    "zopfli_bytes",
    title="zopfli",
    unit="B",
    better="lower",
    scope="artifact",
    column=False,
    comparison="none",
)
def zopfli_bytes(file: Compressed) -> Figure | Skip:
    """Size as gzip, packed by zopfli in 15 iterations, its default: any gunzip reads it."""

    def compress(content: Any) -> bytes:
        from zopfli import gzip

        packed: bytes = gzip.compress(bytes(content))
        return packed

    return _size(file, "zopfli", compress, LARGEST_OF_ZOPFLI)


def _size(
    file: Compressed,
    package: str,
    compress: Callable[[Any], bytes],
    largest: int | None = None,
) -> Figure | Skip:
    largest = LARGEST if largest is None else largest
    missing = packages.missing(package)
    if missing:
        return Skip(missing, "not measured")
    if file.artifact.bytes > largest:
        return Skip(
            f"{package} takes seconds for each MB: files up to {largest / 1e6:g} MB have it",
            "not measured",
        )
    with mapped(file.artifact.path) as content:
        return Figure(len(compress(content)))
