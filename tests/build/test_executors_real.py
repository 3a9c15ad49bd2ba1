"""Workers of a cluster that train and convert, by TensorFlow: what they send is as built here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from helpers.building import Built, context_of, job
from helpers.cluster import Forking, cluster

from weighin.build.executors import Task, child, orders
from weighin.build.executors.carrying import Carried
from weighin.build.executors.dask import Cluster
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Artifact, Failure
from weighin.targets import machine

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'weighin[cluster]'")
pytestmark = pytest.mark.usefixtures("project")  # its models are registered meanwhile

SOUND = ("baseline", "int8", "prune(0.5)+int8")


@pytest.fixture(scope="module")
def far(
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
    child_environment: Mapping[str, str],
) -> tuple[Built, BuildContext]:
    """The same jobs as others build here, by a worker with a cache of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    context = context_of(project, folder / "cache")
    jobs = [job("tiny", name) for name in SOUND]
    jobs += [job("tiny", "crashing"), job("diverging", "baseline", "h5"), job("looking")]
    forking = Forking(child_environment)
    with cluster(forking, folder, workers=1) as started:
        far = Built()
        far.outcomes = build(
            jobs,
            context,
            executor=Cluster(started.address),
            begun=far.begun.append,
            finished=lambda job, outcome: far.finished.append(job),
        )
    forking.end()
    return far, context


def test_artifacts_are_those_that_are_built_here(
    far: tuple[Built, BuildContext], built: Built
) -> None:
    """By their keys, bytes, answers and all that was seen; but for the seconds."""
    for name in SOUND:
        there, here = far[0].artifact("tiny", name), built.artifact("tiny", name)
        assert (here.key, here.sha256, here.facts) == (there.key, there.sha256, there.facts)
        assert here.provenance == there.provenance
        assert here.answers is not None
        assert there.answers is not None
        assert here.answers.read_bytes() == there.answers.read_bytes()
        assert there.path.is_relative_to(far[1].cache.folder)
        assert there == dataclasses.replace(far[1].cache.get(there.key), seconds=there.seconds)


def test_failures_are_those_that_are_met_here(
    far: tuple[Built, BuildContext], built: Built
) -> None:
    """A model that diverges, with the log of the process that found it."""
    there = far[0].outcomes[job("diverging", "baseline", "h5")]

    assert isinstance(there, Failure)
    assert built.reason("diverging", "baseline", "h5") == there.reason
    assert there.log is not None
    assert there.log.is_relative_to(far[1].cache.logs)
    assert "building diverging dense start" in there.log.read_text()


def test_a_build_process_that_dies_ends_its_job_alone(far: tuple[Built, BuildContext]) -> None:
    """Its worker lives on, and says what it died of."""
    reason = far[0].reason("tiny", "crashing")

    assert "(signal 6, SIGABRT) while the converter made crashing" in reason
    assert "the whole in the log" in reason
    assert isinstance(far[0].outcomes[job("looking")], Artifact)


def test_other_data_are_refused(far: tuple[Built, BuildContext]) -> None:
    """What would become of them on a worker is another artifact: it says which data."""
    context = dataclasses.replace(far[1], processor=machine.processor())
    _, order = orders.order(Task(job("tiny", "int8"), "0" * 64), context, Carried([], ()))

    said = child.answer(json.loads(order), context)

    assert set(said) == {"refused"}
    assert said["refused"].startswith("tiny dense start would be another: dataset_digest ")
    assert "000000000000 here" in said["refused"]
