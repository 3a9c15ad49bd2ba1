"""Runs on a cluster: measured on its quiet worker, the same rows as here but for times."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.cluster import Forking, Started, cluster, kill
from helpers.commands import answer, run_weighin
from helpers.finished import part, quantized, write, write_data

from weighin import registry
from weighin.core import Case, Record, Suite, WeighinError
from weighin.devices import quiet, relay
from weighin.devices.wire import LinkError
from weighin.job import plan
from weighin.job.run import Run
from weighin.job.settings import Options, Settings
from weighin.job.weighing import Asked, planned
from weighin.records import store
from weighin.report import gates

PAIR_SECONDS = 0.2


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, child_environment: Mapping[str, str]
) -> Iterator[Started]:
    """A cluster with a worker that measures and one that does not."""
    pytest.importorskip("distributed", reason="no Dask: pip install 'weighin[cluster]'")
    forking = Forking(child_environment)
    with cluster(forking, tmp_path_factory.mktemp("cluster"), workers=1) as there:
        there.worker(resources={"quiet": 1})
        there.await_workers(2)
        yield there
    forking.end()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    """Two finished files and data."""
    folder = tmp_path_factory.mktemp("finished")
    content = quantized(part("image", "probs"), "uint8")
    return (
        [write(folder / "float.tflite"), write(folder / "bytes.tflite", content, signed=True)],
        write_data(folder / "mine.npz", n=400, wrong=20),
    )


def given(files: tuple[list[Path], Path], folder: Path) -> list[str]:
    """The words that weigh the files."""
    data = ["--data", str(files[1]), "--pair-seconds", str(PAIR_SECONDS)]
    return ["weigh", *map(str, files[0]), *data, "-o", str(folder)]


@pytest.fixture(scope="module")
def here(
    files: tuple[list[Path], Path],
    child_environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Any, list[str]]:
    """The results of weighing the files here, and the packages that were imported for it."""
    folder = tmp_path_factory.mktemp("here")
    code = (
        "import json, sys\n"
        "from weighin.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit:\n"
        "    print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    imported = answer(code, *given(files, folder), environment=child_environment, folder=folder)
    (written,) = folder.glob("*.json")
    return store.load(written), imported


def test_rows_are_as_without_a_cluster(
    started: Started,
    files: tuple[list[Path], Path],
    here: tuple[Any, list[str]],
    child_environment: Mapping[str, str],
    tmp_path: Path,
) -> None:
    """But for times, and for the target that they name; its machine is told."""
    words = [*given(files, tmp_path), "--cluster", started.address]
    done = run_weighin(*words, child_environment=child_environment)
    assert done.returncode == 0, done.stderr
    (written,) = tmp_path.glob("*.json")
    there = store.load(written)

    assert untimed(here[0].records) == untimed(there.records)
    assert {"", "quiet"} == {record.case.target for record in there.records}
    assert {"litert"} == {r.case.runtime for r in there.records if r.case.target}
    assert not [r for r in there.records if r.case.runtime and not r.case.target]
    assert {"ok"} == {r.status for r in there.records if r.metric == "latency"}
    told = there.environment["devices"]["quiet"]
    assert here[0].environment["machine"] == told["machine"]


def untimed(records: Any) -> list[Record]:
    """Rows without what a clock decides, as if of this machine."""
    return [
        dataclasses.replace(record, case=dataclasses.replace(record.case, target=""))
        for record in records
        if record.metric != "why" and not registry.metrics[record.metric].machine_bound
    ]


def test_a_cluster_without_a_quiet_worker_is_refused(
    files: tuple[list[Path], Path], child_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """Before anything is read or built; it says how to start one, here if need be."""
    pytest.importorskip("distributed", reason="no Dask: pip install 'weighin[cluster]'")
    forking = Forking(child_environment)
    with cluster(forking, tmp_path / "cluster", workers=1) as loud:
        asked = Asked(cluster=loud.address, results_dir=tmp_path / "results")
        with pytest.raises(WeighinError) as caught:
            planned(files[0], asked)
    forking.end()

    text = f"dask worker {loud.address} --nthreads 1 --resources quiet=1"
    assert "has no quiet worker" in str(caught.value)
    assert text in str(caught.value)
    assert not (tmp_path / "results").exists()


def test_a_quiet_worker_that_is_killed_is_a_failure(
    child_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """Of the link, so that it is tried again: where it is started anew, it is found again."""
    pytest.importorskip("distributed", reason="no Dask: pip install 'weighin[cluster]'")
    forking = Forking(child_environment)
    with cluster(forking, tmp_path) as there:
        pid = there.worker(resources={"quiet": 1})
        there.await_workers(1)
        (device,) = quiet.devices(there.address).values()
        before = device.examine()
        link = device._link
        assert link._transport is not None
        kill(pid)
        with pytest.raises(LinkError, match=r"left the cluster|."):
            link._transport.ask({"operation": "facts"}, seconds=10)
        there.worker(resources={"quiet": 1})
        there.await_workers(1)
        link._drop()
        after = device.examine()
        device.close()
    forking.end()

    assert before.machine == after.machine


def test_quiet_workers_go_by_their_names(
    child_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """Their own, or numbers; models take turns, each on one of them."""
    pytest.importorskip("distributed", reason="no Dask: pip install 'weighin[cluster]'")
    forking = Forking(child_environment)
    with cluster(forking, tmp_path) as there:
        for options in ({"name": "lab-1"}, {}, {"name": "no name/for a row"}):
            there.worker(resources={"quiet": 1}, **options)
        there.await_workers(3)
        found = quiet.devices(there.address)
    forking.end()

    assert {"lab-1", "quiet", "quiet2"} == set(found)


def test_a_model_is_measured_on_one_of_them(tmp_path: Path) -> None:
    """All its rows, of every engine that is not on a device; models take turns."""
    suite = Suite("mixed", "quick", ("a", "b", "c"), ("baseline",))
    settings = dataclasses.replace(settings_of(tmp_path), suite=suite, quiet=("one", "other"))

    assert ["one", "other", "one"] == [settings.target(model) for model in suite.models]
    assert "" == dataclasses.replace(settings, quiet=()).target("a")
    cases = plan.cases(settings, "inference", [Case("b", "d", "baseline", 0, "tflite")])
    assert [("litert", "other"), ("litert", "pi5")] == [(c.runtime, c.target) for c in cases]


def test_a_device_is_not_taken_for_a_worker_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of either would be those of the other."""
    worker = SimpleNamespace(name="pi5")
    monkeypatch.setattr(quiet, "devices", lambda address: {"pi5": worker})
    settings = dataclasses.replace(settings_of(tmp_path), cluster="tcp://nowhere:1")
    context: Any = SimpleNamespace(devices={})

    with pytest.raises(WeighinError, match="pi5 is a device and a quiet worker"):
        Run(settings, context)


