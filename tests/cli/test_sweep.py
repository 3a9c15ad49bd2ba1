"""Sweeps: templates and values → variants, weighed by the main job."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.tiny import registrations_undone
from hypothesis import given
from hypothesis import strategies as st

from weighin.cli import main, sweep
from weighin.cli.sweep import variants_of
from weighin.core import WeighinError
from weighin.records import store
from weighin.report.curve import families


def test_a_template_stands_for_a_variant_at_each_value() -> None:
    """Written as the grammar has them, in the order of the values."""
    assert ["prune(0.5)+int8", "prune(0.75)+int8"] == variants_of(
        ["prune( s ) + int8"], {"s": ["0.50", ".75"]}
    )


def test_templates_share_a_name() -> None:
    """One option varies it in all of them; a variant that two of them name is weighed once."""
    assert ["prune(0.5)", "prune(0.9)", "prune(0.5)+int8", "prune(0.9)+int8", "dynamic"] == (
        variants_of(["prune(s)", "prune(s)+int8", "dynamic", "prune(s)"], {"s": ["0.5", "0.9"]})
    )


def test_several_names_vary_with_each_other() -> None:
    """Every value of one with every value of the other, keywords too."""
    found = variants_of(
        ["prune(s,begin=b,schedule=polynomial)"], {"s": ["0.8", "0.9"], "b": ["0.3", "0.4"]}
    )

    assert [f"prune({s},begin={b})" for s in (0.8, 0.9) for b in (0.3, 0.4)] == found


def test_words_may_vary_too() -> None:
    """Any argument can: one that takes words takes them from the option."""
    assert ["prune(0.8,schedule=constant)", "prune(0.8)"] == variants_of(
        ["prune(0.8,schedule=how)"], {"how": ["constant", "polynomial"]}
    )


@given(st.lists(st.integers(1, 99), min_size=2, unique=True))
def test_a_sweep_is_one_family(percents: list[int]) -> None:
    """What a template stands for is what the curve's table puts together again."""
    values = [str(each / 100) for each in percents]

    assert ["prune(·)+int8"] == list(families(variants_of(["prune(s)+int8"], {"s": values})))


@pytest.mark.parametrize(
    ("templates", "values", "said"),
    [
        (["prune(s)+int8"], {}, r"'s' in --over 'prune\(s\)\+int8' has no values.*--s 0\.5"),
        (["prune(s,begin=b)"], {"s": ["0.8"]}, "'b' in --over .* has no values"),
        (["prune(s)"], {"s": ["0.8"], "k": ["4"]}, "--k names nothing.*arguments are: s"),
        (["int8"], {"s": ["0.8"]}, "--s names nothing.*arguments are: none"),
        (["prune(s)"], {"s": []}, "--s has no values"),
        (["prune(s)"], {"s": ["0.8", "much"]}, "sparsity=much in 'prune' must be a number"),
        (["prune(s)"], {"s": ["1.5"]}, "must be at least 0 and below 1"),
        (["prune(s,schedule=constant)"], {"s": ["2"]}, "sparsity=2 in 'prune'"),
        (["prune(0.8,schedule=constnat)"], {}, "'constnat' .* must be one of: "),
        (["prune(s"], {"s": ["0.8"]}, r"'prune\(s': a parenthesis is missing"),
        (["shrink(s)"], {"s": ["0.8"]}, "'shrink' is not known"),
    ],
)
def test_what_is_not_understood_is_named(
    templates: list[str], values: dict[str, list[str]], said: str
) -> None:
    """A name without values, values without a name, and values that do not fit."""
    with pytest.raises(WeighinError, match=said):
        variants_of(templates, values)


# -- the command --------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the command asks of the main job, which is not run."""
    made = SimpleNamespace()

    def weigh(options: list[str], folder: Path) -> Any:
        vars(made).update(options=options, folder=folder)
        raise WeighinError("not run")

    monkeypatch.setattr(sweep, "weigh", weigh)
    return made


def command(*words: str) -> Any:
    """Run `weighin sweep`, leaving no registrations."""
    with registrations_undone():
        return CliRunner().invoke(main, ["sweep", *words])


