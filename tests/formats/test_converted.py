"""Parameters and multiply-accumulates of files that TensorFlow converted, against a hand count."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable

import pytest
from helpers.commands import made_by
from helpers.converted import CLASSES, PROGRAM, SIDE, STEPS, UNITS, WIDTH, WORDS
from helpers.needing import need_tensorflow

from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite

Read = Callable[[str], Graph]

HEAD = UNITS * CLASSES
GATE = WIDTH * UNITS + UNITS * UNITS  # one matrix of the input and one of the state
KERNEL = 3 * 3 * 3 * 2
VOLUME = (SIDE - 2) ** 3  # positions of a 3×3×3 kernel without padding
HEADS = 2 * UNITS
PROJECTIONS = 4 * WIDTH * HEADS  # queries, keys, values and what is made of them
COUNTS = {  # parameters, multiply-accumulates
    "lstm": (4 * (GATE + UNITS) + HEAD + CLASSES, STEPS * 4 * GATE + HEAD),
    "gru": (3 * (GATE + 2 * UNITS) + HEAD + CLASSES, STEPS * 3 * GATE + HEAD),
    "conv3d": (
        4 * (KERNEL + 1) + (4 * VOLUME + 1) * CLASSES,
        4 * KERNEL * VOLUME + 4 * VOLUME * CLASSES,
    ),
    "conv3d_transpose": (3 * (KERNEL + 1), 3 * KERNEL * SIDE**3),
    "transposed": (2 * (3 * 3 * 4 + 1), 2 * 3 * 3 * 4 * SIDE**2),
    "attention": (
        PROJECTIONS + 3 * HEADS + WIDTH + (WIDTH + 1) * CLASSES,
        STEPS * PROJECTIONS + 2 * STEPS * STEPS * HEADS + WIDTH * CLASSES,
    ),
    "embedding": (WORDS * WIDTH + (WIDTH + 1) * CLASSES, WIDTH * CLASSES),
    "timed": ((WIDTH + 1) * CLASSES, STEPS * WIDTH * CLASSES),
    "timed_open": ((3 * WIDTH + 1) * CLASSES, 5 * (STEPS - 2) * 3 * WIDTH * CLASSES),
}
COUNTS["attention_open"] = COUNTS["attention"]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Reads a converted model by its name; all are converted at once."""
    need_tensorflow()
    folder = made_by(PROGRAM, tmp_path_factory.mktemp("converted"))
    return lambda name: read_tflite(folder / f"{name}.tflite")


@pytest.mark.parametrize("name", COUNTS)
def test_counts_equal_a_hand_count(read: Read, name: str) -> None:
    """Of recurrent layers every step counts, of attention what is multiplied without weights."""
    graph = read(name)

    assert (*COUNTS[name], ()) == (graph.parameters, graph.macs, graph.uncounted)
    assert graph.parameters == graph.nonzero_parameters
    assert graph.macs == graph.effective_macs


def test_an_open_batch_hides_no_blocks(read: Read) -> None:
    """A dilated convolution is cut into blocks, which the file counts to the batch."""
    assert 3 * 3 * 4 * CLASSES * SIDE**2 == read("dilated_open").macs


def test_operators_know_their_share_of_a_loop(read: Read) -> None:
    """What a loop's body multiplies by counts as often as the loop takes steps."""
    shares = [(operator.name, operator.calls, operator.macs) for operator in read("gru").operators]
    assert [
        ("FULLY_CONNECTED", 1, HEAD),
        ("FULLY_CONNECTED", STEPS, STEPS * 3 * WIDTH * UNITS),
        ("FULLY_CONNECTED", STEPS, STEPS * 3 * UNITS * UNITS),
    ] == sorted((share for share in shares if share[2]), key=lambda share: share[2])


def test_an_embedding_is_a_table(read: Read) -> None:
    """It is looked up in and not multiplied by: no kernel, and its zeros are those of the model."""
    (table,) = (operator.table for operator in read("embedding").operators if operator.table)

    assert (WORDS, WIDTH) == table.shape
    assert table not in read("embedding").kernels


def test_sizes_that_the_file_does_not_tell_are_unknown(read: Read) -> None:
    """What is done per pixel of an image of any size cannot be counted."""
    graph = read("any_size")

    assert ["1×?×?×3", "1×?×?×4"] == [end.dimensions for end in graph.ends]
    assert (0, ("CONV_2D (1)",)) == (graph.macs, graph.uncounted)
    assert (3 * 3 * 3 + 1) * CLASSES == graph.parameters
