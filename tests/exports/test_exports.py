"""Exports by real TensorFlow: what their files hold, and that LiteRT answers from them."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from helpers.exporting import COMPACT, INT4, MIXED, NAMES, PRUNED, REORDERED, SPARSE, Made
from helpers.support import tensorflow

from weighin import grammar, registry
from weighin.build import invariants
from weighin.core import Artifact, Dataset, Variant, WeighinError
from weighin.exports import _quantized
from weighin.exports.compact import compacted
from weighin.formats.graph import Graph, Tensor
from weighin.formats.layer_names import layer_of
from weighin.formats.tflite import read_tflite
from weighin.measure import equivalence

if TYPE_CHECKING:
    from conftest import Shop

HAS_QUANTIZER = importlib.util.find_spec("litert_quantizer") is not None
needs_quantizer = pytest.mark.skipif(not HAS_QUANTIZER, reason="litert-quantizer not installed")


def graph(artifact: Artifact) -> Graph:
    """What its file holds."""
    return read_tflite(artifact.path)


def nowhere(other: Variant) -> Path:
    """No claim here compares with another file."""
    raise AssertionError(other.name)


def answers(artifact: Artifact, data: Dataset, runtime: str = "litert") -> Any:
    """What a runtime answers to the test images."""
    session = registry.runtimes[runtime].open(artifact.path, 1)
    try:
        (scores,) = session.predict(data.fed_to(artifact.signature).test.inputs()).values()
        return scores
    finally:
        session.close()


# What every one of them keeps


@pytest.mark.parametrize(
    "name", [*NAMES, *(pytest.param(name, marks=needs_quantizer) for name in INT4)]
)
def test_each_file_is_what_it_is_called(made: Made, name: str) -> None:
    """Built by TensorFlow, every variant keeps the claims of its steps and its export."""
    invariants.check(made(name).path, grammar.parse(name), nowhere)


@pytest.mark.parametrize(
    "name", [*NAMES, *(pytest.param(name, marks=needs_quantizer) for name in INT4)]
)
def test_each_file_answers_on_the_runtime_without_delegate(
    made: Made, tiny_data: Dataset, name: str
) -> None:
    """LiteRT's own kernels answer as the reference kernels and the Keras model say."""
    session = registry.runtimes["litert-builtin"].open(made(name).path, 1)
    data, task = tiny_data.fed_to(made(name).signature), registry.tasks["classification"]
    try:
        fidelity = equivalence.check_session(session, made(name), data, task)
    finally:
        session.close()

    assert fidelity.same is not None
    assert fidelity.same >= 0.9 * fidelity.n


@pytest.mark.parametrize(("name", "accused"), [("int8", "int16x8"), ("int16x8", "int8")])
def test_activations_of_another_width_are_told(made: Made, name: str, accused: str) -> None:
    """An int8 file is no int16x8 file, nor the other way round."""
    with pytest.raises(WeighinError, match=f"{accused}: .* holds (INT8|INT16|FLOAT32), not INT"):
        invariants.check(made(f"{PRUNED}+{name}").path, grammar.parse(accused), nowhere)


# Activations of 16 bits


def test_int16x8_has_wide_activations_between_floats(made: Made) -> None:
    """Kernels of 8 bits, inner activations of 16, a float input and output."""
    held = graph(made("int16x8"))

    assert {"INT8"} == {kernel.dtype for kernel in held.kernels}
    assert {"INT16"} == {tensor.dtype for tensor in held.inner}
    assert {"FLOAT32"} == {tensor.dtype for tensor in held.ends}


def test_nothing_of_int16x8_is_delegated(made: Made) -> None:
    """XNNPACK takes no operator on 16-bit activations: it gets the conversions at most."""
    session = registry.runtimes["litert"].open(made("int16x8").path, 1)

    assert session.delegated is not None
    assert session.delegated[0] <= 2 < session.delegated[1]


# Scales


@pytest.mark.parametrize("name", ["int8", "dynamic"])
def test_one_scale_for_a_kernel(made: Made, name: str) -> None:
    """With scales=tensor each kernel has one; without, one for each channel.

    The kernels of dense layers, all that dynamic range quantizes here, had one anyway until
    TensorFlow 2.16.
    """
    whole = {kernel.scales for kernel in graph(made(f"{name}(scales=tensor)")).kernels}
    channels = {kernel.scales for kernel in graph(made(f"{PRUNED}+{name}")).kernels}

    assert whole <= {0, 1}
    assert (max(channels) > 1) == (name == "int8" or tensorflow() >= (2, 17))


