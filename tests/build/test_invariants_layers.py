"""Files of recurrent layers, embeddings and volumes, held against what steps and exports say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from helpers.invariants import breach
from helpers.subgraphs import Model

UNITS, WIDTH, WORDS = 4, 3, 10
GATES = [(UNITS, WIDTH)] * 4 + [(UNITS, UNITS)] * 4  # of the input, then recurrent


def values(shape: Sequence[int], zeros: int = 0, kinds: int | None = None) -> np.ndarray:
    """Weights of which the first are zero, the others different, or of so many kinds."""
    flat = np.arange(1, np.prod(shape) + 1, dtype=np.float32)
    if kinds:
        flat = flat % kinds + 1
    flat[:zeros] = 0
    return flat.reshape(shape)


def lstm(path: Path, gates: Sequence[np.ndarray]) -> Path:
    """A file of one LSTM over five steps."""
    model = Model()
    x, out = model.computed(1, 5, WIDTH), model.computed(1, 5, UNITS)
    constants = [model.values(gate) for gate in gates]
    states = [model.computed(1, UNITS), model.computed(1, UNITS)]
    inputs = [x, *constants, *[-1] * 9, *states, *[-1] * 4]
    model.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [out])
    model.ends([x], [out])
    return model.write(path)


def lookup(
    path: Path,
    table: np.ndarray,
    *,
    given: str = "int32",
    scale: float | None = None,
    carried: Sequence[str] = (),
    uses: int = 1,
) -> Path:
    """A file of a table that is looked up by its input, behind operators that hand that on."""
    model = Model()
    x = last = model.tensor("ids", (1, 6), given, scale=scale)
    for kind in carried:
        after = model.computed(1, 6, dtype="int32" if kind == "CAST" else "float32")
        model.operator(kind, [last], [after])
        last = after
    stored = "int8" if table.dtype == np.int8 else "float32"
    scaled: Any = {"scale": 0.1} if stored == "int8" else {}
    held = model.tensor("table", table.shape, stored, table, **scaled)
    outputs = [model.tensor("rows", (1, 6, WIDTH), stored, **scaled) for _ in range(uses)]
    for output in outputs:
        model.operator("GATHER", [held, last], [output], schema.GatherOptionsT())
    model.ends([x], outputs)
    return model.write(path)


def volume(path: Path, kernel: np.ndarray) -> Path:
    """A file of one convolution of three dimensions, its kernel `(…, inputs, outputs)`."""
    model = Model()
    x = model.computed(1, 2, 2, 2, kernel.shape[-2])
    out = model.computed(1, 2, 2, 2, kernel.shape[-1])
    model.operator("CONV_3D", [x, model.values(kernel)], [out], schema.Conv3DOptionsT())
    model.ends([x], [out])
    return model.write(path)


def test_the_gates_of_a_recurrent_layer_are_one_kernel(tmp_path: Path) -> None:
    """Pruning ranks them together, so zeros of one gate make up for another's."""
    uneven = [values(s, zeros=z) for s, z in zip(GATES, [12, 0, 12, 0, 16, 0, 16, 0], strict=True)]
    dense = [values(shape) for shape in GATES]

    assert breach(lstm(tmp_path / "a.tflite", uneven), "prune(0.5)") is None
    told = breach(lstm(tmp_path / "b.tflite", dense), "prune(0.5)")
    assert told is not None
    assert told.endswith("(and 7 more gates) has 0 zeros of 112 weights")


def test_clusters_of_gates_are_counted(tmp_path: Path) -> None:
    """A recurrent layer that kept its values is told."""
    shared = [values(shape, kinds=4) for shape in GATES]
    apart = [values(shape) * 7 for shape in GATES]

    assert breach(lstm(tmp_path / "a.tflite", shared), "cluster(2)") is not None
    assert breach(lstm(tmp_path / "b.tflite", shared), "cluster(4)") is None
    told = breach(lstm(tmp_path / "c.tflite", apart), "cluster(2)")
    assert told is not None
    assert "different values in one output channel" in told


