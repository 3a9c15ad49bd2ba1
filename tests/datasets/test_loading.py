"""Where data sets are looked for, what is refused, and the data that come with the project."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny import registrations_undone, tiny_arrays

from weighin import noise_dataset, npz_dataset, registry
from weighin.core import DataNotFoundError, Dataset, WeighinError
from weighin.datasets import images, search
from weighin.datasets.arrays import Arrays, digest, read_arrays, write_npz
from weighin.datasets.loading import from_arrays, load, load_cached
from weighin.datasets.search import SearchPaths, find
from weighin.definitions import load_definitions

ROOT = Path(__file__).parent.parent
EMBEDDED = ROOT / "models" / "data" / "mnist10k.npz"
EMBEDDED_DIGEST = "be021c146a9077719d91b63fc5d8bffe3cf131b305e77f46364280d665b83836"
DATA_DIR = os.environ.get("WEIGHIN_DATA_DIR")  # read before conftest.py hides it from tests
real_download = search._download


class FakeDownload:
    """Stands in for `keras.datasets`: writes `arrays`, or fails; remembers what was asked for."""

    def __init__(self) -> None:
        """Fail until there are `arrays`."""
        self.arrays: Arrays | None = None
        self.asked: list[str] = []

    def __call__(self, name: str, target: Path) -> None:
        """Take the place of `weighin.datasets._download`."""
        self.asked.append(name)
        if self.arrays is None:
            raise WeighinError("the download failed: no network in tests")
        write_npz(target, self.arrays)


@pytest.fixture(autouse=True)
def download(monkeypatch: pytest.MonkeyPatch) -> FakeDownload:
    """No test downloads anything."""
    fake = FakeDownload()
    monkeypatch.setattr(search, "_download", fake)
    return fake


@pytest.fixture(autouse=True)
def _clean_registries() -> Iterator[None]:
    with registrations_undone():
        yield


def places_in(folder: Path, *, offline: bool = True) -> SearchPaths:
    """A user's folder, a cache and one system folder, all in `folder`."""
    return SearchPaths(folder / "user", folder / "cache", offline, (folder / "system",))


def marked(mark: int) -> Arrays:
    """The tiny arrays with one pixel set to `mark`."""
    arrays = tiny_arrays()
    arrays["x_test"][0, 0, 0] = mark
    return arrays


def anything(arrays: Arrays) -> str | None:
    """Accept every data set."""
    return None


def only(wanted: Arrays) -> Callable[[Arrays], str | None]:
    """Accept these arrays alone."""

    def accepts(arrays: Arrays) -> str | None:
        return None if digest(arrays) == digest(wanted) else "other data: not the ones wanted"

    return accepts


def write_idx(folder: Path, arrays: Arrays) -> None:
    """The four gzipped idx files of a system package."""
    folder.mkdir(parents=True)
    files = {
        "x_train": "train-images-idx3-ubyte.gz",
        "y_train": "train-labels-idx1-ubyte.gz",
        "x_test": "t10k-images-idx3-ubyte.gz",
        "y_test": "t10k-labels-idx1-ubyte.gz",
    }
    for name, file in files.items():
        array = arrays[name]
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        content = bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()
        (folder / file).write_bytes(gzip.compress(content))


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

    found = find("mnist", anything, places_in(tmp_path, offline=False))

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

    found = find(name, anything, places_in(tmp_path))

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

    found = find(name, anything, places_in(tmp_path))

    assert digest(tiny_arrays()) == digest(found)


@pytest.mark.parametrize("fill", FILLERS)
def test_other_data_are_refused_and_named(
    tmp_path: Path, fill: Callable[[Path, Arrays], None]
) -> None:
    """A file that holds other data is never used; the error names it and says what was wrong."""
    fill(tmp_path, marked(1))
    file = {fill_user: "user/mnist.npz", fill_cache: "datasets/mnist.npz"}.get(fill, "system/mnist")

    with pytest.raises(DataNotFoundError, match=rf"refused: \S*{file}: other data"):
        find("mnist", only(marked(2)), places_in(tmp_path))


@pytest.mark.parametrize("fill", FILLERS)
def test_damaged_data_are_refused_and_named(
    tmp_path: Path, fill: Callable[[Path, Arrays], None]
) -> None:
    """A file that cannot be read is named with the reason."""
    fill(tmp_path, tiny_arrays())
    for file in tmp_path.rglob("*.*z"):
        file.write_bytes(file.read_bytes()[:-10])

    with pytest.raises(DataNotFoundError, match=r"refused: .*mnist.* cannot be read as a data set"):
        find("mnist", anything, places_in(tmp_path))


