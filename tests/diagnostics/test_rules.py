"""Reasons: each rule speaks of what it is about, and is silent about what is not known."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.flatbuffer import content, convolution, dense, encode
from helpers.support import record
from hypothesis import given
from hypothesis import strategies as st

from weighin import grammar
from weighin.core import Call, Variant
from weighin.diagnostics import rules
from weighin.diagnostics.rules import Facts, explain
from weighin.formats.graph import Graph, Operator, Tensor
from weighin.formats.sparsity import Sparsity
from weighin.formats.tflite import read_tflite

RULES = {rule.name: rule for rule in rules.RULES}
EMPTY = Graph((), (), (), ())
OLD, NEW, ARM = ("avx", "avx2"), ("avx", "avx2", "avx512_vnni"), ("asimd",)


def said(rule: str, graph: Graph = EMPTY, name: str = "baseline", **known: Any) -> str | None:
    """What one rule says of a variant and a graph."""
    return RULES[rule].say(Facts(grammar.parse(name), graph, **known))


def kernel(*shape: int, zeros: float = 0.0, sparse: bool = False) -> Tensor:
    """Weights of which such a share is zero."""
    size = int(np.prod(shape))
    values = np.ones(size, np.float32)
    values[: round(zeros * size)] = 0
    if not sparse:
        return Tensor(0, "kernel", shape, "FLOAT32", values.view(np.uint8), 0, 0)
    made = encode(values.reshape(shape))
    encoded = Sparsity(made.order, made.blocks, made.levels)
    return Tensor(0, "kernel", shape, "FLOAT32", made.values.view(np.uint8), 0, 0, encoded)


def graph(*operators: tuple[str, Tensor | None]) -> Graph:
    """A graph of operators with these weights, the first of stride 2, and nothing else."""
    made = tuple(
        Operator(name, (0,), (0,), weights, positions=1, stride=1 if at else 2)
        for at, (name, weights) in enumerate(operators)
    )
    return Graph((), made, (), ())


def mobile(
    first: Tensor | None = None, zeros: float = 0.8, sparse: bool = True, name: str = "CONV_2D"
) -> Graph:
    """A graph that XNNPACK's sparse path is made for, but for what is changed."""
    return graph(
        (name, first or kernel(8, 3, 3, 3)),
        ("DEPTHWISE_CONV_2D", kernel(1, 3, 3, 8)),
        ("CONV_2D", kernel(500, 1, 1, 8, zeros=zeros, sparse=sparse)),
    )


def speedup(verdict: str) -> dict[str, Any]:
    """Records with the verdict of a pair."""
    return {"speedup": record("speedup", 1.0, variant="x", verdict=verdict)}


def sizes(file: float | None, packed: float | None) -> dict[str, Any]:
    """Records of a file's size."""
    return {"file_bytes": record("file_bytes", file), "gzip_bytes": record("gzip_bytes", packed)}


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_has_a_source(rule: str) -> None:
    """An explanation without a source is an opinion."""
    assert RULES[rule].source.strip()
    assert len(rules.RULES) == len(RULES)


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("steps", [(), ("prune",), ("finetune", "prune")])
def test_nothing_known_nothing_said(rule: str, steps: tuple[str, ...]) -> None:
    """With empty facts no rule speaks, and none fails."""
    made = Variant(tuple(map(Call, steps)), Call("float32"))

    assert RULES[rule].say(Facts(made, EMPTY)) is None


@given(
    st.lists(st.sampled_from(["prune", "finetune", "unheard_of"]), max_size=2),
    st.sampled_from(["float32", "float16", "dynamic", "int8", "unheard_of"]),
    st.sampled_from(["", "x86_64", "AMD64", "aarch64", "pdp11"]),
    st.lists(st.sampled_from(["avx", "avx2", "avx512_vnni", "i8mm"]), max_size=3),
    st.one_of(st.none(), st.tuples(st.integers(0, 3), st.integers(0, 3))),
    st.one_of(st.none(), st.floats(0, 1)),
    st.lists(
        st.tuples(
            st.sampled_from(["file_bytes", "gzip_bytes", "speedup", "top1"]),
            st.one_of(st.none(), st.floats(0, 1e6)),
            st.sampled_from(["", "faster", "slower"]),
        )
    ),
)
def test_no_rule_fails(
    steps: list[str],
    export: str,
    architecture: str,
    features: list[str],
    delegated: tuple[int, int] | None,
    fixed: float | None,
    records: list[tuple[str, float | None, str]],
) -> None:
    """Whatever is and is not known of a row, every rule has a sentence or nothing."""
    made = Variant(tuple(map(Call, steps)), Call(export))
    known = {name: record(name, value, verdict=word) for name, value, word in records}

    for held in (EMPTY, graph(("RELU", None)), mobile(), mobile(sparse=False)):
        for sentence in explain(Facts(made, held, known, architecture, features, delegated, fixed)):
            assert sentence.strip() == sentence != ""


