"""Which candidates nothing beats, and which are shown on the test part."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin.searches.front import (
    MOST,
    dominates,
    finalists,
    front,
    is_beaten,
    nearest,
    rung,
)
from weighin.searches.ledger import Entry, opened


def entry(name: str, *values: float, shortfall: float = -0.001) -> Entry:
    """A candidate that holds, or misses the margin."""
    named = dict(zip(("gzip_bytes", "latency"), values, strict=False))
    outcome = "holds" if shortfall < 0 else "worse"
    return Entry(name, "exports", outcome, values=named, shortfall=shortfall)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_nothing_of_the_front_is_beaten_and_all_else_is(values: list[tuple[int, int]]) -> None:
    entries = [entry(str(at), *each) for at, each in enumerate(values)]
    kept = front(entries)

    for each in entries:
        beaten = any(
            dominates(other.values, each.values) and other.values != each.values
            for other in entries
        )
        assert beaten == (each.values not in [other.values for other in kept])
    assert len({tuple(each.values.values()) for each in kept}) == len(kept)


def test_of_one_thing_the_smallest_is_shown_with_two_that_lie_further_within(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, ["gzip_bytes"]) as ledger:
        for each in (
            entry("cluster(2)", 900, shortfall=-0.009),
            entry("cluster(3)", 500, shortfall=-0.003),
            entry("cluster(4)", 400, shortfall=-0.0001),
            entry("cluster(5)", 450, shortfall=-0.001),
            entry("cluster(6)", 100, shortfall=0.01),
        ):
            ledger.add(each)
        names = [each.variant for each in finalists(ledger, 0.01)]

    assert ["cluster(4)", "cluster(3)", "cluster(2)"] == names


def test_the_smallest_export_by_itself_stands_in_too(tmp_path: Path) -> None:
    """Of what trains hundreds are tried, and the best of them look better than they are."""
    with opened(tmp_path, ["gzip_bytes"]) as ledger:
        for name, size in (("int8", 900), ("dynamic", 950), ("prune(0.9)+int8", 100)):
            ledger.add(entry(name, size, shortfall=-0.009))
        ledger.add(entry("cluster(16)+int8", 160, shortfall=-0.009))
        names = [each.variant for each in finalists(ledger, 0.01)]

    assert ["prune(0.9)+int8", "cluster(16)+int8", "int8"] == names


def test_one_that_is_not_quite_as_small_stands_in_too(tmp_path: Path) -> None:
    """By few examples many look alike; the smallest may fail by chance where others do not."""
    with opened(tmp_path, ["gzip_bytes"]) as ledger:
        for size in (2300, 530, 550, 780, 820, 900):
            shortfall = -0.003 if size < 2000 else -0.009
            ledger.add(entry(f"cluster({size})", size, shortfall=shortfall))
        names = [each.variant for each in finalists(ledger, 0.01)]

    assert ["cluster(530)", "cluster(820)", "cluster(2300)"] == names


def test_of_each_next_size_the_safest_stands_in(tmp_path: Path) -> None:
    """Up to three sizes on; where many were tried, the smallest few may all fail together."""
    with opened(tmp_path, ["gzip_bytes"]) as ledger:
        for size, shortfall in ((100, 4), (160, 3), (170, 4), (180, 4), (230, 1), (400, 2)):
            ledger.add(entry(f"cluster({size})", size, shortfall=-shortfall / 1e4))
        for size in (510, 900):
            ledger.add(entry(f"cluster({size})", size, shortfall=-0.0049))
        names = [each.variant for each in finalists(ledger, 0.02)]

    assert [f"cluster({size})" for size in (100, 170, 230, 400)] == names


def test_one_that_is_much_larger_stands_in_where_no_next_size_does(tmp_path: Path) -> None:
    with opened(tmp_path, ["gzip_bytes"]) as ledger:
        for size in (10, 12, 60, 90):
            ledger.add(entry(f"cluster({size})", size, shortfall=-0.001))
        names = [each.variant for each in finalists(ledger, 0.02)]

    assert ["cluster(10)", "cluster(60)"] == names


@pytest.mark.parametrize(
    ("size", "beaten"),
    [(99, False), (100, True), (149, True), (151, False), (299, False), (301, True), (507, True)],
)
def test_what_holds_beats_what_is_up_to_a_half_larger_or_far_larger(
    size: int, beaten: bool
) -> None:
    """Of 100 and 300: between them one is looked for still; beyond five times it is not."""
    held = [{"gzip_bytes": each} for each in (100.0, 300.0)]
    assert is_beaten({"gzip_bytes": size}, held) == beaten
    assert is_beaten({"gzip_bytes": size}, held[:1]) == (100 <= size < 150 or size > 506)


def test_of_two_figures_and_of_a_latency_any_that_is_better_beats() -> None:
    """What misses the margin has no latency, so no size to be near to."""
    held = [{"gzip_bytes": 100.0, "latency": 0.5}]
    assert is_beaten({"gzip_bytes": 200.0, "latency": 0.5}, held)
    assert not is_beaten({"gzip_bytes": 200.0, "latency": 0.4}, held)
    assert is_beaten({"latency": 1.0}, [{"latency": 0.6}])


def test_steps_of_size() -> None:
    held = [{"gzip_bytes": 100.0}, {"gzip_bytes": 300.0}]
    sizes = (80, 100, 149, 151, 224, 226)
    assert [0, 1, 1, 2, 2, 3] == [rung({"gzip_bytes": size}, held) for size in sizes]
    assert 0 == rung({"gzip_bytes": 5.0}, [])


def test_of_several_things_the_front_is_shown_and_of_a_long_one_some(tmp_path: Path) -> None:
    with opened(tmp_path, ["gzip_bytes", "latency"]) as ledger:
        for at in range(30):
            ledger.add(entry(f"v{at}", 100 + at, 30 - at))
        names = [each.variant for each in finalists(ledger, 0.01)]

    assert MOST == len(names)
    assert ("v0", "v29") == (names[0], names[-1])


def test_nothing_is_shown_where_nothing_holds(tmp_path: Path) -> None:
    with opened(tmp_path, ["gzip_bytes"]) as ledger:
        for at in range(5):
            ledger.add(entry(f"v{at}", 100, shortfall=0.01 * (5 - at)))
        assert [] == finalists(ledger, 0.01)
        assert ["v4", "v3", "v2"] == [each.variant for each in nearest(ledger.known)]
