"""Figures: the same records give the same picture, and it says what it shows."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import pytest
from helpers.commands import run_python
from helpers.support import operating_points, record, results_of, run

from weighin.core import Results, WeighinError
from weighin.report.curve import Point, curves
from weighin.report.figure import draw, styles


def drawn(results: Results, path: Path) -> str:
    """The SVG of results' curves."""
    draw(curves(results), path)
    return path.read_text("utf-8")


def words(svg: str) -> str:
    """The text of an SVG: Matplotlib leaves it in comments beside the outlines of its letters."""
    return "\n".join(re.findall(r"<!-- (.*?) -->", svg, re.DOTALL))


def test_a_figure_says_what_it_shows(tmp_path: Path) -> None:
    """Axes with units, every family, the baseline, seeds and test images."""
    text = words(drawn(operating_points(), tmp_path / "curve.svg"))

    for word in (
        "small on digits, litert",
        "top-1 on the test set (%)",
        "compression: × smaller after gzip -9",
        "speed-up: × faster than the baseline",
        "baseline",
        "Pareto front",
        "prune(·)",
        "prune(·,criterion=random)",
        "prune(·)+int8",
        "mean of 2 seeds",
        "±1 standard deviation",
        "1,000 test images",
    ):
        assert word in text


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    """No date, no random names, and nothing that a user has set for other figures."""
    first = drawn(operating_points(), tmp_path / "first.svg")
    with mpl.rc_context({"font.size": 20, "svg.hashsalt": None, "axes.facecolor": "red"}):
        second = drawn(operating_points(), tmp_path / "second.svg")

    assert first == second
    assert "dc:date" not in first


def test_other_records_give_another_picture(tmp_path: Path) -> None:
    """One point elsewhere is seen."""
    results = operating_points()
    fewer = results_of(results.environment, results.records[:-1])

    assert drawn(results, tmp_path / "a.svg") != drawn(fewer, tmp_path / "b.svg")


def test_one_seed_has_intervals_for_bars(tmp_path: Path) -> None:
    """And says so."""
    one = [each for each in operating_points().records if each.seed == 0]
    text = words(drawn(results_of({}, tuple(one)), tmp_path / "one.svg"))

    assert "one seed; bars: 95 % intervals" in text
    assert "standard deviation" not in text


def test_families_differ_in_colour_and_in_marker(tmp_path: Path) -> None:
    """Neighbours in both, and of many families no two in neither."""
    row = curves(operating_points())[0].rows[0]
    looks = list(styles(Point(f"prune({n})", None, row) for n in range(40)).values())
    svg = drawn(operating_points(), tmp_path / "curve.svg")

    assert 40 == len({tuple(look.values()) for look in looks})
    for one, other in itertools.pairwise(looks):
        assert one["color"] != other["color"]
        assert one["marker"] != other["marker"]
    for look in looks[:4]:  # as many as these results have
        assert look["color"] in svg


def test_a_panel_without_figures_says_so(tmp_path: Path) -> None:
    """Nothing was measured beside the baseline."""
    records = [record("top1", 0.9, variant=f"prune({at})") for at in (0.5, 0.9)]

    assert "not measured" in words(drawn(results_of({}, tuple(records)), tmp_path / "none.svg"))


def test_every_curve_is_drawn(tmp_path: Path) -> None:
    """Several runtimes stand one below the other."""
    records = [*run("int8", 0.9, 1e-4), *run("int8", 0.9, 1e-4, threads=4)]
    text = words(drawn(results_of({}, tuple(records)), tmp_path / "two.svg"))

    assert "small on digits, litert\n" in text
    assert "small on digits, litert ×4" in text


def test_names_are_no_formulas(tmp_path: Path) -> None:
    """What looks like one in a name from a file is drawn as it stands, or it could not be drawn."""
    records = [record("top1", 0.9, model="$\\no$", variant=f"prune({at})") for at in (0.5, 0.9)]

    assert "$\\no$ on digits" in words(drawn(results_of({}, tuple(records)), tmp_path / "odd.svg"))


def test_png_by_its_ending(tmp_path: Path) -> None:
    """The file's ending says what is written, in whatever case."""
    draw(curves(operating_points()), tmp_path / "curve.PNG")

    assert b"\x89PNG" == (tmp_path / "curve.PNG").read_bytes()[:4]


@pytest.mark.parametrize("name", ["curve.jpg", "curve", "curve.svg.gz"])
def test_other_endings_are_refused(name: str, tmp_path: Path) -> None:
    """The message names the file and what can be drawn; nothing is written."""
    with pytest.raises(WeighinError, match=r"\.svg or \.png") as refusal:
        draw(curves(operating_points()), tmp_path / name)

    assert name in str(refusal.value)
    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """As everywhere else, by name."""
    (tmp_path / "file").write_text("This is no folder.")

    with pytest.raises(WeighinError, match="cannot be written"):
        draw(curves(operating_points()), tmp_path / "file" / "curve.svg")


def test_matplotlib_is_loaded_for_drawing_only(child_environment: Mapping[str, str]) -> None:
    """The command line and pytest's plugin start without it."""
    code = "import sys, weighin.cli, weighin.pytest_plugin; print('matplotlib' in sys.modules)"
    done = run_python("-c", code, environment=child_environment)

    assert (0, "False") == (done.returncode, done.stdout.strip())
