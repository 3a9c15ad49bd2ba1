"""Published results: made of records alone, the same again, and nothing else left to stand."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from publishing import accounted, environment, filed, names_of, text_of
from support import (
    ENVIRONMENT,
    NASTY,
    file,
    isolate_registries,
    operating_points,
    record,
    results,
    run,
    weighed,
    without,
)

import weighin
from weighin import registry, store
from weighin.cli import main
from weighin.core import Record, Results, WeighinError
from weighin.publish import factors, filing, folders, markdown, model, published, readme, site
from weighin.report import comment, table
from weighin.report.layout import Section

ROOT = Path(weighin.__file__).resolve().parent.parent
FACTS = ROOT / "models" / "published"
PLACE = Path("results", "box", "2024-05-06-abc1234")
BEGIN, END = readme.marks("headline")


KERAS_ONLY = run("baseline", 0.95, 1e-4, format="h5", runtime="keras-cpu")
BOTH_SEEDS = [
    each
    for seed in (0, 1)
    for each in (
        *file("baseline", 9, 8, seed=seed),
        *run("baseline", 0.95, 1e-4, seed=seed),
        *file("int8", 3, 2, seed=seed),
    )
] + run("int8", 0.9, 1e-4)
FAILED_SEED = without("top1 top1_delta latency speedup", "failed", "no", variant="int8", seed=1)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two published runs, one of them of operating points; the folder to be in."""
    filed(tmp_path, "quick", accounted(results(), **environment()))
    filed(tmp_path, "curve", accounted(operating_points(), **environment(suite="curve")))
    (tmp_path / "README.md").write_text(f"Before.\n\n{BEGIN}\n{END}\n\nAfter.\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def publish(*words: object) -> Result:
    """Run the command where the test is."""
    return CliRunner().invoke(main, ["publish", *map(str, words)])


def made_of(root: Path, *records: Record, **changes: object) -> dict[Path, str]:
    """What is made of one run."""
    filed(root, "quick", accounted(Results(environment(**changes), records)))
    return site.make(root)


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


def test_publishing_twice_changes_nothing(project: Path) -> None:
    """What was written is what is found."""
    first = site.write(project, site.make(project))

    assert first
    assert [] == site.write(project, site.make(project))


def test_a_folder_has_its_pages(project: Path) -> None:
    """One for each model, and those that the records call for."""
    names = names_of(site.make(project))

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
def test_an_edit_by_hand_is_caught(project: Path, name: str) -> None:
    """`--check` names the file, changes nothing and exits with 1; publishing mends it."""
    publish()
    path = project / "results" / name if name == "README.md" else project / PLACE / name
    whole = path.read_text("utf-8")
    path.write_text(whole.replace("small", "smell", 1), "utf-8")

    checked = publish("--check")

    assert 1 == checked.exit_code
    assert f"differs: {path.relative_to(project)}" in checked.output
    assert whole != path.read_text("utf-8")
    assert 0 == publish().exit_code
    assert whole == path.read_text("utf-8")


def test_what_is_made_no_more_is_deleted(project: Path) -> None:
    """Generated files only: what somebody else laid there stays."""
    publish()
    note = project / PLACE / "note.md"
    note.write_text("By hand.\n")
    (project / PLACE / "curve.json").unlink()

    checked = publish("--check")
    publish()

    assert 1 == checked.exit_code
    assert f"differs: stale: {PLACE / 'curves.md'}" in checked.output
    assert not (project / PLACE / "curves.md").exists()
    assert not (project / PLACE / "small-curve.svg").exists()
    assert note.exists()
    assert 0 == publish("--check").exit_code


def test_the_headline_stands_between_its_marks(project: Path) -> None:
    """One table, one figure, a sentence; the text around them stays."""
    publish()
    text = (project / "README.md").read_text("utf-8")
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
        ([*BOTH_SEEDS, *run("int8", 0.9, 1e-4, seed=1)], "4.0 times smaller after gzip than"),
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


def test_readme_names_the_smallest_files_of_the_newest_record(project: Path) -> None:
    """Of each model the smallest that is no worse, below 4 bytes a parameter, the best first."""
    begin, end = readme.marks("record")
    front = project / "README.md"
    front.write_text(f"{begin}\nold\n{end}\n")
    assert f"{begin}\nold\n{end}\n" == site.make(project)[front]

    for day, size in ((3, 1_000), (7, 16_000)):
        own = [*weighed("baseline", 370_000), *weighed("int8", size), *weighed("qat", 9, 0, 900)]
        own += [*weighed("finetune", 90), *weighed("float16", 80, runtime="keras-cpu")]
        own += [*weighed("baseline", 9, model="b"), *weighed("int8", 5_000, model="b")]
        ran = accounted(Results(environment(suite="record"), tuple(own)))
        filed(project, "record", ran, f"box/2024-05-0{day}-abc1234")

    said = site.make(project)[front]
    assert "parameter of the dense model: b 80 times, small 25 times. None is found" in said
    assert "(results/box/2024-05-07-abc1234/record.md)" in said
    assert "old" not in said


def test_the_index_praises_what_runs(tmp_path: Path) -> None:
    """No file, however small, that failed on its runtime; of the record what is no worse."""
    records = [
        *file("baseline", 9, 8),
        *run("baseline", 0.95, 1e-4),
        *file("int8", 3, 2),
        *run("int8", 0.95, 1e-4),
        *file("prune(0.9)+int8", 2, 1),
        *without("top1 top1_delta", "failed", "crashed", variant="prune(0.9)+int8"),
    ]
    index = made_of(tmp_path, *records)[tmp_path / "results" / "README.md"]
    better = "+0.00 points of top-1, not found worse by 1,000 images"
    assert f"up to 4 times smaller (int8), {better}" in index

    own = [*weighed("baseline", 370_000), *weighed("int8", 16_000), *weighed("qat", 9, 0, 900)]
    index = made_of(tmp_path, *own, suite="record")[tmp_path / "results" / "README.md"]
    assert "up to 25 times below 4 bytes per parameter, no worse than its dense start" in index


def test_the_ladder_says_what_its_marks_mean(tmp_path: Path) -> None:
    """Brackets, ± and the star, each where there is one."""
    own = {
        name: [*file("baseline", 9, 8, model=name), *file("int8", 3, 2, model=name)]
        for name in "ab"
    }
    for name, seeds in (("a", (0,)), ("b", (0, 1))):
        for seed in seeds:
            own[name] += run("baseline", 0.95, 1e-4, model=name, seed=seed)
            stopped = "time spent" if seed else "within ±1 %"
            own[name] += run("int8", 0.95, 1e-4, model=name, seed=seed, stopped=stopped)

    plain = text_of(
        made_of(tmp_path, *own["a"], *run("baseline", 0.9, 1e-4, model="c")), "ladder.md"
    )
    both = text_of(made_of(tmp_path, *own["a"], *own["b"]), "ladder.md")

    assert "[95 % interval]" in plain
    assert "standard deviation" not in plain
    assert "* its time" not in plain
    assert "± standard deviation over them" in both
    assert "* its time was spent before its interval was narrow enough" in both


def test_a_readme_without_marks_is_left_alone(project: Path) -> None:
    """Other projects have READMEs of their own."""
    (project / "README.md").write_text("Mine.\n")

    publish()

    assert "Mine.\n" == (project / "README.md").read_text()


def test_the_headline_is_of_the_fullest_suite(project: Path) -> None:
    """The first run of its newest folder."""
    for day, name in ((3, "old"), (7, "big"), (8, "later")):
        full = environment(suite="full", date=f"2024-05-0{day} 01:02 UTC")
        records = (*file("baseline", 9, 8, model=name), *file("int8", 3, 2, model=name))
        place = f"box/2024-05-0{min(day, 7)}-abc1234"
        filed(project, name, accounted(Results(full, records)), place)

    assert "### big on digits" in site.make(project)[project / "README.md"]


def test_bare_numbers_are_of_all_runs(project: Path) -> None:
    """One row for each variant, runtime and seed, with the run's name."""
    rows = list(csv.DictReader(io.StringIO(text_of(site.make(project), "tables.csv"))))

    assert {"quick", "curve"} == {row["run"] for row in rows}
    assert "97500" in {row["gzip_bytes"] for row in rows}


def test_nothing_published_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way out; and no empty index is written."""
    monkeypatch.chdir(tmp_path)

    done = publish()

    assert 1 == done.exit_code
    assert "weighin publish FILE" in done.output
    assert [] == list(tmp_path.iterdir())


def test_records_that_do_not_account_for_their_artifacts_are_refused(project: Path) -> None:
    """The message names the file and the fault; nothing is written."""
    path = project / PLACE / "quick.json"
    own = store.load(path)
    foreign = dataclasses.replace(own.records[0], artifact="f0" * 32)
    store.save(path, Results(own.environment, (foreign, *own.records[1:])))

    done = publish()

    assert 1 == done.exit_code
    assert "quick.json cannot be published" in done.output
    assert "f0f0f0f0f0f0" in done.output
    assert ["curve.json", "quick.json"] == names_of(list((project / PLACE).iterdir()))


def test_a_projects_own_export_accounts_for_its_files(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is registered by the project's definitions, as when the files were made."""
    isolate_registries(monkeypatch)
    for folder in ("bench", "models"):
        (project / folder).mkdir()
    (project / "bench" / "suite.py").write_text("")
    export = "from weighin import export\n\n\n@export('odd')\ndef odd(model): ...\n"
    (project / "models" / "mine.py").write_text(export)
    registry.exports.add("odd", print)
    filed(project, "odd", accounted(Results(environment(), tuple(file("odd", 3, 2)))))
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
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=child_environment,
        check=True,
    )
    exit_code, loaded = json.loads(done.stdout.splitlines()[-1])

    assert 0 == exit_code
    heavy = {"tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "ai_edge_litert"}
    assert set() == heavy & set(loaded)


def redrawn(svg: str, version: str) -> str:
    """The figure as another Matplotlib might have drawn it."""
    moved = svg.replace('d="M ', 'd="M 0 0 M ')
    return re.sub(r"Matplotlib v[^,<]*", f"Matplotlib v{version}", moved)


def test_figures_of_another_matplotlib_are_held_by_their_words(project: Path) -> None:
    """Coordinates differ from release to release; of one release every byte counts."""
    publish()
    path = project / PLACE / "small-curve.svg"
    own = path.read_text("utf-8")
    versions = set(re.findall(r"Matplotlib v([^,<]*)", own))
    made = site.make(project)
    wrong = []
    moved = redrawn(own, "0.1")
    for text in (moved, redrawn(own, *versions), moved.replace("2 seeds", "9 seeds")):
        path.write_text(text, "utf-8")
        wrong.append(names_of(site.differing(project, made)))

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
    filed(tmp_path, "quick", accounted(Results(made_up, tuple(records))))
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
    assert first.lower() not in model.RESERVED
    assert (one == other) == (first == second)


def test_one_machine_has_one_folder(project: Path, tmp_path: Path) -> None:
    """Found by processor, cores and instruction sets, whatever it was called and updated to."""
    machine = dict(ENVIRONMENT["machine"], system="Linux 7", memory_bytes=1)
    fresh = tmp_path / "fresh.json"
    store.save(fresh, accounted(Results(environment(machine=machine), tuple(file("int8", 3, 2)))))
    (path,) = filing.file_away([fresh], project / "results")

    assert "box" == path.parent.parent.name


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ({"cpu": "Intel(R) Xeon(R) Processor", "cores": 2}, "intel-xeon-2-cores"),
        (
            {"cpu": "AMD Ryzen 7 5800X 8-Core Processor", "cores": 16},
            "amd-ryzen-7-5800x-8-core-16-cores",
        ),
        ({"cpu": "Intel(R) Core(TM) i7 CPU @ 2.6GHz", "cores": 4}, "intel-core-i7-4-cores"),
        ({"cpu": "../../<evil>", "cores": "../1"}, "evil"),
        ({}, "unknown"),
    ],
)
def test_machines_are_called_by_processor_and_cores(
    tmp_path: Path, machine: dict[str, object], name: str
) -> None:
    """In small letters, with nothing that leads elsewhere."""
    path = tmp_path / "run.json"
    store.save(path, accounted(Results(environment(machine=machine), tuple(file("int8", 3, 2)))))
    (target,) = filing.file_away([path], tmp_path / "results")

    assert name == target.parent.parent.name


