"""Suites with seeds, and with variants of each model, in pytest runs of the tiny project."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import re

import pytest


def test_seeds_share_a_row_and_have_records_of_their_own(run):
    """Two trainings are two sets of records, and a mean with its deviation in the table."""
    words = ("-k=compress or evaluate", "--weighin-runtimes=litert", "--weighin-variants=baseline")
    ran = run(*words, "--weighin-seeds=2")

    assert 0 == ran.code
    assert [0, 1] == [record.seed for record in ran.all(metric="top1")]
    assert 2 == len({record.artifact for record in ran.all(metric="top1")})
    (row,) = ran.table()
    assert " ± " in row
    assert "standard deviation over 2 seeds" in ran.text


MIXED = """
from weighin import suite

suite(
    "mixed",
    profile="quick",
    models=("tiny", "tiny_cnn"),
    variants={"tiny": ("baseline", "int8"), "tiny_cnn": ("dynamic",)},
    seeds=2,
)
"""


def _collected(ran):
    """Model, variant and seed of every cell that pytest has listed."""
    found = re.findall(r"\[(tiny\w*)-([^-\]]+)-litert(?:-seed(\d))?\]", ran.text)
    return {(model, variant, int(seed or 0)) for model, variant, seed in found}


@pytest.fixture
def mixed(run, project_copy):
    """List what would be weighed of a suite that gives each model its own variants."""
    (project_copy / "models" / "mixed.py").write_text(MIXED)
    words = ("--collect-only", "-q", "-k=latency", "--weighin-runtimes=litert")

    def collect(*more):
        return run(*words, "--weighin-suite=mixed", *more, project=project_copy)

    return collect


def test_a_suite_says_how_often_and_in_what_each_model_is_weighed(mixed):
    """Variants by model and the number of seeds are the suite's, if no option says otherwise."""
    wanted = {("tiny", "baseline"), ("tiny", "int8"), ("tiny_cnn", "baseline")}
    wanted |= {("tiny_cnn", "dynamic")}

    assert {(*each, seed) for each in wanted for seed in (0, 1)} == _collected(mixed())
    assert {(*each, 0) for each in wanted} == _collected(mixed("--weighin-seeds=1"))


def test_what_trains_no_further_needs_no_control(run, project_copy):
    """Steps of a recipe without further epochs work at once, and get no credit for any."""
    tiny = project_copy / "models" / "tiny.py"
    words = ("--collect-only", "-q", "-k=latency", "--weighin-runtimes=litert")
    words += ("--weighin-models=tiny", "--weighin-variants=prune(0.5)")
    wanted = {("tiny", "baseline", 0), ("tiny", "prune(0.5)", 0)}

    assert wanted | {("tiny", "finetune", 0)} == _collected(run(*words, project=project_copy))
    tiny.write_text(tiny.read_text().replace("finetune_epochs=1", "finetune_epochs=0"))
    assert wanted == _collected(run(*words, project=project_copy))


def test_a_model_that_a_suite_has_no_variants_for_needs_some(mixed, project_copy):
    """Nothing is guessed: the message names the option."""
    other = (
        (project_copy / "models" / "tiny.py").read_text("utf-8").replace("def tiny(", "def mini(")
    )
    (project_copy / "models" / "mini.py").write_text(other, "utf-8")

    refused = mixed("--weighin-models=mini")
    assert 4 == refused.code
    assert "no variants for the model 'mini'" in refused.text
    assert "--weighin-variants" in refused.text
    assert 0 == mixed("--weighin-models=mini", "--weighin-variants=int8").code
