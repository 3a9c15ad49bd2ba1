"""What a Keras model's outputs are called, in answers and in files."""

from __future__ import annotations

from weighin.frameworks.tf_keras import distinct


def test_outputs_have_names_of_their_own_and_keep_them() -> None:
    """Two of one layer are numbered; wrapping for quantization-aware training renames none."""
    assert ["a", "b"] == distinct(["a", "b"]) == distinct(["quant_a", "quant_b"])
    assert ["a_0", "a_1"] == distinct(["a", "a"]) == distinct(["quant_a", "a"])
