"""Answers of one file are near one another by its own scale, whatever unit they are in."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from helpers.flatbuffer import Layer, dense, write
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Array, WeighinError
from weighin.formats.graph import Graph, Operator
from weighin.formats.tflite import read_tflite
from weighin.measure import closeness
from weighin.measure.closeness import (
    COARSE,
    COARSE_FURTHEST,
    COARSE_MOST,
    FLOAT,
    HYBRID,
    STEPS,
    Steps,
    coarse_share,
    refuse_far,
    rounding,
)

SCALE = 0.05  # of the hand-made files' activations


def graph(folder: Path, *layers: Layer, softmax: bool = False, integers: bool = True) -> Graph:
    """What a hand-made file holds."""
    activations = "int8" if integers else "float32"
    path = write(folder / "model.tflite", *layers, activations=activations, softmax=softmax)
    return read_tflite(path)


def steps_of(held: Graph) -> Steps | None:
    """The steps of a file's only output."""
    return closeness.steps_of(held, held.outputs[0])


def passes(scores: Array, wanted: Array, held: Graph | None) -> bool:
    """Whether answers of one output are taken for those wanted."""
    try:
        refuse_far({"scores": scores}, {"scores": wanted}, "the others", held)
    except WeighinError:
        return False
    return True


def logits(n: int = 30, classes: int = 4) -> npt.NDArray[np.float32]:
    """Scores of an integer file, several steps apart."""
    generator = np.random.default_rng(0)
    return (generator.integers(-100, 100, (n, classes)) * SCALE).astype(np.float32)


def probabilities(values: Array) -> Array:
    """Their softmax."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("steps", "taken"), [(STEPS - 1, True), (STEPS + 1, False)])
def test_logits_of_integers_lie_some_steps_apart(tmp_path: Path, steps: int, taken: bool) -> None:
    """Two steps of a scale of 0.155 are 0.31, and rounding; how large a logit is says nothing."""
    held = graph(tmp_path, dense(4, 8, "int8"))
    wanted = logits()
    scores = wanted.copy()
    scores[3, 1] += steps * SCALE

    assert taken == passes(scores, wanted, held)


@pytest.mark.parametrize(("steps", "taken"), [(STEPS - 1, True), (4 * STEPS, False)])
def test_probabilities_move_as_the_softmax_passes_a_step_on(
    tmp_path: Path, steps: int, taken: bool
) -> None:
    """Steps are those of the logits: much in the middle of a softmax, nothing at its ends."""
    held = graph(tmp_path, dense(4, 8, "int8"), softmax=True)
    before, after = logits() / 20, logits() / 20
    after[:, 0] += steps * SCALE

    assert taken == passes(probabilities(after), probabilities(before), held)


def test_a_certain_answer_may_not_move(tmp_path: Path) -> None:
    """Where a softmax is flat, steps of its logits explain next to nothing."""
    held = graph(tmp_path, dense(2, 8, "int8"), softmax=True)
    wanted = np.array([[0.999, 0.001]], np.float32)

    assert not passes(wanted + np.array([[-0.25, 0.25]], np.float32), wanted, held)


def test_answers_laid_together_move_as_their_parts_do(tmp_path: Path) -> None:
    """A detector's classes and boxes in one output: the softmax in front still passes a step on."""
    held = graph(tmp_path, dense(4, 8, "int8"), softmax=True)
    (end,), joined = held.outputs, len(held.tensors)
    laid = dataclasses.replace(
        held,
        tensors=(*held.tensors, held.tensors[end]),
        operators=(*held.operators, Operator("CONCATENATION", (end, end), (joined,), None, 0)),
        outputs=(joined,),
    )
    alone = steps_of(held)

    assert alone is not None
    assert alone.inner > 0
    assert alone == steps_of(laid)


def test_errors_of_many_layers_add_up(tmp_path: Path) -> None:
    """As the root of their number: of 36 layers six steps are allowed, of few layers four."""
    deep = graph(tmp_path, *[dense(8, 8, "int8") for _ in range(36)])
    steps = steps_of(deep)

    assert steps is not None
    assert 6 == pytest.approx(steps.allowed)
    shallow = steps_of(graph(tmp_path, dense(8, 8, "int8")))
    assert shallow is not None
    assert STEPS == shallow.allowed


