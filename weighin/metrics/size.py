"""How large the file is, and how large after compression."""

from __future__ import annotations

import gzip
import io
import zipfile

from weighin.core import Artifact, Figure
from weighin.registry import metric


@metric("file_bytes", unit="B", better="lower", scope="artifact")
def file_bytes(artifact: Artifact) -> Figure:
    """Size of the file."""
    return Figure(artifact.path.stat().st_size)


@metric("gzip_bytes", unit="B", better="lower", scope="artifact")
def gzip_bytes(artifact: Artifact) -> Figure:
    """Size after gzip -9, without name or time: same bytes, same number."""
    return Figure(len(gzip.compress(artifact.path.read_bytes(), compresslevel=9, mtime=0)))


@metric("zip_bytes", unit="B", better="lower", scope="artifact")
def zip_bytes(artifact: Artifact) -> Figure:
    """Size as a ZIP archive with deflate, the 2020 article's measure.

    Level 6, zlib's default, which Python's zipfile uses where none is named.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        entry = zipfile.ZipInfo(artifact.path.name, (1980, 1, 1, 0, 0, 0))
        file.writestr(entry, artifact.path.read_bytes(), zipfile.ZIP_DEFLATED)
    return Figure(len(archive.getvalue()))


@metric("build_seconds", unit="s", better="lower", scope="artifact", machine_bound=True)
def build_seconds(artifact: Artifact) -> Figure:
    """Time of this artifact's own last stage: training, or conversion."""
    return Figure(artifact.seconds)
