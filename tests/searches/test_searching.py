"""A search on variants whose sizes and losses are known: what it tries, finds, and goes on from."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers.searches import EXPORTS, Judge, Killed, Maker, search, smallest, tried

from weighin.core import Failure
from weighin.searches.searching import CHUNK

pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
FOUR_BITS = "litert(dynamic_wi4_afp32)"


def run(folder: Path, **how: object) -> list[tuple[str, str, int | None]]:
    """Search, and what was tried."""
    running = search(folder, **how)  # type: ignore[arg-type]
    try:
        running.run()
    finally:
        running.ledger.close()
    return tried(folder)


def test_exports_come_first_the_smaller_of_a_piece_first(tmp_path: Path) -> None:
    judge = Judge()
    whole = run(tmp_path, maker=Maker(epochs=0), judge=judge, trials=9)

    assert [FOUR_BITS, "int8", "dynamic"] == judge.asked[:3]
    assert sorted(EXPORTS) == sorted(name for name, _, _ in whole[: len(EXPORTS)])
    assert 4 == CHUNK


def test_a_larger_one_than_three_that_hold_is_not_asked(tmp_path: Path) -> None:
    exports = ("int8", "dynamic", "float16", "compact(float16)")
    judge = Judge()
    whole = run(tmp_path, maker=Maker(epochs=0, exports=exports), judge=judge, trials=9)

    assert ["int8", "dynamic", "float16"] == judge.asked
    assert ("compact(float16)", "larger", None) in whole


def test_the_worst_layers_are_left_in_more_bits_as_few_as_suffice(tmp_path: Path) -> None:
    """Of the planted file the last layer costs 2 points, the first 0.6, and the margin is one."""
    whole = run(tmp_path, maker=Maker(epochs=0), trials=40)
    held = [name for name, outcome, _ in whole if outcome == "holds"]

    one, two = (
        f"{FOUR_BITS[:-1]},except={names})"
        for names in (
            "model/last:int8",
            "model/last:int8|model/first:int8",
        )
    )
    assert (one, "worse", None) in whole
    assert two in held
    running = search(tmp_path)
    assert {"variant": two, "bytes": 8_000} == smallest(running.ledger.entries)
    running.ledger.close()


def test_a_planted_winner_is_found_among_what_trains(tmp_path: Path) -> None:
    """The fakes' best is far smaller than any export, and takes two steps together."""
    running = search(tmp_path, trials=70)
    running.run()
    best = smallest(running.ledger.entries)
    running.ledger.close()

    assert best["bytes"] < 1_500  # the best export that holds has 8,000
    assert {"prune", "cluster"} <= {word.partition("(")[0] for word in best["variant"].split("+")}


def test_a_hopeless_one_is_stopped_early_and_one_that_recovers_is_not(tmp_path: Path) -> None:
    maker = Maker(epochs=27)
    whole = run(tmp_path, maker=maker, trials=60)
    epochs = {name: at for name, outcome, at in whole if at is not None and outcome == "worse"}
    held = {name: at for name, outcome, at in whole if at is not None and outcome == "holds"}

    assert 1 in epochs.values()
    assert max(held.values()) > 1
    for name, at in held.items():
        budgets = [each for each in (1, 3, 9, 27) if each <= at]
        assert budgets == list(dict.fromkeys(each for asked, each in maker.made if asked == name))


def test_what_fails_is_noted_with_its_reason_and_the_search_goes_on(tmp_path: Path) -> None:
    maker, judge = Maker(epochs=0), Judge()
    maker.failing = {"int8": Failure("no"), "float16": Failure("none here", skipped=True)}
    judge.broken = {"dynamic"}
    running = search(tmp_path, maker=maker, judge=judge, trials=9)
    running.run()
    told = {entry.variant: (entry.outcome, entry.reason) for entry in running.ledger.entries}
    running.ledger.close()

    assert ("failed", "no") == told["int8"]
    assert ("skipped", "none here") == told["float16"]
    assert ("failed", "the session answered NaN") == told["dynamic"]
    assert "worse" == told[FOUR_BITS][0]


def test_killed_at_ten_random_points_it_tries_the_same_as_undisturbed(tmp_path: Path) -> None:
    undisturbed = run(tmp_path / "whole", trials=50)
    points = random.Random(3)
    for _ in range(10):
        running = search(
            tmp_path / "killed", trials=50, judge=Judge(killed_at=points.randrange(1, 6))
        )
        with pytest.raises(Killed):
            running.run()
        running.ledger.close()
        journal = tmp_path / "killed" / "journal.jsonl"
        if points.random() < 0.5:  # in the middle of writing a line
            journal.write_bytes(journal.read_bytes() + b'{"op_code": 4, "worker')

    assert undisturbed == run(tmp_path / "killed", trials=50)


def test_more_trials_go_on_where_fewer_ended(tmp_path: Path) -> None:
    few = run(tmp_path, trials=20, maker=Maker())
    maker, judge = Maker(), Judge()
    more = run(tmp_path, trials=30, maker=maker, judge=judge)

    assert few == more[:20]
    assert not set(judge.asked) & {name for name, _, _ in few}


def test_the_time_of_earlier_processes_counts(tmp_path: Path) -> None:
    """The fakes' clock goes on by a second each time that somebody looks at it."""
    first = run(tmp_path, trials=None, seconds=100.0)
    judge = Judge()
    again = run(tmp_path, trials=None, seconds=100.0, judge=judge)

    assert 5 < len(first) < 60
    assert len(again) <= len(first) + 2


def test_one_that_ends_the_process_again_and_again_fails(tmp_path: Path) -> None:
    for _ in range(3):
        running = search(tmp_path, judge=Judge(killed_at=1), maker=Maker(epochs=0))
        with pytest.raises(Killed):
            running.run()
        running.ledger.close()
    running = search(tmp_path, maker=Maker(epochs=0))
    running.run()
    (entry,) = [each for each in running.ledger.entries if "ended 3 times" in each.reason]
    running.ledger.close()

    assert FOUR_BITS == entry.variant


def test_what_is_no_smaller_than_the_baseline_wins_nothing(tmp_path: Path) -> None:
    """Though it answers the same: so does the baseline. Fakes of unknown exports are as large."""
    judge = Judge()
    whole = run(tmp_path, maker=Maker(epochs=0, exports=["int16x8"]), judge=judge, trials=5)

    assert [("int16x8", "larger", None)] == whole
    assert [] == judge.asked
