"""Inputs drawn at random: of the file's own dtypes, shapes and ranges, and always the same."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighin import registry
from weighin.core import Dataset, Port, Signature, WeighinError
from weighin.datasets import drawing
from weighin.datasets.search import SearchPaths

pytestmark = pytest.mark.usefixtures("isolated_registries")
# what a test registers takes the place of what an earlier example has registered
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

SHAPES = st.lists(st.integers(1, 5), max_size=3).map(tuple)
DTYPES = st.sampled_from(["float32", "float64", "uint8", "int8", "int32", "int64", "bool"])
PORTS = st.lists(
    st.builds(Port, st.text("abc/:ü", max_size=5), DTYPES, SHAPES),
    min_size=1,
    max_size=4,
    unique_by=lambda port: port.name,
)
ENDS = st.tuples(st.floats(-1e4, 1e4), st.floats(0, 1e4)).map(lambda ends: (ends[0], sum(ends)))


def drawn(*ports: Port, ranges: drawing.Ranges | None = None, name: str = "drawn") -> Dataset:
    """What is drawn for a file that takes these."""
    drawing.register(name, Signature(tuple(ports), ()), ranges or {})
    return registry.datasets[name](SearchPaths.here(Path("nowhere")))


def values(*ports: Port, ranges: drawing.Ranges | None = None) -> np.ndarray:
    """The values of the only input."""
    (array,) = drawn(*ports, ranges=ranges).test.stored.values()
    return np.asarray(array)


@SHARED
@given(PORTS)
def test_every_input_gets_values_of_its_own_dtype_and_shape(ports: list[Port]) -> None:
    """As many of each, under its name; the file's own check of them finds nothing."""
    dataset = drawn(*ports)

    assert [port.name for port in ports] == list(dataset.test.stored)
    for port in ports:
        stored = dataset.test.stored[port.name]
        assert (port.dtype, (drawing.MOST, *port.shape)) == (str(stored.dtype), stored.shape)
    fed = dataset.fed_to(Signature(tuple(ports), ()))
    assert list(dataset.test.stored) == list(fed.test.inputs(0, 1))


@SHARED
@given(PORTS)
def test_what_is_drawn_twice_is_the_same(ports: list[Port]) -> None:
    """Whoever weighs the file again weighs it on the same inputs, by the same digest."""
    first, again = drawn(*ports), drawn(*ports)

    assert first.digest == again.digest
    for name, stored in first.test.stored.items():
        np.testing.assert_array_equal(stored, again.test.stored[name])


@pytest.mark.parametrize(
    "others",
    [
        [Port("x", "float32", (4,)), Port("y", "float32", (3,))],
        [Port("x", "float64", (3,)), Port("y", "float32", (3,))],
        [Port("z", "float32", (3,)), Port("y", "float32", (3,))],
    ],
)
def test_inputs_of_other_files_have_another_digest(others: list[Port]) -> None:
    """So have the same files' within other ranges."""
    ports = [Port("x", "float32", (3,)), Port("y", "float32", (3,))]
    digests = {
        drawn(*ports).digest,
        drawn(*others).digest,
        drawn(*ports, ranges={"x": (0, 255)}).digest,
    }

    assert 3 == len(digests)


@SHARED
@given(ENDS)
def test_real_values_lie_in_the_inputs_range(ends: tuple[float, float]) -> None:
    """Which a quantized input can hold; to both ends of it."""
    low, high = ends
    array = values(Port("x", "float64", (50,)), ranges={"x": ends, "y": (-1e9, 1e9)})

    assert low <= array.min() <= array.max() <= high
    assert array.min() <= low + 0.01 * (high - low)
    assert array.max() >= high - 0.01 * (high - low)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("uint8", set(range(256))),  # of pixels
        ("int8", {0, 1}),
        ("int32", {0, 1}),  # which may be places in a table of two
        ("int64", {0, 1}),
        ("bool", {False, True}),
    ],
)
def test_whole_numbers_are_such_as_any_file_can_take(dtype: str, expected: set[int]) -> None:
    """Whatever range is told: they stand for themselves."""
    array = values(Port("x", dtype, (100,)), ranges={"x": (-5, 5)})

    assert expected == set(array.ravel().tolist())


def test_real_values_are_from_0_to_1_where_nothing_is_told() -> None:
    """As pixels and shares are."""
    array = values(Port("x", "float32", (100,)))

    assert 0 <= array.min() < 0.01
    assert 0.99 < array.max() <= 1


@pytest.mark.parametrize(("most", "n"), [(64_000, 64), (32_000, 32), (3000, 3), (1, 2)])
def test_of_large_examples_there_are_fewer(
    monkeypatch: pytest.MonkeyPatch, most: int, n: int
) -> None:
    """No more bytes than may be; but two, lest one be told from a batch by nothing."""
    monkeypatch.setattr(drawing, "MOST_BYTES", most)

    assert n == len(drawn(Port("x", "float32", (150,)), Port("ids", "int64", (50,))).test)


def test_they_are_for_testing_alone_and_nothing_is_judged_on_them() -> None:
    """There are no targets; why not is the reason of each figure that is missing."""
    dataset = drawn(Port("x", "float32", (4,)), name="random")

    assert ("random", True, True, 0) == (
        dataset.name,
        dataset.drawn,
        dataset.test_only,
        dataset.training_examples,
    )
    assert {} == dict(dataset.test.targets)
    assert "no data were given (--data), so inputs were drawn at random" == dataset.unlabelled


@pytest.mark.parametrize(
    ("port", "told"),
    [
        (Port("words", "string", (1,)), "Input 'words' takes string: only numbers are given."),
        (Port("x", "complex64", (1,)), "Input 'x' takes complex64"),
        (Port("x", "int4", (1,)), "Input 'x' takes int4"),
        (Port("x", "float32", (None, 3)), r"Input 'x' is (?, 3): the file leaves a size open"),
        (Port("x", "float32", (3, 0)), "Input 'x' is (3, 0): it takes nothing."),
        (Port("x", "int32", (0,)), "Input 'x' is (0,): it takes nothing."),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_registered(
    port: Port, told: str
) -> None:
    """Of several inputs, too: the one is named."""
    with pytest.raises(WeighinError) as refused:
        drawn(Port("fine", "float32", (2,)), port)

    assert told in str(refused.value)
    assert "drawn" not in registry.datasets
