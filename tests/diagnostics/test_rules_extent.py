"""Rules of how far a promise reaches, and of files that grew."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from helpers.rules import EMPTY, graph, kernel, layers, said

from weighin import grammar, registry
from weighin.core import Call
from weighin.diagnostics import explaining
from weighin.diagnostics.extent import percent
from weighin.formats.coverage import weights_of
from weighin.formats.graph import Graph, Operator

INT8 = weights_of("INT8")


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, "0 %"), (0.004, "under 1 %"), (0.354, "35 %"), (0.996, "over 99 %"), (1, "100 %")],
)
def test_what_is_not_quite_all_does_not_look_so(share: float, expected: str) -> None:
    """Rounding makes neither nothing nor all of a share."""
    assert expected == percent(share)


def mixed(*positions: int) -> Graph:
    """Three layers of 100, 100 and 800 weights, the last one int8, at so many positions each."""
    kinds = [("CONV_2D", "FLOAT32"), ("CONV_2D", "FLOAT32"), ("FULLY_CONNECTED", "INT8")]
    held = layers(*kinds, sizes=(100, 100, 800))
    operators = tuple(
        dataclasses.replace(operator, positions=count)
        for operator, count in zip(held.operators, positions, strict=True)
    )
    return dataclasses.replace(held, operators=operators)


def test_how_much_is_covered() -> None:
    """Layers, weights, and the multiply-accumulates that most of the time goes to."""
    expected = "int8 weights in 1 of 3 layers: 80 % of the weights, 40 % of the"
    told = said("coverage", mixed(6, 6, 1), promises=[INT8])

    assert f"{expected} multiply-accumulates" == told


def test_what_covers_all_or_promises_nothing_is_not_told() -> None:
    """A row of the whole needs no word; nor does one of a step that promises no such thing."""
    whole = layers(("CONV_2D", "INT8"), ("RELU", ""))

    assert said("coverage", whole, promises=[INT8]) is None
    assert said("coverage", mixed(6, 6, 1)) is None
    assert said("coverage", EMPTY, promises=[INT8]) is None
    assert said("coverage", WHOLE, promises=[INT8]) is None


def test_weights_elsewhere_are_not_left_out_of_all() -> None:
    """A table of embeddings is no layer that is counted."""
    held = mixed(6, 6, 1)
    table = dataclasses.replace(held.tensors[1], index=9, shape=(10, 10))
    reading = Operator("GATHER", (len(held.tensors), 0), (0,), None, 0)
    beside = dataclasses.replace(
        held, tensors=(*held.tensors, table), operators=(*held.operators, reading)
    )

    told = said("coverage", beside, promises=[INT8])

    assert told is not None
    assert told.startswith("int8 weights in 1 of 3 convolutions and dense layers: 80 % of their w")


def test_a_share_of_work_that_is_not_counted_is_left_out() -> None:
    """Where an operator multiplies and is not counted, layers and weights alone are told."""
    held = mixed(6, 6, 1)
    held = dataclasses.replace(
        held, operators=(*held.operators, Operator("WHILE", (0, 0), (0,), None, 0, uncounted=True))
    )

    told = said("coverage", held, promises=[INT8])

    assert "int8 weights in 1 of 3 layers: 80 % of the weights" == told


def test_weights_that_layers_share_count_once() -> None:
    """Two layers by one kernel are two layers and one kernel's weights."""
    shared, alone = kernel(10, 10), dataclasses.replace(kernel(10, 10), dtype="INT8")
    held = graph(("CONV_2D", shared), ("CONV_2D", shared), ("CONV_2D", alone))

    told = said("coverage", held, promises=[INT8])

    assert told is not None
    assert told.startswith("int8 weights in 1 of 3 layers: 50 % of the weights, 33 %")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dynamic", ["int8 weights"]),
        ("compact(int8)", ["int8 weights"]),
        ("prune(0.5)+prune(0.8)+sparse(export=float16)", [*("pruned", "sparse"), "half-precision"]),
        ("cluster(16)+int4", ["clustered", "4-bit"]),
        ("finetune", []),
        ("baseline", []),
    ],
)
def test_what_a_variant_promises(name: str, expected: list[str]) -> None:
    """Each step once, then the export, then the one that this is about."""
    promised = explaining._promises(grammar.parse(name))

    wanted = [word if word.endswith("weights") else f"{word} weights" for word in expected]
    assert wanted == [promise.what for promise in promised]


@pytest.mark.parametrize("name", ["prune(0.8)", "cluster(16)"])
def test_depthwise_layers_are_told_where_the_toolkit_leaves_them(name: str) -> None:
    """Half of the layers of a MobileNet are as they were."""
    zeros = 0.8 if name.startswith("prune") else 0.0
    held = graph(
        ("DEPTHWISE_CONV_2D", kernel(1, 3, 3, 8)), ("CONV_2D", kernel(8, 1, 1, 9, zeros=zeros))
    )
    (call,) = grammar.parse(name).steps
    promise = vars(registry.steps[call.name])["promise"]

    told = said("coverage", held, promises=[promise])

    assert isinstance(call, Call)
    assert told is not None
    assert told.endswith("in 1 of 2 layers: 50 % of the weights, 50 % of the multiply-accumulates")


# Calibration

FULL = layers(("CONV_2D", "INT8"), flowing="INT8")


