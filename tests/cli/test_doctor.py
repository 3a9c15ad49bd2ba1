"""What `weighin doctor` finds: facts, data sets, what is missing."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from pathlib import Path

import pytest
from helpers.commands import by_name, run_weighin
from helpers.support import isolate_registries

import weighin
from weighin import packages, registry
from weighin.cli import doctor
from weighin.core import DataNotFoundError
from weighin.datasets.loading import NotPreparedError
from weighin.datasets.search import SearchPaths
from weighin.records import store

ROOT = Path(weighin.__file__).resolve().parent.parent


@pytest.fixture
def broken_tensorflow(tmp_path, monkeypatch):
    """A TensorFlow that does not start, for processes started meanwhile."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('a library went missing')\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")


def test_doctor_names_what_is_missing_and_what_mends_it(weigh, broken_tensorflow, monkeypatch):
    """A package that is not installed and a TensorFlow that does not start: exit code 1."""
    monkeypatch.setattr(packages, "PACKAGES", ("numpy", "no-such-package"))
    result = weigh("doctor")

    assert 1 == result.exit_code
    assert "no-such-package is not installed: pip install no-such-package" in result.stdout
    assert "TensorFlow does not start: ImportError: a library went missing" in result.stdout
    assert "nothing that the main job needs is missing" not in result.stdout


def test_doctor_shows_the_cache_and_the_data(weigh, shop, broken_tensorflow, tmp_path):
    """Where artifacts are and how many, and which data sets can be loaded."""
    result = weigh("doctor")
    elsewhere = weigh("doctor", "--cache-dir", tmp_path / "elsewhere")
    count, _ = shop.cache.size()

    assert f"{shop.cache.folder}: {count} artifacts" in result.stdout
    assert count >= len(shop.keys)
    assert f"{tmp_path / 'elsewhere'}: 0 artifacts" in elsewhere.stdout
    assert "120 + 60 images, checked (" in by_name(result.stdout)["tiny"]
    assert not (tmp_path / "elsewhere").exists()


def test_doctor_finds_nothing_missing_here(shop, child_environment):
    """With all that the project depends on, a process of its own exits with 0."""
    result = run_weighin(
        *("doctor", "--cache-dir", shop.cache.folder), child_environment=child_environment
    )
    facts = {
        line.split("  ")[0].strip(): line for line in result.stdout.splitlines() if line.strip()
    }

    assert 0 == result.returncode, result.stdout
    assert "nothing that the main job needs is missing" in result.stdout
    assert "CPU:0" in facts["TensorFlow sees"]
    for package in packages.PACKAGES:
        assert (packages.version(package) or "none") in facts[package]


def test_a_cache_that_others_may_write_to_is_named(weigh, broken_tensorflow, tmp_path):
    """With the command that ends it; the main job runs all the same."""
    cache = tmp_path / "my cache"
    (cache / "logs").mkdir(parents=True)
    cache.chmod(0o700)
    (cache / "logs").chmod(0o777)

    named = weigh("doctor", "--cache-dir", cache)
    (cache / "logs").chmod(0o700)
    mended = weigh("doctor", "--cache-dir", cache)

    assert f"change what is measured: chmod go-w '{cache / 'logs'}' (as its owner" in named.stdout
    assert "chmod" not in mended.stdout


def test_a_folder_that_cannot_be_written_is_missing(weigh, broken_tensorflow, tmp_path):
    """The cache's and the results', by what to say instead: else a run would end in an error."""
    (tmp_path / "file").write_text("")
    result = weigh("doctor", "--cache-dir", tmp_path / "file" / "cache")
    where = tmp_path / "file" / "cache"

    assert 1 == result.exit_code
    assert f"{where} cannot be written for the cache: choose another by WEIGH" in result.stdout
    assert "for results" not in result.stdout


def test_results_that_cannot_be_written_are_missing(weigh, broken_tensorflow, monkeypatch):
    """Where the main job would write them."""
    blocked = Path("pytest.ini") / "local"
    monkeypatch.setattr(store, "LOCAL", blocked)

    assert f"{blocked} cannot be written for results: choose" in weigh("doctor").stdout


def test_models_without_their_data_are_named(weigh, broken_tensorflow, tmp_path, monkeypatch):
    """Of the main job they are missing; others are told, and are no reason to fail."""
    isolate_registries(monkeypatch)
    before = weigh("doctor").stdout
    (weighin.npz_dataset)("lost", tmp_path / "lost.npz")
    weighin.model(quick=weighin.Recipe("lost", epochs=1, finetune_epochs=0))(elsewhere)
    beside = weigh("doctor").stdout
    weighin.model(quick=weighin.Recipe("lost", epochs=1, finetune_epochs=0))(tiny)
    missing = weigh("doctor").stdout

    assert "lacks its data set" not in before
    assert "  model elsewhere lacks its data set: lost, not found" in beside
    assert "\nmodel tiny lacks its data set: lost, not found" in missing


def elsewhere(keras):
    """A model that is in no suite."""


def tiny(keras):
    """A model of the main job's name."""


# -- data sets ----------------------------------------------------------------------------------

NOWHERE = """Data set 'digits' was not found.
  /data/digits.npz: refused, its sha256 begins 0123
  /usr/share/datasets: no such folder
"""


@pytest.fixture
def find(monkeypatch, tmp_path):
    """What is said of a data set whose loading ends so; and how it was looked for."""
    isolate_registries(monkeypatch)

    def found(outcome, *, offline=True):
        def load(search):
            assert (search.offline, search.looking) == (True, True)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        registry.datasets.add("digits", load)
        return doctor.found("digits", SearchPaths(None, tmp_path, offline=offline))

    return found


@pytest.mark.parametrize("offline", [True, False])
def test_a_data_set_that_is_here_is_checked(find, tiny_data, offline):
    """Its sizes, and how its digest begins; to look is never to download."""
    said = f"120 + 60 images, checked ({tiny_data.digest[:12]})"

    assert said == find(tiny_data, offline=offline)


def test_a_data_set_that_remains_to_be_prepared_says_what_of(find):
    """That is not missing."""
    assert "found in /data, to be prepared" == find(
        NotPreparedError("found in /data, to be prepared")
    )


def test_a_data_set_that_is_missing_says_what_was_refused(find):
    """Not where else it was looked for."""
    wanted = "not found; /data/digits.npz: refused, its sha256 begins 0123"

    assert wanted == find(DataNotFoundError(NOWHERE))
    assert "not found" == find(DataNotFoundError("Data set 'digits' was not found."))


def test_a_data_set_that_cannot_be_read_is_missing(find):
    """No traceback, whatever its own function raises."""
    assert "not found" == find(ZeroDivisionError("of no use"))


@pytest.mark.parametrize("offline", [True, False])
def test_a_download_is_announced(find, offline):
    """By Keras, of data that it has, unless downloading is off."""
    said = find(DataNotFoundError(f"{NOWHERE}  keras.datasets: off"), offline=offline)

    assert offline is ("keras.datasets will try to download it" not in said)


def test_lines_are_indented_without_trailing_blanks():
    """As listings have them."""
    assert "  a\n    b\n" == doctor.indented("a   \n  b\n ")
