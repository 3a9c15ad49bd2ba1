"""Published results: made of records alone, the same again, and nothing else left to stand."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest
from helpers.commands import answer
from helpers.publishing import (
    BEGIN,
    END,
    PLACE,
    ROOT,
    accounted,
    environment,
    filed,
    made_of,
    names_of,
    publish,
    text_of,
)
from helpers.support import (
    NASTY,
    file,
    isolate_registries,
    record,
    results_of,
    run,
    weighed,
    without,
)
from hypothesis import given
from hypothesis import strategies as st

from weighin import registry
from weighin.core import Record
from weighin.publish import folders, markdown, model, pages, readme, site
from weighin.records import store
from weighin.report import comment
from weighin.report.layout import Section

KERAS_ONLY = run("baseline", 0.95, 1e-4, format="h5", runtime="keras-cpu")

BOTH_SEEDS = [
    each
    for seed in (0, 1)
    for each in (
        *file("baseline", 9, 8, seed=seed),
        *run("baseline", 0.95, 1e-4, seed=seed),
        *file("int8", 3, 2, seed=seed),
    )
] + run("int8", 0.949, 1e-4)

FAILED_SEED = without("top1 top1_delta latency speedup", "failed", "no", variant="int8", seed=1)


def test_what_is_committed_is_what_its_records_give() -> None:
    """Every page, table, figure and headline of this repository; `weighin publish` mends it."""
    made = site.make(ROOT)

    assert [] == site.differing(ROOT, made)


def test_committed_links_lead_somewhere() -> None:
    """Every relative link of a generated page, and of README."""
    made = site.make(ROOT)
    broken = [
        (path.name, target)
        for path, text in made.items()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#]+)\)", text)
        if "://" not in target and not (path.parent / unquote(target)).exists()
    ]

    assert [] == broken


def test_publishing_twice_changes_nothing(published_project: Path) -> None:
    """What was written is what is found."""
    first = site.write(published_project, site.make(published_project))

    assert first
    assert [] == site.write(published_project, site.make(published_project))


def test_a_folder_has_its_pages(published_project: Path) -> None:
    """One for each model, and those that the records call for."""
    names = names_of(site.make(published_project))

    assert [
        "README.md",
        "README.md",
        "curves.md",
        "machine.md",
        "small-curve.svg",
        "small.md",
        "tables.csv",
        "wide.md",
    ] == names


@pytest.mark.parametrize("name", ["small.md", "tables.csv", "small-curve.svg", "README.md"])
def test_an_edit_by_hand_is_caught(published_project: Path, name: str) -> None:
    """`--check` names the file, changes nothing and exits with 1; publishing mends it."""
    publish()
    path = (
        published_project / "results" / name
        if name == "README.md"
        else published_project / PLACE / name
    )
    whole = path.read_text("utf-8")
    path.write_text(whole.replace("small", "smell", 1), "utf-8")

    checked = publish("--check")

    assert 1 == checked.exit_code
    assert f"differs: {path.relative_to(published_project)}" in checked.output
    assert whole != path.read_text("utf-8")
    assert 0 == publish().exit_code
    assert whole == path.read_text("utf-8")


def test_what_is_made_no_more_is_deleted(published_project: Path) -> None:
    """Generated files only: what somebody else laid there stays."""
    publish()
    note = published_project / PLACE / "note.md"
    note.write_text("By hand.\n")
    (published_project / PLACE / "curve.json").unlink()

    checked = publish("--check")
    publish()

    assert 1 == checked.exit_code
    assert f"differs: stale: {PLACE / 'curves.md'}" in checked.output
    assert not (published_project / PLACE / "curves.md").exists()
    assert not (published_project / PLACE / "small-curve.svg").exists()
    assert note.exists()
    assert 0 == publish("--check").exit_code


def test_the_headline_stands_between_its_marks(published_project: Path) -> None:
    """One table, one figure, a sentence; the text around them stays."""
    publish()
    text = (published_project / "README.md").read_text("utf-8")
    between = text.partition(BEGIN)[2].partition(END)[0]

    assert text.startswith("Before.\n\n<!--")
    assert text.endswith("-->\n\nAfter.\n")
    assert "`prune(0.8)+int8` is 12.1 times smaller" in between
    assert "### small on digits" in between
    assert "(results/box/2024-05-06-abc1234/small-curve.svg)" in between
    assert "keras" not in between


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], ""),
        ([*file("baseline", 9, 8, format="h5"), *KERAS_ONLY], ""),
        ([*file("baseline", 9, 8), *run("baseline", 0.95, 1e-4)], "UTC:\n"),
        ([*BOTH_SEEDS, *run("int8", 0.949, 1e-4, seed=1)], "4.0 times smaller after gzip than"),
        ([*BOTH_SEEDS, *FAILED_SEED], "UTC:\n"),
    ],
    ids=["nothing", "Keras alone", "dense alone", "two seeds", "one of two seeds failed"],
)
def test_the_headline_says_what_was_measured_of_every_seed(
    tmp_path: Path, records: list[Record], said: str
) -> None:
    """Nothing where the main runtime weighed nothing; no praise of the dense file itself."""
    (tmp_path / "README.md").write_text(f"{BEGIN}\n{END}\n")
    made = made_of(tmp_path, *records, date="2024-05-06 07:08 UTC")

    assert said in made[tmp_path / "README.md"]
    assert bool(said) == ("### small on digits" in made[tmp_path / "README.md"])
    assert "seeds [" not in made[tmp_path / "README.md"].partition("###")[0]


def test_readme_names_the_smallest_files_of_the_newest_record(published_project: Path) -> None:
    """Of each model the smallest that is no worse, below 4 bytes a parameter, the best first."""
    begin, end = readme.marks("record")
    front = published_project / "README.md"
    front.write_text(f"{begin}\nold\n{end}\n")
    assert f"{begin}\nold\n{end}\n" == site.make(published_project)[front]

    for day, size in ((3, 1_000), (7, 16_000)):
        own = [*weighed("baseline", 370_000), *weighed("int8", size), *weighed("qat", 9, 0, 900)]
        own += [*weighed("finetune", 90), *weighed("float16", 80, runtime="keras-cpu")]
        own += [*weighed("baseline", 9, model="b"), *weighed("int8", 5_000, model="b")]
        ran = accounted(results_of(environment(suite="record"), tuple(own)))
        filed(published_project, "record", ran, f"box/2024-05-0{day}-abc1234")

    said = site.make(published_project)[front]
    assert "parameter of the dense model: b 80 times, small 25 times. None is found" in said
    assert "chosen and stated on the same test images: optimistic." in said
    assert "(results/box/2024-05-07-abc1234/record.md)" in said
    assert "old" not in said


def test_a_readme_without_marks_is_left_alone(published_project: Path) -> None:
    """Other projects have READMEs of their own."""
    (published_project / "README.md").write_text("Mine.\n")

    publish()

    assert "Mine.\n" == (published_project / "README.md").read_text()


def test_the_headline_is_of_the_fullest_suite(published_project: Path) -> None:
    """The first run of the folder with most of its models, of several such of the newest."""
    for day, name in ((3, "old"), (7, "big"), (8, "later")):
        full = environment(suite="full", date=f"2024-05-0{day} 01:02 UTC")
        records = (*file("baseline", 9, 8, model=name), *file("int8", 3, 2, model=name))
        place = f"box/2024-05-0{min(day, 7)}-abc1234"
        filed(published_project, name, accounted(results_of(full, records)), place)

    assert "### big on digits" in site.make(published_project)[published_project / "README.md"]
    filed(published_project, "one", accounted(results_of(full, records)), "box/2024-05-09-abc1234")
    assert "### big on digits" in site.make(published_project)[published_project / "README.md"]
    small = tuple(each.of(model="newest") for each in records)
    filed(published_project, "a", accounted(results_of(full, small)), "box/2024-05-09-abc1234")
    assert "### newest on digits" in site.make(published_project)[published_project / "README.md"]


def test_bare_numbers_are_of_all_runs(published_project: Path) -> None:
    """One row for each variant, runtime and seed, with the run's name."""
    rows = list(csv.DictReader(io.StringIO(text_of(site.make(published_project), "tables.csv"))))

    assert {"quick", "curve"} == {row["run"] for row in rows}
    assert "97500" in {row["gzip_bytes"] for row in rows}


