"""Results files → their place among what is published."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from weighin.core import WeighinError
from weighin.publish.folders import NAME, UNPUBLISHED, Run, load, slug
from weighin.records import store

_COMMIT = re.compile(r"[0-9a-f]{4,40}(-dirty)?")
_WORDLESS = re.compile(r"\(r\)|\(tm\)|\bcpu\b|\bprocessor\b|@.*", re.IGNORECASE)


def file_away(
    paths: Sequence[Path],
    results: Path,
    machine: str = "",
    folder: str = "",
    *,
    versions: bool = False,
) -> list[Path]:
    """Copy results files to `results/<machine>/<date>-<commit>/`; where they lie now.

    A run of the same suite, profile and models by the same versions replaces the one that lay
    there, unless it lacks a variant, seed or runtime of that.

    Args:
        paths: of results files.
        results: the folder of all that is published.
        machine: its short name; derived from the environment, or taken from a folder of the same
            machine, if empty.
        folder: `<date>-<commit>`; the run's own if empty.
        versions: whether they are runs of the version matrix, which lie in `versions/` there.

    Raises:
        WeighinError: if a file cannot be published, or a name is none for a folder.
    """
    if machine and (not re.fullmatch(r"[a-z0-9][a-z0-9-]*", machine) or machine == UNPUBLISHED):
        raise WeighinError(f"--machine {machine}: wanted small letters, digits and dashes.")
    if folder and not NAME.fullmatch(folder):
        raise WeighinError(f"--folder {folder}: wanted a date and a commit, as 2024-05-06-abc1234.")
    filed = []
    machines_of = _machines(results) if paths else {}
    for path in paths:
        run = load(path)
        name = machine or _machine(run, machines_of)
        machines_of.setdefault(name, set()).add(run.machine)
        place = results / name / (folder or _folder(run))
        if versions:
            target = _free(place / "versions", _by_versions(run), run)
        else:
            target = _free(place, _by_suite(run), run)
        if target.resolve() != path.resolve():
            store.save(target, run.results)
        filed.append(target)
    return filed


def _folder(run: Run) -> str:
    date = run.fact("date")[:10]
    commit = run.fact("commit")
    named = f"{date}-{commit if _COMMIT.fullmatch(commit) else 'unknown'}"
    if not NAME.fullmatch(named):
        raise WeighinError(
            f"{run.name}: its environment has no date, so it has no place: --folder DATE-COMMIT."
        )
    return named


def _machines(results: Path) -> dict[str, set[tuple[str, ...]]]:
    """Which machines' runs lie under each short name."""
    return {
        place.name: {load(path).machine for path in place.glob("*/**/*.json")}
        for place in sorted(results.glob("*/"))
        if place.name != UNPUBLISHED
    }


def _machine(run: Run, machines_of: Mapping[str, Collection[tuple[str, ...]]]) -> str:
    """The short name of a run's machine: that under which runs of it lie, or a new one."""
    for name, machines in machines_of.items():
        if run.machine in machines:
            return name
    named = _words(run)
    names = itertools.chain([named], (f"{named}-{number}" for number in itertools.count(2)))
    return next(name for name in names if name not in machines_of)


def _words(run: Run) -> str:
    """`intel-xeon-2-cores` of `Intel(R) Xeon(R) Processor`, 2 cores."""
    facts = run.facts("machine")
    cpu = _WORDLESS.sub(" ", str(facts.get("cpu") or "unknown"))
    words = re.findall(r"[a-z0-9]+", cpu.lower())[:6]
    cores = facts.get("cores")
    return "-".join(
        [*(words or ["unknown"]), *([str(cores), "cores"] if isinstance(cores, int) else [])]
    )


def _free(place: Path, names: Sequence[str], run: Run) -> Path:
    """Where the run goes: by the first name that no other run has; else a number follows."""
    others = (f"{names[0]}-{number}" for number in itertools.count(2))
    for name in itertools.chain(names, others):
        path = place / f"{name}.json"
        if not path.exists() or _is_repeated(load(path), run):
            return path
    raise AssertionError("there is always another number")


def _by_suite(run: Run) -> list[str]:
    """`<suite>`, or `<suite>-<model>` of one model alone; then with the profile."""
    suite, profile = (_plain(run.fact(key)) for key in ("suite", "profile"))
    name = "-".join([suite or "run", *(map(slug, run.models) if len(run.models) == 1 else ())])
    return [name] if profile in ("", suite) else [name, f"{name}-{profile}"]


def _by_versions(run: Run) -> list[str]:
    """`tf219-py311`, as tox calls its environments."""
    packages = run.facts("packages")
    tensorflow, python = (
        "".join(re.findall(r"\d+", str(packages.get(package)))[:2])
        for package in ("tensorflow", "python")
    )
    return [f"tf{tensorflow}-py{python}"]


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", word.lower()).strip("-")


def _is_repeated(old: Run, new: Run) -> bool:
    """Whether the new run is the old one's repetition, and nothing is lost with the old one."""
    return _what(old) == _what(new) and _cells(old) <= _cells(new)


def _cells(run: Run) -> set[tuple[object, ...]]:
    return {
        (record.variant, record.seed, record.case.engine, record.threads)
        for record in run.results.records
    }


def _what(run: Run) -> tuple[object, ...]:
    """What says that a run is another one's repetition."""
    versions = tuple(
        sorted((name, str(version)) for name, version in run.facts("packages").items())
    )
    return run.fact("suite"), run.fact("profile"), frozenset(run.models), versions
