"""weighin's own bench functions, in a folder of a user's own: `pytest --pyargs weighin.bench`."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import re
import shutil

import pytest

from weighin.definitions import USUAL

FUNCTIONS = ("compress", "evaluate", "latency", "speedup", "start")
OWN = "import pytest\n\n\ndef test_own():\n    pass\n\n\ndef bench_own():\n    pass\n"


@pytest.fixture
def own_folder(shop, tmp_path):
    """A folder with `models/` alone: no suite, no settings of pytest, no bench functions."""
    folder = tmp_path / "own"
    (folder / "models" / "data").mkdir(parents=True)
    for name in ("tiny.py", "data/tiny.npz"):
        shutil.copy(shop.project / "models" / name, folder / "models" / name)
    return folder


def _ids(text):
    """Names of what was collected, without the files that they are in."""
    return [line.rpartition("::")[2] for line in text.splitlines() if "::" in line]


def test_a_folder_with_models_alone_is_weighed(run, own_folder, tmp_path):
    """Every operation of every row, by one command, and the table at the end."""
    ran = run(
        *("--pyargs", "weighin.bench", "--benchmark-only"),
        *("--weighin-variants=baseline,int8", "--weighin-runtimes=litert"),
        "--weighin-pair-seconds=0.1",
        project=own_folder,
        results=tmp_path / "results",
    )
    measured = {record.metric for record in ran.all(status="ok", variant="int8")}

    assert 0 == ran.code, ran.text
    assert {"gzip_bytes", "top1", "latency", "speedup", "cold_start"} <= measured
    assert ["baseline", "int8"] == [row.split()[0] for row in ran.table()]
    assert ("all", "quick") == (ran.environment["suite"], ran.environment["profile"])


def test_without_a_suite_every_model_is_weighed_in_the_usual_variants(run, own_folder):
    """Each operation of each; the control stands beside what trains further."""
    ran = run("--pyargs", "weighin.bench", "--collect-only", "-q", project=own_folder)
    names = [name for name in _ids(ran.text) if "NOTSET" not in name]
    rows = [re.fullmatch(r"bench_(\w+)\[tiny-(.*)\]", name) for name in names]
    compressed = [row[2] for row in rows if row[1] == "compress"]

    assert 0 == ran.code, ran.text
    assert set(FUNCTIONS) == {row[1] for row in rows}
    for variant in (*USUAL, "finetune"):
        assert any(row.startswith(f"{variant}-") for row in compressed), compressed


@pytest.mark.parametrize("settings", ["", "[pytest]\npython_files = bench_*.py check_*.py\n"])
def test_a_users_own_tests_are_collected_as_ever(run, own_folder, settings):
    """Whatever pytest is told to look for: weighin's functions are found, once, and no others."""
    for name in ("test_own.py", "bench_own.py"):
        (own_folder / name).write_text(OWN)
    (own_folder / "pytest.ini").write_text(settings or "[pytest]\n")
    plain = run("--collect-only", "-q", project=own_folder)
    both = run("--collect-only", "-q", "--pyargs", "weighin.bench", ".", project=own_folder)
    own = "bench_own.py::test_own" if settings else "test_own.py::test_own"
    lines = [line for line in both.text.splitlines() if "NOTSET" not in line]
    names = [line.partition("[")[0] for line in lines if "::bench_" in line]

    assert [own] == [line for line in plain.text.splitlines() if "::" in line]
    assert own in both.text.splitlines()
    assert {f"bench_{name}" for name in FUNCTIONS} == set(_ids("\n".join(names)))
    assert len(set(both.text.splitlines())) == len(both.text.splitlines())


def test_a_folder_without_models_is_told_where_they_belong(run, tmp_path):
    """Nothing of it is run to find out."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "loud.py").write_text("raise AssertionError('run')\n")
    ran = run("--pyargs", "weighin.bench", "--benchmark-only", project=tmp_path)

    assert 4 == ran.code
    assert "define a model in a file in models/" in ran.text


def test_the_repositorys_functions_are_weighins_own(run, pytestconfig):
    """`pytest bench/` here collects the same functions, under the ids that they always had."""
    ran = run(
        *("bench/", "--collect-only", "-q", "--weighin-models=lenet5"),
        *("--weighin-variants=baseline,int8", "--weighin-runtimes=litert"),
        project=pytestconfig.rootpath,
    )
    lines = [line for line in ran.text.splitlines() if "NOTSET" not in line]
    collected = [line for line in lines if "::" in line]

    assert [
        f"bench/bench_{name}.py::bench_{name}" for name in FUNCTIONS for _ in range(2)
    ] == sorted(
        line.partition("[")[0]
        for line in [*collected, *(line for line in collected if "speedup" in line)]
    )