def test_search_goes_on_after_a_refusal(tmp_path: Path) -> None:
    """Other data in the user's folder do not hide the right ones in the cache."""
    fill_user(tmp_path, marked(1))
    fill_cache(tmp_path, marked(2))

    found = find("mnist", only(marked(2)), places_in(tmp_path))

    assert digest(marked(2)) == digest(found)


def test_not_found_names_every_way(tmp_path: Path) -> None:
    """The error tells of the options, the cache, the system folders and the download."""
    with pytest.raises(DataNotFoundError) as caught:
        load("mnist", places_in(tmp_path))

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
        load("fashion_mnist", places_in(tmp_path))
    with pytest.raises(DataNotFoundError) as caught:
        load("mnist", places_in(tmp_path))
    assert package not in str(caught.value)


def test_not_found_tells_of_the_failed_download(tmp_path: Path, download: FakeDownload) -> None:
    """A download that failed is named with its reason."""
    with pytest.raises(DataNotFoundError, match=r"keras\.datasets\.mnist: .*no network in tests"):
        load("mnist", places_in(tmp_path, offline=False))
    assert download.asked == ["mnist"]


def test_without_a_users_folder(tmp_path: Path) -> None:
    """Where the user names no folder, the others are searched and the error says so."""
    places = SearchPaths(None, tmp_path / "cache", True, (tmp_path / "system",))

    with pytest.raises(DataNotFoundError, match="now: not set"):
        find("mnist", anything, places)

    fill_system(tmp_path, marked(3))
    assert digest(marked(3)) == digest(find("mnist", anything, places))


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
    places = places_in(tmp_path, offline=False)

    first = find("mnist", only(tiny_arrays()), places)
    second = find("mnist", only(tiny_arrays()), places)

    kept = read_arrays(tmp_path / "cache" / "datasets" / "mnist.npz")
    assert digest(tiny_arrays()) == digest(first) == digest(second) == digest(kept)
    assert download.asked == ["mnist"]


def test_a_wrong_download_is_refused_and_removed(tmp_path: Path, download: FakeDownload) -> None:
    """What was downloaded but is other data is not used and not kept."""
    download.arrays = marked(1)

    with pytest.raises(DataNotFoundError, match=r"keras\.datasets\.mnist: other data"):
        find("mnist", only(marked(2)), places_in(tmp_path, offline=False))

    assert not list((tmp_path / "cache" / "datasets").iterdir())


def test_a_damaged_copy_is_replaced_by_a_download(tmp_path: Path, download: FakeDownload) -> None:
    """A damaged copy in the cache does not stay in the way."""
    fill_cache(tmp_path, tiny_arrays())
    copy = tmp_path / "cache" / "datasets" / "mnist.npz"
    copy.write_bytes(copy.read_bytes()[:100])
    download.arrays = tiny_arrays()

    found = find("mnist", only(tiny_arrays()), places_in(tmp_path, offline=False))

    assert digest(tiny_arrays()) == digest(found) == digest(read_arrays(copy))


DOWNLOADER = """#!{python}
import sys, types
sys.path[:0] = {path!r}
from helpers import tiny
from weighin.frameworks import tf_keras

class Module:
    def load_data():
        arrays = tiny.tiny_arrays()
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])

process.keras = lambda: types.SimpleNamespace(datasets=types.SimpleNamespace(mnist=Module))
assert sys.argv[1:4] == ["-m", "weighin.frameworks.downloads", "dataset"], sys.argv
print(downloads.download(*sys.argv[4:]))
"""


