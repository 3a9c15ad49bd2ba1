"""Content-addressed artifacts on disk: locked, written atomically, verified when read.

An artifact's key is the sha256 of its provenance, so whatever went into it finds it again:

    <cache>/artifacts/<key>/model.tflite | model.onnx | model.h5, answers.npz, provenance.json
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_path

from weighin.core import Arrays, Artifact, WeighinError
from weighin.files import key_of, replacing, sha256

_FOLDERS = ("artifacts", "locks", "logs")


def default_folder() -> Path:
    """`WEIGHIN_CACHE_DIR`, or the user's cache folder."""
    named = os.environ.get("WEIGHIN_CACHE_DIR")
    return Path(named).expanduser() if named else Path(user_cache_path("weighin"))


@dataclass(frozen=True)
class Cache:
    """Artifacts in a folder, shared by any number of runs at once."""

    folder: Path

    def get(self, key: str) -> Artifact | None:
        """The artifact, if it is there and every byte is as it was written.

        A damaged one counts as missing: it is built again and replaced.
        """
        folder = self._folder_of(key)
        answers = folder / "answers.npz"
        try:
            entry = json.loads((folder / "provenance.json").read_text("utf-8"))
            written = entry.pop("entry_sha256")
            artifact = Artifact(
                key=key,
                path=folder / f"model.{entry['format']}",
                format=entry["format"],
                sha256=entry["sha256"],
                bytes=entry["bytes"],
                answers=answers,
                provenance=entry["provenance"],
                seconds=entry["seconds"],
                facts=dict(entry.get("facts", {})),
            )
            whole = (
                written == key_of(entry)
                and sha256(artifact.path) == entry["sha256"]
                and sha256(answers) == entry["answers_sha256"]
                and key_of(artifact.provenance) == key
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return artifact if whole else None

    def put(
        self,
        provenance: Mapping[str, Any],
        format: str,
        content: bytes,
        answers: Arrays,
        seconds: float,
        facts: Mapping[str, Any] | None = None,
    ) -> Artifact:
        """Write an artifact, whole or not at all.

        Args:
            provenance: everything that went into it.
            format: the file's ending.
            content: the file.
            answers: its Keras model's outputs for the first test examples, by name.
            seconds: what building it took.
            facts: what else was seen meanwhile, as JSON has it; no part of the key.

        Raises:
            WeighinError: if the folder cannot be written.
        """
        packed = io.BytesIO()
        np.savez(packed, **answers)  # type: ignore[arg-type]
        entry: dict[str, Any] = {
            "format": format,
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "answers_sha256": hashlib.sha256(packed.getbuffer()).hexdigest(),
            "seconds": seconds,
            "provenance": provenance,
        }
        entry |= {"facts": facts} if facts else {}
        return self.keep(entry, content, packed.getbuffer())

    def keep(
        self, entry: Mapping[str, Any], content: bytes, answers: bytes | memoryview
    ) -> Artifact:
        """Write an artifact that was built here or elsewhere, whole or not at all.

        Args:
            entry: what `provenance.json` says, but for its own digest.
            content: the file.
            answers: its answers, as an .npz file.

        Raises:
            WeighinError: if the folder cannot be written, or the entry's digests are of others.
        """
        key = key_of(entry["provenance"])
        folder = self._folder_of(key)
        with replacing(folder) as partial:
            partial.mkdir()
            (partial / f"model.{entry['format']}").write_bytes(content)
            (partial / "answers.npz").write_bytes(answers)
            whole = {**entry, "entry_sha256": key_of(entry)}
            (partial / "provenance.json").write_text(json.dumps(whole, indent=1), "utf-8")
        artifact = self.get(key)
        if artifact is None:
            raise WeighinError(f"{folder} does not read back as written: check the disk.")
        return artifact

    def lock(self, key: str) -> FileLock:
        """A lock on one key: a second run waits for the first and then finds its artifact.

        The system releases it when its holder dies.

        Raises:
            WeighinError: if the cache folder cannot be written, or a link is in the lock's place.
        """
        self.make_folders()
        path = self.folder / "locks" / f"{key}.lock"
        if path.is_symlink():  # which older versions of filelock follow, and empty what it names
            raise WeighinError(
                f"{path} is a link, which no lock is: remove it, and see to it that nobody else "
                f"can write there (weighin doctor)."
            )
        return FileLock(path)

    @property
    def logs(self) -> Path:
        """Where build processes write what they have to say."""
        return self.folder / "logs"

    def make_folders(self) -> None:
        """Make the folders that are written to.

        Raises:
            WeighinError: if the cache folder cannot be written.
        """
        try:
            for name in _FOLDERS:
                (self.folder / name).mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise WeighinError(
                f"The cache folder {self.folder} cannot be written: {error.strerror}. Choose "
                f"another by --weighin-cache-dir or WEIGHIN_CACHE_DIR."
            ) from error

    def open_to_others(self) -> list[Path]:
        """Those of its folders in which others may put files, or that belong to others."""
        folders = (self.folder, *(self.folder / name for name in _FOLDERS))
        return [folder for folder in folders if folder.is_dir() and _is_open(folder.stat())]

    def size(self) -> tuple[int, int]:
        """How many artifacts there are, and the bytes of everything in the folder."""
        artifacts = sum(1 for _ in self.folder.glob("artifacts/[!.]*/provenance.json"))
        files = (file for file in self.folder.rglob("*") if file.is_file())
        return artifacts, sum(file.stat().st_size for file in files)

    def _folder_of(self, key: str) -> Path:
        return self.folder / "artifacts" / key


def _is_open(facts: os.stat_result) -> bool:
    return bool(facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)) or facts.st_uid != os.getuid()