def test_another_machine_of_that_name_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """As where the same processor shows fewer instruction sets."""
    made = []
    for features in (["avx2"], ["avx"], ["avx2"]):
        machine = {"cpu": "Chip", "cores": 2, "cpu_features": features}
        path = tmp_path / "run.json"
        own = accounted(Results(environment(machine=machine), tuple(file("int8", 3, 2))))
        store.save(path, own)
        made += filing.file_away([path], tmp_path / "results")

    assert ["chip-2-cores", "chip-2-cores-2", "chip-2-cores"] == [
        path.parent.parent.name for path in made
    ]


@pytest.mark.parametrize(
    ("commit", "name"),
    [
        ("abc1234", "2024-05-06-abc1234"),
        ("abc1234-dirty", "2024-05-06-abc1234-dirty"),
        ("", "2024-05-06-unknown"),
        (None, "2024-05-06-unknown"),
        ("../../etc", "2024-05-06-unknown"),
    ],
)
def test_folders_are_called_by_date_and_commit(
    tmp_path: Path, commit: str | None, name: str
) -> None:
    """Unless the command says otherwise."""
    path = tmp_path / "run.json"
    own = environment(commit=commit) if commit is not None else environment()
    store.save(path, accounted(Results(own, tuple(file("int8", 3, 2)))))
    (target,) = filing.file_away([path], tmp_path / "results")
    (other,) = filing.file_away([path], tmp_path / "results", "mine", "2020-01-02-cf22e04")

    assert (name, "quick-small.json") == (target.parent.name, target.name)
    assert tmp_path / "results" / "mine" / "2020-01-02-cf22e04" / "quick-small.json" == other
    assert store.load(path) == store.load(target)


