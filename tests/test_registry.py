"""Registries: decorators put things in, names take them out."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from weighin import registry
from weighin.core import Anchor, ComputedMetric, Figure, Recipe, ReferenceModel, Suite, WeighinError
from weighin.registry import Registry

pytestmark = pytest.mark.usefixtures("isolated_registries", "forgotten_modules")


@pytest.fixture
def fruits() -> Registry[str]:
    """A registry of its own."""
    fruits: Registry[str] = Registry("fruit")
    fruits.add("apple", "red")
    fruits.add("banana", "yellow")
    return fruits


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[str]:
    """A registry with a built-in package, which registers `plain`; `_hidden` may not be run."""
    registry: Registry[str] = Registry("room", "house")
    monkeypatch.setitem(sys.modules, "rooms", types.SimpleNamespace(registry=registry))
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "__init__.py").touch()
    (tmp_path / "house" / "plain.py").write_text(
        "from rooms import registry\nregistry.add('plain', 'built in')\n"
    )
    (tmp_path / "house" / "_hidden.py").write_text("raise AssertionError('private')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return registry


def test_an_object_is_found_by_its_name(fruits: Registry[str]) -> None:
    """Names map to objects, in the order of their registration."""
    assert "yellow" == fruits["banana"]
    assert ["apple", "banana"] == list(fruits)
    assert ["red", "yellow"] == fruits.values()
    assert "apple" in fruits
    assert "cherry" not in fruits


def test_the_last_one_registered_wins(fruits: Registry[str]) -> None:
    """A name that is registered again stands for the new object, at its old place."""
    fruits.add("apple", "green")

    assert "green" == fruits["apple"]
    assert ["apple", "banana"] == list(fruits)


def test_an_unknown_name_lists_the_known_ones(fruits: Registry[str]) -> None:
    """Where nothing is near, the message lists what there is and suggests nothing."""
    with pytest.raises(WeighinError) as caught:
        fruits["xyz"]

    assert "Unknown fruit 'xyz'. Known fruits: apple, banana." == str(caught.value)


def test_a_near_name_is_suggested(fruits: Registry[str]) -> None:
    """A slip of the keyboard gets the name that was meant, and the list."""
    with pytest.raises(WeighinError) as caught:
        fruits["bananna"]

    expected = "Unknown fruit 'bananna'. Did you mean 'banana'? Known fruits: apple, banana."
    assert expected == str(caught.value)


def test_an_empty_registry_says_so() -> None:
    """With nothing registered, the message says that none are known."""
    with pytest.raises(WeighinError) as caught:
        Registry("fruit")["apple"]

    assert "Unknown fruit 'apple'. Known fruits: none." == str(caught.value)


@pytest.mark.parametrize(
    ("kind", "slip", "meant"),
    [
        ("steps", "prun", "prune"),
        ("exports", "int88", "int8"),
        ("runtimes", "lite-rt", "litert"),
        ("metrics", "topp1", "top1"),
    ],
)
def test_what_is_built_in_is_known(kind: str, slip: str, meant: str) -> None:
    """Own steps, exports, runtimes and metrics are there without being imported by name."""
    with pytest.raises(WeighinError, match=f"Did you mean '{meant}'"):
        registry.kinds()[kind][slip]


def test_built_in_modules_are_imported_at_first_use(house: Registry[str]) -> None:
    """The package is imported when the registry is first asked, private modules never."""
    assert "house" not in sys.modules
    assert "built in" == house["plain"]
    assert "house._hidden" not in sys.modules


def test_own_objects_replace_built_in_ones(house: Registry[str]) -> None:
    """What a user registers under a built-in name stands, though built-in ones load later."""
    house.add("plain", "own")

    assert "own" == house["plain"]


def test_model_registers_a_function_and_its_recipes() -> None:
    """The function's name is the model's; each keyword is a profile."""
    recipe = Recipe("digits", epochs=1, finetune_epochs=1)

    @registry.model(quick=recipe)
    def thimble(keras: Any) -> None:
        """Hold a thimble."""

    assert ReferenceModel("thimble", thimble, {"quick": recipe}) == registry.models["thimble"]


def test_what_was_published_is_known_by_the_models_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the model is registered yet or not; of others nothing is known."""
    monkeypatch.setattr(registry.anchors, "_objects", {})
    anchor = Anchor("Elder 1999", 40, "coded weights")

    registry.published("thimble", anchor)

    assert (anchor,) == registry.anchors["thimble"]
    assert "ring" not in registry.anchors