def test_names_may_stand_anywhere(asked: SimpleNamespace) -> None:
    """Before the model and after it, with a space or an equals sign."""
    command("--s", "0.5, 0.9", "--over", "prune(s,begin=b)", "tiny", "--b=0.3")

    assert "--weighin-variants=prune(0.5,begin=0.3),prune(0.9,begin=0.3)" == asked.options[0]


def test_pytests_options_follow_two_dashes(asked: SimpleNamespace) -> None:
    """They are passed on as they are, after the command's own; three seeds if none are given."""
    command(
        *("tiny", "--over", "int8", "--over", "dynamic", "--profile", "full"),
        *("--", "-x", "--weighin-runtimes", "litert"),
    )

    assert [
        "--weighin-variants=int8,dynamic",
        "--weighin-models=tiny",
        "--weighin-seeds=3",
        "--weighin-profile=full",
        "-x",
        "--weighin-runtimes",
        "litert",
    ] == asked.options


def test_one_variant_is_no_curve(asked: SimpleNamespace) -> None:
    """Nothing varies: it would be trained from three seeds, and there would be nothing to draw."""
    result = command("tiny", "--over", "prune(0.5)")

    assert 2 == result.exit_code
    assert "'prune(0.5)' is one variant, which makes no curve" in result.output
    assert not vars(asked)


def test_a_misspelt_option_names_nothing(asked: SimpleNamespace) -> None:
    """An option that is neither the command's nor a template's is refused."""
    result = command("tiny", "--over", "prune(s)", "--s", "0.5", "--sedes", "2")

    assert 2 == result.exit_code
    assert "--sedes names nothing" in result.output


def test_a_sweep_runs_the_main_job_and_draws_its_curve(
    shop: Any, child_environment: Any, tmp_path: Path
) -> None:
    """Records, figures beside them, and a row for each point, from one command."""
    words = ["sweep", "tiny", "--over", "prune(s)+int8", "--s", "0.5,0.75", "--seeds", "1"]
    words += ["-o", str(tmp_path), "--", "-p", "weighin.pytest_plugin", "-p", "no:cacheprovider"]
    words += ["-k", "compress or evaluate", "--weighin-runtimes", "litert", "--weighin-workers=1"]
    done = subprocess.run(
        [sys.executable, "-m", "weighin", *words],
        cwd=shop.project,
        env={**child_environment, "WEIGHIN_CACHE_DIR": str(shop.cache.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    (path,) = tmp_path.glob("*.json")
    variants = dict.fromkeys(record.variant for record in store.load(path).records)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert ["baseline", "finetune", "prune(0.5)+int8", "prune(0.75)+int8"] == list(variants)
    assert {path.with_suffix(ending) for ending in (".json", ".svg", ".png")} == set(
        tmp_path.iterdir()
    )
    (table,) = done.stdout.split("tiny on tiny, litert")[1:]
    assert ["0.5", "0.75"] == [
        line.split()[1] for line in table.splitlines() if line.startswith("prune(·)+int8 ")
    ]
    assert f"figure: {path.with_suffix('.svg')}" in done.stdout


@pytest.mark.parametrize("functions", ["bench/", "weighin.bench"])
def test_a_main_job_that_wrote_nothing_is_told(
    shop: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    child_environment: Any,
    capfd: pytest.CaptureFixture[str],
    functions: str,
) -> None:
    """As where the model is not known: pytest says why, the command that there is no curve.

    A folder without bench functions of its own is weighed by weighin's.
    """
    project, output = shop.project, tmp_path / "output"
    if functions == "weighin.bench":
        project = tmp_path / "project"
        shutil.copytree(shop.project / "models", project / "models")
    monkeypatch.chdir(project)
    monkeypatch.setenv("PYTHONPATH", child_environment["PYTHONPATH"])
    with pytest.raises(WeighinError, match="wrote no records; pytest, which says why, exited 4"):
        sweep.weigh(["-p", "no:cacheprovider", "--weighin-models=nope"], output)

    assert [] == list(output.iterdir())
    assert "Unknown model 'nope'" in "".join(capfd.readouterr())
