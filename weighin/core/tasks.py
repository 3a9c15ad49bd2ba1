"""What an answer is, and how good it is: one task for each kind of question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from weighin.core.data import Dataset, Split
from weighin.core.errors import WeighinError, nearest
from weighin.core.metrics import Comparison, Kind, check_word
from weighin.core.signature import Port, Signature
from weighin.named import Array, Arrays

Loss = str | Callable[[Any], Any]
"""A loss by name, or a function that is given Keras and returns one as `compile` takes it."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """One figure of how good answers are.

    Attributes:
        name: of the metric; `NAME_delta` is its difference to the baseline's.
        title: the header of its column.
        compute: given `(answers, targets)`, both by name and with one entry for each example:
            `(n,)` scores, whose mean is the figure, or one number that is no mean of scores. None
            of the arrays may be changed.
        of_prepared: given what the task has `prepared` of all examples once, and which of them to
            take, some more than once (None for all): the figure of those. Beside `compute`, for
            resamples, where that would take long; or instead of it.
        better: which direction is good.
        kind: what its numbers are; shares are shown in percent, their differences in points.
        unit: of a `number`.
        margin: what difference does not matter, in the figure's unit; None where nothing natural
            is known: then 1 % of the baseline's figure.
        comparison: how two runs are compared, as of a `Metric`.
        tolerance: what difference between runs does not matter, as of a `Metric`.
        least: the smallest that the figure can be, as of a `Metric`.
        most: the largest, likewise.
        applies: why there is no such figure for a data set, or None.
        summary: one line for `weighin list`.
    """

    name: str
    title: str
    compute: Callable[[Arrays, Arrays], Any] | None = None
    of_prepared: Callable[[Any, npt.NDArray[np.intp] | None], float] | None = None
    better: Literal["higher", "lower"] = "higher"
    kind: Kind = "share"
    unit: str = ""
    margin: float | None = None
    comparison: Comparison = "intervals"
    tolerance: float = 0.01
    least: float | None = None
    most: float | None = None
    applies: Callable[[Arrays, Arrays], str | None] = lambda answers, targets: None
    summary: str = ""

    def __post_init__(self) -> None:
        """Refuse what no report could show, or no verdict be made of.

        Raises:
            WeighinError: if `kind` or `better` is none that there is.
        """
        check_word(self.name, "kind", self.kind, ("share", "number"))
        check_word(self.name, "better", self.better, ("higher", "lower"))


class Task:
    """What a model is asked, and how its answers are judged.

    A task of one's own overrides what differs; see `weighin.tasks`.

    Attributes:
        name: in recipes and records.
        figures: how good answers are, the one that tables show first.
        losses: that a recipe may name; the first is taken if none is named.
        needs_targets: whether answers are judged by targets.
    """

    name: ClassVar[str] = ""
    figures: tuple[Quality, ...] = ()
    losses: tuple[str, ...] = ()
    needs_targets: bool = True

    def fits(self, signature: Signature, dataset: Dataset) -> bool:
        """Whether a model of that signature and such targets plainly are of this task."""
        return False

    def check(self, signature: Signature, dataset: Dataset, loss: Loss | None = None) -> None:
        """Refuse a model, targets or a loss that do not belong together.

        Raises:
            WeighinError: naming what differs, with both numbers, and the way out.
        """
        self.loss(signature, dataset, loss)

    def loss(self, signature: Signature, dataset: Dataset, named: Loss | None = None) -> Loss:
        """The loss by which a model learns this, as a recipe names it or by default.

        Raises:
            WeighinError: if the recipe's does not fit, or none follows.
        """
        if callable(named) or (named is not None and named in self.losses):
            return named
        if named is None and self.losses:
            return self.losses[0]
        known = f"one of {', '.join(self.losses)}, or a function" if self.losses else "a function"
        what = "no loss follows" if named is None else f"loss={named!r} does not fit"
        hint = self.meant(named) if isinstance(named, str) else ""
        raise WeighinError(f"Of a {self.name} task {what}: name {known} in Recipe(loss=…).{hint}")

    def meant(self, misspelt: str) -> str:
        """Which of its losses was meant, as a sentence behind others; empty if none is near."""
        near = nearest(misspelt, self.losses)
        return f" Did you mean {near!r}?" if near else ""

    def learned(self, split: Split) -> Array | dict[str, Array]:
        """What a model is trained to answer: an array, or arrays by the names of its outputs."""
        if len(split.targets) == 1:
            return split.target
        return dict(split.targets)

    def targets(self, split: Split) -> Arrays:
        """What answers are judged by, one entry for each example."""
        return split.targets

    def reading(self, dataset: Dataset) -> str:
        """How targets are read, where their form is not the task's own: for the table's footer."""
        return ""

    def answers(self, outputs: Arrays, inputs: Arrays, targets: Arrays) -> dict[str, Array]:
        """What is kept of a model's outputs for some examples, one entry for each.

        Args:
            outputs: by name, each `(n, …)`, in real units.
            inputs: what the model was given, by name.
            targets: of the same examples, as `targets` has them.

        Raises:
            WeighinError: if outputs are not such as this task takes.
        """
        return dict(outputs)

    def prepared(self, answers: Arrays, targets: Arrays) -> Any:
        """What figures that are `of_prepared` are made of, where that takes long to compute."""
        return None

    def same(self, answers: Arrays, others: Arrays) -> npt.NDArray[Any] | None:
        """How far two models agree on each example, `(n,)` from 0 to 1; None if that means nothing.

        Numbers are never quite the same: there SQNR and cosine tell how near they are.
        """
        return None

    def chance(self, dataset: Dataset) -> float | None:
        """How often one who knows nothing is right, where that is a number that is known.

        Else `guess` tells what they would answer.
        """
        return None

    def guess(self, dataset: Dataset, answers: Arrays) -> dict[str, Array] | None:
        """What one who knows nothing but the targets would answer to the test part; or None.

        `answers` are those of a model that is held against it.
        """
        return None

    @property
    def guessing(self) -> str:
        """What `guess` does, in words: what a baseline is told to be no better than."""
        return "always answering the same"


def one_of_each(signature: Signature, dataset: Dataset) -> tuple[Port, Array] | None:
    """The output and the targets, where a model gives one and there is one array of them."""
    if len(signature.outputs) != 1 or len(dataset.train.targets) != 1:
        return None
    return signature.output, dataset.train.target


def only(arrays: Arrays, what: str) -> Array:
    """The one array that there is.

    Raises:
        WeighinError: if there are several or none; they are listed.
    """
    if len(arrays) != 1:
        listed = ", ".join(f"{name} {list(values.shape)}" for name, values in arrays.items())
        raise WeighinError(f"there are {len(arrays)} {what}, one is wanted: {listed or 'none'}")
    return next(iter(arrays.values()))


def of_others(answers: Arrays) -> dict[str, Array]:
    """Answers given each to the next example."""
    return {name: np.roll(values, 1, axis=0) for name, values in answers.items()}


def repeated(answer: Any, n: int) -> Array:
    """One answer for n examples, without copying it."""
    array = np.asarray(answer)
    return np.broadcast_to(array, (n, *array.shape))
