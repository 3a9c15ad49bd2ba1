"""Which cases a run weighs."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from helpers.support import isolate_registries
from helpers.unrun import settings
from helpers.watching import FakeRuntime
from hypothesis import given
from hypothesis import strategies as st

from weighin import grammar, registry
from weighin.core import Case, Recipe, ReferenceModel, Scope, Suite, WeighinError
from weighin.job import plan
from weighin.job.plan import with_controls
from weighin.job.settings import runtimes
from weighin.registry import SCOPES

VARIANTS = ("baseline", "prune(0.5)", "dynamic", "int8", "prune(0.5)+int8")
NAMES = st.lists(st.sampled_from((*VARIANTS, "finetune", "finetune+int8")), max_size=8)


def never(*_: Any) -> Any:
    """Stands in for what makes a model or loads data."""
    raise AssertionError("to plan is not to build")


@pytest.fixture(autouse=True)
def _shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """One model that trains further, one that does not, and their data set."""
    isolate_registries(monkeypatch)
    registry.runtime(Both)
    registry.datasets.add("tiny", never)
    for name, epochs in (("trained", 1), ("finished", 0)):
        registry.models.add(name, ReferenceModel(name, never, {"quick": Recipe("tiny", 1, epochs)}))


def planned(
    scope: Scope, *variants: str, models: tuple[str, ...] = ("trained",), **changes: Any
) -> list[str]:
    """The cases' names, as items' ids have them."""
    suite = Suite("quick", "quick", models, variants, changes.pop("seeds", 1))
    return list(map(str, plan.cases(settings(suite, Path("nowhere"), **changes), scope)))


class Both:
    """Opens .tflite files and .onnx files."""

    name, formats, needs_tensorflow, on_request = "both", ("tflite", "onnx"), False, True


def of_files(*variants: str, **changes: Any) -> list[str]:
    """Variants and formats of the files that are weighed."""
    suite = Suite("quick", "quick", ("trained",), variants)
    cases = plan.cases(settings(suite, Path("nowhere"), **changes), "artifact")
    return [f"{case.variant}-{case.format}" for case in cases]


def names(variants: list[str], *, trains: bool = True) -> list[str]:
    """Names of variants and their controls."""
    return [each.name for each in with_controls(list(map(grammar.parse, variants)), trains=trains)]


# -- by scope -----------------------------------------------------------------------------------


def test_a_file_is_weighed_once_whatever_opens_it() -> None:
    """Neither runtimes nor threads make more cases of it."""
    runtimes = ("litert", "litert-builtin")

    assert ["trained-baseline-tflite", "trained-int8-tflite"] == planned(
        "artifact", "int8", runtimes=runtimes, threads=(1, 2)
    )


def test_a_file_that_nothing_opens_is_not_weighed() -> None:
    """Keras files are left out where only LiteRT runs, and the other way round."""
    of_keras = planned("artifact", "int8", runtimes=("keras-cpu",))
    of_both = planned("artifact", "int8", runtimes=("litert", "keras-cpu"))

    assert ["trained-baseline-h5"] == of_keras
    assert ["trained-baseline-tflite", "trained-baseline-h5", "trained-int8-tflite"] == of_both


@pytest.mark.parametrize("scope", sorted(set(SCOPES) - {"artifact", "pair", "engines", "memory"}))
def test_what_runs_has_a_case_for_each_runtime_and_number_of_threads(scope: Scope) -> None:
    """In the order in which they were named."""
    assert [
        "trained-baseline-litert-builtin-threads2",
        "trained-baseline-litert-builtin",
        "trained-baseline-litert-threads2",
        "trained-baseline-litert",
    ] == planned(scope, "baseline", runtimes=("litert-builtin", "litert"), threads=(2, 1))


def test_memory_is_asked_for_where_a_runtime_tells_it() -> None:
    """Of the others no row says that it does not: hardly one does."""
    assert [] == planned("memory", "int8", runtimes=("litert", "keras-cpu"))
    assert ["trained-baseline-tflite-micro", "trained-int8-tflite-micro"] == planned(
        "memory", "int8", runtimes=("litert", "tflite-micro")
    )


def test_nothing_is_paired_with_itself() -> None:
    """A pair is a variant beside its baseline, also in each seed and on each runtime."""
    cases = planned("pair", *VARIANTS, seeds=2, runtimes=("litert", "keras-cpu"))

    assert {*VARIANTS, "finetune"} - {"baseline"} == {
        case.removeprefix("trained-").split("-")[0] for case in cases
    }
    assert [] == planned("pair", "baseline")


def beside(*variants: str, **changes: Any) -> dict[str, str]:
    """What is paired with what between engines, by the cases' names."""
    suite = Suite("quick", "quick", ("trained",), variants, changes.pop("seeds", 1))
    pairs = plan.between_engines(settings(suite, Path("nowhere"), **changes))
    return {str(case): str(first) for case, first in pairs.items()}


