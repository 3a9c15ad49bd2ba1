"""Training by a recipe: the dense start, and the further epochs that every training step gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weighin import stack
from weighin.core import Dataset, Images, Labels, Recipe, ReferenceModel

CALIBRATION_IMAGES = 200


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
        return self.recipe.finetune_epochs * -(-self.images // self.recipe.batch_size)

    def dense_start(self, model: ReferenceModel) -> Any:
        """Create a reference model and train it by the recipe."""
        stack.start_afresh(self.seed)
        created = model.create(stack.keras())
        self._fit(created, self.recipe.epochs, ())
        return created

    def fit(self, model: Any, callbacks: Sequence[Any] = ()) -> None:
        """Train `model` in place for the recipe's `finetune_epochs`."""
        self._fit(model, self.recipe.finetune_epochs, callbacks)

    def calibration(self) -> Images:
        """Images for calibrating activations: from the training part, never from the test part."""
        return self.dataset.train.inputs(0, min(CALIBRATION_IMAGES, self.images))

    def _fit(self, model: Any, epochs: int, callbacks: Sequence[Any]) -> None:
        stack.keras().utils.set_random_seed(self.seed)
        config = {"learning_rate": self.recipe.learning_rate}
        optimizer = {"class_name": self.recipe.optimizer, "config": config}
        model.compile(
            optimizer=stack.keras().optimizers.deserialize(optimizer),
            loss="sparse_categorical_crossentropy",
        )
        labels: Labels = self.dataset.train.labels[: self.images]
        model.fit(
            self.dataset.train.inputs(0, self.images),
            labels,
            batch_size=self.recipe.batch_size,
            epochs=epochs,
            callbacks=list(callbacks),
            verbose=0,
        )
