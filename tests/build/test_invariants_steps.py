"""Files that are not what their steps' names say: each planted fault is caught by name."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.flatbuffer import content, convolution, dense, write
from helpers.invariants import breach
from helpers.rules import graph, kernel

from weighin import grammar, registry
from weighin.exports.compact import compacted
from weighin.formats.graph import Tensor


@pytest.mark.parametrize(
    ("zeros", "is_kept"),
    [(0, False), (36, False), (37, False), (38, True), (39, True), (40, False), (47, False)],
)
def test_zeros_of_a_float_file_are_counted(tmp_path: Path, zeros: int, is_kept: bool) -> None:
    """80 % of 48 is 38.4: 38 or 39 zeros, no fewer and no more."""
    path = write(tmp_path / "m.tflite", dense(8, 6, zeros=zeros))

    accused = breach(path, "prune(0.8)")

    told = f"prune(0.8): layer 'dense0' has {zeros} zeros of 48 weights"
    assert (None if is_kept else told) == accused


@pytest.mark.parametrize(("zeros", "is_kept"), [(37, False), (38, True), (40, True), (47, True)])
def test_quantization_may_add_zeros(tmp_path: Path, zeros: int, is_kept: bool) -> None:
    """Small weights are rounded to zero; none that was zero becomes something else."""
    path = write(tmp_path / "m.tflite", dense(8, 6, "int8", zeros=zeros), activations="int8")

    assert is_kept == (breach(path, "prune(0.8)+int8") is None)


def test_blocks_are_counted_whole(tmp_path: Path) -> None:
    """Half of the weights are zeros, but in no block of four inputs: told, and in blocks: right."""
    scattered, together = dense(8, 8), dense(8, 8)
    scattered.weights[:, ::2] = 0
    together.weights[:, :4] = 0

    path = write(tmp_path / "scattered.tflite", scattered)
    told = "prune(0.5,block=4x1): 0 of 64 weights lie in 4×1 blocks of zeros"
    assert told == breach(path, "prune(0.5,block=4x1)")
    assert breach(write(tmp_path / "m.tflite", together), "prune(0.5,block=4x1)") is None


def test_a_pattern_is_looked_for_in_every_run(tmp_path: Path) -> None:
    """Half of the weights are zeros, but not two in each four: told."""
    even, uneven = dense(8, 8), dense(8, 8)
    even.weights[:, ::2] = 0
    uneven.weights[:, :4] = 0

    assert breach(write(tmp_path / "m.tflite", even), "prune(0.5,pattern=2:4)") is None
    told = "layer 'dense0' has 4 weights left in 4 input channels"
    path = write(tmp_path / "uneven.tflite", uneven)
    assert f"prune(0.5,pattern=2:4): {told}" == breach(path, "prune(0.5,pattern=2:4)")


@pytest.mark.parametrize(
    "step",
    ["prune(0.5,block=4x1)", "prune(0.5,pattern=2:4)", "prune(0.5,block=4x1,except=other:0.6)"],
)
@pytest.mark.parametrize(("zeros", "is_kept"), [(24, False), (32, True), (40, True)])
def test_channels_that_were_put_in_another_order_part_blocks(
    tmp_path: Path, step: str, zeros: int, is_kept: bool
) -> None:
    """As many weights as blocks and patterns held are zero, wherever they lie."""
    layer = dense(8, 8, "int8")
    layer.weights.reshape(-1)[[*range(0, 64, 2), *range(1, 64, 2)][:zeros]] = 0
    path = tmp_path / "m.tflite"
    path.write_bytes(compacted(content([layer], activations="int8")))

    told = f"{step}: {zeros} of 64 weights are zero"
    assert (None if is_kept else told) == breach(path, f"{step}+reorder(int8)")
    if "block" in step:
        assert "blocks of zeros" in str(breach(path, f"{step}+compact(int8)"))


@pytest.mark.parametrize("scope", ["global", "recipe"])
def test_the_whole_model_has_its_zeros(tmp_path: Path, scope: str) -> None:
    """Zeros of one layer make up for those of another, but not for what the model lacks."""
    path = write(tmp_path / "m.tflite", dense(8, 6, zeros=47), dense(6, 8, zeros=29))
    lacking = write(tmp_path / "lacking.tflite", dense(8, 6, zeros=40), dense(6, 8, zeros=29))

    assert breach(path, f"prune(0.8,scope={scope})") is None
    told = "the model has 69 zeros of 96 weights"
    assert f"prune(0.8,scope={scope}): {told}" == breach(lacking, f"prune(0.8,scope={scope})")


def test_clusters_are_counted(tmp_path: Path) -> None:
    """More values in one output channel than clusters, and zero, are told."""
    shared, apart = dense(8, 30), dense(8, 30)
    shared.weights[:] = np.arange(8 * 30).reshape(8, 30) % 4
    apart.weights[:] = np.arange(8 * 30).reshape(8, 30)

    assert breach(write(tmp_path / "m.tflite", shared), "cluster(4)") is None
    told = "cluster(4): layer 'dense0' has 30 different values in one output channel"
    assert told == breach(write(tmp_path / "apart.tflite", apart), "cluster(4)")


def test_quantization_aware_training_leads_to_integers(tmp_path: Path) -> None:
    """A float file is no outcome of it."""
    told = "qat: no layer has int8 weights: this training is for integer arithmetic, write qat+int8"

    assert told == breach(write(tmp_path / "m.tflite", dense(8, 6)), "qat")


def test_each_layer_has_its_zeros(tmp_path: Path) -> None:
    """Zeros of one layer do not make up for those that another lacks."""
    path = write(tmp_path / "m.tflite", dense(8, 6, zeros=47), dense(6, 8, zeros=29))

    assert "prune(0.8): layer 'dense0' has 47 zeros of 48 weights" == breach(path, "prune(0.8)")


def test_further_training_that_fills_the_zeros(tmp_path: Path) -> None:
    """prune(0.8)+finetune still says that 80 % are zeros, and drifted ones are told."""
    kept = write(tmp_path / "kept.tflite", dense(8, 6, zeros=38))
    drifted = write(tmp_path / "drifted.tflite", dense(8, 6, zeros=2))

    assert breach(kept, "prune(0.8)+finetune") is None
    told = "prune(0.8): layer 'dense0' has 2 zeros of 48 weights"
    assert told == breach(drifted, "prune(0.8)+finetune")


def test_of_two_prunings_the_later_counts(tmp_path: Path) -> None:
    """prune(0.5)+prune(0.8) is to have 80 % zeros, and 50 % are not enough."""
    later = write(tmp_path / "later.tflite", dense(8, 6, zeros=38))
    earlier = write(tmp_path / "earlier.tflite", dense(8, 6, zeros=24))

    assert breach(later, "prune(0.5)+prune(0.8)") is None
    told = "prune(0.8): layer 'dense0' has 24 zeros of 48 weights"
    assert told == breach(earlier, "prune(0.5)+prune(0.8)")


def net(path: Path, first: int, second: int, dtype: str = "float32") -> Path:
    """A file of a convolution, what follows it, and a last layer of three classes."""
    flat = 64 * first  # 8 × 8 places
    layers = (convolution(first, 3, 3, dtype), dense(second, flat, dtype), dense(3, second, dtype))
    return write(path, *layers, activations=dtype)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("channels(0.5)", 8, 5),
        ("channels(0.5)", 16, 5),  # the first is bound to the input, say
        ("channels(0.25)", 12, 8),
        ("channels(0.99)", 1, 1),
        ("channels(0.5,multiple=4)", 8, 8),
        ("channels(0.9,multiple=8)", 8, 8),
    ],
)
def test_a_narrowed_file_passes(tmp_path: Path, name: str, first: int, second: int) -> None:
    """Every layer has what is due of the baseline's channels, or all of them."""
    baseline = net(tmp_path / "baseline.tflite", 16, 10)
    path = net(tmp_path / "m.tflite", first, second)

    assert breach(path, name, baseline=baseline) is None