def test_reasons_stand_in_the_order_of_the_rules() -> None:
    """Rules speak one after the other, each at most once."""
    facts = Facts(
        grammar.parse("prune(0.8)+dynamic"),
        graph(("FULLY_CONNECTED", kernel(40, 40, zeros=0.8))),
        architecture="x86_64",
        cpu_features=OLD,
        delegated=(1, 2),
        fixed_share=0.5,
    )

    expected = [sentence for rule in rules.RULES if (sentence := rule.say(facts))]
    assert expected == explain(facts)
    assert 6 == len(expected)


@pytest.mark.parametrize(
    ("name", "left", "expected"),
    [
        ("channels(0.5)", 27, "27 % of the baseline's multiply-accumulates are left"),
        ("prune(0.5)+channels(0.5)+int8", 50, "50 % of"),
        ("prune(0.5)", 27, None),
        ("baseline", 100, None),
    ],
)
def test_fewer_channels(name: str, left: int, expected: str | None) -> None:
    """What a narrowed model does, beside what the dense one does; nothing where that is unknown."""
    held, baseline = (
        graph(("CONV_2D", kernel(size, 1, 1, 8)), ("RELU", None)) for size in (left, 100)
    )

    told = said("fewer channels", held, name=name, baseline=baseline)

    assert (expected is None) == (told is None)
    assert told is None or expected in told
    assert said("fewer channels", held, name=name) is None
    assert said("fewer channels", held, name=name, baseline=EMPTY) is None


@pytest.mark.parametrize(
    ("zeros", "sparse", "speaks"),
    [(0.8, False, True), (0.3, False, True), (0.29, False, False), (0.8, True, False)],
)
def test_zeros_stored_dense(zeros: float, sparse: bool, speaks: bool) -> None:
    """Zeros that take their place in the file are multiplied like any other number."""
    held = graph(("FULLY_CONNECTED", kernel(10, 100, zeros=zeros, sparse=sparse)))

    expected = f"{zeros * 100:.0f} % of the weights are zeros stored dense, so no kernel skips them"
    assert (expected if speaks else None) == said("zeros stored dense", held)


def test_zeros_are_counted_over_all_kernels() -> None:
    """A small layer full of zeros does not make a network sparse."""
    held = graph(
        ("FULLY_CONNECTED", kernel(10, 100)), ("FULLY_CONNECTED", kernel(10, 10, zeros=0.9))
    )

    assert said("zeros stored dense", held) is None
    assert pytest.approx(90 / 1100) == Facts(grammar.parse("baseline"), held).zeros


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (
            graph(("FULLY_CONNECTED", kernel(10, 100, zeros=0.8))),
            "a 3×3 stride-2 convolution of 3 channels first; this graph has FULLY_CONNECTED first",
        ),
        (
            graph(("RELU", None), ("DEPTHWISE_CONV_2D", kernel(1, 3, 3, 8, zeros=0.8))),
            "a 3×3 stride-2 convolution of 3 channels first; "
            "this graph has DEPTHWISE_CONV_2D first",
        ),
        (
            mobile(kernel(8, 3, 3, 1)),
            "a 3×3 stride-2 convolution of 3 channels first; this graph has 3×3 of 1, stride 2",
        ),
        (
            mobile(kernel(8, 5, 5, 3)),
            "a 3×3 stride-2 convolution of 3 channels first; this graph has 5×5 of 3, stride 2",
        ),
        (
            graph(("CONV_2D", kernel(8, 3, 3, 3)), ("CONV_2D", kernel(8, 3, 3, 80, zeros=0.8))),
            "1×1 convolutions; this graph has none",
        ),
        (mobile(zeros=0.5), "67 % zeros in 1×1 convolutions; this graph has 50 %"),
        (mobile(zeros=0.66), "67 % zeros in 1×1 convolutions; this graph has 66 %"),
        (mobile(sparse=False), "weights in sparse encoding; this graph has dense ones"),
    ],
)
@pytest.mark.parametrize("architecture", ["x86_64", "aarch64", ""])
def test_what_the_sparse_path_lacks(held: Graph, expected: str, architecture: str) -> None:
    """The first condition of XNNPACK's sparse path that a graph does not keep, on any machine."""
    known = {"architecture": architecture, "cpu_features": OLD if architecture else ()}

    assert f"XNNPACK's sparse path needs {expected}" == said("XNNPACK's sparse path", held, **known)


