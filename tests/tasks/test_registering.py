"""Tasks of one's own: what is refused of them, and what one who guesses is worth."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.support import isolate_registries
from helpers.tasking import N, data

from weighin import Quality, registry, task
from weighin.core import Metric, WeighinError
from weighin.measure.evaluation import refuse_guessing
from weighin.outcomes import Evaluation

WANTED = np.random.default_rng(0).normal(size=N) * 50


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate_registries(monkeypatch)


def judged(function: Any, answered: Any, wanted: Any = WANTED, **said: Any) -> Evaluation:
    """A baseline's answers, judged by a function that is registered as a task."""
    task("mine", **said)(function)
    found, made = registry.tasks["mine"], data(wanted)
    answers = {"out": np.asarray(answered)}
    return Evaluation(found, answers, found.targets(made.test), N, 1.0, trained=True)


def error(outputs: Any, targets: Any) -> Any:
    """How far answers lie from what is right."""
    return np.abs(outputs - targets)


def within_a_tenth(outputs: Any, targets: Any) -> Any:
    """Whether they lie near it."""
    return np.abs(outputs - targets) < 0.1


def spread(outputs: Any, targets: Any) -> Any:
    """Something that targets play no part in."""
    return np.abs(outputs)


def test_which_numbers_are_good_must_be_said() -> None:
    """Errors taken for merits would turn every verdict round; of a share the higher is meant."""
    with pytest.raises(WeighinError, match=r"@task\('mine'\): .*better='higher' or better='lower'"):
        task("mine")(error)

    task("mine", better="lower")(error)
    task("yours", kind="share")(within_a_tenth)

    assert "lower" == registry.metrics["mine"].better == registry.metrics["mine_delta"].better
    assert "higher" == registry.metrics["yours"].better


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"kind": "mean", "better": "lower"}, r"mine: kind='mean' .*: 'share', 'number'\."),
        ({"better": "less"}, r"mine: better='less' .*: 'higher', 'lower'\."),
    ],
)
def test_words_that_no_table_knows_are_refused(said: Any, problem: str) -> None:
    """Where the task is written, not when everything has been measured."""
    with pytest.raises(WeighinError, match=problem):
        task("mine", **said)(error)


def test_figures_and_metrics_are_refused_as_tasks_are() -> None:
    """By whatever way they come, a results file included."""
    with pytest.raises(WeighinError, match="mine: kind='mean'"):
        Metric(name="mine", title="mine", kind="mean")  # type: ignore[arg-type]
    with pytest.raises(WeighinError, match="mine: better=''"):
        Quality(name="mine", title="mine", better="")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "answered", "said"),
    [
        (error, np.full(N, 3.0), {"better": "lower"}),
        (error, WANTED[::-1], {"better": "lower"}),
        (within_a_tenth, np.zeros(N) + 1000, {"kind": "share"}),
        (lambda o, t: float(np.corrcoef(o, t)[0, 1]), WANTED[::-1], {"better": "higher"}),
    ],
)
def test_a_baseline_that_knows_nothing_is_refused(function: Any, answered: Any, said: Any) -> None:
    """Its answers to other examples are as good; large targets are told, for they may be why."""
    function.__doc__ = "A figure."
    baseline = judged(function, answered, **said)

    with pytest.raises(WeighinError, match=r"no better than .* the answer to another") as refused:
        refuse_guessing(baseline, data(WANTED))
    assert "Targets are y from -" in str(refused.value)


@pytest.mark.parametrize(
    ("function", "answered", "wanted", "said"),
    [
        (error, WANTED + 1, WANTED, {"better": "lower"}),
        (within_a_tenth, WANTED, WANTED, {"kind": "share"}),
        (spread, WANTED, WANTED, {"better": "lower"}),
        (lambda o, t: float(np.std(o)), WANTED, WANTED, {"better": "lower"}),
        (lambda o, t: np.abs(o), WANTED, None, {"better": "lower"}),
    ],
)
def test_what_knows_something_or_is_not_asked_passes(
    function: Any, answered: Any, wanted: Any, said: Any
) -> None:
    """Also figures of answers alone, whether there are targets or not."""
    function.__doc__ = "A figure."

    refuse_guessing(judged(function, answered, wanted, **said), data(wanted))
