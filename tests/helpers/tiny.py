"""A reference model that trains in a second, its data set, and a project folder of both."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from weighin import registry
from weighin.datasets import loading
from weighin.datasets.arrays import Arrays

DEFINITIONS = '''"""A tiny model and its data set."""

from pathlib import Path

from weighin import Recipe, model, npz_dataset

npz_dataset("tiny", Path(__file__).parent / "data" / "tiny.npz", classes=3, scale=1 / 255)


@model(quick=Recipe("tiny", epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01))
def tiny(keras):
    """Two dense layers on 6×6 images."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),  # large enough for dynamic range quantization
            layers.Dense(3, activation="softmax"),
        ]
    )
'''

SUITE = '''"""The variants that the tiny model is weighed in."""

from weighin import suite

suite(
    "quick",
    profile="quick",
    models=("tiny",),
    variants=("baseline", "prune(0.5)", "dynamic", "int8", "prune(0.5)+int8"),
)
'''


def tiny_arrays(train: int = 120, test: int = 60) -> Arrays:
    """Noisy 6×6 images, uint8, whose class is which third of the rows is bright."""
    generator = np.random.default_rng(7)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(count, dtype=np.uint8) % 3
        images = generator.integers(0, 120, (count, 6, 6), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[2 * label : 2 * label + 2] += 120
        return images, labels

    x_train, y_train = part(train)
    x_test, y_test = part(test)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def write_project(folder: Path) -> Path:
    """Write `models/` (the tiny model and its data) and `bench/suite.py`; the folder again."""
    (folder / "models" / "data").mkdir(parents=True)
    (folder / "bench").mkdir()
    np.savez(folder / "models" / "data" / "tiny.npz", **tiny_arrays())
    (folder / "models" / "tiny.py").write_text(DEFINITIONS, "utf-8")
    (folder / "bench" / "suite.py").write_text(SUITE, "utf-8")
    return folder


@contextlib.contextmanager
def registrations_undone() -> Iterator[None]:
    """Forget, afterwards, whatever was registered meanwhile and which data sets were loaded."""
    before = {kind: {n: held[n] for n in held} for kind, held in registry.kinds().items()}
    modules = set(sys.modules)
    loading.forget()
    try:
        yield
    finally:
        loading.forget()
        for kind, held in registry.kinds().items():
            held._objects.clear()
            held._objects.update(before[kind])
        for name in set(sys.modules) - modules:
            if name.startswith("weighin_definitions_"):
                del sys.modules[name]