@pytest.mark.parametrize(
    ("architecture", "features", "speaks"),
    [
        ("x86_64", OLD, True),
        ("AMD64", OLD, True),
        ("x86_64", ("sse4_1",), False),
        ("x86_64", (), False),
        ("aarch64", ARM, False),
        ("", OLD, False),
    ],
)
def test_the_sparse_path_is_off_with_avx(
    architecture: str, features: tuple[str, ...], speaks: bool
) -> None:
    """A graph with all that the path needs is told of AVX, where there is any and it is known."""
    told = said("XNNPACK's sparse path", mobile(), architecture=architecture, cpu_features=features)

    expected = "XNNPACK's sparse path is off on x86 with AVX, as its sparse kernels are SSE only"
    assert (expected if speaks else None) == told


def test_a_dense_graph_is_told_nothing_of_the_sparse_path() -> None:
    """Who pruned nothing does not ask why zeros are not skipped."""
    dense_graph = mobile(zeros=0.2, sparse=False)

    known = {"architecture": "x86_64", "cpu_features": OLD}
    assert said("XNNPACK's sparse path", dense_graph, **known) is None


@pytest.mark.parametrize("stride", [1, 2])
def test_the_sparse_path_needs_a_stride_of_two(tmp_path: Path, stride: int) -> None:
    """A first convolution that steps by one is not the one that XNNPACK looks for."""
    first = convolution(8, 3, 3, stride=stride)
    path = tmp_path / "m.tflite"
    path.write_bytes(content([first, convolution(90, 1, 8, zeros=600)]))

    told = said("XNNPACK's sparse path", read_tflite(path))

    assert told is not None
    assert (stride == 2) == told.startswith("XNNPACK's sparse path needs weights in sparse")


@pytest.mark.parametrize(
    ("delegated", "expected"),
    [
        (None, None),
        ((5, 5), None),
        ((0, 0), None),
        ((3, 5), "3 of 5 operators run in XNNPACK, the others in slower kernels"),
        ((0, 5), "0 of 5 operators run in XNNPACK, the others in slower kernels"),
    ],
)
def test_operators_that_were_not_delegated(
    delegated: tuple[int, int] | None, expected: str | None
) -> None:
    """What the delegate did not take is counted."""
    assert expected == said("delegation", delegated=delegated)


def wide() -> Graph:
    """A graph of one layer on 16-bit activations."""
    flowing = Tensor(0, "flowing", (1, 8), "INT16", np.empty(0, np.uint8), 1, 0)
    weights = dataclasses.replace(kernel(8, 8), dtype="INT8")
    return Graph((flowing,), (Operator("FULLY_CONNECTED", (0, 0), (0,), weights, 1),), (0,), (0,))


@pytest.mark.parametrize(
    ("delegated", "runtime", "speaks"),
    [
        ((0, 7), "litert", True),
        ((2, 7), "litert", True),
        ((7, 7), "litert", False),
        ((0, 7), "litert-builtin", False),
        (None, "litert", False),
    ],
)
def test_activations_of_16_bits(
    delegated: tuple[int, int] | None, runtime: str, speaks: bool
) -> None:
    """XNNPACK has no kernels for them: told with the count, and not told twice."""
    known = {"delegated": delegated, "runtime": runtime, "name": "int16x8"}
    told = said("16-bit activations", wide(), **known)

    assert speaks == (told is not None)
    if speaks:
        assert told == (
            f"XNNPACK has no kernels for 16-bit activations: {delegated[0]} of 7 operators run in "
            f"it, the others in slower ones"
        )
        assert said("delegation", wide(), **known) is None
        assert said("16-bit activations", wide(), **known, records=speedup("faster")) is None
        assert said("16-bit activations", mobile(), **known) is None


