"""What others have published, beside ours, and the pages that stand on it."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from helpers.publishing import FACTS, accounted, environment, filed, made_of, text_of
from helpers.support import file, record, results, results_of, run, weighed, without

from weighin import registry
from weighin.core import Record, WeighinError
from weighin.publish import reference, site


def test_applications_stand_beside_what_was_printed(tmp_path: Path) -> None:
    """In three tables; the models that were not run are named above them."""
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

    assert 3 == len(re.findall(r"^\| [A-Z]\w+ ", text, re.MULTILINE))
    assert "1 of the 26 models" in text
    assert "Not weighed yet: Xception, VGG19, ResNet50, " in text
    numbers = r"138,357,544 +\| 138,357,544 +\| \+0"
    assert re.search(rf"{numbers} +\| 528 MiB +\| 528 MiB +\| 527 MiB", rows[0])
    assert re.search(r"\| 23 +\| 23 +\|$", rows[0])
    assert "139 MB, 120 MB" in rows[1]
    assert "50.0 ms [49.5, 50.5]; × 2.00 [1.94, 2.06] faster" in rows[2]
    assert "not measured" in rows[2]


def test_applications_that_failed_are_not_counted(tmp_path: Path) -> None:
    """Their cells say that they failed."""
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
        filed(tmp_path, name, accounted(results_of(own, tuple(file("baseline", 9, 8, model=name)))))
    text = text_of(site.make(tmp_path), "applications.md")

    assert "dense starts: VGG16, Xception from random weights" in text
    assert "; 2024-05-06 01:02 UTC to 2024-05-07 01:02 UTC\n" in text


def test_applications_weighed_elsewhere_are_found_there(tmp_path: Path) -> None:
    """One machine's page leads to those of the others, and names what is on none."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    for machine, names in (("one", ["VGG16"]), ("two", ["NASNetLarge", "VGG16", "Xception"])):
        records = tuple(each for name in names for each in file("baseline", 9, 8, model=name))
        folder = f"{machine}/2024-05-06-abc1234"
        filed(tmp_path, "a", accounted(results_of(environment(), records)), folder)
    made = site.make(tmp_path)
    one, two = (
        text_of(made, f"{each}/2024-05-06-abc1234/applications.md") for each in ("one", "two")
    )

    there = "two/2024-05-06-abc1234"
    link = rf"Weighed in [{there}](../../{there}/applications.md)"
    assert f"{link}: Xception, NASNetLarge.\n" in one
    assert "Weighed in" not in two
    for text in (one, two):
        (line,) = (each for each in text.splitlines() if each.startswith("Not weighed yet: "))
        assert 26 - 3 == len(line.split(","))
        assert "Xception" not in line


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
    made = made_of(tmp_path, *(each.of(**own) for each in records))
    text = text_of(made, "resnet8.md").replace("\N{NO-BREAK SPACE}", " ")
    (row,) = (line for line in text.splitlines() if "top-1 87.80 %" in line)

    assert said in re.sub(" +", " ", row)


def test_our_smallest_that_is_no_worse_stands_beside_published_ratios(tmp_path: Path) -> None:
    """By what the record counts, which a line below the table says."""
    anchors = {"small": [{"source": "Me 1999", "times": 3, "counted": "bits", "alike": True}]}
    records = [
        *weighed("baseline", 360_000),
        *weighed("int8", 40_000, 5, 5),
        *weighed("dynamic", 20_000, 1, 111),
    ]
    text = text_of(made_of(tmp_path, *records, anchors=anchors), "small.md")
    section = text.partition("## Published beside ours")[2].replace("\N{NO-BREAK SPACE}", " ")

    ours = "int8, seed 0, quick; chosen and stated on the same images: optimistic"
    assert re.search(rf"× 3 +\| × 10.00 +\| {ours} +\| like for like: bits", section)


def test_facts_that_are_none_are_refused_by_line(tmp_path: Path) -> None:
    """A number that is none is named with its line."""
    (tmp_path / "figures.csv").write_text((FACTS / "figures.csv").read_text("utf-8") + "a,b\n")

    with pytest.raises(WeighinError, match=r"figures\.csv, line \d+"):
        reference.read(tmp_path)


def test_committed_facts_name_metrics_and_variants() -> None:
    """Every published figure can stand beside one of ours."""
    from weighin import grammar

    for each in reference.read(FACTS):
        assert each.metric == reference.TIMES or each.metric in registry.metrics
        assert not each.variant or each.variant == grammar.parse(each.variant).name
        assert each.alike or each.note


def test_the_record_has_a_page(published_project: Path) -> None:
    """Of runs of that suite, with what others have published."""
    filed(published_project, "record", accounted(results(), **environment(suite="record")))
    text = text_of(site.make(published_project), "record.md")

    assert "## record" in text
    assert "McNemar" in text


def test_the_record_names_what_others_reached(published_project: Path) -> None:
    """Ratios that its own tables do not show, each with whether it compares."""
    shutil.copytree(FACTS, published_project / "models" / "published")
    own = {"model": "lenet5"}
    records = (*weighed("baseline", 370_000, **own), *weighed("int8", 100_000, **own))
    filed(published_project, "record", accounted(results_of(environment(suite="record"), records)))

    shown = text_of(site.make(published_project), "record.md").replace("\N{NO-BREAK SPACE}", " ")

    assert re.search(r"\| lenet5 .*\| × 419 .*\| not like for like: at an error", shown)


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
