"""The article's page: its rows beside ours, what it lacks, what its ratio is made of."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import math
import re
import shutil
from pathlib import Path

from helpers.pages import page_module
from helpers.publishing import FACTS, accounted, environment, filed, made_of, names_of, text_of
from helpers.support import file, record, results_of, run
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Record
from weighin.publish import site

SIZES = st.floats(1e3, 1e7)

factors = page_module("factors")
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


def test_no_article_without_its_rows(published_project: Path) -> None:
    """Other runs have no such page."""
    shutil.copytree(FACTS, published_project / "models" / "published")

    assert "article.md" not in names_of(site.make(published_project))


def test_the_articles_rows_say_which_suite_they_want(tmp_path: Path) -> None:
    """Those of its sequel, where only the article's own were weighed."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    made = made_of(tmp_path, *the_article(), suite="article", profile="full")

    assert 3 == text_of(made, "article.md").count("--weighin-suite article_schedules was not run")


def test_rows_that_another_folder_has_are_taken_from_there(tmp_path: Path) -> None:
    """Sizes and accuracies are no machine's; a line says where they were measured."""
    shutil.copytree(FACTS, tmp_path / "models" / "published")
    sequel = [*of_article("baseline", 1_600_000, "h5"), *of_article("prune(0.875)", 400_000, "h5")]
    own = environment(suite="article_schedules", profile="schedules")
    filed(tmp_path, "s", accounted(results_of(own, tuple(sequel))), "other/2024-05-07-abc1234")
    made = made_of(tmp_path, *the_article(), suite="article", profile="full")
    text = text_of(made, "box/2024-05-06-abc1234/article.md").replace("\N{NO-BREAK SPACE}", " ")

    assert re.search(r"\| polynomial decay.*\| 400,000 B +\| 4.00 ", text)
    assert "profile schedules: measured in other/2024-05-07-abc1234" in text
    assert "was not run" not in text
