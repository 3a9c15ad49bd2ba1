"""Reasons of several seeds, each said once."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from helpers.support import record, results_of, why
from hypothesis import given
from hypothesis import strategies as st

from weighin.report.reasons import over_seeds
from weighin.report.table import tables

LINES = st.lists(st.text(alphabet="ab #1,.", min_size=1), max_size=4, unique=True)


def test_numbers_that_differ_become_a_range() -> None:
    """From the smallest to the largest, as they were written; those that agree stay."""
    notes = [["layer 2: gzip takes off 9 % of 1,000"], ["layer 2: gzip takes off 12.5 % of 998"]]

    assert ["layer 2: gzip takes off 9 to 12.5 % of 998 to 1,000"] == over_seeds(notes)


def test_other_words_are_other_reasons() -> None:
    """A reason of one seed alone is kept, in the order in which they were said."""
    assert ["zeros", "slow by 1 to 3", "odd"] == over_seeds(
        [["zeros", "slow by 3"], ["slow by 1", "odd"]]
    )


def test_reasons_of_one_seed_stay_apart() -> None:
    """Two layers in one file are not two seeds; the first goes with the other seed's first."""
    found = over_seeds([["layer 1: 10 zeros", "layer 2: 20 zeros"], ["layer 1: 11 zeros"]])

    assert ["layer 1: 10 to 11 zeros", "layer 2: 20 zeros"] == found


@given(LINES, st.integers(1, 4))
def test_what_all_seeds_say_is_said_as_it_is(lines: list[str], seeds: int) -> None:
    """Once, whatever is in it."""
    assert lines == over_seeds([lines] * seeds)


def test_a_row_has_one_reason_for_its_seeds() -> None:
    """In a table, one note of all seeds."""
    records = [
        each
        for seed, share in enumerate((10, 12, 11))
        for each in (
            record("top1", 0.9, variant="int8", seed=seed),
            why("int8", f"gzip takes off {share} %", seed=seed),
        )
    ]

    (table,) = tables(results_of({}, tuple(records)))
    (row,) = map(table.cells, table.rows)

    assert "gzip takes off 10 to 12 %" == table.notes[int(row[-1].strip("[]")) - 1]