def test_the_same_run_again_replaces_and_others_stand_beside_it(tmp_path: Path) -> None:
    """Suite, profile and models say which run it is."""
    names = []
    for changes, models in (
        ({}, "small"),
        ({"date": "2024-05-06 23:00 UTC"}, "small"),
        ({"profile": "full"}, "small"),
        ({}, "small wide"),
        ({}, "wide huge"),
        ({}, "../x"),
    ):
        path = tmp_path / "run.json"
        records = [each for name in models.split() for each in file("int8", 3, 2, model=name)]
        store.save(path, accounted(Results(environment(**changes), tuple(records))))
        names += [each.name for each in filing.file_away([path], tmp_path / "results")]

    assert [
        *("quick-small.json", "quick-small.json", "quick-small-full.json"),
        *("quick.json", "quick-2.json", "quick-x-d6b96a97.json"),
    ] == names


def test_a_run_of_less_replaces_nothing(tmp_path: Path) -> None:
    """One that lacks a variant or seed stands beside the other; one that has more replaces it."""
    names = []
    for variants, seeds in (("int8 dynamic", 1), ("int8", 1), ("int8 dynamic", 2), ("dynamic", 1)):
        path = tmp_path / "run.json"
        records = [
            each
            for name in variants.split()
            for seed in range(seeds)
            for each in file(name, 3, 2, seed=seed)
        ]
        store.save(path, accounted(Results(environment(), tuple(records))))
        names += [each.name for each in filing.file_away([path], tmp_path / "results")]

    first, second, third = (f"quick-small{end}.json" for end in ("", "-2", "-3"))
    assert [first, second, first, third] == names


