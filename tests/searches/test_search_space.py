"""What can be tried: names of variants that the grammar takes, from what steps and exports say."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import pytest

from weighin import grammar, registry
from weighin.core import Searched, WeighinError
from weighin.searches import space


def test_steps_stand_in_their_places_with_their_arguments() -> None:
    whole = space.of_steps(["int8", "dynamic"])
    chosen = dict.fromkeys((choice.name for choice in whole.choices), 1)

    name = whole.variant(chosen)

    assert "channels(0.125)+prune(0.3,scope=global)+cluster(64)+qat+dynamic" == name
    assert grammar.parse(name).name == name


def test_a_step_is_left_out_with_all_its_arguments() -> None:
    whole = space.of_steps(["int8"])
    nothing = dict.fromkeys((choice.name for choice in whole.choices), 0)

    assert "int8" == whole.variant(nothing | {"prune.scope": 1})


def test_a_step_of_ones_own_takes_part() -> None:
    def shrink(model: object, trainer: object, by: int) -> object:
        return model

    registry.step("shrink", searched=Searched(9, {"by": (2, 3)}))(shrink)
    whole = space.of_steps(["int8"])
    nothing = dict.fromkeys((choice.name for choice in whole.choices), 0)

    assert "shrink(3)+int8" == whole.variant(nothing | {"shrink.by": 2})


def test_exports_come_by_turns_and_none_that_cannot_be_made() -> None:
    names = space.first_exports(of_file=False, format="tflite")

    assert {"dynamic", "int8", "reorder(int8,scales=tensor,tries=50)", "float16"} <= set(names)
    assert not {"baseline", "onnx_int8", "sparse(dynamic)"} & set(names)
    assert names.index("dynamic") < names.index("dynamic(scales=tensor)")
    assert all(grammar.parse(name).name == name for name in names)


def test_of_a_file_there_are_those_that_are_made_of_one() -> None:
    pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
    names = space.first_exports(of_file=True, format="tflite")

    assert {grammar.parse(name).export.name for name in names} == {"int4", "litert"}
    assert "litert(static_wi8_ai8)" in names
    assert any("algorithm=gptq" in name and "wi4" in name for name in names)
    assert not any("algorithm=" in name and "wi8" in name for name in names)


def test_layers_are_left_in_other_bits_where_an_export_can_say_so() -> None:
    pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
    base = "litert(dynamic_wi4_afp32)"

    assert space.takes_exceptions(base)
    assert not space.takes_exceptions("int8")
    assert "litert(dynamic_wi4_afp32,except=model/a:int8|b)" == space.with_exceptions(
        base, "model/a:int8|b"
    )
    with pytest.raises(WeighinError, match="static"):
        space.with_exceptions(base, "a:int16")


def test_all_that_steps_and_exports_say_is_taken_by_the_grammar() -> None:
    whole = space.of_steps(["int8"])
    nothing = dict.fromkeys((choice.name for choice in whole.choices), 0)
    for choice in whole.choices:
        for at in range(len(choice.values)):
            assert whole.variant(nothing | {choice.name: at})
    for name in registry.exports:
        told = vars(registry.exports[name])["searched"]
        for arguments in () if callable(told) else told:
            if arguments:
                grammar.parse(f"{name}({arguments})")