def register(*runtimes: FakeRuntime) -> tuple[str, ...]:
    """Register runtimes that open nothing; their names."""
    for runtime in runtimes:
        registry.runtimes.add(runtime.name, runtime)
    return tuple(runtime.name for runtime in runtimes)


def test_each_variant_is_paired_with_itself_on_the_first_engine() -> None:
    """On as many threads, and of one seed; one pair less than there are engines."""
    names = register(FakeRuntime("a"), FakeRuntime("b"), FakeRuntime("c"))

    found = beside("int8", runtimes=names, threads=(1, 2), seeds=2)

    assert 2 * 2 * 2 * 2 == len(found)
    assert "trained-int8-a-seed1-threads2" == found["trained-int8-b-seed1-threads2"]
    assert "trained-int8-a" == found["trained-int8-c"]
    assert all(first == re.sub("-[bc](?=-|$)", "-a", case) for case, first in found.items())
    assert list(found) == planned("engines", "int8", runtimes=names, threads=(1, 2), seeds=2)


@pytest.mark.parametrize("runtimes", [("litert",), ("keras-cpu",)])
def test_one_engine_is_paired_with_none(runtimes: tuple[str, ...]) -> None:
    """A run of one runtime measures what it always did."""
    assert {} == beside("int8", "prune(0.5)", runtimes=runtimes)
    assert [] == planned("engines", "int8", "prune(0.5)", runtimes=runtimes)


class Declining(FakeRuntime):
    """A runtime on which times mean nothing."""

    def declines(self, scope: str) -> str | None:  # type: ignore[override]
        """All that is timed."""
        return "times mean nothing" if scope in ("inference", "pair", "engines") else None


@pytest.mark.parametrize("missing", [FakeRuntime("a", missing="not installed"), Declining("a")])
def test_the_first_engine_is_one_that_can_be_timed_here(missing: FakeRuntime) -> None:
    """What cannot has a row all the same, which says why."""
    names = register(missing, FakeRuntime("b"), FakeRuntime("c"))

    assert {
        "trained-baseline-a": "trained-baseline-b",
        "trained-baseline-c": "trained-baseline-b",
    } == beside("baseline", runtimes=names)


def test_where_none_can_be_timed_nothing_is_paired() -> None:
    names = register(Declining("a"), FakeRuntime("b", missing="not installed"))

    assert {} == beside("baseline", runtimes=names)


def test_what_needs_tensorflow_is_paired_last_and_for_the_baseline_alone() -> None:
    """Named first, too: it opens files slowly, and beside it nothing is timed without it."""
    names = register(FakeRuntime("heavy", needs_tensorflow=True), FakeRuntime("b"))

    assert {"trained-baseline-heavy": "trained-baseline-b"} == beside("int8", runtimes=names)


