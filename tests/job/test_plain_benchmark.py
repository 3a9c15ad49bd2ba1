"""What stands where pytest-benchmark's fixture does: it calls, and keeps how long calls took."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin.measure.clock import PlainBenchmark


@given(st.integers(1, 9), st.lists(st.integers()), st.dictionaries(st.text(), st.integers()))
def test_each_round_calls_once_and_is_timed(
    rounds: int, args: list[int], kwargs: dict[str, int]
) -> None:
    """With the same arguments; what the last call returned is returned."""
    benchmark, calls = PlainBenchmark(), list[Any]()

    def target(*given: int, **named: int) -> int:
        calls.append((list(given), named))
        return len(calls)

    assert rounds == benchmark.pedantic(target, args, kwargs, rounds=rounds)
    assert [(args, kwargs)] * rounds == calls
    assert rounds == len(benchmark.stats.stats.data)
    assert all(seconds >= 0 for seconds in benchmark.stats.stats.data)


def test_a_setup_before_each_round_may_give_its_arguments() -> None:
    """One that gives none leaves them as they are; it is not timed."""
    order: list[str] = []
    given: Iterator[Any] = iter([((1,), {"k": 1}), None, ((2,), {})])

    def setup() -> Any:
        order.append("setup")
        return next(given)

    def target(*args: int, **kwargs: int) -> None:
        order.append(f"{args} {kwargs}")

    PlainBenchmark().pedantic(target, (9,), setup=setup, rounds=3)

    assert ["(1,) {'k': 1}", "(1,) {'k': 1}", "(2,) {}"] == order[1::2]
    assert ["setup"] * 3 == order[::2]


@pytest.mark.parametrize("collects", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_garbage_is_not_collected_within_a_call_but_after_it_as_before(
    collects: bool, fails: bool
) -> None:
    """Also where the call fails."""
    before, within = gc.isenabled(), list[bool]()

    def target() -> None:
        within.append(gc.isenabled())
        if fails:
            raise ValueError

    (gc.enable if collects else gc.disable)()
    try:
        with contextlib.suppress(ValueError):
            PlainBenchmark().pedantic(target)
        after = gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()

    assert ([False], collects) == (within, after)
