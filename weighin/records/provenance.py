"""Whether a run's own account of its artifacts holds: every digest a chain of stages, each its key.

`environment["artifacts"]` gives for each artifact's sha256 the provenance of all its stages, the
dense start first; of a file that was finished before, whose making nobody has seen, that alone, and
`environment["files"]` says which row it is; of a file made of that one, both, the second by the
first one's digest. Else a stage names the key of the one before it, and a key
is a hash of the whole provenance (`weighin.files.key_of`): whatever was changed afterwards no
longer fits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from weighin import registry
from weighin.core import Record, Results
from weighin.files import key_of

Stage = Mapping[str, Any]
_CALL = re.compile(r"([a-z][a-z0-9_]*)(?:\(([^()]*)\))?")
_OF_TIME = ("build_seconds",)  # the one figure of a file that its bytes do not decide


def faults(results: Results) -> list[str]:
    """What of a run's records its provenance cannot account for; nothing where all is well.

    Two variants or seeds may come to the same bytes, of which the account keeps one chain; it then
    has to fit one of them, and the others have to agree in all that can be read from the file.
    """
    chains = _mapping(results.environment.get("artifacts"))
    problems = [fault for record in results.records if (fault := _unnamed(record, chains))]
    by_digest: dict[str, dict[tuple[Any, ...], list[Record]]] = {}
    for record in results.records:
        if record.artifact in chains:
            by_digest.setdefault(record.artifact, {}).setdefault(_file(record), []).append(record)
    starts: dict[tuple[str, Any], str] = {}
    for digest, files in by_digest.items():
        chain = chains[digest]
        if _is_finished(chain):
            problem = _misnamed(digest, chain[0], files, results) or _differing(files)
            problems += [f"artifact {digest[:12]}: {problem}"] * bool(problem)
            continue
        if _is_derived(chain):
            problem = _misderived(chain, chains, files) or _differing(files)
            problems += [f"artifact {digest[:12]}: {problem}"] * bool(problem)
            continue
        problem = _broken(chain) or _other_start(chain, starts)
        if not problem:
            misfits = [_misfit(chain, records[0], results) for records in files.values()]
            problem = "" if "" in misfits else misfits[0]
        problem = problem or _differing(files)
        if problem:
            problems.append(f"artifact {digest[:12]}: {problem}")
    return list(dict.fromkeys(problems))


def _file(record: Record) -> tuple[Any, ...]:
    return record.model, record.dataset, record.variant, record.seed, record.format


def _unnamed(record: Record, chains: Mapping[str, Any]) -> str:
    """Why a record's digest is none that the run accounts for, or nothing."""
    what = f"{record.metric} of {record.model} {record.variant}"
    if not record.artifact:
        measured = record.status == "ok" and record.metric != "why"
        return f"{what} names no artifact" if measured else ""
    if record.artifact in chains:
        return ""
    return f"{what} names artifact {record.artifact[:12]}, which the run does not account for"


def _is_finished(chain: Any) -> bool:
    """Whether a chain is that of a file which was brought as it is."""
    alone = isinstance(chain, Sequence) and len(chain) == 1 and isinstance(chain[0], Mapping)
    return alone and chain[0].get("stage") == "finished"


def _is_derived(chain: Any) -> bool:
    """Whether a chain is that of a file made of one that was brought as it is."""
    both = isinstance(chain, Sequence) and len(chain) == 2 and isinstance(chain[1], Mapping)
    return both and _is_finished(chain[:1])


def _misderived(
    chain: Sequence[Stage], chains: Mapping[str, Any], rows: Collection[tuple[Any, ...]]
) -> str:
    """Where a derived file is not of the file that it names, or called otherwise, or nothing."""
    first, made = chain
    name = str(made.get("stage"))
    if list(chains.get(str(made.get("parent")), ())) != [first]:
        return f"{name!r} does not come from the file {first.get('file')!r}"
    differing = _differing_arguments(name, _mapping(made.get("arguments")))
    if differing:
        return f"{name!r} was made with {differing}"
    others = [str(row[2]) for row in rows if row[2] != name]
    return f"its variant is {name!r}, but it was recorded as {others[0]!r}" if others else ""


