"""The grammar of variants: one name for each, and a refusal that helps for what is none."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
from typing import Annotated, Any, Literal

import pytest
from helpers.support import isolate_registries
from hypothesis import example, given
from hypothesis import strategies as st

from weighin import grammar, registry
from weighin.core import Call, Variant, WeighinError

TOKENS = (
    *("baseline", "prune", "finetune", "int8", "dynamic", "float32", "cluster"),
    *("sparsity", "begin", "schedule", "frequency", "constant", "polynomial"),
    *("(", ")", "+", ",", "=", " ", "\n", "-", ".", "_"),
    *("0", "1", "0.8", "0.80", "8e-1", "1e400", "nan", "inf", "½", "٣", "9" * 5000),
)


@pytest.fixture
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    isolate_registries(monkeypatch)


@st.composite
def prunes(draw: st.DrawFn) -> Call:
    """A `prune` with any arguments that make sense together."""
    share = st.floats(0, 1, exclude_min=True, exclude_max=True)
    sparsity = draw(share)
    given: dict[str, Any] = {}
    if draw(st.booleans()):
        given["schedule"] = "constant"
    elif draw(st.booleans()):
        given["begin"] = draw(st.floats(0, sparsity, exclude_min=True))
    if draw(st.booleans()):
        given["frequency"] = draw(st.integers(1, 10**9))
    return Call("prune", (("sparsity", sparsity), *sorted(given.items())), 1)


VARIANTS = st.builds(
    Variant,
    st.lists(prunes() | st.just(Call("finetune")), max_size=3).map(tuple),
    st.sampled_from(("float32", "float16", "dynamic", "int8")).map(Call),
)


def refusal(name: str) -> str:
    """What the user is told about a name that is none."""
    with pytest.raises(WeighinError) as caught:
        grammar.parse(name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("baseline", "baseline"),
        ("float32", "baseline"),
        (" baseline ", "baseline"),
        ("int8", "int8"),
        ("int8()", "int8"),
        ("finetune", "finetune"),
        ("prune(0.8)", "prune(0.8)"),
        ("prune(0.80)", "prune(0.8)"),
        ("prune(.8)", "prune(0.8)"),
        ("prune(8e-1)", "prune(0.8)"),
        ("prune(+0.8)", "prune(0.8)"),
        ("prune(0.00001)", "prune(1e-05)"),
        ("prune(sparsity=0.8)", "prune(0.8)"),
        ("prune(0.8)+float32", "prune(0.8)"),
        ("prune(0.8,schedule=polynomial)", "prune(0.8)"),
        ("prune(0.8,begin=0)", "prune(0.8)"),
        ("prune(0.8,begin=-0.0)", "prune(0.8)"),
        ("prune(0.8,frequency=0,begin=0.00)", "prune(0.8)"),
        ("prune(0.8,begin=0.8)", "prune(0.8,begin=0.8)"),
        ("prune(0.8,schedule=constant)", "prune(0.8,schedule=constant)"),
        ("prune(0.8,schedule=constant,begin=0)", "prune(0.8,schedule=constant)"),
        ("prune(0.7,frequency=0100,begin=0.40)", "prune(0.7,begin=0.4,frequency=100)"),
        ("prune(begin=0.4,sparsity=0.7)", "prune(0.7,begin=0.4)"),
        (" prune( 0.8 , begin = 0.4 )\t+ int8\n", "prune(0.8,begin=0.4)+int8"),
        ("finetune+prune(0.5)+dynamic", "finetune+prune(0.5)+dynamic"),
        ("prune(0.5)+prune(0.8)", "prune(0.5)+prune(0.8)"),
    ],
)
def test_a_variant_has_one_name(written: str, name: str) -> None:
    """Defaults are dropped, numbers shortened, keywords sorted, spaces ignored."""
    assert name == grammar.parse(written).name


def test_a_variant_is_steps_and_an_export() -> None:
    """What is parsed holds the arguments as numbers, the positional ones first."""
    prune = Call("prune", (("sparsity", 0.8), ("begin", 0.4), ("frequency", 10)), 1)

    parsed = grammar.parse("finetune+prune(0.8,frequency=10,begin=0.4)+int8")

    assert Variant((Call("finetune"), prune), Call("int8")) == parsed


def test_no_export_is_float32() -> None:
    """A variant that names no export is converted without quantization."""
    assert Variant((), Call("float32")) == grammar.parse("baseline")
    assert Call("float32") == grammar.parse("finetune").export


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "'' is not a step or export"),
        (" ", "'' is not a step or export"),
        ("+", "'' is not a step or export"),
        ("prune(0.8)+", "'' is not a step or export"),
        ("+int8", "'' is not a step or export"),
        ("shrink", "'shrink' is not known"),
        ("prun(0.8)", "'prun' is not known (did you mean 'prune'?)"),
        ("int", "'int' is not known (did you mean 'int"),
        ("prune(0.8)+shrink(2)", "'shrink' is not known"),
        ("Int8", "'Int8' is not a step or export"),
        ("int-8", "'int-8' is not a step or export"),
        ("8int", "'8int' is not a step or export"),
        ("prune(0.8", "'prune(0.8' is not a step or export"),
        ("prune0.8)", "'prune0.8)' is not a step or export"),
        ("prune((0.8))", "'prune((0.8))' is not a step or export"),
        ("prune(0.8))", "'prune(0.8))' is not a step or export"),
        ("prune(0.8)int8", "'prune(0.8)int8' is not a step or export"),
        ("(0.8)", "'(0.8)' is not a step or export"),
        ("int8+prune(0.8)", "nothing can follow the export 'int8'"),
        ("int8+float16", "nothing can follow the export 'int8'"),
        ("int8+int8", "nothing can follow the export 'int8'"),
        ("float32+int8", "nothing can follow the export 'float32'"),
        ("baseline+int8", "'baseline' means no step and no export, so it stands alone"),
        ("prune(0.8)+baseline", "'baseline' means no step and no export, so it stands alone"),
        ("baseline()", "'baseline' means no step and no export, so it stands alone"),
        ("prune", "'prune' needs sparsity: prune(sparsity, schedule=polynomial"),
        ("prune()", "'prune' needs sparsity: prune(sparsity, schedule=polynomial"),
        ("prune(begin=0.1)", "'prune' needs sparsity: prune(sparsity, schedule=polynomial"),
        ("prune(1)", "sparsity=1 in 'prune' must be at least 0 and below 1"),
        ("prune(1.5)", "sparsity=1.5 in 'prune' must be at least 0 and below 1"),
        ("prune(-0.1)", "sparsity=-0.1 in 'prune' must be at least 0 and below 1"),
        ("prune(nan)", "sparsity=nan in 'prune' must be at least 0 and below 1"),
        ("prune(inf)", "sparsity=inf in 'prune' must be at least 0 and below 1"),
        ("prune(0)", "in 'prune' sparsity=0 prunes nothing: write 'finetune'"),
        ("prune(-0.0)", "in 'prune' sparsity=0 prunes nothing: write 'finetune'"),
        ("prune(1e-400)", "in 'prune' sparsity=0 prunes nothing: write 'finetune'"),
        ("prune(0.8,begin=0.9)", "in 'prune' begin=0.9 is above the final sparsity 0.8"),
        ("prune(0.8,begin=1)", "begin=1 in 'prune' must be at least 0 and below 1"),
        ("prune(0.8,begin=nan)", "begin=nan in 'prune' must be at least 0 and below 1"),
        ("prune(0.8,begin=0.1,schedule=constant)", "in 'prune' begin is for schedule=polynomial"),
        ("prune(0.8,speed=2)", "'prune' is written prune(sparsity, schedule=polynomial"),
        ("prune(0.8,=2)", "'prune' is written prune(sparsity, schedule=polynomial"),
        ("prune(0.8,begin=0.1=0.2)", "'prune' is written prune(sparsity, schedule=polynomial"),
        ("int8(bits=4)", "'int8' is written int8(scales=channel, batch=one), no 'bits'"),
        ("prune(0.8,begin=0.1,begin=0.2)", "'begin' is given twice in 'prune'"),
        ("prune(0.8,sparsity=0.8)", "'sparsity' is given twice in 'prune'"),
        ("prune(0.8,0.4)", "'0.4' in 'prune' needs a name: key=value"),
        ("prune(begin=0.4,0.8)", "'0.8' in 'prune' needs a name: key=value"),
        ("prune(0.8,)", "'' in 'prune' needs a name: key=value"),
        ("int8(4)", "'4' in 'int8' needs a name: key=value"),
        ("prune(much)", "sparsity=much in 'prune' must be a number"),
        ("prune(sparsity=)", "sparsity= in 'prune' must be a number"),
        ("prune(,begin=0.1)", "sparsity= in 'prune' must be a number"),
        ("prune(0.8,frequency=1.5)", "frequency=1.5 in 'prune' must be a whole number"),
        ("prune(0.8,frequency=-1)", "frequency=-1 in 'prune' must be above -1"),
        (
            "prune(0.8,schedule=cubic)",
            "schedule=cubic in 'prune' must be one of: polynomial, constant",
        ),
    ],
)
def test_what_is_no_variant_is_refused(written: str, problem: str) -> None:
    """The message quotes what was typed and says what is wrong with it."""
    message = refusal(written)

    assert f"Variant {written!r}: {problem}" in message


@pytest.mark.parametrize("written", ["shrink", "int8+int8", "prune(2)", "prune", "("])
def test_a_refusal_says_how_a_variant_is_written(written: str) -> None:
    """And where every step and export is listed; on a line or three, not on a screen."""
    message = refusal(written)

    assert "steps, then at most one export, joined by '+', or 'baseline'" in message
    assert "weighin list steps exports" in message
    assert len(message) < 400


def test_a_word_like_no_other_is_told_all_names() -> None:
    """Where one is near, that one."""
    unlike, like = refusal("shrink"), refusal("prun(0.8)")

    for name in (*registry.steps, *registry.exports):
        assert name in unlike
    assert "did you mean 'prune'?" in like
    assert "cluster" not in like


@given(VARIANTS)
def test_a_name_is_parsed_back(made: Variant) -> None:
    """A variant's name gives the same variant, so the name can be its id."""
    parsed = grammar.parse(made.name)

    assert made == parsed
    assert made.name == parsed.name


