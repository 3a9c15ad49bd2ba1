"""The report page in a browser: it loads, sorts, filters, answers the mouse, and trusts no name.

Wants Playwright and a Chromium, the one that WEIGHIN_CHROMIUM names or that the path has.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from helpers.browser import NARROW, WIDE, Open, column, heading, no_sideways, point, variants
from helpers.engines import results as of_engines
from helpers.support import (
    ENVIRONMENT,
    file,
    operating_points,
    results,
    results_of,
    run,
    why,
    without,
)

LONG = "channels(0.5)+prune(0.93,ramp=0.6,scope=global)+cluster(16)+compact(int4,scales=tensor)"


# What a file may hold: each would run, or leave an element, if it were taken for HTML.
EVIL = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    "<a href='javascript:alert(4)'>here</a>",
    '" onmouseover="alert(5)',
    "{{data}}${alert(6)}",
)


@pytest.fixture(scope="module")
def shared(open_page: Open) -> Any:
    """The page of three files: curves, every status, a long name and one without accuracy."""
    where = {"model": "long"}
    records = [*file("baseline", 900, 800, **where), *run("baseline", 0.95, 1e-4, **where)]
    records += [*file(LONG, 900, 8, **where), *run(LONG, 0.95, 1e-4, **where)]
    records.append(why(LONG, "w" * 200, **where))
    where = {"model": "mute"}
    records += [*file("baseline", 900, 800, **where), *run("baseline", 0.95, 1e-4, **where)[2:]]
    records += [*file("int8", 900, 200, **where), *run("int8", 0.95, 0.5e-4, **where)[2:]]
    long = results_of({**ENVIRONMENT, "commit": "s" * 200}, tuple(records))
    return open_page(operating_points(), results(), long)


@pytest.fixture
def page(shared: Any) -> Iterator[Any]:
    """That page, nothing filtered; nothing may go wrong on it."""
    shared.click("#clear")
    shared.set_viewport_size(WIDE)
    yield shared
    assert [] == shared.watch.wrongs


def test_the_page_shows_what_was_weighed(page: Any) -> None:
    """Head first: models, machine, date and statuses; then all tables, with their files."""
    assert "small, wide, long and mute on digits" == page.inner_text("h1")
    facts = page.inner_text("#facts")
    for word in ("Example CPU <1 GHz>", "2024-05-06", "2 failed", "3 skipped", "4 not measured"):
        assert word in facts
    titles = page.locator(".model h3").all_inner_texts()
    assert ["small on digits run_0.json", "small on digits run_1.json"] == titles[:2]
    assert "33.30× prune(0.9)+int8 litert" in page.inner_text("#overview")
    assert "9 false alarms in 200 A/A trials" in page.inner_text("#files")


def test_sorting_is_by_number_both_ways_and_back(page: Any) -> None:
    """Bytes and kilobytes in their true order; a third press gives the order of the records."""
    before = variants(page)
    latency, gzip = heading(page, "latency"), heading(page, "gzip")

    gzip.locator("button").click()
    rising = column(page, "gzip")
    assert "ascending" == gzip.get_attribute("aria-sort")
    assert ["12.0 kB", "30.0 kB"] == rising[:2]
    assert "401 kB" == rising[-1]
    gzip.locator("button").click()
    assert "descending" == gzip.get_attribute("aria-sort")
    assert rising == column(page, "gzip")[::-1]
    latency.locator("button").click()
    assert ("none", "ascending") == (
        gzip.get_attribute("aria-sort"),
        latency.get_attribute("aria-sort"),
    )
    assert ["50.0 µs"] * 3 == column(page, "latency")[:3]
    latency.locator("button").click()
    latency.locator("button").click()
    assert before == variants(page)


def test_what_has_no_figure_stands_last_whichever_way(page: Any) -> None:
    """No figure is neither the largest nor the smallest; the best comes first at once."""
    faster = heading(page, "× faster", 1).locator("button")

    faster.click()
    falling = column(page, "× faster", 1)
    faster.click()
    rising = column(page, "× faster", 1)
    faster.click()

    assert "1.25" == falling[0].split()[0]
    assert "0.98" == rising[0].split()[0]
    figures = [word for word in falling if word[:1].isdigit()]
    assert figures == falling[: len(figures)]
    assert falling[len(figures) :] == rising[len(figures) :]


def test_sorting_by_keyboard(page: Any) -> None:
    """A heading is a button."""
    variant = heading(page, "variant").locator("button")

    variant.focus()
    page.keyboard.press("Enter")
    rising = variants(page)
    page.keyboard.press("Enter")
    falling = variants(page)
    page.keyboard.press("Space")

    assert ["baseline", "finetune"] == rising[:2]
    assert rising == falling[::-1]
    assert "none" == heading(page, "variant").get_attribute("aria-sort")


def test_filter_by_words(page: Any) -> None:
    """All words must be there, in figures, verdicts or reasons; tables without a row go."""
    page.fill("#words", "faster PRUNE(0.8)")

    assert ["prune(0.8)", "prune(0.8)"] == variants(page, 1)
    assert [] == variants(page, 0)
    assert page.locator("#s0").is_hidden()
    assert "2 of 28 rows" == page.inner_text("#count")
    page.fill("#words", "zeros stored dense")
    assert ["prune(0.8)"] == variants(page, 1)
    page.fill("#words", "nothing like this")
    assert "0 of 28 rows" == page.inner_text("#count")
    page.click("#clear")
    assert "28 of 28 rows" == page.inner_text("#count")


def test_filter_by_model_runtime_status_and_file(page: Any) -> None:
    """Each alone and together with words."""
    page.select_option("#status", "failed")
    assert ["dynamic", "int8"] == variants(page, 1)
    page.fill("#words", "power")
    assert ["dynamic"] == variants(page, 1)
    page.click("#clear")

    page.select_option("#status", "measured")
    assert "19 of 28 rows" == page.inner_text("#count")
    page.select_option("#runtime", "keras-cpu")
    assert "2 of 28 rows" == page.inner_text("#count")
    page.click("#clear")

    page.select_option("#model", "wide")
    assert page.locator("#s1").is_hidden()
    assert 2 == len(variants(page, 2))
    page.select_option("#file", label="run_0.json")
    assert "0 of 28 rows" == page.inner_text("#count")


def test_a_status_has_its_reason(page: Any) -> None:
    """The mark beside it names the note below, and says it without a press."""
    mark = page.locator("#s1 tbody td", has_text="failed in 1 of 2 seeds").first.locator("a")

    note = page.locator(mark.get_attribute("href"))

    assert "the power went off" == mark.get_attribute("title")
    assert "the power went off" in note.inner_text()


def test_pointing_names_the_variant_and_its_figures(page: Any) -> None:
    """Above all its name; figures with intervals, as in the table."""
    page.select_option("#which", "0")
    point(page, "pareto", trace=2, at=0)  # the front, the baseline, prune(·)

    page.locator("#tip").wait_for()
    told = page.inner_text("#tip")

    assert "prune(0.5)" == told.splitlines()[0]
    for figure in ("240 kB", "1.67 ± 0.00", "95.15 % ± 0.07 [94.15, 96.15]", "no evidence"):
        assert figure in told
    page.mouse.move(0, 0)
    page.locator("#tip").wait_for(state="hidden")


def test_axes_are_chosen(page: Any) -> None:
    """Size by bytes, latency up: title and front follow, and so does the third figure."""
    page.select_option("#x", "gzip_bytes")
    page.select_option("#y", "latency")
    page.select_option("#size", "top1")

    titles = page.locator("#pareto .infolayer").text_content()
    assert "size after gzip -9" in titles
    assert "latency" in titles
    assert "Marker size: top-1, from 81.05 % to 95.15 %" in page.inner_text("#pareto-caption")
    for select, value in (("#x", "smaller"), ("#y", "top1"), ("#size", "speedup")):
        page.select_option(select, value)


def test_speed_stands_for_accuracy_that_nobody_measured(page: Any) -> None:
    """Against size, until a model with accuracy is chosen again."""
    page.select_option("#which", label="mute on digits, litert · run_2.json")
    assert "speedup" == page.input_value("#y")
    # the baseline, int8, and the mark of int8 on the front
    assert 3 == page.locator("#pareto .scatterlayer .points path").count()
    page.select_option("#which", "0")
    assert "top1" == page.input_value("#y")


def test_curves_are_drawn_and_families_can_be_hidden(page: Any) -> None:
    """A line for each family and one for the front; the legend is made of buttons."""
    page.select_option("#which", "0")
    lines = page.locator("#curve-smaller .scatterlayer .js-line")

    assert 5 == lines.count()  # the front and four families
    page.locator(".legend button", has_text="criterion=random").click()
    assert 4 == lines.count()
    page.locator(".legend button", has_text="criterion=random").click()
    assert 5 == lines.count()
    page.select_option("#which", "1")
    assert page.locator("#curve-smaller").is_hidden()
    assert "there is no curve" in page.inner_text("#curve-caption")


def test_the_version_matrix_is_shown_where_there_is_one(page: Any, open_page: Open) -> None:
    """Words and colours of what works and what does not; without several versions no heading."""
    records = [*file("baseline", 900, 800), *run("baseline", 0.95, 1e-4)]
    newer, older = (
        results_of(
            {**ENVIRONMENT, "packages": {"tensorflow": version}},
            (*records, *file("int8", size, size, artifact=version), *run("int8", 0.95, 1e-4)),
        )
        for version, size in (("2.21.0", 100), ("2.19.1", 200))
    )
    tab = open_page(newer, older, plots=False)

    assert page.locator("#versions").is_hidden()
    assert page.locator("nav [href='#versions']").is_hidden()
    assert tab.locator("nav [href='#versions']").is_visible()
    row = tab.locator("#versions table").first.locator("tr", has_text="int8")
    assert ["int8", "litert"] == row.locator("th, td").all_inner_texts()[:2]
    assert "degraded" in row.locator(".tag.bad").inner_text()
    assert "200 B" not in tab.inner_text("#versions")
    tab.locator("#versions summary", has_text="gzip").click()
    assert "200 B larger by 100.0 %" in tab.inner_text("#versions")
    assert "2.21.0, 2.19.1" in tab.inner_text("#facts")
    assert [] == tab.watch.wrongs


def test_runtimes_are_shown_beside_each_other_where_they_were_paired(
    page: Any, open_page: Open
) -> None:
    """With the quickest in green; a run that paired none has no such heading."""
    tab = open_page(of_engines(), plots=False)

    assert page.locator("#engines").is_hidden()
    assert page.locator("nav [href='#engines']").is_hidden()
    assert tab.locator("nav [href='#engines']").is_visible()
    row = tab.locator("#engines table").first.locator("tr", has_text="bf16").first
    assert "1.60 [1.59, 1.61]" in row.inner_text()
    assert ["faster", "quickest"] == row.locator(".tag.good").all_inner_texts()
    assert "a .h5 file beside a .tflite" in tab.inner_text("#engines")
    tab.set_viewport_size(NARROW)
    (latency,) = row.locator("td", has_text="µs").all()
    assert 1 == latency.evaluate(
        "cell => { const range = document.createRange(); "
        "range.selectNodeContents(cell); return range.getClientRects().length; }"
    )  # lines
    assert no_sideways(tab)
    assert [] == tab.watch.wrongs


def test_a_table_leads_to_its_plot(page: Any) -> None:
    """Its model is chosen there."""
    page.select_option("#which", "0")
    page.locator("#s1 .heading a").click()

    assert "1" == page.input_value("#which")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
def test_the_page_never_scrolls_sideways(page: Any, viewport: dict[str, int]) -> None:
    """Long names and all; tables scroll inside their own boxes, and the hover stays in sight."""
    page.set_viewport_size(viewport)
    page.select_option("#which", label="long on digits, litert · run_2.json")
    box = page.locator("#s0 .scroll")
    box.scroll_into_view_if_needed()
    beyond = box.evaluate("box => box.scrollWidth - box.clientWidth")

    assert no_sideways(page)
    assert (viewport is NARROW) == (beyond > 0)
    point(page, "pareto", trace=2, at=0)
    page.locator("#tip").wait_for()
    tip = page.locator("#tip").bounding_box()
    assert LONG == page.inner_text("#tip").splitlines()[0]
    assert 0 <= tip["x"]
    assert tip["x"] + tip["width"] <= viewport["width"]
    assert no_sideways(page)


def test_the_page_follows_the_readers_colours(page: Any) -> None:
    """Light or dark, plots included."""
    seen = []
    surfaces = {"light": "rgb(255, 255, 255)", "dark": "rgb(26, 29, 33)"}
    for scheme in ("light", "dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.locator(f'#pareto .main-svg[style*="{surfaces[scheme]}"]').first.wait_for()
        seen.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert seen[0] == seen[2] != seen[1]


def test_evil_names_do_nothing(open_page: Open) -> None:
    """In model, data set, variant, runtime, reason, verdict, note, environment: all is text."""
    records = []
    for evil in EVIL:
        where = {"model": evil, "dataset": evil, "runtime": evil}
        records += [*run("baseline", 0.95, 1e-4, **where)]
        records += [*file("baseline", 900, 800, **{**where, "runtime": ""})]
        records += [*file(evil, 900, 300, **{**where, "runtime": ""})]
        records += run(evil, 0.9, 0.5e-4, verdicts=(f"worse {evil}", evil), **where)
        records += without("cold_start", "failed", evil, variant=evil, **where)
        records += without("latency", "failed", evil, variant=f"prune(0.5)+{evil}", **where)
        records.append(why(evil, evil, **where))
    environment = {
        **ENVIRONMENT,
        **dict.fromkeys(("date", "suite", "profile", "commit"), EVIL[1]),
        "machine": {"cpu": EVIL[0], "cores": EVIL[2], "system": EVIL[1]},
        "packages": dict.fromkeys(EVIL, EVIL[1]),
        "datasets": {evil: {"digest": EVIL[2]} for evil in EVIL},
    }
    tab = open_page(results_of(environment, tuple(records)), viewport=NARROW)
    tab.fill("#words", EVIL[0])
    tab.locator("#s0 thead button").first.click()
    point(tab, "pareto", trace=2, at=0)
    tab.locator("#tip").wait_for()
    tab.wait_for_timeout(100)

    assert EVIL[0] == tab.inner_text("#tip").splitlines()[0]
    assert EVIL[0] in tab.inner_text("#s0")
    assert EVIL[2] in tab.inner_text("#files")
    assert no_sideways(tab)
    assert 0 == tab.locator("img, iframe, [onerror], [onmouseover], a[href^=javascript]").count()
    # the page's own: data, layers, tables, plots, Plotly as text and Plotly running
    assert 6 == tab.locator("script").count()
    assert [] == tab.watch.wrongs


def test_a_script_that_is_not_the_pages_own_does_not_run(open_page: Open) -> None:
    """If something got in all the same, the browser would refuse it."""
    tab = open_page(operating_points(), plots=False)
    tab.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"hit=1\">');"
        "document.body.append(Object.assign(document.createElement('script'), {text: 'hit=1'}))"
    )
    tab.wait_for_timeout(100)

    assert "undefined" == tab.evaluate("typeof hit")
    assert any("Content Security Policy" in wrong for wrong in tab.watch.wrongs)
