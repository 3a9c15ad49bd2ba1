"""What `weighin list` prints: everything registered, and why some of it cannot be used here."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate

from weighin import grammar, packages, registry
from weighin.cli import doctor
from weighin.cli.doctor import indented
from weighin.core import Metric, Suite, Task
from weighin.datasets.search import SearchPaths
from weighin.frameworks import versions

_NONE = {"models": "  none: they are read from models/ where there is a bench/suite.py beside it"}


def render(search: SearchPaths) -> str:
    """A block for each kind of entry: names, what they are, why some cannot be used here."""
    blocks = []
    for kind, entries in registry.kinds().items():
        rows = [
            [
                _written(kind, name, entries[name]),
                _about(kind, entries[name]),
                _unavailable(kind, name, search),
            ]
            for name in entries
        ]
        table = indented(tabulate(rows, tablefmt="plain", disable_numparse=True))
        blocks.append(f"{kind}:\n{table or _NONE.get(kind, '  none')}\n")
    return "\n".join(blocks)


def _written(kind: str, name: str, entry: Any) -> str:
    return grammar.signature(name, entry) if kind in ("steps", "exports") else name


def _about(kind: str, entry: Any) -> str:
    if kind == "suites":
        return _about_suite(entry)
    if kind == "models":
        profiles = ", ".join(f"{name}: {recipe.dataset}" for name, recipe in entry.profiles.items())
        return f"{registry.summary(entry.create)} ({profiles})"
    if isinstance(entry, Task):
        return _about_task(entry)
    if isinstance(entry, Metric):
        unit = f" [{entry.unit}]" if entry.unit else ""
        better = f"; {entry.better} is better" if entry.better else ""
        return f"{entry.summary}{unit}{better}"
    if kind == "runtimes" and entry.on_request:
        return f"{registry.summary(entry)}; only if --weighin-runtimes names it"
    return registry.summary(entry)


def _about_task(task: Task) -> str:
    """What it is, then its figures: the one that tables show first."""
    names = ", ".join(quality.name for quality in task.figures)
    return registry.summary(task) + (f" ({names})" if names else "")


def _about_suite(suite: Suite) -> str:
    models: dict[tuple[str, ...], list[str]] = {}  # by their variants, so that none is said twice
    for model in suite.models:
        models.setdefault(suite.variants_of(model), []).append(model)
    words = [f"{', '.join(names)}: {', '.join(variants)}" for variants, names in models.items()]
    words.append(f"profile {suite.profile}")
    if suite.seeds > 1:
        words.append(f"{suite.seeds} seeds")
    return "; ".join(words)


def _unavailable(kind: str, name: str, search: SearchPaths) -> str:
    """Why an entry cannot be used on this machine, or nothing."""
    reason = _reason(kind, name, search)
    return f"unavailable: {reason}" if reason else ""


def _reason(kind: str, name: str, search: SearchPaths) -> str | None:
    if kind == "runtimes":
        return registry.runtimes[name].available()
    if kind in ("steps", "exports"):
        if obstacle := versions.why_not_here() or packages.missing(versions.TOOLKIT):
            return obstacle
        asked = vars(registry.kinds()[kind][name]).get("available")
        reason: str | None = asked() if asked else None
        return reason
    if kind == "data sets":
        availability = doctor.found(name, search)
        return availability if availability.startswith("not found") else None
    return None
