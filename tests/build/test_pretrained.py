"""Published weights: where they are looked for, what is refused, when they are downloaded."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.processes import fake_python
from helpers.tiny import tiny_arrays

from weighin.build import pretrained
from weighin.core import Dataset, Recipe, WeighinError, Weights
from weighin.datasets.loading import from_arrays
from weighin.datasets.search import SearchPaths

CONTENT = b"weights of something"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
BROUGHT = Weights("maker/net.h5", sha256=SHA256)
DOWNLOADED = Weights("maker/net.h5", application="Net")


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    pretrained._download.cache_clear()
    yield
    pretrained._download.cache_clear()


@pytest.fixture
def data() -> Dataset:
    """A data set whose labels mean something."""
    return from_arrays("tiny", tiny_arrays(), classes=3, scale=1 / 255)


def paths_in(folder: Path, *, offline: bool = True) -> SearchPaths:
    """A user's folder and a cache."""
    return SearchPaths(folder / "user", folder / "cache", offline, ())


def put(folder: Path, content: bytes = CONTENT) -> Path:
    """The file of weights in a folder."""
    path = folder / "maker" / "net.h5"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def recipe(wanted: Weights | None, epochs: int = 0) -> Recipe:
    """A recipe that names weights."""
    return Recipe("tiny", epochs=epochs, finetune_epochs=0, weights=wanted)


def test_a_recipe_without_weights_wants_none(tmp_path: Path, data: Dataset) -> None:
    """Most models are trained: nothing is looked for."""
    assert pretrained.find(None, paths_in(tmp_path)) is None
    assert pretrained.provide(recipe(None), data, paths_in(tmp_path)) is None


@pytest.mark.parametrize("folder", ["user", "cache/weights"])
def test_weights_are_found(tmp_path: Path, folder: str) -> None:
    """The file lies in the user's folder or in weighin's cache, by its relative name."""
    path = put(tmp_path / folder)

    assert (path, SHA256) == pretrained.find(BROUGHT, paths_in(tmp_path))


def test_weights_may_lie_anywhere(tmp_path: Path) -> None:
    """By an absolute name they are one's own, wherever they are, and of any content."""
    path = put(tmp_path / "elsewhere")

    assert (path, SHA256) == pretrained.find(Weights(str(path)), paths_in(tmp_path))


def test_the_users_folder_comes_first(tmp_path: Path) -> None:
    """What a user has put there is what he wants."""
    path = put(tmp_path / "user")
    put(tmp_path / "cache" / "weights", b"others")

    assert (path, SHA256) == pretrained.find(DOWNLOADED, paths_in(tmp_path))


def test_other_content_is_refused_by_name(tmp_path: Path, data: Dataset) -> None:
    """A file of another sha256 is neither used nor passed over: the error names it."""
    path = put(tmp_path / "user", b"other weights")

    with pytest.raises(WeighinError, match=rf"{path} is not the file of weights.*{SHA256[:12]}"):
        pretrained.find(BROUGHT, paths_in(tmp_path))
    with pytest.raises(WeighinError, match="Replace it, or remove it"):
        pretrained.provide(recipe(BROUGHT, epochs=3), data, paths_in(tmp_path))


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """A checksum is remembered only as long as the file stays as it was."""
    path = put(tmp_path / "user")
    pretrained.find(DOWNLOADED, paths_in(tmp_path))
    path.write_bytes(CONTENT + b", and more")

    found = pretrained.find(DOWNLOADED, paths_in(tmp_path))

    assert found is not None
    assert hashlib.sha256(path.read_bytes()).hexdigest() == found[1]


@pytest.mark.parametrize(
    ("epochs", "unlabelled", "fails"), [(0, "", True), (3, "", False), (0, "noise", False)]
)
def test_missing_weights_are_missed_where_nothing_else_teaches(
    tmp_path: Path, data: Dataset, epochs: int, unlabelled: str, fails: bool
) -> None:
    """A recipe that trains does without; random weights do where labels mean nothing."""
    data = dataclasses.replace(data, unlabelled=unlabelled)
    told = contextlib.nullcontext()
    if fails:
        told = pytest.raises(WeighinError, match=rf"maker/net\.h5.*{tmp_path / 'user'}.*DATA_DIR")
    with told:
        pretrained.provide(recipe(BROUGHT, epochs), data, paths_in(tmp_path))


DOWNLOADER = """#!{python}
import sys
from pathlib import Path
sys.path[:0] = {path!r}
with open(Path(sys.argv[0]).with_name("asked"), "a") as file:
    file.write(" ".join(sys.argv[1:5]) + "\\n")
Path(sys.argv[5]).write_bytes(b"weights of something")
"""


def test_a_download_is_kept(tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras is asked once, in a process of its own; afterwards the file lies in the cache."""
    fake_python(tmp_path / "python", DOWNLOADER, monkeypatch)
    paths = paths_in(tmp_path, offline=False)

    for _ in range(2):
        pretrained.provide(recipe(DOWNLOADED), data, paths)

    assert (tmp_path / "cache" / "weights" / "maker" / "net.h5", SHA256) == pretrained.find(
        DOWNLOADED, paths
    )
    assert ["-m weighin.frameworks.downloads weights Net"] == (
        tmp_path / "asked"
    ).read_text().splitlines()


@pytest.mark.parametrize(("wanted", "offline"), [(DOWNLOADED, True), (BROUGHT, False)])
def test_nothing_is_downloaded_offline_or_that_keras_has_not(
    tmp_path: Path, data: Dataset, wanted: Weights, offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WEIGHIN_OFFLINE holds for weights too, and only Keras's own are asked of Keras."""
    fake_python(tmp_path / "python", DOWNLOADER, monkeypatch)
    noise = dataclasses.replace(data, unlabelled="noise")

    pretrained.provide(recipe(wanted), noise, paths_in(tmp_path, offline=offline))

    assert not (tmp_path / "asked").exists()
    assert pretrained.find(wanted, paths_in(tmp_path)) is None


def test_a_download_that_fails_leaves_random_weights(
    tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network a model is weighed as it is initialised; nothing half lies in the cache."""
    fake_python(tmp_path / "python", "#!{python}\nraise SystemExit('no network')\n", monkeypatch)
    noise = dataclasses.replace(data, unlabelled="noise")

    pretrained.provide(recipe(DOWNLOADED), noise, paths_in(tmp_path, offline=False))

    assert not (tmp_path / "cache").exists()
