"""What a run's results say of where, when and by what they were measured."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from weighin import packages, registry
from weighin.build import pretrained
from weighin.core import Dataset, Record
from weighin.job.settings import Settings
from weighin.measure import calibration
from weighin.measure.context import RunContext
from weighin.measure.paired import FOUND, NARROW, POWER, enough
from weighin.stats import FEWEST, SMALLEST_SPEEDUP, SPEED_CONFIDENCE
from weighin.targets import machine, state


def environment(
    settings: Settings,
    context: RunContext,
    began: datetime.datetime,
    records: Iterable[Record],
    artifacts: Collection[str] | None = None,
    states: Sequence[state.State] = (),
    functions: Sequence[Path] = (),
) -> dict[str, Any]:
    """Everything that a reader of these records needs to know.

    Args:
        settings: of the run.
        context: what it has built and loaded.
        began: when.
        records: that the results hold.
        artifacts: sha256 of those whose provenance is told; all that were built if not given.
        states: of the machine, before measuring and, once it has ended, after it.
        functions: files of the functions that time.
    """
    records = list(records)
    models = list(dict.fromkeys(record.model for record in records))
    loaded = {
        name: context.load_dataset(name)
        for name in dict.fromkeys(record.dataset for record in records)
    }
    known = calibration.load(context.build_context.cache)
    calibrated = [dataclasses.asdict(known[n]) for n in settings.threads if n in known]
    return {
        "date": f"{began:%Y-%m-%d %H:%M} UTC",
        "suite": settings.suite.name,
        "profile": settings.suite.profile,
        "machine": machine.facts(),
        "states": [dataclasses.asdict(each) for each in states],
        "disturbances": (
            state.disturbances(states[0], states[-1], machine.usable_cores()) if states else []
        ),
        **_devices(context, records),
        "packages": packages.packages(),
        "commit": packages.commit(),
        "code": {
            "weighin": packages.code(),
            "definitions": packages.digest_of_sources(settings.definitions),
            "functions": packages.digest_of_sources(functions),
        },
        "datasets": {
            name: {
                "digest": data.digest,
                "train": data.training_examples,
                "test": len(data.test),
                "examples": data.examples,
                "readings": _readings(name, data, records, context),
            }
            for name, data in loaded.items()
        },
        "files": context.artifacts.told(),
        "weights": _weights(models, settings, context),
        "seeds": settings.suite.seeds,
        "pairs": {
            "seconds": settings.pair_seconds,
            "fewest": FEWEST,
            "narrow": NARROW,
            "enough": round(enough(), 4),
            "found": FOUND,
            "power": POWER,
            "smallest": SMALLEST_SPEEDUP,
            "confidence": SPEED_CONFIDENCE,
        },
        "margin": settings.margin,
        "calibration": calibrated[0] if calibrated else None,
        "calibrations": calibrated,
        "anchors": {
            name: [dataclasses.asdict(anchor) for anchor in registry.anchors[name]]
            for name in models
            if name in registry.anchors
        },
        "artifacts": context.artifacts.origins(artifacts),
    }


def _devices(context: RunContext, records: Iterable[Record]) -> dict[str, Any]:
    """What devices that rows are of said of themselves; nothing where there are none."""
    used = dict.fromkeys(record.target for record in records if record.target)
    told = {name: context.devices[name].facts() for name in used}
    return {"devices": told} if told else {}


def _readings(
    name: str, data: Dataset, records: Iterable[Record], context: RunContext
) -> list[str]:
    """What a data set's models were asked, where it is no class, and how targets were read."""
    cases = {record.model: record.case for record in records if record.dataset == name}
    tasks = {context.known_task(case) for case in cases.values()}
    known = [task for task in tasks if task is not None]
    asked = {f"task {task.name}" for task in known if task.name != "classification"}
    noted = [data.note] if data.note else []
    return [*noted, *sorted(asked), *sorted({task.reading(data) for task in known} - {""})]


def _weights(models: Iterable[str], settings: Settings, context: RunContext) -> dict[str, str]:
    """Of models that were brought, or whose recipe names weights: what they are made of."""
    made_of = {}
    for name in filter(registry.models.__contains__, models):
        source = registry.models[name].source
        if source is not None:
            made_of[name] = f"brought {source.path.name} {source.sha256[:12]}"
            continue
        recipe = registry.models[name].recipe(settings.suite.profile)
        if recipe.weights is not None:
            published = pretrained.find(recipe.weights, context.build_context.search)
            otherwise = "trained" if recipe.epochs else "random"
            made_of[name] = f"{published[0].name} {published[1][:12]}" if published else otherwise
    return made_of
