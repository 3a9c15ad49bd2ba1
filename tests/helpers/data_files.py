"""Data sets as files of every kind that is read."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from weighin.datasets.arrays import Arrays

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def photographs() -> Arrays:
    """Arrays in the shape of CIFAR-10, which every format can hold."""
    generator = np.random.default_rng(3)
    return {
        "x_train": generator.integers(0, 256, (10, 32, 32, 3), dtype=np.uint8),
        "y_train": generator.integers(0, 10, 10, dtype=np.uint8),
        "x_test": generator.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8),
        "y_test": generator.integers(0, 10, 4, dtype=np.uint8),
    }


def idx(array: np.ndarray) -> bytes:
    """An idx file of unsigned bytes."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_idx(folder: Path, arrays: Arrays) -> Path:
    folder.mkdir()
    for name, file in IDX_NAMES.items():
        (folder / file).write_bytes(idx(arrays[name]))
    return folder


def write_idx_gz(folder: Path, arrays: Arrays) -> Path:
    folder.mkdir()
    for name, file in IDX_NAMES.items():
        (folder / f"{file}.gz").write_bytes(gzip.compress(idx(arrays[name])))
    return folder


def write_cifar(folder: Path, arrays: Arrays) -> Path:
    """CIFAR-10's binary files: five of training images, one of test images."""

    def rows(images: np.ndarray, labels: np.ndarray) -> bytes:
        return b"".join(
            bytes([label]) + b"".join(image[..., channel].tobytes() for channel in range(3))
            for image, label in zip(images, labels, strict=True)
        )

    folder.mkdir()
    each = len(arrays["x_train"]) // 5
    for batch in range(5):
        part = slice(batch * each, (batch + 1) * each)
        content = rows(arrays["x_train"][part], arrays["y_train"][part])
        (folder / f"data_batch_{batch + 1}.bin").write_bytes(content)
    (folder / "test_batch.bin").write_bytes(rows(arrays["x_test"], arrays["y_test"]))
    return folder


def write_plain_npz(path: Path, arrays: Arrays) -> Path:
    file = path.with_suffix(".npz")
    np.savez(file, **arrays)
    return file


WRITERS = (write_plain_npz, write_idx, write_idx_gz, write_cifar)
