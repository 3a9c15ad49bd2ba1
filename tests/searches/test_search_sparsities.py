"""Layers pruned less than the rest: tried once products are, from what holds and is smallest."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

from helpers.searches import Maker, search

from weighin.searches.ledger import HOLDS, WORSE, Entry
from weighin.searches.sparsities import proposed

LAYERS = ["last", "first", "second", "third"]


def entry(variant: str, outcome: str, size: float = 100) -> Entry:
    return Entry(variant, "training", outcome, epochs=9, values={"gzip_bytes": size})


def tried(entries: list[Entry], outcome: str = WORSE, sizes: float = 90) -> list[str]:
    """All that is proposed one after the other, each of which ends alike."""
    names = []
    while (name := proposed(entries, LAYERS)) is not None:
        assert name not in names
        names.append(name)
        entries = [*entries, entry(name, outcome, sizes)]
    return names


def test_the_smallest_layers_are_left_first_as_few_as_suffice() -> None:
    """None where the bolder one holds by itself, or nothing does."""
    held = [entry("channels(0.5)+prune(0.9)+int8", HOLDS), entry("prune(0.8)+int8", WORSE)]
    before, after = "channels(0.5)+prune(0.92", ")+int8"

    assert [
        f"{before}{after}",
        f"{before},except=last:0.9{after}",
        f"{before},except=last:0.9|first:0.9{after}",
        f"{before},except=last:0.9|first:0.9|second:0.9{after}",
    ] == tried(held)
    assert [] == tried(held[1:])
    assert "prune(0.94" in tried(held, HOLDS)[1]


def test_what_has_no_bolder_value_or_its_own_layers_is_no_base() -> None:
    names = ("prune(0.99)+int8", "prune(0.9,scope=global)+int8", "prune(0.9,except=a:0.5)+int8")

    assert [] == tried([entry(name, HOLDS) for name in (*names, "cluster(8)+int8", "int8")])


def test_the_two_smallest_are_bases() -> None:
    held = [entry(f"prune({at})+int8", HOLDS, size) for at, size in ((0.5, 9), (0.6, 8), (0.7, 7))]
    values = {name.partition(",")[0].partition(")")[0] for name in tried(held, sizes=0)}

    assert {"prune(0.75", "prune(0.7"} == values | {"prune(0.7"}


def test_a_search_finds_what_only_sparsities_by_layer_hold(tmp_path: Path) -> None:
    """The last layer, a hundredth of the weights, has most of what pruning loses."""
    running = search(tmp_path, maker=Maker(exports=("int8",)), trials=90)
    running.run()
    holding = sorted(running.ledger.holding, key=lambda each: each.values["gzip_bytes"])
    running.ledger.close()

    assert any("except=last:" in each.variant for each in holding[:3]), holding[:3]
