""".onnx files are counted like others: weights, zeros, work, how they are stored."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import onnx_files
from helpers.finished import WEIGHTS
from helpers.onnx_files import FLOAT, INT64, classifier, graph, model, node, part, tensor, value
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin.core import Port, WeighinError
from weighin.formats.budget import Budget
from weighin.formats.graph import Graph
from weighin.formats.holding import held, refuse_batches, signature_of, variant_held
from weighin.formats.onnx.messages import Reader
from weighin.formats.onnx.reading import parsed, read_onnx
from weighin.formats.trained import trained_kernels, width_of


def of(
    nodes: list[bytes],
    shape: tuple[Any, ...],
    constants: dict[str, Any] | None = None,
    made: tuple[Any, ...] | None = None,
    **more: Any,
) -> Graph:
    """The graph of nodes from `x` to `y`."""
    held_constants = [tensor(name, values) for name, values in (constants or {}).items()]
    content = graph(nodes, [value("x", shape)], [value("y", made)], held_constants, **more)
    return parsed(model(content), "it")


def ones(*shape: int) -> Any:
    """So many float ones."""
    return np.ones(shape, np.float32)


# -- what is counted ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "constants", "shape", "macs", "kind"),
    [
        (node("MatMul", ["x", "w"], ["y"]), {"w": ones(4, 3)}, (1, 4), 12, "FULLY_CONNECTED"),
        (node("MatMul", ["x", "w"], ["y"]), {"w": ones(4, 3)}, (1, 5, 4), 60, "FULLY_CONNECTED"),
        (node("MatMul", ["x", "x"], ["y"]), {}, (1, 4, 4), 64, "BATCH_MATMUL"),
        (
            node("Gemm", ["x", "w", "b"], ["y"], transB=1),
            {"w": ones(3, 4), "b": ones(3)},
            (1, 4),
            12,
            "FULLY_CONNECTED",
        ),
        (node("Conv", ["x", "w"], ["y"]), {"w": ones(8, 2, 3, 3)}, (1, 2, 6, 6), 2304, "CONV_2D"),
        (
            node("Conv", ["x", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]),
            {"w": ones(8, 2, 3, 3)},
            (1, 2, 6, 6),
            144 * 9,
            "CONV_2D",
        ),
        (
            node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER", strides=[2, 2]),
            {"w": ones(8, 2, 3, 3)},
            (1, 2, 5, 5),
            144 * 9,
            "CONV_2D",
        ),
        (
            node("Conv", ["x", "w"], ["y"], group=2),
            {"w": ones(2, 1, 3, 3)},
            (1, 2, 6, 6),
            18 * 16,
            "DEPTHWISE_CONV_2D",
        ),
        (
            node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2]),
            {"w": ones(2, 5, 3, 3)},
            (1, 2, 4, 4),
            90 * 16,
            "ConvTranspose",
        ),
        (
            node("LSTM", ["x", "w", "r"], ["y"], hidden_size=4),
            {"w": ones(1, 16, 3), "r": ones(1, 16, 4)},
            (7, 1, 3),
            7 * (48 + 64),
            "LSTM",
        ),
    ],
)
def test_multiply_accumulates_are_counted(
    operator: bytes, constants: dict[str, Any], shape: tuple[int, ...], macs: int, kind: str
) -> None:
    """Every weight once for each place that it serves, whatever the shape of what is made says."""
    read = of([operator], shape, constants)

    assert (macs, ()) == (read.macs, read.uncounted)
    assert [kind] == [each.kind for each in read.operators]
    assert sum(each.size for each in constants.values()) == read.parameters


def test_zeros_are_counted() -> None:
    """In weights and in work."""
    weights = ones(4, 3)
    weights[0] = 0
    read = of([node("MatMul", ["x", "w"], ["y"])], (1, 4), {"w": weights})

    assert (12, 9, 9) == (read.parameters, read.nonzero_parameters, read.effective_macs)


@pytest.mark.parametrize(
    "operator",
    [
        node("Einsum", ["x", "w"], ["y"], equation="ij,jk->ik"),
        node("Attention", ["x", "w"], ["y"], domain="com.microsoft"),
        node("MatMul", ["x", "w"], ["y"], domain="somebody.s"),
        node("Loop", ["x"], ["y"], body=(6, graph([node("MatMul", ["x", "w"], ["z"])], [], []))),
        node("If", ["x"], ["y"], then_branch=(6, graph([node("Conv", ["x", "w"], ["z"])], [], []))),
    ],
    ids=["einsum", "attention", "custom", "loop", "branch"],
)
def test_what_is_not_counted_is_told(operator: bytes) -> None:
    """Then what was counted is a lower bound, and nobody takes it for all."""
    read = of([operator], (1, 4), {"w": ones(4, 4)})

    assert 1 == len(read.uncounted)
    assert read.uncounted[0].endswith(" (1)")


def test_unknown_shapes_are_not_guessed() -> None:
    """What a size is that nothing tells decides how much work there is."""
    rows = node("MatMul", ["x", "w"], ["y"])

    assert ("MatMul (1)",) == of([rows], (1, None, 4), {"w": ones(4, 3)}).uncounted
    assert ("MatMul (1)",) == of([rows], (1, "width", 4), {"w": ones(4, 3)}).uncounted
    assert () == of([rows], ("batch", 5, 4), {"w": ones(4, 3)}).uncounted


def test_the_file_tells_shapes_that_no_rule_makes() -> None:
    """Its value_info, at batch 1."""
    nodes = [node("Mystery", ["x"], ["h"]), node("MatMul", ["h", "w"], ["y"])]
    constants = {"w": ones(6, 3)}
    told = [value("h", ("batch", 5, 6))]

    assert 1 == len(of(nodes, ("batch", 4), constants).uncounted)
    assert 90 == of(nodes, ("batch", 4), constants, values=told).macs


def test_shapes_that_are_computed_from_shapes_are_known() -> None:
    """As PyTorch writes a flattening with an open batch: Shape, Gather, Concat, Reshape."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"], axis=0),
        node("Concat", ["n", "rest"], ["to"], axis=0),
        node("Reshape", ["x", "to"], ["flat"]),
        node("MatMul", ["flat", "w"], ["y"]),
    ]
    whole = {"zero": np.array([0]), "rest": np.array([-1])}
    read = of(nodes, ("batch", 2, 6), {"w": ones(12, 3), **whole})

    assert (36, ()) == (read.macs, read.uncounted)
    assert read.open_batch


