"""Where data are looked for, in which order, what is refused, and when they are downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.data import FakeDownload, anything, marked, only, paths_in, write_idx
from helpers.processes import fake_python
from helpers.tiny import tiny_arrays

from weighin.core import DataNotFoundError, WeighinError
from weighin.datasets import search
from weighin.datasets.arrays import Arrays, digest, read_arrays, write_npz
from weighin.datasets.loading import load
from weighin.datasets.search import SearchPaths, find

real_download = search._download


def fill_user(folder: Path, arrays: Arrays) -> None:
    write_npz(folder / "user" / "mnist.npz", arrays)


def fill_cache(folder: Path, arrays: Arrays) -> None:
    write_npz(folder / "cache" / "datasets" / "mnist.npz", arrays)


def fill_system(folder: Path, arrays: Arrays) -> None:
    write_idx(folder / "system" / "mnist", arrays)


FILLERS = (fill_user, fill_cache, fill_system)


@pytest.mark.parametrize("first", range(len(FILLERS) + 1))
def test_places_are_searched_in_order(tmp_path: Path, download: FakeDownload, first: int) -> None:
    """The user's folder comes before the cache, that before system folders, then the download."""
    for place in range(first, len(FILLERS)):
        FILLERS[place](tmp_path, marked(place))
    download.arrays = marked(len(FILLERS))

    found = find("mnist", anything, paths_in(tmp_path, offline=False))

    assert first == found["x_test"][0, 0, 0]
    assert download.asked == (["mnist"] if first == len(FILLERS) else [])


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mnist", "mnist.npz"),
        ("mnist", "mnist/mnist.npz"),
        ("fashion_mnist", "fashion_mnist.npz"),
        ("fashion_mnist", "fashion-mnist/fashion_mnist.npz"),
        ("cifar10", "cifar10_train50k_test1k.npz"),
        ("cifar10", "cifar10/cifar10.npz"),
    ],
)
def test_npz_files_are_found_in_the_users_folder(tmp_path: Path, name: str, file: str) -> None:
    """An .npz whose name begins like the data set lies in the user's folder or one inside."""
    write_npz(tmp_path / "user" / file, tiny_arrays())

    found = find(name, anything, paths_in(tmp_path))

    assert digest(tiny_arrays()) == digest(found)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mnist", "user"),
        ("mnist", "user/mnist"),
        ("mnist", "user/MNIST/raw"),
        ("mnist", "system/mnist"),
        ("fashion_mnist", "user/FashionMNIST/raw"),
        ("fashion_mnist", "system/fashion-mnist"),
    ],
)
def test_idx_files_are_found(tmp_path: Path, name: str, folder: str) -> None:
    """Idx files lie as torchvision, Debian and the original archives leave them."""
    write_idx(tmp_path / folder, tiny_arrays())

    found = find(name, anything, paths_in(tmp_path))

    assert digest(tiny_arrays()) == digest(found)


@pytest.mark.parametrize("fill", FILLERS)
def test_other_data_are_refused_and_named(
    tmp_path: Path, fill: Callable[[Path, Arrays], None]
) -> None:
    """A file that holds other data is never used; the error names it and says what was wrong."""
    fill(tmp_path, marked(1))
    file = {fill_user: "user/mnist.npz", fill_cache: "datasets/mnist.npz"}.get(fill, "system/mnist")

    with pytest.raises(DataNotFoundError, match=rf"refused: \S*{file}: other data"):
        find("mnist", only(marked(2)), paths_in(tmp_path))


@pytest.mark.parametrize("fill", FILLERS)
def test_damaged_data_are_refused_and_named(
    tmp_path: Path, fill: Callable[[Path, Arrays], None]
) -> None:
    """A file that cannot be read is named with the reason."""
    fill(tmp_path, tiny_arrays())
    for file in tmp_path.rglob("*.*z"):
        file.write_bytes(file.read_bytes()[:-10])

    with pytest.raises(DataNotFoundError, match=r"refused: .*mnist.* cannot be read as a data set"):
        find("mnist", anything, paths_in(tmp_path))


def test_search_goes_on_after_a_refusal(tmp_path: Path) -> None:
    """Other data in the user's folder do not hide the right ones in the cache."""
    fill_user(tmp_path, marked(1))
    fill_cache(tmp_path, marked(2))

    found = find("mnist", only(marked(2)), paths_in(tmp_path))

    assert digest(marked(2)) == digest(found)


def test_not_found_names_every_way(tmp_path: Path) -> None:
    """The error tells of the options, the cache, the system folders and the download."""
    with pytest.raises(DataNotFoundError) as caught:
        load("mnist", paths_in(tmp_path))

    message = str(caught.value)
    assert "Data set 'mnist' was not found" in message
    assert "--weighin-data-dir" in message
    assert "WEIGHIN_DATA_DIR" in message
    assert str(tmp_path / "user") in message
    assert str(tmp_path / "cache" / "datasets" / "mnist.npz") in message
    assert str(tmp_path / "system") in message
    assert "keras.datasets.mnist" in message
    assert "off: WEIGHIN_OFFLINE is set" in message


