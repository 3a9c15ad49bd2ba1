"""Files of definitions are found and run, once and in order."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from weighin import registry
from weighin.core import Recipe, ReferenceModel, Suite, WeighinError
from weighin.definitions import (
    ALL,
    USUAL,
    default_definitions,
    load_definitions,
    provide_suite,
)

pytestmark = pytest.mark.usefixtures("isolated_registries", "forgotten_modules")


SUITE = "from weighin import suite\nsuite({name!r}, profile='quick', models=(), variants=())\n"


def test_default_definitions_are_those_that_exist(tmp_path: Path) -> None:
    """A project's `models` folder and `bench/suite.py`, each only if it is there."""
    assert [] == default_definitions(tmp_path)

    (tmp_path / "models").mkdir()
    (tmp_path / "bench").mkdir()
    assert [] == default_definitions(tmp_path)  # anybody's `models/`

    (tmp_path / "bench" / "suite.py").touch()
    expected = [tmp_path / "models", tmp_path / "bench" / "suite.py"]
    assert expected == default_definitions(tmp_path)


@pytest.mark.parametrize(
    ("file", "source", "taken"),
    [
        ("mine.py", "from weighin import Recipe, model\n", True),
        ("mine.py", "def later():\n    import weighin\n", True),
        ("mine.py", "# import weighin\nimport weighing_machine\n", False),
        ("mine.py", "from . import weighin\n", False),
        ("test_mine.py", "import weighin\n", False),
        ("notes.txt", "import weighin\n", False),
    ],
)
def test_models_without_a_suite_are_taken_where_a_file_imports_weighin(
    tmp_path: Path, file: str, source: str, taken: bool
) -> None:
    """They may be anybody's, and none is run to find out."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / file).write_text(source)

    assert [tmp_path / "models"] * taken == default_definitions(tmp_path)


def test_where_no_suite_is_defined_there_is_one_of_all_models() -> None:
    """By the first profile that all of them have; of the first model where they share none."""
    registry.suites._objects.clear()
    registry.models._objects.clear()
    provide_suite()
    assert [] == list(registry.suites)  # nothing to weigh

    one, two = (ReferenceModel(name, len, {}) for name in ("one", "two"))
    recipe = Recipe("data", epochs=0, finetune_epochs=0)
    for profiles, chosen in (
        ((("quick", "full"), ("full", "tiny")), "full"),
        ((("quick",), ("full",)), "quick"),
    ):
        registry.suites._objects.clear()
        for model, names in zip((one, two), profiles, strict=True):
            named = dataclasses.replace(model, profiles=dict.fromkeys(names, recipe))
            registry.models.add(model.name, named)
        provide_suite()

        assert [Suite(ALL, chosen, ("one", "two"), USUAL)] == registry.suites.values()


def test_a_suite_that_is_defined_stays_the_only_one() -> None:
    """Nothing is added to what a project says."""
    registry.suites._objects.clear()
    registry.suite("mine", profile="quick", models=["one"], variants=["int8"])

    provide_suite()

    assert ["mine"] == list(registry.suites)


def test_definitions_of_a_folder_are_run_in_order(tmp_path: Path) -> None:
    """Every Python file of a folder registers what it defines, by the files' names in order."""
    for name in ("zebra", "ape"):
        (tmp_path / f"{name}.py").write_text(SUITE.format(name=name))
    (tmp_path / "notes.txt").write_text("not Python")

    load_definitions([tmp_path])

    assert ["ape", "zebra"] == [name for name in registry.suites if name in {"ape", "zebra"}]


@pytest.mark.parametrize(
    "name", ["_private", "__init__", "test_suite", "bench_latency", "conftest"]
)
def test_files_that_define_nothing_are_passed_over(tmp_path: Path, name: str) -> None:
    """Private files, tests and conftest lie beside definitions and are not run."""
    (tmp_path / f"{name}.py").write_text("raise AssertionError('run')\n")
    (tmp_path / "suite.py").write_text(SUITE.format(name="beside"))

    load_definitions([tmp_path])

    assert "beside" in registry.suites


def test_a_file_is_run_once(tmp_path: Path) -> None:
    """Definitions that are named twice, as a file and in a folder, are run once."""
    path = tmp_path / "suite.py"
    count = "from pathlib import Path\nwith Path(__file__).with_suffix('.log').open('a') as f:\n"
    path.write_text(f"{count}    f.write('run ')\n")

    load_definitions([path, tmp_path])

    assert "run " == path.with_suffix(".log").read_text()


def test_files_of_one_name_are_all_run(tmp_path: Path) -> None:
    """Two folders may both hold a `suite.py`."""
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "suite.py").write_text(SUITE.format(name=name))

    load_definitions([tmp_path / "left", tmp_path / "right"])

    assert "left" in registry.suites
    assert "right" in registry.suites


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    """Definitions that are not there are an error that says where they were looked for."""
    path = tmp_path / "nowhere"

    with pytest.raises(WeighinError) as caught:
        load_definitions([path])

    assert f"No definitions at {path}: no such file or folder." == str(caught.value)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def broken(:\n", "SyntaxError"),
        ("import no_such_module_at_all\n", "ModuleNotFoundError"),
        ("import weighin\nraise weighin.WeighinError('not so')\n", "not so"),
    ],
)
def test_a_file_that_raises_is_named(tmp_path: Path, source: str, problem: str) -> None:
    """An error in a file of definitions names the file and what went wrong in it."""
    path = tmp_path / "mine.py"
    path.write_text(source)

    with pytest.raises(WeighinError) as caught:
        load_definitions([path])

    assert str(path) in str(caught.value)
    assert problem in str(caught.value)


def test_a_mended_file_can_be_loaded_again(tmp_path: Path) -> None:
    """A file that failed is not taken for loaded."""
    path = tmp_path / "mine.py"
    path.write_text("1 / 0\n")
    with pytest.raises(WeighinError):
        load_definitions([path])
    path.write_text(SUITE.format(name="mended"))

    load_definitions([path])

    assert "mended" in registry.suites


def test_a_file_that_is_not_python_is_refused(tmp_path: Path) -> None:
    """A text file named as definitions is an error that names it."""
    path = tmp_path / "notes.txt"
    path.write_text("hello")

    with pytest.raises(WeighinError, match=r"notes\.txt is not a Python file"):
        load_definitions([path])


def test_a_file_is_run_as_it_is_not_as_it_was_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same size and time as what Python has compiled before, but other words."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "suites.py"
    for name in ("apes", "bees"):
        file.write_text(SUITE.format(name=name), "utf-8")
        os.utime(file, (1_700_000_000, 1_700_000_000))
        load_definitions([file])
        for module in [each for each in sys.modules if each.endswith(".suites")]:
            del sys.modules[module]

    assert {"apes", "bees"} <= set(registry.suites)
