"""The report page as a file: its versions, and that nothing in a name breaks out of it.

What it does in a browser is in `test_page_browser.py`.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import answer
from helpers.support import (
    ENVIRONMENT,
    NASTY,
    file,
    operating_points,
    record,
    results,
    results_of,
    run,
)

import weighin
from weighin.core import Results, WeighinError
from weighin.records import store
from weighin.report import versions
from weighin.report.page import NAME, render, write
from weighin.report.page.contents import contents

ROOT = Path(weighin.__file__).resolve().parent.parent
OWN_FILES = {"page.html", "page.css", "layers.js", "tables.js", "plots.js"}


def block(page: str) -> str:
    """The page's JSON as it stands in its source."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


# -- versions -----------------------------------------------------------------------------------


def on(tensorflow: str, gzip: int = 1000, **changes: Any) -> Results:
    """A run on this TensorFlow, int8 of that size after gzip."""
    records = [*file("baseline", 9000, 8000), *run("baseline", 0.95, 1e-4)]
    records += [*file("int8", 2000, gzip, artifact=""), *run("int8", 0.95, 1e-4)]
    packages = {"packages": {"tensorflow": tensorflow}}
    return results_of(ENVIRONMENT | packages | changes, tuple(records))


def matrices(*runs: Results) -> list[dict[str, Any]]:
    """What the page says of versions."""
    found: list[dict[str, Any]] = contents([(f"{n}.json", each) for n, each in enumerate(runs)])[
        "versions"
    ]
    return found


def test_several_versions_have_the_version_matrix() -> None:
    """The one that `weighin table --by tensorflow` prints."""
    runs = on("2.21.0"), on("2.19.1", gzip=1500)
    expected = versions.sections(versions.matrix(runs))

    assert [[each.title, each.headers, each.rows, each.lines] for each in expected] == [
        [each["title"], each["headers"], each["rows"], each["lines"]] for each in matrices(*runs)
    ]


def test_one_version_has_none() -> None:
    """However many files it has."""
    assert [] == matrices(on("2.21.0"), on("2.21.0"))


def test_suites_are_not_mixed_in_a_matrix() -> None:
    """Each that was weighed on several versions has its own, by its name; the others have none."""
    quick = [on(version, suite="quick") for version in ("2.21.0", "2.19.1")]
    titles = [each["title"] for each in matrices(*quick, on("2.21.0", suite="record"))]

    assert titles
    assert all(title.endswith("(quick)") for title in titles)


def test_versions_that_do_not_compare_say_why() -> None:
    """The page is written all the same."""
    other = on("2.19.1", datasets={"digits": {"digest": "e2" * 32}})

    (said,) = matrices(on("2.21.0"), other)

    assert "different data" in said["lines"][0]


# -- files --------------------------------------------------------------------------------------


def test_an_environment_that_says_nothing_is_shown(tmp_path: Path) -> None:
    """Old or foreign results files have a page, too."""
    path = write([("run.json", results_of({}, (record("top1", 0.9),)))], tmp_path)

    assert "top1" in path.read_text("utf-8")


# -- the page as a file -------------------------------------------------------------------------


def test_nothing_in_a_name_ends_the_block_of_data() -> None:
    """No `<` stands in it, and it reads back as it was, holes of the template and all."""
    names = ["</script><script>alert(1)</script>", "{{style}}", "<!--", NASTY]
    records = [each for name in names for each in run(name, 0.9, 1e-4, model=name)]
    runs = [("run.json", results_of(ENVIRONMENT | {"suite": names[0]}, tuple(records)))]
    source = block(render(runs))

    assert "<" not in source
    assert source.isascii()
    assert json.loads(json.dumps(contents(runs))) == json.loads(source)


def test_no_name_turns_a_line_of_the_page_around() -> None:
    """What ends a line or turns its direction, and what UTF-8 cannot write, is shown as it is."""
    names = ["\u202egpj.exe", "\ud800", "a\u2028b", "\x1b[31m"]
    records = [each for name in names for each in run(name, 0.9, 1e-4, model=name)]
    source = json.loads(block(render([("run.json", results_of(ENVIRONMENT, tuple(records)))])))

    shown = [r"\u202egpj.exe", r"\ud800", r"a\u2028b", r"\x1b[31m"]
    assert shown == source["head"]["models"]
    assert shown == [row["variant"] for part in source["sections"] for row in part["rows"]]


def test_the_page_loads_nothing_and_runs_its_own_scripts_only() -> None:
    """No address but those inside scripts; each script's digest is in the policy."""
    page = render([("run.json", operating_points())])
    scripts = re.findall(r"<script( [^>]*)?>(.*?)</script>", page, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)

    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert not re.search(r"https?:|(src|href)=\"(?!#|data:)|@import|url\(", outside)
    assert 5 == len(scripts)
    for attributes, script in scripts:
        if "json" not in attributes:
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy[1]


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    """Into a folder that is made, and nothing beside it."""
    path = write([("run.json", operating_points())], tmp_path / "new" / "report")

    assert tmp_path / "new" / "report" / NAME == path
    assert [path] == list(path.parent.iterdir())
    assert path.read_text("utf-8").rstrip().endswith("</html>")


def test_results_without_records_have_no_page(tmp_path: Path) -> None:
    """An empty page would look like a mistake of the browser's."""
    with pytest.raises(WeighinError, match="no records"):
        write([("run.json", results_of({}, ()))], tmp_path)

    assert [] == list(tmp_path.iterdir())


def test_without_plotly_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is installed with weighin, but may have been taken away."""
    monkeypatch.setattr(util, "find_spec", lambda _: None)

    with pytest.raises(WeighinError, match="pip install plotly"):
        write([("run.json", operating_points())], tmp_path)

    assert [] == list(tmp_path.iterdir())


def test_report_is_written_without_what_is_slow_to_load(
    tmp_path: Path, child_environment: Mapping[str, str]
) -> None:
    """No TensorFlow, and not the packages whose pictures are drawn or shown."""
    store.save(tmp_path / "run.json", operating_points())
    code = (
        "import json, sys; from click.testing import CliRunner; from weighin.cli import main; "
        "done = CliRunner().invoke(main, sys.argv[1:]); "
        "print(json.dumps([done.exit_code, done.output.strip(), sorted(sys.modules)]))"
    )
    command = ["report", str(tmp_path / "run.json"), "-o", str(tmp_path / "page")]
    exit_code, output, loaded = answer(code, *command, environment=child_environment)

    assert (0, str(tmp_path / "page" / NAME)) == (exit_code, output)
    assert set() == {"tensorflow", "tf_keras", "plotly", "matplotlib"} & set(loaded)


def test_the_page_is_the_same_for_the_same_records() -> None:
    """No date and no random name."""
    assert render([("a.json", results())]) == render([("a.json", results())])


def test_the_wheel_brings_styles_and_scripts() -> None:
    """What is not Python is easily left out of a package."""
    pytest.importorskip("hatchling", reason="hatchling says what a wheel holds")
    from hatchling.builders.wheel import WheelBuilder

    files = {each.distribution_path for each in WheelBuilder(str(ROOT)).recurse_included_files()}

    assert {f"weighin/report/page/{name}" for name in OWN_FILES} <= files
