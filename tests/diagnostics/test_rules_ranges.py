"""Rules of steps that are too coarse, and of files of many scales, on files of the converter."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.commands import made_by
from helpers.needing import need_tensorflow
from helpers.ranges_process import IMAGES, PROGRAM
from helpers.rules import said

from weighin.diagnostics import bounds
from weighin.diagnostics.ranges import number
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite

ALIKE = "; let the model scale its inputs alike"
Read = Callable[[str], Graph]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all models' files, which are made at once."""
    need_tensorflow()
    return made_by(PROGRAM, tmp_path_factory.mktemp("ranges"))


@pytest.fixture(scope="module")
def read(folder: Path) -> Read:
    """Reads a model's int8 file by its name."""
    return lambda name: read_tflite(folder / f"{name}.tflite")


# A scale that several inputs share


@pytest.mark.parametrize("name", ["gate", "reshaped"])
def test_steps_before_and_after_a_shared_scale(read: Read, name: str) -> None:
    """A sigmoid's steps are 1/256, whatever it stands beside; then it is quantized anew."""
    told = said("shared scale", read(name))

    expected = "'model/gate/Sigmoid', in steps of 0.00391, is stored in steps of 2.51"
    assert f"CONCATENATION shares one scale: {expected}{ALIKE}" == told


def test_what_is_stacked_shares_a_scale_too(read: Read) -> None:
    """PACK asks for one scale as CONCATENATION does."""
    told = said("shared scale", read("stacked"))

    assert told is not None
    assert told.startswith("PACK shares one scale: 'model/activation/Sigmoid', in steps of 0.00391")


def test_of_several_inputs_the_worst_is_told(read: Read) -> None:
    """One sentence, however many there are."""
    told = said("shared scale", read("two"))

    assert told is not None
    assert told.endswith(f"is stored in steps of 2.51 (the worst of 2 inputs){ALIKE}")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("linear", "model/conv/Conv2D"),
        ("relu", "model/conv/Relu"),
        ("depthwise", "model/conv/depthwise"),
        ("sum", "model/total/add"),
    ],
)
def test_a_scale_that_reached_the_operator_before(
    folder: Path, read: Read, name: str, what: str
) -> None:
    """Then its weights tell how far it reaches, and it really does not reach farther."""
    told = said("shared scale", read(name))

    assert told is not None
    found = re.fullmatch(
        rf"CONCATENATION shares one scale: '{what}\d?' fills at most (\d+) of 256 steps of 2[.]5\d"
        rf"{ALIKE}",
        told,
    )
    assert found, told
    assert 1 <= steps_used(folder / f"{name}.tflite") <= int(found[1]) <= 5


def steps_used(path: Path) -> int:
    """How many steps the last input of a file's only CONCATENATION takes of 200 images."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    graph = read_tflite(path)
    (joined,) = (operator for operator in graph.operators if operator.name == "CONCATENATION")
    interpreter = Interpreter(
        str(path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    generator, seen = np.random.default_rng(1), []
    for _ in range(200):
        image = generator.integers(-128, 128, (1, *IMAGES)).astype(np.int8)
        interpreter.set_tensor(graph.inputs[0], image)
        interpreter.invoke()
        values = interpreter.get_tensor(joined.inputs[-1])
        seen += [int(values.min()), int(values.max())]
    return max(seen) - min(seen) + 1


@pytest.mark.parametrize(
    ("known", "speaks"),
    [
        ({"range": [0.0, 1.0]}, True),
        ({"range": [0.0, 640.0]}, False),
        ({"range": [0.0, 1.0], "input": "other"}, True),  # a single one is what it is about
        ({}, False),
    ],
)
def test_an_input_of_the_model_by_its_calibration(
    read: Read, known: dict[str, Any], speaks: bool
) -> None:
    """No operator tells its range, but what it was calibrated on does."""
    told = said("shared scale", read("input"), calibration=known)

    expected = (
        f"CONCATENATION shares one scale: input 'x' fills at most 1 of 256 steps of 2.51{ALIKE}"
    )
    assert told == (expected if speaks else None)


@pytest.mark.parametrize("name", ["alike", "factor_4", "relus", "two_sums", "causal", "gru"])
def test_inputs_of_like_ranges_are_sound(read: Read, name: str) -> None:
    """A factor of four, as branches of one kind differ by, leaves six of eight bits."""
    assert said("shared scale", read(name), calibration={"range": [0.0, 1.0]}) is None


def test_three_bits_are_much(read: Read) -> None:
    """From eight times as coarse on; and of 8 bits alone, for 16 have enough of them."""
    held = read("gate")
    (place,) = (at for at, tensor in enumerate(held.tensors) if tensor.name.endswith("/Sigmoid"))
    step = held.tensors[held.outputs[0]].scale

    def with_step(scale: float) -> str | None:
        tensors = list(held.tensors)
        tensors[place] = dataclasses.replace(tensors[place], scale=scale)
        return said("shared scale", dataclasses.replace(held, tensors=tuple(tensors)))

    wide = tuple(dataclasses.replace(tensor, dtype="INT16") for tensor in held.tensors)

    assert with_step(step / 8) is not None
    assert with_step(step / 7.9) is None
    assert said("shared scale", dataclasses.replace(held, tensors=wide)) is None


def test_scales_that_fit_no_channels_bound_nothing(read: Read) -> None:
    """A file may be damaged in a way that reading it does not show."""
    held = read("linear")
    operator = held.operators[0]
    assert bounds.made(held, operator) is not None
    tensors = list(held.tensors)
    kernel = operator.inputs[1]
    tensors[kernel] = dataclasses.replace(tensors[kernel], channel_scales=(1.0, 2.0, 3.0))

    assert bounds.made(dataclasses.replace(held, tensors=tuple(tensors)), operator) is None


# Scores


@pytest.mark.parametrize("name", ["masked", "causal"])
def test_a_mask_that_sets_the_steps_of_scores(read: Read, name: str) -> None:
    """With steps of millions all scores are the same; Keras' own causal mask does that too."""
    expected = "SOFTMAX is given steps of 3,920,000, finer differences are lost; mask with less, "
    way_out = "such as -30, not -1,000,000,000, or take dynamic, which keeps them float"

    assert f"{expected}{way_out}" == said("coarse scores", read(name))