def test_a_converter_without_single_scales_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attribute that would do nothing is not set: the message says what is missing."""
    monkeypatch.setattr(
        _quantized.process, "tensorflow", lambda: SimpleNamespace(__version__="1.2.3")
    )

    with pytest.raises(WeighinError, match=r"TensorFlow 1\.2\.3 has no single scales"):
        _quantized.set_scales(SimpleNamespace(), "tensor")
    _quantized.set_scales(SimpleNamespace(), "channel")


# Sparse encoding


def by_shape(held: Graph) -> dict[tuple[int, ...], Tensor]:
    """Kernels by their shapes, which differ in this model."""
    return {kernel.shape: kernel for kernel in held.kernels}


@pytest.mark.parametrize("export", SPARSE)
def test_sparse_kernels_are_the_dense_ones(made: Made, export: str) -> None:
    """Filled up with zeros, each kernel is that of the dense file, and counted like it."""
    sparse = by_shape(graph(made(f"{PRUNED}+sparse(export={export})")))
    full = by_shape(graph(made(f"{PRUNED}+{export}")))

    assert set(full) == set(sparse)
    assert sum(kernel.sparse for kernel in sparse.values()) >= 3
    for shape, kernel in full.items():
        np.testing.assert_array_equal(kernel.dense(), sparse[shape].dense())
        assert kernel.nonzero == sparse[shape].nonzero
        assert kernel.unique == sparse[shape].unique
        assert kernel.dtype == sparse[shape].dtype


@pytest.mark.parametrize("export", SPARSE)
def test_sparse_and_dense_files_count_alike(made: Made, export: str) -> None:
    """Parameters and multiply-accumulates do not depend on how zeros are stored."""
    sparse, full = (graph(made(f"{PRUNED}+{n}")) for n in (f"sparse(export={export})", export))

    assert full.parameters == sparse.parameters
    assert full.nonzero_parameters == sparse.nonzero_parameters
    assert full.macs == sparse.macs
    assert full.effective_macs == sparse.effective_macs


@pytest.mark.parametrize("export", SPARSE)
def test_a_sparse_file_answers_as_the_dense_one(
    made: Made, tiny_data: Dataset, export: str
) -> None:
    """The same weights give the same answers, however they are stored."""
    sparse, full = (made(f"{PRUNED}+{name}") for name in (f"sparse(export={export})", export))

    np.testing.assert_array_equal(
        answers(sparse, tiny_data, "litert-builtin"), answers(full, tiny_data, "litert-builtin")
    )


@pytest.mark.parametrize("export", ["dynamic", "int8"])
def test_what_xnnpack_refuses_is_told_with_the_way_out(made: Made, export: str) -> None:
    """LiteRT 2.3 fails to prepare sparse int8 kernels: the message names who, what, and the way."""
    path = made(f"{PRUNED}+sparse(export={export})").path
    refusal = ""
    try:
        registry.runtimes["litert"].open(path, 1).close()
    except WeighinError as error:
        refusal = str(error)
    if not refusal:
        pytest.skip("this LiteRT prepares sparse int8 kernels")

    assert "XNNPACK refuses it (failed to delegate" in refusal
    assert refusal.endswith("--weighin-runtimes litert-builtin")
    assert "\n" not in refusal


# Compact files


@pytest.mark.parametrize("export", COMPACT)
@pytest.mark.parametrize("runtime", ["litert", "litert-builtin"])
def test_a_compact_file_answers_bit_for_bit_the_same(
    made: Made, tiny_data: Dataset, export: str, runtime: str
) -> None:
    """What was taken away takes part in no answer, with the delegate or without."""
    small, whole = (made(name) for name in (f"{PRUNED}+compact({export})", _plain(export)))

    np.testing.assert_array_equal(
        answers(small, tiny_data, runtime), answers(whole, tiny_data, runtime)
    )


def _plain(export: str) -> str:
    return f"{PRUNED}+{export}"


@pytest.mark.parametrize("export", COMPACT)
def test_a_compact_file_is_smaller_and_holds_the_same(made: Made, export: str) -> None:
    """Fewer bytes, packed too; the same weights, scales and operators."""
    small, whole = (made(name) for name in (f"{PRUNED}+compact({export})", _plain(export)))
    lean, full = graph(small), graph(whole)

    assert small.bytes < whole.bytes - 500
    assert _packed(small.path) < _packed(whole.path) - 300
    assert full.remarks
    assert [operator.name for operator in full.operators] == [o.name for o in lean.operators]
    for one, other in zip(full.trained, lean.trained, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        assert (one.shape, one.dtype, one.scales) == (other.shape, other.dtype, other.scales)


def _packed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))


def test_compacting_again_changes_nothing(made: Made) -> None:
    """A compact file holds nothing more that could go."""
    once = made("compact(int8)").path.read_bytes()

    assert once == compacted(once)


# Reordered files


@pytest.mark.parametrize("export", REORDERED)
@pytest.mark.parametrize("runtime", ["litert", "litert-builtin"])
def test_a_reordered_file_answers_bit_for_bit_the_same(
    made: Made, tiny_data: Dataset, export: str, runtime: str
) -> None:
    """Of the converter's own files, with the delegate or without; and it is smaller."""
    small = made(f"{PRUNED}+reorder({export},tries=8)")
    whole = made(f"{PRUNED}+compact({export})")

    assert _packed(small.path) < _packed(whole.path)
    np.testing.assert_array_equal(
        answers(small, tiny_data, runtime), answers(whole, tiny_data, runtime)
    )


