"""Damaged and hostile .onnx files are read or refused by name: none takes memory, none a path."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import onnx_files
from helpers.onnx_files import classifier, graph, model, node, part, tensor, value, varint
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.formats.onnx.messages import DEEPEST
from weighin.formats.onnx.reading import parsed, read_onnx

ENDS = [value("x", (1, 4))], [value("y", (1, 3))]
WEIGHTS = np.ones((4, 3), np.float32)


def nested(depth: int) -> bytes:
    """Branches in branches."""
    inside = graph([node("Relu", ["x"], ["z"])], [], [])
    for _ in range(depth):
        inside = graph([node("If", ["x"], ["z"], then_branch=(6, inside))], [], [])
    return inside


def outcome(content: bytes) -> str:
    """How many parameters are read; empty if it is refused by name, as nothing else may be."""
    try:
        return str(parsed(content, "model.onnx").parameters)
    except WeighinError as refused:
        return str(refused).partition("model.onnx is no whole .onnx file")[0]


def held(constant: bytes) -> bytes:
    """A file of one product with a constant."""
    return model(graph([node("MatMul", ["x", "w"], ["y"])], *ENDS, [constant]))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (held(tensor("w", WEIGHTS, location="/etc/passwd")), r"in another file, '/etc/passwd'"),
        (held(tensor("w", WEIGHTS, location="../up.bin")), "no path in a file is followed"),
        (
            held(tensor("w", WEIGHTS, dims=[2**40, 2**20])),
            "holds 48 bytes, not 4611686018427387904",
        ),
        (held(tensor("w", WEIGHTS, dims=[-4, -3])), r"has the shape \[-4, -3\]"),
        (held(tensor("w", WEIGHTS, dims=[4, 4])), "holds 48 bytes, not 64"),
        (held(tensor("w", WEIGHTS[:0], dims=[4, 3])), "holds 0 bytes, not 48"),
        (held(part(8, "w") + part(2, 99)), "'w'|not there|KeyError"),
        (model(graph([node("MatMul", ["x", "lost"], ["y"])], *ENDS)), "'lost', which is not there"),
        (model(graph([node("MatMul", ["x"], ["y"])], *ENDS)), "IndexError"),
        (
            model(graph([node("Squeeze", ["n"], ["y"], axes=[0])], [value("n", ())], ENDS[1])),
            "Zero",
        ),
        (model(nested(DEEPEST + 1)), f"more than {DEEPEST} deep"),
        (model(nested(3000)), "deep|Recursion"),
        (part(1, 8), "no graph"),
        (b"", "no graph"),
        (model(graph([], *ENDS)) + part(7, graph([], *ENDS)), "several graphs"),
        (model(graph([], *ENDS) + part(15, b"")), "sparse tensors"),
        (part(7, 5), "a number where a message should be"),
        (b"\x3f", "wire type 7"),
    ],
    ids=[
        *("passwd", "parent", "huge", "negative", "more", "none", "type", "name", "input"),
        *("axis", "deep", "very deep", "no graph", "empty", "two", "sparse", "number", "wire"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: bytes, reason: str) -> None:
    """The file is named, and nothing but its own bytes is looked at."""
    with pytest.raises(WeighinError, match=reason) as refused:
        parsed(content, "model.onnx")

    assert str(refused.value).startswith("model.onnx is no whole .onnx file that can be read here")


MANY = 9_000


@pytest.mark.parametrize(
    "content",
    [
        graph([node("Relu", ["x"], ["y"])] * MANY, *ENDS),
        graph([], [value("x", (1,))] * MANY, ENDS[1]),
        graph([], *ENDS, [tensor("w", WEIGHTS[:0])] * MANY),
        graph([], *ENDS, values=[b""] * MANY),
    ],
    ids=["nodes", "inputs", "tensors", "values"],
)
def test_no_small_file_fills_the_memory(content: bytes) -> None:
    """Whatever is read of it is asked of the budget first."""
    with pytest.raises(WeighinError, match=r"would unpack from [\d,]+ to [\d,]+ bytes"):
        parsed(model(content), "model.onnx")


@pytest.mark.parametrize("stored", ["float32", "int8", "dynamic"])
def test_files_that_are_cut_off_are_refused(stored: str) -> None:
    """Wherever that is, but for the end that no reader needs."""
    whole = classifier(stored)

    assert {"", "12"} >= {outcome(whole[:size]) for size in range(len(whole))}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """By name."""
    for whole in (content, model(content), model(graph([], *ENDS) + content)):
        assert outcome(whole).isdecimal() or not outcome(whole)


@given(st.lists(st.integers(-(2**63), 2**64 - 1), max_size=20), st.integers(0, 3))
def test_numbers_are_those_that_were_packed(numbers: list[int], cut: int) -> None:
    """As signed ones of 64 bits; without their end they are refused."""
    from weighin.formats.protobuf import varints

    packed = b"".join(map(varint, numbers))
    signed = [each - 2**64 if each >= 2**63 else each for each in numbers]

    assert signed == varints(packed).tolist()
    if numbers and cut and len(varint(numbers[-1])) > cut:
        with pytest.raises(ValueError, match="cut off"):
            varints(packed[:-cut])


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.mkdir(), "is no file"),
        (lambda path: None, "cannot be read"),
    ],
    ids=["empty", "folder", "missing"],
)
def test_what_is_no_file_is_told(tmp_path: Path, made: object, told: str) -> None:
    """Before anything of it is read."""
    path = tmp_path / "a.onnx"
    made(path)  # type: ignore[operator]
    with pytest.raises(WeighinError, match=rf"a\.onnx {told}"):
        read_onnx(path)


def test_the_helper_writes_what_it_says(tmp_path: Path) -> None:
    """A whole file is read."""
    assert 12 == read_onnx(onnx_files.write(tmp_path / "a.onnx")).parameters
