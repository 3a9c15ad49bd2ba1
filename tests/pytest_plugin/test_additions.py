"""A metric, a step and a runtime, each added by one file, show up everywhere by themselves."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers.runs import Ran, run_pytest
from helpers.support import isolate_registries

from weighin import registry
from weighin.cli import main
from weighin.definitions import load_definitions

METRIC = '''"""A figure that nobody has thought of."""

from weighin import Figure, metric


@metric("charge", title="charge", unit="mC", better="lower", scope="artifact")
def charge(file):
    """What sending it costs."""
    return Figure(len(file.gzipped) / 1000, len(file.gzipped) / 1001, len(file.gzipped) / 999)
'''
STEP = '''"""A step that nobody has thought of."""

from weighin import step


@step("damp", claim=lambda graph, **_: None)
def damp(model, trainer, by: float):
    """Make every weight a little smaller."""
    model.set_weights([weight * by for weight in model.get_weights()])
    return model
'''
RUNTIME = '''"""A runtime that nobody has thought of."""

from weighin import runtime
from weighin.runtimes.litert import LiteRT


@runtime
class Twin(LiteRT):
    """LiteRT by another name."""

    name = "twin"
    on_request = False
'''
WORDS = ("-q", "bench/", "--benchmark-only", "-k", "compress or evaluate or speedup")
VARIANTS = "--weighin-variants=baseline,damp(0.9)+int8"


@pytest.fixture(scope="module")
def project(shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny project with one file more for each addition."""
    copied = tmp_path_factory.mktemp("additions") / "project"
    shutil.copytree(shop.project, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in (("charge", METRIC), ("damp", STEP), ("twin", RUNTIME)):
        (copied / "models" / f"{name}.py").write_text(text, "utf-8")
    return copied


@pytest.fixture(scope="module")
def results(
    project: Path,
    shop,
    child_environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Ran, Path]:
    """One run of that project, and its results file."""
    folder = tmp_path_factory.mktemp("results")
    ran = run_pytest(
        *(project, shop.cache.folder, folder),
        *(*WORDS, VARIANTS, "--weighin-models=tiny", "--weighin-gate=charge <= 1.5 * baseline"),
        environment=child_environment | {"WEIGHIN_CACHE_DIR": str(shop.cache.folder)},
    )
    (path,) = folder.glob("*.json")
    return ran, path


def _weighin(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_all_of_it_is_weighed(results: tuple[Ran, Path]) -> None:
    """The step is built, the runtime measured, the metric recorded, the gate judged."""
    ran, _ = results

    assert 0 == ran.code, ran.text
    for runtime in ("litert", "twin"):
        assert ran.one("top1", "damp(0.9)+int8", runtime=runtime).value is not None
        assert ran.one("speedup", "damp(0.9)+int8", runtime=runtime).value is not None
    assert ran.one("charge", "damp(0.9)+int8").value is not None
    assert "charge <= 1.5 * baseline" in ran.text


def test_tables_have_its_column(results: tuple[Ran, Path]) -> None:
    """Printed, in a file for programs, and on the page, in the metric's own unit."""
    ran, path = results
    charge = ran.one("charge", "damp(0.9)+int8").value

    (header,) = (line for line in ran.text.splitlines() if line.startswith("variant  "))
    assert "charge" in header
    assert f"{charge:#.4g} mC [" in ran.text
    rows = list(csv.DictReader(io.StringIO(_weighin("table", path, "--format", "csv").output)))
    assert {f"{charge}"} == {row["charge"] for row in rows if row["variant"] == "damp(0.9)+int8"}
    page = path.parent / "page"
    assert 0 == _weighin("report", path, "-o", page).exit_code
    assert '"header":"charge"' in (page / "index.html").read_text("utf-8")


def test_runs_are_compared_by_it(results: tuple[Ran, Path], tmp_path: Path) -> None:
    """`compare` holds it against the same figure of another run, with a verdict."""
    _, path = results
    content = json.loads(path.read_text("utf-8"))
    for row in content["records"]:
        if row["metric"] == "charge":
            row |= {end: row[end] * 2 for end in ("value", "low", "high")}
    other = tmp_path / "other.json"
    other.write_text(json.dumps(content), "utf-8")

    said = _weighin("compare", path, other).output

    (table,) = (table for table in said.split("\n\n") if table.startswith("charge "))
    assert "worse by 100.0 %" in table, said


def test_a_gate_may_name_it(results: tuple[Ran, Path]) -> None:
    """Afterwards as well as in the run, with its unit."""
    _, path = results

    done = _weighin("check", path, "--gate", "charge <= 0.000001")

    assert 1 == done.exit_code
    assert "mC" in done.output


def test_they_are_listed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what their docstrings say, like all the others."""
    isolate_registries(monkeypatch)
    load_definitions([project / "models"])

    listed = _weighin("list", "--definitions", project / "models").output

    assert "damp(by)" in listed
    assert "What sending it costs [mC]; lower is better" in listed
    assert "LiteRT by another name" in listed
    assert registry.catalogue()["charge"].column
