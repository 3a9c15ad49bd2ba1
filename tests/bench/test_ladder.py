"""The program that weighs all that is published: what it keeps, and what it says of the rest."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.support import isolate_registries

from bench import ladder
from weighin import suite
from weighin.core import WeighinError

ALL_ENGINES = ladder.RUNTIMES["all_engines"]


def test_what_is_done_is_kept_and_what_is_not_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run was done before, one has rows that failed, one was broken off, one wrote nothing."""
    isolate_registries(monkeypatch)
    suite("made_up", profile="quick", models=("done", "partly", "broken", "none"), variants=())
    asked = []

    def weigh(options: Sequence[str], folder: Path) -> tuple[Path, int]:
        model = options[-1].rpartition("=")[2]
        asked.append(model)
        if model == "none":
            raise WeighinError("no records")
        written = folder / f"run-{model}.json"
        written.write_text(model)
        return written, {"partly": 1, "broken": 3}[model]

    monkeypatch.setattr(ladder.sweep, "weigh", weigh)
    (tmp_path / "made_up-done.json").write_text("before")

    assert not ladder.main(tmp_path, ["made_up"], build=False)
    said = capsys.readouterr().err
    assert ["partly", "broken", "none"] == asked
    assert {"made_up-done.json": "before", "made_up-partly.json": "partly"} == {
        path.name: path.read_text() for path in tmp_path.iterdir()
    }
    assert ["made_up broken: pytest ended with 3", "made_up none: no records"] == [
        line.partition(" before")[0] for line in said.splitlines()
    ]
    assert not ladder.main(tmp_path, ["made_up:broken"], build=True)
    assert "made_up broken: pytest ended with 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "build", "expected"),
    [
        ("full", False, []),
        ("curve", False, ["--weighin-runtimes=litert"]),
        ("all_engines", True, ["-k=compress", f"--weighin-runtimes={ALL_ENGINES}"]),
        ("full", True, ["-k=compress", "--weighin-runtimes=litert"]),
    ],
)
def test_a_suite_has_its_options(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    build: bool,
    expected: list[str],
) -> None:
    """Operating points are of LiteRT alone; building only compresses, and keeps no records.

    One model of a suite may be asked for.
    """
    isolate_registries(monkeypatch)
    suite(name, profile="quick", models=("other", "small"), variants=())
    asked: list[str] = []

    def weigh(options: Sequence[str], folder: Path) -> tuple[Path, int]:
        asked.extend(options)
        written = folder / "run.json"
        written.write_text("records")
        return written, 0

    monkeypatch.setattr(ladder.sweep, "weigh", weigh)

    assert ladder.main(tmp_path, [f"{name}:small"], build=build)
    assert [*expected, "-q", f"--weighin-suite={name}", "--weighin-models=small"] == asked
    assert build == (not (tmp_path / f"{name}-small.json").exists())
