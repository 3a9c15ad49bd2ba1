"""Layers on the report page: of the files that were looked at, folded, figure and table."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from helpers.browser import NARROW, WIDE, Open, no_sideways
from helpers.support import ENVIRONMENT, file, results_of, run

from weighin.core import Results
from weighin.layers.row import Layer, Layers, Near
from weighin.report.page.contents import contents
from weighin.stats import Interval

EVIL = "<img src=x onerror=alert(1)>"


class Analysed:
    """Layers by the digests of files."""

    def __init__(self, found: dict[tuple[str, str], Layers]) -> None:
        """Know these."""
        self.found = found

    def has(self, compressed: str) -> bool:
        """Whether a file was looked at."""
        return any(compressed == each for each, _ in self.found)

    def of(self, compressed: str, original: str) -> Layers | None:
        """Its layers."""
        return self.found.get((compressed, original))


def _layers(*sqnrs: float | None, timed: bool = True) -> Layers:
    share = Interval(0.5, 0.4, 0.6) if timed else None
    rows = tuple(
        Layer(
            place,
            EVIL if place == 1 else f"layer_{place}",
            "CONV_2D",
            "INT8 · INT8",
            own=Near(sqnr, 1.0, 0.1),
            output=Near(sqnr, 1.0, 0.1),
            share=share,
            block=(0, 1) if place < 2 else (),
        )
        for place, sqnr in enumerate(sqnrs)
    )
    return Layers("q.tflite", "f.tflite", 64, rows)


def _results(seeds: int = 1) -> Results:
    records = []
    for seed in range(seeds):
        digests = {name: f"{name}-{seed}" for name in ("baseline", "int8")}
        for name, size in (("baseline", 800), ("int8", 200)):
            records += file(name, 900, size, artifact=digests[name], seed=seed)
            records += run(name, 0.95, 1e-4, seed=seed)
    return results_of(ENVIRONMENT, tuple(records))


KEPT = Analysed({("int8-0", "baseline-0"): _layers(33.125, 20.0, None, float("inf"))})


def _shown(results: Results, kept: Analysed | None) -> list[dict[str, Any]]:
    (section,) = contents([("run.json", results)], kept)["sections"]
    layers: list[dict[str, Any]] = section["layers"]
    return layers


def test_a_file_that_was_looked_at_has_its_table() -> None:
    (analysis,) = _shown(_results(), KEPT)

    assert "Layers of int8 against baseline" == analysis["title"]
    assert ["#", "layer", "operator"] == analysis["headers"][:3]
    assert ["0", "layer_0", "CONV_2D"] == analysis["rows"][0][:3]
    assert any("Errors on 64 examples" in line for line in analysis["lines"])


def test_its_figure_has_numbers_that_an_axis_takes() -> None:
    (analysis,) = _shown(_results(), KEPT)

    assert [33.12, 20.0, None, None] == [point["own"] for point in analysis["points"]]
    # two that run as one block share its bar
    assert [25.0, 25.0, 50.0, 50.0] == [point["share"] for point in analysis["points"]]


def test_files_of_several_seeds_are_told_apart() -> None:
    found = {(f"int8-{seed}", f"baseline-{seed}"): _layers(30.0) for seed in range(2)}
    titles = [analysis["title"] for analysis in _shown(_results(2), Analysed(found))]

    assert [f"Layers of int8 against baseline, seed {seed}" for seed in range(2)] == titles


def test_nothing_is_shown_of_other_files() -> None:
    assert [] == _shown(_results(), Analysed({("int8-0", "other"): _layers(30.0)}))
    assert [] == _shown(_results(), None)


@pytest.fixture(scope="module")
def shared(open_page: Open) -> Any:
    """The page of a file that was looked at, unfolded."""
    page = open_page(_results(), plots=False, kept=KEPT)
    page.locator("details.layers summary").click()
    page.locator(".layers-plot .bars").first.wait_for()
    return page


@pytest.fixture
def page(shared: Any) -> Iterator[Any]:
    """That page; nothing may go wrong on it."""
    yield shared
    assert [] == shared.watch.wrongs


def test_layers_are_folded_until_asked_for(open_page: Open) -> None:
    page = open_page(_results(), plots=False, kept=KEPT)

    assert not page.locator("details.layers table").is_visible()
    assert page.locator("details.layers summary").is_visible()


def test_unfolded_they_have_a_figure_and_names_are_text(page: Any) -> None:
    names = page.locator("details.layers tbody th").all_inner_texts()

    assert ["0 layer_0", f"1 {EVIL}", "2 layer_2", "3 layer_3"] == names
    assert 0 == page.locator("details.layers img").count()
    assert 2 + 2 == page.locator(".layers-plot .scatterlayer .points path").count()
    assert 4 == page.locator(".layers-plot .barlayer .point").count()


def test_pointing_at_an_operator_names_it(page: Any) -> None:
    marker = page.locator(".layers-plot .scatterlayer .trace").first.locator(".points path").nth(1)
    marker.scroll_into_view_if_needed()
    box = marker.bounding_box()
    page.mouse.move(0, 0)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=2)
    page.locator("#tip:not([hidden])").wait_for()

    assert f"1 {EVIL}" in page.inner_text("#tip")
    assert "20.0 dB" in page.inner_text("#tip")


@pytest.mark.parametrize("viewport", [WIDE, NARROW])
def test_the_page_does_not_scroll_sideways_with_them(page: Any, viewport: dict[str, int]) -> None:
    page.set_viewport_size(viewport)

    assert no_sideways(page)


def test_the_figure_follows_the_readers_colours(page: Any) -> None:
    page.set_viewport_size(WIDE)
    for scheme, surface in (("dark", "rgb(26, 29, 33)"), ("light", "rgb(255, 255, 255)")):
        page.emulate_media(color_scheme=scheme)
        page.locator(f'.layers-plot .main-svg[style*="{surface}"]').first.wait_for(timeout=5000)


def test_without_times_there_is_one_panel(open_page: Open) -> None:
    kept = Analysed({("int8-0", "baseline-0"): _layers(30.0, 20.0, timed=False)})
    page = open_page(_results(), plots=False, kept=kept)
    page.locator("details.layers summary").click()
    page.locator(".layers-plot .scatterlayer .points path").first.wait_for()

    assert 0 == page.locator(".layers-plot .barlayer .point").count()
    assert [] == page.watch.wrongs
