"""Jobs on a cluster: built once each, by whoever is left, and taken back as bytes of a digest.

Workers are processes of their own; what they make takes no TensorFlow.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import collections
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from helpers.building import job
from helpers.cluster import (
    SECONDS,
    Forking,
    Started,
    cluster,
    deadly,
    failing,
    kill,
    lying,
    made,
    network_namespace,
    picky,
)
from helpers.tiny import registrations_undone, write_project

from weighin.build.cache import Cache
from weighin.build.executors import dask
from weighin.build.executors.dask import Cluster
from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.cluster import connection
from weighin.core import Artifact, Failure, WeighinError
from weighin.datasets.search import SearchPaths
from weighin.definitions import default_definitions, load_definitions

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'weighin[cluster]'")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tiny project, its model registered while this file is tested."""
    folder = write_project(tmp_path_factory.mktemp("project"))
    with registrations_undone():
        load_definitions(default_definitions(folder))
        yield folder


@pytest.fixture(scope="module")
def forking(child_environment: Mapping[str, str]) -> Iterator[Forking]:
    """What starts schedulers and workers."""
    started = Forking(child_environment)
    yield started
    started.end()


@pytest.fixture(autouse=True)
def _tensorflow_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made here needs none."""
    monkeypatch.setattr("weighin.frameworks.versions.why_not_here", lambda: None)


def jobs(seeds: int) -> list[Job]:
    """Two files of a dense start for each seed: three jobs."""
    names = ("baseline", "int8")
    return [job("tiny", name, "tflite", seed) for seed in range(seeds) for name in names]


def context(project: Path, cache: Path) -> BuildContext:
    """Where things are."""
    definitions = tuple(default_definitions(project))
    return BuildContext(Cache(cache), SearchPaths.here(cache), definitions)


def built(
    project: Path, started: Started, function: Callable[..., Any], seeds: int, cache: str = "cache"
) -> dict[Job, Artifact | Failure]:
    """What became of the jobs of some seeds."""
    where = context(project, started.folder / cache)
    return build(jobs(seeds), where, executor=Cluster(started.address, function=function))


def failures(outcomes: Mapping[Job, Artifact | Failure]) -> dict[Job, str]:
    """Why jobs failed."""
    return {job: made.reason for job, made in outcomes.items() if isinstance(made, Failure)}


def test_what_workers_make_comes_back(project: Path, forking: Forking, tmp_path: Path) -> None:
    """Each job by one of them, with what it starts from, which it was sent by its digest."""
    with cluster(forking, tmp_path, workers=2) as started:
        outcomes = built(project, started, made, seeds=2)
        again = built(project, started, made, seeds=2)

    assert {} == failures(outcomes)
    assert 6 == len(outcomes) == len(set(started.made()))
    for each, artifact in outcomes.items():
        assert isinstance(artifact, Artifact)
        parent = outcomes[each.parent] if each.parent else None
        held = None if parent is None else parent.sha256
        assert f"TFL3 {artifact.key} of {held}" == artifact.path.read_text()
        assert {"scores"} == set(artifact.outputs())
    assert outcomes == again
    assert 6 == len(started.made())


def test_two_clients_build_a_key_once(project: Path, forking: Forking, tmp_path: Path) -> None:
    """Each has it in its own cache, whichever of them wanted it first."""
    outcomes: list[dict[Job, Artifact | Failure]] = []
    with cluster(forking, tmp_path) as started:
        for _ in range(2):
            started.worker(environment={SECONDS: "0.1"})
        started.await_workers(2)
        clients = [
            threading.Thread(
                target=lambda name=name: outcomes.append(built(project, started, made, 2, name))
            )
            for name in ("one", "other")
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    keys = [{each.key for each in found.values()} for found in outcomes]
    assert keys[0] == keys[1] == set(started.made())
    assert 6 == len(started.made())


def test_workers_are_killed_at_random(project: Path, forking: Forking, tmp_path: Path) -> None:
    """Twenty times, one of them in another network: nothing is lost, and all is as without."""
    with network_or_not() as (host, prefix):
        far = Forking(os.environ, prefix) if prefix else forking
        try:
            with cluster(forking, tmp_path, host=host) as started:
                kills = killed_while_building(project, started, far)
        finally:
            if prefix:
                far.end()
        with cluster(forking, tmp_path / "calm", workers=2) as calm:
            expected = built(project, calm, made, seeds=SEEDS)

    assert KILLS == kills.count
    assert {} == failures(kills.outcomes)
    assert sums(expected) == sums(kills.outcomes)
    assert set(kills.ended) == set(kills.outcomes)
    assert 1 == max(kills.ended.values())
    extra = len(started.made()) - len(kills.outcomes)
    assert 0 <= extra <= KILLS  # what was made and lost with its worker, before it had come back


KILLS, SEEDS = 20, 14


class Kills:
    """What happened while workers were killed."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.count = 0
        self.outcomes: dict[Job, Artifact | Failure] = {}
        self.ended: collections.Counter[Job] = collections.Counter()


