"""What operators and subgraphs of files made by hand multiply by, and how often."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from helpers.subgraphs import Model, branches, loop, options

from weighin import registry
from weighin.core import Artifact, Skip, WeighinError
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite
from weighin.outcomes import Compressed

STEPS, INPUTS, UNITS = 6, 3, 4
FROM_INPUT, FROM_STATE = (UNITS, INPUTS), (UNITS, UNITS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file is written to."""
    return tmp_path / "m.tflite"


def read(model: Model, path: Path) -> Graph:
    """A model as it is read from its file."""
    return read_tflite(model.write(path))


def recurrent(name: str, matrices: dict[int, tuple[int, ...]], length: int, **fields: int) -> Model:
    """A model of one recurrent operator: its weights by their place among its inputs."""
    model = Model()
    data, output = model.computed(1, STEPS, INPUTS), model.computed(1, STEPS, UNITS)
    inputs = [data] + [-1] * (length - 1)
    for place, shape in matrices.items():
        values = np.ones(shape)
        values.flat[0] = 0
        inputs[place] = model.values(values)
    kind = "LSTMOptions" if name == "LSTM" else ""
    model.operator(name, inputs, [output], options(kind, **fields) if kind else None)
    model.ends([data], [output])
    return model


GATES = dict.fromkeys(range(1, 5), FROM_INPUT) | dict.fromkeys(range(5, 9), FROM_STATE)
BACKWARD = {place + 17: shape for place, shape in GATES.items()}
PEEPHOLES = dict.fromkeys((9, 10, 11), (UNITS,))
BIASES = dict.fromkeys(range(12, 16), (UNITS,))


@pytest.mark.parametrize(
    ("model", "multiplied", "matrices"),
    [
        (recurrent("UNIDIRECTIONAL_SEQUENCE_LSTM", GATES, 24), 4 * (12 + 16), 8),
        (recurrent("UNIDIRECTIONAL_SEQUENCE_LSTM", GATES | PEEPHOLES, 24), 4 * 28 + 12, 11),
        (recurrent("UNIDIRECTIONAL_SEQUENCE_LSTM", GATES | {16: (2, UNITS)}, 24), 4 * 28 + 8, 9),
        (recurrent("BIDIRECTIONAL_SEQUENCE_LSTM", GATES | BACKWARD, 48), 2 * 4 * 28, 16),
        (recurrent("LSTM", {2: (16, 7)}, 5, kernelType=1), 16 * 7, 1),
        (recurrent("LSTM", GATES, 20), 4 * 28, 8),
        (recurrent("UNIDIRECTIONAL_SEQUENCE_RNN", {1: FROM_INPUT, 2: FROM_STATE}, 5), 28, 2),
        (recurrent("SVDF", {1: (8, INPUTS), 2: (8, 5)}, 5), 64, 2),
    ],
)
def test_recurrent_operators(path: Path, model: Model, multiplied: int, matrices: int) -> None:
    """All matrices, once for each step; what they hold as zeros is not done."""
    graph = read(model, path)

    assert (STEPS * multiplied, ()) == (graph.macs, graph.uncounted)
    assert STEPS * (multiplied - matrices) == graph.effective_macs
    assert (multiplied, matrices) == (graph.parameters, len(graph.kernels))


def test_biases_of_gates_are_parameters(path: Path) -> None:
    """But nothing is multiplied by them."""
    graph = read(recurrent("UNIDIRECTIONAL_SEQUENCE_LSTM", GATES | BIASES, 24), path)

    assert (4 * (28 + UNITS), STEPS * 4 * 28) == (graph.parameters, graph.macs)


