"""What `weighin list` prints: everything registered, and why some of it cannot be used here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from weighin import grammar, packages, registry
from weighin.cli import doctor
from weighin.cli.doctor import indented
from weighin.core import Metric, Suite, Task, WeighinError, nearest
from weighin.datasets.search import SearchPaths
from weighin.frameworks import versions
from weighin.report.terminal import wrapped

_NONE = {"models": "  none: they are read from the files in models/ that import weighin"}


def named(words: Sequence[str]) -> list[str]:
    """Kinds of entries by the words for them, `models` or `data-sets`; all for none.

    Raises:
        WeighinError: if there is no such kind.
    """
    known = {kind.replace(" ", ""): kind for kind in registry.kinds()}
    plain = {word: word.lower().replace("-", "").replace(" ", "") for word in words}
    for word, wanted in plain.items():
        if wanted not in known:
            near = nearest(wanted, known)
            hint = f" Did you mean {known[near]!r}?" if near else ""
            lists = ", ".join(registry.kinds())
            raise WeighinError(f"There is no list of {word!r}.{hint} There are lists of: {lists}.")
    return [known[wanted] for wanted in dict.fromkeys(plain.values())] or list(known.values())


def render(
    search: SearchPaths, kinds: Sequence[str] | None = None, width: int | None = None
) -> str:
    """A block for each kind of entry: names, what they are, why some cannot be used here.

    Args:
        search: where data are looked for.
        kinds: of entries; all if not given.
        width: of the terminal; in a block that is wider, what is said of an entry stands below it.
    """
    blocks = []
    registries = registry.kinds()
    for kind in kinds or registries:
        entries = registries[kind]
        rows = [
            [
                _written(kind, name, entries[name]),
                _about(kind, entries[name]),
                _unavailable(kind, name, search),
            ]
            for name in entries
        ]
        table = indented(tabulate(rows, tablefmt="plain", disable_numparse=True))
        table = table or _NONE.get(kind, "  none")
        if width is not None and any(len(line) > width for line in table.splitlines()):
            table = "\n".join(_wrapped(row, width) for row in rows) or wrapped(table, width)
        blocks.append(f"{kind}:\n{table}\n")
    return "\n".join(blocks)


def _wrapped(row: Sequence[str], width: int) -> str:
    """An entry's name on a line, what is said of it below."""
    name, about, unavailable = row
    lines = [wrapped(f"  {name}", width, indent="    ")]
    for text in filter(None, (about, unavailable)):
        lines.append(wrapped(f"      {text}", width, indent="      "))
    return "\n".join(lines)


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
        return f"{registry.summary(entry)}; only if it is named"
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
        told = vars(registry.kinds()[kind][name])
        obstacle = versions.why_not_here() or packages.missing(versions.TOOLKIT)
        if obstacle and not told.get("of_file"):  # finished files need nothing of that
            return obstacle
        asked = told.get("available")
        reason: str | None = asked() if asked else None
        return reason
    if kind == "data sets":
        availability = doctor.found(name, search)
        return availability if availability.startswith("not found") else None
    return None
