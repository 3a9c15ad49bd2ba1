"""The lines under a table: data, sample sizes, and what intervals and verdicts mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from weighin import stats
from weighin.core import Metric, Record, Results
from weighin.report.control import completed, undertrained
from weighin.report.origin import brought, finished, recipes, training, untrained
from weighin.report.primary import Primary, examples, primary
from weighin.report.rows import Row
from weighin.report.verdicts import tried


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
    quality = primary(results.metrics, _all_records(rows))
    sentences = [
        _examples(results, rows, dataset, quality) if quality.name in metrics else "",
        _latency(rows) if "latency" in metrics else "",
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
                _delta(results, rows, dataset, quality) if quality.delta_name in metrics else "",
                _control(results, rows, dataset, quality)
                if quality.control_name in metrics
                else "",
                _corrected(results, rows, dataset) if _is_any_delta(quality, metrics) else "",
                _undertrained(results, rows, dataset, quality),
                _faster(results, rows) if "speedup" in metrics else "",
                *_rare(results, rows, metrics),
            ],
        ),
    ]


def _rare(results: Results, rows: Sequence[Row], metrics: Collection[str]) -> list[str]:
    """What figures that few runtimes tell are, as their own notes say."""
    lines = []
    for name in metrics:
        metric = results.metric(name)
        told = [record.note for record in _records(rows, name) if record.note]
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
    return [*lines, _between(results, rows), _in_total(), _quickest(rows, tests)]


def _quality(results: Results, rows: Sequence[Row]) -> list[str]:
    return [primary(results.metrics, _all_records(rows)).name]


def _between(results: Results, rows: Sequence[Row]) -> str:
    told = _interleaved(results, rows, "engine_speedup")
    return f"× beside a runtime: the same variant, interleaved with it there{told}"


def _in_total() -> str:
    return (
        "× beside the baseline there: measured in one pair, or the product of the two or more that "
        "lead to it; its interval holds at 95 % whatever their noise, unless the machine changed "
        "between them"
    )


def _quickest(rows: Sequence[Row], tests: int) -> str:
    of_one = "of one machine " if len({row.case.target for row in rows}) > 1 else ""
    return (
        f"quickest of a variant's runtimes, of all rows {of_one}on as many threads: none other is "
        f"found faster, by {tests:,} tests together; in at most one such table of twenty the truly "
        f"quickest is left out. What its own pair calls slower bears no mark. How good answers are "
        f"is another question"
    )


def legend(rows: Sequence[Row]) -> list[str]:
    """What brackets, ± and * mean, for a table of rows from several runs."""
    lines = ["[95 % interval]"]
    if _is_any_of_several_seeds(rows):
        lines[0] += (
            "; of several seeds ± standard deviation over them, the interval's ends averaged"
        )
    if _is_any_spent(rows):
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


def _latency(rows: Sequence[Row]) -> str:
    rounds = counted(rows, "latency")
    if not rounds:
        return ""
    threads = sorted({record.threads for record in _records(rows, "latency")})
    plural = "" if threads == [1] else "s"
    count = ", ".join(map(str, threads))
    return f"latency: median of {rounds} single inferences, {count} thread{plural}"


def _seeds(results: Results, rows: Sequence[Row]) -> str:
    seeds = [] if finished(results) else _seeds_of(rows)
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}" if seeds else ""


def _profile(results: Results, rows: Sequence[Row]) -> str:
    models = _models(rows)
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
    seeds = _seeds_of(rows)
    if _is_any_of_several_seeds(rows):
        return (
            f"± standard deviation over {len(seeds)} seeds; [within-seed 95 % interval, its ends "
            f"averaged over seeds]; (n) behind a verdict: of so many seeds"
        )
    if finished(results):
        return "[95 % interval], over examples or measurements of these very files"
    one = "one seed a row" if len(seeds) > 1 else "one seed"
    trained = ", so that of another training is not in it"
    return f"[95 % interval]; {one}{'' if untrained(results, _models(rows)) else trained}"


def _smaller() -> str:
    return "× smaller: gzip -9 against the baseline's in the same file format"


def _delta(results: Results, rows: Sequence[Row], dataset: str, quality: Primary) -> str:
    margin, records = results.environment.get("margin"), _records(rows, quality.delta_name)
    if margin is None or not records or quality.delta is None:
        return ""
    title, noun = quality.delta.title, examples(results, dataset, quality)
    measured = [record for record in records if record.value is not None]
    if quality.is_paired_by_counts or any(record.gained is not None for record in measured):
        told = "by McNemar's exact test at 5 %, else same if the interval lies within"
    elif measured:
        told = "if the paired bootstrap's interval leaves out 0, else same if it lies within"
    else:
        return ""
    return f"{title}: on the same {noun}; better or worse {told} {_margin(quality.delta, margin)}"


def _control(results: Results, rows: Sequence[Row], dataset: str, quality: Primary) -> str:
    """What the difference to the control is, and what it is made of where nobody paired answers."""
    if quality.control is None:
        return ""
    told = (
        f"{quality.control.title}: by the same test beside the dense start trained further for as "
        f"long, without compressing"
    )
    measured = _measured(results, rows, dataset)
    recorded = {(record.case, record.metric) for record in measured}
    shown = _records(rows, quality.control_name)
    if any((record.case, record.metric) not in recorded for record in shown):
        told += (
            "; this run did not pair their answers: the widest interval that counts beside the "
            "baseline allow, and a verdict only where they leave no doubt"
        )
    return told


def _is_any_delta(quality: Primary, metrics: Collection[str]) -> bool:
    return quality.delta_name in metrics or quality.control_name in metrics


def _corrected(results: Results, rows: Sequence[Row], dataset: str) -> str:
    """How many tests there are, and how their verdicts are corrected for it."""
    family = tried(completed(_measured(results, rows, dataset), results), results)
    parts = []
    if family.tests > 1:
        parts.append(
            f"{family.tests:,} tests in this table, corrected by Holm's procedure "
            f"for their number: at most one such table in twenty holds a false one"
        )
    if family.dropped:
        parts.append(f"{family.dropped:,} that a test alone would call so are not")
    if family.uncorrected:
        parts.append(f"{family.uncorrected:,} that came without a p-value are not corrected")
    return f"better, worse: {'; '.join(parts)}" if parts else ""


def _undertrained(results: Results, rows: Sequence[Row], dataset: str, quality: Primary) -> str:
    margin = results.environment.get("margin", stats.MARGIN)
    records = _measured(results, rows, dataset)
    return undertrained(records, quality.delta, margin) if quality.delta else ""


def _measured(results: Results, rows: Sequence[Row], dataset: str) -> list[Record]:
    """All records of a table's models on its data set, as measured."""
    models = _models(rows)
    return [
        record
        for (model, data), records in results.by_model.items()
        if model in models and data == dataset
        for record in records
    ]