@pytest.mark.parametrize("unit", [1e-3, 1.0, 5e4])
@pytest.mark.parametrize(("kernel", "share"), [("float32", FLOAT), ("int8", HYBRID)])
def test_floats_are_near_by_their_spread(
    tmp_path: Path, unit: float, kernel: str, share: float
) -> None:
    """Whatever unit they are in; where weights are integers, activations are rounded too."""
    held = graph(tmp_path, dense(4, 8, kernel), integers=False)
    wanted = logits() * np.float32(unit)
    apart = np.float32(rounding(share, wanted))

    assert steps_of(held) is None
    assert passes(wanted + np.float32(0.9) * apart, wanted, held)
    assert not passes(wanted + np.float32(1.1) * apart, wanted, held)


@given(
    st.sampled_from(["zeros", "constant", "permuted", "another image's", "shuffled"]),
    st.sampled_from(["logits", "probabilities", "floats"]),
    st.floats(1e-3, 1e3),
    st.integers(0, 29),
)
def test_planted_faults_are_found_in_one_image_among_many(
    tmp_path_factory: pytest.TempPathFactory, fault: str, kind: str, unit: float, at: int
) -> None:
    """Of every kind of file, in any unit: an answer that is another image's is no rounding."""
    held = graph(
        tmp_path_factory.mktemp("file"),
        dense(4, 8, "float32" if kind == "floats" else "int8"),
        softmax=kind == "probabilities",
        integers=kind != "floats",
    )
    wanted = probabilities(logits()) if kind == "probabilities" else logits()
    if kind == "floats":
        wanted = wanted * np.float32(unit)
    wrong = {
        "zeros": np.zeros(4),
        "constant": np.full(4, wanted[at].mean()),
        "permuted": np.roll(wanted[at], 1),
        "another image's": wanted[(at + 7) % 30],
        "shuffled": wanted[at][::-1],
    }[fault]
    scores = wanted.copy()
    scores[at] = wrong

    assert passes(wanted, wanted, held)
    assert not passes(scores, wanted, held)


def test_another_shape_is_refused_before_it_is_compared(tmp_path: Path) -> None:
    """One number would be broadcast over all classes."""
    one, four = {"a": np.zeros((1, 1), np.float32)}, {"a": np.zeros((1, 4), np.float32)}
    with pytest.raises(WeighinError, match=r"answers are \[1, 1\], not \[1, 4\]"):
        refuse_far(one, four, "others", None)


def test_not_a_number_is_never_near(tmp_path: Path) -> None:
    """In files of floats and of integers."""
    wanted = logits()
    scores = wanted.copy()
    scores[0, 0] = np.nan

    assert not passes(scores, wanted, None)
    assert not passes(scores, wanted, graph(tmp_path, dense(4, 8, "int8")))


@pytest.mark.parametrize("dtype", ["int64", "int8", "uint8", "bool"])
@pytest.mark.parametrize(("others", "taken"), [(0, True), (1, True), (2, False), (100, False)])
def test_whole_numbers_are_the_same_but_for_a_few(dtype: str, others: int, taken: bool) -> None:
    """Rounding before them may tip one in a hundred; how far apart two classes are says nothing."""
    wanted = (np.arange(100) % 2).astype(dtype)
    numbers = wanted.copy()
    numbers[:others] = 1 - numbers[:others] if dtype != "bool" else ~numbers[:others]

    assert taken == passes(numbers, wanted, None)


def test_whole_numbers_of_integer_files_differ_more_often(tmp_path: Path) -> None:
    """Their kernels lie some steps apart, which decides between scores that are nearly even."""
    held = graph(tmp_path, dense(4, 8, "int8"))
    wanted = np.arange(100, dtype=np.int32)
    near, far = wanted.copy(), wanted.copy()
    near[:10] += 1
    far[:11] += 1

    assert passes(near, wanted, held)
    assert not passes(far, wanted, held)


def test_halves_do_not_stretch_the_bound() -> None:
    """The spread of large float16 values is not infinite, and their own steps are rounding."""
    wanted = np.array([-60000, 60000], np.float16)

    assert 240 > rounding(FLOAT, wanted) > 60000 * float(np.finfo(np.float16).eps)
    assert not passes(np.array([0, 60000], np.float16), wanted, None)


