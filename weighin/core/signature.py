"""What a model or a file takes and gives: names, dtypes and shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from weighin.core.errors import WeighinError

Shape = tuple[int | None, ...]
BARE = (
    "linear",
    "log_softmax",
)  # activations of scores: a softmax of a log softmax is that softmax


@dataclass(frozen=True)
class Port:
    """One input or output.

    Attributes:
        name: by which arrays are given and taken.
        dtype: NumPy's name of the values that it takes or gives, `float32` or `int32`; of a file,
            before they are quantized.
        shape: of one example, None where any size will do.
        layer: of an output, the layer of a Keras model that decides what its values are.
        kind: that layer's class.
        activation: what the values are: `softmax`, `sigmoid`, `linear` or `log_softmax`; empty if
            that is not known.
    """

    name: str
    dtype: str = "float32"
    shape: Shape = ()
    layer: str = ""
    kind: str = ""
    activation: str = ""

    @property
    def units(self) -> int | None:
        """How many values it has along its last axis; 1 where there is none."""
        return self.shape[-1] if self.shape else 1

    @property
    def bytes(self) -> int:
        """What one example's values take, at least 4 bytes each; an open size counts as 1."""
        return math.prod(size or 1 for size in self.shape) * (8 if "64" in self.dtype else 4)

    @property
    def head(self) -> str:
        """The layer, its class and what it does, in words."""
        units = f"{self.units} unit{'s' if self.units != 1 else ''}"
        does = self.activation or "an activation that is not known here"
        return f"layer {self.layer!r} ({self.kind}, {units}, {does})"

    def fitting(self, shape: Shape) -> Shape | None:
        """The shape in which an example of another fits, a last axis of 1 more or less; or None."""
        candidates = [shape, (*shape, 1)]
        candidates += [shape[:-1]] if shape and shape[-1] == 1 else []
        for candidate in candidates:
            if len(candidate) == len(self.shape) and all(
                wanted in (None, given) for wanted, given in zip(self.shape, candidate, strict=True)
            ):
                return candidate
        return None

    def __str__(self) -> str:
        return f"{self.name} {written(self.shape)} {self.dtype}"


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a model, in its order."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def output(self) -> Port:
        """The first output; most models have no other."""
        return self.outputs[0]

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Signature:
        """What `as_json` has written."""
        return cls(
            *(
                tuple(Port(**{**port, "shape": tuple(port["shape"])}) for port in stored[side])
                for side in ("inputs", "outputs")
            )
        )

    def as_json(self) -> dict[str, Any]:
        """Plain lists and dictionaries."""
        return asdict(self)

    def matched(self, given: Mapping[str, Shape], what: str) -> dict[str, str]:
        """Which of the arrays given goes into which input: by name, else by place and shape.

        Args:
            given: shapes of one example, by name, in order.
            what: gives them, in words.

        Returns:
            The given name for each input's own.

        Raises:
            WeighinError: listing what came and what was wanted, if they are not as many, their
                shapes do not fit, or several fit that have other names.
        """
        names = [port.name for port in self.inputs]
        if len(names) != len(given):
            raise WeighinError(
                f"The model takes {_counted(len(names))} ({self._listed()}), {what} gives "
                f"{_counted(len(given))} ({_listed(given)})."
            )
        by_name = set(names) == set(given)
        pairs = {
            port: port.name if by_name else own
            for port, own in zip(self.inputs, given, strict=True)
        }
        for port, own in pairs.items():
            if port.fitting(given[own]) is None:
                if way_out := _turned(given[own], port.shape):
                    raise WeighinError(
                        f"The model takes inputs of shape {written(port.shape)}, {what} gives "
                        f"{written(given[own])}{'' if len(names) == 1 else f' as {own!r}'}: "
                        f"{way_out}"
                    )
                layer = f" (layer {port.layer!r})" if port.layer else ""
                fits = (*given[own], 1) if len(port.shape) == len(given[own]) + 1 else given[own]
                raise WeighinError(
                    f"The model takes inputs of shape {written(port.shape)}{layer}, {what} gives "
                    f"{written(given[own])}{'' if len(names) == 1 else f' as {own!r}'}: let the "
                    f"model begin with Input({written(fits)}), or give it other data."
                )
        if not by_name and len(names) > 1:
            self._refuse_ambiguous(pairs, given, what)
        return {port.name: own for port, own in pairs.items()}

    def _refuse_ambiguous(
        self, pairs: Mapping[Port, str], given: Mapping[str, Shape], what: str
    ) -> None:
        """Refuse to guess, by their order alone, which of arrays that could change places is which.

        Of other dtypes they could, too: whole numbers are taken for floats, and the other way
        round.
        """
        for at, port in enumerate(self.inputs):
            for other in self.inputs[at + 1 :]:
                if port.fitting(given[pairs[other]]) and other.fitting(given[pairs[port]]):
                    raise WeighinError(
                        f"Which input is which? The model takes {self._listed()}, {what} gives "
                        f"{_listed(given)}: give them the same names."
                    )

    def check_values(
        self, stored: Mapping[str, Any], scales: Mapping[str, float], what: str
    ) -> None:
        """Refuse stored values that an input cannot take as they are.

        Integers and truth values are taken as they are stored, never scaled or rounded.

        Raises:
            WeighinError: naming the input, what it takes and what it would be given.
        """
        for port in self.inputs:
            values = stored[port.name]
            try:
                kind = np.dtype(port.dtype).kind
            except TypeError:
                raise WeighinError(
                    f"Input {port.name!r} takes {port.dtype}, and {what} gives {values.dtype}: let "
                    f"the model begin with Input({written(port.shape)}), or with an Input of whole "
                    f"numbers."
                ) from None
            if kind not in "biu":
                continue
            if scales.get(port.name, 1.0) != 1:
                raise WeighinError(
                    f"Input {port.name!r} takes whole numbers ({port.dtype}), and {what} scales "
                    f"them by {scales[port.name]:g}: leave out scale= for it."
                )
            least, most = (0, 1) if kind == "b" else _limits(port.dtype)
            low, high = values.min(initial=0), values.max(initial=0)
            whole = values.dtype.kind in "biu" or not np.any(values % 1)
            if not whole or low < least or high > most:
                raise WeighinError(
                    f"Input {port.name!r} takes whole numbers ({port.dtype}), and {what} gives "
                    f"{values.dtype} from {low:.6g} to {high:.6g}: store whole numbers, or let the "
                    f"model begin with Input({written(port.shape)})."
                )

    def _listed(self) -> str:
        return ", ".join(map(str, self.inputs))


def _turned(given: Shape, wanted: Shape) -> str:
    """What to do where an image's channels are at its other end; empty if they are not."""
    if len(given) < 2 or len(given) != len(wanted) or None in wanted:
        return ""
    if wanted == (given[-1], *given[:-1]):
        return "its channels come first: store the data so (images by x.transpose(0, 3, 1, 2))."
    if wanted == (*given[1:], given[0]):
        return "its channels come last: store the data so (images by x.transpose(0, 2, 3, 1))."
    return ""


def written(shape: Shape) -> str:
    """A shape in Python's words, `?` where any size will do."""
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(shape) == 1 else ''})"


def _limits(dtype: str) -> tuple[int, int]:
    limits = np.iinfo(dtype)
    return limits.min, limits.max


def _listed(given: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} {written(shape)}" for name, shape in given.items()) or "none"


def _counted(count: int) -> str:
    return f"{count} input{'' if count == 1 else 's'}"
