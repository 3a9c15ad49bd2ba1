"""Everything that decides what a job yields, and the key that it makes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from weighin import core, grammar, named, registry
from weighin.build import pretrained, purity
from weighin.build.brought import Brought
from weighin.build.cache import Cache
from weighin.build.jobs import Job
from weighin.build.plain import plain
from weighin.core import Failure, NotBuiltError, ReferenceModel, Task, WeighinError
from weighin.datasets.search import SearchPaths
from weighin.files import key_of
from weighin.formats.keras import read_weights
from weighin.frameworks import (
    direct,
    fitting,
    flattening,
    heads,
    keras3,
    loading,
    process,
    tf_keras,
    training,
)
from weighin.frameworks.fingerprint import Fingerprint
from weighin.packages import version
from weighin.targets import machine
from weighin.targets.machine import Processor
from weighin.tasks import inferring

TRAINING_PACKAGES = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "numpy")
EXPORT_PACKAGES = ("ai-edge-litert", "litert-quantizer", "flatbuffers")
THREADS = 1  # per worker: weights depend on it, and several workers share the cores better

# The files that decide a dense start. Steps and exports work with them too and come to depend on
# them by their parent's key; what else they use, such as the toolkit, they name as `uses`.
BUILDERS = (
    *(process, tf_keras, fitting, flattening, heads, training, inferring),
    *(loading, keras3, direct),
    *(core.data, core.signature, core.tasks, named),
)


@dataclass(frozen=True)
class BuildContext:
    """What workers need to know besides their job.

    Attributes:
        cache: where artifacts are kept.
        search: where data are looked for.
        definitions: files and folders that register the models.
        brought: models and more that no file of definitions registers, as trained files that
            somebody brings.
        processor: the kind of it that trains. If not given, this machine's; `build` gives it to
            its workers, for asking the system takes longer than making all keys.
        created: by model and seed, what functions that are not plainly pure returned. `build` asks
            for it, once as long as the context lives, so that all of a run is of the same models.
        pool: what marks the logs of the workers that were started together.
    """

    cache: Cache
    search: SearchPaths
    definitions: tuple[Path, ...]
    processor: Processor | None = None
    brought: tuple[Brought, ...] = ()
    created: dict[tuple[str, int], Fingerprint | Failure] = field(
        default_factory=dict, compare=False
    )
    pool: str = field(default="", compare=False)

    def log(self, pid: int) -> Path:
        """Where a worker writes what it has to say, and no other process of any run."""
        return self.cache.logs / f"build-{self.pool}-{pid}.log"

    def to_ask(self, jobs: Iterable[Job]) -> list[Job]:
        """Dense starts, by model and seed, whose functions have to be called to make their keys."""
        starts = {(job.model, job.seed): job for job in jobs if job.parent is None}
        doubtful = {name for name, _ in starts if _is_asked(registry.models[name])}
        return [
            job for pair, job in starts.items() if pair[0] in doubtful and pair not in self.created
        ]

    def key(self, job: Job, dataset_digest: str) -> str:
        """The key under which a job's artifact is kept."""
        return key_of(self.provenance(job, dataset_digest))

    def provenance(self, job: Job, dataset_digest: str) -> dict[str, Any]:
        """Everything that decides what a job yields, parents by their keys.

        What a model's function returns is decided by its file where that can be told by reading it
        (`weighin.build.purity`); else what it returned is in the key too.

        Trained weights depend on the kind of processor, whose kernels add up in orders of their
        own; published weights are the same everywhere, and so is what is exported of a model.
        """
        if job.parent is None:
            return self._dense_start(job, dataset_digest)
        call = job.export or job.steps[-1]
        function = (registry.exports if job.export else registry.steps)[call.name]
        decisive: dict[str, Any]
        if job.export:
            packages = vars(function).get("packages") or EXPORT_PACKAGES
            decisive = {"versions": _versions(packages)}
        else:
            recipe = registry.models[job.model].recipe(job.profile)
            decisive = {"recipe": _told(recipe.described), "processor": self._processor()}
        return {
            "stage": str(call),
            "arguments": grammar.told(call, function),
            "source": registry.source_digest(function),
            **decisive,
            "parent": self.key(job.parent, dataset_digest),
        }

    def _dense_start(self, job: Job, dataset_digest: str) -> dict[str, Any]:
        model = registry.models[job.model]
        recipe = model.recipe(job.profile)
        published = pretrained.find(recipe.weights, self.search)
        origin: dict[str, Any]
        if published:
            origin = {"weights": published[1], "read": registry.source_digest(read_weights)}
        else:
            origin = {"processor": self._processor()}
        return {
            "stage": "dense start",
            **origin,
            "model": job.model,
            **self._yielded(job, weights_replaced=bool(published)),
            "recipe": _told(recipe.of_dense_start),
            "dataset_digest": dataset_digest,
            "seed": job.seed,
            "threads": THREADS,
            "builder": [registry.source_digest(part) for part in (*BUILDERS, *_tasks())],
            "versions": _versions(TRAINING_PACKAGES),
        }

    def _yielded(self, job: Job, *, weights_replaced: bool) -> dict[str, Any]:
        """What tells the model that a dense start is made of from others."""
        model = registry.models[job.model]
        if model.source is None:
            source = registry.source_digest(model.create)
            return {"source": source, **self._created(job, weights_replaced=weights_replaced)}
        told: dict[str, Any] = {
            "file": model.source.sha256,
            "function": model.source.function,
            "keras": version("keras") or "none",
        }
        if _is_asked(model):
            told |= self._returned(job, "what else its file uses is not known", whole=True)
        return told

    def _created(self, job: Job, *, weights_replaced: bool) -> dict[str, Any]:
        """What tells the model that a function returns from others that it might return."""
        reading = purity.read(registry.models[job.model].create)
        if not reading.doubt:
            return {"constants": key_of(reading.constants)}
        return self._returned(job, reading.doubt, whole=not weights_replaced)

    def _returned(self, job: Job, doubt: str, *, whole: bool) -> dict[str, Any]:
        """What a function returned when it was called; of its weights only if it is taken whole."""
        try:
            created = self.created[job.model, job.seed]
        except KeyError:
            raise WeighinError(
                f"What the function of model {job.model!r} returns was not asked for, and its file "
                f"does not say ({doubt}): run again."
            ) from None
        if isinstance(created, Failure):
            raise NotBuiltError(created.reason, created.log)
        described = dataclasses.asdict(created)
        if not whole:
            del described["weights"]
        return {"created": described}

    def _processor(self) -> dict[str, Any]:
        processor = self.processor or machine.processor()
        return dataclasses.asdict(processor) | {"cpu_features": list(processor.cpu_features)}


def _is_asked(model: ReferenceModel) -> bool:
    """Whether a function has to be called to know what it returns.

    A trained file says so itself; a function of somebody's file that is given weights makes what
    its own file says.
    """
    if model.source is not None:
        return model.source.path.suffix == ".py" and model.source.weights is None
    return bool(purity.read(model.create).doubt)


def _told(said: Mapping[str, Any]) -> Any:
    """What a recipe says, a task that it names included."""
    task = said["task"]
    return plain({**said, "task": registry.tasks[task] if isinstance(task, str) else task})


def _tasks() -> list[type[Task]]:
    """Tasks that a model may be found to be of: they decide what is trained on, by which loss.

    Their order is that of their names, for which of them is registered first depends on what else
    a process has imported.
    """
    kinds = {type(task) for task in registry.tasks.values() if type(task).fits is not Task.fits}
    return sorted(kinds, key=lambda kind: (kind.__module__, kind.__qualname__))


@cache
def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    return {package: version(package) or "none" for package in packages}