def test_tables_are_pruned_and_clustered(tmp_path: Path) -> None:
    """An embedding that a step left as it was is told."""
    shape = (WORDS, WIDTH)
    pruned = lookup(tmp_path / "a.tflite", values(shape, zeros=15))
    dense = lookup(tmp_path / "b.tflite", values(shape))
    shared = lookup(tmp_path / "c.tflite", values(shape, kinds=4))

    assert breach(pruned, "prune(0.5)") is None
    assert breach(dense, "prune(0.5)") == "prune(0.5): layer 'table' has 0 zeros of 30 weights"
    assert breach(shared, "cluster(4)") is None
    assert breach(dense, "cluster(4)") == "cluster(4): layer 'table' has 30 different values"


def test_a_kernel_that_is_used_often_counts_once(tmp_path: Path) -> None:
    """As in an unrolled layer: it weighs no more among others than it has weights."""
    path = lookup(tmp_path / "a.tflite", values((WORDS, WIDTH), zeros=15), uses=3)

    assert breach(path, "prune(0.5,scope=global)") is None
    told = breach(path, "prune(0.8,scope=global)")
    assert told == "prune(0.8,scope=global): the model has 15 zeros of 30 weights"


def test_outputs_of_a_volume_lie_last(tmp_path: Path) -> None:
    """A pattern is looked for along its inputs, and widths along its outputs."""
    kernel = values((1, 1, 1, 8, 6))
    kernel[..., ::2, :] = 0
    wide = volume(tmp_path / "wide.tflite", values((1, 1, 1, 8, 6)))
    narrow = volume(tmp_path / "narrow.tflite", values((1, 1, 1, 8, 3)))

    assert breach(volume(tmp_path / "a.tflite", kernel), "prune(0.5,pattern=2:4)") is None
    assert breach(narrow, "channels(0.5)", baseline=wide) is None
    told = breach(wide, "channels(0.5)", baseline=wide)
    assert told == "channels(0.5): every layer is as wide as before"


@pytest.mark.parametrize("name", ["baseline", "dynamic", "int8"])
def test_ids_stay_integers(tmp_path: Path, name: str) -> None:
    """An integer input without a scale is what every export is to leave as it is."""
    table = values((WORDS, WIDTH))
    path = lookup(tmp_path / "m.tflite", table if name == "baseline" else table.astype(np.int8))

    told = breach(path, name)
    assert told is None or "ids" not in told


@pytest.mark.parametrize("name", ["int8", "int16x8"])
def test_ids_that_are_rounded_are_told(tmp_path: Path, name: str) -> None:
    """A quantized input that reaches a table unchanged cannot name all of its rows."""
    table = values((WORDS, WIDTH)).astype(np.int8)
    told = (
        f"{name}: its input 'ids' goes into a table (Embedding) and is quantized with step 0.388: "
        f"ids would be rounded; let the input be Input(shape, dtype='int32')"
    )

    for number, carried in enumerate((["DEQUANTIZE", "CAST"], ["RESHAPE", "DEQUANTIZE", "CAST"])):
        path = tmp_path / f"{number}.tflite"
        lookup(path, table, given="int8", scale=0.388, carried=carried)
        assert breach(path, name) == told


def test_what_is_worked_out_is_no_id(tmp_path: Path) -> None:
    """Numbers that an operator has made of the input are its own matter; whole steps round none."""
    table = values((WORDS, WIDTH)).astype(np.int8)
    made = lookup(tmp_path / "a.tflite", table, given="int8", scale=0.4, carried=["ABS", "CAST"])
    whole = lookup(tmp_path / "b.tflite", table, given="int8", scale=1.0, carried=["CAST"])

    for path in (made, whole):
        assert "ids" not in (breach(path, "int8") or "")
