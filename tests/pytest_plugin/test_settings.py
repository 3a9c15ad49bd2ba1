"""Options of a run: read once, checked before anything is built."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.tiny import registrations_undone, write_project
from helpers.unrun import FakeConfig

from weighin import registry
from weighin.core import Suite, WeighinError
from weighin.definitions import USUAL
from weighin.job.settings import Settings
from weighin.pytest_plugin import settings as reading

TINY = ("baseline", "prune(0.5)", "dynamic", "int8", "prune(0.5)+int8")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The tiny project; what it registers is forgotten, and so is what others have registered."""
    with registrations_undone():
        for entries in (registry.models, registry.suites):
            monkeypatch.setattr(entries, "_objects", {})
        yield write_project(tmp_path)


def read(rootpath: Path, *definitions: Path, **options: Any) -> Settings:
    """Settings of these options."""
    config: Any = FakeConfig(rootpath, definitions, **options)
    return reading.read(config)


def test_without_options_the_first_suite_is_weighed(project: Path) -> None:
    """On all usual runtimes, with what else the help says."""
    settings = read(project)

    assert Suite("quick", "quick", ("tiny",), TINY) == settings.suite
    assert (project / "models", project / "bench" / "suite.py") == settings.definitions
    assert {"litert", "keras-cpu"} <= set(settings.runtimes)
    assert "litert-builtin" not in settings.runtimes
    assert not settings.is_choice
    assert ((1,), (), "breached", 0) == (
        settings.threads,
        settings.gates,
        settings.mode.name,
        settings.workers,
    )
    assert (10.0, 0.005) == (settings.pair_seconds, settings.margin)
    assert project / "results" / "local" == settings.results_dir
    assert (None, None) == (settings.cache_dir, settings.data_dir)


def test_options_stand_in_place_of_the_suites_own(project: Path) -> None:
    """Each by itself; commas inside parentheses are a variant's."""
    suite = read(
        project,
        profile="full",
        models="tiny, other,tiny",
        variants="prune(0.5,schedule=constant)+int8,dynamic,,dynamic",
        seeds=3,
    ).suite

    variants = ("prune(0.5,schedule=constant)+int8", "dynamic")
    assert Suite("quick", "full", ("tiny", "other"), variants, 3) == suite


def test_what_no_option_replaces_is_the_suites(project: Path) -> None:
    """Variants by model, and seeds."""
    named = Suite("mixed", "full", ("tiny",), {"tiny": ("int8",)}, 4)
    registry.suites.add("mixed", named)

    assert named == read(project, suite="mixed").suite


def test_other_options_are_taken_as_they_are_meant(project: Path, tmp_path: Path) -> None:
    """Points become shares, names of folders paths, words numbers."""
    settings = read(
        project,
        runtimes="litert-builtin,litert,litert",
        threads="2, 1,2",
        margin=2.0,
        pair_seconds=0.25,
        workers=3,
        strict=True,
        results_dir=str(tmp_path / "elsewhere"),
        cache_dir="cache",
        data_dir="data",
    )

    assert ("litert-builtin", "litert") == settings.runtimes
    assert (2, 1) == settings.threads
    assert (0.02, 0.25, 3, "strict") == (
        settings.margin,
        settings.pair_seconds,
        settings.workers,
        settings.mode.name,
    )
    assert tmp_path / "elsewhere" == settings.results_dir
    assert ("cache", "data") == (settings.cache_dir, settings.data_dir)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("suite", "quik", "Unknown suite 'quik'. Did you mean 'quick'?"),
        ("runtimes", "litert,litret", "Unknown runtime 'litret'. Did you mean 'litert'?"),
        ("seeds", 0, "--weighin-seeds 0: wanted a number from 1."),
        ("seeds", -1, "--weighin-seeds -1: wanted a number from 1."),
        ("threads", "", "--weighin-threads : wanted numbers from 1, as 1,2."),
        ("threads", "1,0", "--weighin-threads 1,0: wanted numbers from 1, as 1,2."),
        ("threads", "two", "--weighin-threads two: wanted numbers from 1, as 1,2."),
        ("threads", "-1", "--weighin-threads -1: wanted numbers from 1, as 1,2."),
        ("pair_seconds", 0.0, "--weighin-pair-seconds, --weighin-margin: wanted numbers above 0."),
        ("pair_seconds", float("nan"), "--weighin-pair-seconds"),
        ("margin", -1.0, "--weighin-margin"),
        ("margin", float("nan"), "--weighin-margin"),
        ("workers", -1, "--weighin-workers -1: wanted a number from 1, or 0 for one per core."),
        ("gate", ["top1 above 1"], "Gate 'top1 above 1' is not understood."),
        ("gate", ["topl >= 0.9"], "there is no metric 'topl': did you mean 'top5'?"),
        ("gate", ["top1 >= 0"], "Gate 'top1 >= 0': it cannot fail"),
        ("gate", ["top1 >= 9 kB"], "top1 is not in 'kB'; wanted: %."),
    ],
)
def test_an_option_without_sense_is_refused(
    project: Path, option: str, value: object, message: str
) -> None:
    """The message names it."""
    with pytest.raises(WeighinError) as refused:
        read(project, **{option: value})

    assert message in str(refused.value)