def fake_python(file: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `sys.executable` be a program of ours."""
    path = [str(ROOT), str(ROOT / "tests")]
    file.write_text(code.format(python=sys.executable, path=path), "utf-8")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(file))


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


def labels(arrays: Arrays, name: str, value: object, dtype: str = "i8") -> Arrays:
    """The arrays with one label changed."""
    changed = arrays[name].astype(dtype)
    changed[1] = value
    return arrays | {name: changed}


def floats(arrays: Arrays, name: str, value: float) -> Arrays:
    """The arrays with float images, one pixel of which is `value`."""
    changed = arrays | {key: arrays[key].astype("f4") for key in ("x_train", "x_test")}
    changed[name][3, 2, 1] = value
    return changed


SENSELESS: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "label too high": (lambda a: labels(a, "y_test", 3), "test part: labels run from 0 to 3"),
    "label below 0": (lambda a: labels(a, "y_train", -1), "train part: labels run from -1 to 2"),
    "float labels": (
        lambda a: labels(a, "y_train", 0.5, "f8"),
        "train part: labels are float64, not whole numbers",
    ),
    "names as labels": (
        lambda a: labels(a, "y_test", "cat", "U3"),
        "test part: labels are <U3",
    ),
    "one-hot labels": (
        lambda a: a | {"y_train": np.eye(3, dtype="u1")[a["y_train"]]},
        "train part: 120 images but 360 labels",
    ),
    "missing label": (
        lambda a: a | {"y_test": a["y_test"][:-1]},
        "test part: 60 images but 59 labels",
    ),
    "no test images": (
        lambda a: a | {"x_test": a["x_test"][:0], "y_test": a["y_test"][:0]},
        "test part is empty",
    ),
    "no training images": (
        lambda a: a | {"x_train": a["x_train"][:0], "y_train": a["y_train"][:0]},
        "train part is empty",
    ),
    "other shapes": (
        lambda a: a | {"x_test": a["x_test"][:, :5]},
        r"training images are \(6, 6, 1\), test images \(5, 6, 1\)",
    ),
    "flat images": (
        lambda a: a | {"x_train": a["x_train"].reshape(-1, 36)},
        r"train part: images have shape \(120, 36\)",
    ),
    "films": (
        lambda a: a | {"x_test": a["x_test"][..., None, None]},
        r"test part: images have shape \(60, 6, 6, 1, 1\)",
    ),
    "NaN": (lambda a: floats(a, "x_train", np.nan), "train part: images hold NaN or infinite"),
    "infinity": (lambda a: floats(a, "x_test", np.inf), "test part: images hold NaN or infinite"),
}


@pytest.mark.parametrize(("change", "problem"), SENSELESS.values(), ids=SENSELESS)
def test_senseless_data_are_refused(
    tmp_path: Path, change: Callable[[Arrays], Arrays], problem: str
) -> None:
    """Arrays that no model can be trained or tested on are an error that names set and part."""
    np.savez(tmp_path / "odd.npz", **change(tiny_arrays()))
    npz_dataset("odd", tmp_path / "odd.npz", classes=3)

    with pytest.raises(WeighinError, match=rf"Data set 'odd'.*{problem}"):
        load("odd", places_in(tmp_path))


def test_sound_data_are_loaded(tmp_path: Path) -> None:
    """The tiny arrays as they are pass every check, so the refusals above mean something."""
    np.savez(tmp_path / "even.npz", **tiny_arrays())
    npz_dataset("even", tmp_path / "even.npz", classes=3)

    loaded = load("even", places_in(tmp_path))

    assert (loaded.name, loaded.classes) == ("even", 3)
    assert digest(tiny_arrays()) == loaded.digest
    assert (len(loaded.train), len(loaded.test)) == (120, 60)
    assert loaded.test.images.shape == (60, 6, 6, 1)


def test_inputs_are_scaled_floats() -> None:
    """Model inputs are stored values times the scale, float32, in the stored order."""
    arrays = tiny_arrays()
    split = from_arrays("tiny", arrays, classes=3, scale=1 / 255).test

    inputs = split.inputs(10, 20)

    assert np.float32 == inputs.dtype
    np.testing.assert_allclose(arrays["x_test"][10:20, ..., None] / 255, inputs, rtol=1e-6)
    assert len(split) == len(split.inputs())


def test_colour_images_keep_their_channels() -> None:
    """Only grey images are given a channel."""
    coloured = {
        name: np.repeat(array[..., None], 3, axis=-1) if name.startswith("x") else array
        for name, array in tiny_arrays().items()
    }

    assert from_arrays("tiny", coloured, classes=3).train.images.shape == (120, 6, 6, 3)


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    """A name close to a known one is answered with that one and with all the others."""
    with pytest.raises(WeighinError, match=r"Did you mean 'mnist'\?.*fashion_mnist, cifar10"):
        load("minst", places_in(tmp_path))


def test_the_last_data_sets_are_remembered(tmp_path: Path) -> None:
    """`load_cached` loads a data set once for the same places, and again for others."""
    loads: list[SearchPaths] = []

    def loader(places: SearchPaths) -> Dataset:
        loads.append(places)
        return from_arrays("counted", tiny_arrays(), classes=3)

    registry.dataset("counted")(loader)
    here, there = places_in(tmp_path / "here"), places_in(tmp_path / "there")

    assert load_cached("counted", here) is load_cached("counted", here)
    load_cached("counted", there)

    assert [here, there] == loads


def test_a_loader_that_fails_is_named(tmp_path: Path) -> None:
    """Whatever a user's own loader raises, the error says which data set could not be loaded."""

    def loader(places: SearchPaths) -> Dataset:
        raise FileNotFoundError(2, "No such file", "films.zip")

    registry.dataset("films")(loader)

    with pytest.raises(WeighinError, match=r"'films'.*films\.zip"):
        load("films", places_in(tmp_path))


def test_noise_is_the_same_everywhere_and_has_no_labels(tmp_path: Path) -> None:
    """A few images of the wanted shape, from a seed; why accuracy on them means nothing."""
    noise_dataset("noise_9", (9, 8, 3), classes=1000)

    loaded = load("noise_9", places_in(tmp_path))

    assert "noise" in loaded.unlabelled
    assert (loaded.classes, loaded.train.images.shape) == (1000, (8, 9, 8, 3))
    assert loaded.test.images.shape == (4, 9, 8, 3)
    assert 0 <= loaded.test.inputs().min() < 0.05 < 0.95 < loaded.test.inputs().max() <= 1
    assert load("noise_9", places_in(tmp_path)).digest == loaded.digest
    assert not np.array_equal(loaded.train.images[:4], loaded.test.images)


def test_labelled_data_say_so(tmp_path: Path) -> None:
    """Unless told otherwise, labels mean something."""
    assert not from_arrays("tiny", tiny_arrays(), classes=3).unlabelled


def fake_cifar10(test: int) -> Arrays:
    """Arrays of CIFAR-10's length, each image one pixel."""
    return {
        "x_train": np.zeros((50, 1, 1, 3), np.uint8),
        "y_train": np.arange(50, dtype=np.uint8) % 10,
        "x_test": np.arange(test * 3, dtype=np.uint32).astype(np.uint8).reshape(-1, 1, 1, 3),
        "y_test": (np.arange(test) % 10).astype(np.uint8),
    }


@pytest.fixture
def _fake_cifar10_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest that is known is the fake's: its training and first 1,000 test images."""
    wanted = digest(fake_cifar10(1000))

    def beginning(arrays: Arrays) -> str | None:
        first = arrays | {"x_test": arrays["x_test"][:1000], "y_test": arrays["y_test"][:1000]}
        return None if digest(first) == wanted else "other data"

    monkeypatch.setattr(images, "_cifar10_beginning", beginning)


@pytest.mark.usefixtures("_fake_cifar10_digest")
def test_cifar10_refuses_a_part_of_the_test_set(tmp_path: Path) -> None:
    """1,000 test images are not CIFAR-10, though every one of them is right."""
    write_npz(tmp_path / "user" / "cifar10_train50k_test1k.npz", fake_cifar10(1000))

    with pytest.raises(DataNotFoundError, match=r"test1k\.npz: 1,000 test images, not 10,000"):
        load("cifar10", places_in(tmp_path))


@pytest.mark.usefixtures("_fake_cifar10_digest")
@pytest.mark.parametrize("stored", [1000, 10_000])
def test_cifar10_test1k_is_a_name_of_its_own(tmp_path: Path, stored: int) -> None:
    """The first 1,000 test images are the same data set, whichever file they come from."""
    write_npz(tmp_path / "user" / "cifar10.npz", fake_cifar10(stored))

    loaded = load("cifar10_test1k", places_in(tmp_path))

    assert loaded.name == "cifar10_test1k"
    assert len(loaded.test) == 1000
    assert digest(fake_cifar10(1000)) == loaded.digest


@pytest.mark.usefixtures("_fake_cifar10_digest")
def test_cifar10_is_the_whole_test_set(tmp_path: Path) -> None:
    """All 10,000 test images are CIFAR-10, with another digest than the part."""
    write_npz(tmp_path / "user" / "cifar10.npz", fake_cifar10(10_000))

    loaded = load("cifar10", places_in(tmp_path))

    assert len(loaded.test) == 10_000
    assert digest(fake_cifar10(10_000)) == loaded.digest


@pytest.mark.usefixtures("_fake_cifar10_digest")
@pytest.mark.parametrize("part", ["", "_test1k"])
def test_raw_pixels_are_other_data(tmp_path: Path, part: str) -> None:
    """The same pixels, not divided by 255, are other inputs and have a digest of their own."""
    write_npz(tmp_path / "user" / "cifar10.npz", fake_cifar10(10_000))

    usual, raw = (load(f"cifar10{word}{part}", places_in(tmp_path)) for word in ("", "_raw"))

    np.testing.assert_allclose(255 * usual.test.inputs(), raw.test.inputs(), rtol=1e-6)
    assert raw.test.inputs().max() == 255
    assert len(usual.test) == len(raw.test)
    assert usual.digest != raw.digest


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "cifar10_test1k"])
def test_no_other_data_pass_for_a_known_set(
    tmp_path: Path, download: FakeDownload, name: str
) -> None:
    """Whatever lies in the places of a known data set, it is used only if its digest is right."""
    stem = name.removesuffix("_test1k")
    arrays = tiny_arrays(30, 10_000)
    write_npz(tmp_path / "user" / f"{stem}.npz", arrays)
    write_npz(tmp_path / "cache" / "datasets" / f"{stem}.npz", arrays)
    write_idx(tmp_path / "system" / stem, arrays)
    download.arrays = arrays

    with pytest.raises(DataNotFoundError) as caught:
        load(name, places_in(tmp_path, offline=False))

    assert str(caught.value).count("other data: digest") == 4