def test_runs_of_the_version_matrix_lie_apart(tmp_path: Path) -> None:
    """Called by their versions; of two that share these, the second is no repetition."""
    names = []
    for tensorflow, numpy in (("2.19.1", "1"), ("2.19.1", "2"), ("2.21.0", "2"), ("2.19.1", "1")):
        packages = {"tensorflow": tensorflow, "python": "3.11.7", "numpy": numpy}
        path = tmp_path / "run.json"
        store.save(
            path, accounted(Results(environment(packages=packages), tuple(file("int8", 3, 2))))
        )
        (target,) = filing.file_away([path], tmp_path / "results", "box", versions=True)
        names.append(target.relative_to(tmp_path / "results" / "box").as_posix())
    (folder,) = folders.read(tmp_path / "results")

    assert [
        *("2024-05-06-unknown/versions/tf219-py311.json",),
        *("2024-05-06-unknown/versions/tf219-py311-2.json",),
        *("2024-05-06-unknown/versions/tf221-py311.json",),
        *("2024-05-06-unknown/versions/tf219-py311.json",),
    ] == names
    assert ([], 3) == (folder.models, len(folder.versions))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--machine", "../x"], "--machine ../x: wanted"),
        (["--folder", "../x"], "--folder ../x: wanted"),
        (["--check"], "leave the FILES out"),
    ],
)
def test_options_that_make_no_sense_are_refused(project: Path, words: list[str], said: str) -> None:
    """Before anything is written."""
    before = sorted(project.rglob("*"))

    done = publish(PLACE / "quick.json", *words)

    assert 1 == done.exit_code
    assert said in done.output
    assert before == sorted(project.rglob("*"))


def test_what_is_filed_is_what_was_measured(project: Path) -> None:
    """Every sample, to the last digit."""
    before = store.load(project / PLACE / "quick.json")

    done = publish(PLACE / "quick.json", "--machine", "other")

    assert "filed: results/other/2024-05-06-unknown/quick.json" in done.output
    assert before == store.load(project / "results/other/2024-05-06-unknown/quick.json")


SIZES = st.floats(1e3, 1e7)
BOTH = f"{factors.PRUNED}+dynamic"
CELLS = [
    *(("baseline", "h5"), ("baseline", "tflite"), (factors.PRUNED, "h5")),
    *((factors.PRUNED, "tflite"), ("dynamic", "tflite"), (BOTH, "tflite")),
]


@given(st.lists(SIZES, min_size=6, max_size=6))
def test_factors_multiply_to_the_whole(sizes: list[float]) -> None:
    """On every way from the dense .h5 to the pruned and quantized .tflite."""
    ways = factors.factors({cell: {0: size} for cell, size in zip(CELLS, sizes, strict=True)})

    assert 3 == len(ways)
    for steps in ways.values():
        assert math.isclose(sizes[0] / sizes[5], math.prod(step[0] for step in steps))


def test_factors_are_of_seeds_that_have_every_file() -> None:
    """None where a file is missing."""
    whole = {cell: {0: 5.0, 1: 4.0} for cell in CELLS}
    partial = whole | {CELLS[2]: {1: 4.0}}

    assert [2, 1, 0] == [
        len(next(iter(factors.factors(sizes).values()), [[]])[0])
        for sizes in (whole, partial, {**whole, CELLS[2]: {}})
    ]


def of_article(
    variant: str, zipped: int, format: str = "tflite", **changes: object
) -> list[Record]:
    """One file of the article's model, and its accuracy."""
    own: dict[str, object] = {"model": "mnist_cnn", "dataset": "mnist"} | changes
    of_file = own | {"format": format, "runtime": "", "threads": 0}
    made = [
        *file(variant, 2 * zipped, zipped, **of_file),
        record("zip_bytes", zipped, unit="B", variant=variant, **of_file),
    ]
    return made + (run(variant, 0.98, 1e-4, **own) if format == "tflite" else [])


def the_article() -> tuple[Record, ...]:
    """Its dense start and its main rows, from two seeds."""
    made: list[Record] = []
    for seed in (0, 1):
        made += of_article("baseline", 1_600_000, "h5", seed=seed)
        made += of_article("baseline", 1_500_000, seed=seed)
        made += of_article(factors.PRUNED, 800_000, "h5", seed=seed)
        made += of_article(factors.PRUNED, 750_000, seed=seed)
        made += of_article("dynamic", 400_000, seed=seed)
        made += of_article(BOTH, 200_000 + 50_000 * seed, seed=seed)
    made += run("dynamic", 0.5, 1e-5, model="mnist_cnn", dataset="mnist", threads=2)
    return tuple(made)