@pytest.mark.parametrize(
    ("name", "first", "second", "accused"),
    [
        ("channels(0.5)", 16, 10, "every layer is as wide as before"),
        ("channels(0.5)", 12, 5, "layer 'convolution0' has 12 channels, not 8 of 16"),
        ("channels(0.5)", 4, 5, "layer 'convolution0' has 4 channels, not 8 of 16"),
        ("channels(0.5)", 8, 4, "layer 'dense1' has 4 channels, not 5 of 10"),
        ("channels(0.5,multiple=8)", 8, 5, "layer 'dense1' has 5 channels, not 8 of 10"),
        ("channels(0.25)", 8, 8, "layer 'convolution0' has 8 channels, not 12 of 16"),
    ],
)
def test_a_file_that_is_not_narrowed_so(
    tmp_path: Path, name: str, first: int, second: int, accused: str
) -> None:
    """The dense model under the name of a narrowed one is told, and so is any other width."""
    baseline = net(tmp_path / "baseline.tflite", 16, 10)
    path = net(tmp_path / "m.tflite", first, second)

    assert f"{grammar.parse(name).name}: {accused}" == breach(path, name, baseline=baseline)


def test_a_narrowed_file_of_other_layers(tmp_path: Path) -> None:
    """A file of another network is not a narrower one."""
    baseline = net(tmp_path / "baseline.tflite", 16, 10)
    path = write(tmp_path / "m.tflite", convolution(8, 3, 3), dense(3, 512))

    told = "channels(0.5): its layers with weights are others than before"
    assert told == breach(path, "channels(0.5)", baseline=baseline)