# Weights of 4 bits


@needs_quantizer
@pytest.mark.parametrize(
    "name", ["int4(compute=float,smallest=0)", "int4(scales=tensor,smallest=0)"]
)
def test_int4_weights_are_the_float_ones_rounded(made: Made, shop: Shop, name: str) -> None:
    """Unpacked, every nibble is the float file's weight in steps of its scale: order and sign."""
    packed = by_shape(graph(made(name)))
    whole = by_shape(graph(shop.artifact(model="tiny_cnn")))

    assert ["INT4", "FLOAT32", "INT4", "INT4"] == [kernel.dtype for kernel in packed.values()]
    for shape, kernel in packed.items():
        if kernel.dtype == "FLOAT32":  # the depthwise one
            continue
        weights = whole[shape].dense()
        axes = tuple(range(1, len(shape))) if kernel.scales > 1 else None
        scale = np.abs(weights).max(axis=axes, keepdims=True) / 7
        assert -8 <= kernel.values.min() <= kernel.values.max() <= 7
        assert np.abs(weights / scale - kernel.dense()).max() <= 0.51


@needs_quantizer
def test_layers_are_left_in_the_precision_that_they_are_named_with(made: Made) -> None:
    """By the names that Keras gave them: one float, one of wide activations, the others int8."""
    held = graph(made(MIXED))
    layers = [each for each in held.operators if each.kernels]
    kinds = [(each.kernels[0].dtype, held.tensors[each.inputs[0]].dtype) for each in layers]
    names = [layer_of(held, each).split("/")[-2] for each in layers]

    assert ["conv2d", "depthwise_conv2d", "dense", "dense_1"] == names
    assert [("FLOAT32", "FLOAT32"), ("INT8", "INT8"), ("INT8", "INT16"), ("INT8", "INT8")] == kinds


@needs_quantizer
def test_small_kernels_stay_float(made: Made) -> None:
    """From 1,024 weights on they are packed, if nothing else is said."""
    kinds = {kernel.size >= 1024: kernel.dtype for kernel in graph(made("int4")).kernels}

    assert {True: "INT4", False: "FLOAT32"} == kinds


@needs_quantizer
def test_pruned_weights_stay_zero_in_four_bits(made: Made) -> None:
    """The claim of pruning holds on nibbles too."""
    assert all(
        kernel.size - kernel.nonzero >= 0.8 * kernel.size - 1
        for kernel in graph(made(f"{PRUNED}+int4")).kernels
        if kernel.dtype == "INT4"
    )


@pytest.mark.skipif(HAS_QUANTIZER, reason="litert-quantizer is installed")
def test_without_the_quantizer_the_reason_names_the_command(reasons: dict[str, str]) -> None:
    """What is not installed is no accident of a worker: the way to it is told."""
    for name in INT4:
        assert "litert-quantizer is not installed: pip install" in reasons[name]
