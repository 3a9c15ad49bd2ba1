"""Reasons: each rule speaks of what it is about, and is silent about what is not known."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import pytest
from helpers.rules import (
    ARM,
    EMPTY,
    NEW,
    OLD,
    RULES,
    graph,
    kernel,
    layers,
    mobile,
    said,
    sizes,
    speedup,
)
from helpers.support import record
from hypothesis import given
from hypothesis import strategies as st

from weighin import grammar
from weighin.core import Call, Variant
from weighin.diagnostics import rules
from weighin.diagnostics.rules import Facts, explain
from weighin.formats.coverage import weights_of


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


def test_what_is_about_litert_is_said_of_litert_alone() -> None:
    """Another engine has other kernels: what XNNPACK does or leaves explains nothing there."""
    about = {rule.name for rule in rules.RULES if rule.litert}
    facts = Facts(Variant((), Call("float32")), EMPTY, runtime="litert-builtin", delegated=(0, 5))

    assert {"no delegate", "delegation", "XNNPACK's sparse path", "int8 instructions"} <= about
    assert not {"coverage", "larger file", "fixed cost", "noise", "zeros stored dense"} & about
    assert any("no XNNPACK delegate" in said for said in explain(facts))
    assert [] == explain(facts, of_litert=False)
    for rule in rules.RULES:
        if "XNNPACK" in rule.source or "xnnpack" in rule.source:
            assert rule.litert or rule.everywhere


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
        layers(("FULLY_CONNECTED", "INT8"), ("FULLY_CONNECTED", "FLOAT32")),
        architecture="x86_64",
        cpu_features=OLD,
        delegated=(1, 2),
        fixed_share=0.5,
        promises=[weights_of("INT8")],
    )

    expected = [sentence for rule in rules.RULES if (sentence := rule.say(facts))]
    assert expected == explain(facts)
    assert 5 == len(expected)


# Of any two reasons for one row, none says what the other denies

KINDS = st.sampled_from(
    [
        *(("CONV_2D", "FLOAT32"), ("CONV_2D", "FLOAT16"), ("FULLY_CONNECTED", "INT8")),
        *(("DEPTHWISE_CONV_2D", "INT4"), ("RESHAPE", ""), ("BATCH_MATMUL", ""), ("DENSIFY", "")),
    ]
)
SOME_KERNELS = st.lists(
    st.tuples(
        st.sampled_from(["CONV_2D", "DENSIFY", "FULLY_CONNECTED"]),
        st.builds(
            lambda zeros, sparse: kernel(10, 10, zeros=zeros, sparse=sparse),
            st.sampled_from([0.0, 0.2, 0.5, 0.9]),
            st.booleans(),
        ),
    ),
    max_size=4,
)
GRAPHS = st.builds(
    lambda kinds, flowing: layers(*kinds, flowing=flowing),
    st.lists(KINDS, max_size=6),
    st.sampled_from(["FLOAT32", "INT8", "INT16"]),
) | SOME_KERNELS.map(lambda kernels: graph(*kernels))


@st.composite
def rows(draw: st.DrawFn) -> Facts:
    """Facts that fit each other, as of a row that was measured."""
    held = draw(GRAPHS)
    total = len(held.operators)
    left_out = draw(st.lists(st.integers(0, total - 1), unique=True)) if total else []
    verdict = draw(st.sampled_from(["", "faster", "slower", "no evidence"]))
    size = draw(st.integers(500, 2000))
    return Facts(
        grammar.parse(draw(st.sampled_from(["dynamic", "float16", "int8", "prune(0.8)+sparse"]))),
        held,
        sizes(size, draw(st.integers(400, size))) | speedup(verdict),
        draw(st.sampled_from(["x86_64", "aarch64"])),
        draw(st.sampled_from([OLD, NEW, ARM])),
        draw(st.sampled_from([None, (total - len(left_out), total)])),
        baseline=draw(GRAPHS),
        runtime=draw(st.sampled_from(["litert", "litert-builtin"])),
        left_out=draw(st.sampled_from([None, sorted(left_out)])),
        sizes=(size, draw(st.integers(500, 2000))),
        promises=[weights_of(draw(st.sampled_from(["INT8", "FLOAT16", "INT4"])))],
    )


EXCLUDED = [  # no row is told both
    ("the same work", "on them run outside XNNPACK"),
    ("no XNNPACK delegate here", "out of XNNPACK"),
    ("no XNNPACK delegate here", "run in XNNPACK"),
    ("stored dense", "sparse storage"),
    ("stored dense", "look like noise"),
    ("a smaller file", "the file is larger"),
    ("XNNPACK's sparse path is off", "XNNPACK's sparse path needs"),
    ("stored dense", "sparse path"),
]


@given(rows())
def test_no_reason_denies_another(facts: Facts) -> None:
    """Whatever a row is, what is said of it can all be true at once, and fits its verdict."""
    told = explain(facts)
    whole = "\n".join(told)
    types = {tensor.dtype for tensor in facts.graph.kernels}

    for one, other in EXCLUDED:
        assert one not in whole or other not in whole
    assert len(told) == len(set(told))
    if facts.is_faster:
        for word in ("the same work", "no faster", "slower kernels", "anew in every call"):
            assert word not in whole
    assert "half-precision" not in whole or "FLOAT16" in types
    assert "4-bit" not in whole or "INT4" in types
    assert "anew in every call" not in whole or "INT8" in types
    assert facts.is_larger == ("the file is larger" in whole)


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


def test_no_share_of_what_could_not_be_counted() -> None:
    """Of lower bounds no share can be told: that channels are gone is all there is to say."""
    whole = graph(("CONV_2D", kernel(8, 1, 1, 8)))
    (operator,) = whole.operators
    part = dataclasses.replace(whole, operators=(dataclasses.replace(operator, uncounted=True),))

    for held, baseline in ((part, whole), (whole, part)):
        told = said("fewer channels", held, name="channels(0.5)", baseline=baseline)
        assert "whole channels are gone" == told


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
