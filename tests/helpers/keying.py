"""Keys of the tiny model's variants, as a build would have them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from helpers.building import context_of, job
from helpers.tiny import registrations_undone

from weighin import npz_dataset, registry
from weighin.datasets import loading
from weighin.definitions import load_definitions
from weighin.targets.machine import Processor

THIS = Processor("Example CPU", "x86_64", ("avx2", "fma"))


def key_of_chain(
    project: Path,
    name: str = "prune(0.5)+int8",
    processor: Processor | None = THIS,
    **changes: Any,
) -> list[str]:
    """The keys of a variant of the tiny model, dense start first, as `build` would have them."""
    build_context = context_of(project, project / "cache", processor)
    with registrations_undone():
        load_definitions(build_context.definitions)
        if "scale" in changes:
            data = project / "models" / "data" / "tiny.npz"
            npz_dataset("tiny", data, classes=3, scale=changes.pop("scale"))
        last = dataclasses.replace(job("tiny", name), **changes)
        recipe = registry.models[last.model].recipe(last.profile)
        digest = loading.load(recipe.dataset, build_context.search).digest
        return [build_context.key(one, digest) for one in last.chain]


def rewrite(project: Path, old: str, new: str) -> None:
    """Change the text of the tiny model's file."""
    file = project / "models" / "tiny.py"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
