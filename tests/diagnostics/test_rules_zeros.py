"""Rules of zeros: stored dense or sparse, and what XNNPACK's sparse path lacks."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from helpers.flatbuffer import content, convolution, dense
from helpers.invariants import stored
from helpers.rules import ARM, OLD, graph, kernel, mobile, said, speedup

from weighin import grammar
from weighin.diagnostics.rules import Facts
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite


@pytest.mark.parametrize(
    ("zeros", "sparse", "speaks"),
    [(0.8, False, True), (0.3, False, True), (0.29, False, False), (0.8, True, False)],
)
def test_zeros_stored_dense(zeros: float, sparse: bool, speaks: bool) -> None:
    """Zeros that take their place in the file are multiplied like any other number."""
    held = graph(("FULLY_CONNECTED", kernel(10, 100, zeros=zeros, sparse=sparse)))

    expected = f"{zeros * 100:.0f} % of the weights are zeros stored dense, so no kernel skips them"
    assert (expected if speaks else None) == said("zeros stored dense", held)


def test_zeros_are_counted_over_all_kernels() -> None:
    """A small layer full of zeros does not make a network sparse."""
    held = graph(
        ("FULLY_CONNECTED", kernel(10, 100)), ("FULLY_CONNECTED", kernel(10, 10, zeros=0.9))
    )

    assert said("zeros stored dense", held) is None
    assert pytest.approx(90 / 1100) == Facts(grammar.parse("baseline"), held).zeros


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (
            graph(("FULLY_CONNECTED", kernel(10, 100, zeros=0.8, sparse=True))),
            "a 3×3 stride-2 convolution of 3 channels first; this graph has FULLY_CONNECTED first",
        ),
        (
            graph(
                ("RELU", None), ("DEPTHWISE_CONV_2D", kernel(1, 3, 3, 8, zeros=0.8, sparse=True))
            ),
            "a 3×3 stride-2 convolution of 3 channels first; "
            "this graph has DEPTHWISE_CONV_2D first",
        ),
        (
            mobile(kernel(8, 3, 3, 1)),
            "a 3×3 stride-2 convolution of 3 channels first; this graph has 3×3 of 1, stride 2",
        ),
        (
            mobile(kernel(8, 5, 5, 3)),
            "a 3×3 stride-2 convolution of 3 channels first; this graph has 5×5 of 3, stride 2",
        ),
        (
            graph(
                ("CONV_2D", kernel(8, 3, 3, 3)),
                ("CONV_2D", kernel(8, 3, 3, 80, zeros=0.8, sparse=True)),
            ),
            "1×1 convolutions; this graph has none",
        ),
        (mobile(zeros=0.5), "67 % zeros in 1×1 convolutions; this graph has 50 %"),
        (mobile(zeros=0.66), "67 % zeros in 1×1 convolutions; this graph has 66 %"),
        (
            graph(
                ("CONV_2D", kernel(8, 3, 3, 3)),
                ("CONV_2D", kernel(500, 1, 1, 8, zeros=0.8)),
                ("FULLY_CONNECTED", kernel(10, 100, zeros=0.8, sparse=True)),
            ),
            "1×1 convolutions in sparse encoding; this graph has dense ones",
        ),
    ],
)
@pytest.mark.parametrize("architecture", ["x86_64", "aarch64", ""])
def test_what_the_sparse_path_lacks(held: Graph, expected: str, architecture: str) -> None:
    """The first condition of XNNPACK's sparse path that a graph does not keep, on any machine."""
    known = {"architecture": architecture, "cpu_features": OLD if architecture else ()}

    assert f"XNNPACK's sparse path needs {expected}" == said("XNNPACK's sparse path", held, **known)


