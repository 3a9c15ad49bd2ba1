"""Who the workers are: versions that differ are refused, by name and both versions."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from weighin.build.executors.dask import fit
from weighin.cluster import greeting, workers
from weighin.cluster.connection import Connection
from weighin.core import WeighinError

LEAVING, GONE = "Stream is closed", "gone"
ONE, OTHER = "tcp://10.0.0.1:1", "tcp://10.0.0.2:2"


class FakeConnection(Connection):
    """Workers that answer as a test wants."""

    def __init__(self, *answers: bytes | str, **facts: Any) -> None:
        """One answer of each worker."""
        super().__init__("tcp://scheduler:8786", None)
        self.__dict__["answers"] = dict(zip((ONE, OTHER), answers, strict=False))
        self.__dict__["facts"] = {"nthreads": 1, "resources": {}, "name": "", "host": ""} | facts

    def workers(self) -> dict[str, Mapping[str, Any]]:
        """Those that have not left."""
        answers = self.__dict__["answers"]
        return {each: self.__dict__["facts"] for each in answers if answers[each] != GONE}

    def ask(self, function: Callable[[], bytes], workers: Sequence[str]) -> dict[str, bytes | str]:
        """What they say."""
        said = {worker: self.__dict__["answers"][worker] for worker in workers}
        for worker in [worker for worker in said if said[worker] == LEAVING]:
            self.__dict__["answers"][worker] = GONE
        return said


def told(**changes: Any) -> bytes:
    """A greeting, some of it changed."""
    return json.dumps(greeting.told() | changes).encode()


def packages(**changes: str) -> dict[str, str | None]:
    """Installed versions, some of them changed."""
    return greeting.told()["packages"] | {  # type: ignore[no-any-return]
        name.replace("_", "-"): version for name, version in changes.items()
    }


def test_a_worker_like_this_machine() -> None:
    """It differs in nothing."""
    (worker,) = workers.survey(FakeConnection(told(), nthreads=3, resources={"quiet": 1}))

    assert (ONE, 3, True) == (worker.address, worker.threads, worker.quiet)
    assert workers.here().version == worker.version
    assert workers.here().processor == worker.processor
    workers.refuse_other_weighin([worker])


@pytest.mark.parametrize("changes", [{"weighin": "0.0.7"}, {"source": "0123abcd"}])
def test_another_weighin_is_refused(changes: dict[str, str]) -> None:
    """Of another version, or another checkout under the same: both are named."""
    found = workers.survey(FakeConnection(told(), told(**changes)))

    with pytest.raises(WeighinError) as caught:
        fit(found)
    text = str(caught.value)
    assert f"The worker {OTHER} has weighin" in text
    assert next(iter(changes.values())) in text
    assert workers.here().version in text


def test_other_versions_of_what_decides_are_left_out() -> None:
    """Those that are left build; it is said who is left out and why."""
    other = told(packages=packages(tensorflow="2.13.0"))
    found = workers.survey(FakeConnection(told(), other))

    with pytest.warns(UserWarning, match=rf"{OTHER}: tensorflow 2\.13\.0 there and .* here"):
        (left,) = fit(found)
    assert ONE == left.address


def test_nobody_fits() -> None:
    """What each lacks is said."""
    other = told(packages=packages(tf_keras="2.13.0"))

    with pytest.raises(WeighinError, match=r"No worker.*can build.*tf-keras 2\.13\.0 there and"):
        fit(workers.survey(FakeConnection(other)))


def test_what_decides_nothing_may_differ() -> None:
    """As SciPy."""
    found = workers.survey(FakeConnection(told(packages=packages(scipy="0.1"))))

    assert [ONE] == [worker.address for worker in fit(found)]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a pause between two greetings."""
    monkeypatch.setattr(workers, "AGAIN_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"no json", "its greeting is not understood"),
        (b"[]", "its greeting is not understood"),
        (b'{"weighin": "1"}', "its greeting is not understood"),
        (b" " * (greeting.LONGEST + 1), "it says too much"),
        ("ModuleNotFoundError: No module named 'weighin'", "No module named 'weighin'"),
    ],
    ids=["text", "list", "part", "long", "none"],
)
def test_who_does_not_answer_is_refused(answer: bytes | str, problem: str) -> None:
    """With what it said, and what to install."""
    found = workers.survey(FakeConnection(answer))

    with pytest.raises(WeighinError, match=problem) as caught:
        workers.refuse_other_weighin(found)
    assert "Install weighin" in str(caught.value)


def test_the_known_are_not_greeted_again() -> None:
    """Who has come is; who has gone is left out."""
    (worker,) = workers.survey(FakeConnection(told()))
    marked = dataclasses.replace(worker, threads=99)
    again = workers.survey(FakeConnection(told(), told()), {ONE: marked, "tcp://gone:1": marked})

    assert [(ONE, 99), (OTHER, 1)] == [(each.address, each.threads) for each in again]


def test_those_that_measure_are_spared() -> None:
    """As long as there are others."""
    (loud,) = workers.survey(FakeConnection(told()))
    quiet = dataclasses.replace(loud, quiet=True)

    assert [loud] == fit([quiet, loud])
    assert [quiet] == fit([quiet])


def test_who_leaves_while_it_is_greeted_is_no_fault() -> None:
    """It is not there any more when it is greeted again."""
    found = workers.survey(FakeConnection(told(), LEAVING))

    assert [ONE] == [worker.address for worker in found]
    fit(found)