def test_a_runtime_without_delegate() -> None:
    """On litert-builtin nothing is delegated, of the baseline neither: said once, by that rule."""
    known = {"delegated": (0, 5), "runtime": "litert-builtin"}

    told = said("no delegate", **known)

    assert told == "no XNNPACK delegate here: this row and its baseline run in LiteRT's own kernels"
    assert said("delegation", **known) is None
    assert said("no delegate", **(known | {"runtime": "litert"})) is None
    assert said("no delegate", **known, records=speedup("faster")) is None
    assert said("XNNPACK's sparse path", mobile(), runtime="litert-builtin") is None
    assert said("XNNPACK's sparse path", mobile(zeros=0.5), runtime="litert") is not None


def test_sparse_kernels_that_are_unpacked() -> None:
    """A DENSIFY operator makes a dense kernel again: a smaller file, no less to multiply."""
    sparse = kernel(10, 100, zeros=0.8, sparse=True)
    held = graph(("DENSIFY", None), ("FULLY_CONNECTED", sparse), ("FULLY_CONNECTED", kernel(9, 9)))
    native = graph(("FULLY_CONNECTED", sparse))

    told = said("sparse storage", held, "prune(0.8)+sparse")

    assert told == (
        "1 of 2 kernels are unpacked from sparse storage when the file is opened: a smaller file, "
        "the same work"
    )
    assert said("sparse storage", native, "prune(0.8)+sparse") is None
    assert said("sparse storage", held, "sparse", records=speedup("faster")) is None


@pytest.mark.parametrize(("name", "speaks"), [("sparse", True), ("baseline", False)])
def test_a_sparse_file_of_dense_kernels(name: str, speaks: bool) -> None:
    """Nothing to leave out: the row is told why it is no smaller."""
    held = graph(("FULLY_CONNECTED", kernel(10, 100, zeros=0.2)))

    told = "no kernel has the 30 % zeros from which the converter stores it sparse"
    assert (told if speaks else None) == said("sparse storage", held, name)


@pytest.mark.parametrize("verdict", ["slower", "", "faster"])
@pytest.mark.parametrize("dtype", ["INT4", "INT8"])
def test_weights_of_4_bits(verdict: str, dtype: str) -> None:
    """Half a byte is unpacked before it is multiplied by."""
    held = graph(("FULLY_CONNECTED", dataclasses.replace(kernel(8, 8), dtype=dtype)))

    told = said("int4", held, "int4", records=speedup(verdict))

    assert (dtype == "INT4" and verdict != "faster") == (told is not None)
    assert told is None or "4-bit weights are unpacked while running" in told


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("int8 instructions", ["compact(int8)", "sparse(export=dynamic)", "compact(dynamic)"]),
        ("dynamic range", ["compact(dynamic)", "sparse(export=dynamic)"]),
        ("float16", ["compact(float16)", "sparse(export=float16)"]),
        ("dense control", ["finetune+compact(float32)"]),
    ],
)
def test_rules_of_an_export_hold_inside_another_one(rule: str, names: list[str]) -> None:
    """A compact int8 file runs as an int8 file does."""
    known = {"architecture": "x86_64", "cpu_features": OLD}

    assert None not in [said(rule, name=name, **known) for name in names]


@pytest.mark.parametrize(
    ("name", "architecture", "features", "speaks"),
    [
        ("int8", "x86_64", OLD, True),
        ("dynamic", "x86_64", OLD, True),
        ("prune(0.8)+int8", "aarch64", ARM, True),
        ("int8", "x86_64", NEW, False),
        ("int8", "aarch64", ("asimd", "asimddp"), False),
        ("int8", "x86_64", (), False),
        ("int8", "", OLD, False),
        ("float16", "x86_64", OLD, False),
        ("baseline", "x86_64", OLD, False),
    ],
)
def test_processors_without_int8_instructions(
    name: str, architecture: str, features: tuple[str, ...], speaks: bool
) -> None:
    """Integers are as fast as the instructions that multiply them."""
    told = said("int8 instructions", name=name, architecture=architecture, cpu_features=features)

    assert speaks == (told is not None)
    assert not speaks or "no VNNI or dot-product instructions" in told


