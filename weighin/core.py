"""The nouns of weighin: frozen dataclasses and two protocols, no I/O, no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.integer[Any]]
Scope = Literal["artifact", "evaluation", "start", "inference", "pair"]
Status = Literal["ok", "failed", "skipped", "not measured"]


class WeighinError(Exception):
    """What was wrong, where, and the way out: shown to the user without a traceback."""


class DataNotFoundError(WeighinError):
    """A data set is in none of the places where it was looked for."""


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes:
        images: `(n, height, width, channels)`, uint8 or float32, as stored.
        labels: `(n,)` class numbers from 0.
        scale: what stored values are multiplied by to become model inputs.
    """

    images: npt.NDArray[Any]
    labels: Labels
    scale: float = 1.0

    def __len__(self) -> int:
        return len(self.labels)

    def inputs(self, start: int = 0, stop: int | None = None) -> Images:
        """Model inputs `start:stop`: float32 `(n, height, width, channels)`, scaled."""
        inputs: Images = np.multiply(
            self.images[start:stop], np.float32(self.scale), dtype=np.float32
        )
        return inputs


@dataclass(frozen=True)
class Dataset:
    """Arrays with a checksum over their decoded bytes; a subset has a name of its own.

    Attributes:
        unlabelled: why its labels mean nothing, such as images of noise; empty where they do.
            Accuracy is then `not measured`, for this reason; all else is measured as ever.
    """

    name: str
    classes: int
    digest: str
    train: Split
    test: Split
    unlabelled: str = ""


@dataclass(frozen=True)
class Weights:
    """Published weights that a dense start is made of where their file is at hand.

    Attributes:
        file: path of an .h5 or .keras file, relative to the data folder or to weighin's cache.
        sha256: of the file; empty where any content will do whose shapes fit.
        application: name in `keras.applications` whose ImageNet weights become such a file;
            empty for weights that have to be brought.
    """

    file: str
    sha256: str = ""
    application: str = ""


@dataclass(frozen=True)
class Recipe:
    """How a reference model is trained.

    Attributes:
        dataset: name of a registered data set.
        epochs: of the dense start; with 0 its weights are random, or those of `weights`.
        finetune_epochs: further epochs that every training step (`prune`, `finetune`) gets; with 0
            a step compresses at once.
        batch_size: images per training step.
        learning_rate: of the optimizer, for the dense start and after.
        validation_split: the last part of the training images that is held out.
        optimizer: a Keras optimizer's name.
        decay: `cosine` lets the learning rate fall to 0 in each training, the dense start and every
            step alike (Loshchilov and Hutter 2017, "SGDR").
        shift: by up to how many pixels each epoch moves the training images anew, up or down and
            left or right.
        mirror: whether each epoch turns every second one, on average, left to right.
        finetune_learning_rate: of the further epochs, if not `learning_rate`.
        finetune_decay: of the further epochs, if not `decay`.
        density: for `prune(…, scope=recipe)`, how many times as dense as the other layers the
            named ones stay; first and last layers usually bear less pruning.
        weights: published ones that make the dense start instead of training, where they are found.
    """

    dataset: str
    epochs: int
    finetune_epochs: int
    batch_size: int = 128
    learning_rate: float = 1e-3
    validation_split: float = 0.0
    optimizer: str = "adam"
    decay: Literal["constant", "cosine"] = "constant"
    shift: int = 0
    mirror: bool = False
    finetune_learning_rate: float | None = None
    finetune_decay: Literal["constant", "cosine"] | None = None
    density: Mapping[str, float] = field(default_factory=dict)
    weights: Weights | None = None

    @property
    def of_dense_start(self) -> dict[str, Any]:
        """What the dense start depends on, by name; the rest counts for later steps alone."""
        own = ("finetune_epochs", "finetune_learning_rate", "finetune_decay", "density")
        return {name: value for name, value in asdict(self).items() if name not in own}


@dataclass(frozen=True)
class Anchor:
    """A published compression of a model, to stand beside one's own in `weighin record`.

    Attributes:
        source: who published it, and when.
        times: how many times smaller than the dense model it is said to be.
        counted: what was divided by what.
        alike: whether that is what weighin divides: 4 bytes per parameter of the dense model by
            a loadable file after gzip -9.
    """

    source: str
    times: float
    counted: str
    alike: bool = False


@dataclass(frozen=True)
class ReferenceModel:
    """A function that returns an untrained Keras model, and how to train it.

    Attributes:
        create: called with the Keras module, returns a model whose last layer is a softmax.
        profiles: a recipe per profile, such as `quick` and `full`.
    """

    name: str
    create: Callable[[Any], Any]
    profiles: Mapping[str, Recipe]

    def recipe(self, profile: str) -> Recipe:
        """The recipe of a profile.

        Raises:
            WeighinError: if the model has no such profile.
        """
        try:
            return self.profiles[profile]
        except KeyError:
            known = ", ".join(self.profiles)
            raise WeighinError(
                f"Model {self.name!r} has no profile {profile!r}; it has: {known}."
            ) from None


