"""Text in tables: whatever a name or a reason holds, each format shows it and nothing breaks."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from helpers.support import NASTY
from hypothesis import example, given
from hypothesis import strategies as st

from weighin.report.layout import FLAT, FORMATS, LAYOUTS, Notes, Section, one_line

markdown_it = pytest.importorskip("markdown_it", reason="rich brings it from 13.3 on")

# What means something to a format, between letters
SPECIAL = st.text(
    st.sampled_from("ab1 \\|<>&\"'`*_#%$~^{}[]()!,;:/.@=+-\n\r\t\x1b\u202e\u200f±"), max_size=12
)
CALLING = st.lists(
    st.sampled_from(
        ["@ann", "#12", "GH-3", "https://", "www.a.b", "a@b.c", "`", "**", "```", " ", "- "]
    )
).map("".join)
TEXT = SPECIAL | CALLING | st.text(max_size=12)
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), min_size=2, max_size=4)
)
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
HOSTILE = "\x1b[2J \x9b31m \x07 \x00 \u202eexe \u200f \ud800"
SHOWN = r"\x1b[2J \x9b31m \x07 \x00 \u202eexe \u200f \ud800"


class Page(HTMLParser):
    """What a browser reads: elements, and the text of each cell, heading and paragraph."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a text with each element that has one."""
        self.elements.append(tag)
        if tag in ("h3", "p", "th", "td"):
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        """Add to the text of the element that was begun last."""
        if self.texts:
            self.texts[-1] += data


def section(cells: list[list[str]], title: str = "") -> Section:
    """A table whose first row are its headers."""
    return Section(title, cells[0], cells[1:])


def words(text: str) -> str:
    """A text as shown, but for its blanks, of which a format may make what it likes."""
    shown = CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return "".join(shown.split())


def spaced(text: str) -> str:
    """A text on one line."""
    return " ".join(text.splitlines())


# -- all that people read -----------------------------------------------------------------------


@pytest.mark.parametrize("format", LAYOUTS)
@given(TABLES, TEXT, st.lists(TEXT, max_size=2))
@example([[HOSTILE], [HOSTILE]], HOSTILE, [HOSTILE])
def test_no_control_character_is_written(
    format: str, cells: list[list[str]], title: str, lines: list[str]
) -> None:
    """A terminal obeys no name, no direction is turned, and UTF-8 can write all of it."""
    text = LAYOUTS[format].write(Section(title, cells[0], cells[1:], lines))

    assert not CONTROL.search(text)
    assert text.encode()


@pytest.mark.parametrize("format", ["text", "github", "html"])
def test_control_characters_are_shown(format: str) -> None:
    """In the title, in headers, in cells and below the table."""
    layout = LAYOUTS[format]

    text = layout.write(Section(HOSTILE, [HOSTILE], [[HOSTILE]], [HOSTILE]))

    assert 4 == text.count(SHOWN)


@pytest.mark.parametrize("format", ["text", "github", "latex"])
def test_a_cell_is_one_line(format: str) -> None:
    """A tab or an end of a line of any kind is a blank."""
    written = LAYOUTS[format].write(section([["name"], ["a\nb\r\nc\rd\te\u2028f"]]))

    assert "a b c d e f" in written


@pytest.mark.parametrize("format", LAYOUTS)
def test_without_headers_the_lines_stand_alone(format: str) -> None:
    """A section of lines has neither title nor table."""
    layout = LAYOUTS[format]

    assert layout.lines(["one", "two"]) == layout.write(Section("title", lines=["one", "two"]))


# -- the terminal -------------------------------------------------------------------------------


@given(TABLES, TEXT)
def test_text_has_a_line_for_each_row(cells: list[list[str]], title: str) -> None:
    """Two for headers, one for a title and a blank one below it."""
    text = LAYOUTS["text"].write(section(cells, title))

    assert 1 + len(cells) + 2 * bool(title) == len(text.split("\n"))


def test_text_is_shown_as_it_is() -> None:
    """A terminal has no characters of its own but those for control."""
    assert spaced(NASTY) in LAYOUTS["text"].write(section([["name"], [NASTY]]))


# -- Markdown -----------------------------------------------------------------------------------


@given(TABLES, TEXT)
@example([["a"], ["\\"]], "\\")
@example([["a"], ["\\|"]], "|")
@example([["a"], ["\\\\|\\"]], "![x](y)")
def test_markdown_cells_keep_to_themselves(cells: list[list[str]], title: str) -> None:
    """Neither a bar nor a backslash before one ends a cell."""
    written = LAYOUTS["github"].write(section(cells, title))
    rows = written.split("\n")[2:] if title else written.split("\n")

    row = re.compile(rf"\|(?:(?:\\.|[^\\|])*\|){{{len(cells[0])}}}")
    assert 1 + len(cells) == len(rows)
    assert [] == [each for each in rows if not row.fullmatch(each)]


