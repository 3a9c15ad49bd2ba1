"""Sessions and artifacts whose answers a test makes up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from weighin import registry
from weighin.core import Array, Arrays, Artifact, Dataset, Port, Signature
from weighin.files import sha256
from weighin.measure import evaluation
from weighin.outcomes import Evaluation

CLASSES, N = 6, 60
Answering = Callable[[Array], Any]
CLASSIFICATION = registry.tasks["classification"]


def signature(classes: int = CLASSES, *outputs: str) -> Signature:
    """What the Keras model of the made-up sessions takes and gives."""
    names = outputs or ("scores",)
    ports = (Port(name, shape=(classes,), activation="softmax") for name in names)
    return Signature((Port("x", shape=(1, 1, CLASSES)),), tuple(ports))


class Session:
    """A session that answers batches and single examples by functions of its only input.

    What is not given by name is the output `scores`.
    """

    delegated = None

    def __init__(self, batch: Answering, alone: Answering | None = None) -> None:
        """Answer by these; single examples as in a batch, if not told otherwise."""
        self._batch, self._alone = batch, alone or batch
        self._last: Any = None

    def predict(self, inputs: Arrays) -> Arrays:
        """All examples at once."""
        return _named(self._batch(_only(inputs)))

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """The call that answers one."""

        def call() -> None:
            self._last = _named(self._alone(_only(inputs)))

        return call

    def answer(self) -> Arrays:
        """Of the last call."""
        return dict(self._last)

    def close(self) -> None:
        """Nothing is held."""


def _only(inputs: Arrays) -> Array:
    (values,) = inputs.values()
    return values


def _named(answers: Any) -> Arrays:
    return answers if isinstance(answers, Mapping) else {"scores": answers}


def right(images: Array) -> Array:
    """Scores that are the images' own values: the highest is that of the right class."""
    return images.reshape(len(images), CLASSES)


def artifact(
    folder: Path,
    data: Dataset,
    format: str = "h5",
    stage: str = "float32",
    n: int = 20,
    *,
    trained: bool = True,
    answers: Answering = right,
) -> Artifact:
    """An artifact whose Keras model answers `right`, or as it is told."""
    outputs = _named(answers(data.test.inputs(0, n)["x"]))
    path = folder / f"model.{format}"
    np.savez(folder / "answers.npz", **outputs)
    digest = sha256(path) if path.exists() else ""
    ports = tuple(
        Port(name, str(values.dtype), values.shape[1:]) for name, values in outputs.items()
    )
    facts = {
        "signature": Signature(signature().inputs, ports).as_json(),
        "task": "classification",
        "trained": trained,
    }
    provenance = {"stage": stage}
    return Artifact("k", path, format, digest, 1, folder / "answers.npz", provenance, 0.0, facts)


def shifted(by: float) -> Answering:
    """Right answers, each score a little higher; the classes stay."""
    return lambda images: right(images) + np.float32(by)


def guessing(images: Array) -> Array:
    """Scores that are nearly even, each highest for the wrong class."""
    return np.float32(1 / CLASSES) - right(images) / 1000


def evaluate(session: Session, data: Dataset, classes: int = CLASSES) -> Evaluation:
    """Which of six classes, by the one output of the session."""
    return evaluation.evaluate(session, data, CLASSIFICATION, signature(classes))
