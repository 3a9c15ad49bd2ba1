"""The lines under a table: data, sample sizes, and what intervals and verdicts mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from weighin.core import Results
from weighin.report.footer.quality import (
    control,
    corrected,
    delta,
    is_any_delta,
    too_little_training,
)
from weighin.report.footer.shared import (
    all_records,
    counted,
    is_any_of_several_seeds,
    models_of,
    records_of,
    seeds_of,
)
from weighin.report.footer.speed import (
    between,
    faster,
    in_total,
    is_any_spent,
    latency,
    quickest,
)
from weighin.report.origin import brought, finished, recipes, training, untrained
from weighin.report.primary import Primary, examples, primary
from weighin.report.rows import Row


def samples(
    results: Results, rows: Sequence[Row], dataset: str, metrics: Collection[str]
) -> list[str]:
    """What a table's figures rest on: examples, rounds, threads, seeds, margins.

    Args:
        results: of the run.
        rows: those that the table shows.
        dataset: the data set that they were measured on.
        metrics: the metrics that the table has columns for.
    """
    quality = primary(results.metrics, all_records(rows))
    sentences = [
        _examples(results, rows, dataset, quality) if quality.name in metrics else "",
        latency(rows) if "latency" in metrics else "",
        _seeds(results, rows),
        _profile(results, rows),
    ]
    return [
        *_files(results, rows),
        "; ".join(filter(None, sentences)),
        _intervals(results, rows),
        *filter(
            None,
            [
                _smaller() if "smaller" in metrics else "",
                delta(results, rows, dataset, quality) if quality.delta_name in metrics else "",
                control(results, rows, dataset, quality) if quality.control_name in metrics else "",
                corrected(results, rows, dataset) if is_any_delta(quality, metrics) else "",
                too_little_training(results, rows, dataset, quality),
                faster(results, rows) if "speedup" in metrics else "",
                *_rare(results, rows, metrics),
            ],
        ),
    ]


def _rare(results: Results, rows: Sequence[Row], metrics: Collection[str]) -> list[str]:
    """What figures that few runtimes tell are, as their own notes say."""
    lines = []
    for name in metrics:
        metric = results.metric(name)
        told = [record.note for record in records_of(rows, name) if record.note]
        if metric.rare and told:
            lines.append(f"{metric.title}: {'; '.join(dict.fromkeys(told))}")
    return lines


def of_engines(
    results: Results, rows: Sequence[Row], dataset: str, metrics: Collection[str], tests: int
) -> list[str]:
    """What a table by engine rests on.

    Args:
        results: of the run.
        rows: those that the table shows.
        dataset: the data set that they were measured on.
        metrics: the metrics that the table has columns for.
        tests: by how many tests it says who is quickest.
    """
    lines = samples(results, rows, dataset, set(metrics) & {"latency", *_quality(results, rows)})
    if "engine_speedup" not in metrics:
        return [
            *lines,
            "this run paired no runtimes with each other: times drift, so it does not tell which "
            "is quicker",
        ]
    return [*lines, between(results, rows), in_total(), quickest(rows, tests)]


def _quality(results: Results, rows: Sequence[Row]) -> list[str]:
    return [primary(results.metrics, all_records(rows)).name]


def legend(rows: Sequence[Row]) -> list[str]:
    """What brackets, ± and * mean, for a table of rows from several runs."""
    lines = ["[95 % interval]"]
    if is_any_of_several_seeds(rows):
        lines[0] += (
            "; of several seeds ± standard deviation over them, the interval's ends averaged"
        )
    if is_any_spent(rows):
        lines.append("* its time was spent before its interval was narrow enough")
    return lines


def _files(results: Results, rows: Sequence[Row]) -> list[str]:
    """Of finished files what each holds, for their names claim nothing."""
    shown = {row.variant for row in rows}
    return [
        f"{each['variant']}{_called(each)}: {each['holds']}"
        for each in finished(results)
        if each["variant"] in shown
    ]


def _called(each: Mapping[str, str]) -> str:
    """A file's own name, where its variant's does not end in it."""
    return "" if each["variant"].endswith(each["file"]) else f" ({each['file']})"


def _examples(results: Results, rows: Sequence[Row], dataset: str, quality: Primary) -> str:
    count, noun = counted(rows, quality.name), examples(results, dataset, quality)
    if not count:
        return ""
    readings = results.environment.get("datasets", {}).get(dataset, {}).get("readings", [])
    said = "".join(f", {reading}" for reading in readings)
    return f"{dataset}: {count} test {noun}{_trained_on(results, rows, dataset)}{said}"


def _seeds(results: Results, rows: Sequence[Row]) -> str:
    seeds = [] if finished(results) else seeds_of(rows)
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}" if seeds else ""


def _profile(results: Results, rows: Sequence[Row]) -> str:
    models = models_of(rows)
    if finished(results):
        return ""
    if brought(results, models):
        further = [recipe for model, recipe in training(results).items() if model in models]
        return _further(further[0]) if further else ""
    profile = results.environment.get("profile")
    return f"profile {profile}" if profile else ""


def _further(recipe: Mapping[str, Any]) -> str:
    """How steps trained a model that came trained."""
    count, rate = recipe.get("finetune_epochs"), recipe.get("learning_rate")
    by = f"{recipe.get('optimizer')} at {rate:g}" if isinstance(rate, int | float) else ""
    return f"steps train {count} epoch{'' if count == 1 else 's'} more, {by}" if count else ""


def _intervals(results: Results, rows: Sequence[Row]) -> str:
    seeds = seeds_of(rows)
    if is_any_of_several_seeds(rows):
        return (
            f"± standard deviation over {len(seeds)} seeds; [within-seed 95 % interval, its ends "
            f"averaged over seeds]; (n) behind a verdict: of so many seeds"
        )
    if finished(results):
        return "[95 % interval], over examples or measurements of these very files"
    one = "one seed a row" if len(seeds) > 1 else "one seed"
    trained = ", so that of another training is not in it"
    return f"[95 % interval]; {one}{'' if untrained(results, models_of(rows)) else trained}"


def _smaller() -> str:
    return "× smaller: gzip -9 against the baseline's in the same file format"


def _trained_on(results: Results, rows: Sequence[Row], dataset: str) -> str:
    """How many examples the dense starts were trained on, and how many were held out.

    The recipes in the run's provenance say so; without a recipe all count as trained on.
    """
    count = results.environment.get("datasets", {}).get(dataset, {}).get("train")
    if count is None:
        return ""
    models = models_of(rows)
    if finished(results):
        return ""  # nothing is trained or calibrated here
    own = [
        recipe
        for model, recipe in recipes(results)
        if model in models and recipe.get("dataset") == dataset
    ]
    trained = any(recipe.get("epochs") for recipe in own) or set(training(results)) & models
    if own and not trained:
        return f", {count:,} to calibrate from"
    held_out = {round(count * (recipe.get("validation_split") or 0)) for recipe in own}
    apart = held_out.pop() if len(held_out) == 1 else 0
    return f", {count - apart:,} to train on" + (f", {apart:,} held out" if apart else "")
