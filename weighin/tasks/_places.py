"""What tasks of a class for each pixel, and of one for each step of a sequence, share."""

from __future__ import annotations

import numpy as np

from weighin.core import Array, Arrays, Dataset, Loss, Signature, Split, WeighinError
from weighin.core.signature import BARE, written
from weighin.core.tasks import Task, one_of_each, only, repeated


class ClassPerPlace(Task):
    """A class for each of several places of an example.

    Attributes:
        axes: how many axes places have: 1 for steps, 2 for pixels.
        place: what one is called.
    """

    losses = ("crossentropy", "crossentropy_from_logits", "binary_crossentropy")
    axes = 0
    place = ""

    def fits(self, signature: Signature, dataset: Dataset) -> bool:
        """Class numbers of so many axes, and scores of one more."""
        if not (pair := one_of_each(signature, dataset)):
            return False
        port, target = pair
        if target.dtype.kind not in "iub" or len(port.shape) != self.axes + 1:
            return False
        return target.ndim - 1 in (self.axes, self.axes + 1)

    def check(self, signature: Signature, dataset: Dataset, loss: Loss | None = None) -> None:
        """As many places, and a score for each class."""
        target, port = dataset.train.target, signature.output
        places, classes = target.shape[1 : 1 + self.axes], self._classes(dataset)
        if len(port.shape) != self.axes + 1 or any(
            size not in (None, wanted) for size, wanted in zip(port.shape[:-1], places, strict=True)
        ):
            raise WeighinError(
                f"The model answers in shape {written(port.shape)} (layer {port.layer!r}); data "
                f"set {dataset.name!r} has a class for each of {written(places)} {self.place}s."
            )
        if port.units != classes and not (port.units == 1 and classes <= 2):
            raise WeighinError(
                f"The model's head, {port.head}, gives {port.units} scores for each {self.place}, "
                f"the data have {classes} classes: let the layer have {classes}, or correct "
                f"classes= where the data are registered."
            )
        if port.units == 1 and port.activation != "sigmoid":
            raise WeighinError(
                f"The model's head, {port.head}, gives 1 score for each {self.place}, which is "
                f"taken for the probability of class 1: let it end in a sigmoid, or in 2 units."
            )
        super().check(signature, dataset, loss)

    def loss(self, signature: Signature, dataset: Dataset, named: Loss | None = None) -> Loss:
        """By what the scores are."""
        if named is not None:
            return super().loss(signature, dataset, named)
        if signature.output.activation == "sigmoid" and signature.output.units == 1:
            return "binary_crossentropy"
        if signature.output.activation in BARE:
            return "crossentropy_from_logits"
        return "crossentropy"

    def learned(self, split: Split) -> Array:
        """Class numbers `(n, …)`."""
        return self.targets(split)["class"].astype(np.int32)

    def targets(self, split: Split) -> dict[str, Array]:
        """`class`, `(n, …)` of the places' axes alone."""
        target = split.target
        return {"class": target.reshape(target.shape[: self.axes + 1])}

    def answers(self, outputs: Arrays, inputs: Arrays, targets: Arrays) -> dict[str, Array]:
        """`class`, `(n, …)`: of the highest score; from 0.5 on where one is given."""
        scores = only(outputs, "outputs")
        if scores.shape[-1] == 1:
            return {"class": (scores[..., 0] > 0.5).astype(np.uint8)}
        kind = np.uint8 if scores.shape[-1] <= 256 else np.int32
        return {"class": scores.argmax(axis=-1).astype(kind)}

    def same(self, answers: Arrays, others: Arrays) -> Array:
        """The share of places that get the same class."""
        equal = answers["class"] == others["class"]
        shares: Array = equal.reshape(len(equal), -1).mean(axis=1)
        return shares

    def guess(self, dataset: Dataset, answers: Arrays) -> dict[str, Array]:
        """Each place's commonest class in training."""
        classes = self.targets(dataset.train)["class"]
        counts = [(classes == number).sum(axis=0) for number in range(self._classes(dataset))]
        return {"class": repeated(np.argmax(counts, axis=0), len(dataset.test))}

    @property
    def guessing(self) -> str:
        """The commonest class."""
        return f"always answering each {self.place}'s commonest class"

    def _classes(self, dataset: Dataset) -> int:
        return dataset.classes or int(dataset.train.target.max(initial=0)) + 1
