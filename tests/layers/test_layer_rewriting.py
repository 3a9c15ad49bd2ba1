"""Files made of other files' parts answer as they should, bit for bit."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from helpers import networks, subgraphs
from helpers.layer_rows import Beside

from weighin import named
from weighin.core import Array, WeighinError
from weighin.layers.editable import Editable
from weighin.layers.nearness import Sums
from weighin.layers.opened import Opened
from weighin.layers.pair import Pair
from weighin.layers.rewriting import alone, prefix, transplanted, with_outputs
from weighin.layers.sensitivity import left_float_content, quantized_content

Made = Callable[[str], Beside]


def _answers(content: bytes, inputs: list[Array], number: int | None = None) -> list[Array]:
    opened = Opened(content, "a file")
    answers = []
    for each in inputs:
        opened.run({opened.given[0]: each})
        answers.append(opened.raw(opened.gives[0] if number is None else number))
    return answers


def _reals(content: bytes, inputs: list[Array]) -> list[Array]:
    opened = Opened(content, "a file")
    answers = []
    for each in inputs:
        opened.run({opened.given[0]: each})
        answers.append(opened.real(opened.gives[0]))
    return answers


def _same(one: list[Array], other: list[Array]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("network", networks.NETWORKS)
def test_giving_all_tensors_changes_no_answer(beside: Made, network: str) -> None:
    made = beside(network)
    for content in (made.original, made.compressed):
        count = len(Editable(content, "a file").graph.operators)
        numbers = [operator.outputs[0] for operator in made.pair().compressed.operators]
        more = with_outputs(content, numbers, "a file")

        assert len(Opened(more, "a file").gives) == count
        assert _same(_answers(content, made.inputs), _answers(more, made.inputs))


@pytest.mark.parametrize("network", networks.NETWORKS)
def test_an_operator_by_itself_makes_what_it_makes_in_its_file(beside: Made, network: str) -> None:
    made = beside(network)
    pair = made.pair()
    for place, operator in enumerate(pair.original.operators):
        content, given, gives = alone(pair.original.parts, place)
        opened = Opened(content, "an operator")
        whole = Opened(with_outputs(made.original, [*given, *gives], "a file"), "a file")
        whole.run({0: made.inputs[0]})
        opened.run(dict(zip(opened.given, map(whole.real, given), strict=True)))

        assert [operator.outputs[0]] == gives
        # kernels may round otherwise: XNNPACK chooses them by what stands around an operator
        np.testing.assert_allclose(
            opened.real(opened.gives[0]), whole.real(gives[0]), rtol=1e-5, atol=1e-6
        )
        assert len(content) <= len(made.original)


@pytest.mark.parametrize("network", networks.NETWORKS)
def test_an_operator_from_a_copy_of_the_same_file_changes_no_answer(
    beside: Made, network: str
) -> None:
    made = beside(network)
    for content in (made.original, made.compressed):
        wanted = _answers(content, made.inputs)
        for place in range(len(Editable(content, "a file").graph.operators)):
            host, donor = Editable(content, "a host"), Editable(content, "a donor")
            assert _same(wanted, _answers(transplanted(host, place, donor, place), made.inputs))


@pytest.mark.parametrize("network", networks.NETWORKS)
def test_a_layer_left_float_is_what_its_float_twin_makes_of_its_inputs(
    beside: Made, network: str
) -> None:
    """Quantized with the scale that the next layer takes."""
    made = beside(network)
    pair = made.pair()
    for place, operator in enumerate(pair.compressed.operators):
        number = operator.outputs[0]
        inputs = pair.compressed.data(place)
        rewritten = with_outputs(left_float_content(pair, place), [*inputs, number], "a file")
        opened = Opened(rewritten, "a file")
        twin = Opened(alone(pair.original.parts, place)[0], "a twin")
        tensor = pair.compressed.graph.tensors[number]
        details = {"dtype": np.int8, "quantization": (tensor.scale, tensor.zero_point)}
        for example in made.inputs[:4]:
            opened.run({0: example})
            twin.run(dict(zip(twin.given, map(opened.real, inputs), strict=True)))
            wanted = named.stored(twin.real(twin.gives[0]), details)
            apart = np.abs(opened.raw(number).astype(int) - wanted)

            assert apart.max() <= 1  # where a value lies in the middle between two steps
            assert apart.mean() < 0.01


@pytest.mark.parametrize("network", networks.NETWORKS)
def test_of_layers_that_are_all_transplanted_only_roundings_in_between_are_left(
    beside: Made, network: str
) -> None:
    """One after the other, each into the file before: in the end it answers as the other file."""
    made = beside(network)
    pair, host = made.pair(), networks.with_turned_weights(made.compressed, 0)
    for place, replaced in enumerate(pair.compressed.operators):
        file = Editable(host, "a host")
        made_by = [operator.outputs[0] for operator in file.graph.operators]
        host = transplanted(file, made_by.index(replaced.outputs[0]), pair.original.parts, place)
    sums = Sums()
    opened = Opened(host, "a file")
    for values, wanted in zip(
        _reals(host, made.inputs), _reals(made.original, made.inputs), strict=True
    ):
        sums.add(values, wanted)

    assert sums.near.sqnr > 20
    assert [pair.compressed.graph.outputs[0]] == opened.gives


def test_a_layer_alone_quantized_loses_what_its_weights_lose(beside: Made) -> None:
    made = beside("dense_chain")
    damaged = networks.with_halved_scales(made.compressed, 1)
    plain = np.stack(_answers(made.original, made.inputs))

    def loss(pair: Pair, place: int) -> float:
        rewritten = np.stack(_answers(quantized_content(pair, place), made.inputs))
        return float(np.square(rewritten - plain).sum() / np.square(plain).sum())

    assert loss(made.pair(damaged), 0) == loss(made.pair(), 0) < 1e-3
    assert loss(made.pair(damaged), 1) > 0.05


def test_a_file_cut_off_gives_what_the_rest_would_take(beside: Made) -> None:
    made = beside("residual")
    first = Opened(prefix(Editable(made.compressed, "a file"), 2), "the beginning")
    stem, branch = (operator.outputs[0] for operator in made.pair().compressed.operators[:2])

    assert [stem, branch] == first.gives  # the sum takes both
    assert 1 == len(Opened(prefix(Editable(made.compressed, "a file"), 1), "the beginning").gives)


def test_what_cannot_be_converted_is_refused(beside: Made) -> None:
    made, other = beside("dense_chain"), beside("residual")
    host, donor = Editable(made.original, "a host"), Editable(other.original, "a donor")

    with pytest.raises(WeighinError, match="another number of tensors"):
        transplanted(host, 0, donor, 2)  # a sum of two


def test_bytes_that_are_no_file_are_refused() -> None:
    with pytest.raises(WeighinError, match=r"x\.tflite cannot be taken apart"):
        Editable(b"\xff" * 64, "x.tflite")


def test_the_body_of_a_loop_comes_along_with_its_constants() -> None:
    """A loop that runs until a number which stands in its condition."""
    whole = Editable(subgraphs.loop().packed(), "a loop")
    content, given, gives = alone(whole, 0)
    part = Editable(content, "a part")

    assert [0] == given
    assert 5 == len(gives)
    for ours, theirs in zip(whole.model.subgraphs[1:], part.model.subgraphs[1:], strict=True):
        for one, other in zip(ours.tensors, theirs.tensors, strict=True):
            values = [
                None if (data := file.model.buffers[tensor.buffer].data) is None else bytes(data)
                for file, tensor in ((whole, one), (part, other))
            ]
            assert values[0] == values[1]
    assert 1 == len(whole.graph.outputs)  # the file itself is as it was
