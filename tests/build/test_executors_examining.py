"""What `weighin doctor --cluster` says of workers."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from helpers.cluster import Forking, cluster
from helpers.commands import run_python
from helpers.tiny import registrations_undone, write_project

from weighin import registry
from weighin.build.executors import examining, looking
from weighin.cluster import workers
from weighin.datasets.search import SearchPaths
from weighin.definitions import default_definitions, load_definitions

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'weighin[cluster]'")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The tiny project, registered."""
    folder = write_project(tmp_path / "project")
    with registrations_undone():
        registry.datasets._objects.clear()  # whatever other tests have brought
        registry.models._objects.clear()
        load_definitions(default_definitions(folder))
        yield folder


@pytest.fixture
def forking(child_environment: Mapping[str, str]) -> Iterator[Forking]:
    """What starts schedulers and workers."""
    started = Forking(child_environment)
    yield started
    started.end()


def test_workers_are_listed_with_what_they_lack(
    project: Path, forking: Forking, tmp_path: Path
) -> None:
    """One builds, one measures; the data of definitions that both have are there."""
    definitions, search = default_definitions(project), SearchPaths.here(tmp_path)
    with cluster(forking, tmp_path / "cluster") as started:
        started.worker(name="builder")
        started.await_workers(1)
        (builder, quiet), whole = examining.examine(started.address, definitions, search)
        started.worker(resources={"quiet": 1}, name="lab")
        started.await_workers(2)
        told, then_whole = examining.examine(started.address, definitions, search)

    assert not whole
    assert "builder" == builder[0]
    assert "lacks nothing" in builder[1]
    assert "1 thread; builds; weighin " in builder[1]
    assert ("quiet", True) == (quiet[0], "--resources quiet=1" in quiet[1])
    assert {"builder", "lab"} == {name for name, _ in told}
    assert "measures" in dict(told)["lab"]
    assert then_whole


@pytest.mark.parametrize("package", ["tensorflow", "tf2onnx"])
def test_versions_that_decide_any_export_are_named(package: str) -> None:
    """Also those of one whose jobs alone such a worker refuses."""
    here = workers.here()
    assert [] == examining._lacks(here, here.version)

    other = dataclasses.replace(here, packages={**here.packages, package: "0.1"})
    (lack,) = examining._lacks(other, here.version)
    own = here.packages.get(package) or "none"
    assert f"the same versions: {package} 0.1 there and {own} here" == lack


def test_no_worker_takes_part(project: Path, forking: Forking, tmp_path: Path) -> None:
    """It says how to start one."""
    with cluster(forking, tmp_path / "cluster") as started:
        told, whole = examining.examine(started.address, (), SearchPaths.here(tmp_path))

    assert not whole
    assert [("none", f"no worker takes part: dask worker {started.address}")] == told


@pytest.mark.parametrize(
    ("there", "lacks"),
    [
        ({"a": "1", "b": "2"}, []),
        ({"a": "1"}, ["data b"]),
        ({"a": "1", "b": "3"}, ["the same data as here: other b"]),
        ({"error": "no such file"}, ["definitions (no such file)"]),
    ],
)
def test_data_that_are_not_there_are_named(there: dict[str, str], lacks: list[str]) -> None:
    """Or that are others."""
    assert lacks == looking.lacking({"a": "1", "b": "2"}, there)


def test_definitions_are_looked_for_in_the_workers_folder(
    project: Path, child_environment: Mapping[str, str]
) -> None:
    """Where they do not lie at the same path."""
    code = (
        "from pathlib import Path; from weighin.build.executors import looking; "
        "print(sorted(looking.found([['/nowhere/models', 'models']])), "
        "looking.found([['/nowhere/else', 'else']]))"
    )
    done = run_python("-c", code, environment=child_environment, folder=project)

    assert done.stdout.startswith("['tiny'] {'error': 'No definitions at ")
