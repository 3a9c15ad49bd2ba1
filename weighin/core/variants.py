"""How a model is compressed, and the file that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core.errors import WeighinError
from weighin.core.signature import Signature


@dataclass(frozen=True)
class Call:
    """One word of a variant's name: a step or export and its normalized arguments.

    `arguments` holds only what differs from the defaults, positional ones first.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    positional: int = 0

    def __str__(self) -> str:
        if not self.arguments:
            return self.name
        words = [str(value) for _, value in self.arguments[: self.positional]]
        words += [f"{key}={value}" for key, value in self.arguments[self.positional :]]
        return f"{self.name}({','.join(words)})"


@dataclass(frozen=True)
class Searched:
    """What `weighin search` tries of a step.

    Attributes:
        place: among the steps of a variant, the lowest first: what narrows a model comes before
            what prunes it.
        values: by an argument's name, the values that are tried. Numbers stand from mild to bold;
            of the first argument none at all is tried, too: a variant without the step.
    """

    place: int
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """Steps and one export; its name is its id everywhere."""

    steps: tuple[Call, ...]
    export: Call

    @property
    def name(self) -> str:
        """The one name of this variant: `baseline`, `prune(0.8)+int8`."""
        calls = [str(step) for step in self.steps]
        if self.export.name != "float32":
            calls.append(str(self.export))
        return "+".join(calls) or "baseline"


@dataclass(frozen=True)
class Artifact:
    """A file on disk and everything that went into it.

    Attributes:
        format: the file's ending: a `Format`'s name, or `savedmodel.zip` of a model that is no
            Keras 2 model and is converted as it is.
        answers: `.npz` file of the Keras model's outputs for the first test examples, by name,
            each `(n, …)`: what any runtime's answers are held against. None of a finished file,
            whose Keras model nobody has seen.
        provenance: model, stage, recipe, seed, digests and versions, as hashed into the key.
        seconds: what building it took, its parents not counted.
        facts: what else was seen while it was built, that decides nothing: `signature` of the
            Keras model, its `task`, whether it is `trained`, and `calibration`; of a finished file
            its `own_names` of `inputs` and `outputs`, where they differ from the signature's.
    """

    key: str
    path: Path
    format: str
    sha256: str
    bytes: int
    answers: Path | None
    provenance: Mapping[str, Any]
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def signature(self) -> Signature:
        """What the Keras model that the file came from takes and gives."""
        return Signature.of_json(self.facts["signature"])

    def outputs(self) -> dict[str, npt.NDArray[Any]]:
        """The Keras model's outputs for the first test examples, by name, each `(n, …)`.

        Raises:
            WeighinError: if there is none.
        """
        if self.answers is None:
            raise WeighinError(f"{self.path.name} comes without the Keras model that it is of.")
        with np.load(self.answers, allow_pickle=False) as archive:
            return dict(archive)

    @property
    def trained(self) -> bool:
        """Whether anybody has trained the model, here or before."""
        return bool(self.facts.get("trained", True))


@dataclass(frozen=True)
class Failure:
    """Why something could not be built or measured.

    Attributes:
        reason: in one line.
        log: what the process that tried wrote, if it was one; no part of why.
        skipped: whether it was left out, as what cannot be had of this model, rather than tried.
    """

    reason: str
    log: Path | None = field(default=None, compare=False)
    skipped: bool = False