def test_lists_that_double_take_no_memory() -> None:
    """Concat of a shape with itself, again and again, is no shape."""
    doubling = [node("Concat", [f"s{n}", f"s{n}"], [f"s{n + 1}"], axis=0) for n in range(60)]
    read = of([node("Shape", ["x"], ["s0"]), *doubling], (1, 4))

    assert 61 == len(read.operators)


# -- how it is stored ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "says", "export"),
    [
        ("float32", "float32 weights, float32 activations, 0 % zeros", "float32"),
        ("int8", "int8 weights, uint8 activations, 0 % zeros", "int8"),
        ("dynamic", "int8 weights, float32 activations, 0 % zeros", "dynamic"),
    ],
)
def test_how_it_is_stored_is_told(stored: str, says: str, export: str) -> None:
    """Q/DQ pairs are what is between them; scales beside weights are no trained values."""
    read = parsed(classifier(stored), "it")

    assert (says, export) == (held(read), variant_held(read).export.name)
    assert (12, 12) == (read.parameters, read.macs)


def test_quantized_weights_know_their_scales() -> None:
    """One for each channel, along the axis that the file says."""
    codes = np.array([[3, -1, 0], [0, 2, 5]], np.int8)
    scales = np.array([0.5, 0.25, 1], np.float32)
    nodes = [
        node("DequantizeLinear", ["q", "s", "z"], ["w"], axis=1),
        node("MatMul", ["x", "w"], ["y"]),
    ]
    (kernel,) = of(nodes, (1, 2), {"q": codes, "s": scales, "z": np.zeros(3, np.int8)}).kernels

    assert ("INT8", 3, 4) == (kernel.dtype, kernel.scales, kernel.nonzero)
    assert (codes * scales).tolist() == kernel.real().tolist()


@pytest.mark.parametrize(
    ("operator", "weights", "outputs"),
    [
        (node("MatMul", ["x", "w"], ["y"]), ones(4, 3), 3),
        (node("Gemm", ["x", "w"], ["y"]), ones(4, 3), 3),
        (node("Gemm", ["x", "w"], ["y"], transB=1), ones(3, 4), 3),
        (node("Conv", ["x", "w"], ["y"]), ones(3, 4, 1, 1), 3),
        (node("ConvTranspose", ["x", "w"], ["y"]), ones(4, 3, 1, 1), 3),
    ],
    ids=["matmul", "gemm", "turned", "conv", "transposed"],
)
def test_kernels_are_looked_at_by_their_outputs(
    operator: bytes, weights: Any, outputs: int
) -> None:
    """As layers trained them, wherever the file's axes are: what steps are held to."""
    shape = (1, 4) if weights.ndim == 2 else (1, 4, 2, 2)
    read = of([operator], shape, {"w": weights})
    ((matrix,),) = (each.matrices for each in trained_kernels(read))

    assert (outputs, 4) == (matrix.shape[0], matrix.shape[-1])
    assert outputs == width_of(read.operators[0])


def test_signatures_name_what_is_taken_and_given() -> None:
    """Initializers that old files list as inputs, too, are none."""
    content = graph(
        [node("MatMul", ["x", "w"], ["h"]), node("Softmax", ["h"], ["y"])],
        [value("x", ("n", 4)), value("w", (4, 3))],
        [value("y", ("n", 3))],
        [tensor("w", ones(4, 3))],
    )
    read = parsed(model(content), "it")
    signature = signature_of(read)

    assert (Port("x", "float32", (4,), layer="x", kind="output"),) == signature.inputs
    assert ("y", (3,), "softmax") == (
        signature.output.name,
        signature.output.shape,
        signature.output.activation,
    )


