"""Sessions and artifacts whose answers a test makes up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import Artifact, Dataset, Images, Scores
from weighin.files import sha256

CLASSES, N = 6, 60
Answering = Callable[[Images], Scores]


class Session:
    """A session that answers batches and single images by functions."""

    delegated = None

    def __init__(self, batch: Answering, alone: Answering | None = None) -> None:
        """Answer by these; single images as in a batch, if not told otherwise."""
        self._batch, self._alone = batch, alone or batch
        self._last: Any = None

    def predict(self, images: Images) -> Scores:
        """All images at once."""
        return self._batch(images)

    def inference(self, image: Images) -> Callable[[], Any]:
        """The call that answers one."""

        def call() -> None:
            self._last = self._alone(image)

        return call

    def answer(self) -> Scores:
        """Of the last call."""
        return self._last

    def close(self) -> None:
        """Nothing is held."""


def right(images: Images) -> Scores:
    """Scores that are the images' own values: the highest is that of the right class."""
    return images.reshape(len(images), CLASSES)


def artifact(
    folder: Path, data: Dataset, format: str = "h5", stage: str = "float32", n: int = 20
) -> Artifact:
    """An artifact whose Keras model answers `right`."""
    answers, path = folder / "answers.npy", folder / f"model.{format}"
    np.save(answers, right(data.test.inputs(0, n)))
    digest = sha256(path) if path.exists() else ""
    return Artifact("k", path, format, digest, 1, answers, {"stage": stage}, 0.0)


def shifted(by: float) -> Answering:
    """Right answers, each score a little higher; the classes stay."""
    return lambda images: right(images) + np.float32(by)


def guessing(images: Images) -> Scores:
    """Scores that are nearly even, each highest for the wrong class."""
    return np.float32(1 / CLASSES) - right(images) / 1000
