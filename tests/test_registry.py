"""Registries: decorators put things in, names take them out, files of definitions are run."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import hashlib
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.support import isolate_registries

from weighin import registry
from weighin.core import Anchor, ComputedMetric, Figure, Recipe, ReferenceModel, Suite, WeighinError
from weighin.definitions import default_definitions, load_definitions
from weighin.registry import Registry

SUITE = "from weighin import suite\nsuite({name!r}, profile='quick', models=(), variants=())\n"


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    isolate_registries(monkeypatch)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Modules that a test imports are forgotten after it."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("weighin_definitions_", "house")):
            del sys.modules[name]


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


def run_source(path: Path, source: str) -> dict[str, Any]:
    """What a file defines."""
    path.write_text(source)
    names: dict[str, Any] = {"__name__": path.stem}
    exec(compile(source, str(path), "exec"), names)  # noqa: S102 - the source is the test's own
    return names


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
    expected = ["models", "data sets", "suites", "steps", "exports", "runtimes", "metrics"]
    assert expected == list(registry.kinds())


def test_summary_is_the_first_line() -> None:
    """A docstring's first line, without its full stop; nothing where there is no docstring."""

    def told() -> None:
        """Say this.

        Not this.
        """

    assert "Say this" == registry.summary(told)
    assert "" == registry.summary(types.SimpleNamespace(__doc__=None))


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


def test_default_definitions_are_those_that_exist(tmp_path: Path) -> None:
    """A project's `models` folder and `bench/suite.py`, each only if it is there."""
    assert [] == default_definitions(tmp_path)

    (tmp_path / "models").mkdir()
    (tmp_path / "bench").mkdir()
    assert [] == default_definitions(tmp_path)  # anybody's `models/`

    (tmp_path / "bench" / "suite.py").touch()
    expected = [tmp_path / "models", tmp_path / "bench" / "suite.py"]
    assert expected == default_definitions(tmp_path)


def test_definitions_of_a_folder_are_run_in_order(tmp_path: Path) -> None:
    """Every Python file of a folder registers what it defines, by the files' names in order."""
    for name in ("zebra", "ape"):
        (tmp_path / f"{name}.py").write_text(SUITE.format(name=name))
    (tmp_path / "notes.txt").write_text("not Python")

    load_definitions([tmp_path])

    assert ["ape", "zebra"] == [name for name in registry.suites if name in {"ape", "zebra"}]


@pytest.mark.parametrize(
    "name", ["_private", "__init__", "test_suite", "bench_latency", "conftest"]
)
def test_files_that_define_nothing_are_passed_over(tmp_path: Path, name: str) -> None:
    """Private files, tests and conftest lie beside definitions and are not run."""
    (tmp_path / f"{name}.py").write_text("raise AssertionError('run')\n")
    (tmp_path / "suite.py").write_text(SUITE.format(name="beside"))

    load_definitions([tmp_path])

    assert "beside" in registry.suites


def test_a_file_is_run_once(tmp_path: Path) -> None:
    """Definitions that are named twice, as a file and in a folder, are run once."""
    path = tmp_path / "suite.py"
    count = "from pathlib import Path\nwith Path(__file__).with_suffix('.log').open('a') as f:\n"
    path.write_text(f"{count}    f.write('run ')\n")

    load_definitions([path, tmp_path])

    assert "run " == path.with_suffix(".log").read_text()


def test_files_of_one_name_are_all_run(tmp_path: Path) -> None:
    """Two folders may both hold a `suite.py`."""
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "suite.py").write_text(SUITE.format(name=name))

    load_definitions([tmp_path / "left", tmp_path / "right"])

    assert "left" in registry.suites
    assert "right" in registry.suites


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    """Definitions that are not there are an error that says where they were looked for."""
    path = tmp_path / "nowhere"

    with pytest.raises(WeighinError) as caught:
        load_definitions([path])

    assert f"No definitions at {path}: no such file or folder." == str(caught.value)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def broken(:\n", "SyntaxError"),
        ("import no_such_module_at_all\n", "ModuleNotFoundError"),
        ("import weighin\nraise weighin.WeighinError('not so')\n", "not so"),
    ],
)
def test_a_file_that_raises_is_named(tmp_path: Path, source: str, problem: str) -> None:
    """An error in a file of definitions names the file and what went wrong in it."""
    path = tmp_path / "mine.py"
    path.write_text(source)

    with pytest.raises(WeighinError) as caught:
        load_definitions([path])

    assert str(path) in str(caught.value)
    assert problem in str(caught.value)


def test_a_mended_file_can_be_loaded_again(tmp_path: Path) -> None:
    """A file that failed is not taken for loaded."""
    path = tmp_path / "mine.py"
    path.write_text("1 / 0\n")
    with pytest.raises(WeighinError):
        load_definitions([path])
    path.write_text(SUITE.format(name="mended"))

    load_definitions([path])

    assert "mended" in registry.suites


def test_a_file_that_is_not_python_is_refused(tmp_path: Path) -> None:
    """A text file named as definitions is an error that names it."""
    path = tmp_path / "notes.txt"
    path.write_text("hello")

    with pytest.raises(WeighinError, match=r"notes\.txt is not a Python file"):
        load_definitions([path])