def test_what_is_narrowed_is_compared_with_what_was_before(tmp_path: Path) -> None:
    """A second narrowing takes its share of what the first has left, whatever the export."""
    once, dense_one = net(tmp_path / "1.tflite", 8, 5), net(tmp_path / "0.tflite", 16, 10)
    files = {"baseline": dense_one, "channels(0.5)": once}
    twice = net(tmp_path / "2.tflite", 4, 2, "int8")

    assert breach(twice, "channels(0.5)+channels(0.5)+int8", **files) is None
    told = "channels(0.5): layer 'convolution0' has 4 channels, not 8 of 16"
    assert told == breach(twice, "channels(0.5)+int8", **files)
    told = "channels(0.5): every layer is as wide as before"
    assert told == breach(once, "channels(0.5)+channels(0.5)", **files)


# Nothing that qualifies


def claimed(step: str, *operators: tuple[str, Tensor | None]) -> str | None:
    """What a step's claim says of a graph of these operators."""
    (call,) = grammar.parse(step).steps
    function = registry.steps[call.name]
    arguments = grammar.arguments(call, function)
    accused: str | None = vars(function)["claim"](graph(*operators), later=[], **arguments)
    return accused


@pytest.mark.parametrize(
    ("step", "done"),
    [
        ("prune(0.8)", "pruned"),
        ("prune(0.8,scope=global)", "pruned"),
        ("prune(0.5,block=4x1)", "pruned"),
        ("prune(0.5,pattern=2:4)", "pruned"),
        ("cluster(16)", "clustered"),
    ],
)
def test_depthwise_kernels_alone(step: str, done: str) -> None:
    """The toolkit leaves them as they are: of a model that has no others, nothing was done."""
    accused = claimed(step, ("DEPTHWISE_CONV_2D", kernel(1, 3, 3, 8)), ("RELU", None))

    assert (
        f"nothing was {done}: the toolkit leaves depthwise kernels alone, and no other layer "
        f"multiplies by weights" == accused
    )


def test_kernels_too_small_for_their_share() -> None:
    """A tenth of three weights is none: no zero is no pruning, though each layer has its share."""
    accused = claimed("prune(0.1)", ("CONV_2D", kernel(3, 1, 1, 1)))

    expected = "its kernels are too small for a share of 0.1, the largest has 3 weights"
    assert f"nothing was pruned: {expected}" == accused
    assert claimed("prune(0.5)", ("CONV_2D", kernel(4, 1, 1, 1, zeros=0.5))) is None


NAMELESS = "StatefulPartitionedCall:0"  # as a converter calls what has lost its name


def named(*paths: str, zeros: float = 0.9) -> list[tuple[str, Tensor | None]]:
    """Dense layers of a file by their names, a hundred weights each."""
    return [
        ("FULLY_CONNECTED", dataclasses.replace(kernel(10, 10, zeros=zeros), name=path))
        for path in paths
    ]


@pytest.mark.parametrize(
    ("step", "operators"),
    [
        # the model's own name is no layer's
        ("prune(0.9,except=conv*:0.5)", named("conv_net/dense/MatMul")),
        # a layer that has lost its name may be the one that is excepted
        (
            "prune(0.9,except=dense*:0.5)",
            named("m/dense/MatMul", NAMELESS, zeros=0.5),
        ),
        ("prune(0.9,except=attention:0.5)", named("m/attention/query/einsum/Einsum", zeros=0.5)),
    ],
)
def test_layers_with_sparsities_of_their_own_are_known_by_their_names(
    step: str, operators: list[tuple[str, Tensor | None]]
) -> None:
    if "conv" in step:
        operators = [*operators, *named("conv_net/conv_last/MatMul", zeros=0.5)]
    assert claimed(step, *operators) is None


@pytest.mark.parametrize("step", ["prune(0.9,except=*)", "prune(0.9,except=first)"])
def test_exceptions_do_not_hide_that_nothing_was_pruned(step: str) -> None:
    """Whether names are there or lost."""
    for path in ("m/first/MatMul", NAMELESS):
        told = claimed(step, *named(path, zeros=0))
        assert told is not None
        assert "nothing was pruned" in told


def test_kernels_too_small_to_share_values() -> None:
    """Sixteen weights with sixteen values share none."""
    few = ("CONV_2D", kernel(16, 1, 1, 1))

    told = "nothing was clustered: the largest kernel has 16 weights"
    assert told == claimed("cluster(16)", few)
    assert claimed("cluster(8)", few) is None
