"""Mixed precision: layers of an export by themselves, and draws once the greedy way has ended."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from helpers.searches import LAYERS, Maker, search

from weighin.searches.front import is_beaten
from weighin.searches.ledger import Entry
from weighin.searches.mixing import Layered, proposed

pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
BASE = "litert(dynamic_wi4_afp32)"


def test_what_was_chosen_has_a_name_and_the_name_its_choice() -> None:
    whole = Layered.of([BASE, "litert(dynamic_wi2c_afp32)"], LAYERS)
    chosen = whole.chosen(BASE, LAYERS[:2], ":int8")

    assert f"{BASE[:-1]},except=model/last:int8|model/first:int8)" == whole.variant(chosen)
    assert BASE == whole.variant(dict.fromkeys(chosen, 0))
    assert (None, ":int8", "") == whole.choices[1].values  # 16 bits are for static recipes
    assert {} == whole.chosen(BASE, ["a/stranger"], ":int8")


def test_layers_are_drawn_for_once_the_greedy_way_has_ended(tmp_path: Path) -> None:
    running = search(tmp_path, maker=Maker(epochs=0), trials=40)
    running.run()
    mixed = [entry for entry in running.ledger.entries if entry.phase == "mixed precision"]
    running.ledger.close()

    assert 40 == len(running.ledger.entries)
    assert len({entry.variant for entry in mixed}) == len(mixed)
    assert any(":int8" in each.variant and "|model" in each.variant for each in mixed)
    # some leave one layer float beside others of 8 bits, which the greedy way never does
    assert any(set(each.chosen.values()) >= {1, 2} for each in mixed)


def test_what_is_beaten_is_not_asked(tmp_path: Path) -> None:
    running = search(tmp_path, maker=Maker(epochs=0), trials=40)
    running.run()
    holding: list[Mapping[str, float]] = []
    asked = 0
    for entry in running.ledger.entries:
        if entry.phase == "mixed precision" and entry.chosen and entry.difference:
            assert not is_beaten(entry.values, holding)
            asked += 1
        if entry.outcome == "holds":
            holding.append(entry.values)
    running.ledger.close()
    assert asked


def test_between_what_misses_and_what_leaves_nothing_to_quantize_the_rest_is_tried() -> None:
    layers = [f"layer{at}" for at in range(10)]
    known: dict[str, Entry] = {}
    counts = []
    for name, left, precision in proposed(BASE, layers, lambda: known):
        outcome = "skipped" if len(left) == 10 else "holds" if len(left) == 9 else "worse"
        known[name] = Entry(name, "mixed precision", outcome)
        counts.append((precision, len(left)))

    assert [(":int8", count) for count in (1, 2, 4, 8, 10, 9)] == counts[:6]


def test_a_precision_that_cannot_be_made_is_given_up_at_once() -> None:
    known: dict[str, Entry] = {}
    counts = []
    for name, left, precision in proposed(BASE, LAYERS, lambda: known):
        known[name] = Entry(name, "mixed precision", "failed" if ":int8" in name else "worse")
        counts.append((precision, len(left)))

    assert [(":int8", 1), ("", 1), ("", 2), ("", 4)] == counts
