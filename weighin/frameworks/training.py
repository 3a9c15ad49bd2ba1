"""Training by a recipe: the dense start, and the further epochs that every training step gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import Dataset, Images, Labels, Recipe, ReferenceModel, WeighinError
from weighin.formats.keras import read_weights
from weighin.frameworks import fitting, heads, process, tf_keras

CALIBRATION_IMAGES = 200
SETTLING_IMAGES = 8


def create(model: ReferenceModel, seed: int) -> Any:
    """What a model's function returns, with all generators seeded.

    Raises:
        WeighinError: if that is no Keras 2 model.
    """
    tf_keras.start_afresh(seed)
    created = model.create(process.keras())
    tf_keras.check_keras(created, f"what the function of model {model.name!r} returns")
    return created


@dataclass(frozen=True)
class Trainer:
    """What a step may ask of training.

    Attributes:
        recipe: how the model at hand is trained.
        dataset: only its training part is ever used here.
        seed: of the shuffling, dropout and initial weights.
    """

    recipe: Recipe
    dataset: Dataset
    seed: int

    @property
    def images(self) -> int:
        """How many images are trained on; the rest, at the end, is the validation split."""
        held_out = round(len(self.dataset.train) * self.recipe.validation_split)
        return len(self.dataset.train) - held_out

    @property
    def finetune_steps(self) -> int:
        """How many training steps `fit` takes, for schedules."""
        return self.recipe.finetune_epochs * self.steps_per_epoch

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has."""
        return -(-self.images // self.recipe.batch_size)

    def dense_start(self, model: ReferenceModel, weights: Path | None = None) -> Any:
        """Create a reference model, and train it by the recipe or give it published weights.

        With neither, weights are random and batch normalization fits the training images.

        Raises:
            WeighinError: if the file of weights is damaged or does not fit the model, the
                function returns no Keras 2 model, or one whose shapes or head do not fit the data.
        """
        created = create(model, self.seed)
        heads.check_shapes(created, self.dataset, self.recipe, model.name)
        if weights is not None:
            tf_keras.set_weights(created, read_weights(weights), str(weights))
        elif self.recipe.epochs:
            self._fit(created, self.recipe.epochs, self.recipe.learning_rate, self.recipe.decay)
        else:
            fitting.settle(created, self.calibration()[:SETTLING_IMAGES])
        return created

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
        """Refuse a recipe without further epochs, for a step that works by training alone.

        Raises:
            WeighinError: naming the step.
        """
        if not self.recipe.finetune_epochs:
            raise WeighinError(
                f"{step} works by training, and the recipe has finetune_epochs=0: give it epochs."
            )

    def calibration(self) -> Images:
        """Images for calibrating activations: from the training part, never from the test part."""
        return self.dataset.train.inputs(0, min(CALIBRATION_IMAGES, self.images))

    def _fit(
        self, model: Any, epochs: int, rate: float, decay: str, callbacks: Sequence[Any] = ()
    ) -> None:
        process.keras().utils.set_random_seed(self.seed)
        recipe = self.recipe
        if not epochs:
            return
        loss = heads.loss_for(model, recipe, self.dataset.classes)
        config = {"learning_rate": rate}
        optimizer = process.keras().optimizers.deserialize(
            {"class_name": recipe.optimizer, "config": config}
        )
        if decay == "cosine":
            steps = epochs * self.steps_per_epoch
            optimizer.learning_rate = process.keras().optimizers.schedules.CosineDecay(rate, steps)
        model.compile(optimizer=optimizer, loss=loss)
        images = self.dataset.train.inputs(0, self.images)
        labels: Labels = self.dataset.train.labels[: self.images]
        generator = np.random.default_rng(self.seed)
        changes = bool(recipe.shift or recipe.mirror)
        for part in [range(e, e + 1) for e in range(epochs)] if changes else [range(epochs)]:
            order = int(generator.integers(2**31))
            seen = augmented(images, generator, recipe.shift, mirror=recipe.mirror)
            model.fit(
                fitting.batches(seen, labels, recipe.batch_size, order),
                initial_epoch=part.start,
                epochs=part.stop,
                callbacks=list(callbacks),
                verbose=0,
            )


def augmented(
    images: Images, generator: np.random.Generator, shift: int, *, mirror: bool
) -> Images:
    """Images moved at random, the border filled with their edge values, and mirrored at random.

    Args:
        images: `(n, height, width, channels)`.
        generator: of the shifts, which differ from image to image.
        shift: by up to how many pixels each is moved.
        mirror: whether every second image, on average, is turned left to right.
    """
    if not shift and not mirror:
        return images
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
