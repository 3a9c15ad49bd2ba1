"""Which jobs are built, in which order, and what becomes of the others when one fails."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest
from helpers.building import BROKEN, MISFITS, TINY, Built, context_of, job, run

from weighin.build.cache import Cache
from weighin.build.executors import local
from weighin.build.keys import BuildContext
from weighin.core import Failure

pytestmark = pytest.mark.usefixtures("project")  # its models are registered meanwhile


def copied(build_context: BuildContext, cache: Path) -> BuildContext:
    """The same build_context with a copy of its cache, to be damaged."""
    shutil.copytree(build_context.cache.folder, cache)
    return dataclasses.replace(build_context, cache=Cache(cache))


def test_shared_prefixes_are_built_once(built: Built) -> None:
    """One dense start and one pruned model serve all variants of a model and seed."""
    finished = [
        str(one).split("tiny ")[1].strip()
        for one in built.finished
        if one.seed == 0 and one.model == "tiny"
    ]

    expected = [
        "dense start",
        "dense start → dynamic",
        "dense start → float32",
        "dense start → int8",
        "finetune",
        "finetune → float32",
        "prune(0.5)",
        "prune(0.5) → float32",
        "prune(0.5) → int8",
    ]
    assert expected == sorted(finished)


def test_every_job_is_announced_and_finished_once(built: Built) -> None:
    """As many jobs are announced as finish, none of them twice, parents first."""
    assert [len(built.finished)] == built.begun
    assert len(set(built.finished)) == len(built.finished)
    assert set(built.outcomes) == set(built.finished)
    order = {one: place for place, one in enumerate(built.finished)}
    assert all(order[one.parent] < place for one, place in order.items() if one.parent)


def test_a_second_build_starts_no_worker(
    built: Built, build_context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in the cache is found without any process being started."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("a worker pool was made")

    monkeypatch.setattr(local, "ProcessPoolExecutor", refuse)
    jobs = [job("tiny", name) for name in TINY]

    again = run(jobs, build_context)

    assert again.begun == [0]
    assert not again.finished
    assert {one: built.outcomes[one] for one in again.outcomes} == again.outcomes
    assert set(jobs) < set(again.outcomes)


def test_failures_do_not_stop_the_others(built: Built) -> None:
    """Beside models that fail, every variant of the sound ones was built."""
    failed = {one.model for one, made in built.outcomes.items() if isinstance(made, Failure)}

    assert {*BROKEN, *MISFITS} == failed


def test_failures_are_not_kept(built: Built, build_context: BuildContext) -> None:
    """Nothing of a failed model is in the cache, so that it is tried again."""
    digest = built.artifact("tiny", "baseline", "h5").provenance["dataset_digest"]

    for model in BROKEN:
        assert (
            build_context.cache.get(build_context.key(job(model, "baseline", "h5"), digest)) is None
        )


def test_what_cannot_be_planned_is_a_failure(built: Built, build_context: BuildContext) -> None:
    """An unknown data set, profile or model fails by itself, without a worker."""
    unknown = dataclasses.replace(job("tiny", "baseline", "h5"), profile="slow")
    nameless = job("no_such_model", "baseline", "h5")

    again = run([job("without_data"), unknown, nameless, job("tiny", "int8")], build_context)

    assert "Unknown data set 'nowhere'" in again.reason("without_data")
    assert "no profile 'slow'; it has: quick" in again.outcomes[unknown].reason
    assert "Unknown model 'no_such_model'" in again.outcomes[nameless].reason
    assert built.artifact("tiny", "int8") == again.artifact("tiny", "int8")
    assert again.begun == [0]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("exchanged", r"other\.h5 is not the file of weights that the recipe names"),
        ("lost", r"weights lost\.h5 were not found.*--weighin-data-dir"),
    ],
)
def test_weights_that_are_not_there_are_a_failure(
    build_context: BuildContext, model: str, reason: str
) -> None:
    """Another file, or none where the recipe trains nothing: known without a worker."""
    built = run([job(model, "finetune", "h5")], build_context)

    assert re.search(reason, built.reason(model, "finetune", "h5"))
    assert built.begun == [0]


def test_a_worker_that_dies_is_a_failure(project: Path, tmp_path: Path) -> None:
    """What takes its process down, data or a model, fails with what depends on it; others go on."""
    jobs = [job("exiting"), job("killed"), job("tiny", "baseline", "h5"), job("tiny", "crashing")]

    built = run(jobs, context_of(project, tmp_path), workers=1)

    assert built.artifact("tiny", "baseline", "h5").path.exists()
    for model in ("exiting", "killed"):
        reason = built.reason(model, "baseline", "h5")
        assert "died without an answer" in reason
        assert f"building {model} dense start" in reason
        assert reason == built.reason(model, "baseline", "tflite")
    assert "(exit code 9)" in built.reason("exiting", "baseline", "h5")
    assert "(signal 9, SIGKILL: killed, or out of memory)" in built.reason("killed")
    crashed = built.reason("tiny", "crashing")
    assert "(signal 6, SIGABRT) while the converter made crashing" in crashed
    assert "Try float16 or dynamic; where the model has recurrent layers, unroll=True" in crashed
    assert built.begun == [6]
    assert len(built.finished) == len(set(built.finished)) == 6


def test_damaged_artifacts_are_built_again(
    built: Built, build_context: BuildContext, tmp_path: Path
) -> None:
    """What is damaged in the cache is made anew, the same as before; the rest is left alone."""
    damaged = copied(build_context, tmp_path / "cache")
    for name, format in (("baseline", "h5"), ("int8", "tflite")):
        path = damaged.cache.get(built.artifact("tiny", name, format).key).path
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    again = run([job("tiny", name) for name in TINY], damaged)

    assert [job("tiny", "baseline", "h5"), job("tiny", "int8")] == again.finished
    for one in again.outcomes:
        assert built.outcomes[one].sha256 == again.outcomes[one].sha256
        assert again.outcomes[one] == damaged.cache.get(again.outcomes[one].key)
