"""Results that account for their artifacts, as published ones have to, and projects of them."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from helpers.support import ENVIRONMENT, following, operating_points, results, results_of

import weighin
from weighin.cli import main
from weighin.core import Record, Results
from weighin.files import key_of
from weighin.publish import readme, site
from weighin.records import store
from weighin.records.provenance import stages_of

ROOT = Path(weighin.__file__).resolve().parent.parent
FACTS = ROOT / "models" / "published"
PLACE = Path("results", "box", "2024-05-06-abc1234")
BEGIN, END = readme.marks("headline")

VERSIONS = {"tensorflow": "2.21.0"}


def chain(
    record: Record, digest: str, profile: str, changes: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The provenance of a record's file, stage by stage; `changes` are of the recipe."""
    recipe = {"dataset": record.dataset, "epochs": 2 if profile == "quick" else 9, **changes}
    stages: list[dict[str, Any]] = [
        {
            "stage": "dense start",
            "model": record.model,
            "recipe": recipe,
            "dataset_digest": digest,
            "seed": record.seed,
            "versions": VERSIONS,
        }
    ]
    for name in stages_of(record.variant, record.format):
        inside = re.fullmatch(r"[^(]*\((.*)\)", name)
        words = inside[1].split(",") if inside else []
        pairs = (word.rpartition("=")[::2] for word in words)
        arguments = {key or f"argument{at}": value for at, (key, value) in enumerate(pairs)}
        stage = {"stage": name, "arguments": arguments, "parent": key_of(stages[-1])}
        stages.append(stage | {"recipe": recipe | {"finetune_epochs": 1}})
    return stages


def accounted(
    results: Results, *, recipe: Mapping[str, Any] | None = None, **changes: Any
) -> Results:
    """The results with a digest for every file, and the provenance that accounts for it.

    Their figures are those of `following`.

    Args:
        results: whatever they name.
        recipe: what is other than usual in the recipe of all models.
        changes: of the environment.
    """
    environment: dict[str, Any] = {**results.environment, **changes}
    datasets = {record.dataset for record in results.records}
    known = environment.get("datasets", {})
    environment["datasets"] = {
        name: {"digest": "d1" * 32} | known.get(name, {}) for name in datasets
    }
    profile = environment.get("profile", "")
    artifacts, records = {}, []
    for record in following(results).records:
        file = (record.model, record.variant, record.seed, record.format, profile)
        sha = hashlib.sha256(repr(file).encode(errors="replace")).hexdigest()
        digest = environment["datasets"][record.dataset]["digest"]
        artifacts[sha] = chain(record, digest, profile, recipe or {})
        records.append(dataclasses.replace(record, artifact=sha))
    return results_of(environment | {"artifacts": artifacts}, tuple(records))


def filed(root: Path, name: str, results: Results, folder: str = "box/2024-05-06-abc1234") -> Path:
    """Lay results into a project's published folder; where."""
    path = root / "results" / folder / f"{name}.json"
    store.save(path, results)
    return path


def environment(**changes: Any) -> dict[str, Any]:
    """The environment of a run, otherwise than `support.ENVIRONMENT` in some facts."""
    return {**ENVIRONMENT, "date": "2024-05-06 07:08 UTC", "suite": "quick", **changes}


def text_of(made: Mapping[Path, str], name: str) -> str:
    """What a generated file is to hold, by the end of its path."""
    (text,) = (text for path, text in made.items() if path.as_posix().endswith(name))
    return text


def names_of(made: Mapping[Path, str] | Sequence[Path]) -> list[str]:
    """Names of files, sorted."""
    return sorted(path.name for path in made)


def write_published(root: Path) -> None:
    """A project with two published runs, one of them of operating points."""
    filed(root, "quick", accounted(results(), **environment()))
    filed(root, "curve", accounted(operating_points(), **environment(suite="curve")))
    (root / "README.md").write_text(f"Before.\n\n{BEGIN}\n{END}\n\nAfter.\n")


def made_of(root: Path, *records: Record, **changes: object) -> dict[Path, str]:
    """What is made of one run."""
    filed(root, "quick", accounted(results_of(environment(**changes), records)))
    return site.make(root)


def publish(*words: object) -> Result:
    """Run the command where the test is."""
    return CliRunner().invoke(main, ["publish", *map(str, words)])
