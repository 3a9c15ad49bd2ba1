"""Facts about the machine and the packages."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from weighin import packages
from weighin.core import WeighinError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in place of weighin's own, one commit in it."""
    (tmp_path / "file").write_text("1")
    who = ("-c", "user.name=n", "-c", "user.email=e")
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)  # noqa: S607
    monkeypatch.setattr(packages, "FOLDER", tmp_path)
    packages.commit.cache_clear()
    yield tmp_path
    packages.commit.cache_clear()


def test_the_commit_is_the_checkouts(checkout: Path) -> None:
    """Seven digits, and a word where tracked files differ from it."""
    clean = packages.commit()
    (checkout / "file").write_text("2")
    packages.commit.cache_clear()

    assert 7 == len(clean)
    assert f"{clean}-dirty" == packages.commit()


def test_an_installed_weighin_has_no_commit(checkout: Path, tmp_path: Path) -> None:
    """Even inside somebody else's repository."""
    packages.FOLDER = tmp_path / "site-packages"  # put back by the fixture
    packages.FOLDER.mkdir()

    assert "" == packages.commit()


def test_a_module_that_can_be_found_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever brought it: `tensorflow-cpu` and nightly releases are called otherwise."""
    found: list[str] = []
    monkeypatch.setattr(packages, "version", lambda name: None)
    monkeypatch.setattr(packages.importlib.util, "find_spec", found.append)

    told = packages.missing("tensorflow"), packages.missing("scikit-learn")
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: object())

    assert ["tensorflow", "sklearn"] == found
    assert "tensorflow is not installed: pip install 'weighin[keras]'" == told[0]
    assert "scikit-learn is not installed: pip install scikit-learn" == told[1]
    assert packages.missing("tensorflow") is None


def test_a_package_that_is_installed_and_broken_is_told_from_one_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each with its way out, and the error's own first line; what works passes."""
    monkeypatch.setattr(packages, "version", lambda name: "2.0")
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: object())
    with pytest.raises(WeighinError) as broken, packages.broken_told("openvino"):
        raise OSError("libtbb.so.12: cannot open\nshared object file")
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeighinError) as absent, packages.broken_told("openvino"):
        raise ModuleNotFoundError("No module named 'openvino'")
    with packages.broken_told("openvino"):
        pass

    assert (
        "openvino 2.0 is installed and does not work (OSError: libtbb.so.12: cannot open): "
        "pip install --force-reinstall openvino"
    ) == str(broken.value)
    assert "openvino is not installed: pip install 'weighin[openvino]'" == str(absent.value)