@dataclass(frozen=True)
class Suite:
    """Which models and variants are weighed together, and by which training profile.

    Attributes:
        variants: of every model, or of each model by its name.
        seeds: how many times each model is trained.
    """

    name: str
    profile: str
    models: tuple[str, ...]
    variants: tuple[str, ...] | Mapping[str, tuple[str, ...]]
    seeds: int = 1

    def variants_of(self, model: str) -> tuple[str, ...]:
        """The variants that a model is weighed in.

        Raises:
            WeighinError: if the suite names variants for each of its models, and this is none.
        """
        if isinstance(self.variants, tuple):
            return self.variants
        try:
            return self.variants[model]
        except KeyError:
            known = ", ".join(self.variants)
            raise WeighinError(
                f"Suite {self.name!r} has no variants for the model {model!r}, only for: {known}. "
                f"Name some: --weighin-variants."
            ) from None


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
        format: the file's ending, `tflite` or `h5`.
        answers: `.npy` file of the Keras model's scores for the first test images,
            `(n, classes)` float32: what any runtime's answers are held against.
        provenance: model, stage, recipe, seed, digests and versions, as hashed into the key.
        seconds: what building it took, its parents not counted.
    """

    key: str
    path: Path
    format: str
    sha256: str
    bytes: int
    answers: Path
    provenance: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True)
class Failure:
    """Why something could not be built or measured."""

    reason: str


@dataclass(frozen=True)
class Skip:
    """Why a metric does not apply; its record says `skipped`, or what else `status` says."""

    reason: str
    status: Literal["skipped", "not measured"] = "skipped"


@dataclass(frozen=True)
class Figure:
    """What a metric yields.

    Attributes:
        value: in the metric's unit (seconds and bytes, never ms or kB).
        low: lower end of the 95 % interval; None where the value is exact.
        high: upper end of the 95 % interval.
        n: how many images, rounds or processes the value rests on.
        samples: the raw measurements, where there are any.
        verdict: what a comparison with the baseline comes to: `faster`, `no evidence` …
        note: what else a reader should know, such as why measuring ended.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    samples: tuple[float, ...] = ()
    verdict: str = ""
    note: str = ""


@dataclass(frozen=True)
class Record:
    """One row per figure: a new metric changes no schema."""

    model: str
    dataset: str
    variant: str
    seed: int
    format: str
    runtime: str
    threads: int
    metric: str
    unit: str
    status: Status
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    reason: str = ""
    verdict: str = ""
    note: str = ""
    artifact: str = ""
    samples: tuple[float, ...] = ()


@dataclass(frozen=True)
class Results:
    """What one file of results holds."""

    environment: Mapping[str, Any]
    records: tuple[Record, ...] = ()


class Session(Protocol):
    """An artifact opened by a runtime, ready to answer."""

    @property
    def delegated(self) -> tuple[int, int] | None:
        """How many operators run in a delegate, and how many there are; None if unknown."""
        ...

    def predict(self, images: Images) -> Scores:
        """Scores `(n, classes)` for `images` `(n, height, width, channels)`."""
        ...

    def inference(self, image: Images) -> Callable[[], Any]:
        """Set one image `(1, height, width, channels)`; return the call that answers it."""
        ...

    def answer(self) -> Scores:
        """Scores `(1, classes)` of the last call that `inference` returned."""
        ...

    def close(self) -> None:
        """Release what the session holds."""
        ...


class Runtime(Protocol):
    """What executes an artifact."""

    @property
    def name(self) -> str:
        """What it is called in options and records."""
        ...

    @property
    def formats(self) -> tuple[str, ...]:
        """The artifacts' formats that it opens."""
        ...

    @property
    def needs_tensorflow(self) -> bool:
        """Whether opening loads TensorFlow into the process."""
        ...

    @property
    def on_request(self) -> bool:
        """Whether a run leaves it out unless `--weighin-runtimes` names it."""
        ...

    def available(self) -> str | None:
        """Why it cannot be used here, or None if it can; loads nothing heavy."""
        ...

    def nothing(self) -> Callable[[], Any] | None:
        """A call that answers next to nothing: its time is the fixed cost of every call."""
        ...

    def load(self) -> None:
        """Import what opening needs, so that a cold start does not time Python's imports."""
        ...

    def open(self, path: Path, threads: int) -> Session:
        """Open the artifact at `path` with so many threads."""
        ...


@dataclass(frozen=True)
class Metric:
    """A figure's name and meaning, and the function that yields it.

    Attributes:
        unit: `B`, `s`, `1/s`, or empty for counts and shares.
        better: which direction is good; empty where neither is.
        scope: the operation whose outcome `compute` is given (see `weighin.measure`).
        machine_bound: whether figures of different machines must never be compared.
    """

    name: str
    unit: str
    better: Literal["lower", "higher", ""]
    scope: Scope
    machine_bound: bool
    compute: Callable[[Any], Figure | Skip]
    summary: str
