"""Everything that decides what a job yields, and the key that it makes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from weighin import grammar, registry
from weighin.build import pretrained
from weighin.build.cache import Cache
from weighin.build.jobs import Job
from weighin.datasets.search import SearchPaths
from weighin.files import key_of
from weighin.formats.keras import read_weights
from weighin.frameworks import tf_keras, training
from weighin.packages import version

TRAINING_PACKAGES = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "numpy")
EXPORT_PACKAGES = ("ai-edge-litert", "ai-edge-quantizer", "flatbuffers")
THREADS = 1  # per worker: weights depend on it, and several workers share the cores better


@dataclass(frozen=True)
class BuildContext:
    """What workers need to know besides their job.

    Attributes:
        cache: where artifacts are kept.
        places: where data are looked for.
        definitions: files and folders that register the models.
    """

    cache: Cache
    places: SearchPaths
    definitions: tuple[Path, ...]

    def key(self, job: Job, dataset_digest: str) -> str:
        """The key under which a job's artifact is kept."""
        return key_of(self.provenance(job, dataset_digest))

    def provenance(self, job: Job, dataset_digest: str) -> dict[str, Any]:
        """Everything that decides what a job yields, parents by their keys."""
        if job.parent is None:
            model = registry.models[job.model]
            published = pretrained.find(model.recipe(job.profile).weights, self.places)
            return {
                "stage": "dense start",
                **(
                    {"weights": published[1], "read": registry.source_digest(read_weights)}
                    if published
                    else {}
                ),
                "model": job.model,
                "source": registry.source_digest(model.create),
                "recipe": model.recipe(job.profile).of_dense_start,
                "dataset_digest": dataset_digest,
                "seed": job.seed,
                "threads": THREADS,
                "builder": [
                    registry.source_digest(each) for each in (tf_keras.read, training.Trainer)
                ],
                "versions": _versions(TRAINING_PACKAGES),
            }
        call = job.export or job.steps[-1]
        function = (registry.exports if job.export else registry.steps)[call.name]
        recipe = registry.models[job.model].recipe(job.profile)
        return {
            "stage": str(call),
            "arguments": grammar.arguments(call, function),
            "source": registry.source_digest(function),
            **(
                {"versions": _versions(EXPORT_PACKAGES)}
                if job.export
                else {"recipe": dataclasses.asdict(recipe)}
            ),
            "parent": self.key(job.parent, dataset_digest),
        }


@cache
def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    return {package: version(package) or "none" for package in packages}
