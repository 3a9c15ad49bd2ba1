"""Quantized files are held against LiteRT's reference kernels before anything is timed."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.answering import CLASSES, CLASSIFICATION, Answering, N, Session, artifact, right
from helpers.flatbuffer import content, dense, write
from helpers.processes import fake_python

from weighin import grammar, registry
from weighin.core import Array, Arrays, Artifact, Dataset, WeighinError
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite
from weighin.measure import closeness, equivalence, references
from weighin.measure.closeness import HYBRID, rounding
from weighin.outcomes import Fidelity
from weighin.runtimes import litert
from weighin.runtimes.litert import LiteRT, LiteRTSession


def check_session(session: Any, made: Artifact, data: Dataset) -> Fidelity:
    """Hold a session that is asked for classes against its Keras model and the reference."""
    return equivalence.check_session(session, made, data, CLASSIFICATION)


class Honest:
    """A file that LiteRT answers: the scores of images, arrays both."""

    def __init__(self, made: Artifact) -> None:
        """Open the file."""
        self.session: LiteRTSession = LiteRT().open(made.path, 1)

    def predict(self, images: Array) -> Array:
        """The scores of all images."""
        (scores,) = self.session.predict({"x": images}).values()
        return scores


@pytest.fixture
def quantized(tmp_path: Path, data: Dataset) -> Artifact:
    """A .tflite of int8 weights, whose Keras model is said to answer `right`."""
    write(tmp_path / "model.tflite", dense(CLASSES, CLASSES, "int8"))
    return artifact(tmp_path, data, format="tflite", stage="int8")


def flat(data: Dataset) -> Dataset:
    """The same images as vectors, as a dense layer takes them."""
    images = {"x": data.test.stored["x"].reshape(N, CLASSES)}
    split = dataclasses.replace(data.test, stored=images)
    return dataclasses.replace(data, train=split, test=split)


def most(quantized: Artifact, data: Dataset) -> float:
    """How far a score may lie from the reference kernels'."""
    (scores,) = litert.reference(quantized.path, flat(data).test.inputs(0, 20)).values()
    return rounding(HYBRID, scores)


def test_a_quantized_files_own_answers_pass(quantized: Artifact, data: Dataset) -> None:
    """LiteRT's fast kernels answer as its reference kernels do, far as both are from Keras."""
    session = LiteRT().open(quantized.path, 1)

    found = check_session(session, quantized, flat(data))

    assert found.furthest > most(quantized, data)


@pytest.mark.parametrize("by", [0.8, 2.0, -10.0])
def test_a_quantized_file_is_held_against_the_reference_kernels(
    quantized: Artifact, data: Dataset, by: float
) -> None:
    """A delegate that computes something else is found out, though int8 may be far from Keras."""
    honest, bound = Honest(quantized), most(quantized, data)
    session = Session(lambda images: honest.predict(images) + np.float32(by * bound))

    if abs(by) < 1:
        assert 20 == check_session(session, quantized, flat(data)).n
        return
    with pytest.raises(WeighinError, match="from what the reference kernels answer"):
        check_session(session, quantized, flat(data))


def test_a_quantized_session_that_answers_keras_is_refused(
    quantized: Artifact, data: Dataset
) -> None:
    """Answers that are right, but not this file's, are of another file."""
    with pytest.raises(WeighinError, match="from what the reference kernels answer"):
        check_session(Session(right), quantized, flat(data))


