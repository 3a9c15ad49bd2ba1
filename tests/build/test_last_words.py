"""A worker that dies is told its own last words, never another process's."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import dying

from weighin.build import worker
from weighin.build.cache import Cache
from weighin.build.executors import local
from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.core import Failure
from weighin.datasets.search import SearchPaths

JOB = Job("tiny", "quick", 0)


def death(folder: Path) -> Failure:
    """Why a job has no outcome that was asked of a worker."""
    context = BuildContext(Cache(folder), SearchPaths.here(folder), ())
    local.ask([JOB], context)
    failure = context.created["tiny", 0]
    assert isinstance(failure, Failure)
    assert dying.ANOTHER not in failure.reason
    return failure


def test_its_own_last_words_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the path of its log, whatever else lies beside that: other runs share the cache."""
    monkeypatch.setattr(worker, "ask", dying.die)

    failure = death(tmp_path)

    assert failure.log is not None
    assert "about to die\n" == failure.log.read_text("utf-8")
    told = f"(exit code 7). Its last words: about to die ({failure.log})"
    assert failure.reason.endswith(told)


def test_who_said_nothing_has_no_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that an earlier process of the same number has left is not taken for its own."""
    monkeypatch.setattr(worker, "begin", dying.die_at_once)

    failure = death(tmp_path)

    assert failure.reason.endswith("(exit code 5). It died before it wrote anything.")
