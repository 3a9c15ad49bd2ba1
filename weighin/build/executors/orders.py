"""What a client asks of a worker, and what that answers: JSON, with the bytes of files beside it.

An order names the key of the artifact that is wanted, and all that went into it. A worker makes
the key anew of its own definitions, data, versions and processor, and builds only if it is the
same: so nothing need be assumed of how a worker was set up.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin.build.executors import Task
from weighin.build.executors.carrying import Carried
from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.cluster.connection import plain
from weighin.core import Call, Failure, Signature, WeighinError
from weighin.files import key_of
from weighin.frameworks.fingerprint import Fingerprint

Result = tuple[bytes, bytes, bytes]  # JSON, and of an artifact its file and its answers
LONGEST_LOG = 64_000  # characters
_ENDING = re.compile(r"[a-z0-9]{1,16}(\.zip)?")


@dataclass(frozen=True)
class Built:
    """An artifact that a worker has built, as it came over the wire, found whole.

    Attributes:
        entry: what `Cache.keep` takes of it.
        content: its file.
        answers: its answers, as an .npz file.
    """

    entry: Mapping[str, Any]
    content: bytes
    answers: bytes


@dataclass(frozen=True)
class Refused:
    """That a worker cannot build a job as it was asked for, and why another may."""

    reason: str
    worker: str


def order(task: Task, build_context: BuildContext, carried: Carried) -> tuple[str, bytes]:
    """The key of a job's artifact, and the order to build it.

    Raises:
        WeighinError: if the key cannot be made.
    """
    job, digest = task.job, task.dataset_digest
    chain = [build_context.provenance(stage, digest) for stage in job.chain]
    created = build_context.created.get((job.model, job.seed))
    told = {
        "context": {
            "definitions": [place(path) for path in build_context.definitions],
            "data_dir": _text(build_context.search.data_dir),
            "offline": build_context.search.offline,
            "processor": dataclasses.asdict(build_context.processor or _none()),
            "brought": carried.described,
        },
        "job": as_json(job),
        "chain": chain,
        "created": dataclasses.asdict(created) if isinstance(created, Fingerprint) else None,
    }
    return key_of(chain[-1]), json.dumps(told, sort_keys=True).encode()


def as_json(job: Job) -> dict[str, Any]:
    """A job, as JSON has it."""
    return dataclasses.asdict(job)


def of_json(told: Mapping[str, Any]) -> Job:
    """The job that `as_json` has written."""
    steps = tuple(_call(step) for step in told["steps"])
    export = None if told["export"] is None else _call(told["export"])
    return Job(told["model"], told["profile"], told["seed"], steps, export)


def read(result: Any, key: str, provenance: Mapping[str, Any]) -> Built | Failure | Refused:
    """What a worker answered, looked at as one looks at what anybody may have sent.

    Args:
        result: what came.
        key: of the artifact that was wanted.
        provenance: that belongs to the key.

    Raises:
        WeighinError: if it is no such answer, or what came is not what it says.
    """
    try:
        said, content, answers = result
        told = json.loads(said)
        if "refused" in told:
            return Refused(plain(str(told["refused"]), 1000), str(told["worker"]))
        if "failed" in told:
            return Failure(plain(str(told["failed"]), 2000), None, bool(told["skipped"]))
        entry: dict[str, Any] = {
            "format": str(told["format"]),
            "sha256": key_of_bytes(content),
            "bytes": len(content),
            "answers_sha256": key_of_bytes(answers),
            "seconds": float(told["seconds"]),
            "provenance": dict(provenance),
            "facts": dict(told["facts"]),
        }
        Signature.of_json(entry["facts"]["signature"])
        if not _ENDING.fullmatch(entry["format"]):
            raise ValueError(f"a file of the kind {plain(entry['format'], 40)!r}")
        if told["sha256"] != entry["sha256"] or told["answers_sha256"] != entry["answers_sha256"]:
            raise ValueError("the bytes that came are not those that were sent")
        if told["key"] != key:
            raise ValueError("it is of another artifact")
    except WeighinError:
        raise
    except Exception as error:
        raise WeighinError(f"a worker's answer is not taken: {plain(str(error))}") from error
    return Built(entry, content, answers)


def log_of(result: Any) -> str:
    """What the build process of a failed job had written, as far as it was sent."""
    try:
        return str(json.loads(result[0]).get("log", ""))[-LONGEST_LOG:]
    except Exception:
        return ""


def key_of_bytes(content: bytes) -> str:
    """sha256, in hex."""
    return hashlib.sha256(content).hexdigest()


def differences(own: Mapping[str, Any], wanted: Mapping[str, Any], at: str = "") -> list[str]:
    """In what two provenances differ, in words: the other's value first."""
    told: list[str] = []
    for name in sorted({*own, *wanted}):
        one, other = (json.loads(json.dumps(side.get(name))) for side in (own, wanted))
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            told += differences(one, other, f"{at}{name} ")
        elif one != other:
            told.append(f"{at}{name} {_short(one)} there, {_short(other)} here")
    return told


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:12] if re.fullmatch(r"[0-9a-f]{40,}", text) else plain(text, 60)


def place(path: Path) -> list[str]:
    """A path as it is here, and as it is from here, for a worker in its own copy of a project."""
    whole, folder = path.absolute(), Path.cwd()
    return [str(whole), str(whole.relative_to(folder)) if whole.is_relative_to(folder) else ""]


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _call(told: Mapping[str, Any]) -> Call:
    arguments = tuple((str(name), value) for name, value in told["arguments"])
    return Call(told["name"], arguments, told["positional"])


def _none() -> Any:
    raise AssertionError("the scheduler has asked the executor for its processor")
