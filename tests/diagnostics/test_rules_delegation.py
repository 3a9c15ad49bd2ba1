"""Rules of what stays out of XNNPACK: named, with its share of the work."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from helpers.rules import layers, said, speedup

from weighin.formats.graph import Graph

DENSE, RESHAPE = ("FULLY_CONNECTED", "FLOAT32"), ("RESHAPE", "")


def told(held: Graph, left_out: Sequence[int] | None, rule: str = "delegation", **more: Any) -> Any:
    """What a rule says of a graph whose operators at these places XNNPACK does not run."""
    total = len(held.operators)
    delegated = (total - len(left_out or ()), total)
    return said(rule, held, **{"delegated": delegated, "left_out": left_out, **more})


@pytest.mark.parametrize(
    ("kinds", "left_out", "expected"),
    [
        ([DENSE, DENSE, RESHAPE], (), None),
        (
            [DENSE, DENSE, RESHAPE],
            (2,),
            "1 of 3 operators stays out of XNNPACK (1 RESHAPE), 0 % of the multiply-accumulates",
        ),
        (
            [DENSE, DENSE, RESHAPE, RESHAPE],
            (1, 2, 3),
            "3 of 4 operators stay out of XNNPACK (2 RESHAPE, 1 FULLY_CONNECTED), 50 % of the "
            "multiply-accumulates",
        ),
        (
            [(name, "") for name in "AABBCDEF"],
            range(8),
            "8 of 8 operators stay out of XNNPACK (2 A, 2 B, 1 C, 3 others)",
        ),
    ],
)
def test_operators_that_stay_out_are_named(
    kinds: list[tuple[str, str]], left_out: Sequence[int], expected: str | None
) -> None:
    """How many, of which kinds, and what share of the work; all the same where all are taken."""
    assert expected == told(layers(*kinds), left_out)


def test_a_share_is_told_only_where_all_that_multiply_are_counted() -> None:
    """Work that is not all counted, as of a loop, would make any share a wrong one."""
    held = layers(DENSE, ("WHILE", ""), RESHAPE)
    dense, loop, reshape = held.operators
    loop = dataclasses.replace(loop, uncounted=True)
    held = dataclasses.replace(held, operators=(dense, loop, reshape))

    assert "1 of 3 operators stays out of XNNPACK (1 RESHAPE)" == told(held, (2,))


@pytest.mark.parametrize(
    ("left_out", "delegated"), [(None, (1, 3)), ((1,), (1, 3)), ((0, 1), (1, 4))]
)
def test_which_ones_are_not_known(left_out: Any, delegated: tuple[int, int]) -> None:
    """Records of before say how many alone; numbers that do not fit the file name nothing."""
    count, total = delegated

    assert f"{count} of {total} operators run in XNNPACK, the others in slower kernels" == told(
        layers(DENSE, DENSE, RESHAPE), left_out, delegated=delegated
    )


def test_16_bits_are_the_reason_that_operators_stay_out() -> None:
    """They are named there as everywhere, and only once."""
    held = layers(DENSE, RESHAPE, flowing="INT16")

    expected = "2 of 2 operators stay out of XNNPACK (1 FULLY_CONNECTED, 1 RESHAPE), 100 % of the"
    wide = told(held, (0, 1), "16-bit activations")
    assert wide.startswith(f"XNNPACK has no kernels for 16-bit activations: {expected}")
    assert told(held, (0, 1)) is None


HALF = ("CONV_2D", "FLOAT16")
UNPACKED = "half-precision weights are unpacked to float32 first"


@pytest.mark.parametrize(
    ("kinds", "left_out", "expected"),
    [
        ([HALF, RESHAPE], (), f"{UNPACKED}: a smaller file, the same work"),
        ([HALF, RESHAPE], (1,), f"{UNPACKED}: a smaller file, the same work"),
        (
            [HALF, HALF, RESHAPE],
            (1, 2),
            f"{UNPACKED}, and 1 CONV_2D on them run outside XNNPACK, in slower kernels",
        ),
        ([DENSE, RESHAPE], (), None),
    ],
)
def test_the_same_work_by_the_same_kernels(
    kinds: list[tuple[str, str]], left_out: Sequence[int], expected: str | None
) -> None:
    """Said only where all layers of half precision run in XNNPACK, and there are some."""
    assert expected == told(layers(*kinds), left_out, "float16")
    assert told(layers(*kinds), left_out, "float16", records=speedup("faster")) is None


def test_the_same_work_is_not_claimed_where_nothing_is_known() -> None:
    """Without knowing what is delegated, nobody knows by which kernels; without XNNPACK, all do."""
    held, larger = layers(HALF, RESHAPE), {"sizes": (2000, 1000)}

    assert f"{UNPACKED}: a smaller file" == told(held, None, "float16", delegated=(1, 2))
    assert UNPACKED == told(held, None, "float16", delegated=(1, 2), **larger)
    assert f"{UNPACKED}: the same work" == told(held, (), "float16", **larger)
    builtin = told(held, (0, 1), "float16", runtime="litert-builtin")
    assert f"{UNPACKED}: a smaller file, the same work" == builtin