def test_the_embedded_subset_does_not_pass_for_mnist(tmp_path: Path) -> None:
    """A full profile never falls back to the 10,000 images that come with the project."""
    places = SearchPaths(EMBEDDED.parent, tmp_path / "cache", True, ())

    with pytest.raises(DataNotFoundError, match=r"mnist10k\.npz: other data"):
        load("mnist", places)


def test_the_embedded_subset_is_small_and_whole(tmp_path: Path) -> None:
    """The file that comes with the project has 10,000 + 10,000 images in at most 3.5 MB."""
    npz_dataset("embedded", EMBEDDED, classes=10)

    loaded = load("embedded", places_in(tmp_path))

    assert EMBEDDED.stat().st_size <= 3_500_000
    assert loaded.digest == EMBEDDED_DIGEST
    assert (10_000, 28, 28, 1) == loaded.train.images.shape == loaded.test.images.shape
    assert set(range(10)) == set(loaded.train.labels) == set(loaded.test.labels)


def test_the_embedded_subset_is_registered(tmp_path: Path) -> None:
    """The models' folder registers the embedded file as mnist10k."""
    load_definitions([ROOT / "models" / "datasets.py"])

    assert load("mnist10k", places_in(tmp_path)).digest == EMBEDDED_DIGEST


def on_this_machine(tmp_path: Path, *patterns: str) -> SearchPaths:
    """The places of this machine; the test is skipped where no file matches a pattern."""
    places = SearchPaths(Path(DATA_DIR) if DATA_DIR else None, tmp_path, offline=True)
    roots = [root for root in (places.data_dir, *places.system) if root is not None]
    if not any(any(root.glob(pattern)) for root in roots for pattern in patterns):
        pytest.skip(f"needs {' or '.join(patterns)} in WEIGHIN_DATA_DIR or a system package")
    return places