def test_steps_without_a_mask_have_no_such_way_out(read: Read) -> None:
    """A sigmoid of large numbers is a step, too."""
    told = said("coarse scores", read("saturated"))

    assert told is not None
    assert re.fullmatch(r"LOGISTIC is given steps of [\d.]+, finer differences are lost", told)


@pytest.mark.parametrize("name", ["masked_less", "open", "wide_logits", "gate", "gru"])
def test_scores_in_fine_steps_are_sound(read: Read, name: str) -> None:
    """Of a mask of -30, of none, and of a last layer's logits that reach far."""
    held = read(name)
    scored = ("SOFTMAX", "LOGISTIC", "TANH")
    steps = [held.tensors[o.inputs[0]].scale for o in held.operators if o.name in scored]

    assert steps
    assert name != "wide_logits" or 0.2 < max(steps) < 1
    assert said("coarse scores", held) is None


def test_from_which_step_on_scores_are_coarse(read: Read) -> None:
    """A step of one is a factor of e; of several operators the worst is told."""
    held = read("open")

    def with_step(scale: float, places: int = 1) -> str | None:
        tensors = list(held.tensors)
        (place,) = (o.inputs[0] for o in held.operators if o.name == "SOFTMAX")
        tensors[place] = dataclasses.replace(tensors[place], scale=scale, zero_point=0)
        operators = held.operators
        if places > 1:
            other = dataclasses.replace(tensors[place], scale=2 * scale)
            tensors.append(other)
            softmax = next(o for o in operators if o.name == "SOFTMAX")
            operators += (dataclasses.replace(softmax, inputs=(len(tensors) - 1,)),)
        changed = dataclasses.replace(held, tensors=tuple(tensors), operators=operators)
        return said("coarse scores", changed)

    assert with_step(1.0) is None
    assert "SOFTMAX is given steps of 1.1, finer differences are lost" == with_step(1.1)
    worst = "SOFTMAX is given steps of 2.2 (the worst of 2 operators), finer differences are lost"
    assert worst == with_step(1.1, places=2)


# Larger files


def test_an_unrolled_network_of_integers_that_is_larger(folder: Path, read: Read) -> None:
    """Every small operator's result gets a scale, and longer names: more than weights get less."""
    sizes = tuple((folder / f"{name}.tflite").stat().st_size for name in ("gru", "gru_float"))
    before, after = read("gru_float"), read("gru")
    saved, names = (
        sum(len(getattr(tensor, part)) for tensor in before.tensors)
        - sum(len(getattr(tensor, part)) for tensor in after.tensors)
        for part in ("data", "name")
    )
    grown = sizes[0] - sizes[1]
    assert saved > 0 < grown

    told = said("larger file", after, "int8", sizes=sizes, baseline=before)

    assert told is not None
    assert told.startswith(f"the file is larger than the baseline's, by {grown:,} bytes: ")
    assert " more scales" in told
    assert told.split("; ")[1].startswith(
        f"constants take {saved:,} bytes less, but names {-names:,} more and scales and "
        f"descriptions {grown + saved + names:,} more"
    )
    assert told.endswith(" more (compact leaves names out)") == (-names > grown)


def test_constants_that_take_more_are_not_said_to_take_less(read: Read, folder: Path) -> None:
    """The other way round, constants are what a file holds more of."""
    before, after = read("gru"), read("gru_float")

    told = said("larger file", after, sizes=(90_000, 80_000), baseline=before)

    assert told is not None
    assert " more bytes of constants" in told
    assert "less" not in told
    assert said("larger file", before, sizes=(80_000, 90_000), baseline=after) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.00390625, "0.00391"), (2.5098, "2.51"), (3921568.75, "3,920,000"), (-10006.5, "-10,000")],
)
def test_numbers_are_printed_in_three_digits(value: float, expected: str) -> None:
    """Without powers of ten, which nobody reads in passing."""
    assert expected == number(value)