@given(TABLES, TEXT)
@example([["![x](http://example.org/x.png)"], ["[x](javascript:alert(1))"]], "<img src=x>")
@example([["<b>"], ["</table>"]], NASTY)
def test_markdown_holds_no_element_link_or_image(cells: list[list[str]], title: str) -> None:
    """A name fetches nothing from anywhere, and leads nowhere, when somebody looks at it."""
    page = (
        markdown_it.MarkdownIt("commonmark")
        .enable("table")
        .parse(LAYOUTS["github"].write(section(cells)))
    )
    heading = markdown_it.MarkdownIt("commonmark").parse(LAYOUTS["github"].title(title))
    kinds = {
        inline.type for token in (*page, *heading) for inline in (token, *(token.children or ()))
    }

    assert not {"html_inline", "html_block", "link_open", "image"} & kinds


def markdown(text: str) -> list[Any]:
    """The elements of a text, as GitHub would have them, and what is in these."""
    parser = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    return [inline for token in tokens for inline in (token, *(token.children or ()))]


def calls(text: str) -> list[str]:
    """What GitHub would make links of in a text: people, issues, addresses."""
    found = re.findall(r"@\w|#\d|\bgh-\d|://|\bwww\.", text, re.IGNORECASE)
    return [str(each) for each in found]


@given(TABLES, TEXT, st.lists(TEXT, max_size=3))
@example([["@ann"], ["#12"]], "GH-7 https://a.b www.a.b a@b.c", ["1. x", "- x", "# x", "---"])
@example([["`"], ["`"]], "name #", ["a", "==="])
@example([["**a**"], ["__a__ ~~a~~ $a$ \\*a*"]], "*a*", ["```", ":-:"])
def test_markdown_marks_up_and_calls_nothing(
    cells: list[list[str]], title: str, lines: list[str]
) -> None:
    """A name is no emphasis, code or list, and tells no person and no issue of itself."""
    layout = LAYOUTS["github"]
    tokens = markdown(layout.write(section(cells)))
    around = markdown(layout.title(title)) + markdown(layout.lines(lines))

    whole = {"table", "thead", "tbody", "tr", "th", "td", "inline", "text", "heading", "paragraph"}
    kinds = {re.sub("_(open|close)$", "", token.type) for token in (*tokens, *around)}
    assert kinds <= whole | {"softbreak", "hardbreak", "text_special"}
    shown = [
        "".join(child.content or "\n" for child in token.children or ())
        for token in tokens + around
    ]
    assert [] == [text for text in shown if calls(text)]
    count = [sum(token.type == kind for token in tokens) for kind in ("tr_open", "heading_open")]
    assert [len(cells), 0] == count


@given(TABLES, TEXT, st.lists(TEXT, max_size=3))
def test_markdown_reads_back(cells: list[list[str]], title: str, lines: list[str]) -> None:
    """Whatever is written is shown: nothing but blanks, some of no width, is lost or added."""
    layout = LAYOUTS["github"]

    def shown(text: str) -> str:
        contents = [token.content for token in markdown(text) if token.type.startswith("text")]
        return "".join("".join(contents).replace("\u200b", "").split())

    def wanted(*texts: str) -> str:
        return "".join(words(spaced(text)).replace("\u200b", "") for text in texts)

    assert wanted(*(cell for row in cells for cell in row)) == shown(layout.write(section(cells)))
    assert wanted(title) == shown(layout.title(title))
    assert wanted(*lines) == shown(layout.lines(lines))


def test_markdown_shows_what_it_was_given() -> None:
    """Read back, a cell holds its text again."""
    page = (
        markdown_it.MarkdownIt("commonmark")
        .enable("table")
        .render(LAYOUTS["github"].write(section([["name"], [NASTY], ["![x](y)"], ["a\\|b\\"]])))
    )

    texts = [text.rstrip("\n").replace("\u200b", "") for text in Page(page).texts]
    assert ["name", spaced(NASTY), "![x](y)", "a\\|b\\"] == texts


# -- HTML ---------------------------------------------------------------------------------------


@given(TABLES, TEXT)
@example([["<b>"], [NASTY]], "</h3>")
def test_html_is_read_back(cells: list[list[str]], title: str) -> None:
    """Nothing that a thing is called becomes part of the page, or is lost from it."""
    page = Page(LAYOUTS["html"].write(Section(title, cells[0], cells[1:], [title])))

    assert {"table", "thead", "tbody", "tr", "th", "td", "p"} == set(page.elements) - {"h3"}
    around = words(title)  # in it, a browser breaks lines as it likes
    inside = [words(spaced(cell)) for row in cells for cell in row]
    wanted = [*([around] if title else []), *inside, around]
    assert wanted == ["".join(text.split()) for text in page.texts]