def test_the_articles_rows_stand_beside_ours(tmp_path: Path) -> None:
    """Six rows, those not weighed as `not measured`; then what it lacks, then what is what."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    made = made_of(tmp_path, *the_article(), suite="article", profile="full")
    text = text_of(made, "article.md").replace("\N{NO-BREAK SPACE}", " ")
    rows = [line for line in text.splitlines() if line.startswith("| ")]

    first = text.partition("## The rows that it lacks")[0]

    assert 6 == len(re.findall(r"^\| (?!what)\w", first, re.MULTILINE))
    assert any("186,745 B" in line and "225,000 ± 35,355 B" in line for line in rows)
    assert any("7.20 ± 1.13" in line and "8.58" in line for line in rows)
    assert any("388,071 B" in line and "not measured" in line for line in rows)
    assert 1 == sum(line.startswith("| dynamic  ") for line in rows if " µs" in line)
    assert any(line.startswith("| dynamic ") and "4.00 ± 0.00" in line for line in rows)
    assert "| container 1.067 · pruning 2.000 · quantization 3.354 | 7.16 " in text
    assert "pruning 2.355 · container and quantization 3.641 | 8.58" in text.replace("  ", "")


def test_the_articles_ratios_are_of_every_seed_or_none(tmp_path: Path) -> None:
    """Where a seed's dense .h5 is missing, the mean is not that of the others."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    records = [
        each
        for each in the_article()
        if (each.variant, each.format, each.seed) != ("baseline", "h5", 1)
    ]
    made = made_of(tmp_path, *records, suite="article", profile="full")
    text = text_of(made, "article.md").partition("## The rows that it lacks")[2]
    row = next(line for line in text.splitlines() if line.startswith("| dynamic "))

    assert "| not measured in 1 of 2 seeds [" in row
    assert "4.00" not in row.split("|")[3]


def test_the_articles_sizes_are_of_every_seed_or_none(tmp_path: Path) -> None:
    """Where a seed failed, neither its rows nor its factors are those of the others."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    failed = {"status": "failed", "value": None, "reason": "no"}
    records = [
        dataclasses.replace(each, **failed)
        if (each.variant, each.seed, each.metric) == (BOTH, 1, "zip_bytes")
        else each
        for each in the_article()
    ]
    text = text_of(made_of(tmp_path, *records, suite="article", profile="full"), "article.md")

    row = next(line for line in text.splitlines() if "186,745" in line)
    assert "not measured" in row
    assert "200,000" not in text
    assert "quantization 3." not in text.partition("published")[0]


def test_quantization_by_one_scale_has_factors_of_its_own(tmp_path: Path) -> None:
    """Where it was weighed; it decides how much of the article's figure is reproduced."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    records = list(the_article())
    for seed in (0, 1):
        records += of_article("dynamic(scales=tensor)", 300_000, seed=seed)
        records += of_article(f"{BOTH}(scales=tensor)", 160_000, seed=seed)
    made = made_of(tmp_path, *records, suite="article", profile="full")
    text = text_of(made, "article.md")

    assert re.search(
        r"^\| prune\(0.7,begin=0.4\) ?\+dynamic\(scales=tensor\) .* 10.00 ", text, re.M
    )
    assert 3 == len(re.findall(r"^\| dynamic\(scales=tensor\) .*→.*\| 10.00 ", text, re.MULTILINE))


def test_no_article_without_its_rows(project: Path) -> None:
    """Other runs have no such page."""
    shutil.copytree(FACTS, project / "models" / "published")

    assert "article.md" not in names_of(site.make(project))


def test_applications_stand_beside_what_was_printed(tmp_path: Path) -> None:
    """All 26 of them; those that were not run are `not measured`."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    own = {"model": "VGG16", "dataset": "noise"}
    of_file = own | {"runtime": "", "threads": 0, "format": "h5"}
    records = [
        *file("baseline", 553_000_000, 500_000_000, **own),
        *file("baseline", 553_400_000, 500_000_000, **own, format="h5"),
        record("parameters", 138_357_544, **of_file),
        record("depth", 23, **of_file),
        *file("int8", 139_000_000, 120_000_000, **own),
        *run("baseline", 0.5, 0.1, **own),
        *run("int8", 0.5, 0.05, base=0.1, verdicts=("", "faster"), **own),
        *run("int8", 0.5, 0.02, base=0.1, threads=2, **own),
    ]
    made = made_of(tmp_path, *records, suite="applications")
    text = text_of(made, "applications.md").replace("\N{NO-BREAK SPACE}", " ")
    rows = [line for line in text.splitlines() if line.startswith("| VGG16")]

    assert 3 * 26 == len(re.findall(r"^\| [A-Z]\w+ ", text, re.MULTILINE))
    numbers = r"138,357,544 +\| 138,357,544 +\| \+0"
    assert re.search(rf"{numbers} +\| 528 MiB +\| 528 MiB +\| 527 MiB", rows[0])
    assert re.search(r"\| 23 +\| 23 +\|$", rows[0])
    assert "139 MB, 120 MB" in rows[1]
    assert "50.0 ms [49.5, 50.5]; × 2.00 [1.94, 2.06] faster" in rows[2]
    assert "not measured" in rows[2]


def test_applications_that_failed_are_not_counted(tmp_path: Path) -> None:
    """Their cells say that they failed, those of others that they were not measured."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    where = {"model": "VGG16", "variant": "baseline", "runtime": "", "threads": 0}
    records = [
        *file("baseline", 9, 8, model="Xception"),
        *without("file_bytes gzip_bytes", "failed", "no", **where),
        *without("parameters file_bytes depth", "failed", "no", **where, format="h5"),
    ]
    text = text_of(made_of(tmp_path, *records, suite="applications"), "applications.md")
    row = next(line for line in text.splitlines() if line.startswith("| VGG16"))

    assert "1 of the 26 models" in text
    assert 4 == row.count("failed")
    assert "not measured" not in row