def test_the_embedded_subset_is_the_beginning_of_mnist(tmp_path: Path) -> None:
    """It is MNIST's first 10,000 training images and all its test images, bit by bit."""
    full = load("mnist", on_this_machine(tmp_path, "mnist.npz", "**/mnist/train-images*"))

    subset = read_arrays(EMBEDDED)

    assert (len(full.train), len(full.test)) == (60_000, 10_000)
    np.testing.assert_array_equal(full.train.images[:10_000, ..., 0], subset["x_train"])
    np.testing.assert_array_equal(full.train.labels[:10_000], subset["y_train"])
    np.testing.assert_array_equal(full.test.images[..., 0], subset["x_test"])
    np.testing.assert_array_equal(full.test.labels, subset["y_test"])


def test_fashion_mnist_is_found(tmp_path: Path) -> None:
    """The real Fashion-MNIST passes its check."""
    patterns = ("fashion-mnist/train-images*", "fashion_mnist*.npz")

    loaded = load("fashion_mnist", on_this_machine(tmp_path, *patterns))

    assert loaded.train.images.shape == (60_000, 28, 28, 1)
    assert loaded.test.images.shape == (10_000, 28, 28, 1)


def test_cifar10_test1k_is_found(tmp_path: Path) -> None:
    """The real CIFAR-10 with 1,000 test images passes its check."""
    patterns = ("cifar10*.npz", "cifar-10-batches-bin/data_batch_1.bin")

    loaded = load("cifar10_test1k", on_this_machine(tmp_path, *patterns))

    assert loaded.train.images.shape == (50_000, 32, 32, 3)
    assert loaded.test.images.shape == (1000, 32, 32, 3)


def test_the_real_part_does_not_pass_for_cifar10(tmp_path: Path) -> None:
    """The real file with 1,000 test images is refused as CIFAR-10."""
    places = on_this_machine(tmp_path, "cifar10_train50k_test1k.npz")

    with pytest.raises(DataNotFoundError, match=r"test1k\.npz: 1,000 test images, not 10,000"):
        load("cifar10", SearchPaths(places.data_dir, tmp_path, True, ()))