def test_suite_registers_names() -> None:
    """A suite keeps its models and variants as tuples, in order."""
    registry.suite("mine", profile="quick", models=["a"], variants=["baseline", "int8"])

    assert Suite("mine", "quick", ("a",), ("baseline", "int8")) == registry.suites["mine"]
    assert ("baseline", "int8") == registry.suites["mine"].variants_of("a")
    assert ("baseline", "int8") == registry.suites["mine"].variants_of("any other")


def test_suite_registers_variants_of_each_model() -> None:
    """A mapping gives each model its own, and nothing to any other."""
    registry.suite(
        "mine",
        profile="quick",
        models=["a", "b"],
        variants={"a": ["baseline"], "b": ["baseline", "int8"]},
        seeds=3,
    )
    mine = registry.suites["mine"]

    assert [("baseline",), ("baseline", "int8")] == [mine.variants_of(name) for name in "ab"]
    assert 3 == mine.seeds
    with pytest.raises(
        WeighinError, match=r"'mine' has no variants for the model 'c', only .*a, b"
    ):
        mine.variants_of("c")


@pytest.mark.parametrize("models", [("a",), ("a", "b", "c")])
def test_suite_refuses_variants_of_other_models(models: tuple[str, ...]) -> None:
    """A model without variants, or variants without their model, is a slip."""
    differing = "b" if len(models) == 1 else "c"
    with pytest.raises(WeighinError, match=f"only one of them names: {differing}"):
        registry.suite("mine", profile="quick", models=models, variants={"a": ["x"], "b": ["x"]})

    assert "mine" not in registry.suites


@pytest.mark.parametrize(
    ("decorator", "kind"),
    [
        (registry.dataset("button"), "data sets"),
        (registry.step("button"), "steps"),
        (registry.export("button"), "exports"),
    ],
)
def test_functions_are_registered_as_they_are(decorator: Callable[[Any], Any], kind: str) -> None:
    """Data sets, steps and exports are the decorated functions themselves."""

    def function() -> None:
        """Do nothing."""

    assert function is decorator(function)
    assert function is registry.kinds()[kind]["button"]


def test_step_keeps_its_check() -> None:
    """A check of a step's arguments together is found at the step."""

    def check(size: int) -> None:
        """Accept all."""

    @registry.step("shrink", check=check)
    def shrink(model: Any, trainer: Any, size: int) -> Any:
        """Do nothing."""

    assert check is vars(registry.steps["shrink"])["check"]


def test_metric_registers_its_meaning() -> None:
    """A metric's summary is the first line of its docstring, without the full stop."""

    @registry.metric("weight", unit="g", better="lower", scope="artifact", machine_bound=True)
    def weight(file: Any) -> Figure:
        """How heavy it is.

        On the moon.
        """
        return Figure(1.0)

    expected = ComputedMetric(
        name="weight",
        title="weight",
        unit="g",
        kind="number",
        better="lower",
        machine_bound=True,
        comparison="intervals",
        summary="How heavy it is",
        scope="artifact",
        compute=weight,
    )
    assert expected == registry.metrics["weight"]


def test_runtime_registers_an_instance() -> None:
    """A runtime is registered under its class's name for itself."""

    @registry.runtime
    class Abacus:
        name = "abacus"

    assert isinstance(registry.runtimes["abacus"], Abacus)


def test_kinds_shows_every_registry() -> None:
    """`weighin list` shows each kind that can be registered."""
    expected = ["models", "data sets", "suites", "tasks", "steps", "exports", "runtimes", "metrics"]
    assert expected == list(registry.kinds())


def test_summary_is_the_first_line() -> None:
    """A docstring's first line, without its full stop; nothing where there is no docstring."""

    def told() -> None:
        """Say this.

        Not this.
        """

    assert "Say this" == registry.summary(told)
    assert "" == registry.summary(types.SimpleNamespace(__doc__=None))
