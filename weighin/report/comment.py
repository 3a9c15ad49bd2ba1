"""Tables in a GitHub comment or step summary, whose length GitHub limits.

Text that fits is shown as `--format github` writes it. If it is too long, its tables lose their
padding and its notes are folded; if that is still too long, notes are left out first, then tables,
and a last line says what is missing and where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weighin.report.layout import LAYOUTS, Section

COMMENT = 65_536
"""Characters of a comment or a pull request's body. Source: the API's own refusal, "body is too
long (maximum is 65536 characters)"."""
SUMMARY = 1024 * 1024
"""Bytes of a step's summary. Source: GitHub's documentation, "Workflow commands for GitHub
Actions", "Step isolation and limits"."""

_GITHUB = LAYOUTS["github"]
_NAMED = 5  # how many of the sections left out the last line names


def fit(sections: Sequence[Section], where: str, limit: int = COMMENT) -> str:
    """Markdown of at most `limit` bytes in UTF-8, and so of no more characters than that.

    Args:
        sections: in the order of reading.
        where: the command that prints all of it, or the file that holds it.
        limit: for the whole text; where nothing fits, the last line alone is returned, however
            long it is.
    """
    whole = "\n\n".join(map(_GITHUB.write, sections))
    if size(whole) <= limit:
        return whole
    tables = {at: _compact(section) for at, section in enumerate(sections) if section.headers}
    folded = {at: _folded(section) for at, section in enumerate(sections) if section.lines}
    alone = [at for at in folded if at not in tables]  # machine and versions: before notes
    ranked = [
        *((at, "tables", text) for at, text in tables.items()),
        *((at, "notes", folded[at]) for at in alone),
        *((at, "notes", text) for at, text in folded.items() if at in tables),
    ]
    longest_first = sorted(ranked, key=lambda part: -size(_name(sections[part[0]])))
    left = limit - size(_last_line(sections, longest_first, where))
    kept, missing = {}, []
    for at, kind, text in ranked:
        needed = size(text) + 2
        if needed <= left:
            kept[at, kind] = text
            left -= needed
        else:
            missing.append((at, kind, text))
    parts = [
        kept[at, kind]
        for at in range(len(sections))
        for kind in ("tables", "notes")
        if (at, kind) in kept
    ]
    last = [_last_line(sections, missing, where)] if missing else []
    return "\n\n".join([*parts, *last])


def append(path: Path, sections: Sequence[Section], where: str) -> str:
    """Append tables to the summary of a GitHub Actions step.

    Args:
        path: the file that the variable `GITHUB_STEP_SUMMARY` names.
        sections: in the order of reading.
        where: the file that holds all of it.

    Returns:
        Why the summary could not be written, empty if it was: a reason, not an error, since the
        measurements are good without it.
    """
    try:
        taken = path.stat().st_size if path.exists() else 0
        text = f"{fit(sections, where, SUMMARY - taken - 2)}\n\n"
        if taken + size(text) > SUMMARY:
            return f"{path} is full: GitHub takes {SUMMARY:,} bytes of a step"
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}"
    return ""


def size(text: str) -> int:
    """Bytes in UTF-8; halves of surrogate pairs count as the escapes that are written for them."""
    return len(text.encode("utf-8", "backslashreplace"))


def _compact(section: Section) -> str:
    rows = [section.headers, ["---"] * len(section.headers), *section.rows]
    lines = [f"|{'|'.join(map(_GITHUB.cell, row))}|" for row in rows]
    return "\n".join([_GITHUB.title(section.title), *lines])


def _folded(section: Section) -> str:
    title = _GITHUB.cell(section.title)
    notes = _GITHUB.lines(section.lines)
    return f"<details><summary>Notes: {title}</summary>\n\n{notes}\n\n</details>"


def _name(section: Section) -> str:
    return _GITHUB.cell(section.title[:80])


def _last_line(
    sections: Sequence[Section], missing: Sequence[tuple[int, str, str]], where: str
) -> str:
    words = []
    for kind in ("tables", "notes"):
        names = [_name(sections[at]) for at, part, _ in missing if part == kind]
        if names:
            more = "; …" if len(names) > _NAMED else ""
            words.append(f"{kind} of {len(names)} ({'; '.join(names[:_NAMED])}{more})")
    return (
        f"**Left out**, since GitHub takes no longer text: {' and '.join(words)}. "
        f"All of it: {_GITHUB.cell(where)}"
    )