def _misnamed(
    digest: str, stage: Stage, rows: Collection[tuple[Any, ...]], results: Results
) -> str:
    """Which row of a finished file the run does not tell as that file, or nothing."""
    told = results.environment.get("files")
    files = [_mapping(each) for each in told] if isinstance(told, Sequence) else []
    known = {
        each.get("variant")
        for each in files
        if (each.get("sha256"), each.get("file")) == (digest, stage.get("file"))
    }
    others = [str(row[2]) for row in rows if row[2] not in known]
    return f"{others[0]} is not told as the file {stage.get('file')!r}" if others else ""


def _broken(chain: Any) -> str:
    """Where a chain's stages do not fit each other, or nothing."""
    whole = isinstance(chain, Sequence) and chain and all(isinstance(it, Mapping) for it in chain)
    if not whole:
        return "it has no stages"
    first, *later = chain
    if first.get("stage") != "dense start":
        return f"it begins with {first.get('stage')!r}, not with the dense start"
    for before, stage in zip(chain, later, strict=False):
        name = stage.get("stage")
        if stage.get("parent") != key_of(before):
            return f"{name!r} does not come from the {before.get('stage')!r} before it"
        differing = _differing_arguments(str(name), _mapping(stage.get("arguments")))
        if differing:
            return f"{name!r} was made with {differing}"
        recipe, dense = _mapping(stage.get("recipe")), _mapping(first.get("recipe"))
        changed = [key for key in recipe if key in dense and recipe[key] != dense[key]]
        if changed:
            return f"{name!r} has another recipe than the dense start ({changed[0]})"
    return ""


def _differing_arguments(name: str, arguments: Mapping[str, Any]) -> str:
    """Which argument is another than its stage's name says, as `sparsity=0.5`, or nothing."""
    match = _CALL.fullmatch(name)
    words = match[2].split(",") if match and match[2] else []
    values = [str(value) for value in arguments.values()]
    for word in words:
        key, equals, value = word.rpartition("=")
        if equals and str(arguments.get(key)) != value:
            return f"{key}={arguments.get(key)}"
        if not equals and value not in values:
            return ", ".join(f"{key}={given}" for key, given in arguments.items()) or "no arguments"
    return "" if match else "no name of a step or export"


def _other_start(chain: Sequence[Stage], starts: dict[tuple[str, Any], str]) -> str:
    """Whether this model and seed started otherwise in another chain of the run, or nothing."""
    first = chain[0]
    whose, key = (str(first.get("model")), first.get("seed")), key_of(first)
    if starts.setdefault(whose, key) == key:
        return ""
    return f"{whose[0]}, seed {whose[1]}, has two different dense starts in this run"


def _misfit(chain: Sequence[Stage], record: Record, results: Results) -> str:
    """What a chain says otherwise than a record that names it, or nothing."""
    first, names = chain[0], [str(stage.get("stage")) for stage in chain[1:]]
    data = _mapping(_mapping(results.environment.get("datasets")).get(record.dataset))
    facts = {
        "model": (first.get("model"), record.model),
        "seed": (first.get("seed"), record.seed),
        "data set": (_mapping(first.get("recipe")).get("dataset"), record.dataset),
        "data digest": (first.get("dataset_digest"), data.get("digest")),
        "variant": (names, stages_of(record.variant, record.format)),
    }
    for what, (chained, recorded) in facts.items():
        if chained != recorded:
            return f"its {what} is {chained!r}, but {record.variant} was recorded with {recorded!r}"
    return ""


def stages_of(variant: str, format: str) -> list[str]:
    """The stages after the dense start that a variant's file in a format is made by.

    The variant's own words; where they name no export, also the format's own that changes nothing.
    """
    words = [] if variant == "baseline" else re.split(r"\+(?![^()]*\))", variant)
    exports = bool(words) and words[-1].partition("(")[0] in registry.exports
    plain = registry.formats[format].plain if format in registry.formats else ""
    return [*words, plain] if plain and not exports else words


def _differing(files: Mapping[tuple[Any, ...], Sequence[Record]]) -> str:
    """Which figure of one file's bytes differs between records that name its digest."""
    seen: dict[str, float | None] = {}
    for records in files.values():
        for record in records:
            of_file = not record.runtime and record.metric not in _OF_TIME
            if of_file and seen.setdefault(record.metric, record.value) != record.value:
                return f"it is recorded with two values of {record.metric}"
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
