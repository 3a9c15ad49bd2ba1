"""Tables on a terminal: as wide as it is, and with coloured verdicts where it shows colours.

What is too wide is stacked first, a figure above its interval and its verdict; then columns that
others can stand in for are left out and named; then words wrap; last, what was left out returns
where the room that remains is enough for it. A pipe or a file gets tables as they are
(`weighin.report.layout`).
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Literal

import click

from weighin.report.layout import LAYOUTS, Section, one_line

Color = Literal["auto", "always", "never"]
COLORS: tuple[Color, ...] = ("auto", "always", "never")

_AS_IT_IS = dataclasses.replace(LAYOUTS["text"], cell=str, lines="\n".join)  # it fits already
GAP = 2  # between columns, as tabulate's style `simple` draws them
PADDING = 2  # by which it makes a column wider than its header
# Words by which a verdict begins, and those in place of a figure; they say the same without colour.
# Each word by itself: a cell may be folded between them
_COLORS = {
    "green": re.compile(r"\b(?:faster|better|same|kept|quickest)\b"),
    "red": re.compile(r"\b(?:slower|worse|failed|breached)\b"),
    "yellow": re.compile(
        r"\bno(?=\s+evidence)|(?<=\bno\s)evidence|\bnot(?=\s+measured)|(?<=\bnot\s)measured"
        r"|\bskipped\b"
    ),
}
# Where a cell is stacked: before an interval (a note's number is none), before a verdict, and in it
_STACKED = re.compile(r" (?=\[[^\]]*, )|(?<=\]) (?=[a-z])|(?<=\]\*) (?=[a-z])|(?<=within) (?=±)")
# What stays on one line: a word; of a variant's name each argument and each step; a whole number,
# which has a comma between digits
_WORD = re.compile(r"\S+?(?:(?<!\d),(?=\S)|,(?=[^\s\d])|(?=\+[a-z])|(?=\s|$))\s*")


@dataclass(frozen=True)
class Terminal:
    """What a table is printed on.

    Attributes:
        width: in characters; None if it has no end.
        colored: whether verdicts are coloured.
    """

    width: int | None = None
    colored: bool = False

    def write(self, sections: Sequence[Section]) -> str:
        """Tables with their titles and lines, fitted to it."""
        return "\n\n".join(_AS_IT_IS.write(self._fitted(section)) for section in sections)

    def _fitted(self, section: Section) -> Section:
        """The section, folded to the width and coloured."""
        rows, left_out = [list(map(one_line, row)) for row in section.rows], list[str]()
        headers = list(map(one_line, section.headers))
        if headers:
            (headers, *rows), left_out = self._narrowed([headers, *rows], section)
        if self.colored:
            rows = [[row[0], *map(_colored, row[1:])] for row in rows]
        lines = [*([_left_out(left_out)] if left_out else []), *map(one_line, section.lines)]
        if self.width is not None:
            lines = [wrapped(line, self.width) for line in lines]
        return dataclasses.replace(section, headers=headers, rows=rows, lines=lines)

    def _narrowed(
        self, rows: list[list[str]], section: Section
    ) -> tuple[list[list[str]], list[str]]:
        """Rows, headers first, that fit; and the headers of columns for which there is no room."""
        if self.width is None or _total(_widths(rows)) <= self.width:
            return rows, []
        rows = [rows[0], *([_STACKED.sub("\n", cell) for cell in row] for row in rows[1:])]
        whole, left_out = rows, list[str]()
        for header in section.optional:
            if _total(_widths(rows)) > self.width and header in rows[0]:
                left_out.append(header)
                rows, _ = _without(rows, header)
        below = _total(_widths(rows)) > self.width and section.under_first in rows[0]
        if below:
            rows, words = _without(rows, section.under_first)
            rows = [
                ["\n".join(filter(None, (row[0], word and f"on {word}"))), *row[1:]]
                for row, word in zip(rows, words, strict=True)
            ]
        gone = [*left_out, *([section.under_first] if below else [])]
        rows = _within(rows, self.width)
        for header in reversed(left_out):
            room = self.width - _total(_widths(rows)) - GAP
            column = _within([[cell] for cell in _without(whole, header)[1]], room)
            if _total(_widths(column)) <= room:
                gone.remove(header)
                before = whole[0][: whole[0].index(header)]
                at = sum(name not in gone for name in before)
                rows = [
                    [*row[:at], *cell, *row[at:]] for row, cell in zip(rows, column, strict=True)
                ]
        return rows, [header for header in left_out if header in gone]


def here(color: Color = "auto") -> Terminal | None:
    """The terminal that standard output is; None for a pipe or a file, unless colour is asked for.

    Args:
        color: `auto` colours on a terminal, unless `NO_COLOR` is set (https://no-color.org) or it
            says that it is dumb.
    """
    is_terminal = sys.stdout.isatty()
    shows = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    colored = color == "always" or (color == "auto" and shows)
    if not is_terminal and not colored:
        return None
    return Terminal(shutil.get_terminal_size().columns if is_terminal else None, colored)


def written(parts: Sequence[Section], format: str, terminal: Terminal | None) -> str:
    """Sections in one of `LAYOUTS`, one after the other; `text` fitted to a terminal, if given."""
    if format == "text" and terminal is not None:
        return terminal.write(parts)
    return "\n\n".join(map(LAYOUTS[format].write, parts))


def wrapped(line: str, width: int, indent: str = "    ") -> str:
    """A line folded between words, its further lines indented."""
    return textwrap.fill(
        line,
        max(width, 2 * len(indent)),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def fitted(text: str, stream: IO[str]) -> str:
    """A text's lines, folded between words where a stream is a terminal; else as they are."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(wrapped(line, width) for line in text.split("\n"))


def _left_out(headers: Sequence[str]) -> str:
    return f"left out for want of room: {', '.join(headers)}; a wider terminal or a pipe shows all"


def _without(rows: list[list[str]], header: str) -> tuple[list[list[str]], list[str]]:
    """Rows, headers first, without a column; and what stood in it."""
    at = rows[0].index(header)
    return [[*row[:at], *row[at + 1 :]] for row in rows], [row[at] for row in rows]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Of each column the length of its longest line; of the first row, the headers, a bit more."""
    headers = [max(map(len, header.split("\n"))) + PADDING for header in rows[0]]
    return [
        max(header, *(len(line) for cell in column for line in cell.split("\n")))
        for header, *column in zip(headers, *rows[1:], strict=True)
    ]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _within(rows: list[list[str]], width: int) -> list[list[str]]:
    """Rows, headers first, folded to a width, unless words are too long for it."""
    widths = _shared_out(rows, width)
    most = [[width - PADDING for width in widths], *([widths] * (len(rows) - 1))]
    return [list(map(_folded, row, within)) for row, within in zip(rows, most, strict=True)]


def _shared_out(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Widths of columns that come to no more than a width, unless words are too long for it."""
    widths = _widths(rows)
    least = _widths(
        [["\n".join(word.rstrip() for word in _WORD.findall(cell)) for cell in row] for row in rows]
    )
    while _total(widths) > width:
        foldable = [at for at, most in enumerate(widths) if most > least[at]]
        if not foldable:
            break
        widths[max(foldable, key=widths.__getitem__)] -= 1
    return widths


def _folded(cell: str, width: int) -> str:
    """A cell's lines, none longer than a width unless a word is."""
    lines: list[str] = []
    for line in cell.split("\n"):
        lines.append("")
        for word in _WORD.findall(line):
            if lines[-1] and len((lines[-1] + word).rstrip()) > width:
                lines.append("")
            lines[-1] += word
    return "\n".join(line.rstrip() for line in lines)


def _colored(cell: str) -> str:
    for color, words in _COLORS.items():
        cell = words.sub(lambda word, color=color: click.style(word[0], fg=color), cell)  # type: ignore[misc]
    return cell
