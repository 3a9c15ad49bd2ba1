"""What is searched from: a finished float file, a Keras model, or a registered one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin import __version__, definitions, packages, registry
from weighin.build.brought import PROFILE
from weighin.build.budgets import Budgets, first_budget
from weighin.build.derived import DerivedFiles
from weighin.build.executors.choosing import executor
from weighin.build.executors.local import SIDE_BY_SIDE
from weighin.build.keys import EXPORT_PACKAGES, BuildContext
from weighin.core import Dataset, SkippedError, WeighinError
from weighin.datasets import bringing, loading
from weighin.datasets.bringing import Brought
from weighin.files import sha256
from weighin.formats import known
from weighin.job import weighing
from weighin.measure.context import build_context
from weighin.searches.making import Built, Derived, Maker, Standing
from weighin.targets.machine import usable_cores


@dataclass(frozen=True)
class Source:
    """What a search begins with.

    Attributes:
        model: its name.
        maker: makes variants of it.
        baseline: the float file.
        dataset: as the user gave it.
        context: where things are.
        task: what is asked, if that is known already.
        profile: of training.
        told: what decides the search's candidates, beside the baseline's file and the data.
        is_file: whether the user brought it, so that `weighin weigh` takes it.
    """

    model: str
    maker: Maker
    baseline: Path
    dataset: Dataset
    context: BuildContext
    task: str | None
    profile: str
    told: Any
    is_file: bool

    def close(self) -> None:
        """End its build processes."""
        executor = getattr(self.maker, "executor", None)
        if executor is not None:
            executor.close()

    @property
    def facts(self) -> dict[str, Any]:
        """All of it that decides what a search tries, as JSON has it."""
        return {
            "baseline": sha256(self.baseline),
            "data": self.dataset.digest,
            "told": self.told,
            "weighin": __version__,
            "versions": {name: packages.version(name) for name in EXPORT_PACKAGES},
        }


def source(named: str, asked: weighing.Asked, profile: str, data_dir: str | None) -> Source:
    """Read what is searched from, and build its baseline.

    Args:
        named: a path, `file.py:function`, or the name of a registered model.
        asked: how it is read; its data.
        profile: the recipe of a registered model; its last one if not given.
        data_dir: where data of registered models are looked for first.

    Raises:
        WeighinError: if there is no such thing, or anything does not fit.
    """
    path = Path(named.rpartition(":")[0] if ".py:" in named else named)
    if not path.exists() and path.suffix == "":
        registered = _registered(named, asked, profile, data_dir)
        if registered is not None:
            return registered
    if profile:
        raise WeighinError(f"--profile is of registered models; {named} is trained by --epochs.")
    if asked.data is None:
        raise WeighinError(
            "A search tells by data whether a variant is worse: give --data "
            "(weighin weigh --help lists the kinds)."
        )
    format = known.of_file(named)
    run = weighing.planned([named], dataclasses.replace(asked, variants=(), cluster=""))
    files, context = run.context.artifacts, run.context.build_context
    if isinstance(files, DerivedFiles):
        if asked.cluster:
            raise WeighinError("--cluster builds Keras models; variants of a file are made here.")
        files.want(["int4"])  # refuses what no variants can be made of
        files.want([])
        maker = Derived(files)
        data = loading.load_cached(files.dataset, context.search)
        return Source(
            files.model, maker, maker.baseline, data, context, asked.task, files.profile, "", True
        )
    if format is not None and format.finished:
        raise WeighinError(f"{named}: variants are made of .tflite files and Keras models.")
    model = run.settings.suite.models[0]
    return _built(model, PROFILE, context, asked.cluster, is_file=True)


def validation(
    spec: str | Path | Brought | None, asked: weighing.Asked, cache: Path
) -> Dataset | None:
    """Data to choose by that the user gives; None if none are given."""
    if spec is None:
        return None
    given = spec if isinstance(spec, Brought) else bringing.bring(spec, asked.reading, cache)
    brought = dataclasses.replace(given, name=f"{given.name} (--validation)")
    bringing.register(brought)
    return loading.load_cached(brought.name, build_context(asked.cache_dir, None).search)


def _registered(
    name: str, asked: weighing.Asked, profile: str, data_dir: str | None
) -> Source | None:
    """A registered model; None if there is none of that name."""
    places = definitions.default_definitions(Path())
    definitions.load_definitions(places)
    if name not in registry.models:
        return None
    if asked.data is not None:
        raise WeighinError(f"{name} is a registered model, whose recipe names its data: no --data.")
    chosen = profile or list(registry.models[name].profiles)[-1]
    registry.models[name].recipe(chosen)  # refuses what it has not
    context = build_context(asked.cache_dir, data_dir, places)
    return _built(name, chosen, context, asked.cluster, is_file=False)


def _built(
    model: str, profile: str, context: BuildContext, cluster: str, *, is_file: bool
) -> Source:
    recipe = registry.models[model].recipe(profile)
    data = loading.load_cached(recipe.dataset, context.search)
    first = 1 if data.test_only else first_budget(data.training_examples, recipe.batch_size)
    budgets = Budgets(model, profile, first)
    budgets.register()
    context = dataclasses.replace(context, brought=(*context.brought, budgets))
    workers = SIDE_BY_SIDE if cluster else min(SIDE_BY_SIDE, usable_cores())
    standing = Standing(executor(cluster, workers, stays=True))
    epochs = [] if data.test_only else budgets.epochs
    maker = Built(context, recipe.dataset, budgets, standing, epochs, workers)
    try:
        baseline, task = maker.baseline, maker.task
    except SkippedError as reason:
        maker.executor.close()
        raise WeighinError(f"Nothing can be searched: {reason}") from None
    except BaseException:
        maker.executor.close()
        raise
    told = {key: str(value) for key, value in recipe.described.items()}
    return Source(model, maker, baseline, data, context, task, profile, told, is_file)