def test_gates_are_held_against_what_metrics_mean(project: Path) -> None:
    """A bound on a share that can only be meant in percent is refused; one in range is kept."""
    (gate,) = read(project, gate=["int8: top1 >= 0.9"]).gates
    assert ("int8", "top1", 0.9) == (gate.scope, gate.metric, gate.factor)

    with pytest.raises(WeighinError, match="top1 is a share, of which 90 is 9000 %"):
        read(project, gate=["top1 >= 90"])


def test_two_modes_of_judging_are_refused(project: Path) -> None:
    assert "proven" == read(project, proven=True).mode.name
    with pytest.raises(WeighinError, match=r"choose one of the two\. The safe one is proven"):
        read(project, strict=True, proven=True)


def test_a_gate_may_bound_what_definitions_register(project: Path) -> None:
    """They are loaded before gates are checked."""
    (project / "models" / "joules.py").write_text(
        "from weighin import Figure, metric\n\n"
        "@metric('halves', scope='artifact')\n"
        "def halves(compressed):\n    '''Half of the files.'''\n    return Figure(0.5)\n"
    )

    with pytest.raises(WeighinError, match="halves is a share"):
        read(project, gate=["halves <= 50"])


def test_where_nothing_is_defined_the_way_out_is_said(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In a folder that is no project, and where definitions hold no model either."""
    nothing = project / "nothing.py"
    nothing.write_text("")
    with pytest.raises(WeighinError, match=r"No suite and no model is defined.*models/"):
        read(tmp_path_factory.mktemp("empty"))
    with pytest.raises(WeighinError, match="weighin_definitions"):
        read(project, nothing)


def test_where_no_suite_is_defined_all_models_are_weighed_in_the_usual_variants(
    project: Path,
) -> None:
    """As in a folder with `models/` alone, or where only these are named."""
    usual = Suite("all", "quick", ("tiny",), USUAL)

    assert usual == read(project, project / "models").suite


def test_definitions_that_are_named_replace_the_usual_ones(project: Path) -> None:
    """Only they are loaded."""
    only = project / "only.py"
    only.write_text(
        "from weighin import suite\n"
        "suite('own', profile='quick', models=('tiny',), variants=('int8',))\n"
    )

    settings = read(project, only)

    assert ((only,), "own") == (settings.definitions, settings.suite.name)
    assert [] == list(registry.models)


def test_definitions_that_are_not_there_are_refused(project: Path) -> None:
    """By their path."""
    with pytest.raises(WeighinError, match=r"missing\.py: no such file"):
        read(project, project / "missing.py")
