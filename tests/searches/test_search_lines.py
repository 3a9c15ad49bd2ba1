"""Products of steps, made bolder while they hold."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable

from weighin import grammar
from weighin.searches import lines, space
from weighin.searches.ledger import Entry

WHOLE = space.of_steps(["int8"])


def tried(
    outcome: Callable[[str], str], more: Callable[[str], float] = lambda name: 0, most: int = 60
) -> list[str]:
    """All that is proposed, where outcomes follow from names."""
    entries: list[Entry] = []
    while (chosen := lines.proposed(WHOLE, entries, "training")) is not None:
        name = WHOLE.variant(chosen)
        assert name not in [entry.variant for entry in entries]
        size = 1000 - sum(chosen.values()) + more(name)  # the bolder, the smaller
        values = {"gzip_bytes": float(size)}
        entries.append(Entry(name, "training", outcome(name), 1, chosen, values))
        assert len(entries) < most
    return [entry.variant for entry in entries]


def sparsities(names: list[str], scope: str = "layer") -> list[float]:
    """Of those that prune alone, in one way."""
    parsed = [grammar.parse(name) for name in names]
    alone = [each for each in parsed if [step.name for step in each.steps] == ["prune"]]
    told = [dict(each.steps[0].arguments) for each in alone]
    return [each["sparsity"] for each in told if each.get("scope", "layer") == scope]


def test_the_product_of_most_steps_begins_at_its_middle() -> None:
    names = tried(lambda name: "holds")

    assert "channels(0.375)+prune(0.9)+cluster(16)+int8" == names[0]


def test_what_holds_becomes_bolder_and_what_does_not_milder() -> None:
    bolder, milder = (
        sparsities(tried(lambda name: "holds")),
        sparsities(tried(lambda name: "worse")),
    )

    assert bolder == sorted(bolder)
    assert milder == sorted(milder, reverse=True)
    assert bolder[0] == milder[0]
    assert 4 == len(bolder) == len(milder)


def test_the_boldest_that_holds_is_drawn_near() -> None:
    """Planted between 0.95 and 0.96."""

    def outcome(name: str) -> str:
        (step,) = grammar.parse(name).steps[:1]
        return "holds" if dict(step.arguments).get("sparsity", 1) < 0.955 else "worse"

    steps = [grammar.parse(name).steps[0] for name in tried(outcome)]
    found = [dict(step.arguments)["sparsity"] for step in steps if step.name == "prune"]
    assert 0.94 <= max(each for each in found if each < 0.955)


def test_what_misses_and_is_larger_than_what_holds_is_not_followed() -> None:
    """Bolder ones would miss by more, and milder ones are larger still."""
    names = tried(lambda name: "worse" if name.startswith("prune") else "holds")

    assert 1 == len(sparsities(names))


def test_what_cannot_be_made_is_not_made_bolder() -> None:
    assert 1 == len(sparsities(tried(lambda name: "failed")))


def test_every_product_is_tried_and_one_that_was_begun_by_turns() -> None:
    names = tried(lambda name: "holds")
    products = [tuple(step.name for step in grammar.parse(name).steps) for name in names]

    assert 7 == len(set(products))  # of three steps that have values
    assert products[0] == products[1] == products[3]
    assert "scope=global" in names[4]
    assert 1 == len(products[-1])


def test_each_product_is_tried_with_two_exports() -> None:
    """Of three: files of one training cost little beside it."""
    whole = space.of_steps(["dynamic", "int8", "float16"])
    ways = [lines._ways(whole, steps) for steps in lines._products(whole)]

    assert {(way["prune.scope"], way["export"]) for way in ways[0]} == {
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    }
    assert [{"export": 0}, {"export": 1}] == ways[-1]


def test_each_way_of_a_step_is_a_product_of_its_own() -> None:
    """Layers alike may hold where all together do not, or the other way round."""
    names = tried(
        lambda name: "worse" if "scope=global" in name else "holds",
        lambda name: 100 * ("scope=global" not in name),
    )

    assert "scope=global" in names[4]
    assert sparsities(names)[1] > sparsities(names)[0]
    assert sparsities(names, "global")[1] < sparsities(names, "global")[0]