def test_applications_name_the_weights_of_every_run(tmp_path: Path) -> None:
    """And all dates: each model is a run of its own."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    for day, name in enumerate(("VGG16", "Xception"), start=6):
        own = environment(date=f"2024-05-0{day} 01:02 UTC", weights={name: "random"})
        filed(tmp_path, name, accounted(Results(own, tuple(file("baseline", 9, 8, model=name)))))
    text = text_of(site.make(tmp_path), "applications.md")

    assert "dense starts: VGG16, Xception from random weights" in text
    assert "; 2024-05-06 01:02 UTC to 2024-05-07 01:02 UTC\n" in text


def test_published_figures_say_whether_they_compare(tmp_path: Path) -> None:
    """Each beside ours, or beside `not measured`."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    own = {"model": "resnet8", "dataset": "cifar10_raw"}
    anchors = {
        "resnet8": [{"source": "Me 1999", "times": 3, "counted": "bits <b>", "alike": False}]
    }
    made = made_of(tmp_path, *file("baseline", 318_000, 292_000, **own), anchors=anchors)
    section = text_of(made, "resnet8.md").partition("## Published beside ours")[2]
    section = section.replace("\N{NO-BREAK SPACE}", " ")

    assert re.search(r"file 318,144 B +\| 318,000 B +\| baseline .tflite, quick +\| like", section)
    assert re.search(r"Me 1999 .*× 3 .*not measured.*not like for like: bits &lt;b&gt;", section)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (run("int8", 0.86, 1e-4, threads=2), "86.00 % | int8 .tflite, quick |"),
        (run("int8", 0.88, 1e-4, seed=1), "87.00 % | int8 .tflite, quick, mean of 2 seeds |"),
        (without("top1", "failed", "no", variant="int8", seed=1), "not measured | int8 |"),
        (run("int8", 0.5, 1e-4, runtime="other"), "86.00 % | int8 .tflite, quick |"),
    ],
    ids=["two threads", "two seeds", "a failed seed", "two runtimes"],
)
def test_ours_is_one_figure_a_seed(tmp_path: Path, more: list[Record], said: str) -> None:
    """By one runtime on one thread; none where a seed failed."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    own = {"model": "resnet8", "dataset": "cifar10_raw_test1k"}
    records = [*run("int8", 0.86, 1e-4), *more]
    made = made_of(tmp_path, *(dataclasses.replace(each, **own) for each in records))
    text = text_of(made, "resnet8.md").replace("\N{NO-BREAK SPACE}", " ")
    (row,) = (line for line in text.splitlines() if "top-1 87.80 %" in line)

    assert said in re.sub(" +", " ", row)


def test_our_smallest_that_is_no_worse_stands_beside_published_ratios(tmp_path: Path) -> None:
    """By what the record counts, which a line below the table says."""
    anchors = {"small": [{"source": "Me 1999", "times": 3, "counted": "bits", "alike": True}]}
    records = [
        *(*file("baseline", 900, 800), *run("baseline", 0.95, 1e-4)),
        record("parameters", 250, runtime="", threads=0),
        *(*file("int8", 300, 100), *run("int8", 0.95, 1e-4)),
        *(*file("dynamic", 300, 50), *run("dynamic", 0.94, 1e-4, verdicts=("worse", ""))),
    ]
    notes = {"no evidence": "5 gained, 5 lost", "worse": "1 gained, 11 lost"}
    records = [
        dataclasses.replace(each, note=notes.get(each.verdict, each.note)) for each in records
    ]
    text = text_of(made_of(tmp_path, *records, anchors=anchors), "small.md")
    section = text.partition("## Published beside ours")[2].replace("\N{NO-BREAK SPACE}", " ")

    assert re.search(r"× 3 +\| × 10.00 +\| int8, seed 0, quick +\| like for like: bits", section)
    assert "flattered by the choice" in section


def test_facts_that_are_none_are_refused_by_line(tmp_path: Path) -> None:
    """A number that is none is named with its line."""
    (tmp_path / "figures.csv").write_text((FACTS / "figures.csv").read_text("utf-8") + "a,b\n")

    with pytest.raises(WeighinError, match=r"figures\.csv, line \d+"):
        published.read(tmp_path)


def test_committed_facts_name_metrics_and_variants() -> None:
    """Every published figure can stand beside one of ours."""
    from weighin import variant

    for each in published.read(FACTS):
        assert each.metric == published.TIMES or each.metric in registry.metrics
        assert not each.variant or each.variant == variant.parse(each.variant).name
        assert each.alike or each.note


def test_the_record_has_a_page(project: Path) -> None:
    """Of runs of that suite, with what others have published."""
    filed(project, "record", accounted(results(), **environment(suite="record")))
    text = text_of(site.make(project), "record.md")

    assert "## record" in text
    assert "McNemar" in text


def test_the_version_matrix_has_a_page(project: Path) -> None:
    """Where two releases were weighed; their runs are on no other page."""
    place = "box/2024-05-06-abc1234/versions"
    texts = []
    for tensorflow in ("2.19.1", "2.21.0"):
        packages = {"tensorflow": tensorflow, "python": "3.11.7"}
        records = (*file("baseline", 9, 8, model="old"), *file("int8", 3, 2, model="old"))
        own = Results(environment(packages=packages), records)
        filed(project, f"tf{tensorflow}", accounted(own), place)
        texts.append(site.make(project))

    assert "versions.md" not in names_of(texts[0])
    assert "old.md" not in names_of(texts[1])
    text = text_of(texts[1], "versions.md")
    assert "2.19.1" in text
    assert "2.21.0" in text


def test_runs_that_make_no_version_matrix_are_named_with_their_folder(project: Path) -> None:
    """Nobody named their files to the command, so its message has to."""
    for name in ("one", "other"):
        own = accounted(Results(environment(), tuple(file("int8", 3, 2))))
        filed(project, name, own, "box/2024-05-06-abc1234/versions")

    done = publish()

    assert 1 == done.exit_code
    assert f"{PLACE / 'versions'} holds one.json, other.json, which make no" in done.output


def test_the_ladder_has_a_page(tmp_path: Path) -> None:
    """Models from small to large, with the core variants; other suites have their own pages."""
    records = []
    for name, size in (("large", 900), ("little", 100)):
        own = {"model": name, "dataset": "digits"}
        for variant, share in (("baseline", 1), ("int8", 4), ("dynamic", 4)):
            records += file(variant, size, size // share, **own)
            records += run(variant, 0.95, 1e-4, **own)
    filed(tmp_path, "curve", accounted(Results(environment(suite="curve"), tuple(records))))
    alone = site.make(tmp_path)
    text = text_of(made_of(tmp_path, *records, suite="full"), "ladder.md")
    rows = re.findall(r"^\| (l\w+) .*?\| (baseline|int8|dynamic) ", text, re.MULTILINE)

    assert "ladder.md" not in names_of(alone)
    assert [
        *(("little", "baseline"), ("little", "int8")),
        *(("large", "baseline"), ("large", "int8")),
    ] == rows
    assert " 4.00 " in text


def test_the_machine_has_a_page(project: Path) -> None:
    """Calibration, instruction sets and versions; what differs between runs is all named."""
    packages = {"packages": {"tensorflow": "2.15.0"}}
    filed(project, "old", accounted(results(), **environment(suite="old", **packages)))
    text = text_of(site.make(project), "machine.md").replace("\N{NO-BREAK SPACE}", " ")

    assert "avx2 fma" in text
    assert "9 " in text
    assert "3.10 %" in text
    assert "2.21.0; 2.15.0" in text or "2.15.0; 2.21.0" in text
    assert "Example CPU &lt;1 GHz&gt;" in text


def test_the_index_has_every_page(project: Path) -> None:
    """By machine and date, a line each."""
    filed(project, "quick", accounted(results(), **environment()), "another/2024-01-01-unknown")
    made = site.make(project)
    index = made[project / "results" / "README.md"]

    assert index.index("## another") < index.index("## box")
    for path in made:
        if path.suffix in (".md", ".csv") and path.name != "README.md":
            assert f"]({path.relative_to(project / 'results').as_posix()}): " in index


def test_the_index_names_the_smallest_that_is_not_found_worse(tmp_path: Path) -> None:
    """Or says that nobody compared its accuracy."""
    lines = []
    for verdicts in (("worse", "same"), ("worse", "worse")):
        records = [*file("baseline", 9, 800), *run("baseline", 0.95, 1e-4)]
        for name, gzip, verdict in zip(("int8", "dynamic"), (100, 200), verdicts, strict=True):
            records += [*file(name, 9, gzip), *run(name, 0.9, 1e-4, verdicts=(verdict, ""))]
        of_noise = [*file("baseline", 9, 800, model="noisy"), *file("int8", 9, 100, model="noisy")]
        index = made_of(tmp_path, *records, *of_noise)[tmp_path / "results" / "README.md"]
        lines += re.findall(r"^- \[(?:small|noisy)\].*?(?: on digits)(.*)$", index, re.MULTILINE)

    assert [
        ", up to 4 times smaller (dynamic), -5.00 points of top-1, not found worse by 1,000 images",
        ", up to 8 times smaller (int8), accuracy not compared",
        "",
        ", up to 8 times smaller (int8), accuracy not compared",
    ] == lines


TRAINED = {"dataset": "digits", "epochs": 3, "validation_split": 0.2}


def of_recipe(records: list[Record], **recipe: Any) -> Results:
    """Records of a model whose dense start has this recipe."""
    start = {"stage": "dense start", "model": records[0].model, "recipe": recipe}
    facts = {"digits": {"train": 4000}}
    return Results(environment(artifacts={"a": [start]}, datasets=facts), tuple(records))


def test_random_weights_are_told(tmp_path: Path) -> None:
    """Of a model whose recipe trains nothing and names no weights, wherever it is shown."""
    own = [
        each
        for name in "ab"
        for each in (
            *file("baseline", 9, 800, model=name),
            *run("baseline", 0.5, 1e-4, model=name),
            *file("int8", 9, 100, model=name),
            *run("int8", 0.5, 1e-4, model=name),
        )
    ]
    whole = Results(environment(), tuple(own))
    filed(tmp_path, "quick", accounted(whole))
    before = site.make(tmp_path)
    filed(tmp_path, "quick", accounted(whole, recipe={"epochs": 0, "weights": None}))
    made = site.make(tmp_path)

    for name in ("ladder.md", "/a.md"):
        assert "from random weights" not in text_of(before, name)
        assert "from random weights" in text_of(made, name)
    assert "dense starts: a, b from random weights" in text_of(made, "ladder.md")
    assert "that of another training" in text_of(before, "/a.md")
    assert "that of another training" not in text_of(made, "/a.md")
    index = made[tmp_path / "results" / "README.md"]
    assert 2 == index.count("up to 8 times smaller (int8), of random weights")


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (TRAINED, ", 3,200 to train on, 800 held out"),
        ({**TRAINED, "validation_split": 0.0}, ", 4,000 to train on"),
        ({**TRAINED, "epochs": 0, "weights": {"file": "x"}}, ", 4,000 to calibrate on"),
        ({"dataset": "other"}, ", 4,000 to train on"),
    ],
)
def test_images_are_counted_as_the_recipe_uses_them(recipe: dict[str, Any], said: str) -> None:
    """What validation holds out trains nothing, and where nothing is trained images calibrate."""
    own = of_recipe([*file("baseline", 9, 8), *run("baseline", 0.9, 1e-4)], **recipe)

    assert f"digits: 1,000 test images{said};" in table.render([own], "text")


@pytest.mark.parametrize("artifacts", [None, [], {"a": None}, {"a": []}, {"a": [3]}, {"a": [{}]}])
def test_provenance_that_is_none_says_nothing(artifacts: Any) -> None:
    """A file from elsewhere may hold anything there."""
    records = (*file("baseline", 9, 8), *run("baseline", 0.9, 1e-4))
    own = Results(environment(artifacts=artifacts, datasets={"digits": {"train": 9}}), records)

    assert ", 9 to train on;" in table.render([own], "text")


def test_dates_and_commits_are_those_of_the_runs(tmp_path: Path) -> None:
    """Not of the folder, which is named after one of them; what is not recorded is said."""
    small = [*file("baseline", 9, 8), *run("baseline", 0.95, 1e-4)]
    for name, changes in {
        "first": {"date": "2024-05-04 01:02 UTC", "commit": "abc1234"},
        "later": {"date": "2024-05-06 01:02 UTC", "commit": "def5678"},
        "bare": {"date": "2024-05-05 01:02 UTC", "commit": None},
    }.items():
        filed(tmp_path, name, accounted(Results(environment(**changes), tuple(small))))
    made = site.make(tmp_path)
    said = "2024-05-04 to 2024-05-06, weighin at abc1234, a commit not recorded, def5678"

    assert f"### {said}\n" in made[tmp_path / "results" / "README.md"]
    assert f"), {said} · " in text_of(made, "small.md")
    assert re.search(r"\| bare .*\| not recorded ", text_of(made, "machine.md"))


def test_the_record_names_what_others_reached(project: Path) -> None:
    """Ratios that its own tables do not show, each with whether it compares."""
    shutil.copytree(FACTS, project / "models" / "published")
    own = {"model": "lenet5"}
    records = (*weighed("baseline", 370_000, **own), *weighed("int8", 100_000, **own))
    filed(project, "record", accounted(Results(environment(suite="record"), records)))

    shown = text_of(site.make(project), "record.md").replace("\N{NO-BREAK SPACE}", " ")

    assert re.search(r"\| lenet5 .*\| × 419 .*\| not like for like: at an error", shown)


def test_the_articles_rows_say_which_suite_they_want(tmp_path: Path) -> None:
    """Those of its sequel, where only the article's own were weighed."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    made = made_of(tmp_path, *the_article(), suite="article", profile="full")

    assert 3 == text_of(made, "article.md").count("`--weighin-suite article_schedules` was not run")


def test_printed_sizes_that_do_not_agree_are_named(tmp_path: Path) -> None:
    """The article's own parameters of 4 bytes are its size, but for some."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    made = made_of(tmp_path, *file("baseline", 9, 8, model="VGG16"), suite="applications")
    (line,) = (
        each
        for each in text_of(made, "applications.md").splitlines()
        if each.startswith("the printed size is not")
    )

    assert "EfficientNetB0 (29 MiB, 20.3 by its parameters)" in line.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert "VGG16" not in line


def test_other_folders_are_none_of_ours(project: Path) -> None:
    """What lies in `local/` or is no `<date>-<commit>` is neither read nor touched."""
    for place in ("local/2024-05-06-abc1234", "box/notes"):
        (project / "results" / place).mkdir(parents=True)
        (project / "results" / place / "run.json").write_text("no results")
        (project / "results" / place / "run.md").write_text(markdown.MARK)

    assert 0 == publish().exit_code
    assert ["box"] == [folder.machine for folder in folders.read(project / "results")]
    assert (project / "results" / "local" / "2024-05-06-abc1234" / "run.md").exists()
    assert (project / "results" / "box" / "notes" / "run.md").exists()
