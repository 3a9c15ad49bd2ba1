"""Files damaged at random, and runs killed at any moment; the scripts try as many as one likes."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers import fuzzing, killing
from helpers.processes import TESTS

from weighin.cli import main

TRIES, SEED = 12, 4


def test_damaged_files_end_no_command_in_a_traceback() -> None:
    """Of a few of the files that `helpers.fuzzing` makes."""
    assert Counter() == fuzzing.found(TRIES, SEED)


def test_a_sound_file_is_read_by_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that what is damaged of it is refused for the damage, and reports do read the rest."""
    monkeypatch.chdir(tmp_path)
    Path("sound.json").write_text(json.dumps(fuzzing.sound()))
    for command in fuzzing.COMMANDS:
        names = {"FILE": "sound.json", "SOUND": "sound.json"}
        done = CliRunner().invoke(main, [names.get(word, word) for word in command])
        needs_versions = "tensorflow" in command  # two of them
        assert done.exit_code in ((2,) if needs_versions else (0, 1)), (command, done.output)


def edited(changes: Any) -> bytes:
    """A sound file after a change."""
    content = fuzzing.sound()
    changes(content)
    return json.dumps(content).encode()


def one(content: dict[str, Any], metric: str) -> dict[str, Any]:
    """A measured record of a variant's."""
    return next(
        each
        for each in content["records"]
        if each["metric"] == metric and each["variant"] != "baseline" and "value" in each
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c["environment"].update(calibration="x"), "environment.calibration"),
        (lambda c: c["environment"].update(machine="x"), "environment.machine"),
        (lambda c: c["environment"]["pairs"].update(narrow="x"), "environment.pairs.narrow"),
        (lambda c: c["environment"].update(packages=[]), "environment.packages"),
        (lambda c: c["environment"].update(weights={"a": []}), "environment.weights"),
        (lambda c: one(c, "file_bytes").update(value=10**400), "].value: "),
        (lambda c: one(c, "top1").update(value=2.0), "top1 of small"),
        (lambda c: one(c, "top1").pop("value"), "status is ok, but there is no value"),
        (lambda c: one(c, "speedup").update(value=99.0), "is not within low"),
        (lambda c: one(c, "speedup").update(low=9.0, high=1.0), "is not within low"),
        (lambda c: one(c, "gzip_bytes").update(value=-5), "gzip_bytes of small"),
        (lambda c: c["records"].append(one(c, "top1_delta")), "stands there twice"),
    ],
)
def test_every_command_refuses_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, problem: str
) -> None:
    """With one error that names the file and the field, and exit code 2."""
    monkeypatch.chdir(tmp_path)
    Path("sound.json").write_text(json.dumps(fuzzing.sound()))
    Path("damaged.json").write_bytes(edited(change))
    for command in fuzzing.COMMANDS:
        names = {"FILE": "damaged.json", "SOUND": "sound.json"}
        done = CliRunner().invoke(main, [names.get(word, word) for word in command])
        said = " ".join(done.output.split())
        assert 2 == done.exit_code, (command, done.output)
        assert "Error: damaged.json is a damaged results file: " in said
        assert problem in said


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is Unix's")
def test_killed_runs_leave_whole_records_and_artifacts(
    child_environment: Mapping[str, str],
) -> None:
    """Of a few of the moments that `helpers.killing` tries."""
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    seed = random.randrange(10**6)

    wrong, seen = killing.trials(3, seed, {**child_environment, "PYTHONPATH": path})

    assert not wrong, f"seed {seed}"
    assert seen["broken off"] + seen["finished"] > 0
