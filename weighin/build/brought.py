"""What a run registers without a file of definitions: trained models that somebody brings.

Build workers are processes of their own, which register the same anew. So all of it can be handed
to another process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from weighin import registry
from weighin.core import ModelFile, Recipe, ReferenceModel, WeighinError
from weighin.frameworks import versions

PROFILE = "weigh"  # of models that are brought


class Brought(Protocol):
    """Something that can be handed to another process and registered there."""

    def register(self) -> None:
        """Register it in this process; a second time changes nothing."""
        ...


@dataclass(frozen=True)
class BroughtModel:
    """A trained model in a file.

    Attributes:
        source: the file, as `weighin.formats.model_file` has found it sound.
        recipe: what it is weighed on, and how steps train it further; its `epochs` are 0.
    """

    source: ModelFile
    recipe: Recipe

    def register(self) -> None:
        """Register it as a reference model with the one profile `weigh`.

        Raises:
            WeighinError: if the recipe would train the dense start, or the Keras that wrote the
                file is not to be had beside the TensorFlow that is installed.
        """
        check_readable(self.source)
        if self.recipe.epochs or self.recipe.weights is not None:
            raise WeighinError(
                f"Model {self.source.name!r} is trained already: epochs=0, and no weights=."
            )
        profiles = {PROFILE: self.recipe}
        model = ReferenceModel(self.source.name, _from_file, profiles, self.source)
        registry.models.add(self.source.name, model)


def check_readable(source: ModelFile) -> None:
    """Refuse a file that no Keras here can read.

    Raises:
        WeighinError: if Keras 3 wrote it, which the TensorFlow that is installed goes without.
    """
    if source.keras == 3 and (reason := versions.why_no_keras_3()):
        raise WeighinError(f"{source.path} was written by Keras 3. {reason}")


def _from_file(keras: Any) -> Any:
    """A trained model from a file."""
    raise AssertionError("its source is read instead")
