"""Training by a recipe: the dense start, and the further epochs that every training step gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import (
    Array,
    Arrays,
    Dataset,
    Recipe,
    ReferenceModel,
    Signature,
    Task,
    WeighinError,
)
from weighin.core.signature import written
from weighin.formats.keras import read_weights
from weighin.frameworks import fitting, heads, loading, process, tf_keras
from weighin.frameworks.direct import DirectModel
from weighin.named import taken
from weighin.tasks import inferring

CALIBRATION_EXAMPLES = 200
SETTLING_EXAMPLES = 8


def create(model: ReferenceModel, seed: int, dataset: Dataset | None = None) -> Any:
    """What a model's function returns or its file holds, with all generators seeded.

    A model of Keras 3 is moved to Keras 2; what Keras 2 does not have goes directly.

    Args:
        model: the reference model.
        seed: of all generators.
        dataset: gives shapes to a model of Keras 3 without any, and examples to compare it by.

    Raises:
        WeighinError: if that is no model of Keras.
    """
    tf_keras.start_afresh(seed)
    if model.source is not None:
        return loading.load(model.source, dataset)
    created = loading.taken(model.create(process.keras()), model.name, dataset)
    if not isinstance(created, DirectModel):
        tf_keras.check_keras(created, f"what the function of model {model.name!r} returns")
    return created


@dataclass(frozen=True)
class DenseStart:
    """What all variants of a model start from.

    Attributes:
        model: a Keras model.
        signature: what it takes and gives.
        task: what it is asked.
        trained: whether anybody has trained it, here or before.
    """

    model: Any
    signature: Signature
    task: Task
    trained: bool


@dataclass(frozen=True)
class Trainer:
    """What a step may ask of training.

    Attributes:
        recipe: how the model at hand is trained.
        dataset: fed to the model at hand; only its training part is ever used here, and of data
            without one nothing but shapes and what targets are.
        seed: of the shuffling, dropout and initial weights.
    """

    recipe: Recipe
    dataset: Dataset
    seed: int

    @property
    def examples(self) -> int:
        """How many examples are trained on; the rest, at the end, is the validation split."""
        whole = self.dataset.training_examples
        return whole - round(whole * self.recipe.validation_split)

    @property
    def finetune_steps(self) -> int:
        """How many training steps `fit` takes, for schedules."""
        return self.recipe.finetune_epochs * self.steps_per_epoch

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has."""
        return -(-self.examples // self.recipe.batch_size)

    def dense_start(
        self,
        model: ReferenceModel,
        weights: Path | None = None,
        check: Callable[[Any], None] = lambda created: None,
    ) -> DenseStart:
        """Create a reference model, and train it by the recipe or give it published weights.

        With neither, a model whose weights come from its function stays as it is; random ones stay
        random, and batch normalization fits the training inputs, where there are some.

        Args:
            model: a reference model.
            weights: a file of published ones, if it is at hand.
            check: refuses what the model's function returned, if need be.

        Raises:
            WeighinError: if the file of weights is damaged or does not fit the model, the
                function returns no Keras 2 model, model, task and data do not fit together, or the
                data to be trained on have no training part.
        """
        if weights is None and self.recipe.epochs:
            self.dataset.require_training("Training")  # before the model is created
        created = create(model, self.seed, self.dataset)
        check(created)
        signature, task, fed = self.fitted(model, created)
        trainer = replace(self, dataset=fed)
        trained = True
        if isinstance(created, DirectModel) and (weights is not None or self.recipe.epochs):
            raise WeighinError(
                f"Model {model.name!r} cannot be trained here: {created.why}, which the "
                f"optimization toolkit works on. Let its function return it trained, with epochs=0."
            )
        if weights is not None:
            tf_keras.set_weights(created, read_weights(weights), str(weights))
        elif self.recipe.epochs:
            trainer._fit(created, self.recipe.epochs, self.recipe.learning_rate, self.recipe.decay)
        elif model.source is None and self._draws_weights(model, created):
            trained = False
            if not self.dataset.test_only:  # what is tested on decides nothing of the model
                fitting.settle(created, trainer._first_inputs(SETTLING_EXAMPLES))
        return DenseStart(created, signature, task, trained)

    def fitted(self, model: ReferenceModel, created: Any) -> tuple[Signature, Task, Dataset]:
        """What a created model takes and gives, what it is asked, and the data as it takes them.

        Args:
            model: the reference model.
            created: what its function returned.

        Raises:
            WeighinError: if model, task, loss and data do not fit together.
        """
        try:
            heads.build(created, self.dataset)
            signature = heads.signature_of(created)
            fed = self.dataset.fed_to(signature)
            heads.check_ids(created, fed)
            task = inferring.checked(signature, fed, self.recipe.task, self.recipe.loss)
            if self.recipe.epochs or (self.recipe.finetune_epochs and task.needs_targets):
                task.loss(signature, fed, self.recipe.loss)
            if self.recipe.shift or self.recipe.mirror:
                _check_moved(self.recipe, task, fed)
        except WeighinError as error:
            raise WeighinError(f"Model {model.name!r}: {error}") from None
        return signature, task, fed

    def fit(
        self,
        model: Any,
        callbacks: Sequence[Any] = (),
        masks: Sequence[tuple[Any, Any]] | None = None,
    ) -> None:
        """Train `model` in place for the recipe's `finetune_epochs`.

        Args:
            model: a Keras model.
            callbacks: Keras callbacks.
            masks: pairs of a weight and what it is multiplied by after every training step. If not
                given, kernel weights that are zero stay zero: what an earlier step pruned.

        Raises:
            WeighinError: if the model is not of Keras 2, or no loss fits its head.
        """
        tf_keras.check_keras(model)
        recipe = self.recipe
        if masks is None:
            masks = fitting.zeros_kept(model)
        rate = recipe.finetune_learning_rate or recipe.learning_rate
        decay = recipe.finetune_decay or recipe.decay
        self._fit(fitting.masked(model, masks), recipe.finetune_epochs, rate, decay, callbacks)

    def require_epochs(self, step: str) -> None:
        """Refuse a recipe without epochs, and data without a training part, for a step of training.

        Raises:
            WeighinError: naming the step.
        """
        if not self.recipe.finetune_epochs:
            raise WeighinError(
                f"{step} works by training, and there are no epochs of it: give some by --epochs "
                f"of weighin weigh, or by finetune_epochs of a recipe."
            )
        self.dataset.require_training(step)

    def calibration(self) -> dict[str, Array]:
        """Inputs for calibrating activations: from the training part, never from the test part.

        Raises:
            WeighinError: if there is no training part.
        """
        self.dataset.require_training("Calibrating")
        return self._first_inputs(CALIBRATION_EXAMPLES)

    def _draws_weights(self, model: ReferenceModel, created: Any) -> bool:
        """Whether a model's function draws weights at random, and does not bring trained ones.

        Those that it draws differ from seed to seed.
        """
        other = create(model, self.seed + 1, self.dataset)
        heads.build(other, self.dataset)
        tf_keras.start_afresh(self.seed)
        drawn = [[weight.numpy() for weight in each.weights] for each in (created, other)]
        return len(set(map(len, drawn))) > 1 or not all(map(np.array_equal, *drawn))

    def _first_inputs(self, most: int) -> dict[str, Array]:
        return self.dataset.train.inputs(0, min(most, self.examples))

    def _fit(
        self, model: Any, epochs: int, rate: float, decay: str, callbacks: Sequence[Any] = ()
    ) -> None:
        process.keras().utils.set_random_seed(self.seed)
        recipe = self.recipe
        if not epochs:
            return
        self.dataset.require_training("Training")
        signature = heads.signature_of(model)
        task = inferring.task_of(signature, self.dataset, recipe.task)
        loss = heads.keras_loss(task.loss(signature, self.dataset, recipe.loss))
        config = {"learning_rate": rate}
        optimizer = process.keras().optimizers.deserialize(
            {"class_name": recipe.optimizer, "config": config}
        )
        if decay == "cosine":
            steps = epochs * self.steps_per_epoch
            optimizer.learning_rate = process.keras().optimizers.schedules.CosineDecay(rate, steps)
        model.compile(optimizer=optimizer, loss=loss)
        fitting.create_state(model)
        train = self.dataset.train
        stored = taken(train.stored, slice(self.examples))
        learned = _first(_in_order(task.learned(train), signature, self.dataset), self.examples)
        generator = np.random.default_rng(self.seed)
        changes = bool(recipe.shift or recipe.mirror)
        for part in [range(e, e + 1) for e in range(epochs)] if changes else [range(epochs)]:
            order = int(generator.integers(2**31))
            moved = augmented(stored, generator, recipe.shift, mirror=recipe.mirror)
            seen = replace(train, stored=moved)
            model.fit(
                fitting.batches(seen, learned, recipe.batch_size, order),
                initial_epoch=part.start,
                epochs=part.stop,
                callbacks=list(callbacks),
                verbose=0,
            )


def augmented(
    inputs: Arrays, generator: np.random.Generator, shift: int, *, mirror: bool
) -> Arrays:
    """Images moved at random, the border filled with their edge values, and mirrored at random.

    Args:
        inputs: by name; those of images, `(n, height, width, channels)`, are changed.
        generator: of the shifts, which differ from image to image.
        shift: by up to how many pixels each is moved.
        mirror: whether every second image, on average, is turned left to right.
    """
    if not shift and not mirror:
        return inputs
    return {
        name: _moved(values, generator, shift, mirror=mirror) if values.ndim == 4 else values
        for name, values in inputs.items()
    }


def _moved(images: Array, generator: np.random.Generator, shift: int, *, mirror: bool) -> Array:
    height, width = images.shape[1:3]
    moved = np.empty_like(images)
    down, right = generator.integers(0, 2 * shift + 1, (2, len(images)))
    for y in range(2 * shift + 1):
        for x in range(2 * shift + 1):
            chosen = np.flatnonzero((down == y) & (right == x))
            padding = ((0, 0), (shift, shift), (shift, shift), (0, 0))
            padded = np.pad(images[chosen], padding, mode="edge")
            moved[chosen] = padded[:, y : y + height, x : x + width]
    if mirror:
        turned = np.flatnonzero(generator.random(len(images)) < 0.5)
        moved[turned] = moved[turned, :, ::-1]
    return moved


def _in_order(
    learned: Array | dict[str, Array], signature: Signature, dataset: Dataset
) -> Array | tuple[Array, ...]:
    """What is learned, of several outputs in their order.

    Raises:
        WeighinError: if targets have other names than outputs; it lists both.
    """
    if not isinstance(learned, dict):
        return learned
    names = [port.name for port in signature.outputs]
    if set(names) != set(learned):
        raise WeighinError(
            f"The model answers {', '.join(names)}; the targets of data set {dataset.name!r} are "
            f"{', '.join(learned) or 'none'}: give them the same names."
        )
    return tuple(learned[name] for name in names)


def _first(learned: Array | tuple[Array, ...], count: int) -> Array | tuple[Array, ...]:
    if isinstance(learned, tuple):
        return tuple(values[:count] for values in learned)
    return learned[:count]


def _check_moved(recipe: Recipe, task: Task, dataset: Dataset) -> None:
    """Refuse to move images under what says where in them something is.

    Raises:
        WeighinError: naming the recipe's arguments.
    """
    learned = task.learned(dataset.train)
    several = list(learned.values() if isinstance(learned, dict) else [learned])
    if any(values.ndim > 2 for values in several):
        shapes = ", ".join(written(values.shape[1:]) for values in several)
        raise WeighinError(
            f"Recipe(shift={recipe.shift}, mirror={recipe.mirror}) moves the images alone, and "
            f"what is learned of them, {shapes}, has places too: leave out shift= and mirror=."
        )