def test_nothing_published_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way out; and no empty index is written."""
    monkeypatch.chdir(tmp_path)

    done = publish()

    assert 2 == done.exit_code
    assert "weighin publish FILE" in done.output
    assert [] == list(tmp_path.iterdir())


def test_records_that_do_not_account_for_their_artifacts_are_refused(
    published_project: Path,
) -> None:
    """The message names the file and the fault; nothing is written."""
    path = published_project / PLACE / "quick.json"
    own = store.load(path)
    foreign = dataclasses.replace(own.records[0], artifact="f0" * 32)
    store.save(path, results_of(own.environment, (foreign, *own.records[1:])))

    done = publish()

    assert 2 == done.exit_code
    assert "quick.json cannot be published" in done.output
    assert "f0f0f0f0f0f0" in done.output
    assert ["curve.json", "quick.json"] == names_of(list((published_project / PLACE).iterdir()))


def test_a_projects_own_export_accounts_for_its_files(
    published_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is registered by the project's definitions, as when the files were made."""
    isolate_registries(monkeypatch)
    for folder in ("bench", "models"):
        (published_project / folder).mkdir()
    (published_project / "bench" / "suite.py").write_text("")
    export = "from weighin import export\n\n\n@export('odd')\ndef odd(model): ...\n"
    (published_project / "models" / "mine.py").write_text(export)
    registry.exports.add("odd", print)
    filed(published_project, "odd", accounted(results_of(environment(), tuple(file("odd", 3, 2)))))
    registry.exports._objects.pop("odd")

    done = publish()

    assert 0 == done.exit_code, done.output


