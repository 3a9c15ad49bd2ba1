"""What is weighed: models, how they are trained, and what others have published of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from weighin.core.errors import WeighinError
from weighin.core.tasks import Loss, Task


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
        batch_size: examples per training step.
        learning_rate: of the optimizer, for the dense start and after.
        validation_split: the last part of the training examples that is held out.
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
        loss: what is trained by; if not given, what the model's last layer asks for:
            `crossentropy` where it gives probabilities that add up to 1 (a softmax),
            `crossentropy_from_logits` where it gives bare scores (no activation),
            `binary_crossentropy` where one sigmoid unit gives the probability of class 1 of two.
            To be named where that cannot be told, as after a layer of one's own. Other tasks have
            other losses (`weighin list tasks`); a function is given Keras and returns one.
        task: what the model is asked: a task's name, or a task; if not given, what follows from
            the model's outputs and the targets.
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
    loss: Loss | None = None
    task: str | Task | None = None

    @property
    def of_dense_start(self) -> dict[str, Any]:
        """What the dense start depends on, by name; the rest counts for later steps alone."""
        own = ("finetune_epochs", "finetune_learning_rate", "finetune_decay", "density")
        return {name: value for name, value in self.described.items() if name not in own}

    @property
    def described(self) -> dict[str, Any]:
        """All that a recipe says, by name; functions and tasks as they are."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


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
class ModelFile:
    """A trained model that somebody brings as a file; it can be handed to other processes.

    Attributes:
        name: of the model: usually the file's, without its ending.
        path: a .keras or .h5 file, the folder of a SavedModel, or a .py file.
        function: of a .py file, the function that returns the model; it may take the Keras module.
        weights: a .weights.h5 file that the function's model is given.
        sha256: over the bytes of all of these, by which what is built of them is found again.
        trust: whether code that the file holds (Lambda layers) may run.
        keras: which Keras wrote it, 2 or 3; None where that is not known.
    """

    name: str
    path: Path
    function: str = ""
    weights: Path | None = None
    sha256: str = ""
    trust: bool = False
    keras: int | None = None


@dataclass(frozen=True)
class ReferenceModel:
    """A function that returns an untrained Keras model, and how to train it.

    Attributes:
        create: called with the Keras module, returns a model, of Keras 2 or Keras 3.
        profiles: a recipe per profile, such as `quick` and `full`.
        source: the file that a trained model is read from, in place of calling `create`.
    """

    name: str
    create: Callable[[Any], Any]
    profiles: Mapping[str, Recipe]
    source: ModelFile | None = None

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
        optional: models that are left out, with a reason, where their data are not at hand.
    """

    name: str
    profile: str
    models: tuple[str, ...]
    variants: tuple[str, ...] | Mapping[str, tuple[str, ...]]
    seeds: int = 1
    optional: tuple[str, ...] = ()

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
