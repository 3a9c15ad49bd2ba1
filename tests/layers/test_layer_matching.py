"""Which operator of the float file an operator is held against: by name, structure or shape."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from helpers import networks
from helpers.layer_rows import Beside, layers_of

from weighin.core import WeighinError
from weighin.layers.editable import Editable

Made = Callable[[str], Beside]


def _renamed(content: bytes, names: Mapping[str, str] | None = None) -> bytes:
    """The same file, its tensors under other names; without any if none are given."""
    file = Editable(content, "a file")
    for tensor in file.graph.tensors:
        tensor.name = None if names is None else names.get(tensor.name.decode(), tensor.name)
    return file.packed()


@pytest.mark.parametrize("network", networks.NETWORKS)
def test_a_file_without_names_is_matched_by_its_structure(beside: Made, network: str) -> None:
    made = beside(network)
    matches = made.pair(_renamed(made.compressed)).matches

    assert list(range(len(matches))) == [match.place for match in matches]
    assert {"structure"} == {match.how for match in matches}


def test_a_name_goes_before_the_place(beside: Made) -> None:
    """Two branches from one tensor look alike: only their names tell which is which."""

    def net(first: str, second: str) -> bytes:
        made = networks.Net((1, 4), 9)
        start = made.last
        made.dense(first, 4)
        one = made.last
        made.last, made.shape = start, (1, 4)
        return made.dense(second, 4).add("sum", one).content()

    made = beside("dense_chain")
    compressed, original = net("left", "right"), net("right", "left")

    assert [1, 0] == [match.place for match in made.pair(compressed, original).matches][:2]
    nameless = made.pair(_renamed(compressed), original).matches
    assert [None, None] == [match.place for match in nameless][:2]
    assert "look alike" in nameless[0].why


def test_names_that_were_exchanged_are_not_believed(beside: Made) -> None:
    """An operator whose twin is given other data is listed with the reason, and has no error."""
    other = beside("residual")
    swapped = _renamed(other.compressed, {"branch_1": "branch_2", "branch_2": "branch_1"})
    layers = layers_of(other.pair(swapped), other.examples)
    crossed = [layer for layer in layers.layers if "is given other data" in layer.unmatched]

    assert {"branch_1", "branch_2"} <= {layer.name for layer in crossed}
    assert all(layer.own is None and layer.output is None for layer in crossed)


def test_what_has_another_activation_function_is_no_twin(beside: Made) -> None:
    made = beside("dense_chain")
    file = Editable(made.original, "a file")
    file.graph.operators[1].builtinOptions.fusedActivationFunction = 0
    layers = layers_of(made.pair(original=file.packed()), made.examples)

    assert "" == layers.layers[1].twin
    assert "no FULLY_CONNECTED of its shapes and activation" in layers.layers[1].unmatched
    assert ["second"] == [name for name, _ in layers.without_twin]
    assert [True, False, True, True] == [layer.own is not None for layer in layers.layers]


def test_behind_what_is_not_matched_shapes_find_the_way_again(beside: Made) -> None:
    made = beside("dense_chain")
    file = Editable(_renamed(made.original), "a file")
    file.graph.operators[1].builtinOptions.fusedActivationFunction = 0

    matches = made.pair(original=file.packed()).matches
    assert ["structure", "", "shape", "structure"] == [match.how for match in matches]


def test_files_of_two_models_are_refused(beside: Made) -> None:
    from weighin.layers.analysing import refuse_strangers

    made, other = beside("dense_chain"), beside("classifier")
    pair = made.pair(original=_renamed(other.original))

    with pytest.raises(WeighinError, match="Are these two of one model"):
        refuse_strangers(pair)