@pytest.mark.parametrize("extension", rules.INT8_EXTENSIONS)
def test_each_int8_extension_counts(extension: str) -> None:
    """Any of them is enough, and each is one that the machine's facts can name."""
    from weighin.targets.machine import CPU_FEATURES

    features = ("avx", extension)
    known = {"architecture": "x86_64", "cpu_features": features}
    assert said("int8 instructions", name="int8", **known) is None
    assert extension in CPU_FEATURES


@pytest.mark.parametrize(
    ("rule", "name", "word"),
    [
        ("dynamic range", "dynamic", "anew in every call"),
        ("dynamic range", "prune(0.8)+dynamic", "anew in every call"),
        ("float16", "float16", "unpacked to float32"),
        ("dense control", "finetune", "the same arithmetic"),
    ],
)
@pytest.mark.parametrize("verdict", ["slower", "no evidence", "", "faster"])
def test_what_was_not_expected_to_be_faster(rule: str, name: str, word: str, verdict: str) -> None:
    """Said unless it was found to be faster after all."""
    told = said(rule, name=name, records=speedup(verdict))

    assert (verdict == "faster") == (told is None)
    assert told is None or word in told


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("dynamic range", ["baseline", "int8", "float16", "prune(0.8)"]),
        ("float16", ["baseline", "int8", "dynamic", "prune(0.8)"]),
        ("dense control", ["baseline", "finetune+int8", "prune(0.8)+finetune", "prune(0.8)"]),
    ],
)
def test_rules_of_one_variant_leave_others_alone(rule: str, names: list[str]) -> None:
    """A rule about one export or step says nothing of another."""
    assert [None] * len(names) == [said(rule, name=name) for name in names]


@pytest.mark.parametrize(
    ("share", "expected"), [(None, None), (0.0, None), (0.19, None), (0.2, "20 %"), (0.83, "83 %")]
)
def test_the_fixed_cost_of_a_call(share: float | None, expected: str | None) -> None:
    """A latency that is mostly overhead cannot get much lower."""
    told = said("fixed cost", fixed_share=share)

    assert (expected is None) == (told is None)
    assert told is None or f"{expected} of the latency is the fixed cost" in told


@pytest.mark.parametrize(
    ("file", "packed", "zeros", "expected"),
    [
        (1000, 930, 0.0, "dense weights look like noise: gzip takes off 7 % only"),
        (1000, 850, 0.0, "dense weights look like noise: gzip takes off 15 % only"),
        (1000, 840, 0.0, None),
        (1000, 930, 0.11, None),
        (None, 930, 0.0, None),
        (1000, None, 0.0, None),
        (0, 0, 0.0, None),
    ],
)
def test_noise_is_not_compressed(
    file: float | None, packed: float | None, zeros: float, expected: str | None
) -> None:
    """Trained floats have nothing that gzip could use; zeros do."""
    held = graph(("FULLY_CONNECTED", kernel(10, 100, zeros=zeros)))

    assert expected == said("noise", held, records=sizes(file, packed))


def test_rules_speak_of_real_files(tmp_path: Path) -> None:
    """A file's own zeros are what is spoken of, quantized or not."""
    for layer, zeros in itertools.product([dense(10, 10), dense(10, 10, "int8")], [0, 80]):
        layer.weights.reshape(-1)[:zeros] = 0
        path = tmp_path / "m.tflite"
        path.write_bytes(content([dataclasses.replace(layer)]))

        told = said("zeros stored dense", read_tflite(path))

        assert (zeros == 80) == (told is not None)
        assert told is None or told.startswith("80 % of the weights")


def test_a_first_layer_without_four_dimensions(tmp_path: Path) -> None:
    """A damaged convolution, whose weights have no height or width, is no accident."""
    held = graph(("CONV_2D", kernel(10, 100, zeros=0.8)))

    assert said("XNNPACK's sparse path", held) is not None
