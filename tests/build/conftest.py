"""What the tests of building share: artifacts of the tiny and the odd models, built once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.building import (
    BROKEN,
    MISFITS,
    TINY,
    UNTRAINED,
    Built,
    context_of,
    job,
    run,
    write_odd_project,
)
from helpers.tiny import registrations_undone, write_project

from weighin.build.keys import BuildContext
from weighin.definitions import load_definitions


@pytest.fixture(scope="session")
def odd_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny and the odd models."""
    return write_odd_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def project(odd_project: Path) -> Iterator[Path]:
    """The same, its models registered while a file is tested."""
    with registrations_undone():
        load_definitions([odd_project / "models"])
        yield odd_project


@pytest.fixture(scope="session")
def build_context(odd_project: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildContext:
    """The one whose cache most tests share; they must not damage what is in it."""
    return context_of(odd_project, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def built(build_context: BuildContext) -> Built:
    """Every variant of the tiny model, two seeds, and the models that fail, in one call.

    It is made as on a machine with a GPU, of which the environment speaks.
    """
    jobs = [job("tiny", name) for name in TINY]
    jobs += [job("tiny", "baseline", "h5", seed=1), job("poisoned", "int8")]
    jobs += [job(model, name) for model in BROKEN for name in ("prune(0.5)+int8", "baseline")]
    jobs += [job(model, "finetune", "h5") for model in (*MISFITS, *UNTRAINED)]
    jobs += [job("looking", "baseline", "h5")]
    with registrations_undone(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "0")
        load_definitions(build_context.definitions)
        return run(jobs, build_context)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A project of its own with the tiny model."""
    return write_project(tmp_path / "plain")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A project with a model that has published weights, and one that is never trained."""
    return write_odd_project(tmp_path / "odd")