def killed_while_building(project: Path, started: Started, far: Forking) -> Kills:
    """Build while one of four workers is killed, and started anew, again and again."""
    chance, kills, over = random.Random(7), Kills(), threading.Event()
    pace = {SECONDS: "0.15"}
    places = [started.forking, started.forking, started.forking, far]
    workers = [started.worker(forking=place, environment=pace) for place in places]
    started.await_workers(len(workers))

    def go_on() -> None:
        where = context(project, started.folder / "cache")
        executor = Cluster(started.address, function=made)

        def count(each: Job, outcome: Artifact | Failure) -> None:
            kills.ended[each] += 1
            if len(kills.ended) >= 3 * SEEDS - 4 and kills.count < KILLS:
                over.wait(30)  # let there be jobs as long as workers die

        kills.outcomes = build(jobs(SEEDS), where, executor=executor, finished=count)

    building = threading.Thread(target=go_on)
    building.start()
    while not kills.ended:
        time.sleep(0.02)
    while kills.count < KILLS:
        time.sleep(chance.uniform(0.05, 0.25))
        at = chance.randrange(len(workers))
        kill(workers[at])
        kills.count += 1
        workers[at] = started.worker(forking=places[at], environment=pace)
    over.set()
    building.join()
    return kills


def sums(outcomes: Mapping[Job, Artifact | Failure]) -> dict[Job, str]:
    """The digests of what was built."""
    return {job: each.sha256 for job, each in outcomes.items() if isinstance(each, Artifact)}


def network_or_not() -> Any:
    """Another network namespace, or this one where none can be made."""
    import contextlib

    @contextlib.contextmanager
    def choose() -> Iterator[tuple[str, list[str]]]:
        with contextlib.ExitStack() as stack:
            try:
                place = stack.enter_context(network_namespace())
            except pytest.skip.Exception:
                place = ("127.0.0.1", [])
            yield place

    return choose()


def test_a_worker_in_another_network_builds(
    project: Path, forking: Forking, tmp_path: Path
) -> None:
    """What it makes comes back through its scheduler."""
    with network_namespace() as (host, prefix):
        far = Forking(os.environ, prefix)
        try:
            with cluster(forking, tmp_path, host=host) as started:
                started.worker(forking=far)
                started.await_workers(1)
                outcomes = built(project, started, made, seeds=1)
        finally:
            far.end()

    assert {} == failures(outcomes)
    assert 3 == len(started.made())


def test_a_job_that_ends_its_workers_is_given_up(
    project: Path, forking: Forking, tmp_path: Path
) -> None:
    """With what depends on it, and with the reason; the others are built."""
    with cluster(forking, tmp_path, workers=dask.DEATHS + 1, failures=0) as started:
        outcomes = built(project, started, deadly, seeds=2)

    failed = failures(outcomes)
    assert {each for each in outcomes if each.seed == 0} == set(failed)
    for reason in failed.values():
        assert f"the workers that were at it died, or could not take it, {dask.DEATHS} times" in (
            reason
        )
        assert "KilledWorker" in reason


