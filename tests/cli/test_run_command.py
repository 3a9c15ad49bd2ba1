"""`weighin run`: the main job in this folder, by short names of its options."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from weighin.cli import main
from weighin.cli.run import main_job, options_of
from weighin.records import store


def command(*words: str, folder: Path, environment: Mapping[str, str]) -> Any:
    """Run `weighin run` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "weighin", "run", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_short_names_stand_for_the_plugins_options() -> None:
    """What is not given is left to the plugin; what may be repeated is; flags have no value."""
    assert [
        "--weighin-models=a,b",
        "--weighin-seeds=3",
        "--weighin-gate=x",
        "--weighin-gate=y",
        "--weighin-proven",
    ] == options_of(
        {
            **{"models": "a,b", "seeds": 3, "suite": None, "gate": ("x", "y")},
            **{"strict": False, "proven": True},
        }
    )


def test_a_word_that_is_no_option_is_refused() -> None:
    """Before pytest takes it for a file; the plugin's own options belong behind two dashes."""
    for words in (["my_model"], ["--weighin-models", "my_model"]):
        result = CliRunner().invoke(main, ["run", *words])

        assert 2 == result.exit_code
        assert words[0] in result.output


def test_the_models_of_a_folder_are_weighed(
    shop: Any, child_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """By one command; options behind two dashes are pytest's, and the exit code too."""
    shutil.copytree(shop.project / "models", tmp_path / "models")
    environment = {**child_environment, "WEIGHIN_CACHE_DIR": str(shop.cache.folder)}
    words = ["--models", "tiny", "--variants", "baseline,int8", "--runtimes=litert"]
    words += ["--gate", "gzip_bytes <= 0.1 * baseline"]
    words += ["--", "-k", "compress", "-p", "no:cacheprovider"]
    done = command(*words, folder=tmp_path, environment=environment)
    (path,) = (tmp_path / "results" / "local").glob("*-all.json")
    records = store.load(path).records

    assert 1 == done.returncode, done.stdout + done.stderr
    assert ["baseline", "int8"] == list(dict.fromkeys(record.variant for record in records))
    assert "gzip_bytes <= 0.1 * baseline" in done.stdout


def test_a_folder_inside_another_project_is_one_of_its_own(
    shop: Any, child_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """Settings of pytest that lie above it move neither the models nor the results."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    shutil.copytree(shop.project / "models", tmp_path / "inside" / "models")
    done = command(
        *("--models=tiny", "--", "--collect-only", "-q"),
        folder=tmp_path / "inside",
        environment=child_environment,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "bench_latency[tiny-" in done.stdout


def test_what_is_wrong_is_said_by_pytest_and_passed_on(
    child_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """A folder without models: pytest's exit code for a wrong use."""
    done = command(folder=tmp_path, environment=child_environment)

    assert 4 == done.returncode
    assert "nothing to weigh" in done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
def test_a_run_that_is_killed_has_a_shells_exit_code(tmp_path: Path) -> None:
    """128 and the signal's number, so that it is never taken for success."""
    (tmp_path / "test_kill.py").write_text(
        "import os, signal\n\n\ndef test_kill(benchmark):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    assert 128 + signal.SIGKILL == main_job([str(tmp_path)], ["-q", "-p", "no:cacheprovider"])