def test_where_nobody_names_runtimes_nothing_is_paired_with_what_needs_tensorflow() -> None:
    """It takes long, for what nobody asked; a runtime of somebody's own without it is paired."""
    names = ("litert", *register(FakeRuntime("light")), "keras-cpu")

    assert {
        "trained-baseline-light": "trained-baseline-litert",
        "trained-int8-light": "trained-int8-litert",
    } == beside("int8", runtimes=names, is_choice=False)
    assert "trained-baseline-keras-cpu" in beside("int8", runtimes=names)


def test_files_of_other_formats_are_paired() -> None:
    """The Keras file of the baseline with the .tflite that LiteRT opens."""
    found = beside("int8", "prune(0.5)", runtimes=("keras-cpu", "litert", "litert-builtin"))

    assert "trained-baseline-litert" == found.pop("trained-baseline-keras-cpu")
    assert {
        f"trained-{variant}-litert-builtin": f"trained-{variant}-litert"
        for variant in ("baseline", "finetune", "int8", "prune(0.5)")
    } == found


def test_devices_are_paired_each_by_itself() -> None:
    """Two machines compare by nothing that was measured."""
    engines = ("litert", "litert-builtin", "litert@pi5", "litert-builtin@pi5")
    given = settings(Suite("q", "quick", (), ()), Path("nowhere"), runtimes=engines)

    found = plan.between_engines(given, [Case("m", "d", "baseline", 0, "tflite")])

    assert {"litert-builtin": "litert", "litert-builtin@pi5": "litert@pi5"} == {
        case.engine: first.engine for case, first in found.items()
    }


def test_seeds_are_weighed_one_after_another() -> None:
    """All variants of a seed stand together."""
    assert [
        "trained-baseline-tflite",
        "trained-int8-tflite",
        "trained-baseline-tflite-seed1",
        "trained-int8-tflite-seed1",
    ] == planned("artifact", "int8", seeds=2)


# -- formats ------------------------------------------------------------------------------------


def test_keras_files_are_weighed_where_the_export_changes_no_weight() -> None:
    """Not those of the dense control, which differ from the baseline's in nothing but weights."""
    assert ["trained-baseline-keras-cpu", "trained-prune(0.5)-keras-cpu"] == planned(
        "inference", *VARIANTS, "finetune", runtimes=("keras-cpu",)
    )


def test_a_runtime_runs_a_variant_in_the_first_of_its_formats_that_there_is() -> None:
    """What is exported in one format is run in that, beside the baseline in the same."""
    assert [
        "baseline-tflite",
        "baseline-onnx",
        "int8-tflite",
        "onnx_int8-onnx",
    ] == of_files("int8", "onnx_int8", runtimes=("both",))


def test_onnx_files_are_built_only_if_something_runs_them() -> None:
    """And .tflite files only if something runs these."""
    assert ["baseline-tflite", "int8-tflite"] == of_files("int8", "onnx_int8")
    assert ["baseline-onnx", "onnx_int8-onnx"] == of_files(
        "int8", "onnx_int8", runtimes=("onnxruntime",)
    )


def test_the_control_stands_beside_what_trains_in_the_same_format() -> None:
    """Like is compared with like."""
    assert [
        "baseline-tflite",
        "baseline-onnx",
        "finetune-tflite",
        "finetune-onnx",
        "prune(0.5)-tflite",
        "prune(0.5)+onnx_int8-onnx",
    ] == of_files("prune(0.5)", "prune(0.5)+onnx_int8", runtimes=("both",))
    assert ["baseline-tflite", "baseline-onnx", "finetune-tflite", "prune(0.5)-tflite"] == [
        each
        for each in of_files("prune(0.5)", "onnx_int8", runtimes=("both",))
        if not each.startswith("onnx_int8")
    ]


