"""How text around and inside a table is written in each format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Layout:
    """One format.

    Attributes:
        style: tabulate's name for it; tabulate escapes HTML and LaTeX cells itself.
        title: a table's name → the lines above it.
        cell: a cell's text, made safe where tabulate does not.
        lines: the lines below a table.
    """

    style: str
    title: Callable[[str], str]
    cell: Callable[[str], str]
    lines: Callable[[Iterable[str]], str]


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _markdown(text: str) -> str:
    return escape(_one_line(text), quote=False).replace("|", "\\|")


LAYOUTS = {
    "text": Layout(
        "simple",
        lambda name: f"{name}\n",
        _one_line,
        lambda lines: "\n".join(map(_one_line, lines)),
    ),
    "github": Layout(
        "github",
        lambda name: f"### {_markdown(name)}\n",
        _markdown,
        lambda lines: "  \n".join(map(_markdown, lines)),
    ),
    "html": Layout(
        "html",
        lambda name: f"<h3>{escape(name)}</h3>",
        _one_line,
        lambda lines: f"<p>{'<br>'.join(map(escape, lines))}</p>",
    ),
    "latex": Layout(
        "latex",
        lambda name: f"% {_one_line(name)}",
        _one_line,
        lambda lines: "\n".join(f"% {_one_line(line)}" for line in lines),
    ),
}
