"""The report page of models of several tasks, in a browser.

Wants Playwright and a Chromium, the one that WEIGHIN_CHROMIUM names or that the path has.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from helpers.browser import Open, column
from helpers.judged import of_tasks, regression, segmentation, swept
from helpers.support import operating_points


@pytest.fixture(scope="module")
def shared(open_page: Open) -> Any:
    """A regression's and a classifier's curves, and tables of a regression and a segmentation."""
    return open_page(swept(), operating_points(), of_tasks(regression(), segmentation()))


@pytest.fixture
def page(shared: Any) -> Iterator[Any]:
    """That page; nothing may go wrong on it."""
    shared.click("#clear")
    yield shared
    assert [] == shared.watch.wrongs


def test_each_table_shows_its_own_columns(page: Any) -> None:
    """Of all that the page has, those of the table's task."""
    heads = [page.locator(f"#s{at} .scroll").first.locator("thead th") for at in range(4)]
    shown = [head.all_inner_texts() for head in heads]

    assert ["MAE", "Δ MAE"] == shown[2][5:7]
    assert ["mIoU", "Δ points"] == shown[3][5:7]
    assert ["top-1", "Δ points"] == shown[1][5:7]
    assert "MAE" not in shown[1]


def test_errors_are_sorted_by_number(page: Any) -> None:
    """The lowest first at once, as it is the best."""
    button = page.locator("#s0 thead th button", has_text="MAE").first

    button.click()
    rising = column(page, "MAE", 0)

    assert ["3.100", "3.200", "3.500", "9.000"] == [cell.split()[0] for cell in rising]


def test_further_figures_are_folded(page: Any) -> None:
    """RMSE and R² below the table, for who asks; no table has an empty fold."""
    folded = page.locator("#s2 details.further")
    assert folded.locator("table").is_hidden()

    folded.locator("summary").click()

    assert "R²" in folded.inner_text()
    assert 0 == page.locator("#s0 details.further").count()


def test_a_plot_has_its_tasks_figure_up(page: Any) -> None:
    """MAE for the regression, top-1 for the classifier, each in its unit, chosen with the plot."""
    page.select_option("#which", "0")
    assert "mae" == page.input_value("#y")
    titles = page.locator("#pareto .infolayer").text_content()
    assert "MAE on the test set (lower is better)" in titles
    assert "MAE on the test set" in page.locator("#curve-smaller .infolayer").text_content()
    assert "200 test examples" in page.inner_text("#pareto-caption")

    page.select_option("#which", "1")
    assert "top1" == page.input_value("#y")
    assert "top-1 on the test set" in page.locator("#pareto .infolayer").text_content()
    assert ["top-1", "× faster", "latency"] == page.locator("#y option").all_inner_texts()
