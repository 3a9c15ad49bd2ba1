"""What was tried is kept: whole or not at all, by one process at a time, damage is told."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weighin.core import WeighinError
from weighin.searches.ledger import Entry, Ledger, opened
from weighin.searches.space import Choice, Space

NAMES = ["gzip_bytes"]
ENTRY = Entry(
    "prune(0.9)+int8",
    "training",
    "holds",
    3,
    {"a": 1, "export": 0},
    {"gzip_bytes": 100.0},
    (-0.001, -0.004, 0.002),
    -0.006,
    ((1, 0.01), (3, -0.006)),
    "",
    2.5,
    7.5,
)


def test_an_entry_is_read_as_it_was_written(tmp_path: Path) -> None:
    with opened(tmp_path, NAMES) as ledger:
        ledger.add(ENTRY)
        ledger.note("openings", 2)
    with opened(tmp_path, NAMES) as again:
        assert [ENTRY] == again.entries
        assert (2, 7.5) == (again.noted("openings"), again.seconds)


def test_one_without_values_is_kept_too(tmp_path: Path) -> None:
    failed = Entry("int8", "exports", "failed", reason="no")
    with opened(tmp_path, NAMES) as ledger:
        ledger.add(failed)
    with opened(tmp_path, NAMES) as again:
        assert [failed] == again.entries


def test_a_line_that_was_cut_off_is_taken_away(tmp_path: Path) -> None:
    with opened(tmp_path, NAMES) as ledger:
        ledger.add(ENTRY)
        ledger.add(ENTRY)
    journal = tmp_path / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20])

    with opened(tmp_path, NAMES) as again:
        assert [ENTRY] == again.entries
        again.add(ENTRY)
    with opened(tmp_path, NAMES) as at_last:
        assert [ENTRY, ENTRY] == at_last.entries


@pytest.mark.parametrize(
    "damage",
    [
        b"\xff\xfe\n",
        b"[1, 2]\n",
        b'{"op_code": 99}\n',
    ],
)
def test_damage_is_told_with_the_way_out(tmp_path: Path, damage: bytes) -> None:
    with opened(tmp_path, NAMES) as ledger:
        ledger.add(ENTRY)
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(damage + journal.read_bytes())

    with pytest.raises(WeighinError, match=r"journal.jsonl is damaged .* delete the folder"):
        Ledger(tmp_path, NAMES)


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "won"},
        {"difference": ["a"]},
        {"values": [1]},
        {"seconds": "long"},
        {"variant": 3},
        {"more": 1},
    ],
)
def test_an_entry_of_another_form_is_damage(tmp_path: Path, change: dict[str, object]) -> None:
    with opened(tmp_path, NAMES) as ledger:
        ledger.add(ENTRY)
    journal = tmp_path / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        if "entry" in line.get("user_attrs", {}):
            line["user_attrs"]["entry"] |= change
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))

    with pytest.raises(WeighinError, match="damaged"):
        Ledger(tmp_path, NAMES)


def test_two_processes_do_not_go_on_with_one_search(tmp_path: Path) -> None:
    with opened(tmp_path, NAMES), pytest.raises(WeighinError, match="in another process"):
        Ledger(tmp_path, NAMES)
    with opened(tmp_path, NAMES):
        pass


def test_a_lock_of_a_killed_process_does_not_hold_up(tmp_path: Path) -> None:
    with opened(tmp_path, NAMES) as ledger:
        ledger.add(ENTRY)
    (tmp_path / "journal.jsonl.lock").touch()

    with opened(tmp_path, NAMES) as again:
        again.add(ENTRY)
        assert 2 == len(again.entries)


def test_suggestions_follow_from_entries_and_seed_alone(tmp_path: Path) -> None:
    space = Space(
        (Choice("a", tuple(range(9)), True), Choice("export", ("int8", "dynamic"), False))
    )
    with opened(tmp_path / "one", NAMES) as one, opened(tmp_path / "two", NAMES) as two:
        for at in range(9):
            entry = Entry(
                f"v{at}",
                "training",
                "holds",
                1,
                {"a": at, "export": at % 2},
                {"gzip_bytes": 100.0 + 10 * abs(at - 4)},
                (0.0, 0.0, 0.0),
                -0.01,
            )
            one.add(entry)
            two.add(entry)
        drawn = [one.suggested(space.choices, seed) for seed in range(30)]
        assert drawn == [two.suggested(space.choices, seed) for seed in range(30)]
    assert 2 < sum(abs(each["a"] - 4) <= 2 for each in drawn) / 30 * 9  # it has learned


def test_what_misses_the_margin_is_suggested_less(tmp_path: Path) -> None:
    space = Space((Choice("a", tuple(range(9)), True), Choice("export", ("int8",), False)))
    with opened(tmp_path, NAMES) as ledger:
        for at in range(9):
            ledger.add(
                Entry(
                    f"v{at}",
                    "training",
                    "worse" if at > 4 else "holds",
                    1,
                    {"a": at, "export": 0},
                    {"gzip_bytes": 100.0 - at},
                    (0.0, 0.0, 0.0),
                    0.02 * (at - 4) if at > 4 else -0.001,
                )
            )
        drawn = [ledger.suggested(space.choices, seed)["a"] for seed in range(40)]
    assert sum(each <= 5 for each in drawn) > 30
