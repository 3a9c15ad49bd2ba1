"""The image data sets that have known digests."""

from __future__ import annotations

from weighin.core import Dataset
from weighin.datasets.arrays import Arrays
from weighin.datasets.loading import from_arrays
from weighin.datasets.search import SearchPaths, exactly, find
from weighin.registry import dataset

PIXELS = 1 / 255  # from bytes to model inputs from 0 to 1


@dataset("mnist")
def mnist(search: SearchPaths) -> Dataset:
    """MNIST: 60,000 + 10,000 digits, 28×28 (LeCun, Cortes; CC BY-SA 3.0)."""
    wanted = "38aae3f3d37c7a4b3a1e4a4afe9de439e2bc9d216d0e4dbdabace243526b698d"
    return from_arrays("mnist", find("mnist", exactly(wanted), search), classes=10, scale=PIXELS)


@dataset("fashion_mnist")
def fashion_mnist(search: SearchPaths) -> Dataset:
    """Fashion-MNIST: 60,000 + 10,000 articles, 28×28 (Zalando Research; MIT)."""
    wanted = "d063c01dc2ba2d176a5cd3311c347fb064380ac4ab3de106122ec59f3033082a"
    return from_arrays(
        "fashion_mnist", find("fashion_mnist", exactly(wanted), search), classes=10, scale=PIXELS
    )


@dataset("cifar10")
def cifar10(search: SearchPaths) -> Dataset:
    """CIFAR-10: 50,000 + 10,000 photographs, 32×32×3 (Krizhevsky 2009)."""
    return from_arrays("cifar10", find("cifar10", _whole_cifar10, search), classes=10, scale=PIXELS)


@dataset("cifar10_test1k")
def cifar10_test1k(search: SearchPaths) -> Dataset:
    """CIFAR-10 with the first 1,000 of its test images only."""
    arrays = _first_1000(find("cifar10", _cifar10_beginning, search))
    return from_arrays("cifar10_test1k", arrays, classes=10, scale=PIXELS)


@dataset("cifar10_raw")
def cifar10_raw(search: SearchPaths) -> Dataset:
    """CIFAR-10 with its pixels as they are, 0 to 255, as MLPerf Tiny's ResNet-8 takes them."""
    arrays = find("cifar10", _whole_cifar10, search)
    return from_arrays("cifar10_raw", arrays, classes=10, scale=1.0)


@dataset("cifar10_raw_test1k")
def cifar10_raw_test1k(search: SearchPaths) -> Dataset:
    """CIFAR-10 with its pixels 0 to 255 and the first 1,000 of its test images only."""
    arrays = _first_1000(find("cifar10", _cifar10_beginning, search))
    return from_arrays("cifar10_raw_test1k", arrays, classes=10, scale=1.0)


def _whole_cifar10(arrays: Arrays) -> str | None:
    if len(arrays["x_test"]) != 10_000:
        return f"{len(arrays['x_test']):,} test images, not 10,000"
    return _cifar10_beginning(arrays)


def _first_1000(arrays: Arrays) -> Arrays:
    return arrays | {"x_test": arrays["x_test"][:1000], "y_test": arrays["y_test"][:1000]}


def _cifar10_beginning(arrays: Arrays) -> str | None:
    """Check the training images and the first 1,000 test images, the ones whose digest we know."""
    wanted = "f6b567875dc20b37d09df963016a87e50f95c17655d0e923f49172325d8b1455"
    return exactly(wanted)(_first_1000(arrays))
