"""A layer that was damaged on purpose is found, first and by name, in each of five networks."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable

import pytest
from helpers import networks
from helpers.layer_rows import Beside, layers_of

LAYERS = [
    (network, name, place)
    for network, make in networks.NETWORKS.items()
    for name, place in networks.places(make()).items()
]
WEIGHTED = [each for each in LAYERS if not each[1].startswith("sum")]


@pytest.mark.parametrize(("network", "name", "place"), WEIGHTED)
def test_a_layer_whose_kernel_has_half_its_scales_is_the_worst(
    beside: Callable[[str], Beside], network: str, name: str, place: int
) -> None:
    """Its weights' cosine cannot see it, and so is 1."""
    made = beside(network)
    damaged = networks.with_halved_scales(made.compressed, place)
    layers = layers_of(made.pair(damaged), made.examples)

    assert name == layers.worst[0].label
    assert [name] == [layer.label for layer in layers.few]
    assert name == layers.first_rise.label
    assert 6.0 == pytest.approx(layers.layers[place].weights.sqnr, abs=0.5)
    assert 1.0 == pytest.approx(layers.layers[place].weights.cosine, abs=1e-3)


@pytest.mark.parametrize(("network", "name", "place"), LAYERS)
def test_a_layer_whose_range_is_cut_is_the_worst(
    beside: Callable[[str], Beside], network: str, name: str, place: int
) -> None:
    """It is the one that clips, not those which are given what it has clipped."""
    made = beside(network)
    whole, cut = (
        layers_of(made.pair(content), made.examples)
        for content in (made.compressed, networks.with_cut_range(made.compressed, place))
    )

    assert name == cut.worst[0].label
    assert name == cut.first_rise.label
    assert whole.layers[place].clipping.clipped < 0.001
    assert cut.layers[place].clipping.clipped > 0.02


@pytest.mark.parametrize("network", networks.NETWORKS)
def test_of_sound_layers_none_loses_much(beside: Callable[[str], Beside], network: str) -> None:
    made = beside(network)
    layers = layers_of(made.pair(), made.examples)

    assert all(layer.twin == layer.name for layer in layers.layers)
    assert () == layers.without_twin
    assert layers.worst[0].own.sqnr > 25
    assert all(layer.output.cosine > 0.99 for layer in layers.layers)
