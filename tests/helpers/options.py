"""pytest's options as weighin declares them, without pytest running: for tests of the plugin."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from weighin import pytest_plugin
from weighin.core import Suite
from weighin.pytest_plugin.settings import Settings


class Declared:
    """Stands in for pytest's parser: remembers the default of every option."""

    def __init__(self) -> None:
        """Learn what the plugin declares."""
        self.defaults: dict[str, Any] = {}
        pytest_plugin.pytest_addoption(self)  # type: ignore[arg-type]

    def getgroup(self, name: str) -> Declared:
        """The group, which is the parser itself."""
        return self

    def addoption(self, name: str, **how: Any) -> None:
        """Remember what the option is where nobody gives it."""
        usual = False if how.get("action") == "store_true" else None
        self.defaults[name] = how.get("default", usual)

    def addini(self, name: str, help: str, type: str) -> None:
        """Settings in files have no default."""


class FakeConfig:
    """Stands in for `pytest.Config`: options, the definitions named in settings, the folder."""

    def __init__(self, rootpath: Path, definitions: Sequence[Path] = (), **options: Any) -> None:
        """Take options by their names: `pair_seconds=1` is `--weighin-pair-seconds 1`."""
        self.rootpath = rootpath
        self._definitions = list(definitions)
        given = {f"--weighin-{name.replace('_', '-')}": value for name, value in options.items()}
        defaults = Declared().defaults
        assert set(given) <= set(defaults), "no such option"
        self._options = defaults | given
        capture = SimpleNamespace(global_and_fixture_disabled=contextlib.nullcontext)
        self.pluginmanager = SimpleNamespace(getplugin=lambda name: capture)

    def getoption(self, name: str) -> Any:
        """What was given, or the default."""
        return self._options[name]

    def getini(self, name: str) -> list[Path]:
        """The only setting there is."""
        assert name == "weighin_definitions"
        return self._definitions


def settings(suite: Suite, folder: Path, **changes: Any) -> Settings:
    """Settings of a run of LiteRT on one thread, without gates."""
    usual: dict[str, Any] = {
        "definitions": (),
        "runtimes": ("litert",),
        "threads": (1,),
        "gates": (),
        "strict": False,
        "pair_seconds": 2.0,
        "margin": 0.01,
        "workers": 0,
        "results_dir": folder / "results",
        "cache_dir": str(folder / "cache"),
        "data_dir": None,
    }
    return Settings(suite=suite, **(usual | changes))
