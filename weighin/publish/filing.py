"""Results files → their place among what is published."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from weighin import store
from weighin.core import WeighinError
from weighin.publish.folders import NAME, UNPUBLISHED, Run, load, slug

_COMMIT = re.compile(r"[0-9a-f]{4,40}(-dirty)?")
_WORDLESS = re.compile(r"\(r\)|\(tm\)|\bcpu\b|\bprocessor\b|@.*", re.IGNORECASE)


def file_away(
    paths: Sequence[Path], results: Path, machine: str = "", folder: str = ""
) -> list[Path]:
    """Copy results files to `results/<machine>/<date>-<commit>/`; where they lie now.

    A run of the same suite, profile and models replaces the one that lay there.

    Args:
        paths: of results files.
        results: the folder of all that is published.
        machine: its short name; derived from the environment, or taken from a folder of the same
            machine, if empty.
        folder: `<date>-<commit>`; the run's own if empty.

    Raises:
        WeighinError: if a file cannot be published, or a name is none for a folder.
    """
    if machine and (not re.fullmatch(r"[a-z0-9][a-z0-9-]*", machine) or machine == UNPUBLISHED):
        raise WeighinError(f"--machine {machine}: wanted small letters, digits and dashes.")
    if folder and not NAME.fullmatch(folder):
        raise WeighinError(f"--folder {folder}: wanted a date and a commit, as 2024-05-06-abc1234.")
    made = []
    for path in paths:
        run = load(path)
        name = machine or _machine(run, results)
        target = _free(results / name / (folder or _folder(run)), run)
        if target.resolve() != path.resolve():
            store.save(target, run.results)
        made.append(target)
    return made


def _folder(run: Run) -> str:
    date = run.fact("date")[:10]
    commit = run.fact("commit")
    named = f"{date}-{commit if _COMMIT.fullmatch(commit) else 'unknown'}"
    if not NAME.fullmatch(named):
        raise WeighinError(
            f"{run.name}: its environment has no date, so it has no place: --folder DATE-COMMIT."
        )
    return named


def _machine(run: Run, results: Path) -> str:
    """The short name of a run's machine: that of a folder which holds runs of it, or a new one."""
    held = {
        place.name: {load(path).machine for path in place.glob("*/*.json")}
        for place in sorted(results.glob("*/"))
        if place.name != UNPUBLISHED
    }
    for name, machines in held.items():
        if run.machine in machines:
            return name
    named = _words(run)
    names = itertools.chain([named], (f"{named}-{number}" for number in itertools.count(2)))
    return next(name for name in names if name not in held)


def _words(run: Run) -> str:
    """`intel-xeon-2-cores` of `Intel(R) Xeon(R) Processor`, 2 cores."""
    facts = run.facts("machine")
    cpu = _WORDLESS.sub(" ", str(facts.get("cpu") or "unknown"))
    words = re.findall(r"[a-z0-9]+", cpu.lower())[:6]
    cores = facts.get("cores")
    return "-".join(
        [*(words or ["unknown"]), *([str(cores), "cores"] if isinstance(cores, int) else [])]
    )


def _free(place: Path, run: Run) -> Path:
    """Where the run goes: `<suite>.json`, `<suite>-<model>.json` of one model alone.

    Where another run has that name, its profile or a number follows.
    """
    suite, profile = (_plain(run.fact(key)) for key in ("suite", "profile"))
    name = "-".join([suite or "run", *(map(slug, run.models) if len(run.models) == 1 else ())])
    others = (f"{name}-{number}" for number in itertools.count(2))
    for each in itertools.chain(
        [name], [f"{name}-{profile}"] if profile not in ("", suite) else [], others
    ):
        path = place / f"{each}.json"
        if not path.exists() or _what(load(path)) == _what(run):
            return path
    raise AssertionError("there is always another number")


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", word.lower()).strip("-")


def _what(run: Run) -> tuple[str, str, frozenset[str]]:
    return run.fact("suite"), run.fact("profile"), frozenset(run.models)
