"""weighin without TensorFlow: `pip install weighin`, with no extra.

TensorFlow is hidden from the processes that are started here; `tox -e light` runs them where it is
not installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from helpers.commands import by_name, run_python, run_weighin
from helpers.publishing import write_published
from helpers.tiny import write_project

import weighin
from weighin import packages
from weighin.runtimes.litert import smallest_model

ROOT = Path(weighin.__file__).resolve().parent.parent
HIDING = '''"""Python reads this as it starts: what the extra `keras` brings is not to be found."""

import importlib.abc
import importlib.metadata
import importlib.util
import sys

HIDDEN = {"tensorflow", "tf_keras", "keras", "tensorflow_model_optimization"}


class Hiding(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def version(name, really=importlib.metadata.version):
    if name.replace("-", "_") in HIDDEN:
        raise importlib.metadata.PackageNotFoundError(name)
    return really(name)


def find_spec(name, package=None, really=importlib.util.find_spec):
    return None if name in HIDDEN else really(name, package)


sys.meta_path.insert(0, Hiding())
importlib.util.find_spec = find_spec
importlib.metadata.version = version
'''
BRINGS = "pip install 'weighin[keras]'"


@pytest.fixture(scope="module")
def light(
    tmp_path_factory: pytest.TempPathFactory, child_environment: Mapping[str, str]
) -> Mapping[str, str]:
    """The environment of a process that finds no TensorFlow."""
    folder = tmp_path_factory.mktemp("hiding")
    (folder / "sitecustomize.py").write_text(HIDING)
    return {**child_environment, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A results file and a .tflite file, by ending."""
    folder = tmp_path_factory.mktemp("files")
    write_published(folder)
    model = folder / "model.tflite"
    model.write_bytes(smallest_model())
    return {"json": next(folder.rglob("*.json")), "tflite": model}


def test_tensorflow_is_hidden(light: Mapping[str, str]) -> None:
    """The other tests would show nothing where it could be imported."""
    done = run_python("-c", "import tensorflow", environment=light)

    assert "ModuleNotFoundError: No module named 'tensorflow'" in done.stderr


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        (["table", "json"], "× smaller"),
        (["table", "json", "--format", "html"], "<table"),
        (["record", "json"], "× smaller"),
        (["compare", "json", "json"], "same"),
        (["check", "json", "--gate", "gzip_bytes <= 1e9"], "gzip_bytes"),
        (["report", "json", "-o", "page"], "index.html"),
        (["inspect", "tflite"], "RELU"),
        (["inspect", "tflite", "--json"], '"format": "tflite"'),
    ],
    ids=" ".join,
)
def test_what_reads_files_needs_no_tensorflow(
    words: list[str],
    shows: str,
    files: dict[str, Path],
    light: Mapping[str, str],
    tmp_path: Path,
) -> None:
    """Tables, comparisons, gates, pages and the contents of .tflite files."""
    given = [str(files.get(word, word)) for word in words]
    done = run_python("-m", "weighin", *given, environment=light, folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert shows in done.stdout


def test_doctor_names_the_extra_that_brings_what_is_missing(light: Mapping[str, str]) -> None:
    """Once for each package, and nothing of a TensorFlow that would not start."""
    done = run_weighin("doctor", child_environment=light)

    assert done.returncode == 1
    assert f"tensorflow is not installed: {BRINGS}\n" in done.stdout
    assert f"tensorflow-model-optimization is not installed: {BRINGS}\n" in done.stdout
    assert "does not start" not in done.stdout


def test_list_names_the_extra_beside_all_that_is_built(light: Mapping[str, str]) -> None:
    """Steps, exports and Keras; .tflite files still run."""
    done = run_weighin("list", child_environment=light)
    whole = by_name(done.stdout)
    lines = {name.partition("(")[0]: line for name, line in whole.items()}

    assert done.returncode == 0, done.stderr
    assert "tensorflow" not in whole["litert(recipe,"]  # of finished files, too
    for name in ("int8", "finetune", "keras-cpu"):
        assert lines[name].endswith(f"unavailable: tensorflow is not installed: {BRINGS}")
    assert "unavailable" not in whole["litert"]


def test_building_is_refused_by_the_command_that_brings_it(
    light: Mapping[str, str], tmp_path: Path
) -> None:
    """Before a process is started; every row that would be built says so, whole."""
    project = write_project(tmp_path)
    for bench in (ROOT / "bench").glob("bench_compress.py"):
        (project / "bench" / bench.name).write_text(bench.read_text("utf-8"), "utf-8")
    (project / "pytest.ini").write_text("[pytest]\npython_files = bench_*.py\n", "utf-8")
    words = ("bench", "--benchmark-only", "-o", "python_functions=bench_*", "-q")
    plugin = () if packages.version("weighin") else ("-p", "weighin.pytest_plugin")
    done = run_python("-m", "pytest", *words, *plugin, environment=light, folder=project)
    (stored,) = (project / "results" / "local").glob("*.json")
    rows = json.loads(stored.read_text("utf-8"))["records"]

    assert done.returncode == 1
    assert f"tensorflow is not installed: {BRINGS}" in done.stdout
    assert {f"not built: tensorflow is not installed: {BRINGS}"} == {row["reason"] for row in rows}
