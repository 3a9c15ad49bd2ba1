"""A browser that reaches files only, for what tests open in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from helpers.browser import ALL_RENDERED, NAMES, WIDE, Open, Watch, files_only

from weighin.core import Results
from weighin.report.page import write


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = (os.environ.get("WEIGHIN_CHROMIUM"), *map(shutil.which, NAMES))
    chromium = next(filter(None, found), None)
    if not chromium:
        pytest.skip("no Chromium: apt-get install chromium, or name one by WEIGHIN_CHROMIUM")
    with playwright.sync_playwright() as started:
        # Chromium's sandbox refuses root
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = started.chromium.launch(executable_path=chromium, args=sandbox)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def open_page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Write results' page and open it, in a context that reaches files only."""
    contexts = []

    def opened(*runs: Results, plots: bool = True, kept: Any = None, **options: Any) -> Any:
        names = [f"run_{at}.json" for at in range(len(runs))]
        folder = tmp_path_factory.mktemp("report")
        path = write(list(zip(names, runs, strict=True)), folder, kept)
        context = browser.new_context(**{"viewport": WIDE, **options})
        contexts.append(context)
        context.route("**/*", files_only)
        tab = context.new_page()
        tab.watch = Watch(tab)
        tab.goto(path.as_uri())
        tab.add_style_tag(content=ALL_RENDERED)
        if plots:
            tab.locator("#pareto").scroll_into_view_if_needed()
            tab.locator("#curve-caption:not(:empty)").wait_for()  # what is drawn last
        return tab

    yield opened
    for context in contexts:
        context.close()