def test_publishing_loads_no_tensorflow(child_environment: Mapping[str, str]) -> None:
    """Nor anything else that builds or runs a model."""
    code = (
        "import json, sys; from click.testing import CliRunner; from weighin.cli import main; "
        "done = CliRunner().invoke(main, ['publish', '--check']); "
        "print(json.dumps([done.exit_code, sorted(sys.modules)]))"
    )
    exit_code, loaded = answer(code, environment=child_environment, folder=ROOT)

    assert 0 == exit_code
    heavy = {"tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "ai_edge_litert"}
    assert set() == heavy & set(loaded)


def redrawn(svg: str, version: str) -> str:
    """The figure as another Matplotlib might have drawn it."""
    moved = svg.replace('d="M ', 'd="M 0 0 M ')
    return re.sub(r"Matplotlib v[^,<]*", f"Matplotlib v{version}", moved)


def test_figures_of_another_matplotlib_are_held_by_their_words(published_project: Path) -> None:
    """Coordinates differ from release to release; of one release every byte counts."""
    publish()
    path = published_project / PLACE / "small-curve.svg"
    own = path.read_text("utf-8")
    versions = set(re.findall(r"Matplotlib v([^,<]*)", own))
    made = site.make(published_project)
    wrong = []
    moved = redrawn(own, "0.1")
    for text in (moved, redrawn(own, *versions), moved.replace("2 seeds", "9 seeds")):
        path.write_text(text, "utf-8")
        wrong.append(names_of(site.differing(published_project, made)))

    assert [[], ["small-curve.svg"], ["small-curve.svg"]] == wrong


EVIL = [
    *("../x", "a|b", "<script>alert(1)</script>", "two\nlines", "![p](http://x/y.png)"),
    *("record", ".", ""),
]


def test_names_from_records_are_harmless(tmp_path: Path) -> None:
    """No file outside the folder, no HTML, no broken table, no link or picture, no lost page."""
    records = [each for name in EVIL for each in file("baseline", 9, 8, model=name, dataset=name)]
    records += [
        record("top1", None, status="failed", reason=NASTY, model=name, dataset=name)
        for name in EVIL
    ]
    made = made_of(tmp_path, *records, suite="<b>|", profile="../..\n# <i>")
    pages = {path: text for path, text in made.items() if path.suffix == ".md"}

    assert {tmp_path / PLACE, tmp_path / "results"} == {path.parent for path in made}
    assert len([*EVIL, "ladder.md", "machine.md", "README.md"]) == len(pages)
    assert all(re.fullmatch(r"[\w.-]+", path.name) for path in made)
    front = tmp_path / "README.md"
    front.write_text(f"{BEGIN}\n{END}\n")
    made_up = {**environment(suite="quick", profile="<i>\n# x", date=f"{END}<b>")}
    filed(tmp_path, "quick", accounted(results_of(made_up, tuple(records))))
    inserted = site.make(tmp_path)[front].replace(BEGIN, "").replace(END, "", 1)
    for text in (*pages.values(), inserted):
        bare = text.replace(markdown.MARK, "")
        assert "<" not in re.sub(r"`[^`]*`", "", bare)
        assert "](http" not in bare
        assert "\n# <" not in text
        assert "\n# x" not in text
        tables = re.findall(r"(?:^\|.*\n)+", bare, re.MULTILINE)
        for each in tables:
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in each.splitlines()}
            assert 1 == len(widths)


