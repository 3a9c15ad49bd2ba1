"""Pages across models: the index, the ladder, the machine, and what stands under tables."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from helpers.engines import between, of_runtimes, timed
from helpers.judged import ENVIRONMENT_OF_TASKS, of_tasks, swept
from helpers.publishing import (
    PLACE,
    accounted,
    environment,
    filed,
    made_of,
    names_of,
    publish,
    text_of,
)
from helpers.support import file, results, results_of, run, weighed, without

from weighin.core import Record, Results
from weighin.publish import site
from weighin.report import table


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
    better = "0.00 points of top-1, not found worse by 1,000 images"
    assert f"up to 4 times smaller (int8), {better}" in index

    own = [*weighed("baseline", 370_000), *weighed("int8", 16_000), *weighed("qat", 9, 0, 900)]
    index = made_of(tmp_path, *own, suite="record")[tmp_path / "results" / "README.md"]
    assert "up to 25 times below 4 bytes per parameter, no worse than dense training" in index


def test_the_ladder_says_what_its_marks_mean(tmp_path: Path) -> None:
    """Brackets, ± and the star, each where there is one."""
    own = {
        name: [*file("baseline", 9, 8, model=name), *file("int8", 3, 2, model=name)]
        for name in "ab"
    }
    for name, seeds in (("a", (0,)), ("b", (0, 1))):
        for seed in seeds:
            own[name] += run("baseline", 0.95, 1e-4, model=name, seed=seed)
            stopped = "time" if seed else "narrow"
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


def test_the_version_matrix_has_a_page(published_project: Path) -> None:
    """Where two releases were weighed; their runs are on no other page."""
    place = "box/2024-05-06-abc1234/versions"
    texts = []
    for tensorflow in ("2.19.1", "2.21.0"):
        packages = {"tensorflow": tensorflow, "python": "3.11.7"}
        records = (*file("baseline", 9, 8, model="old"), *file("int8", 3, 2, model="old"))
        own = results_of(environment(packages=packages), records)
        filed(published_project, f"tf{tensorflow}", accounted(own), place)
        texts.append(site.make(published_project))

    assert "versions.md" not in names_of(texts[0])
    assert "old.md" not in names_of(texts[1])
    text = text_of(texts[1], "versions.md")
    assert "2.19.1" in text
    assert "2.21.0" in text


def test_runs_that_make_no_version_matrix_are_named_with_their_folder(
    published_project: Path,
) -> None:
    """Nobody named their files to the command, so its message has to."""
    for name in ("one", "other"):
        own = accounted(results_of(environment(), tuple(file("int8", 3, 2))))
        filed(published_project, name, own, "box/2024-05-06-abc1234/versions")

    done = publish()

    assert 2 == done.exit_code
    assert f"{PLACE / 'versions'} holds one.json, other.json, which make no" in done.output


def test_the_ladder_has_a_page(tmp_path: Path) -> None:
    """Models from small to large, with the core variants; other suites have their own pages."""
    records = []
    for name, size in (("large", 900), ("little", 100)):
        own = {"model": name, "dataset": "digits"}
        for variant, share in (("baseline", 1), ("int8", 4), ("dynamic", 4)):
            records += file(variant, size, size // share, **own)
            records += run(variant, 0.95, 1e-4, **own)
    filed(tmp_path, "curve", accounted(results_of(environment(suite="curve"), tuple(records))))
    alone = site.make(tmp_path)
    text = text_of(made_of(tmp_path, *records, suite="full"), "ladder.md")
    rows = re.findall(r"^\| (l\w+) .*?\| (baseline|int8|dynamic) ", text, re.MULTILINE)

    assert "ladder.md" not in names_of(alone)
    assert [
        *(("little", "baseline"), ("little", "int8")),
        *(("large", "baseline"), ("large", "int8")),
    ] == rows
    assert " 4.00 " in text


def test_the_machine_has_a_page(published_project: Path) -> None:
    """Calibration, instruction sets and versions; what differs between runs is all named."""
    packages = {"packages": {"tensorflow": "2.15.0"}}
    filed(published_project, "old", accounted(results(), **environment(suite="old", **packages)))
    text = text_of(site.make(published_project), "machine.md").replace("\N{NO-BREAK SPACE}", " ")

    assert "avx2 fma" in text
    assert "9 " in text
    assert "3.10 %" in text
    assert "2.21.0; 2.15.0" in text or "2.15.0; 2.21.0" in text
    assert "Example CPU &lt;1 GHz&gt;" in text


def test_the_index_has_every_page(published_project: Path) -> None:
    """By machine and date, a line each."""
    filed(
        published_project,
        "quick",
        accounted(results(), **environment()),
        "another/2024-01-01-unknown",
    )
    made = site.make(published_project)
    index = made[published_project / "results" / "README.md"]

    assert index.index("## another") < index.index("## box")
    for path in made:
        if path.suffix in (".md", ".csv") and path.name != "README.md":
            assert f"]({path.relative_to(published_project / 'results').as_posix()}): " in index


def test_the_index_names_the_smallest_that_is_not_found_worse(tmp_path: Path) -> None:
    """Or says that nobody compared its accuracy."""
    lines = []
    for shares in ((0.9, 0.945), (0.9, 0.9)):
        records = [*file("baseline", 9, 800), *run("baseline", 0.95, 1e-4)]
        for name, gzip, top1 in zip(("int8", "dynamic"), (100, 200), shares, strict=True):
            records += [*file(name, 9, gzip), *run(name, top1, 1e-4)]
        of_noise = [*file("baseline", 9, 800, model="noisy"), *file("int8", 9, 100, model="noisy")]
        index = made_of(tmp_path, *records, *of_noise)[tmp_path / "results" / "README.md"]
        lines += re.findall(r"^- \[(?:small|noisy)\].*?(?: on digits)(.*)$", index, re.MULTILINE)

    by_choice = "1,000 images (chosen and stated on the same images: optimistic)"
    assert [
        f", up to 4 times smaller (dynamic), -0.50 points of top-1, not found worse by {by_choice}",
        ", up to 8 times smaller (int8), accuracy not compared",
        "",
        ", up to 8 times smaller (int8), accuracy not compared",
    ] == lines


TRAINED = {"dataset": "digits", "epochs": 3, "validation_split": 0.2}


def of_recipe(records: list[Record], **recipe: Any) -> Results:
    """Records of a model whose dense start has this recipe."""
    start = {"stage": "dense start", "model": records[0].model, "recipe": recipe}
    facts = {"digits": {"train": 4000}}
    return results_of(environment(artifacts={"a": [start]}, datasets=facts), tuple(records))


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
    whole = results_of(environment(), tuple(own))
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


def test_a_table_speaks_of_its_own_model() -> None:
    """What another model of the run was trained on, or was not, is not said of it."""
    records = [
        each
        for name in ("trained", "random")
        for each in (*file("baseline", 9, 8, model=name), *run("baseline", 0.9, 1e-4, model=name))
    ]
    recipes = {"trained": TRAINED, "random": TRAINED | {"epochs": 0, "validation_split": 0.0}}
    starts = [[{"model": name, "recipe": recipe}] for name, recipe in recipes.items()]
    facts = {"digits": {"train": 4000}}
    own = environment(artifacts=dict(zip("ab", starts, strict=True)), datasets=facts)

    of_trained, of_random, _ = table.sections([results_of(own, tuple(records))])

    assert "3,200 to train on, 800 held out" in of_trained.lines[0]
    assert "that of another training" in of_trained.lines[1]
    assert "4,000 to calibrate from" in of_random.lines[0]
    assert "that of another training" not in of_random.lines[1]


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (TRAINED, ", 3,200 to train on, 800 held out"),
        ({**TRAINED, "validation_split": 0.0}, ", 4,000 to train on"),
        ({**TRAINED, "epochs": 0, "weights": {"file": "x"}}, ", 4,000 to calibrate from"),
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
    own = results_of(environment(artifacts=artifacts, datasets={"digits": {"train": 9}}), records)

    assert ", 9 to train on;" in table.render([own], "text")


def test_dates_and_commits_are_those_of_the_runs(tmp_path: Path) -> None:
    """Not of the folder, which is named after one of them; what is not recorded is said."""
    small = [*file("baseline", 9, 8), *run("baseline", 0.95, 1e-4)]
    for name, changes in {
        "first": {"date": "2024-05-04 01:02 UTC", "commit": "abc1234"},
        "later": {"date": "2024-05-06 01:02 UTC", "commit": "def5678"},
        "bare": {"date": "2024-05-05 01:02 UTC", "commit": None},
    }.items():
        filed(tmp_path, name, accounted(results_of(environment(**changes), tuple(small))))
    made = site.make(tmp_path)
    said = "2024-05-04 to 2024-05-06, weighin at abc1234, a commit not recorded, def5678"

    assert f"### {said}\n" in made[tmp_path / "results" / "README.md"]
    assert f"), {said} · " in text_of(made, "small.md")
    assert re.search(r"\| bare .*\| not recorded ", text_of(made, "machine.md"))


def test_a_page_of_another_task_reads_in_its_own_words(tmp_path: Path) -> None:
    """The model's page, the index and the ladder tell MAE and mIoU, and of no top-1 or image."""
    ran = accounted(of_tasks(), **environment(datasets=ENVIRONMENT_OF_TASKS["datasets"]))
    filed(tmp_path, "quick", ran)
    made = site.make(tmp_path)
    house = text_of(made, "house.md")
    index = made[tmp_path / "results" / "README.md"]
    ladder = text_of(made, "ladder.md")

    assert "| MAE " in house
    assert "Δ MAE: on the same examples" in house
    assert "top-1" not in house + index + ladder
    assert "image" not in house
    assert "+0.0125 of MAE, not found worse by 200 examples" in index
    assert "-0.46 points of mIoU, not found worse by 20 images" in index
    assert "| MAE 3.227" in ladder
    assert "| mIoU 83.75" in ladder
    assert text_of(made, "tables.csv").splitlines()[0].count("mae_delta_verdict") == 1


