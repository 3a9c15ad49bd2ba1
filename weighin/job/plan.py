"""Which cases a run weighs: models by variants by seeds, on runtimes and numbers of threads."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Collection, Sequence

from weighin import grammar, registry
from weighin.build.jobs import DENSE, formats_of
from weighin.core import CONTROL, Call, Case, Runtime, Scope, Suite, Variant, WeighinError
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
    there = list(of_suite(settings.suite) if files is None else files)
    named = _named(settings.suite) if files is None else set()
    engines = [(*engine_parts(engine), engine) for engine in settings.runtimes]
    run = {each: _run_by(registry.runtimes[name], there, named) for name, _, each in engines}
    planned: list[Case] = []
    for case in there:
        place = settings.target(case.model)
        on_runtimes = [
            dataclasses.replace(case, runtime=name, threads=threads, target=target or place)
            for name, target, engine in engines
            if case in run[engine]
            for threads in settings.threads
        ]
        planned += [case] * bool(on_runtimes) if scope == "artifact" else on_runtimes
    if scope == "pair":
        planned = [case for case in planned if case != case.baseline]
    if scope == "engines":
        return list(_beside_first(planned, settings))
    if scope == "memory":  # hardly a runtime tells it: of the others no row says so
        return [case for case in planned if not registry.runtimes[case.runtime].declines(scope)]
    return planned


def between_engines(settings: Settings, files: Sequence[Case] | None = None) -> dict[Case, Case]:
    """For each variant on all engines but the first, the same on the first: what is paired.

    So each variant's engines hang together by one pair less than there are, and by the pairs
    beside the baseline so do the variants: any two of them compare over at most four pairs, where
    pairs of all with all would be as many as the square of their number.

    The first is that of the run's runtimes, in their order, which can be used here and times
    anything; one that needs no TensorFlow before one that does, for beside that nothing is timed
    in a process without it. One that does is paired for the baseline alone, and only where somebody
    named the runtimes: it opens files so slowly that a pair takes many seconds, and its other
    variants hang on that baseline. Only what
    runs on one machine, for one seed, with as many threads is paired; the files' formats may
    differ.

    Args:
        settings: of the run.
        files: as of `cases`.

    Raises:
        WeighinError: as `cases`.
    """
    return _beside_first(cases(settings, "inference", files), settings)


def _beside_first(planned: Sequence[Case], settings: Settings) -> dict[Case, Case]:
    ranks = {name: at for at, name in enumerate(settings.runtimes)}
    groups: dict[Case, list[Case]] = {}
    for case in planned:
        groups.setdefault(case.of_any_engine, []).append(case)

    def rank(case: Case) -> tuple[object, ...]:
        place = ranks.get(case.engine, ranks.get(case.runtime, len(ranks)))
        return _declined(case), registry.runtimes[case.runtime].needs_tensorflow, place

    pairs: dict[Case, Case] = {}
    for case in planned:
        first = min(groups[case.of_any_engine], key=rank)
        is_slow = registry.runtimes[case.runtime].needs_tensorflow
        is_wanted = not is_slow or (settings.is_choice and case == case.baseline)
        if case != first and is_wanted and not _declined(first):
            pairs[case] = first
    return pairs


def _declined(case: Case) -> bool:
    """Whether nothing can be beside it; of a device this machine knows only what means nothing."""
    runtime = registry.runtimes[case.runtime]
    return bool(runtime.declines("engines") or (not case.target and runtime.available()))


def of_suite(suite: Suite) -> list[Case]:
    """The files of a suite's models: its variants and their controls, of all seeds.

    Each in every format that it can exist in; `cases` takes those that a runtime runs.

    Raises:
        WeighinError: as `cases`.
    """
    planned: list[Case] = []
    for model in suite.models:
        recipe = registry.models[model].recipe(suite.profile)
        _ = registry.datasets[recipe.dataset]
        parsed = [grammar.parse(name) for name in suite.variants_of(model)]
        variants = with_controls(parsed, trains=recipe.finetune_epochs > 0)
        formats = _formats(parsed, variants)
        for seed, variant in itertools.product(range(suite.seeds), variants):
            planned += [
                Case(model, recipe.dataset, variant.name, seed, format)
                for format in formats[variant]
            ]
    return planned


def with_controls(variants: Sequence[Variant], *, trains: bool) -> list[Variant]:
    """The variants, each once, after the baseline and the dense control if any trains further.

    `onnx` is the baseline, `prune(0.8)+onnx` is `prune(0.8)`: in a format, and no other variant.
    """
    baseline, control = grammar.parse("baseline"), grammar.parse(CONTROL)
    bare = map(_without_plain, variants)
    ordered = [baseline, *(variant for variant in dict.fromkeys(bare) if variant != baseline)]
    trained = trains and any(variant.steps for variant in ordered)
    if not trained or control in ordered:
        return ordered
    return [baseline, control, *ordered[1:]]


def formats_named(suite: Suite) -> set[str]:
    """The formats of the variants that a suite names; what makes no sense is told when planned."""
    formats: set[str] = set()
    for model in suite.models:
        with contextlib.suppress(WeighinError):
            parsed = map(grammar.parse, suite.variants_of(model))
            formats |= {registry.export_format(variant.export.name) for variant in parsed}
    return formats


def _without_plain(variant: Variant) -> Variant:
    """The variant that an export which changes nothing but the format makes files of."""
    plain = registry.formats[registry.export_format(variant.export.name)].plain
    return Variant(variant.steps, DENSE) if variant.export == Call(plain) else variant


def _formats(named: Sequence[Variant], variants: Sequence[Variant]) -> dict[Variant, list[str]]:
    """In which formats each variant can exist.

    One that is named by a format alone is of that. The dense control has no Keras file, which would
    differ in nothing from the baseline's but weights.
    """
    formats = {variant: formats_of(variant) for variant in variants}
    for variant in set(variants) - set(named) - {grammar.parse("baseline")}:
        asked = {_format(each) for each in named if _without_plain(each) == variant}
        formats[variant] = [each for each in formats[variant] if each in asked or not asked]
    control = grammar.parse(CONTROL)
    if control in formats:
        with_graph = [each for each in formats[control] if registry.formats[each].has_graph]
        formats[control] = with_graph
    return formats


def _format(variant: Variant) -> str:
    return registry.export_format(variant.export.name)


def _named(suite: Suite) -> set[tuple[str, str, str]]:
    """Model, variant and format of what a suite names by a format's own plain export."""
    return {
        (model, _without_plain(variant).name, _format(variant))
        for model in suite.models
        for variant in map(grammar.parse, suite.variants_of(model))
        if _without_plain(variant) != variant
    }


def _run_by(
    runtime: Runtime, files: Sequence[Case], named: Collection[tuple[str, str, str]]
) -> set[Case]:
    """The files that a runtime runs: each variant in the first of its formats that there is.

    Also what is named in a format; and in every format that a variant is run in its baseline and,
    where it trains further, the dense control, since like is compared with like.
    """
    variants: dict[tuple[str, int, str], list[Case]] = {}
    for case in files:
        if case.format in runtime.formats:
            variants.setdefault((case.model, case.seed, case.variant), []).append(case)
    run: set[Case] = set()
    for there in variants.values():
        first = min(there, key=lambda case: runtime.formats.index(case.format))
        run |= {first, *(c for c in there if (c.model, c.variant, c.format) in named)}
    run |= {case.baseline for case in run}
    run |= {case.control for case in run if _is_trained(case)} & set(files)
    return run & set(files)


def _is_trained(case: Case) -> bool:
    try:
        return bool(grammar.parse(case.variant).steps)
    except WeighinError:  # a finished file, which has another name
        return False
