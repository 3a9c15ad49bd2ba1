"""Which cases a run weighs: models by variants by seeds, on runtimes and numbers of threads."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from weighin import grammar, registry
from weighin.core import CONTROL, Case, Scope, Suite, Variant
from weighin.core.case import engine_parts
from weighin.job.settings import Settings


def cases(settings: Settings, scope: Scope, files: Sequence[Case] | None = None) -> list[Case]:
    """What an operation is run for, in the order of the suite.

    Args:
        settings: of the run.
        scope: the operation.
        files: cases of finished files; if not given, what the suite names is built.

    Raises:
        WeighinError: if the suite names what is not known, or a variant makes no sense.
    """
    planned: list[Case] = []
    for case in of_suite(settings.suite) if files is None else files:
        on_runtimes = _on_runtimes(case, settings)
        planned += [case] * bool(on_runtimes) if scope == "artifact" else on_runtimes
    if scope == "pair":
        planned = [case for case in planned if case != case.baseline]
    return planned


def of_suite(suite: Suite) -> list[Case]:
    """The files of a suite's models: its variants and their controls, of all seeds.

    Raises:
        WeighinError: as `cases`.
    """
    planned: list[Case] = []
    for model in suite.models:
        recipe = registry.models[model].recipe(suite.profile)
        _ = registry.datasets[recipe.dataset]
        parsed = [grammar.parse(name) for name in suite.variants_of(model)]
        variants = with_controls(parsed, trains=recipe.finetune_epochs > 0)
        for seed, variant in itertools.product(range(suite.seeds), variants):
            planned += [
                Case(model, recipe.dataset, variant.name, seed, format)
                for format in _formats(variant)
            ]
    return planned


def with_controls(variants: Sequence[Variant], *, trains: bool) -> list[Variant]:
    """The variants, each once, after the baseline and the dense control if any trains further."""
    baseline, control = grammar.parse("baseline"), grammar.parse(CONTROL)
    ordered = [baseline, *(variant for variant in dict.fromkeys(variants) if variant != baseline)]
    trained = trains and any(variant.steps for variant in ordered)
    if not trained or control in ordered:
        return ordered
    return [baseline, control, *ordered[1:]]


def _formats(variant: Variant) -> list[str]:
    """A .tflite file always; the Keras file too, where the export changes no weight.

    Not of the dense control, whose Keras file differs in nothing from the baseline's but weights.
    """
    is_dense = variant.export.name == "float32" and variant != grammar.parse(CONTROL)
    return ["tflite", "h5"] if is_dense else ["tflite"]


def _on_runtimes(case: Case, settings: Settings) -> list[Case]:
    place = settings.target(case.model)
    return [
        dataclasses.replace(case, runtime=runtime, threads=threads, target=target or place)
        for runtime, target in map(engine_parts, settings.runtimes)
        if case.format in registry.runtimes[runtime].formats
        for threads in settings.threads
    ]