@given(
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.permutations(["sparsity={}", "schedule=polynomial", "frequency=3", "begin=0"]),
)
def test_the_order_of_keywords_does_not_matter(sparsity: float, words: list[str]) -> None:
    """Whatever order arguments are typed in, the variant is the same."""
    written = f"prune({','.join(words)})".format(sparsity)

    assert grammar.parse(f"prune({sparsity},frequency=3)") == grammar.parse(written)


@given(
    st.text(max_size=40) | st.lists(st.sampled_from(TOKENS), max_size=12).map("".join),
)
@example("prune(0.8)+int8")
@example("\x00")
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """No text whatever breaks the parser; what it takes has a name that it takes again."""
    with contextlib.suppress(WeighinError):
        parsed = grammar.parse(text)
        assert parsed == grammar.parse(parsed.name)


@pytest.mark.usefixtures("own_registries")
def test_a_new_step_needs_no_new_code() -> None:
    """A registered function's parameters are its grammar: several required ones, and keywords."""

    @registry.step("cut")
    def cut(
        model: Any,
        trainer: Any,
        rows: Annotated[int, grammar.above(0)],
        depth: float,
        *,
        order: Literal["first", "last"] = "first",
        blade: int = 3,
    ) -> Any:
        """Cut."""

    parsed = grammar.parse("cut(2,0.50,order=last,blade=3)+int8")

    assert "cut(2,0.5,order=last)+int8" == parsed.name
    assert parsed == grammar.parse("cut(depth=0.5,order=last,rows=2)+int8")
    assert "rows=0 in 'cut' must be above 0" in refusal("cut(0,0.5)")
    assert "'cut' needs depth: cut(rows, depth, order=first, blade=3)" in refusal("cut(2)")