# -- LaTeX --------------------------------------------------------------------------------------


@given(TABLES)
def test_latex_cells_keep_to_themselves(cells: list[list[str]]) -> None:
    """LaTeX's own characters are no columns, comments or mathematics, nor do they end a row."""
    lines = LAYOUTS["latex"].write(section(cells)).split("\n")
    rows = [line for line in lines if not line.startswith(("\\begin", "\\hline", "\\end"))]

    assert len(cells) == len(rows)
    for row in rows:
        assert row.endswith("\\\\")
        bare = re.sub(r"\\[&%$#_{}]|\\([a-z]+|\^)\{[<>]?\}", "", row.removesuffix("\\\\"))
        assert len(cells[0]) - 1 == bare.count("&")
        assert not re.search(r"[\\%$#_{}~^]", bare)


@given(TEXT, st.lists(TEXT, min_size=1))
@example(NASTY, ["first\r\nsecond", "first\rsecond", "first\nsecond"])
def test_latex_titles_and_notes_stay_comments(title: str, lines: list[str]) -> None:
    """What has several lines does not break out of its comment into the document."""
    written = [LAYOUTS["latex"].title(title), *LAYOUTS["latex"].lines(lines).split("\n")]

    assert 1 + len(lines) == len(written)
    assert all(re.fullmatch(r"% [^\r\n]*", line) for line in written)


# -- bare numbers -------------------------------------------------------------------------------

ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), TEXT, min_size=1), min_size=1, max_size=4)


@given(ROWS)
@example([{"a": NASTY}])
@example([{"a": "x\ry", "b": '"'}, {"c": ","}])
def test_csv_is_read_back(rows: list[dict[str, str]]) -> None:
    """Every cell, on one line; a column that a row has not is empty.

    What a spreadsheet would compute has an apostrophe before it.
    """
    text = FLAT["csv"](rows)

    names = list(dict.fromkeys(name for row in rows for name in row))
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    plain = [{name: cell.removeprefix("'") for name, cell in row.items()} for row in found]
    wanted = [
        {name: one_line(row.get(name, "")).removeprefix("'") for name in names} for row in rows
    ]
    assert wanted == plain
    assert len(text.split("\n")) == len(rows) + 1


FORMULA = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "\t", "\r", " ", "\n"]),
        st.sampled_from("=+-@\t\r\uff0b\uff0d\uff1d\uff20"),
        TEXT,
    ),
)


@given(FORMULA)
@example("=HYPERLINK(A1)")
@example("-2+3")
@example("@SUM(1)")
def test_no_text_is_a_formula_to_a_spreadsheet(text: str) -> None:
    """As the name of somebody's model may be: it is shown, and not computed; nothing is lost."""
    (cell,) = next(csv.DictReader(io.StringIO(FLAT["csv"]([{"a": text}]), newline=""))).values()

    if re.fullmatch(r"[-+]?\d+\.?\d*", text, re.ASCII):
        assert text == cell
    else:
        assert cell.lstrip()[:1] not in tuple("=+-@\uff0b\uff0d\uff1d\uff20")
        assert one_line(text) == cell.removeprefix("'")


@given(
    st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers()),
)
def test_numbers_stay_numbers(number: float) -> None:
    """Those below zero too, bare or as a text."""
    text = FLAT["csv"]([{"a": number, "b": str(number)}])
    (row,) = csv.DictReader(io.StringIO(text))

    assert [number, number] == [type(number)(row[name]) for name in "ab"]


def test_names_of_columns_are_no_formulas_either() -> None:
    """A metric of somebody's own has its name above a column."""
    assert "'=1+1\n2" == FLAT["csv"]([{"=1+1": 2}])


@given(ROWS)
def test_json_is_read_back(rows: list[dict[str, str]]) -> None:
    """Every field as it was, in characters that any terminal shows."""
    text = FLAT["json"](rows)

    assert rows == json.loads(text)
    assert text.isascii()
    assert not CONTROL.search(text)


# -- notes --------------------------------------------------------------------------------------


def test_notes_are_numbered_once() -> None:
    """The same reason has the same number wherever a cell refers to it; none has no mark."""
    notes = Notes()

    marks = [notes.note(reason) for reason in ("first", "second", "", "first")]

    assert [" [1]", " [2]", "", " [1]"] == marks
    assert ["[1] first", "[2] second"] == notes.numbered


def test_formats_are_those_for_people_and_those_for_programs() -> None:
    """As the option lists them."""
    assert ("text", "github", "html", "latex", "csv", "json") == FORMATS
