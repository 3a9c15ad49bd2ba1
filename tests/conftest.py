"""What tests share: a small project, and its artifacts, built once for all of them."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from helpers.commands import answer
from helpers.finished import (
    WEIGHTS,
    FinishedRun,
    part,
    quantized,
    weigh_files,
    write,
    write_data,
)
from helpers.needing import need_tensorflow
from helpers.publishing import write_published
from helpers.support import isolate_registries
from helpers.tiny import tiny_arrays, write_project

import weighin
from weighin.build.cache import Cache
from weighin.core import Artifact, Dataset
from weighin.datasets.loading import from_arrays

hypothesis.settings.register_profile("weighin", deadline=None)  # no test is about wall time
hypothesis.settings.load_profile("weighin")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background jobs
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what tests interrupt is to notice

ROOT = Path(weighin.__file__).resolve().parent.parent

# Every kind of layer that is counted, and one with weights enough for dynamic range quantization.
CNN = '''"""A small network with convolutions."""

from weighin import Recipe, model


@model(quick=Recipe("tiny", epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01))
def tiny_cnn(keras):
    """A convolution, a depthwise convolution and two dense layers on 6×6 images."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.DepthwiseConv2D(3),
            layers.Flatten(),
            layers.Dense(40, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
'''

SETTINGS = """[pytest]
python_files = bench_*.py
python_functions = bench_*
"""

# Prints, as JSON, [model, variant, format, key] of every artifact of the project in `argv[1]`.
BUILD = """
import json, sys
from pathlib import Path
from weighin import grammar, registry
from weighin.build.cache import Cache
from weighin.build.jobs import job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Artifact
from weighin.datasets.search import SearchPaths
from weighin.definitions import default_definitions, load_definitions

project, cache = map(Path, sys.argv[1:])
definitions = default_definitions(project)
load_definitions(definitions)
build_context = BuildContext(Cache(cache), SearchPaths.here(cache), tuple(definitions))
named = {}
for model in registry.models:
    for name in registry.suites["quick"].variants:
        wanted = grammar.parse(name)
        for format in ("tflite", "h5") if wanted.export.name == "float32" else ("tflite",):
            named[model, wanted.name, format] = job_for(model, "quick", 0, wanted, format)
built = build(named.values(), build_context)
failed = {str(job): made.reason for job, made in built.items() if not isinstance(made, Artifact)}
print(json.dumps([failed, [[*name, built[job].key] for name, job in named.items()]]))
"""


@dataclass(frozen=True)
class Shop:
    """The project of the tests and what was built from it.

    Attributes:
        project: folder with `models/`, `bench/` and pytest's settings.
        cache: where its artifacts lie.
        keys: by model, variant and format.
    """

    project: Path
    cache: Cache
    keys: Mapping[tuple[str, str, str], str]

    def artifact(
        self, variant: str = "baseline", format: str = "tflite", model: str = "tiny"
    ) -> Artifact:
        """One of the artifacts."""
        found = self.cache.get(self.keys[model, variant, format])
        assert found is not None, f"a test has damaged the shared artifact {variant} of {model}"
        return found


# Files that share what takes long to build: one process of several (pytest-xdist) tests them all.
TOGETHER = dict.fromkeys(("test_worker.py", "test_scheduler.py", "test_executors_real.py"), "built")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`, keep such files together, too."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFiles(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return TOGETHER.get(Path(file).name, file)

    return ByFiles(config, log)


def shared(factory: pytest.TempPathFactory, config: pytest.Config, name: str) -> Path:
    """A folder that all processes of a run share, if there are several."""
    base = factory.getbasetemp()
    return (base.parent if hasattr(config, "workerinput") else base) / name


@pytest.fixture(autouse=True)
def _handlers_stay() -> Iterator[None]:
    """What a test calls gives signals back: others are to notice interrupts."""
    watched = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in watched]
    yield
    assert before == [signal.getsignal(number) for number in watched]


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test downloads anything, or finds or leaves anything in the user's folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEIGHIN_OFFLINE", "1")
        patch.setenv("WEIGHIN_CACHE_DIR", str(tmp_path_factory.mktemp("default-cache")))
        patch.delenv("WEIGHIN_DATA_DIR", raising=False)
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)  # of what a test weighs, nobody asks
        for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
            patch.delenv(name)  # pytest-benchmark would time nothing in runs that a test starts
        yield


@pytest.fixture(scope="session")
def child_environment(_own_surroundings: None) -> Mapping[str, str]:
    """Environment variables for a process that can import weighin from anywhere."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def shop(
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
    child_environment: Mapping[str, str],
) -> Shop:
    """The tiny project with a CNN beside its model, the repository's bench, all of it built."""
    need_tensorflow()
    project = write_project(tmp_path_factory.mktemp("tiny"))
    (project / "models" / "tiny_cnn.py").write_text(CNN, "utf-8")
    (project / "pytest.ini").write_text(SETTINGS, "utf-8")
    for bench in sorted((ROOT / "bench").glob("bench_*.py")):
        shutil.copy(bench, project / "bench")
    cache = Cache(shared(tmp_path_factory, pytestconfig, "artifacts"))
    failed, rows = answer(BUILD, str(project), str(cache.folder), environment=child_environment)
    assert failed == {}
    return Shop(project, cache, {(model, variant, fmt): key for model, variant, fmt, key in rows})


@pytest.fixture(scope="session")
def finished_run(
    tmp_path_factory: pytest.TempPathFactory, child_environment: Mapping[str, str]
) -> FinishedRun:
    """Three finished files weighed: floats, bytes under other names, permuted weights."""
    folder = tmp_path_factory.mktemp("finished")
    files = [
        write(folder / "float.tflite"),
        write(folder / "bytes.tflite", quantized(part("image", "probs"), "uint8"), signed=True),
        write(folder / "permuted [1]=ü.tflite", part(weights=WEIGHTS[[1, 2, 0]])),
    ]
    data = write_data(folder / "mine.npz", n=400, wrong=20)
    words = ("--data", data, "--gate", "bytes.tflite: gzip_bytes <= 9 * baseline")
    return weigh_files(folder, *files, *words, environment=child_environment)


@pytest.fixture(scope="session")
def tiny_data() -> Dataset:
    """The data set that the tiny models are trained and tested on."""
    return from_arrays("tiny", tiny_arrays(), classes=3, scale=1 / 255)


@pytest.fixture
def isolated_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    isolate_registries(monkeypatch)


@pytest.fixture
def few_cold_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure the cold start of a row in two fresh processes, not six, whose median is not told."""
    monkeypatch.setattr("weighin.bench.bench_start.PROCESSES", 2)


@pytest.fixture
def forgotten_modules() -> Iterator[None]:
    """Modules that a test imports, definitions and a package called `house`, are forgotten."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("weighin_definitions_", "house")):
            del sys.modules[name]


@pytest.fixture
def published_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two published runs; the folder to be in."""
    write_published(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
