"""A registered model's recipe with fewer further epochs, as profiles of its own."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from weighin import registry

FACTOR = 3  # of one budget of epochs to the next
FEWEST_STEPS = 100  # of training, below which nothing is learned that tells more


def budgets(epochs: int, first: int = 1) -> list[int]:
    """How many further epochs are tried one after the other: 1, 3, 9 …, and all of the recipe's.

    None that is near the last.

    Args:
        epochs: of the recipe.
        first: the fewest that are tried.
    """
    few, tried = first, list[int]()
    while few < epochs and (few == 1 or 2 * few <= epochs):
        tried.append(few)
        few *= FACTOR
    return [*tried, epochs] if epochs else []


def first_budget(examples: int, batch_size: int) -> int:
    """The fewest epochs that make a training.

    Args:
        examples: to train on.
        batch_size: of them in a step.
    """
    return math.ceil(FEWEST_STEPS * batch_size / max(1, examples))


@dataclass(frozen=True)
class Budgets:
    """Recipes of fewer further epochs, as profiles of a model beside its own.

    Build workers register it after the model.

    Attributes:
        model: its name.
        profile: its own one.
        first: the fewest epochs.
    """

    model: str
    profile: str
    first: int = 1

    @property
    def epochs(self) -> list[int]:
        """Of each, the fewest first; the recipe's own are the last."""
        return budgets(registry.models[self.model].recipe(self.profile).finetune_epochs, self.first)

    def name(self, epochs: int) -> str:
        """The profile of so many epochs."""
        own = registry.models[self.model].recipe(self.profile).finetune_epochs
        return self.profile if epochs == own else f"{self.profile}-{epochs}"

    def register(self) -> None:
        """Register the profiles; a second time changes nothing."""
        model = registry.models[self.model]
        recipe = model.recipe(self.profile)
        profiles = {
            self.name(epochs): dataclasses.replace(recipe, finetune_epochs=epochs)
            for epochs in self.epochs
        }
        registry.models.add(
            self.model, dataclasses.replace(model, profiles={**model.profiles, **profiles})
        )
