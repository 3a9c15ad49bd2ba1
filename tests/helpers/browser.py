"""Pages in a browser: what went wrong in a tab, and what can be seen and pointed at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


# What is scrolled away need not be rendered, and has no inner text then: read as if all were seen.
ALL_RENDERED = ".model { content-visibility: visible !important; }"

NAMES = ("chromium", "chromium-browser", "google-chrome")  # Debian's, Ubuntu's, Google's

Open = Callable[..., Any]


class Watch:
    """What went wrong in a tab."""

    def __init__(self, tab: Any) -> None:
        """Watch it from now on."""
        self.wrongs: list[str] = []
        tab.on("console", lambda said: self._note(said.type != "log", f"{said.type}: {said.text}"))
        tab.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        tab.on("requestfailed", lambda asked: self.wrongs.append(f"failed: {asked.url:.80}"))
        tab.on("dialog", self._dialog)

    def _note(self, is_wrong: bool, text: str) -> None:
        if is_wrong:
            self.wrongs.append(text)

    def _dialog(self, dialog: Any) -> None:
        self.wrongs.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def files_only(route: Any) -> None:
    """Let a page reach files and its own data, and nothing else."""
    if route.request.url.startswith(("file:", "data:", "blob:")):
        route.continue_()
    else:
        route.abort()


def rows(page: Any, section: int = 0) -> list[list[str]]:
    """The texts of the rows that a section shows."""
    lines = page.locator(f"#s{section} tbody tr:visible").all()
    return [line.locator("th, td").all_inner_texts() for line in lines]


def heading(page: Any, name: str, section: int = 0) -> Any:
    """A column's heading."""
    return page.locator(f"#s{section} thead th").filter(has_text=name)


def column(page: Any, name: str, section: int = 0) -> list[str]:
    """The first words of a column's visible cells."""
    names = page.locator(f"#s{section} thead th").all_inner_texts()
    return [" ".join(row[names.index(name)].split()[:2]) for row in rows(page, section)]


def variants(page: Any, section: int = 0) -> list[str]:
    """The variants that a section shows, in their order."""
    return [row[0] for row in rows(page, section)]


def no_sideways(page: Any) -> bool:
    """Whether the page as a whole scrolls up and down only."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def point(page: Any, plot: str, trace: int, at: int) -> None:
    """Move the mouse onto a plot's point."""
    page.evaluate("scrollTo(0, 0)")
    marker = page.locator(f"#{plot} .scatterlayer .trace").nth(trace).locator(".points path")
    marker.nth(at).scroll_into_view_if_needed()
    box = marker.nth(at).bounding_box()
    page.mouse.move(0, 0)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=2)