def _margin(delta: Metric, of_shares: float) -> str:
    """What difference does not matter: the metric's own, the run's for shares, or 1 %."""
    if delta.kind == "points":
        return f"±{(of_shares if delta.margin is None else delta.margin) * 100:g}"
    if delta.margin is not None:
        return f"±{delta.margin:g} {delta.unit}".rstrip()
    return "±1 % of the baseline's"


def _faster(results: Results, rows: Sequence[Row]) -> str:
    told = _interleaved(results, rows, "speedup")
    engines = {row.case.engine for row in rows if row.runtime}
    there = " on the same runtime" if len(engines) > 1 else ""
    return f"× faster: interleaved with the baseline{there}{told}" if told else ""


def _interleaved(results: Results, rows: Sequence[Row], metric: str) -> str:
    """How pairs were measured, and from when on they are called; empty where that is not known."""
    openings, rule = counted(rows, metric), results.environment.get("pairs")
    if not openings or not rule:
        return ""
    spent = "; * before that its time was spent" if _is_any_spent(rows, metric) else ""
    plural = "" if openings == "1" else "s"
    return (
        f", {openings} opening{plural} of both, "
        f"{_until(rule)}{spent}; called faster or slower if the interval "
        f"{_confidence(rule)}leaves out 1 and the ratio is at least "
        f"{rule['smallest'] * 100:g} % from it"
    )


def _until(rule: Mapping[str, Any]) -> str:
    """When a pair ends; runs of before knew no power."""
    if "power" not in rule:
        width, seconds = f"±{rule['narrow'] * 100:g} %", f"{rule['seconds']:g} s"
        return f"until 30 or more are within {width} or {seconds} are over"
    return (
        f"until a difference of {rule['found'] * 100:g} % would be found in "
        f"{rule['power'] * 100:g} of 100 such pairs ({rule['fewest']} openings at least), or "
        f"{rule['seconds']:g} s are over"
    )


def _confidence(rule: Mapping[str, Any]) -> str:
    return f"at {rule['confidence'] * 100:g} % " if "confidence" in rule else ""


def _records(rows: Sequence[Row], metric: str) -> list[Record]:
    return [record for row in rows for record in row.records.get(metric, ())]


def _all_records(rows: Sequence[Row]) -> list[Record]:
    return [record for row in rows for records in row.records.values() for record in records]


def _models(rows: Sequence[Row]) -> set[str]:
    return {record.model for record in _all_records(rows)}


def _seeds_of(rows: Sequence[Row]) -> list[int]:
    return sorted({record.seed for record in _all_records(rows)})


def _is_any_of_several_seeds(rows: Sequence[Row]) -> bool:
    return any(len(records) > 1 for row in rows for records in row.records.values())


def _is_any_spent(rows: Sequence[Row], metric: str = "speedup") -> bool:
    return any(record.stopped == "time" for record in _records(rows, metric))


def counted(rows: Sequence[Row], metric: str) -> str:
    """How many examples, rounds or openings a metric's figures rest on: `450 to 1,000`."""
    counts = sorted({record.n or 0 for record in _records(rows, metric)} - {0})
    if not counts:
        return ""
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def _trained_on(results: Results, rows: Sequence[Row], dataset: str) -> str:
    """How many examples the dense starts were trained on, and how many were held out.

    The recipes in the run's provenance say so; without a recipe all count as trained on.
    """
    count = results.environment.get("datasets", {}).get(dataset, {}).get("train")
    if count is None:
        return ""
    models = _models(rows)
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
