"""The known image data sets, and the one that comes with the project."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from helpers.data import FakeDownload, paths_in, write_idx
from helpers.tiny import tiny_arrays

from weighin import npz_dataset
from weighin.core import DataNotFoundError
from weighin.datasets import images
from weighin.datasets.arrays import Arrays, digest, read_arrays, write_npz
from weighin.datasets.loading import load
from weighin.datasets.search import SearchPaths
from weighin.definitions import load_definitions

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = ROOT / "models" / "data" / "mnist10k.npz"
EMBEDDED_DIGEST = "be021c146a9077719d91b63fc5d8bffe3cf131b305e77f46364280d665b83836"
DATA_DIR = os.environ.get("WEIGHIN_DATA_DIR")  # read before conftest.py hides it from tests


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
        load("cifar10", paths_in(tmp_path))


@pytest.mark.usefixtures("_fake_cifar10_digest")
@pytest.mark.parametrize("stored", [1000, 10_000])
def test_cifar10_test1k_is_a_name_of_its_own(tmp_path: Path, stored: int) -> None:
    """The first 1,000 test images are the same data set, whichever file they come from."""
    write_npz(tmp_path / "user" / "cifar10.npz", fake_cifar10(stored))

    loaded = load("cifar10_test1k", paths_in(tmp_path))

    assert loaded.name == "cifar10_test1k"
    assert len(loaded.test) == 1000
    assert digest(fake_cifar10(1000)) == loaded.digest


@pytest.mark.usefixtures("_fake_cifar10_digest")
def test_cifar10_is_the_whole_test_set(tmp_path: Path) -> None:
    """All 10,000 test images are CIFAR-10, with another digest than the part."""
    write_npz(tmp_path / "user" / "cifar10.npz", fake_cifar10(10_000))

    loaded = load("cifar10", paths_in(tmp_path))

    assert len(loaded.test) == 10_000
    assert digest(fake_cifar10(10_000)) == loaded.digest


@pytest.mark.usefixtures("_fake_cifar10_digest")
@pytest.mark.parametrize("part", ["", "_test1k"])
def test_raw_pixels_are_other_data(tmp_path: Path, part: str) -> None:
    """The same pixels, not divided by 255, are other inputs and have a digest of their own."""
    write_npz(tmp_path / "user" / "cifar10.npz", fake_cifar10(10_000))

    usual, raw = (load(f"cifar10{word}{part}", paths_in(tmp_path)) for word in ("", "_raw"))

    np.testing.assert_allclose(255 * usual.test.inputs()["x"], raw.test.inputs()["x"], rtol=1e-6)
    assert raw.test.inputs()["x"].max() == 255
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
        load(name, paths_in(tmp_path, offline=False))

    assert str(caught.value).count("other data: digest") == 4


def test_the_embedded_subset_does_not_pass_for_mnist(tmp_path: Path) -> None:
    """A full profile never falls back to the 10,000 images that come with the project."""
    paths = SearchPaths(EMBEDDED.parent, tmp_path / "cache", True, ())

    with pytest.raises(DataNotFoundError, match=r"mnist10k\.npz: other data"):
        load("mnist", paths)


def test_the_embedded_subset_is_small_and_whole(tmp_path: Path) -> None:
    """The file that comes with the project has 10,000 + 10,000 images in at most 3.5 MB."""
    npz_dataset("embedded", EMBEDDED, classes=10, scale=1 / 255)

    loaded = load("embedded", paths_in(tmp_path))

    assert EMBEDDED.stat().st_size <= 3_500_000
    assert loaded.digest == EMBEDDED_DIGEST
    assert (10_000, 28, 28) == loaded.train.stored["x"].shape == loaded.test.stored["x"].shape
    assert set(range(10)) == set(loaded.train.target) == set(loaded.test.target)


def test_the_embedded_subset_is_registered(tmp_path: Path) -> None:
    """The models' folder registers the embedded file as mnist10k."""
    load_definitions([ROOT / "models" / "datasets.py"])

    assert load("mnist10k", paths_in(tmp_path)).digest == EMBEDDED_DIGEST


def on_this_machine(tmp_path: Path, *patterns: str) -> SearchPaths:
    """The places of this machine; the test is skipped where no file matches a pattern."""
    paths = SearchPaths(Path(DATA_DIR) if DATA_DIR else None, tmp_path, offline=True)
    roots = [root for root in (paths.data_dir, *paths.system) if root is not None]
    if not any(any(root.glob(pattern)) for root in roots for pattern in patterns):
        pytest.skip(f"needs {' or '.join(patterns)} in WEIGHIN_DATA_DIR or a system package")
    return paths


def test_the_embedded_subset_is_the_beginning_of_mnist(tmp_path: Path) -> None:
    """It is MNIST's first 10,000 training images and all its test images, bit by bit."""
    full = load("mnist", on_this_machine(tmp_path, "mnist.npz", "**/mnist/train-images*"))

    subset = read_arrays(EMBEDDED)

    assert (len(full.train), len(full.test)) == (60_000, 10_000)
    np.testing.assert_array_equal(full.train.stored["x"][:10_000], subset["x_train"])
    np.testing.assert_array_equal(full.train.target[:10_000], subset["y_train"])
    np.testing.assert_array_equal(full.test.stored["x"], subset["x_test"])
    np.testing.assert_array_equal(full.test.target, subset["y_test"])


def test_fashion_mnist_is_found(tmp_path: Path) -> None:
    """The real Fashion-MNIST passes its check."""
    patterns = ("fashion-mnist/train-images*", "fashion_mnist*.npz")

    loaded = load("fashion_mnist", on_this_machine(tmp_path, *patterns))

    assert loaded.train.stored["x"].shape == (60_000, 28, 28)
    assert loaded.test.stored["x"].shape == (10_000, 28, 28)


def test_cifar10_test1k_is_found(tmp_path: Path) -> None:
    """The real CIFAR-10 with 1,000 test images passes its check."""
    patterns = ("cifar10*.npz", "cifar-10-batches-bin/data_batch_1.bin")

    loaded = load("cifar10_test1k", on_this_machine(tmp_path, *patterns))

    assert loaded.train.stored["x"].shape == (50_000, 32, 32, 3)
    assert loaded.test.stored["x"].shape == (1000, 32, 32, 3)


def test_the_real_part_does_not_pass_for_cifar10(tmp_path: Path) -> None:
    """The real file with 1,000 test images is refused as CIFAR-10."""
    paths = on_this_machine(tmp_path, "cifar10_train50k_test1k.npz")

    with pytest.raises(DataNotFoundError, match=r"test1k\.npz: 1,000 test images, not 10,000"):
        load("cifar10", SearchPaths(paths.data_dir, tmp_path, True, ()))
