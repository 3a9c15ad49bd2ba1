"""A registered model's recipe with fewer further epochs, as profiles of its own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from weighin import registry

FACTOR = 3  # of one budget of epochs to the next


def budgets(epochs: int) -> list[int]:
    """How many further epochs are tried one after the other: 1, 3, 9 …, and all of the recipe's.

    None that is near the last.
    """
    steps, tried = 1, list[int]()
    while steps < epochs and (steps == 1 or 2 * steps <= epochs):
        tried.append(steps)
        steps *= FACTOR
    return [*tried, epochs] if epochs else []


@dataclass(frozen=True)
class Budgets:
    """Recipes of fewer further epochs, as profiles of a model beside its own.

    Build workers register it after the model.

    Attributes:
        model: its name.
        profile: its own one.
    """

    model: str
    profile: str

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
            for epochs in budgets(recipe.finetune_epochs)
        }
        registry.models.add(
            self.model, dataclasses.replace(model, profiles={**model.profiles, **profiles})
        )