BF16 = 2.0**-8


def coarse(scores: Array, wanted: Array, held: Graph, step: float = BF16) -> str:
    """Why answers by coarse floats are refused; empty if they are taken."""
    try:
        refuse_far({"s": scores}, {"s": wanted}, "the others", held, step=step)
    except WeighinError as refusal:
        return str(refusal)
    return ""


def rounded(values: Array) -> npt.NDArray[np.float32]:
    """As bfloat16 holds them."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x8000) & 0xFFFF0000).astype(np.uint32).view(np.float32)


class Net:
    """Dense layers with a ReLU between them, computed by floats of any kind."""

    def __init__(self, folder: Path, depth: int) -> None:
        """Draw weights of so many layers, and what a file of them holds."""
        generator = np.random.default_rng(depth)
        self.weights = [generator.normal(0, (2 / 16) ** 0.5, (16, 16)) for _ in range(depth)]
        self.inputs = generator.normal(size=(200, 16)).astype(np.float32)
        self.held = graph(folder, *[dense(16, 16)] * depth, integers=False)

    def answers(self, rounding: Any = np.float32, off: float = 0.0, swapped: bool = False) -> Any:
        """With weights a share off at random, or one layer's channels turned around."""
        values, generator = (
            self.inputs[:, ::-1] if swapped else self.inputs,
            np.random.default_rng(1),
        )
        for weights in self.weights:
            wrong = weights * (1 + off * generator.normal(size=weights.shape))
            values = rounding(np.maximum(rounding(values) @ rounding(wrong), 0))
        return values.astype(np.float32)


@pytest.mark.parametrize("unit", [1e-4, 1.0, 3e5])
@pytest.mark.parametrize("depth", [1, 3, 10, 30])
def test_bfloat16_is_told_from_faults(tmp_path: Path, depth: int, unit: float) -> None:
    """What rounds in every layer passes, in any unit; other weights or channels do not."""
    net = Net(tmp_path, depth)
    right, scale = net.answers(), np.float32(unit)

    assert "" == coarse(net.answers(rounded) * scale, right * scale, net.held)
    assert not passes(net.answers(rounded), right, net.held)  # as float32
    for fault in (net.answers(off=0.1), net.answers(swapped=True), np.roll(right, 1, axis=1)):
        assert "would be rounding" in coarse(fault * scale, right * scale, net.held)


@pytest.mark.parametrize(("times", "taken"), [(0.9, True), (1.1, False)])
def test_coarse_answers_may_lie_a_share_of_their_deviation_apart(
    tmp_path: Path, times: float, taken: bool
) -> None:
    """By the root mean square; a single one four times that share of the spread."""
    held = graph(tmp_path, *[dense(4, 4)] * 9, integers=False)
    wanted = logits(500)
    share = coarse_share(BF16, held)
    signs = np.where(np.arange(wanted.size).reshape(wanted.shape) % 2, 1, -1)
    everywhere = wanted + times * share * wanted.std() * signs
    once = wanted.copy()
    once[7, 2] += times * COARSE_FURTHEST * share * np.ptp(wanted)

    assert COARSE * BF16 * 3 == pytest.approx(share)
    assert taken == (coarse(everywhere, wanted, held) == "")
    assert taken == (coarse(once, wanted, held) == "")


def test_what_rounding_comes_to_is_bounded(tmp_path: Path) -> None:
    """However many layers and however coarse the floats: an answer must be one."""
    held = graph(tmp_path, dense(4, 4), integers=False)
    wanted = logits(500)

    assert COARSE_MOST == coarse_share(0.5, held)
    assert coarse(wanted.mean() + 0 * wanted, wanted, held, step=0.5)
    assert coarse(np.where(wanted > 0, np.nan, wanted), wanted, held, step=0.5)
    assert 0 == coarse_share(0.0, held)


def test_integers_are_held_to_their_steps_by_coarse_floats_too(tmp_path: Path) -> None:
    """They are computed as integers there: nothing is added."""
    held = graph(tmp_path, dense(4, 8, "int8"))
    wanted = logits()
    scores = wanted.copy()
    scores[3, 1] += (STEPS + 1) * SCALE

    assert "steps of the file's own scale" in coarse(scores, wanted, held)