def test_not_found_names_the_system_package(tmp_path: Path) -> None:
    """Debian packages one of the data sets; the error says which package, for that one alone."""
    package = "dataset-fashion-mnist"

    with pytest.raises(DataNotFoundError, match=package):
        load("fashion_mnist", paths_in(tmp_path))
    with pytest.raises(DataNotFoundError) as caught:
        load("mnist", paths_in(tmp_path))
    assert package not in str(caught.value)


def test_not_found_tells_of_the_failed_download(tmp_path: Path, download: FakeDownload) -> None:
    """A download that failed is named with its reason."""
    with pytest.raises(DataNotFoundError, match=r"keras\.datasets\.mnist: .*no network in tests"):
        load("mnist", paths_in(tmp_path, offline=False))
    assert download.asked == ["mnist"]


def test_without_a_users_folder(tmp_path: Path) -> None:
    """Where the user names no folder, the others are searched and the error says so."""
    paths = SearchPaths(None, tmp_path / "cache", True, (tmp_path / "system",))

    with pytest.raises(DataNotFoundError, match="now: not set"):
        find("mnist", anything, paths)

    fill_system(tmp_path, marked(3))
    assert digest(marked(3)) == digest(find("mnist", anything, paths))


def test_offline_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, download: FakeDownload
) -> None:
    """WEIGHIN_OFFLINE=1 means that no download is tried."""
    monkeypatch.setenv("WEIGHIN_OFFLINE", "1")
    monkeypatch.delenv("WEIGHIN_DATA_DIR", raising=False)
    monkeypatch.setattr(search, "SYSTEM_FOLDERS", ())
    download.arrays = tiny_arrays()

    with pytest.raises(DataNotFoundError):
        find("mnist", anything, SearchPaths.here(tmp_path / "cache"))

    assert not download.asked


@pytest.mark.parametrize("value", [None, "", "0"])
def test_downloading_is_on_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """Without WEIGHIN_OFFLINE, or where it is empty or 0, downloading is on."""
    monkeypatch.delenv("WEIGHIN_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("WEIGHIN_OFFLINE", value)

    assert not SearchPaths.here(tmp_path).offline


def test_an_option_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's folder is the option's, else the environment variable's, `~` being the home."""
    monkeypatch.setenv("WEIGHIN_DATA_DIR", "~/data")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert tmp_path / "other" == SearchPaths.here(tmp_path, str(tmp_path / "other")).data_dir
    assert tmp_path / "data" == SearchPaths.here(tmp_path).data_dir


def test_a_download_is_kept_in_the_cache(tmp_path: Path, download: FakeDownload) -> None:
    """A checked copy lies in the cache afterwards and is used the next time."""
    download.arrays = tiny_arrays()
    paths = paths_in(tmp_path, offline=False)

    first = find("mnist", only(tiny_arrays()), paths)
    second = find("mnist", only(tiny_arrays()), paths)

    kept = read_arrays(tmp_path / "cache" / "datasets" / "mnist.npz")
    assert digest(tiny_arrays()) == digest(first) == digest(second) == digest(kept)
    assert download.asked == ["mnist"]


def test_a_wrong_download_is_refused_and_removed(tmp_path: Path, download: FakeDownload) -> None:
    """What was downloaded but is other data is not used and not kept."""
    download.arrays = marked(1)

    with pytest.raises(DataNotFoundError, match=r"keras\.datasets\.mnist: other data"):
        find("mnist", only(marked(2)), paths_in(tmp_path, offline=False))

    assert not list((tmp_path / "cache" / "datasets").iterdir())


def test_a_damaged_copy_is_replaced_by_a_download(tmp_path: Path, download: FakeDownload) -> None:
    """A damaged copy in the cache does not stay in the way."""
    fill_cache(tmp_path, tiny_arrays())
    copy = tmp_path / "cache" / "datasets" / "mnist.npz"
    copy.write_bytes(copy.read_bytes()[:100])
    download.arrays = tiny_arrays()

    found = find("mnist", only(tiny_arrays()), paths_in(tmp_path, offline=False))

    assert digest(tiny_arrays()) == digest(found) == digest(read_arrays(copy))


DOWNLOADER = """#!{python}
import sys, types
sys.path[:0] = {path!r}
from helpers import tiny
from weighin.frameworks import downloads

class Module:
    def load_data():
        arrays = tiny.tiny_arrays()
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])

downloads.keras = lambda: types.SimpleNamespace(datasets=types.SimpleNamespace(mnist=Module))
assert sys.argv[1:4] == ["-m", "weighin.frameworks.downloads", "dataset"], sys.argv
downloads.save_dataset(*sys.argv[4:])
"""


def test_download_leaves_only_its_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The download process hands its arrays over; nothing stays in the temporary folder."""
    fake_python(tmp_path / "python", DOWNLOADER, monkeypatch)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))

    real_download("mnist", tmp_path / "datasets" / "mnist.npz")

    assert digest(tiny_arrays()) == digest(read_arrays(tmp_path / "datasets" / "mnist.npz"))
    assert not list((tmp_path / "temporary").iterdir())


def test_a_failed_download_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line that the download process printed is the reason given."""
    code = "#!{python}\nimport sys\nsys.exit('first line\\nURL fetch failure')\n"
    fake_python(tmp_path / "python", code, monkeypatch)

    with pytest.raises(WeighinError, match="the download failed: URL fetch failure"):
        real_download("mnist", tmp_path / "mnist.npz")

    assert not (tmp_path / "mnist.npz").exists()
