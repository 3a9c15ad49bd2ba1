"""Options, folders, data and definitions with which no run can begin."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import re

import pytest


@pytest.mark.parametrize(
    ("option", "wrong", "known"),
    [
        ("suite", "nope", ["quick"]),
        ("profile", "nope", ["quick"]),
        ("models", "nope", ["tiny", "tiny_cnn"]),
        ("models", "tiny,nope", ["tiny", "tiny_cnn"]),
        ("variants", "nope", ["prune", "finetune", "int8", "dynamic"]),
        ("variants", "baseline,prune(2)", ["sparsity=2", "below 1"]),
        ("runtimes", "nope", ["litert", "keras-cpu"]),
        ("threads", "0", ["--weighin-threads 0", "numbers from 1"]),
        ("threads", "1,two", ["--weighin-threads 1,two", "numbers from 1"]),
        ("workers", "-1", ["--weighin-workers"]),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(run, tmp_path, option, wrong, known):
    """The run ends at once with exit code 4 and one message, and leaves nothing."""
    # a cache of its own, so that there is work for workers, if it came to that
    ran = run(
        f"--weighin-{option}={wrong}",
        "-k=latency",
        results=tmp_path / "results",
        WEIGHIN_CACHE_DIR=str(tmp_path / "cache"),
    )
    errors = [line for line in ran.text.splitlines() if re.match(r"(\S+: )?error", line, re.I)]

    assert 4 == ran.code
    assert 1 == len(errors)
    assert wrong.split(",")[-1] in errors[0]
    assert [] == [word for word in known if word not in errors[0]]
    assert "Traceback" not in ran.text
    assert [] == list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("option", ["results", "cache"])
def test_a_folder_that_cannot_be_written_is_refused_early(run, tmp_path, option):
    """Nothing is built or measured; the message names the folder and the option."""
    (tmp_path / "file").write_text("This is no folder.")
    wrong = tmp_path / "file" / "inside"
    ran = run("-k=latency and litert", f"--weighin-{option}-dir={wrong}")
    errors = [line for line in ran.text.splitlines() if line.startswith("ERROR")]

    assert 4 == ran.code
    assert 1 == len(errors)
    assert str(wrong) in errors[0]
    assert "cannot be written" in errors[0]
    assert f"--weighin-{option}-dir" in errors[0]
    assert [] == ran.all(status="ok")


def test_damaged_data_are_refused_by_name(run, project_copy):
    """A data file that is cut off ends the run with one message that names it."""
    data = project_copy / "models" / "data" / "tiny.npz"
    data.write_bytes(data.read_bytes()[:2000])
    ran = run("-k=latency and litert", project=project_copy)
    errors = [line for line in ran.text.splitlines() if line.startswith("ERROR")]

    assert 4 == ran.code
    assert 1 == len(errors)
    assert str(data) in errors[0]
    assert 1 == ran.text.count(str(data))
    assert "Traceback" not in ran.text


def test_definitions_that_cannot_be_loaded_are_refused_by_name(run, project_copy):
    """A model file with a mistake in it ends the run with one message that names both."""
    (project_copy / "models" / "typo.py").write_text("import weighin\nweighin.mdoel\n")
    ran = run("-k=latency and litert", project=project_copy)
    errors = [line for line in ran.text.splitlines() if line.startswith("ERROR")]

    assert 4 == ran.code
    assert 1 == len(errors)
    assert "typo.py" in errors[0]
    assert "mdoel" in errors[0]


def test_a_gate_that_is_none_is_refused(run):
    """A gate that cannot be read is told before anything is measured."""
    ran = run("--weighin-gate=as fast as it goes")

    assert 4 == ran.code
    assert "as fast as it goes" in ran.text
    assert () == ran.records


def test_a_gate_that_names_no_row_is_refused_before_the_build(run):
    """With what is near; nothing is measured."""
    ran = run("--weighin-gate=int8 on litret: latency <= 1 ms")

    assert 4 == ran.code
    assert "no runtime 'litret' here; did you mean 'litert'?" in ran.text
    assert () == ran.records


def test_seeds_are_numbers_from_1(run, tmp_path):
    """None is not taken for as many as the suite says."""
    ran = run("--weighin-seeds=0", results=tmp_path / "results")

    assert 4 == ran.code
    assert "--weighin-seeds 0: wanted a number from 1" in ran.text