def seen(inner_high: float, setting: int = 2) -> dict[str, Any]:
    """Facts of 200 inputs from 0 to 25, and to less without a few of them."""
    range_ = {"range": [0.0, 25.0], "inner": [0.0, inner_high]}
    return {"inputs": 200, "setting": setting, **range_}


def test_few_inputs_that_widen_the_range_are_told() -> None:
    """They make the steps of all the others coarser."""
    expected = "2 of 200 calibration inputs set the input's range, 0 to 25; without them it is 0 to"

    assert f"{expected} 1, in finer steps" == said("calibration", FULL, calibration=seen(1.0))
    told = said("calibration", FULL, calibration=seen(1.0, 1))
    assert told is not None
    assert told.startswith(
        "1 of 200 calibration inputs sets the input's range, 0 to 25; without it"
    )


def test_of_several_inputs_the_one_that_is_widened_is_named() -> None:
    """Its name stands where else "the input" does."""
    told = said("calibration", FULL, calibration=seen(1.0) | {"input": "sound"})

    assert told is not None
    assert told.startswith("2 of 200 calibration inputs set the range of input 'sound', 0 to 25;")


@pytest.mark.parametrize(("scale", "is_told"), [(25 / 255, True), (2 / 255, False)])
def test_a_range_that_no_extremes_have_set_is_not_said_to_be(scale: float, is_told: bool) -> None:
    """As of litert-quantizer, which averages what single inputs reach."""
    first = dataclasses.replace(FULL.tensors[0], dtype="INT8", scale=scale, scales=1)
    held = dataclasses.replace(FULL, tensors=(first, *FULL.tensors[1:]), inputs=(0,))

    assert is_told == (said("calibration", held, calibration=seen(1.0)) is not None)


@pytest.mark.parametrize(
    ("held", "known"),
    [
        (FULL, seen(24.0, 0)),
        (FULL, {}),
        (FULL, {"inputs": 5}),
        (layers(("CONV_2D", "INT8")), seen(1.0)),
    ],
)
def test_a_range_that_many_set_or_that_no_file_uses(held: Graph, known: dict[str, Any]) -> None:
    """Nothing is said of a range that is no wider, unknown, or not what steps were made of."""
    assert said("calibration", held, calibration=known) is None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (0, None),
        (1, None),
        (
            7.25,
            "calibrated on half of its 200 inputs, the file answers 7.25 of 100 test inputs "
            "otherwise: which inputs calibrate it matters",
        ),
        (
            7,
            "calibrated on half of its 200 inputs, the file answers 7 of 100 test inputs "
            "otherwise: which inputs calibrate it matters",
        ),
    ],
)
def test_too_few_inputs_are_told(answers: int, expected: str | None) -> None:
    """Where half of them would give other answers; a single one in a hundred is rounding."""
    known = {"inputs": 200, "compared": 100, "moved": answers}

    assert expected == said("calibration", FULL, calibration=known)


# Larger files

WHOLE = layers(("CONV_2D", "FLOAT32"), ("FULLY_CONNECTED", "FLOAT32"))


def grown(held: Graph, sizes: tuple[int, int] | None = (1500, 1000), **more: Any) -> str | None:
    """What is said of a file beside a baseline of two layers."""
    return said("larger file", held, sizes=sizes, baseline=WHOLE, **more)


def with_scales(held: Graph, scales: int) -> Graph:
    """The same with so many scales for the first kernel."""
    tensors = list(held.tensors)
    tensors[1] = dataclasses.replace(tensors[1], scales=scales)
    return dataclasses.replace(held, tensors=tuple(tensors))


def test_what_a_larger_file_holds_more_of() -> None:
    """Scales, operators, indices and metadata, as many as there are more."""
    more = layers(
        ("QUANTIZE", ""), ("CONV_2D", "INT8"), ("FULLY_CONNECTED", "INT8"), ("QUANTIZE", "")
    )
    said_first = "the file is larger than the baseline's, by 500 bytes: "

    less = "; constants take 384 bytes less, but scales and descriptions 884 more"  # 3 × 128, + 500
    assert f"{said_first}2 more operators (2 QUANTIZE){less}" == grown(more)
    told = f"{said_first}32 more scales, 1 more remark"
    assert told == grown(dataclasses.replace(with_scales(WHOLE, 33), remarks=("metadata",)))
    sparse = graph(("CONV_2D", kernel(4, 10, sparse=True)), ("FULLY_CONNECTED", None))
    told = grown(dataclasses.replace(sparse, tensors=(kernel(4, 10, sparse=True),)))
    assert told is not None
    assert "45 more indices of sparse kernels" in told
    wide = layers(("CONV_2D", "FLOAT32"), ("FULLY_CONNECTED", "FLOAT32"), sizes=(64, 65))
    assert f"{said_first}4 more bytes of constants" == grown(wide)
    assert f"{said_first}names and descriptions, no more weights or operators" == grown(WHOLE)


@pytest.mark.parametrize("sizes", [None, (1000, 1000), (900, 1000)])
def test_a_file_that_is_not_larger_needs_no_reason(sizes: tuple[int, int] | None) -> None:
    """Nor does one of which nobody knows."""
    assert grown(WHOLE, sizes) is None
    assert said("larger file", WHOLE, sizes=(1500, 1000)) is None
