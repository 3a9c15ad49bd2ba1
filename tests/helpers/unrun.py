"""Runs without pytest running: options as weighin declares them, and files that nobody built."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from helpers.flatbuffer import content, dense

from weighin import grammar, pytest_plugin, registry
from weighin.build.cache import Cache
from weighin.build.keys import BuildContext
from weighin.core import (
    Artifact,
    Case,
    Dataset,
    Recipe,
    ReferenceModel,
    Suite,
    Variant,
    WeighinError,
)
from weighin.datasets.search import SearchPaths
from weighin.job.run import Run
from weighin.job.settings import Settings
from weighin.measure.context import RunContext
from weighin.report.gates import MODES

SUITE = Suite("quick", "quick", ("tiny",), ("baseline", "dynamic"))


class Declared:
    """Stands in for pytest's parser: remembers the default of every option."""

    def __init__(self) -> None:
        """Learn what the plugin declares."""
        self.defaults: dict[str, Any] = {}
        parser: Any = self
        pytest_plugin.pytest_addoption(parser)

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

    def getoption(self, name: str, default: Any = None) -> Any:
        """What was given, or the default: of the plugin's options, or as told of pytest's own."""
        return self._options.get(name, default)

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
        "mode": MODES["breached"],
        "pair_seconds": 2.0,
        "margin": 0.01,
        "workers": 0,
        "results_dir": folder / "results",
        "cache_dir": str(folder / "cache"),
        "data_dir": None,
    }
    return Settings(suite=suite, **(usual | changes))


class FakeArtifacts:
    """Stands in for `weighin.build.artifacts.Artifacts`: every file is LiteRT's smallest model.

    Attributes:
        context: where things are.
        profile: the training profile of all models.
        asked: cases that were to be built, in order.
        while_building: called when they are.
        broken: variants that cannot be built.
    """

    cases = None

    def __init__(self, folder: Path, broken: Sequence[str] = ()) -> None:
        """Write the file to a folder."""
        self.context = BuildContext(Cache(folder), SearchPaths.here(folder), ())
        self.profile = "quick"
        self.asked: list[Case] = []
        self.while_building: Callable[[], object] = lambda: None
        self.broken = broken
        self._folder = folder

    def build(self, cases: Iterable[Case], **report: Callable[..., None]) -> None:
        """Build nothing."""
        self.asked += cases
        self.while_building()

    def of(self, case: Case) -> Artifact:
        """The same graph of every case, in a file of its variant's own."""
        if case.variant in self.broken:
            raise WeighinError("not built: no layers left")
        digest = digest_of(case.variant)
        path = self._folder / f"{digest}.tflite"
        if not path.exists():
            path.write_bytes(_content(case.variant))
        return Artifact("", path, case.format, digest, 1, path, {}, 0.0)

    def files(self, model: str) -> list[Artifact]:
        """None, since nothing is built."""
        return []

    def told(self) -> list[dict[str, str]]:
        """Nothing: no file is a finished one."""
        return []

    def named_task(self, model: str) -> Any:
        """What the model's recipe names."""
        return registry.models[model].recipe(self.profile).task

    def variant(self, case: Case) -> Variant:
        """By its name."""
        return grammar.parse(case.variant)

    def unavailable(self, case: Case) -> str | None:
        """Everything can be exported."""
        return None

    def origins(self, digests: Collection[str] | None = None) -> dict[str, list[dict[str, Any]]]:
        """Provenance of the files that were asked for, as far as their digests are named."""
        chains = {digest_of(each.variant): [{"stage": each.variant}] for each in self.asked}
        return {sha: chain for sha, chain in chains.items() if digests is None or sha in digests}


def _content(variant: str) -> bytes:
    """A small file, which ends in its variant's name: LiteRT reads what goes before."""
    return content([dense(8, 6, "int8")]) + variant.encode()


def digest_of(variant: str) -> str:
    """The sha256 of a variant's file."""
    return hashlib.sha256(_content(variant)).hexdigest()


def fake_context(files: FakeArtifacts) -> RunContext:
    """A run context that builds nothing."""
    artifacts: Any = files
    return RunContext(artifacts)


def run_of(folder: Path, artifacts: FakeArtifacts) -> Run:
    """A run of two variants that is given these files."""
    return Run(settings(SUITE, folder), fake_context(artifacts))


def register_tiny(data: Dataset) -> None:
    """Register the data set `tiny` and a model of that name that cannot be made."""
    registry.datasets.add("tiny", lambda search: data)
    recipe = Recipe("tiny", 1, 1)
    registry.models.add("tiny", ReferenceModel("tiny", lambda keras: None, {"quick": recipe}))
