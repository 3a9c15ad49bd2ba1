"""Steps and exports on every kind of layer: they do what they say, or say why they do not."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.layers_process import TRIALS, seen

# Of what is refused before anything is trained or converted: the words that say why and what to do
REFUSED: dict[tuple[str, str], tuple[str, ...]] = {
    ("conv1d", "qat+int8"): ("Layer 'conv1d' (Conv1D) has a kernel", "Write int8 alone"),
    ("separable1d", "qat+int8"): ("(SeparableConv1D) is one", "Lambda", "Write int8 alone"),
    ("depthwise1d_alone", "prune(0.5)"): ("Nothing of model", "Leave out prune for this model"),
    ("depthwise1d_alone", "cluster(4)"): ("Nothing of model", "Leave out cluster for this model"),
    ("lstm", "int16x8"): ("'reader' (LSTM)", "16 bits", "Try float16, dynamic or int8"),
    ("lstm", "float32(batch=open)"): ("'reader' (LSTM)", "Leave out batch=open"),
    ("lstm", "qat+int8"): ("Layer 'reader' (LSTM) has a kernel", "Write int8 alone"),
    ("lstm", "channels(0.5)"): ("LSTM layers keep their units", "leave out channels"),
    ("embedding", "qat+int8"): ("Layer 'embedding' (Embedding)", "Write int8 alone"),
    ("embedding", "prune(0.5,pattern=2:4)"): ("(Embedding) is a table", "Leave out pattern="),
    ("timed", "cluster(4)"): ("(TimeDistributed)", "Or write Dense without TimeDistributed"),
    ("timed", "qat+int8"): ("(TimeDistributed)", "Or write Dense without TimeDistributed"),
    ("attention", "prune(0.5,block=4x1)"): ("(MultiHeadAttention)", "Leave out pattern= or block="),
    ("attention", "qat+int8"): ("(MultiHeadAttention) has a kernel", "Write int8 alone"),
    ("einsum", "cluster(4)"): ("(EinsumDense)", "leave out cluster for this model"),
}
# Of what its file is accused of
ACCUSED: dict[tuple[str, str], tuple[str, ...]] = {
    ("conv3d", "int8"): ("stayed float", "no CONV_3D on integers", "try float16"),
    ("conv3d", "dynamic"): ("stayed float", "no CONV_3D on integers", "try float16"),
    ("embedding_of_floats", "int8"): ("quantized with step 0.38", "Input(shape, dtype='int32')"),
}
ALL = [(kind, name) for kind, names in TRIALS.items() for name in names]
SOUND = [pair for pair in ALL if pair not in REFUSED and pair not in ACCUSED]
PRUNED = [pair for pair in SOUND if pair[1].startswith("prune(0.5") and "global" not in pair[1]]


def outcome(kind: str, name: str) -> Any:
    """What came of a variant of a model with one kind of layer."""
    return seen()[kind][name]


@pytest.mark.parametrize(("kind", "name"), SOUND)
def test_a_file_is_what_it_is_called(kind: str, name: str) -> None:
    """Built of a real model, it keeps its claims and answers as the Keras model does."""
    seen = outcome(kind, name)

    assert "refused" not in seen, seen
    assert seen["claim"] == ""
    exact = not any(word in name for word in ("int8", "dynamic", "float16", "int16x8"))
    assert seen["distance"] < (1e-5 if exact else 0.03)


@pytest.mark.parametrize(("kind", "name"), list(REFUSED))
def test_what_cannot_be_done_is_refused_by_name(kind: str, name: str) -> None:
    """The message names the layer, what is wrong and the way out."""
    refused = outcome(kind, name).get("refused", "")

    for words in REFUSED[kind, name]:
        assert words in refused


@pytest.mark.parametrize(("kind", "name"), list(ACCUSED))
def test_a_file_that_is_something_else_is_accused(kind: str, name: str) -> None:
    """What a converter left or made of a layer is found in the file."""
    accused = outcome(kind, name).get("claim", "")

    for words in ACCUSED[kind, name]:
        assert words in accused


@pytest.mark.parametrize(("kind", "name"), PRUNED)
def test_zeros_of_pruning_are_in_the_file(kind: str, name: str) -> None:
    """Half of the weights of kernels, of a layer's gates and of tables; of depthwise ones none."""
    zeros = outcome(kind, name)["zeros"]

    if "1d" in kind and kind.startswith(("depthwise", "separable")):
        assert sum(share < 0.1 for share in zeros) == 1
        zeros = [share for share in zeros if share >= 0.1]
    assert zeros
    assert all(abs(share - 0.5) < 0.2 for share in zeros)
    assert abs(sum(zeros) / len(zeros) - 0.5) < 0.05


@pytest.mark.parametrize("name", [name for name in TRIALS["embedding"] if name != "qat+int8"])
def test_ids_stay_integers(name: str) -> None:
    """Whatever the export, an integer input is integer, without a scale."""
    seen = outcome("embedding", name)

    assert "refused" in seen or seen["input"] == ["INT32", 0]


def test_biases_that_are_matrices_are_trained() -> None:
    """A GRU's begin as zeros, which nobody has pruned."""
    assert outcome("gru", "finetune")["biases"] > 0
