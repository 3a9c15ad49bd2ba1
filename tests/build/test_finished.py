"""Finished files: read, and matched to the first one's inputs and outputs or refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from helpers.finished import End, Part, content, part, quantized, write, write_data
from hypothesis import given
from hypothesis import strategies as st

from weighin.build.finished import FinishedFiles, matched
from weighin.core import Case, Port, Signature, WeighinError
from weighin.datasets import bringing
from weighin.datasets.bringing import Reading
from weighin.measure.context import build_context

NAMES = st.text("abcxyz_/:0 üé", min_size=1, max_size=6)
SIZES = st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True)


@st.composite
def renamed(draw: st.DrawFn) -> tuple[list[Port], list[Port], list[int]]:
    """Ports of distinct shapes; the same in another order under other names; where each stands."""
    sizes = draw(SIZES)
    names = st.lists(NAMES, min_size=len(sizes), max_size=len(sizes), unique=True)
    order = draw(st.permutations(range(len(sizes))))
    first = [Port(name, shape=(size,)) for name, size in zip(draw(names), sizes, strict=True)]
    other_names = draw(names | st.permutations([port.name for port in first]))
    other = [Port(name, shape=(sizes[at],)) for name, at in zip(other_names, order, strict=True)]
    return first, other, [order.index(at) for at in range(len(sizes))]


@given(renamed(), renamed())
def test_any_renaming_and_order_of_ports_of_distinct_shapes_is_undone(
    inputs: tuple[list[Port], list[Port], list[int]],
    outputs: tuple[list[Port], list[Port], list[int]],
) -> None:
    first = Signature(tuple(inputs[0]), tuple(outputs[0]))
    other = Signature(tuple(inputs[1]), tuple(outputs[1]))

    signature, own = matched(first, other, "other.tflite")

    assert first == signature
    for side, (wanted, ports, places) in (("inputs", inputs), ("outputs", outputs)):
        stand_for = {
            port.name: ports[place].name for port, place in zip(wanted, places, strict=True)
        }
        assert (own[side] if own else {name: name for name in stand_for}) == stand_for


@given(st.lists(NAMES, min_size=2, max_size=4, unique=True), st.randoms())
def test_ports_of_one_shape_are_matched_by_their_names_in_any_order(names, random) -> None:
    ports = [Port(name, shape=(4,)) for name in names]
    other = random.sample(ports, len(ports))

    signature, own = matched(Signature(tuple(ports), ()), Signature(tuple(other), ()), "b")

    assert (tuple(ports), {}) == (signature.inputs, own)


@given(st.lists(NAMES, min_size=4, max_size=4, unique=True))
def test_ports_of_one_shape_and_other_names_are_refused_with_both_listings(names) -> None:
    first, other = ([Port(name, shape=(4,)) for name in some] for some in (names[:2], names[2:]))

    with pytest.raises(WeighinError) as refused:
        matched(Signature(tuple(first), ()), Signature(tuple(other), ()), "b.tflite")

    told = str(refused.value)
    assert told.startswith("b.tflite is not comparable with the first file: which of its inputs")
    assert all(str(port) in told for port in (*first, *other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Port("x", shape=(4,)), Port("x", shape=(5,))),
        (Port("x", shape=(4,)), Port("x", shape=(4, 1))),
        (Port("x", shape=(4,)), Port("x", "int32", (4,))),
        (Port("x", "int64", (4,)), Port("y", "float32", (4,))),
    ],
)
def test_other_shapes_and_whole_numbers_for_real_ones_are_refused(one: Port, other: Port) -> None:
    with pytest.raises(WeighinError, match="not comparable"):
        matched(Signature((one,), ()), Signature((other,), ()), "b.tflite")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Port("x", shape=(None, 4)), Port("y", shape=(7, 4))),
        (Port("x", "uint8", (4,)), Port("x", "float32", (4,))),
        (Port("x", "int32", (4,)), Port("x", "int64", (4,))),
    ],
)
def test_open_sizes_bytes_and_other_whole_numbers_fit(one: Port, other: Port) -> None:
    signature, _ = matched(Signature((one,), ()), Signature((other,), ()), "b.tflite")
    assert (one.name,) == tuple(port.name for port in signature.inputs)


def test_bytes_without_a_scale_are_no_answers_beside_numbers() -> None:
    """As of an .onnx file that ends in QuantizeLinear: an error of 137 would be one of units."""
    one, other = Port("y", "float32", (4,)), Port("y", "uint8", (4,))
    for first, second in ((one, other), (other, one)):
        with pytest.raises(WeighinError, match=r"not comparable .* outputs .* y \(4,\) uint8"):
            matched(Signature((), (first,)), Signature((), (second,)), "b.onnx")


def test_another_number_of_outputs_is_refused() -> None:
    ports = (Port("a", shape=(1,)), Port("b", shape=(2,)))
    with pytest.raises(WeighinError, match=r"outputs .* a \(1,\) float32; b.tflite has a .*, b"):
        matched(Signature((), ports[:1]), Signature((), ports), "b.tflite")


# -- files ----------------------------------------------------------------------------------------


TWO = (part("left", "classes"), part("right", "places", np.ones((2, 5))))


def read(folder: Path, *paths: Path, dataset: str = "none", task: str | None = None):
    """Finished files, with a cache of their own."""
    return FinishedFiles.read(build_context(str(folder / "cache"), None), paths, dataset, task)


def refusal(folder: Path, *paths: Path) -> str:
    """Why files are refused."""
    with pytest.raises(WeighinError) as refused:
        read(folder, *paths)
    return str(refused.value)


def test_files_that_differ_in_names_order_type_batch_and_signature_are_matched(tmp_path: Path):
    renamed_parts = (part("r", "p", TWO[1].weights), part("l", "c"))
    int8 = tuple(quantized(each) for each in TWO)
    first = write(tmp_path / "first.tflite", *TWO)
    others = [
        write(tmp_path / "signed.tflite", *TWO, signed=True, inputs=(1, 0), outputs=(1, 0)),
        write(tmp_path / "renamed.tflite", *renamed_parts),
        write(tmp_path / "int8.tflite", *int8, inputs=(1, 0)),
        write(tmp_path / "uint8.tflite", *(quantized(each, "uint8") for each in TWO), batch=4),
        write(tmp_path / "open.tflite", *TWO, batch=None),
    ]

    files = read(tmp_path, first, *others)

    assert ["baseline", *(path.name for path in others)] == list(files.paths)
    for case in files.cases:
        signature = files.of(case).signature
        told = [(port.name, port.dtype, port.shape) for port in signature.inputs]
        assert [("left", "float32", (4,)), ("right", "float32", (5,))] == told
        assert ["classes", "places"] == [port.name for port in signature.outputs]
    own = files.of(Case("first", "none", "renamed.tflite", 0, "tflite")).facts["own_names"]
    assert {"left": "l", "right": "r"} == own["inputs"]
    assert {"classes": "c", "places": "p"} == own["outputs"]


def test_files_whose_ports_cannot_be_told_apart_are_refused_with_both_listings(tmp_path: Path):
    first = write(tmp_path / "a.tflite", part("l", "p"), part("m", "q"))
    other = write(tmp_path / "b.tflite", part("s", "p"), part("t", "q"))

    told = refusal(tmp_path, first, other)

    assert "The first file has l (4,) float32, m (4,) float32" in told
    assert "b.tflite has s (4,) float32, t (4,) float32" in told


def test_a_file_named_twice_is_refused_by_another_path_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tflite")
    link = tmp_path / "link.tflite"
    link.symlink_to(path)

    assert "a.tflite is named twice." in refusal(tmp_path, path, path)
    assert "a.tflite is named twice." in refusal(tmp_path, path, link)


def test_what_is_no_file_or_no_whole_one_is_refused(tmp_path: Path) -> None:
    whole = content([part()])
    wrong = {
        "empty": (b"", "is empty"),
        "text": (b"hello, world", "is no .tflite file"),
        "cut": (whole[:200], "is not a whole .tflite file"),
    }
    for name, (data, told) in wrong.items():
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(data)
        assert f"{path} {told}" in refusal(tmp_path, path)
    (tmp_path / "folder.tflite").mkdir()
    assert "folder.tflite is no file" in refusal(tmp_path, tmp_path / "folder.tflite")


def test_a_file_larger_than_any_flatbuffer_is_refused_unread(tmp_path: Path) -> None:
    path = write(tmp_path / "huge.tflite")
    with path.open("r+b") as file:
        file.truncate(2**31 + 1)
    assert "huge.tflite has 2.1 GB" in refusal(tmp_path, path)


def test_files_without_inputs_or_outputs_are_refused(tmp_path: Path) -> None:
    from helpers.flatbuffer import Graph

    for side in ("inputs", "outputs"):
        made = Graph()
        made.graph.inputs = [made.tensor("in", (1, 4), "float32")]
        made.graph.outputs = [made.tensor("out", (1, 4), "float32")]
        made.operator("RELU", made.graph.inputs, made.graph.outputs)
        setattr(made.graph, side, [])
        path = tmp_path / f"{side}.tflite"
        path.write_bytes(made.packed())
        assert f"{side}.tflite has no {side}" in refusal(tmp_path, path)


def test_a_file_whose_input_is_one_example_without_a_batch_is_refused(tmp_path: Path) -> None:
    from helpers.flatbuffer import Graph

    made = Graph()
    made.graph.inputs = [made.tensor("wave", (400,), "float32")]
    made.graph.outputs = [made.tensor("out", (400,), "float32")]
    made.operator("RELU", made.graph.inputs, made.graph.outputs)
    path = tmp_path / "wave.tflite"
    path.write_bytes(made.packed())

    assert "wave.tflite takes 'wave' of shape (400,), which leaves" in refusal(tmp_path, path)


def test_later_files_of_one_name_are_called_by_their_paths(tmp_path: Path) -> None:
    first = write(tmp_path / "a.tflite")
    same = [write(tmp_path / folder / "a.tflite", part(f"x_{folder}")) for folder in "pq"]

    assert ["baseline", "a.tflite"] == list(read(tmp_path, first, same[0]).paths)
    assert ["baseline", *map(str, same)] == list(read(tmp_path, first, *same).paths)


def test_only_quantized_inputs_have_a_range(tmp_path: Path) -> None:
    int8 = write(tmp_path / "int8.tflite", quantized(part(), top=2.0))
    floats = write(tmp_path / "float.tflite")

    assert {"x": pytest.approx((0, 2))} == read(tmp_path, int8, floats).ranges
    assert {} == read(tmp_path, floats, int8).ranges


def test_the_task_follows_from_the_first_files_outputs_and_targets(
    tmp_path: Path, isolated_registries: None
) -> None:
    data = bringing.bring(write_data(tmp_path / "mine.npz"), Reading(), tmp_path / "cache")
    data.register()
    files = read(tmp_path, write(tmp_path / "a.tflite"), dataset="mine")

    files.build(())

    assert "classification" == files.of(files.cases[0]).facts["task"]
    wrong = read(tmp_path, write(tmp_path / "b.tflite"), dataset="mine", task="regression")
    with pytest.raises(WeighinError, match=r"answers scores \(3,\) float32"):
        wrong.build(())


def test_results_tell_each_files_name_digest_and_what_it_holds(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / "a.tflite"),
        write(tmp_path / "b.tflite", quantized(part())),
    ]
    files = read(tmp_path, *paths)

    told = files.told()

    assert ["baseline", "b.tflite"] == [each["variant"] for each in told]
    assert ["a.tflite", "b.tflite"] == [each["file"] for each in told]
    assert "int8 weights, int8 activations, 0 % zeros" == told[1]["holds"]
    digest = told[1]["sha256"]
    assert {digest} == set(files.origins([digest]))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_int32_and_float_inputs_of_one_shape_are_told_apart_by_kind(tmp_path: Path, order) -> None:
    parts = (
        Part(End("ids", 4, "int32"), End("a", 3), part().weights),
        part("values", "b", np.ones((2, 4))),
        part("more", "c", np.ones((1, 5))),
    )
    others = tuple(
        Part(
            End(f"{each.given.name}_2", each.given.size, each.given.dtype), each.taken, each.weights
        )
        for each in parts
    )
    first = write(tmp_path / "first.tflite", *parts)
    other = write(tmp_path / "other.tflite", *others, inputs=order)

    own = read(tmp_path, first, other).of(Case("first", "", "other.tflite", 0, "tflite"))

    wanted = {"ids": "ids_2", "values": "values_2", "more": "more_2"}
    assert wanted == own.facts["own_names"]["inputs"]
