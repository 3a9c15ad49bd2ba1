"""What models are trained and tested on: named arrays, one entry of each for every example."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from weighin.core.errors import SkippedError, WeighinError
from weighin.core.signature import Port, Signature
from weighin.named import Array, Arrays


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes:
        stored: a model's inputs as they are stored, by name, each `(n, …)` of any dtype.
        targets: right answers by name, each `(n, …)`; empty where there are none.
        scales: by an input's name, what its stored values are multiplied by to become inputs.
        dtypes: by an input's name, what the model at hand takes; empty before that is known.
    """

    stored: Arrays
    targets: Arrays = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)
    dtypes: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return next((len(values) for values in self.stored.values()), 0)

    @property
    def target(self) -> Array:
        """The right answers, where there is one array of them.

        Raises:
            WeighinError: if there are several, or none.
        """
        if len(self.targets) != 1:
            raise WeighinError(
                f"This task judges answers by one array of targets, and there are "
                f"{', '.join(self.targets) or 'none'}: give data with y_test, or name another task."
            )
        return next(iter(self.targets.values()))

    @property
    def gives_back(self) -> bool:
        """Whether the targets are the inputs once more."""
        if len(self.stored) != 1 or len(self.targets) != 1:
            return False
        stored, target = next(iter(self.stored.values())), self.target
        return stored.size == target.size and np.array_equal(stored.ravel(), target.ravel())

    def inputs(self, start: int = 0, stop: int | None = None) -> dict[str, Array]:
        """Model inputs of the examples `start:stop`: scaled, and of the dtype that the model takes.

        Before a model is known, what is not scaled keeps its dtype.
        """
        given = {}
        for name, values in self.stored.items():
            part, scale = values[start:stop], self.scales.get(name, 1.0)
            if scale != 1:
                part = np.multiply(part, np.float32(scale), dtype=np.float32)
            given[name] = part.astype(self.dtypes.get(name, part.dtype), copy=False)
        return given

    def described(self) -> str:
        """Dtype and range of each input as stored and, where it is scaled, of the values given."""
        told = {name: self._described(name) for name in self.stored}
        if len(told) == 1:
            return next(iter(told.values()))
        return "; ".join(f"{name}: {words}" for name, words in told.items())

    def _described(self, name: str) -> str:
        values, scale = self.stored[name], self.scales.get(name, 1.0)
        low, high = float(values.min()), float(values.max())
        words = f"{values.dtype} from {low:.6g} to {high:.6g}"
        if scale == 1:
            return words
        ends = sorted((low * scale, high * scale))
        return f"values from {ends[0]:.6g} to {ends[1]:.6g}: {words}, times {scale:.6g}"


@dataclass(frozen=True)
class Dataset:
    """Arrays with a checksum over their decoded values; a subset has a name of its own.

    Attributes:
        classes: how many classes the targets number, where they are class numbers; else None.
        unlabelled: why there is nothing to hold answers against, such as images of noise; empty
            where there is. Quality is then `not measured`, for this reason; all else is.
        test_only: there is no training part: `train` is then the test part, by which shapes and
            targets are told, and nothing may be trained or calibrated on it.
        drawn: whether inputs are random numbers, so that how near two models' answers are on them
            says nothing of how near they are on anything else.
        note: how they were split or prepared, for the table's footer.
    """

    name: str
    classes: int | None
    digest: str
    train: Split
    test: Split
    unlabelled: str = ""
    test_only: bool = False
    drawn: bool = False
    note: str = ""

    @property
    def training_examples(self) -> int:
        """How many examples there are to train on."""
        return 0 if self.test_only else len(self.train)

    def require_training(self, purpose: str) -> None:
        """Refuse data without a training part.

        Args:
            purpose: what wants one, such as `Calibrating`.

        Raises:
            SkippedError: saying what is missing and how to give it.
        """
        if self.test_only:
            raise SkippedError(
                f"{purpose} takes examples that are not tested on, and data set {self.name!r} has "
                f"a test part alone: give x_train, y_train too."
            )

    @property
    def examples(self) -> str:
        """What its examples are called: `images`, where an input is some."""
        inputs = self.test.stored.values()
        return "images" if any(map(_is_image, inputs)) else "examples"

    def fed_to(self, signature: Signature) -> Dataset:
        """The same data under the names, and of the dtypes, that a model takes.

        Raises:
            WeighinError: if inputs are missing or too many, or of another shape or dtype; it lists
                what came and what was wanted.
        """
        shapes = {name: values.shape[1:] for name, values in self.train.stored.items()}
        names = signature.matched(shapes, f"data set {self.name!r}")
        dtypes = {port.name: port.dtype for port in signature.inputs}

        def renamed(split: Split) -> Split:
            return dataclasses.replace(
                split,
                stored={
                    port.name: _reshaped(split.stored[names[port.name]], port)
                    for port in signature.inputs
                },
                scales={
                    wanted: split.scales[given]
                    for wanted, given in names.items()
                    if given in split.scales
                },
                dtypes=dtypes,
            )

        test = renamed(self.test)
        train = test if self.test_only else renamed(self.train)
        fed = dataclasses.replace(self, train=train, test=test)
        signature.check_values(fed.train.stored, fed.train.scales, f"data set {self.name!r}")
        return fed


def _is_image(values: Array) -> bool:
    """Whether they are `(n, height, width, channels)`, or bytes `(n, height, width)`."""
    if values.ndim == 4:
        return values.shape[3] in (1, 3, 4)
    return values.ndim == 3 and values.dtype == np.uint8


def _reshaped(values: Array, port: Port) -> Array:
    """Values with a last axis of 1 more or less, where an input takes them so."""
    return values.reshape((len(values), *(port.fitting(values.shape[1:]) or values.shape[1:])))