@pytest.mark.parametrize(("adjoint_x", "adjoint_y"), [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("constant", [False, True])
def test_products_of_matrices(path: Path, adjoint_x: int, adjoint_y: int, constant: bool) -> None:
    """2 × (5×3 by 3×7), of computed values or weights, either matrix turned or not."""
    model = Model()
    x = model.computed(2, 3, 5) if adjoint_x else model.computed(2, 5, 3)
    shape = (7, 3) if adjoint_y else (3, 7)
    y = model.values(np.eye(*shape)) if constant else model.computed(2, *shape)
    output = model.computed(2, 5, 7)
    turned = options("BatchMatMulOptions", adjX=adjoint_x, adjY=adjoint_y)
    model.operator("BATCH_MATMUL", [x, y], [output], turned)
    model.ends([x], [output])

    graph = read(model, path)

    assert 2 * 5 * 3 * 7 == graph.macs
    assert 2 * 5 * (3 if constant else 21) == graph.effective_macs
    assert 21 * constant == graph.parameters == sum(kernel.size for kernel in graph.kernels)


@pytest.mark.parametrize(
    ("model", "steps"),
    [
        (loop(), 5),
        (loop("outside"), 5),
        (loop("shape"), 5),
        (loop("both"), 5),
        (loop(start=1, step=3), 2),
        (loop(compare="LESS_EQUAL"), 6),
        (loop(compare="GREATER"), 5),
        (loop(steps=0), 0),
    ],
)
def test_loops_that_count(path: Path, model: Model, steps: int) -> None:
    """A loop's body runs as often as its counter is below its limit."""
    graph = read(model, path)

    assert (steps * 16, steps * 15, ()) == (graph.macs, graph.effective_macs, graph.uncounted)
    assert 16 == graph.parameters  # the weights are given to the loop; the zeros are its state


def test_what_nothing_reads_is_no_parameter(path: Path) -> None:
    """A converter may leave a bias in the main graph that a loop's body has once more."""
    model = loop()
    model.graph = model.model.subgraphs[0]
    model.values(np.full(7, 3.0))

    assert 16 == read(model, path).parameters


@pytest.mark.parametrize("metric", ["macs", "effective_macs"])
def test_a_lower_bound_is_no_figure(path: Path, metric: str) -> None:
    """What could be counted and what could not are the reason why there is none."""
    model = loop()
    model.graph = model.model.subgraphs[0]
    model.custom("Foo", model.graph.outputs, [model.computed(1, 4)])
    artifact = Artifact("k", model.write(path), "tflite", "", 1, path, {}, 0.0)

    figure = registry.metrics[metric].compute(Compressed(artifact, b""))

    count = 80 if metric == "macs" else 75
    assert Skip(f"at least {count}; not counted: CUSTOM Foo (1)", "not measured") == figure


@pytest.mark.parametrize("model", [loop("input"), loop(compare="NOT_EQUAL"), loop(step=0)])
def test_loops_that_cannot_be_counted_are_named(path: Path, model: Model) -> None:
    """What is certain of them is nothing."""
    graph = read(model, path)

    assert (0, ("WHILE (1)",), 16) == (graph.macs, graph.uncounted, graph.parameters)


@pytest.mark.parametrize(("widths", "uncounted"), [((3, 3), ()), ((3, 5), ("IF (1)",))])
def test_branches(path: Path, widths: tuple[int, int], uncounted: tuple[str, ...]) -> None:
    """The one with less to do is certain; which is run matters only if they differ."""
    graph = read(branches(*widths), path)

    assert (3 * 4, uncounted) == (graph.macs, graph.uncounted)
    assert 4 * sum(widths) == graph.parameters


def test_what_prepares_variables_is_no_inference(path: Path) -> None:
    """CALL_ONCE runs when a file is opened: its parameters count, its work does not."""
    model = Model()
    data, weights = model.computed(1, 4), model.values(np.ones((4, 4)))
    model.operator("CALL_ONCE", [], [], options("CallOnceOptions", initSubgraphIndex=1))
    model.ends([data], [model.dense(data, weights)])
    model.begin("prepare")
    inner = model.dense(model.values(np.ones((1, 4))), model.values(np.full((4, 4), 2.0)))
    model.ends([], [inner])

    graph = read(model, path)

    assert (16, ()) == (graph.macs, graph.uncounted)
    assert 16 + 16 + 4 == graph.parameters


def test_shared_values_count_once(path: Path) -> None:
    """Two signatures that multiply by the same buffer hold its weights once; the first is run."""
    model = Model()
    for key in ("first", "second"):
        if key == "second":
            model.begin(key)
        data, weights = model.computed(1, 4), model.values(np.ones((4, 4)))
        model.graph.tensors[weights].buffer = 1
        model.ends([data], [model.dense(data, weights)])
        model.sign(key, len(model.model.subgraphs) - 1)

    graph = read(model, path)

    assert (16, 16) == (graph.parameters, graph.macs)
    assert [("first",), ("second",)] == [subgraph.signatures for subgraph in graph.subgraphs]
    assert [16, 16] == [subgraph.macs for subgraph in graph.subgraphs]


@pytest.mark.parametrize("code", ["Foo", "CONV_2D", "DEQUANTIZE", "WHILE"])
def test_custom_operators_are_named(path: Path, code: str) -> None:
    """Nobody knows what they do, also where they are called like an operator that is known."""
    model = Model()
    data, output = model.computed(1, 4), model.computed(1, 4)
    model.custom(code, [], [data])
    model.custom(code, [data, model.values(np.ones(3))], [output])
    model.ends([], [output])

    graph = read(model, path)

    assert (0, (f"CUSTOM {code} (2)",), 3) == (graph.macs, graph.uncounted, graph.parameters)


@pytest.mark.parametrize(("signature", "dimensions"), [((-1, 4), "1×4"), ((-1, -1), "1×?")])
def test_dimensions_that_are_left_open(
    path: Path, signature: tuple[int, int], dimensions: str
) -> None:
    """The first is the batch; any other is unknown."""
    model = Model()
    data = model.computed(1, 4, signature=signature)
    model.ends([data], [data])

    assert [dimensions] * 2 == [end.dimensions for end in read(model, path).ends]


def test_no_shape_is_unknown(path: Path) -> None:
    """Neither 1 nor a number without dimensions; what is multiplied by it cannot be counted."""
    model = Model()
    data = model.computed()
    model.graph.tensors[data].shape, model.graph.tensors[data].hasRank = None, False
    output = model.computed(1, 1)
    model.operator("BATCH_MATMUL", [data, model.values(np.ones((4, 1)))], [output])
    model.ends([data], [output])

    graph = read(model, path)

    assert ["?", "1×1"] == [end.dimensions for end in graph.ends]
    assert ("BATCH_MATMUL (1)",) == graph.uncounted


def test_a_row_folded_into_the_batch_counts(path: Path) -> None:
    """A RESHAPE to (-1, 4) of (batch, 6, 4) makes six rows for one example."""
    model = Model()
    data = model.computed(1, 6, 4, signature=(-1, 6, 4))
    rows = model.computed(1, 4, signature=(-1, 4))
    model.operator("RESHAPE", [data, model.values([-1, 4], "int32")], [rows])
    output = model.dense(rows, model.values(np.ones((2, 4))), 2)
    model.graph.tensors[output].shapeSignature = [-1, 2]
    model.ends([data], [output])

    assert 6 * 2 * 4 == read(model, path).macs


def test_subgraphs_in_a_circle_are_refused(path: Path) -> None:
    """A loop whose body runs the loop has no end that could be counted."""
    model = loop()
    model.graph.operators = model.model.subgraphs[0].operators
    model.graph.tensors = model.model.subgraphs[0].tensors

    with pytest.raises(WeighinError, match="call each other in a circle"):
        read(model, path)


@pytest.mark.parametrize("bits", ["INT4", "UINT4", "INT2", "BFLOAT16", "FLOAT8_E5M2", "BOOL"])
def test_values_of_every_type_are_read(path: Path, bits: str) -> None:
    """Weights in any of the schema's types are parameters, and their zeros are counted."""
    from ai_edge_litert import schema_py_generated as schema

    size = {"INT4": 4, "UINT4": 4, "INT2": 2, "BFLOAT16": 16}.get(bits, 8)
    model = Model()
    weights = model.values(np.ones((4, 4), np.int8), "int8")
    tensor = model.graph.tensors[weights]
    tensor.type = getattr(schema.TensorType, bits)
    tensor.quantization = options("QuantizationParameters", scale=[1.0], zeroPoint=[0])
    stored = np.zeros(16 * size // 8, np.uint8)
    stored[: size // 8 or 1] = 1
    model.model.buffers[tensor.buffer].data = stored
    data = model.computed(1, 4)
    model.ends([data], [model.dense(data, weights)])

    graph = read(model, path)

    assert (16, 1, 16, 1) == (
        graph.parameters,
        graph.nonzero_parameters,
        graph.macs,
        graph.effective_macs,
    )


@pytest.mark.parametrize("model", [loop("both"), loop("shape"), branches(3, 5)])
def test_damaged_subgraphs_are_read_or_refused(path: Path, model: Model) -> None:
    """Of 400 damaged files each is read after all or refused by name; nothing else happens."""
    whole = model.packed()
    chance = random.Random(0)
    refusals = []
    for number in range(400):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 2, 8])):
            content[chance.randrange(len(content))] = chance.choice([0, 1, 0x7F, 0xFF])
        path.write_bytes(content[: chance.randrange(len(content))] if number % 8 == 0 else content)
        try:
            graph = read_tflite(path)
            assert 0 <= graph.effective_macs <= graph.macs
            assert 0 <= graph.nonzero_parameters <= graph.parameters
            assert all(end.dimensions for end in graph.ends)
        except WeighinError as error:
            refusals.append(str(error))

    assert 40 < len(refusals) < 400
    known = tuple(f"{path} is {what}" for what in ("not a whole", "no .tflite", "empty"))
    assert all(said.startswith(known) for said in refusals)
