"""Facts about the machine and the packages."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from weighin import packages


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