def test_operating_points_of_another_task_are_drawn(tmp_path: Path) -> None:
    """Their picture and its words are of the task's figure."""
    points = accounted(swept(), **environment(datasets=ENVIRONMENT_OF_TASKS["datasets"]))
    filed(tmp_path, "curve", points)
    made = site.make(tmp_path)

    assert "MAE of house against size and speed" in text_of(made, "curves.md")
    assert "<!-- MAE on the test set (lower is better) -->" in text_of(made, "house-curve.svg")


def test_runtimes_beside_each_other_have_a_page(tmp_path: Path) -> None:
    """Of the runs that paired them; a run of one runtime, or without pairs, has none."""
    beside = of_runtimes(
        *[record for each in ("baseline", "int8") for record in file(each, 420_000, 390_000)],
        *timed("baseline", "litert", 1e-4),
        *timed("baseline", "openvino", 5e-5),
        between(2.0, "baseline", "openvino"),
    )
    filed(tmp_path, "beside", accounted(dataclasses.replace(beside, environment=environment())))
    filed(tmp_path, "alone", accounted(results()))
    made = site.make(tmp_path)
    page = text_of(made, "engines.md")

    assert "## beside" in page
    assert "## alone" not in page
    assert "× beside litert" in page
    assert "openvino" in page
    assert "engines.md): each variant on each runtime" in made[tmp_path / "results" / "README.md"]
