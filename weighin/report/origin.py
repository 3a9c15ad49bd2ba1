"""Where a run was measured and what its models started from, in lines for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from weighin.core import Results
from weighin.report import units

BROUGHT = "brought "  # of weights that came with the model, in `environment["weights"]`
BROKEN_OFF = (
    "the run was broken off, or still goes on: what it had not come to is not measured; --resume "
    "with its file goes on with it"
)


def origin(results: Results) -> list[str]:
    """Where and when it was measured: machine, versions, date; whether to its end."""
    versions = [packages(results), results.environment.get("date")]
    last = "; ".join(word for word in versions if word)
    parts = (
        *(BROKEN_OFF if results.broken_off else "", weights(starts(results)), machine(results)),
        *(disturbed(results), resumed(results), searched(results), calibration(results), last),
        *devices(results),
    )
    return [line for line in parts if line]


def recipes(results: Results) -> list[tuple[str, Mapping[str, Any]]]:
    """The models of the run's dense starts and their recipes, by its provenance."""
    artifacts = results.environment.get("artifacts")
    chains = artifacts.values() if isinstance(artifacts, Mapping) else ()
    starts = [chain[0] for chain in chains if isinstance(chain, list) and chain]
    return [
        (start["model"], start["recipe"])
        for start in starts
        if isinstance(start, Mapping) and isinstance(start.get("recipe"), Mapping)
        if isinstance(start.get("model"), str)
    ]


def training(results: Results) -> dict[str, Mapping[str, Any]]:
    """The recipes by which steps trained models further, by model; by the run's provenance."""
    artifacts = results.environment.get("artifacts")
    chains = artifacts.values() if isinstance(artifacts, Mapping) else ()
    return {
        str(chain[0].get("model")): stage["recipe"]
        for chain in chains
        if isinstance(chain, list) and all(isinstance(stage, Mapping) for stage in chain)
        for stage in chain[1:]
        if isinstance(stage.get("recipe"), Mapping)
    }


def brought(results: Results, models: Collection[str]) -> bool:
    """Whether one of these models came trained, in a file of somebody's."""
    made_of = starts(results)
    return any(made_of.get(model, "").startswith(BROUGHT) for model in models)


def finished(results: Results) -> list[Mapping[str, str]]:
    """The finished files that the run compared, the baseline first: variant, file, what it holds.

    None where models were built.
    """
    files = results.environment.get("files", ())
    words = ("variant", "file", "holds")
    return [
        each
        for each in (files if isinstance(files, list) else ())
        if isinstance(each, Mapping) and all(isinstance(each.get(word), str) for word in words)
    ]


def starts(results: Results) -> dict[str, str]:
    """The weights that dense starts are made of, by model; without models that were trained alone.

    `random` also where the recipe trains nothing and names no weights.
    """
    weighed = {model for model, _ in results.by_model}
    made_of = dict(results.environment.get("weights", {}))
    for model, recipe in recipes(results):
        if model in weighed and not recipe.get("epochs") and not recipe.get("weights"):
            made_of.setdefault(model, "random")
    return made_of


def untrained(results: Results, models: Collection[str]) -> bool:
    """Whether the weights of one of these models are random."""
    made_of = starts(results)
    return any(made_of.get(model) == "random" for model in models)


def weights(made_of: Mapping[str, str]) -> str:
    """The weights of dense starts, as `starts` gives them, in one line."""
    models: dict[str, list[str]] = {}
    for model, what in made_of.items():
        models.setdefault(what, []).append(model)
    words = [f"{', '.join(names)} {_from(what)}" for what, names in models.items()]
    return f"dense starts: {'; '.join(words)}" if words else ""


def _from(what: str) -> str:
    """What weights are made of, in words."""
    said = {"trained": "trained, published weights were not found", "random": "from random weights"}
    if what.startswith(BROUGHT):
        return f"as it came in {what.removeprefix(BROUGHT)}, the same for every seed"
    return said.get(what, f"from published weights {what}, the same for every seed")


def disturbed(results: Results) -> str:
    """What disturbed the machine while it was measured."""
    told = results.environment.get("disturbances")
    if not isinstance(told, list) or not told:
        return ""
    words = "; ".join(map(str, told))
    return f"disturbed: while it was measured, {words}: repeat it on an idle machine"


def resumed(results: Results) -> str:
    """When figures were measured that the run took over, and what is not known of that time."""
    spans = results.environment.get("resumed")
    told = [
        each for each in (spans if isinstance(spans, list) else ()) if isinstance(each, Mapping)
    ]
    words = [
        f"{span.get('measurements')} measurements from the run of {span.get('date')}"
        + (" (what disturbed that is not known)" if span.get("broken_off") else "")
        for span in reversed(told)
    ]
    return f"resumed: it took over {', which took over '.join(words)}" if words else ""


def searched(results: Results) -> str:
    """By which search variants were chosen; nothing where none was."""
    told = results.environment.get("search")
    if not isinstance(told, Mapping):
        return ""
    return (
        f"chosen by a search among {told.get('tried')} candidates, on other examples: by "
        f"{', '.join(told.get('minimized', ()))} within {told.get('margin')}"
    )


def calibration(results: Results) -> str:
    """The speed-ups that the machine can tell apart, for each number of threads."""
    environment = results.environment
    if "calibration" not in environment:
        return ""
    kept = environment.get("calibrations") or [environment["calibration"]]
    known = [facts for facts in kept if isinstance(facts, Mapping)]
    if not known:
        return "not calibrated: weighin doctor --calibrate says what this machine can tell apart"
    return "; ".join(map(_calibrated, known))


def devices(results: Results) -> list[str]:
    """Of each device that rows are of: its machine, what disturbed it, calibration, versions."""
    told = results.environment.get("devices", {})
    used = dict.fromkeys(record.target for record in results.records if record.target)
    lines = []
    for name in used:
        facts = told.get(name) if isinstance(told, Mapping) else None
        if not facts:
            lines.append(f"{name}: was not reached")
            continue
        kept = facts.get("calibrations") or [None]
        there = Results({**facts, "calibration": kept[0]})
        parts = (machine(there), disturbed(there), calibration(there), packages(there))
        lines.append(f"{name}: {'; '.join(filter(None, parts))}")
    return lines


def _calibrated(facts: Mapping[str, Any]) -> str:
    threads, smallest = facts.get("threads", 1), facts["smallest_speedup"]
    return (
        f"calibrated (litert, {threads} thread{'' if threads == 1 else 's'}): "
        f"{facts['false_alarms']} false alarms in "
        f"{facts['aa_trials']} A/A trials, 5 % more work found in {facts['found']} of "
        f"{facts['slow_trials']}, smallest speed-up told from 1: "
        f"{'none' if smallest is None else f'{smallest * 100:.1f} %'} (of a small file, at "
        f"{facts['pair_seconds']:g} s "
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
