"""Reasons: each rule speaks of what it is about, and is silent about what is not known."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import pytest
from helpers.rules import EMPTY, OLD, RULES, graph, kernel, mobile, said, sizes
from helpers.support import record
from hypothesis import given
from hypothesis import strategies as st

from weighin import grammar
from weighin.core import Call, Variant
from weighin.diagnostics import rules
from weighin.diagnostics.rules import Facts, explain


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