def test_a_worker_that_would_build_another_is_passed_by(
    project: Path, forking: Forking, tmp_path: Path
) -> None:
    """Jobs go to those that would not; where all refuse, the row says what differs."""
    with cluster(forking, tmp_path) as started:
        started.worker(environment={"WEIGHIN_TEST_REFUSES": "1"})
        started.await_workers(1)
        refused = built(project, started, picky, seeds=1, cache="refused")
        started.worker()
        started.await_workers(2)
        outcomes = built(project, started, picky, seeds=1)

    reason = "no worker of the cluster can build it as it is here"
    assert 3 == len(failures(refused))
    for each in failures(refused).values():
        assert each.startswith(reason)
        assert "dataset_digest abc there, def here" in each
    assert {} == failures(outcomes)


def test_other_bytes_than_were_told_are_not_taken(
    project: Path, forking: Forking, tmp_path: Path
) -> None:
    """Nothing of them is in the cache."""
    with cluster(forking, tmp_path, workers=1) as started:
        outcomes = built(project, started, lying, seeds=1)

    for reason in failures(outcomes).values():
        assert "the bytes that came are not those that were sent" in reason
    assert 3 == len(failures(outcomes))
    assert [] == list((tmp_path / "cache" / "artifacts").glob("*"))


def test_what_a_build_process_had_written_comes_along(
    project: Path, forking: Forking, tmp_path: Path
) -> None:
    """Into a log of this machine's cache; the reason is fit for a terminal."""
    with cluster(forking, tmp_path, workers=1) as started:
        outcomes = built(project, started, failing, seeds=1)

    (failure,) = {id(each): each for each in outcomes.values()}.values()
    assert isinstance(failure, Failure)
    assert "no  [2J today" == failure.reason
    assert failure.log is not None
    assert failure.log.is_relative_to(tmp_path / "cache" / "logs")
    assert "first\nlast\n" == failure.log.read_text()


def test_a_cluster_without_workers_is_refused(
    project: Path, forking: Forking, tmp_path: Path
) -> None:
    """Before anything is built."""
    with (
        cluster(forking, tmp_path) as started,
        pytest.raises(WeighinError, match="it has none at all: dask worker"),
    ):
        built(project, started, made, seeds=1)


def test_the_last_worker_leaves(
    project: Path, forking: Forking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not built then fails with a reason, after a while in which another might come."""
    monkeypatch.setattr(dask, "LONELY_SECONDS", 1.0)
    with cluster(forking, tmp_path) as started:
        pid = started.worker(environment={SECONDS: "0.3"})
        started.await_workers(1)
        threading.Timer(1.0, kill, (pid,)).start()
        outcomes = built(project, started, made, seeds=6)

    assert any("is left that could build it" in why for why in failures(outcomes).values())
    assert 18 == len(outcomes)


def test_the_scheduler_ends(
    project: Path, forking: Forking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not built then fails with a reason; the run goes on with what is."""
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1)
    with cluster(forking, tmp_path) as started:
        started.worker(environment={SECONDS: "0.3"})
        started.await_workers(1)
        threading.Timer(1.0, kill, (started.scheduler,)).start()
        outcomes = built(project, started, made, seeds=6)

    assert any("no longer answers" in why for why in failures(outcomes).values())
    assert 18 == len(outcomes)


def test_workers_that_measure_do_not_build(project: Path, forking: Forking, tmp_path: Path) -> None:
    """Unless there are no others: then one job at a time, in place of a measurement."""
    with cluster(forking, tmp_path) as started:
        started.worker(resources={"quiet": 1}, environment={"WEIGHIN_TEST_REFUSES": "1"})
        started.worker()
        started.await_workers(2)
        beside = built(project, started, picky, seeds=1)
        kill(started.workers[0])
        kill(started.workers[1])
        while started_workers(started):
            time.sleep(0.02)
        started.worker(resources={"quiet": 1})
        started.await_workers(1)
        alone = built(project, started, picky, seeds=1, cache="alone")

    assert {} == failures(beside) == failures(alone)


def started_workers(started: Started) -> list[str]:
    """Addresses of those that take part."""
    with connection.connected(started.address) as connected:
        there = connected.workers()
    return list(there)
