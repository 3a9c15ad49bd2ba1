"""What stands under a table: machine, versions, data and sample sizes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from weighin.core import Record, Results
from weighin.report import units
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


def origin(results: Results) -> list[str]:
    """Where and when it was measured: machine, versions, date."""
    versions = [packages(results), results.environment.get("date")]
    last = "; ".join(word for word in versions if word)
    parts = (weights(starts(results)), machine(results), calibration(results), last)
    return [line for line in parts if line]


def _records(rows: Sequence[Row], metric: str) -> list[Record]:
    return [record for row in rows for record in row.records.get(metric, ())]


def _is_any_spent(records: Sequence[Record]) -> bool:
    return any("time spent" in record.note for record in records)


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


def _recipes(results: Results) -> list[tuple[str, Mapping[str, Any]]]:
    """By the run's provenance, the models of its dense starts and their recipes."""
    found = results.environment.get("artifacts")
    chains = found.values() if isinstance(found, Mapping) else ()
    starts = [chain[0] for chain in chains if isinstance(chain, list) and chain]
    return [
        (start["model"], start["recipe"])
        for start in starts
        if isinstance(start, Mapping) and isinstance(start.get("recipe"), Mapping)
        if isinstance(start.get("model"), str)
    ]


def starts(results: Results) -> dict[str, str]:
    """What the dense starts of models are made of, where it is not training alone.

    `random` also where the recipe trains nothing and names no weights.
    """
    weighed = {record.model for record in results.records}
    made_of = dict(results.environment.get("weights", {}))
    for model, recipe in _recipes(results):
        if model in weighed and not recipe.get("epochs") and not recipe.get("weights"):
            made_of.setdefault(model, "random")
    return made_of


def untrained(results: Results, models: Collection[str]) -> bool:
    """Whether the weights of one of these models are random."""
    made_of = starts(results)
    return any(made_of.get(model) == "random" for model in models)


def weights(made_of: Mapping[str, str]) -> str:
    """What dense starts are made of, as `starts` gives it, in one line."""
    models: dict[str, list[str]] = {}
    for model, what in made_of.items():
        models.setdefault(what, []).append(model)
    said = {"trained": "trained, published weights were not found", "random": "from random weights"}
    words = [
        f"{', '.join(names)} "
        + said.get(what, f"from published weights {what}, the same for every seed")
        for what, names in models.items()
    ]
    return f"dense starts: {'; '.join(words)}" if words else ""


def calibration(results: Results) -> str:
    """What speed-ups the machine can tell apart."""
    found = results.environment.get("calibration")
    if found is None and "calibration" not in results.environment:
        return ""
    if not found:
        return "not calibrated: weighin doctor --calibrate says what this machine can tell apart"
    return (
        f"calibrated (litert, 1 thread): {found['false_alarms']} false alarms in "
        f"{found['aa_trials']} A/A trials, 5 % more work found in {found['found']} of "
        f"{found['slow_trials']}, smallest speed-up told from 1: "
        f"{found['smallest_speedup'] * 100:.1f} % (of a small file, at {found['pair_seconds']:g} s "
        f"a pair)"
    )


def machine(results: Results) -> str:
    """The processor with its extensions, the memory, the system."""
    facts = results.environment.get("machine")
    if not facts:
        return ""
    memory = units.size(facts.get("memory_bytes", 0))
    features = " ".join(facts.get("cpu_features", ())) or "no known extensions"
    return (
        f"{facts.get('cpu')}, {facts.get('cores')} cores ({features}), {memory}, "
        f"{facts.get('system')}"
    )


def packages(results: Results) -> str:
    """Names and versions of the packages that count."""
    versions = results.environment.get("packages", {})
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)