def test_large_graphs_are_asked_for_few_images(
    tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many multiplications a file has, one image at least is held against the reference."""
    monkeypatch.setattr("weighin.measure.equivalence.REFERENCE_MACS", 40)
    write(tmp_path / "model.tflite", dense(CLASSES, CLASSES, "int8"))
    made = artifact(tmp_path, data, format="tflite", stage="int8")
    honest = Honest(made)

    def only_first_right(images: Array) -> Array:
        scores = honest.predict(images).copy()
        scores[1:] += 1
        return scores

    assert 20 == check_session(Session(only_first_right), made, flat(data)).n
    with pytest.raises(WeighinError, match="reference kernels"):
        check_session(Session(lambda images: honest.predict(images) + 1), made, flat(data))


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many examples the reference kernels are asked from now on, each time."""
    asked: list[int] = []

    def reference(path: Path, inputs: Arrays, kernels: str, *, keep_tensors: bool) -> Arrays:
        asked.append(len(inputs["x"]))
        return litert.reference(path, inputs, kernels, keep_tensors=keep_tensors)

    monkeypatch.setattr(references, "reference", reference)
    return asked


def test_graphs_of_unknown_work_are_asked_for_few_images(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not all be counted may take long: ten images, however little was counted."""
    asked = counting(monkeypatch)

    def partly_counted(format: str, path: Path) -> Graph:
        graph = read_tflite(path)
        operators = (dataclasses.replace(graph.operators[0], uncounted=True),)
        return dataclasses.replace(graph, operators=operators)

    monkeypatch.setattr("weighin.formats.known.graph", partly_counted)
    equivalence._reference_outputs.cache_clear()
    check_session(LiteRT().open(quantized.path, 1), quantized, flat(data))

    assert [10] == asked


def test_very_large_graphs_are_held_against_optimized_kernels(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain loops would take minutes there; other answers are found out all the same."""
    asked: list[tuple[str, bool]] = []

    def reference(path: Path, inputs: Arrays, kernels: str, *, keep_tensors: bool) -> Arrays:
        asked.append((kernels, keep_tensors))
        return litert.reference(path, inputs, kernels, keep_tensors=keep_tensors)

    monkeypatch.setattr("weighin.measure.references.reference", reference)
    honest = LiteRT().open(quantized.path, 1)
    for most in (CLASSES * CLASSES, CLASSES * CLASSES - 1):
        equivalence._reference_outputs.cache_clear()
        monkeypatch.setattr("weighin.measure.references.LARGE_MACS", most)
        check_session(honest, quantized, flat(data))
        with pytest.raises(WeighinError, match="reference kernels"):
            check_session(Session(right), quantized, flat(data))

    kernels = (litert.REFERENCE, litert.OPTIMIZED)
    assert [(each, kept) for each in kernels for kept in (False, True)] == asked


ABORTING = """#!{python}
import os, signal, sys
sys.path[:0] = {path!r}
if sys.argv[4] in os.environ["ABORTING"].split():
    os.kill(os.getpid(), signal.SIGABRT)
sys.argv = sys.argv[2:]
import runpy
runpy.run_module("weighin.runtimes._litert", run_name="__main__")
"""


@pytest.mark.parametrize("aborting", ["", "BUILTIN_REF"])
def test_kernels_that_end_the_process_end_only_their_own(
    shop: Any, tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aborting: str
) -> None:
    """Where reference kernels abort on integers, others answer; a wrong session is found out."""
    fake_python(tmp_path / "python", ABORTING, monkeypatch)
    monkeypatch.setenv("ABORTING", aborting)
    equivalence._reference_outputs.cache_clear()
    made = shop.artifact("int8")
    honest, tiny_data = Honest(made), tiny_data.fed_to(made.signature)

    check_session(honest.session, made, tiny_data)
    with pytest.raises(WeighinError, match="reference kernels"):
        check_session(Session(lambda images: honest.predict(images) - 1), made, tiny_data)


def test_a_file_that_no_kernels_answer_is_refused(
    shop: Any, tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It becomes a failed row, and the run goes on."""
    fake_python(tmp_path / "python", ABORTING, monkeypatch)
    monkeypatch.setenv("ABORTING", f"{litert.REFERENCE} {litert.OPTIMIZED}")
    equivalence._reference_outputs.cache_clear()
    made = shop.artifact("int8")

    with pytest.raises(
        WeighinError, match=rf"kernels {litert.OPTIMIZED} .* model\.tflite: crashed: SIGABRT"
    ):
        check_session(LiteRT().open(made.path, 1), made, tiny_data.fed_to(made.signature))
    equivalence._reference_outputs.cache_clear()


# What an untrained file's kernels may make of its scores, and what no rounding does
ROUNDED: dict[str, Answering] = {
    "nearer to 0": lambda scores: scores * np.float32(0.7),
    "further from 0": lambda scores: scores * np.float32(1.3),
    "moved": lambda scores: scores + np.float32(0.1),
}
WRONG: dict[str, Answering] = {
    "nothing": np.zeros_like,
    "all alike": lambda scores: np.full_like(scores, scores.mean()),
    "other classes": lambda scores: scores[:, ::-1],
    "reversed": lambda scores: -scores,
    "far off": lambda scores: scores + np.float32(5),
}


def untrained(made: Artifact) -> Artifact:
    """The same file, of a model that nobody has trained."""
    return dataclasses.replace(made, facts={**made.facts, "trained": False})


def answering(quantized: Artifact, change: Answering) -> Session:
    """A session whose scores are LiteRT's, changed."""
    honest = Honest(quantized)
    return Session(lambda images: change(honest.predict(images)))


@pytest.mark.parametrize("change", ROUNDED.values(), ids=ROUNDED)
def test_untrained_integers_may_lie_far_apart_if_they_are_alike(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch, change: Answering
) -> None:
    """Two roundings of one file as a whole, whatever single scores do; a trained file's may not."""
    monkeypatch.setattr(closeness, "HYBRID", 0.001)
    session = answering(quantized, change)

    check_session(session, untrained(quantized), flat(data))
    with pytest.raises(WeighinError, match="reference kernels"):
        check_session(session, quantized, flat(data))


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_untrained_integers_that_are_neither_alike_nor_near_are_refused(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch, change: Answering
) -> None:
    """As a trained file's are, also where one image among many is answered so."""
    monkeypatch.setattr(closeness, "HYBRID", 0.001)

    def last(scores: Array) -> Array:
        return np.concatenate([scores[:-1], change(scores[-1:])])

    for session in (answering(quantized, change), answering(quantized, last)):
        for made in (untrained(quantized), quantized):
            with pytest.raises(WeighinError, match="reference kernels"):
                check_session(session, made, flat(data))


def test_untrained_integers_that_are_near_need_not_be_alike(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all scores are even, rounding is all that is left of them."""
    monkeypatch.setattr(equivalence, "ALIKE_UNTRAINED", 2.0)  # nothing is

    bound = most(quantized, data)

    def moved(by: float) -> Session:
        return answering(quantized, lambda scores: scores + np.float32(by * bound))

    check_session(moved(0.9), untrained(quantized), flat(data))
    with pytest.raises(WeighinError, match="reference kernels"):
        check_session(moved(1.1), untrained(quantized), flat(data))


def test_the_bound_is_said(quantized: Artifact, data: Dataset) -> None:
    """How far scores lie, from what, and how far would have passed."""
    honest = Honest(quantized)
    session = Session(lambda images: honest.predict(images) + np.float32(0.5))

    said = (
        r"lie up to 0\.5\d* from what the reference kernels answer; \S+, 0\.1 of their spread, "
        r"would be rounding\. The session is off: the reference kernels answer the same"
    )
    with pytest.raises(WeighinError, match=said):
        check_session(session, quantized, flat(data))


def test_reference_kernels_that_err_are_asked_again(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference whose tensors overwrite one another does not refuse a session that is right."""
    monkeypatch.setattr("weighin.measure.references.reference", overwriting)
    equivalence._reference_outputs.cache_clear()

    assert 20 == check_session(LiteRT().open(quantized.path, 1), quantized, flat(data)).n
    said = "The reference kernels are off too"
    with pytest.raises(WeighinError, match=said):
        check_session(answering(quantized, lambda scores: scores + 3), quantized, flat(data))
    equivalence._reference_outputs.cache_clear()


def overwriting(path: Path, inputs: Arrays, kernels: str, *, keep_tensors: bool) -> Arrays:
    """Reference kernels that answer rightly only where every tensor has memory of its own."""
    outputs = litert.reference(path, inputs, kernels, keep_tensors=keep_tensors)
    step = 1 if keep_tensors else -1
    return {name: scores[:, ::step] for name, scores in outputs.items()}


def test_few_examples_are_asked_where_they_are_large(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inputs and answers are remembered for other sessions of the file: their memory is bounded."""
    asked = counting(monkeypatch)

    for most, n in ((3 * 2 * CLASSES * 4, 3), (1, 1)):
        equivalence._reference_outputs.cache_clear()
        monkeypatch.setattr(equivalence, "REFERENCE_BYTES", most)
        check_session(LiteRT().open(quantized.path, 1), quantized, flat(data))
        assert [n] == asked[-1:]


def test_weights_by_blocks_are_held_against_what_they_stand_for(
    tmp_path: Path, data: Dataset
) -> None:
    """The reference kernels, which take them for others, are asked for the floats."""
    pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
    export = registry.exports["litert"]
    layers = [dense(64, CLASSES), dense(CLASSES, 64)]
    call = grammar.parse("litert(dynamic_wi4b32_afp32,except=dense0)").export
    blocked = vars(export)["of_file"](content(layers), {}, **grammar.arguments(call, export))
    path = tmp_path / "model.tflite"
    path.write_bytes(blocked)
    made = artifact(tmp_path, data, format="tflite", stage="litert(dynamic_wi4b32_afp32)")
    made = dataclasses.replace(made, answers=None)
    asked = flat(data).test.inputs(0, N)
    (kernel,) = [each for each in read_tflite(path).kernels if each.block]
    first = layers[0].weights.T

    plain = equivalence._reference(made, read_tflite(path), asked)

    wanted = asked["x"] @ first @ kernel.real().T
    (given,) = plain.values()
    assert np.allclose(wanted[: len(given)], given, rtol=1e-3, atol=1e-3)
    check_session(LiteRT().open(path, 1), made, flat(data))
    other = write(tmp_path / "other.tflite", layers[0], dense(CLASSES, 64, zeros=200))
    with pytest.raises(WeighinError, match="from what the reference kernels answer"):
        check_session(LiteRT().open(other, 1), made, flat(data))
