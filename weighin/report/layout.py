"""How text around and inside a table is written in each format."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any


@dataclass(frozen=True)
class Section:
    """A table and the lines below it, or lines alone where it has no headers.

    Attributes:
        optional: headers of columns that a narrow terminal leaves out, the first ones first.
        under_first: header of the column whose words stand below the first column's there.
    """

    title: str
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    lines: Sequence[str] = ()
    optional: Sequence[str] = ()
    under_first: str = ""


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

    def write(self, section: Section) -> str:
        """A table with its title above and lines below it, if there are any; or the lines alone."""
        from tabulate import tabulate  # which not even the list of formats needs

        below = self.lines(section.lines)
        if not section.headers:
            return below
        cells = [[self.cell(cell) for cell in row] for row in section.rows]
        headers = [self.cell(header) for header in section.headers]
        body = tabulate(cells, headers, tablefmt=self.style, disable_numparse=True)
        whole = f"{self.title(section.title)}\n{body}" if section.title else body
        return f"{whole}\n\n{below}" if section.lines else whole


@dataclass(frozen=True)
class Notes:
    """What a table's cells refer to by numbers."""

    notes: list[str] = field(default_factory=list, kw_only=True)
    _numbers: dict[str, int] = field(default_factory=dict, kw_only=True, repr=False)

    def note(self, reason: str) -> str:
        """The mark of a reason among the notes, ` [1]`; empty for an empty reason."""
        return f" [{self.number(reason)}]" if reason else ""

    def number(self, reason: str) -> int:
        """The number of a reason among the notes."""
        number = self._numbers.get(reason)
        if number is None:
            self.notes.append(reason)
            number = self._numbers[reason] = len(self.notes)
        return number

    @property
    def numbered(self) -> list[str]:
        """The notes as they stand below the table."""
        return [f"[{number}] {note}" for number, note in enumerate(self.notes, start=1)]


# Characters that a terminal obeys instead of showing, that turn the direction of a line or end it,
# halves of surrogate pairs, which UTF-8 cannot write, and the two that XML cannot
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    r"""Control characters but tabs and ends of lines as Python writes them: `\x1b`."""
    return _CONTROL.sub(lambda control: control[0].encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """A text on one line, with control characters made visible."""
    return visible(" ".join(text.splitlines()).replace("\t", " "))


def _html(text: str) -> str:
    return escape(visible(text))


# What Markdown may take for more than itself: code, a cell's end, mathematics, a link, what opens
# an emphasis or closes a heading, and a backslash before any of these
_MEANT = re.compile(
    r"[`|$]|(?<=\])\(|[*~](?=\S)|(?<![^\W_])_(?=\S)|#(?=#*$)|\\(?=[!-/:-@\[-`{-~]|$)"
)
# What GitHub makes links of: people and addresses of mail, issues, addresses of pages
_LINKED = re.compile(r"@(?=\\?\w|\\_)|#(?=\d)|\bgh-(?=\d)|:(?=//)|\bwww(?=\.)", re.IGNORECASE)
_APART = "&#8203;"  # a space of no width
# What begins a heading, a list, a rule or a table; a line above that would become part of it
_BEGINNING = re.compile(r"^(?=[#+=*:-])|^(\d+)(?=[.)](?:\s|$))")


def _markdown(text: str) -> str:
    """A text that Markdown takes for itself alone: it marks up, links and calls nothing."""
    meant = _MEANT.sub(r"\\\g<0>", escape(one_line(text), quote=False))
    # two backslashes at the end would, to some, leave the bar behind them without its meaning
    return _LINKED.sub(rf"\g<0>{_APART}", re.sub(r"\\\\$", "&bsol;", meant))


def _markdown_line(text: str) -> str:
    return _BEGINNING.sub(r"\1\\", _markdown(text).strip())


LAYOUTS = {
    "text": Layout(
        "simple",
        lambda name: f"{one_line(name)}\n",
        one_line,
        lambda lines: "\n".join(map(one_line, lines)),
    ),
    "github": Layout(
        "github",
        lambda name: f"### {_markdown(name)}\n",
        _markdown,
        lambda lines: "  \n".join(map(_markdown_line, lines)),
    ),
    "html": Layout(
        "html",
        lambda name: f"<h3>{_html(name)}</h3>",
        one_line,
        lambda lines: f"<p>{'<br>'.join(map(_html, lines))}</p>",
    ),
    "latex": Layout(
        "latex",
        lambda name: f"% {one_line(name)}",
        one_line,
        lambda lines: "\n".join(f"% {one_line(line)}" for line in lines),
    ),
}


_ABOUT = ("_low", "_high", "_verdict", "_p", "_beside", "_status")  # said of a figure


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    names = _beside(list(dict.fromkeys(key for row in rows for key in row)))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writerow({name: _csv_cell(name) for name in names})
    writer.writerows({name: _csv_cell(row[name]) for name in row} for row in rows)
    return text.getvalue().rstrip("\n")


def _beside(names: Sequence[str]) -> list[str]:
    """Names of columns, what is said of a figure right behind it."""
    about = {
        f"{name}{ending}": (at, number)
        for at, name in enumerate(names)
        for number, ending in enumerate(_ABOUT, start=1)
    }
    places = {name: about.get(name, (at, 0)) for at, name in enumerate(names)}
    return sorted(names, key=places.__getitem__)


# How a spreadsheet knows a formula, which it would compute (OWASP, "CSV Injection"). An apostrophe
# before it makes it a text there
_FORMULA = re.compile(r"[\t\r]|\s*[-=+@\uff0d\uff1d\uff0b\uff20]")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)


def _csv_cell(value: Any) -> Any:
    """A value on one line, several texts between bars; a text is never a formula."""
    if isinstance(value, list | tuple):
        value = " | ".join(value)
    if not isinstance(value, str):
        return value
    is_formula = _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{one_line(value)}" if is_formula else one_line(value)


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, indent=1)


FLAT = {"csv": _csv, "json": _json}
"""Formats of bare numbers, one row after another."""
FORMATS = (*LAYOUTS, *FLAT)
