"""Rules of the kernels that a machine and a runtime have for a file's numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.rules import ARM, NEW, OLD, RULES, graph, kernel, layers, mobile, said, speedup

from weighin import grammar
from weighin.core import Call, Variant
from weighin.diagnostics import rules
from weighin.diagnostics.rules import Facts
from weighin.formats.graph import Graph, Operator, Tensor


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
            f"XNNPACK, the others in slower kernels"
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


@pytest.mark.parametrize("verdict", ["slower", "", "faster"])
@pytest.mark.parametrize("dtype", ["INT4", "INT8"])
def test_weights_of_4_bits(verdict: str, dtype: str) -> None:
    """Half a byte is unpacked before it is multiplied by."""
    held = graph(("FULLY_CONNECTED", dataclasses.replace(kernel(8, 8), dtype=dtype)))

    told = said("int4", held, "int4", records=speedup(verdict))

    assert (dtype == "INT4" and verdict != "faster") == (told is not None)
    assert told is None or "4-bit weights are unpacked while running" in told


FULL, HYBRID = layers(("CONV_2D", "INT8"), flowing="INT8"), layers(("CONV_2D", "INT8"))
FLOAT, HALF = layers(("CONV_2D", "FLOAT32")), layers(("CONV_2D", "FLOAT16"))


def unpacked() -> Graph:
    """A graph whose int8 weights are floats again before they are multiplied by."""
    held = layers(("CONV_2D", "INT8"))
    whole = Tensor(2, "whole", (1, 64), "FLOAT32", np.empty(0, np.uint8), 0, 0)
    first = Operator("DEQUANTIZE", (1,), (2,), None, 0)
    second = dataclasses.replace(held.operators[0], inputs=(0, 2))
    return Graph((*held.tensors, whole), (first, second), (0,), (0,))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("int8 instructions", [True, True, False, False, False]),
        ("dynamic range", [False, True, False, False, False]),
        ("float16", [False, False, True, False, False]),
    ],
)
@pytest.mark.parametrize("name", ["int8", "compact(dynamic)", "baseline", "unheard_of"])
def test_rules_speak_of_what_a_file_holds(rule: str, expected: list[bool], name: str) -> None:
    """Whatever a variant is called: dynamic range that left all layers float is none."""
    known = {"architecture": "x86_64", "cpu_features": OLD}
    wanted = Variant((), Call(name)) if name == "unheard_of" else grammar.parse(name)

    assert expected == [
        RULES[rule].say(Facts(wanted, held, **known)) is not None
        for held in (FULL, HYBRID, HALF, FLOAT, unpacked())
    ]


@pytest.mark.parametrize(
    ("architecture", "features", "speaks"),
    [
        ("x86_64", OLD, True),
        ("aarch64", ARM, True),
        ("x86_64", NEW, False),
        ("aarch64", ("asimd", "asimddp"), False),
        ("x86_64", (), False),
        ("", OLD, False),
    ],
)
def test_processors_without_int8_instructions(
    architecture: str, features: tuple[str, ...], speaks: bool
) -> None:
    """Integers are as fast as the instructions that multiply them."""
    known = {"architecture": architecture, "cpu_features": features}
    told = said("int8 instructions", FULL, **known)

    assert speaks == (told is not None)
    assert not speaks or "no VNNI or dot-product instructions" in told
    assert said("int8 instructions", FULL, **known, records=speedup("faster")) is None


@pytest.mark.parametrize("extension", rules.INT8_EXTENSIONS)
def test_each_int8_extension_counts(extension: str) -> None:
    """Any of them is enough, and each is one that the machine's facts can name."""
    from weighin.targets.machine import CPU_FEATURES

    features = ("avx", extension)
    known = {"architecture": "x86_64", "cpu_features": features}
    assert said("int8 instructions", FULL, **known) is None
    assert extension in CPU_FEATURES


@pytest.mark.parametrize(
    ("rule", "held", "name", "word"),
    [
        ("dynamic range", HYBRID, "dynamic", "anew in every call"),
        ("float16", HALF, "float16", "unpacked to float32"),
        ("dense control", FLOAT, "finetune", "the same arithmetic"),
        ("dense control", FLOAT, "finetune+compact(float32)", "the same arithmetic"),
    ],
)
@pytest.mark.parametrize("verdict", ["slower", "no evidence", "", "faster"])
def test_what_was_not_expected_to_be_faster(
    rule: str, held: Graph, name: str, word: str, verdict: str
) -> None:
    """Said unless it was found to be faster after all."""
    told = said(rule, held, name, records=speedup(verdict))

    assert (verdict == "faster") == (told is None)
    assert told is None or word in told


@pytest.mark.parametrize("name", ["baseline", "finetune+int8", "prune(0.8)+finetune", "prune(0.8)"])
def test_the_dense_control_is_no_other_variant(name: str) -> None:
    """The rule about one step says nothing of another."""
    assert said("dense control", name=name) is None
