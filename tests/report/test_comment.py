"""What GitHub takes of a table, and what happens to what it does not take."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.support import NASTY, results, results_of
from hypothesis import given
from hypothesis import strategies as st

from weighin.cli import main
from weighin.core import Results
from weighin.records import store
from weighin.report.comment import COMMENT, SUMMARY, append, fit, size
from weighin.report.layout import Section
from weighin.report.table import render, sections

TABLE = Section("first", ["a", "b"], [["1", "x" * 200], ["22", "y"]], ["how it was", "measured"])
OTHER = dataclasses.replace(TABLE, title="second")
ORIGIN = Section("machine and versions", lines=["a machine"])


def models(count: int) -> Results:
    """The sample results, of so many models."""
    made = results()
    small = [record for record in made.records if record.model == "small"]
    return results_of(
        made.environment,
        tuple(
            record.of(model=f"model_{number:02d}") for number in range(count) for record in small
        ),
    )


def test_what_fits_is_as_ever() -> None:
    """Of a few models nothing is folded, and nothing left out."""
    assert render([results()], "github") == fit(sections([results()]), "FILE")


def test_padding_goes_before_anything_is_left_out() -> None:
    """Ten models without their padding, notes folded below their own table."""
    many = [models(10)]
    whole = render(many, "github")
    text = fit(sections(many), "FILE", size(whole) - 1)

    assert "Left out" not in text
    assert whole.count("\n### ") == text.count("\n### ")
    assert 10 + 1 == text.count("<details>") == text.count("</details>")
    first, second = text.index("### model_00"), text.index("### model_01")
    assert first < text.index("<summary>Notes: model_00") < second


def test_a_results_file_of_26_models_fits_a_comment(tmp_path: Path) -> None:
    """By the command, with the tables first, and a last line that says where the rest is."""
    path = tmp_path / "applications.json"
    store.save(path, models(26))
    assert COMMENT < size(render([models(26)], "github"))

    done = CliRunner().invoke(main, ["table", str(path), "--format", "github"])

    assert 0 == done.exit_code, done.output
    assert COMMENT >= size(done.output)
    assert COMMENT * 0.9 < size(done.output)
    assert 26 == done.output.count("### model_")
    *_, last = done.output.splitlines()
    assert last.startswith("**Left out**, since GitHub takes no longer text: notes of ")
    assert last.endswith(f"All of it: weighin table {path}")


def test_other_formats_are_never_cut(tmp_path: Path) -> None:
    """They are not for comments."""
    path = tmp_path / "applications.json"
    store.save(path, models(26))

    for style in ("text", "html", "latex", "csv", "json"):
        done = CliRunner().invoke(main, ["table", str(path), "--format", style])
        assert f"{render([models(26)], style)}\n" == done.output


def test_notes_go_before_tables_and_the_machine_before_notes() -> None:
    """What is left shrinks in that order, and the last line names what is missing."""
    all_of_it = [TABLE, OTHER, ORIGIN]
    seen = []
    for limit in range(1500, 200, -1):
        text = fit(all_of_it, "FILE", limit)
        kept = (
            text.count("### "),
            "a machine" in text,
            text.count("how it was"),
        )
        if not seen or seen[-1] != kept:
            seen.append(kept)

    assert [(2, True, 2), (2, True, 1), (2, True, 0)] == seen[:3]
    assert (0, False, 0) == seen[-1]
    assert "tables of 2 (first; second) and notes of 3" in fit(all_of_it, "FILE", 10)


def test_a_table_too_long_for_a_comment_leaves_the_others() -> None:
    """The next smaller one still fits, and so do its notes."""
    huge = Section("huge", ["a"], [["z" * 5000]], ["of no use"])

    text = fit([huge, TABLE], "FILE", 2000)

    assert "### first" in text
    assert "zzz" not in text
    assert "tables of 1 (huge)" in text


@given(
    st.lists(
        st.builds(
            Section,
            st.text(max_size=100),
            st.sampled_from([["a"], ["a", "b"], []]),
            st.just([]),
            st.lists(st.text(max_size=300), max_size=3),
        ),
        max_size=12,
    ),
    st.integers(5000, 20_000),
)
def test_no_text_is_longer_than_the_limit(drawn: list[Section], limit: int) -> None:
    """Whatever names and notes are made of."""
    assert limit >= size(fit(drawn, "FILE", limit))


def test_hostile_text_stays_text_when_folded() -> None:
    """Neither a title nor a note opens or closes an element, or ends its row."""
    nasty = Section("</summary><b>t</b>", ["<i>h</i>"], [[NASTY]], [f"</details>{NASTY}"])

    text = fit([nasty, dataclasses.replace(TABLE, rows=[["q" * 900, ""]] * 9)], "<u>f</u>", 2000)

    assert {"<details>", "<summary>", "</summary>", "</details>"} == {
        f"<{part.split('>')[0]}>" for part in text.split("<")[1:]
    }
    assert 2 == text.count("<details>") == text.count("</details>")


# -- a step's summary ---------------------------------------------------------------------------


def test_a_summary_is_appended_to(tmp_path: Path) -> None:
    """What other steps wrote stays."""
    path = tmp_path / "summary.md"
    path.write_text("# Before\n", "utf-8")

    assert "" == append(path, sections([results()]), "FILE")
    assert "" == append(path, [TABLE], "FILE")

    text = path.read_text("utf-8")
    assert text.startswith(f"# Before\n{render([results()], 'github')}\n\n### first")


def test_a_summary_takes_more_than_a_comment(tmp_path: Path) -> None:
    """A mebibyte: 26 models are whole."""
    append(tmp_path / "summary.md", sections([models(26)]), "FILE")

    assert f"{render([models(26)], 'github')}\n\n" == (tmp_path / "summary.md").read_text("utf-8")


@pytest.mark.parametrize("taken", [SUMMARY - 10_000, SUMMARY - 10, SUMMARY + 10])
def test_a_summary_never_grows_beyond_what_is_taken(tmp_path: Path, taken: int) -> None:
    """GitHub drops one that is longer, all of it: so what fits is written, or nothing."""
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * taken)

    problem = append(path, sections([models(26)]), "FILE")

    assert max(taken, SUMMARY) >= path.stat().st_size
    assert ("is full" in problem) is (taken > SUMMARY - 100)
    assert ("Left out" in path.read_text("utf-8")) is not bool(problem)


def test_a_summary_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """In words, since no measurement fails for it."""
    problem = append(tmp_path, [TABLE], "FILE")

    assert problem.startswith(f"{tmp_path} cannot be written: ")


def test_what_is_no_character_is_written_as_an_escape(tmp_path: Path) -> None:
    """JSON may hold half of a pair, which UTF-8 cannot."""
    assert "" == append(tmp_path / "summary.md", [Section("\ud800", ["a"])], "FILE")
    assert r"### \ud800" in (tmp_path / "summary.md").read_text("utf-8")
