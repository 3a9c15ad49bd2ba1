"""The GitHub workflow: what it runs exists, and it may do no more than it must."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import weighin

yaml = pytest.importorskip("yaml", reason="pip install -e '.[dev]' has what reads the workflow")
pytest.importorskip("tox", reason="pip install -e '.[dev]' has what reads tox.ini")

ROOT = Path(weighin.__file__).resolve().parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    """The workflow as GitHub reads it; YAML takes its `on` for true."""
    found: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    return found


def steps(workflow: dict[Any, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every step of every job."""
    return [(name, step) for name, job in workflow["jobs"].items() for step in job["steps"]]


def commands(workflow: dict[Any, Any]) -> list[tuple[str, str]]:
    """Every command of every job, once for each value of its matrix."""
    return [
        (name, step["run"].replace("${{ matrix.tox }}", value))
        for name, step in steps(workflow)
        if "run" in step
        for value in workflow["jobs"][name].get("strategy", {"matrix": {"tox": [""]}})["matrix"][
            "tox"
        ]
    ]


def environments(workflow: dict[Any, Any], job: str = "") -> list[str]:
    """The tox environments that a job runs, or all."""
    return [
        environment
        for name, command in commands(workflow)
        if name == job or not job
        for names in re.findall(r"^tox run -e (\S+)$", command)
        for environment in names.split(",")
    ]


@pytest.fixture(scope="module")
def configured(workflow: dict[Any, Any]) -> dict[str, str]:
    """What tox makes of each environment that the workflow runs."""
    names = dict.fromkeys(environments(workflow))
    done = subprocess.run(
        [sys.executable, "-m", "tox", "config", "-e", ",".join(names)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("TOX_")},
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    parts = re.split(r"^\[testenv:(.+)\]$", done.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_one_of_toxs_environments(
    workflow: dict[Any, Any], configured: dict[str, str]
) -> None:
    """Nothing is run that could not be run by the same words anywhere."""
    for _, command in commands(workflow):
        assert re.fullmatch(r"pip install tox|tox run -e \S+", command), command

    assert set(environments(workflow)) == set(configured)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("lint", ["ruff check", "ruff format --check", "mypy"]),
        ("tests", ["pytest tests/"]),
        ("light", ["pytest tests/"]),
        ("bench", ["pytest bench/ --benchmark-only"]),
        ("versions", ["pytest tests/", "pytest bench/ --benchmark-only"]),
    ],
)
def test_each_job_runs_what_it_is_called(
    workflow: dict[Any, Any], configured: dict[str, str], job: str, words: list[str]
) -> None:
    """README's own commands among them."""
    run = "\n".join(configured[name] for name in environments(workflow, job))

    for word in words:
        assert word in run
    if job in ("tests", "bench"):
        assert words[0] in (ROOT / "README.md").read_text("utf-8")


def test_tables_reach_the_summary_of_the_suites_step(
    workflow: dict[Any, Any], configured: dict[str, str]
) -> None:
    """It hands on no variable that it is not told to."""
    for job in ("bench", "versions"):
        for name in environments(workflow, job):
            assert "GITHUB_STEP_SUMMARY" in configured[name], name


def test_records_are_kept_from_where_the_suite_writes_them(
    workflow: dict[Any, Any], configured: dict[str, str]
) -> None:
    """Under a name of each job's own, and also if a gate failed."""
    kept = {
        name: step for name, step in steps(workflow) if "upload-artifact" in step.get("uses", "")
    }

    assert {"bench", "versions"} == set(kept)
    for name, step in kept.items():
        assert "${{ !cancelled() }}" == step["if"]
        for environment in environments(workflow, name):
            path = step["with"]["path"].replace("${{ matrix.tox }}", environment)
            folder, pattern = path.rsplit("/", 1)
            assert "*.json" == pattern
            named = re.findall(r"--weighin-results-dir (\S+)", configured[environment])
            assert [folder] == (named or ["results/local"])
    assert "results/local" in (ROOT / "weighin" / "pytest_plugin" / "__init__.py").read_text(
        "utf-8"
    )
    assert "${{ matrix.tox }}" in kept["versions"]["with"]["name"]


def test_two_tensorflow_versions_are_run(workflow: dict[Any, Any]) -> None:
    """The newest, and one that brings Keras 2 itself; each is tried though the other fails."""
    strategy = workflow["jobs"]["versions"]["strategy"]

    assert ["tf215", "tf221"] == strategy["matrix"]["tox"]
    assert strategy["fail-fast"] is False


def test_it_may_only_read(workflow: dict[Any, Any]) -> None:
    """No job asks for more than the whole workflow has, and none for a secret."""
    assert {"contents": "read"} == workflow["permissions"]
    assert not any("permissions" in job for job in workflow["jobs"].values())
    assert "secrets." not in WORKFLOW.read_text("utf-8")


def test_actions_are_githubs_own_and_pinned(workflow: dict[Any, Any]) -> None:
    """To a major version each, the same in every job."""
    used = {step["uses"] for _, step in steps(workflow) if "uses" in step}

    assert {"actions/checkout", "actions/setup-python", "actions/upload-artifact"} == {
        action.split("@")[0] for action in used
    }
    assert 3 == len(used)
    assert all(re.fullmatch(r"[^@]+@v\d+", action) for action in used)


def test_a_newer_push_ends_the_older_run(workflow: dict[Any, Any]) -> None:
    """No job runs without end either."""
    assert workflow["concurrency"]["cancel-in-progress"] is True
    assert "github.ref" in workflow["concurrency"]["group"]
    assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())


def test_the_python_is_one_that_is_supported(workflow: dict[Any, Any]) -> None:
    """The lowest, and packages are kept from run to run."""
    set_up = [s["with"] for _, s in steps(workflow) if "setup-python" in s.get("uses", "")]

    assert len(workflow["jobs"]) == len(set_up)
    lowest = re.search(r'requires-python = ">=([\d.]+)', (ROOT / "pyproject.toml").read_text())
    assert lowest is not None
    for given in set_up:
        assert (lowest[1], "pip") == (given["python-version"], given["cache"])
        assert all((ROOT / path).is_file() for path in given["cache-dependency-path"].split())