def test_whole_numbers_stay_whole() -> None:
    """Ids, and integers that a file gives or takes itself."""
    content = graph(
        [node("Gather", ["table", "ids"], ["y"])],
        [value("ids", (1, 5), INT64)],
        [value("y", (1, 5, 8))],
        [tensor("table", ones(20, 8))],
    )
    read = parsed(model(content), "it")

    assert "int64" == signature_of(read).inputs[0].dtype
    assert (160, 0, ()) == (read.parameters, read.macs, read.uncounted)
    assert [160] == [each.size for each in trained_kernels(read)]


def test_a_batch_of_several_is_refused_by_its_shape() -> None:
    """No runtime gives such a file another one."""
    with pytest.raises(WeighinError, match=r"takes 'x' of shape \(8, 4\), 8 examples at once"):
        refuse_batches(parsed(classifier(batch=8), "it"), "it")
    refuse_batches(parsed(classifier(batch="n"), "it"), "it")


# -- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (np.array([1.5, -2, 3e-9], np.float32), 4),
        (np.array([1.5, -2, 3e-300], np.float64), 10),
        (np.array([1, -2, 2**40], np.int64), 7),
        (np.array([1, -2, 2**30], np.int32), 5),
        (np.array([1, -2, 127], np.int8), 5),
        (np.array([1, 2, 255], np.uint8), 5),
        (np.array([1, 2, 2**60], np.uint64), 11),
    ],
    ids=lambda each: str(getattr(each, "dtype", each)),
)
def test_values_are_read_wherever_they_lie(values: Any, field: int) -> None:
    """In their own field, or as bytes."""
    for typed in (0, field):
        read = Reader(Budget(10**6)).constant(tensor("t", values, typed=typed))
        assert values.tobytes() == read.data.tobytes()
        assert values.shape == read.shape


def test_a_file_is_read_once(tmp_path: Path) -> None:
    """As long as it stays the same."""
    path = onnx_files.write(tmp_path / "a.onnx")
    first = read_onnx(path)

    assert read_onnx(path) is first
    onnx_files.write(path, weights=WEIGHTS * 0)
    assert 0 == read_onnx(path).nonzero_parameters


# -- beside the package onnx --------------------------------------------------------------------


SIZES = st.integers(1, 4)


@settings(max_examples=60)
@given(st.data())
def test_windows_are_where_the_package_has_them(data: st.DataObject) -> None:
    """Convolutions and pools of any stride, dilation and padding."""
    onnx = pytest.importorskip("onnx", reason="pip install -e '.[onnx]'")
    size, kernel, stride, pad = (data.draw(SIZES) for _ in range(4))
    dilation, up = data.draw(st.integers(1, 2)), data.draw(st.integers(0, 1))
    pad = min(pad, kernel - 1)
    size += dilation * (kernel - 1)
    more = {"strides": [stride] * 2, "pads": [pad, 0, 0, pad], "kernel_shape": [kernel] * 2}
    if data.draw(st.booleans()):
        operator = node("Conv", ["x", "w"], ["y"], dilations=[dilation] * 2, **more)
    else:
        operator = node("MaxPool", ["x"], ["y"], ceil_mode=up, **more)
        size = max(size, kernel)
    constants = {"w": ones(3, 2, kernel, kernel)}
    read = of([operator], (1, 2, size, size), constants)
    content = graph(
        [operator],
        [value("x", (1, 2, size, size))],
        [value("y")],
        [tensor("w", constants["w"])],
    )
    told = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(model(content)))
    dims = told.graph.output[0].type.tensor_type.shape.dim

    assert tuple(each.dim_value for each in dims) == read.tensors[read.outputs[0]].shape


@given(
    st.sampled_from(["float32", "float64", "float16", "int8", "uint8", "int64", "bool"]),
    st.lists(SIZES, max_size=3),
    st.booleans(),
)
def test_tensors_are_what_the_package_writes(dtype: str, shape: list[int], raw: bool) -> None:
    """Of every type and rank."""
    onnx = pytest.importorskip("onnx", reason="pip install -e '.[onnx]'")
    values = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
    if raw:
        written = onnx.numpy_helper.from_array(values, "t")
    else:
        number = onnx.helper.np_dtype_to_tensor_dtype(values.dtype)
        written = onnx.helper.make_tensor("t", number, shape, values.ravel().tolist())
    read = Reader(Budget(10**6)).constant(written.SerializeToString())

    assert (values.tobytes(), values.shape, "t") == (read.data.tobytes(), read.shape, read.name)


def test_the_files_of_these_tests_are_sound() -> None:
    """The package's checker takes them."""
    onnx = pytest.importorskip("onnx", reason="pip install -e '.[onnx]'")
    for stored in ("float32", "int8", "dynamic"):
        onnx.checker.check_model(onnx.load_model_from_string(classifier(stored)), full_check=True)
    assert FLOAT == onnx.TensorProto.FLOAT
    assert part(1, 300) == b"\x08\xac\x02"