@pytest.mark.usefixtures("own_registries")
def test_a_step_without_annotations_is_no_accident() -> None:
    """An own step whose parameter has no annotation is taken or refused, not a traceback."""

    def cut(model, trainer, rows):
        """Cut."""

    with contextlib.suppress(WeighinError):
        registry.step("cut")(cut)
        assert "cut(2)" == grammar.parse("cut(2)").name


@pytest.mark.usefixtures("own_registries")
def test_choices_may_be_numbers() -> None:
    """An annotation such as `Literal[4, 8]` is enforced: its numbers are taken, others refused."""

    @registry.step("pack")
    def pack(model: Any, trainer: Any, *, bits: Literal[4, 8] = 8) -> Any:
        """Pack."""

    assert "pack(bits=4)" == grammar.parse("pack(bits=4)").name
    assert "bits=5 in 'pack' must be one of: 4, 8" in refusal("pack(bits=5)")


def test_arguments_are_filled_in() -> None:
    """A call's arguments by name, defaults among them: what a step is called with."""
    call = grammar.parse("prune(0.8,frequency=5)").steps[0]

    expected = {"sparsity": 0.8, "schedule": "polynomial", "begin": 0.0, "frequency": 5}
    expected |= {
        "ramp": 0.75,
        "pattern": "none",
        "block": "1x1",
        "scope": "layer",
        "criterion": "magnitude",
        "except_": "none",
    }
    assert expected == grammar.arguments(call, registry.steps["prune"])


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("pattern=2x4", "pattern=2x4 in 'prune' must be two numbers as 2:4 or none"),
        ("block=4", "block=4 in 'prune' must be two numbers as 2x4"),
        ("block=0x4", "block=0x4 in 'prune' must be two numbers as 2x4"),
        ("pattern=1:4", "pattern=1:4 zeroes 0.25 of the weights, not 0.5"),
        ("pattern=2:4,block=1x4", "pattern goes with criterion alone"),
        ("pattern=2:4,scope=global", "pattern goes with criterion alone"),
        ("scope=model", "scope=model in 'prune' must be one of: layer, global, recipe"),
        ("scope=global,block=1x4", "block goes with scope=layer or recipe"),
        ("except=dense:1", "except=dense:1: wanted names of layers joined by '|', each with its"),
        ("except=dense|:0.5", "wanted names of layers"),
        ("except=dense:nan", "wanted names of layers"),
        ("except=dense:0.7:0.5", "wanted names of layers"),
        ("except=dense,scope=global", "except goes with scope=layer"),
    ],
)
def test_structured_pruning_is_checked(word: str, problem: str) -> None:
    """Patterns and blocks are pairs of numbers that agree with the sparsity and one another."""
    assert problem in refusal(f"prune(0.5,{word})")


