"""Inputs of which a quantized file would see next to nothing but its ends are refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers.answering import Session
from helpers.finished import End, Part, content, part, quantized, write
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from weighin import registry
from weighin.build.finished import FinishedFiles
from weighin.core import Array, Dataset, Split, WeighinError
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite
from weighin.measure.context import build_context
from weighin.measure.equivalence import BEYOND, CLIPPED, check_session, refuse_clipped

LOW, HIGH = -1.0, 1.55  # in steps of 0.01
SLACK = BEYOND * (HIGH - LOW)
FINE = st.floats(LOW - SLACK + 1e-6, HIGH + SLACK - 1e-6)
FAR = st.floats(HIGH + SLACK + 1e-6, 1e6) | st.floats(-1e6, LOW - SLACK - 1e-6)


def reaching(dtype: str, low: float = LOW, step: float = 0.01) -> Part:
    """A part whose input holds 256 values in steps from a lowest one."""
    least = int(np.iinfo(dtype).min)
    each = quantized(part(), dtype)
    zero = least - round(low / step)
    return dataclasses.replace(each, given=End("x", 4, dtype, step, zero))


def graph_of(folder: Path, parts: Sequence[Part]) -> Graph:
    """What a file of these parts holds."""
    path = folder / "file.tflite"
    path.write_bytes(content(parts))
    return read_tflite(path)


@pytest.fixture(scope="module", params=["int8", "uint8"])
def graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """A file whose input `x` holds values from `LOW` to `HIGH`."""
    return graph_of(tmp_path_factory.mktemp("clipped"), [reaching(request.param)])


def refusal(graph: Graph, **inputs: Array) -> str:
    """Why inputs are refused; empty if they are not."""
    try:
        refuse_clipped(graph, inputs)
    except WeighinError as error:
        return str(error)
    return ""


@given(arrays.arrays("f8", (5, 4), elements=FINE))
def test_what_a_quantized_input_holds_or_nearly_holds_passes(graph: Graph, values: Array) -> None:
    """Calibration leaves some values a little outside."""
    assert "" == refusal(graph, x=values)


@given(st.integers(1, 12), st.data())
def test_up_to_a_tenth_of_the_values_may_lie_beyond(graph: Graph, n: int, data: st.DataObject):
    """One more, on either side, and the inputs are refused with how many there are."""
    most = int(CLIPPED * n * 4)
    values = np.array(data.draw(st.lists(FINE, min_size=n * 4, max_size=n * 4)))
    far = data.draw(st.lists(FAR, min_size=most + 1, max_size=most + 1))

    values[:most] = far[:most]
    assert "" == refusal(graph, x=values.reshape(n, 4))
    values[: most + 1] = far
    assert f"{(most + 1) / (n * 4) * 100:.0f} % lie beyond" in refusal(
        graph, x=values.reshape(n, 4)
    )


def test_the_refusal_says_what_the_input_holds_what_comes_and_what_to_do(graph: Graph) -> None:
    """Pixels that nobody has scaled."""
    told = refusal(graph, x=np.array([[0, 3, 64, 255]], np.uint8))

    assert (
        "the file's input 'x' holds values from -1 to 1.55, and is given such from 0 to 255, of "
        "which 75 % lie beyond: scale the data as the model's own were (--scale, or scale= where "
        "they are registered)"
    ) == told


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_what_is_not_quantized_holds_anything(tmp_path: Path, dtype: str) -> None:
    """Floats do, and whole numbers stand for themselves: a wrong one is found out elsewhere."""
    plain = Part(End("x", 4, dtype), End("scores", 3), part().weights)

    assert "" == refusal(graph_of(tmp_path, [plain]), x=np.full((2, 4), 1e6))


def test_an_only_input_is_held_under_any_name(graph: Graph) -> None:
    """A file without a signature may call it anything."""
    assert "input 'x'" in refusal(graph, image=np.full((2, 4), 9.0))


def test_of_several_inputs_each_is_held_by_its_name(tmp_path: Path) -> None:
    """The one that is wrong is named, in whatever order they come."""
    near, wide = quantized(part("near", "a"), top=1.0), quantized(part("wide", "b"), top=300.0)
    graph = graph_of(tmp_path, [near, wide])
    ones, pixels = np.ones((2, 4)), np.full((2, 4), 255.0)

    assert "" == refusal(graph, wide=pixels, near=ones)
    assert "input 'near' holds values from 0 to 1" in refusal(graph, wide=ones, near=pixels)
    assert "" == refusal(graph, wide=pixels, other=pixels)  # the session refuses that name


def test_a_session_is_not_even_asked_with_such_inputs(tmp_path: Path) -> None:
    """Of a file with other names, too: by those that its own input has."""
    first = write(tmp_path / "float.tflite", part("a", "b"), part("c", "d", np.ones((2, 5))))
    other = write(
        tmp_path / "int8.tflite",
        quantized(part("p", "q"), top=300.0),
        quantized(part("r", "s", np.ones((2, 5)))),
    )
    files = FinishedFiles.read(build_context(str(tmp_path), None), [first, other], "pixels")
    stored = {"a": np.full((3, 4), 255.0), "c": np.full((3, 5), 255.0)}
    test = Split(stored)
    data = Dataset("pixels", None, "", test, test, test_only=True)

    def never(_: Array) -> Array:
        raise AssertionError("the session was asked")

    with pytest.raises(WeighinError, match=r"input 'r' holds values from 0 to 1, .* 100 % lie"):
        check_session(Session(never), files.of(files.cases[1]), data, registry.tasks["unlabelled"])
