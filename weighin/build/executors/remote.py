"""What a Dask worker does for a client: have a job built by a process of its own, send what came.

The process (`weighin.build.executors.child`) owns TensorFlow and lasts from job to job. What it
dies of ends its job alone; the worker lives on, and says what the process wrote last.

Dask calls these functions by their names: nothing of weighin's own travels as a pickle.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

from weighin.build.cache import Cache, default_folder
from weighin.build.executors import carrying, orders
from weighin.build.executors.dying import death, last_words
from weighin.build.executors.orders import LONGEST_LOG, Result
from weighin.core import Artifact, WeighinError
from weighin.files import key_of
from weighin.subprocesses import environment

CHILD = "weighin.build.executors.child"
LOOK = "weighin.build.executors.looking"
_children = threading.local()  # of a worker's threads, one each


def hold(*contents: bytes) -> tuple[bytes, ...]:
    """Files that jobs need, kept by workers until they are no longer wanted."""
    return contents


def build(order: bytes, parent: Result | None, *carried: tuple[bytes, ...]) -> Result:
    """Build one job, unless its artifact lies in this worker's cache; whatever happens is told.

    Args:
        order: of `weighin.build.executors.orders`.
        parent: the artifact that the job starts from.
        carried: files of what the client's user has brought, each by itself.
    """
    try:
        return _build(order, parent, [content for (content,) in carried])
    except WeighinError as error:
        return _refused(str(error))
    except Exception as error:
        return _failed(f"{type(error).__name__}: {error}")


def look(places: bytes) -> bytes:
    """Which data sets are here, as JSON (`weighin.build.executors.looking`)."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", LOOK],
        input=places + b"\n",
        capture_output=True,
        env=environment(),
        check=False,
    )
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return done.stdout or json.dumps({"error": lines[-1] if lines else "no message"}).encode()


def _build(order: bytes, parent: Result | None, carried: list[bytes]) -> Result:
    told = json.loads(order)
    cache = Cache(default_folder())
    cache.make_folders()
    key = key_of(told["chain"][-1])
    if parent is not None:
        _keep(parent, told["chain"][-2], cache)
    artifact = cache.get(key)
    if artifact is None:
        child = _child(told["context"], cache, carried)
        answer = child.ask({name: told[name] for name in ("job", "chain", "created")})
        if answer is None:
            _end()
            said = last_words(child.log, "the whole in the log")
            reason = death(child.code, said, orders.of_json(told["job"]))
            return _failed(reason, child.log)
        if "refused" in answer:
            _end()  # what it has loaded may be mended meanwhile
            return _refused(answer["refused"])
        if "failed" in answer:
            return _failed(answer["failed"], child.log, skipped=answer["skipped"])
        artifact = cache.get(key)
        if artifact is None:
            return _failed("it is no longer in the worker's cache: run again")
    return packed(artifact)


def packed(artifact: Artifact) -> Result:
    """An artifact as it travels.

    Raises:
        OSError: if its files are gone.
    """
    content = artifact.path.read_bytes()
    answers = artifact.answers.read_bytes() if artifact.answers else b""
    told = {
        "key": artifact.key,
        "format": artifact.format,
        "sha256": orders.key_of_bytes(content),
        "answers_sha256": orders.key_of_bytes(answers),
        "seconds": artifact.seconds,
        "facts": dict(artifact.facts),
    }
    return json.dumps(told).encode(), content, answers


def _keep(parent: Result, provenance: dict[str, Any], cache: Cache) -> None:
    key = key_of(provenance)
    if cache.get(key) is None:
        built = orders.read(parent, key, provenance)
        if not isinstance(built, orders.Built):
            raise WeighinError("what the job starts from did not arrive")
        with cache.lock(key):
            if cache.get(key) is None:
                cache.keep(built.entry, built.content, built.answers)


def _refused(reason: str) -> Result:
    from distributed import get_worker  # of the extra `cluster`, which this process has

    return json.dumps({"refused": reason, "worker": get_worker().address}).encode(), b"", b""


def _failed(reason: str, log: Path | None = None, *, skipped: bool = False) -> Result:
    text = ""
    if log is not None:
        with contextlib.suppress(OSError):
            text = log.read_text("utf-8", errors="replace")[-LONGEST_LOG:]
    return json.dumps({"failed": reason, "skipped": skipped, "log": text}).encode(), b"", b""


def _child(context: dict[str, Any], cache: Cache, carried: list[bytes]) -> _Child:
    """This thread's build process: the one that there is, if it was begun for the same."""
    there: _Child | None = getattr(_children, "child", None)
    if there is not None and there.context == context and there.code is None:
        return there
    _end()
    _children.child = _Child(context, cache, carried)
    return _children.child  # type: ignore[no-any-return]


def _end() -> None:
    there: _Child | None = getattr(_children, "child", None)
    if there is not None:
        there.end()
    _children.child = None


class _Child:
    """A process that builds one job after the other.

    Attributes:
        context: what it was begun with.
        log: where all that it prints goes.
    """

    def __init__(self, context: dict[str, Any], cache: Cache, carried: list[bytes]) -> None:
        self.context = context
        brought = [
            {**told, "folder": str(folder)}
            for told, folder in zip(
                context["brought"],
                carrying.placed(context["brought"], carried, cache.folder),
                strict=True,
            )
        ]
        mark = uuid.uuid4().hex[:12]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        self.log = cache.logs / f"build-{mark}-{self._process.pid}.log"
        self._tell({**context, "brought": brought, "cache": str(cache.folder), "pool": mark})

    @property
    def code(self) -> int | None:
        """What it ended by; None while it runs."""
        return self._process.poll()

    def ask(self, order: dict[str, Any]) -> dict[str, Any] | None:
        """Let it build one job; None if it dies over it."""
        self._tell(order)
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            self._process.wait()
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """End it, in the middle of its work if need be."""
        self._process.kill()
        self._process.communicate()

    def _tell(self, told: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has died, which `ask` will find
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(told).encode() + b"\n")
                self._process.stdin.flush()
