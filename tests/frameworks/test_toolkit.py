"""What the optimization toolkit is asked."""

from __future__ import annotations

from helpers.keras_process import seen


def test_kernels_that_the_toolkit_prunes() -> None:
    """Those of convolutions and dense layers, in models inside too, and none of a depthwise."""
    kernels = seen()["kernels"]

    assert kernels["layers"] == ["inside", "dense"]
    assert kernels["shapes"] == [[3, 3, 2, 2], [32, 3]]


def test_a_layer_that_the_toolkit_does_not_know_is_named() -> None:
    """A kernel that would stay dense unseen is refused by its layer's name and class."""
    assert "Layer 'odd' (Unknown) is not one that" in seen()["kernels"]["refused"]


def test_the_scheme_follows_what_the_weights_are() -> None:
    """Few weights that are left after pruning are not taken for clusters."""
    schemes = seen()["schemes"]

    assert "PrunePreserve" in schemes["pruned"]
    assert "ClusterPreserve" in schemes["clustered"]
    assert "Preserve" not in schemes["dense"]