@given(st.text("a|\\](", max_size=9))
def test_no_text_ends_its_cell(text: str) -> None:
    """Whatever stands before a bar; GitHub reads a backslash with what follows it first."""
    whole = markdown.table(["header"], [[text]]).splitlines()[-1]
    section = Section("", ["header" * 50], [[text]] * 9)  # with padding too long
    narrow = comment.fit([section], "", limit=2000).splitlines()[-1]

    assert narrow.startswith("|")
    for row in (whole, narrow):
        assert 2 == re.sub(r"\\.", "", row).count("|")


@given(st.text(max_size=80), st.text(max_size=80))
def test_pages_are_named_apart_and_safely(one: str, other: str) -> None:
    """Whatever models are called."""
    first, second = model.name(one), model.name(other)

    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", first)
    assert first.lower() not in {"machine", "readme", "tables", *pages.pages}
    assert (one == other) == (first == second)


def test_other_folders_are_none_of_ours(published_project: Path) -> None:
    """What lies in `local/` or is no `<date>-<commit>` is neither read nor touched."""
    for place in ("local/2024-05-06-abc1234", "box/notes"):
        (published_project / "results" / place).mkdir(parents=True)
        (published_project / "results" / place / "run.json").write_text("no results")
        (published_project / "results" / place / "run.md").write_text(markdown.MARK)

    assert 0 == publish().exit_code
    assert ["box"] == [folder.machine for folder in folders.read(published_project / "results")]
    assert (published_project / "results" / "local" / "2024-05-06-abc1234" / "run.md").exists()
    assert (published_project / "results" / "box" / "notes" / "run.md").exists()


def test_readme_says_where_no_file_is_known_to_be_no_worse(published_project: Path) -> None:
    """As of older runs, whose counts do not tell how a file stands beside the control."""
    begin, end = readme.marks("record")
    front = published_project / "README.md"
    front.write_text(f"{begin}\nold\n{end}\n")
    own = [*weighed("baseline", 370_000), *weighed("finetune", 90, 200, 0)]
    own += [*weighed("prune(0.9)", 900, 5, 3)]
    older = accounted(results_of(environment(suite="record"), tuple(own)))
    filed(published_project, "record", older, "box/2024-05-08-abc1234")

    assert "is it known yet that it is no worse" in site.make(published_project)[front]