def test_onnx_is_the_baseline_in_a_format() -> None:
    """Not a variant of its own; what is named so alone is of that format alone."""
    assert ["baseline-tflite", "baseline-onnx"] == of_files("onnx", runtimes=("both",))
    assert ["baseline-onnx"] == of_files("onnx", "baseline", runtimes=("onnxruntime",))
    assert ["baseline", "prune(0.5)"] == names(["onnx", "prune(0.5)+onnx"], trains=False)
    assert ["baseline-tflite", "baseline-onnx", "finetune-onnx", "prune(0.5)-onnx"] == [
        each
        for each in of_files("prune(0.5)+onnx", runtimes=("both", "litert"))
        if each != "finetune-tflite"
    ]


def test_runtimes_that_are_made_for_a_format_run_where_it_is_named() -> None:
    """If none are chosen; those that open it too are left to be chosen."""
    assert "onnxruntime" not in runtimes(())
    assert "onnxruntime" in runtimes((), formats={"onnx"})
    assert "both" not in runtimes((), formats={"onnx"})
    assert ("litert",) == runtimes(("litert",), formats={"onnx"})
    suite = Suite("s", "quick", ("trained",), ("int8", "prune(0.5)+onnx_int8", "nonsense"))
    assert set() == plan.formats_named(suite)
    suite = Suite("s", "quick", ("trained",), ("int8", "prune(0.5)+onnx_int8"))
    assert {"tflite", "onnx"} == plan.formats_named(suite)


# -- controls -----------------------------------------------------------------------------------


def test_what_trains_further_is_weighed_beside_the_dense_control() -> None:
    """Directly after the baseline, which always comes first."""
    assert ["baseline", "finetune", "int8", "prune(0.5)"] == names(["int8", "prune(0.5)"])


@pytest.mark.parametrize(
    ("variants", "trains"), [(["int8", "dynamic"], True), (["prune(0.5)", "int8"], False)]
)
def test_where_nothing_trains_further_there_is_no_control(
    variants: list[str], trains: bool
) -> None:
    """Since no variant has a step, or the recipe gives steps no epochs."""
    assert ["baseline", *variants] == names(variants, trains=trains)


def test_each_model_has_the_controls_that_it_needs() -> None:
    """By its recipe in the suite's profile."""
    assert [
        "trained-baseline-tflite",
        "trained-finetune-tflite",
        "trained-prune(0.5)-tflite",
        "finished-baseline-tflite",
        "finished-prune(0.5)-tflite",
    ] == planned("artifact", "prune(0.5)", models=("trained", "finished"))


@given(NAMES, st.booleans())
def test_controls_add_and_lose_nothing(variants: list[str], trains: bool) -> None:
    """Every variant is there once, in its order; a second time nothing is added."""
    ordered = names(variants, trains=trains)

    assert "baseline" == ordered[0]
    assert len(set(ordered)) == len(ordered)
    assert set(variants) <= set(ordered) <= {*variants, "baseline", "finetune"}
    assert ordered == names(ordered, trains=trains)


# -- what is unknown ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suite", "message"),
    [
        (Suite("s", "quick", ("traned",), ("int8",)), "Did you mean 'trained'"),
        (Suite("s", "full", ("trained",), ("int8",)), "'trained' has no profile 'full'"),
        (Suite("s", "quick", ("trained",), ("int9",)), "int9"),
        (Suite("s", "quick", ("trained",), {"finished": ("int8",)}), "no variants for the model"),
    ],
)
def test_what_is_unknown_is_refused(suite: Suite, message: str) -> None:
    """Before anything is built, and by its name."""
    with pytest.raises(WeighinError, match=message):
        plan.cases(settings(suite, Path("nowhere")), "artifact")


def test_a_recipe_without_data_is_refused() -> None:
    """The data set that it names has to be registered."""
    recipe = Recipe("lost", 1, 1)
    registry.models.add("trained", ReferenceModel("trained", never, {"quick": recipe}))

    with pytest.raises(WeighinError, match="Unknown data set 'lost'"):
        planned("artifact", "int8")
