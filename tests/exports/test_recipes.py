"""Recipes of litert-quantizer: which there are, what options make of them, what is refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import pytest

from weighin import grammar, registry
from weighin.core import WeighinError
from weighin.exports import _exceptions, _recipes
from weighin.exports._recipes import Options, Stored

pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")


@pytest.fixture(autouse=True)
def _looked_up_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers with litert-quantizer is found, and found by no other."""
    from litert_quantizer.utils import recipe_utils

    monkeypatch.setattr(recipe_utils, "_NAMED_RECIPES", None)
    monkeypatch.setattr(_recipes, "recipes", _recipes.recipes.__wrapped__)


def stored(recipe: str, **options: object) -> list[Stored]:
    return _recipes.stored(_recipes.entries(Options(recipe, **options)))  # type: ignore[arg-type]


def calibrates(name: str) -> bool:
    call = grammar.parse(name).export
    function = registry.exports["litert"]
    return registry.is_calibrated(function, grammar.arguments(call, function))


def refusal(name: str) -> str:
    with pytest.raises(WeighinError) as refused:
        grammar.parse(name)
    return str(refused.value)


def test_every_recipe_of_one_file_is_there_and_no_bundle_or_helper() -> None:
    names = _recipes.recipes()

    assert {"static_wi8_ai8", "dynamic_wi4b32_afp32", "default_a8w8"} <= set(names)
    assert not [name for name in names if name.startswith(("_", "gemma"))]
    assert all(isinstance(_recipes.entries(Options(name)), list) for name in names)


def test_a_recipe_that_another_version_registers_is_found(monkeypatch) -> None:
    """None is typed in here."""
    from litert_quantizer import recipe

    monkeypatch.setattr(recipe, "tomorrows_w8", lambda: recipe.static_wi8_ai16(), raising=False)

    assert "litert(tomorrows_w8)" == grammar.parse("litert(tomorrows_w8)").name
    assert [Stored("INT8", "INT16")] == stored("tomorrows_w8")


@pytest.mark.parametrize(
    ("recipe", "options", "expected"),
    [
        ("static_wi8_ai8", {}, Stored("INT8", "INT8")),
        ("static_wi8_ai16", {"bits": 4}, Stored("INT4", "INT16")),
        ("dynamic_wi8_afp32", {"granularity": "tensor"}, Stored("INT8", "FLOAT32", 0, True)),
        ("dynamic_wi4_afp32", {"granularity": "block_64"}, Stored("INT4", "FLOAT32", 64)),
        ("dynamic_wi4b32_afp32", {"bits": 2}, Stored("INT2", "FLOAT32", 32)),
        ("weight_only_wi4_afp32", {"bits": 8}, Stored("INT8", "FLOAT32")),
        ("weight_only_wi8_afp32", {"algorithm": "float_casting"}, Stored("FLOAT16", "FLOAT32")),
        ("dynamic_wi4b32_afp32", {"granularity": "channel"}, Stored("INT4", "FLOAT32")),
    ],
)
def test_options_change_what_the_recipe_says(recipe, options, expected) -> None:
    assert [expected] == stored(recipe, **options)


def test_an_algorithm_takes_the_place_of_the_recipes() -> None:
    (entry,) = _recipes.entries(Options("dynamic_wi4_afp32", algorithm="gptq"))

    assert "GPTQ" == entry["algorithm_key"].value
    assert ["FULLY_CONNECTED"] == _recipes.covered([entry])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("litert(dynamic_wi8_afp32)", False),
        ("litert(dynamic_wi4_afp32,algorithm=mse)", False),
        ("litert(dynamic_wi4_afp32,algorithm=octav)", False),
        ("litert(dynamic_wi4c_hr_afp32)", False),
        ("litert(weight_only_wi8_afp32,algorithm=float_casting)", False),
        ("litert(dynamic_wi4_afp32,algorithm=gptq)", True),
        ("litert(dynamic_wi4_afp32,algorithm=oscar)", True),
        ("litert(static_wi8_ai8)", True),
        ("litert(static_wi8_ai16,except=x)", True),
    ],
)
def test_inputs_are_asked_for_where_they_decide_something(name: str, expected: bool) -> None:
    """Ranges of activations, and what an algorithm gathers of what flows."""
    assert expected == calibrates(name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("litert(dynmic_wi8_afp32)", "did you mean 'dynamic_wi8_afp32'?"),
        ("litert(zz)", "it has: default_a16w8, "),
        ("litert(gemma4_mixed48)", "recipe 'gemma4_mixed48' is none of litert-quantizer"),
        ("litert(/etc/passwd)", "recipe '/etc/passwd' is none of"),
        ("litert(static_wi8_ai8,algorithm=gptp)", "did you mean 'gptq'?"),
        ("litert(static_wi8_ai8,granularity=channels)", "did you mean 'channel'?"),
        ("litert(dynamic_wi8_afp32,bits=3)", "nothing can be quantized so"),
        ("litert(static_wi8_ai8,granularity=block_32)", "nothing can be quantized so"),
        ("litert(dynamic_wi8_afp32,bits=-1)", "must be above -1"),
        ("litert(dynamic_wi8_afp32,except=a:int16)", "a:int16 is of activations"),
        ("litert(static_wi8_ai8,except=a||b)", "must name layers"),
        ("litert(static_wi8_ai8,except=:int8)", "must name layers"),
        ("litert(static_wi8_ai8,except_=a)", "no 'except_'"),
        ("litert", "needs recipe"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_read(name: str, told: str) -> None:
    assert told in refusal(name)


def test_a_registered_recipe_that_no_kernel_supports_can_be_asked_for() -> None:
    """Its row says that nothing was quantized."""
    assert "litert(dynamic_wi8b32_afp32)" == grammar.parse("litert(dynamic_wi8b32_afp32)").name
    assert [] == _recipes.covered(_recipes.entries(Options("dynamic_wi8b32_afp32")))


def test_without_the_package_names_can_be_read_and_nothing_is_made(monkeypatch) -> None:
    """Tables of anybody's records print; a row that would be made says what is missing."""
    monkeypatch.setattr(_recipes.packages, "missing", lambda name: f"no {name} here")

    assert "litert(of_tomorrow)" == grammar.parse("litert(of_tomorrow)").name
    assert not calibrates("litert(of_tomorrow)")
    function = registry.exports["litert"]
    assert "no litert-quantizer here" == vars(function)["available"]()
    call = grammar.parse("litert(of_tomorrow)").export
    with pytest.raises(WeighinError, match="no litert-quantizer here"):
        vars(function)["of_file"](b"", {}, **grammar.arguments(call, function))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", []),
        ("conv2d", [("conv2d", "float")]),
        ("a*|b:int8|c:int16", [("a*", "float"), ("b", "int8"), ("c", "int16")]),
        ("d:float", [("d", "float")]),
        ("Stateful:0", [("Stateful:0", "float")]),
        ("Stateful:0:int8", [("Stateful:0", "int8")]),
    ],
)
def test_exceptions_are_patterns_with_a_precision_each(text, expected) -> None:
    """A colon within a name is the name's."""
    assert expected == _exceptions.parsed(text)
    assert text in grammar.parse(f"litert(static_wi8_ai8,except={text})").name or text == "none"