def test_a_signature_shows_how_it_is_written() -> None:
    """Required parameters by name, optional ones with their defaults, none without brackets."""
    prune, int8 = registry.steps["prune"], registry.exports["int8"]
    finetune = registry.steps["finetune"]

    expected = (
        "prune(sparsity, schedule=polynomial, begin=0.0, frequency=0, "
        "ramp=0.75, pattern=none, block=1x1, scope=layer, criterion=magnitude, except=none)"
    )
    assert expected == grammar.signature("prune", prune)
    assert "finetune" == grammar.signature("finetune", finetune)
    assert "int8(scales=channel, batch=one)" == grammar.signature("int8", int8)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("baseline", []),
        ("int8", []),
        ("prune(0.8)+cluster(16)+int8", ["prune", "cluster"]),
        ("litert(a_recipe_of_another_day,except=a/b+c:int8)", []),  # the + stands in its argument
        ("prune(sparseness=much)", ["prune"]),
    ],
)
def test_steps_are_known_without_their_arguments(name: str, steps: list[str]) -> None:
    """Of published variants that what is installed would refuse: nothing of it is loaded."""
    assert steps == grammar.steps(name)


def test_a_file_that_is_called_like_nothing_known_has_no_steps_to_tell() -> None:
    with pytest.raises(WeighinError, match=r"'b.tflite' is not known"):
        grammar.steps("b.tflite")