def settings_of(folder: Path) -> Settings:
    """Settings of a run on an engine here and one on a device."""
    return Settings(
        suite=Suite("s", "quick", ("a",), ("baseline",)),
        definitions=(),
        runtimes=("litert", "litert@pi5"),
        threads=(1,),
        gates=(),
        mode=gates.mode(False, False),
        pair_seconds=1.0,
        margin=0.005,
        workers=0,
        results_dir=folder,
        cache_dir=None,
        data_dir=None,
    )


def test_a_relay_tells_whatever_happens() -> None:
    """An agent that cannot be started, or asked, is no error of the worker's task."""
    said, content = relay.ask("mark", b"no json", b"", 1.0)

    assert b"" == content
    assert {"refused"} == set(json.loads(said))
    relay.end("mark")
    assert not relay._agents


@pytest.mark.parametrize("text", ["here", "tcp://", "http://host:80", "tcp://host", "tcp://h:1 x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """With what is one."""
    with pytest.raises(WeighinError, match="as tcp://host:8786, or local"):
        Options("--").cluster(text)


def test_nothing_of_dask_is_imported_without_a_cluster(here: tuple[Any, list[str]]) -> None:
    """In a whole run: planned, measured, its table made."""
    assert {"weighin", "numpy"} <= set(here[1])
    assert set() == {"dask", "distributed"} & set(here[1])
