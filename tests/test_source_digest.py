"""The digest of what a function is made of changes with each file that it leans on."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import hashlib
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from weighin import registry
from weighin.core import WeighinError

pytestmark = pytest.mark.usefixtures("isolated_registries", "forgotten_modules")


def run_source(path: Path, source: str) -> dict[str, Any]:
    """What a file defines."""
    path.write_text(source)
    names: dict[str, Any] = {"__name__": path.stem}
    exec(compile(source, str(path), "exec"), names)  # noqa: S102 - the source is the test's own
    return names


def test_source_digest_changes_with_the_file(tmp_path: Path) -> None:
    """Any change of the module counts, since a function may lean on all of it."""
    path = tmp_path / "recipe.py"
    source = "def cook():\n    pass\n"
    cook = run_source(path, source)["cook"]
    before = registry.source_digest(cook)
    changed = f"SALT = 1\n\n{source}"
    cook = run_source(path, changed)["cook"]

    assert hashlib.sha256(source.encode()).hexdigest() == before
    assert hashlib.sha256(changed.encode()).hexdigest() == registry.source_digest(cook)


def test_source_digest_changes_with_what_is_used(tmp_path: Path) -> None:
    """A file that a step or export names in `uses` is part of its source."""
    cook = run_source(tmp_path / "recipe.py", "def cook():\n    pass\n")["cook"]
    alone = registry.source_digest(cook)
    found = []
    for source in ("def pinch():\n    pass\n", "def pinch():\n    return 1\n"):
        pinch = run_source(tmp_path / "salt.py", source)["pinch"]
        registry.export("bread", uses=(pinch,))(cook)
        found.append(registry.source_digest(cook))

    assert len({alone, *found}) == 3


def test_source_digest_looks_through_wrappers(tmp_path: Path) -> None:
    """A decorated function counts as the file that it was written in."""
    source = "import house_loud\n\n@house_loud.loud\ndef cook():\n    pass\n"
    wrapper = (
        "import functools\n\ndef loud(function):\n"
        "    return functools.wraps(function)(lambda: function())\n"
    )
    loud = run_source(tmp_path / "house_loud.py", wrapper)["loud"]
    sys.modules["house_loud"] = types.SimpleNamespace(loud=loud)
    cook = run_source(tmp_path / "recipe.py", source)["cook"]

    assert hashlib.sha256(source.encode()).hexdigest() == registry.source_digest(cook)


def test_source_digest_covers_what_a_step_uses(tmp_path: Path) -> None:
    """A step is made anew when a file changes that it leaves its work to."""
    names = run_source(tmp_path / "recipe.py", "def cook():\n    pass\n")
    helper = run_source(tmp_path / "knife.py", "def cut():\n    pass\n")["cut"]
    alone = registry.source_digest(names["cook"])

    vars(names["cook"])["uses"] = (helper,)
    sharp = registry.source_digest(names["cook"])
    (tmp_path / "knife.py").write_text("def cut():\n    return 1\n", "utf-8")
    sharper = registry.source_digest(names["cook"])

    assert 3 == len({alone, sharp, sharper})


def test_source_digest_needs_a_file() -> None:
    """A function that was typed in has no source to hash, and the message says so."""
    names: dict[str, Any] = {"__name__": "nowhere"}
    exec("def cook():\n    pass\n", names)  # noqa: S102 - the source is the test's own

    with pytest.raises(WeighinError, match=r"cook.* not in a file"):
        registry.source_digest(names["cook"])
