"""What stands under a table: machine, versions, data and sample sizes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from weighin.core import Record, Results
from weighin.report.origin import _recipes, untrained
from weighin.report.rows import Row


def samples(
    results: Results, rows: Sequence[Row], dataset: str, metrics: Collection[str]
) -> list[str]:
    """What a table's figures rest on: images, rounds, threads, seeds, margins.

    Args:
        results: of the run.
        rows: that the table shows.
        dataset: that they were measured on.
        metrics: that the table has columns for.
    """
    environment = results.environment
    models = {record.model for row in rows for each in row.records.values() for record in each}
    words = []
    images = counted(rows, "top1")
    if images and "top1" in metrics:
        words.append(f"{dataset}: {images} test images{_trained_on(results, models, dataset)}")
    rounds = counted(rows, "latency")
    if rounds and "latency" in metrics:
        threads = sorted({record.threads for record in _records(rows, "latency")})
        count = ", ".join(map(str, threads))
        plural = "" if threads == [1] else "s"
        words.append(f"latency: median of {rounds} single inferences, {count} thread{plural}")
    seeds = sorted(
        {record.seed for row in rows for each in row.records.values() for record in each}
    )
    if seeds:
        words.append(f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}")
    if environment.get("profile"):
        words.append(f"profile {environment['profile']}")
    lines = ["; ".join(words)]
    if any(len(each) > 1 for row in rows for each in row.records.values()):
        lines.append(
            f"± standard deviation over {len(seeds)} seeds; [within-seed 95 % interval, its ends "
            f"averaged over seeds]"
        )
    else:
        one = "one seed a row" if len(seeds) > 1 else "one seed"
        trained = ", so that of another training is not in it"
        lines.append(f"[95 % interval]; {one}{'' if untrained(results, models) else trained}")
    if "smaller" in metrics:
        lines.append("× smaller: gzip -9 against the baseline's in the same file format")
    margin = environment.get("margin")
    if margin is not None and "top1_delta" in metrics and _records(rows, "top1_delta"):
        lines.append(
            f"Δ points: on the same images; better or worse by McNemar's exact test at 5 %, "
            f"same if the interval lies within ±{margin * 100:g}"
        )
    pairs, openings = _records(rows, "speedup"), counted(rows, "speedup")
    rule = environment.get("pairs")
    if openings and rule and "speedup" in metrics:
        spent = "; * before that its time was spent" if _is_any_spent(pairs) else ""
        plural = "" if openings == "1" else "s"
        lines.append(
            f"× faster: interleaved with the baseline, {openings} opening{plural} of both, until "
            f"30 or more are within ±{rule['narrow'] * 100:g} % or {rule['seconds']:g} s are "
            f"over{spent}; called faster or slower if the interval leaves out 1 and the ratio is "
            f"at least {rule['smallest'] * 100:g} % from it"
        )
    return lines


def legend(rows: Sequence[Row]) -> list[str]:
    """What brackets, ± and * mean, for a table of rows from several runs."""
    lines = ["[95 % interval]"]
    if any(len(each) > 1 for row in rows for each in row.records.values()):
        lines[0] += (
            "; of several seeds ± standard deviation over them, the interval's ends averaged"
        )
    if _is_any_spent(_records(rows, "speedup")):
        lines.append("* its time was spent before its interval was narrow enough")
    return lines


def _records(rows: Sequence[Row], metric: str) -> list[Record]:
    return [record for row in rows for record in row.records.get(metric, ())]


def _is_any_spent(records: Sequence[Record]) -> bool:
    return any(record.stopped == "time" for record in records)


def counted(rows: Sequence[Row], metric: str) -> str:
    """How many images, rounds or openings a metric's figures rest on: `450 to 1,000`."""
    counts = sorted({record.n or 0 for record in _records(rows, metric)} - {0})
    if not counts:
        return ""
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def _trained_on(results: Results, models: Collection[str], dataset: str) -> str:
    """How many images the dense starts were trained on, and how many were held out of that.

    By the recipes in the run's provenance; where it has none, all are said to be trained on.
    """
    count = results.environment.get("datasets", {}).get(dataset, {}).get("train")
    if count is None:
        return ""
    recipes = [
        recipe
        for model, recipe in _recipes(results)
        if model in models and recipe.get("dataset") == dataset
    ]
    if recipes and not any(recipe.get("epochs") for recipe in recipes):
        return f", {count:,} to calibrate on"
    held_out = {round(count * (recipe.get("validation_split") or 0)) for recipe in recipes}
    apart = held_out.pop() if len(held_out) == 1 else 0
    return f", {count - apart:,} to train on" + (f", {apart:,} held out" if apart else "")
