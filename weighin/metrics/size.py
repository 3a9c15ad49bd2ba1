"""How large the file is, and how large after compression."""

from __future__ import annotations

import io
import zipfile

from weighin.core import Figure
from weighin.files import mapped
from weighin.outcomes import Compressed
from weighin.registry import metric, ratio_metric


@metric(
    "file_bytes",
    title="file",
    unit="B",
    better="lower",
    comparison="exact",
    tolerance=0.01,
    scope="artifact",
)
def file_bytes(file: Compressed) -> Figure:
    """Size of the file."""
    return Figure(file.artifact.bytes)


@metric(
    "gzip_bytes",
    title="gzip",
    unit="B",
    better="lower",
    comparison="exact",
    tolerance=0.02,
    scope="artifact",
)
def gzip_bytes(file: Compressed) -> Figure:
    """Size after gzip -9, without name or time: same bytes, same number."""
    return Figure(len(file.gzipped))


ratio_metric(
    "smaller",
    of="gzip_bytes",
    title="× smaller",
    summary="The baseline's size after gzip -9 ÷ the row's, in the same file format",
)


@metric(
    "zip_bytes",
    title="zip",
    unit="B",
    better="lower",
    scope="artifact",
    column=False,
    comparison="none",
)
def zip_bytes(file: Compressed) -> Figure:
    """Size as a ZIP archive with deflate, the 2020 article's measure.

    Level 6, zlib's default, which Python's zipfile uses where none is named.
    """
    archive = io.BytesIO()
    path = file.artifact.path
    with mapped(path) as content, zipfile.ZipFile(archive, "w") as writer:
        entry = zipfile.ZipInfo(path.name, (1980, 1, 1, 0, 0, 0))
        writer.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return Figure(len(archive.getvalue()))


@metric(
    "build_seconds",
    title="build",
    unit="s",
    better="lower",
    scope="artifact",
    machine_bound=True,
    column=False,
    comparison="none",
)
def build_seconds(file: Compressed) -> Figure:
    """Time of this artifact's own last stage: training, or conversion."""
    return Figure(file.artifact.seconds)
