"""Tables on a terminal: they fit, say what they leave out, and mean the same without colour."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import pytest
from helpers.support import operating_points, results
from hypothesis import given
from hypothesis import strategies as st

from weighin.report import terminal
from weighin.report.layout import LAYOUTS, Section
from weighin.report.table import render, sections
from weighin.report.terminal import Terminal

HEADERS = ("variant", "runtime", "file", "gzip", "Δ points", "why")
ROW = (
    *("prune(0.8)+int8", "litert", "4.00 kB", "2.00 kB"),
    *("-0.09 ± 0.13 [-1.09, +0.91] same within ±0.5 points", "[1] [2]"),
)
SECTION = Section(
    "small on digits", HEADERS, [ROW], ["[1] a reason", "[2] another"], ["file"], "runtime"
)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def written(width: int | None, *, colored: bool = False, section: Section = SECTION) -> list[str]:
    """The lines of a section on such a terminal."""
    return Terminal(width, colored).write([section]).splitlines()


def test_a_wide_terminal_shows_the_table_as_it_is() -> None:
    """As a pipe does."""
    assert LAYOUTS["text"].write(SECTION).splitlines() == written(None) == written(200)


def test_too_wide_a_table_is_stacked_first() -> None:
    """A figure above its interval and its verdict; every column is there."""
    lines = written(100)

    assert all(header in lines[2] for header in HEADERS)
    assert [line.split() for line in lines[5:8]] == [
        ["[-1.09,", "+0.91]"],
        ["same", "within"],
        ["±0.5", "points"],
    ]
    assert not any("left out" in line for line in lines)


def test_what_is_left_out_is_named() -> None:
    """Columns that others can stand in for, and no others."""
    lines = written(66)

    assert "file" not in lines[2]
    assert all(header in lines[2] for header in HEADERS if header != "file")
    assert "left out for want of room: file; a wider terminal or a pipe shows all" in " ".join(
        line.strip() for line in lines
    )


def test_the_runtime_goes_below_the_variant_where_it_is_narrow() -> None:
    """So that both are still there."""
    lines = written(50)

    assert lines[2].startswith("variant")
    assert lines[3].startswith("on runtime")
    assert any(line.startswith("on litert ") for line in lines)  # no line is taken for a variant


def test_a_long_variant_is_folded_at_its_steps_and_arguments() -> None:
    """No word of it is broken."""
    name = "prune(0.965,begin=0.5,scope=recipe)+cluster(16)+compact(int8,scales=tensor)"
    lines = written(40, section=Section("", ("variant", "gzip"), [(name, "1 kB")]))
    begins = [line.split("  ")[0].strip() for line in lines[2:]]

    assert "".join(begins) == name
    assert set(begins) <= set(re.split(r"(?<=,)|(?=\+)", name)) | {
        "prune(0.965,begin=0.5,",
        "scope=recipe)+cluster(16)",
        "scope=recipe)",
        "+cluster(16)",
        "+compact(int8,scales=tensor)",
    }


@pytest.mark.parametrize("width", range(20, 60))
def test_a_number_is_never_broken(width: int) -> None:
    """After its comma it would read as two; between two numbers there is room for a break."""
    interval = "80,123 [77,218, 1,183,391]"
    section = Section("", ("variant", "per second"), [("prune(0.9,0.5)", interval)])
    words = " ".join(written(width, section=section)).split()

    assert {"80,123", "[77,218,", "1,183,391]", "prune(0.9,0.5)"} <= set(words)


def test_what_fits_after_all_is_put_back() -> None:
    """Left out first, it has room once a wider column is gone; it stands where it stood."""
    section = Section(
        "",
        ("variant", "file", "latency", "gzip"),
        [("int8", "4.00 kB", "one-long-word-of-forty-characters-in-all", "2.00 kB")],
        optional=["file", "latency"],
    )
    lines = written(40, section=section)

    assert lines[0].split() == ["variant", "file", "gzip"]
    assert lines[2].split() == ["int8", "4.00", "kB", "2.00", "kB"]
    assert "left out for want of room: latency;" in " ".join(lines)


@given(
    st.permutations(["file", "latency", "p90"]),
    st.lists(st.integers(1, 40), min_size=3, max_size=3),
    st.integers(20, 100),
)
def test_only_what_has_no_room_is_left_out(
    optional: Sequence[str], lengths: Sequence[int], width: int
) -> None:
    """Of words that cannot fold each is wider, with its gap, than what remains."""
    words = dict(zip(optional, ("x" * length for length in lengths), strict=True))
    section = Section("", ("variant", *optional), [("int8", *words.values())], optional=optional)
    lines = written(width, section=section)

    assert max(map(len, lines[:3])) <= width
    for header in optional:
        needed = max(len(words[header]), len(header) + terminal.PADDING) + terminal.GAP
        assert header in lines[0].split() or len(lines[1]) + needed > width


@pytest.mark.parametrize("width", [80, 100, 120])
def test_comparison_tables_fit_usual_terminals(width: int) -> None:
    """With a quality, its difference, sizes and speeds, and all notes and footers."""
    for run in (results(), operating_points()):
        lines = render([run], "text", Terminal(width)).splitlines()
        header = lines[2] + lines[3]

        assert max(map(len, lines)) <= width
        for word in ("variant", "gzip", "×", "top-1", "Δ"):
            assert word in header


def test_nothing_is_lost_that_is_not_named() -> None:
    """At 80 columns every word of the columns that stay is in the table."""
    (section, *_) = sections([results()])
    text = Terminal(80).write([section])
    words = set(text.split())

    for row in section.rows:
        for header, cell in zip(section.headers, row, strict=True):
            if header not in section.optional:
                folded = re.sub(r",(?=\S)|(?=\+[a-z])", lambda m: f"{m[0]} ", cell)
                assert set(folded.split()) <= words, header


@given(
    st.lists(st.tuples(*[st.text("ab 0123[],±%×", max_size=40)] * 3), min_size=1, max_size=4),
    st.integers(30, 120),
)
def test_whatever_the_cells_say_lines_fit_where_words_do(
    rows: Sequence[tuple[str, ...]], width: int
) -> None:
    """Or are as wide as their longest words."""
    section = Section("", ("a", "b", "c"), rows)
    longest = [
        max([3, *(len(word) for row in rows for word in row[at].split())]) for at in range(3)
    ]
    lines = written(width, section=section)

    assert max(map(len, lines)) <= max(width, sum(longest) + 2 * 2)


# -- colour -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.25 [1.21, 1.29] faster", "32"),
        ("0.80 [0.75, 0.85] slower", "31"),
        ("-1.13 worse", "31"),
        ("failed [6]", "31"),
        ("1.00 no evidence", "33"),
        ("not measured [8]", "33"),
    ],
)
def test_verdicts_are_coloured_and_legible_without(cell: str, code: str) -> None:
    """The words are the same; headers stay plain."""
    section = Section("m", ("variant", "× faster"), [("int8", cell)])
    lines = written(None, colored=True, section=section)

    assert f"\x1b[{code}m" in lines[-1]
    assert "\x1b" not in "\n".join(lines[:-1])
    assert [ESCAPES.sub("", line) for line in lines] == written(None, section=section)


def test_colour_ends_where_a_cell_is_folded() -> None:
    """Else it would run into the columns beside it."""
    section = Section("m", ("variant", "faster"), [("int8", "1.00 [0.99, 1.01] no evidence")])
    lines = written(20, colored=True, section=section)

    assert (
        sum(f"\x1b[33m{word}\x1b[0m" in line for line in lines for word in ("no", "evidence")) == 2
    )
    assert all(len(re.findall(r"\x1b\[3\dm", line)) == line.count("\x1b[0m") for line in lines)


def test_a_variant_is_no_verdict() -> None:
    """Only what stands in other columns is coloured."""
    section = Section("m", ("variant", "gzip"), [("same and better", "2 kB")])

    assert "\x1b" not in "\n".join(written(None, colored=True, section=section))


@pytest.mark.parametrize(
    ("is_terminal", "color", "variables", "expected"),
    [
        (False, "auto", {}, None),
        (False, "never", {}, None),
        (False, "always", {}, Terminal(None, True)),
        (True, "auto", {}, Terminal(77, True)),
        (True, "auto", {"NO_COLOR": "1"}, Terminal(77, False)),
        (True, "auto", {"TERM": "dumb"}, Terminal(77, False)),
        (True, "never", {}, Terminal(77, False)),
        (True, "always", {"NO_COLOR": "1"}, Terminal(77, True)),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    is_terminal: bool,
    color: terminal.Color,
    variables: dict[str, str],
    expected: Terminal | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`--color` first, then NO_COLOR, then whether anybody is looking."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "77")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)

    assert terminal.here(color) == expected