@pytest.mark.parametrize(
    ("architecture", "features", "speaks"),
    [
        ("x86_64", OLD, True),
        ("AMD64", OLD, True),
        ("x86_64", ("sse4_1",), False),
        ("x86_64", (), False),
        ("aarch64", ARM, False),
        ("", OLD, False),
    ],
)
def test_the_sparse_path_is_off_with_avx(
    architecture: str, features: tuple[str, ...], speaks: bool
) -> None:
    """A graph with all that the path needs is told of AVX, where there is any and it is known."""
    told = said("XNNPACK's sparse path", mobile(), architecture=architecture, cpu_features=features)

    expected = "XNNPACK's sparse path is off on x86 with AVX, as its sparse kernels are SSE only"
    assert (expected if speaks else None) == told


@pytest.mark.parametrize("zeros", [0.2, 0.8])
def test_a_dense_graph_is_told_nothing_of_the_sparse_path(zeros: float) -> None:
    """Who pruned nothing does not ask why zeros are not skipped; of others that is said already."""
    known = {"architecture": "x86_64", "cpu_features": OLD}
    dense_graph = mobile(zeros=zeros, sparse=False)

    assert said("XNNPACK's sparse path", dense_graph, **known) is None
    assert (zeros == 0.8) == (said("zeros stored dense", dense_graph, **known) is not None)


def test_a_faster_row_is_not_told_what_would_make_it_faster() -> None:
    """Its reasons are of what it did not gain."""
    held = mobile(zeros=0.5)

    assert said("XNNPACK's sparse path", held) is not None
    assert said("XNNPACK's sparse path", held, records=speedup("faster")) is None


@pytest.mark.parametrize("stride", [1, 2])
def test_the_sparse_path_needs_a_stride_of_two(tmp_path: Path, stride: int) -> None:
    """A first convolution that steps by one is not the one that XNNPACK looks for."""
    first = convolution(8, 3, 3, stride=stride)
    path = tmp_path / "m.tflite"
    path.write_bytes(content([first, stored("sparse", convolution(90, 1, 8, zeros=600))]))

    told = said("XNNPACK's sparse path", read_tflite(path))

    assert (stride == 1) == (told is not None)
    assert told is None or told.endswith("this graph has 3×3 of 3, stride 1")


def test_sparse_kernels_that_are_unpacked() -> None:
    """A DENSIFY operator makes a dense kernel again: a smaller file, no less to multiply."""
    sparse = kernel(10, 100, zeros=0.8, sparse=True)
    held = graph(("DENSIFY", None), ("FULLY_CONNECTED", sparse), ("FULLY_CONNECTED", kernel(9, 9)))
    native = graph(("FULLY_CONNECTED", sparse))

    told = said("sparse storage", held, "prune(0.8)+sparse")

    assert told == (
        "1 of 2 kernels are unpacked from sparse storage when the file is opened: a smaller file, "
        "the same work"
    )
    assert said("sparse storage", native, "prune(0.8)+sparse") is None
    assert said("sparse storage", held, "sparse", records=speedup("faster")) is None


def test_a_larger_file_is_not_called_a_smaller_one() -> None:
    """Indices may take more than the zeros took."""
    held = graph(("DENSIFY", None), ("FULLY_CONNECTED", kernel(10, 10, zeros=0.4, sparse=True)))

    told = said("sparse storage", held, sizes=(1100, 1000))

    assert told is not None
    assert told.endswith("when the file is opened: the same work")


def test_rules_speak_of_real_files(tmp_path: Path) -> None:
    """A file's own zeros are what is spoken of, quantized or not."""
    for layer, zeros in itertools.product([dense(10, 10), dense(10, 10, "int8")], [0, 80]):
        layer.weights.reshape(-1)[:zeros] = 0
        path = tmp_path / "m.tflite"
        path.write_bytes(content([dataclasses.replace(layer)]))

        told = said("zeros stored dense", read_tflite(path))

        assert (zeros == 80) == (told is not None)
        assert told is None or told.startswith("80 % of the weights")


def test_a_first_layer_without_four_dimensions(tmp_path: Path) -> None:
    """A damaged convolution, whose weights have no height or width, is no accident."""
    held = graph(("CONV_2D", kernel(10, 100, zeros=0.8, sparse=True)))

    assert said("XNNPACK's sparse path", held) is not None
