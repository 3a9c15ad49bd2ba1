"""The figure that may not get worse, by how much it may, and what shows that it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from weighin import stats
from weighin.core import Dataset, Quality, Task, WeighinError
from weighin.outcomes import Evaluation
from weighin.stats import CONFIDENCE, Interval
from weighin.tasks.scoring import figure_of, paired


@dataclass(frozen=True)
class Question:
    """The figure that may not get worse, and by how much it may.

    Attributes:
        title: of the figure.
        within: how much worse it may be, in the figure's own unit; of shares 0.01 is a point.
        is_share: whether it is shown in percent, and its differences in points.
        better: which direction is good.
        unit: of what is no share.
        difference: two evaluations, the baseline's second, and a confidence → their difference.
        remark: what a reader has to know of it; empty if nothing.
    """

    title: str
    within: float
    is_share: bool
    better: str
    unit: str
    difference: Callable[[Evaluation, Evaluation, float], Interval]
    remark: str = ""

    def shortfall(self, difference: Interval) -> float:
        """By how much the bad end of a difference lies beyond the margin; below 0 if it holds."""
        worst = -difference.low if self.better == "higher" else difference.high
        return worst - self.within

    def significance(self, evaluation: Evaluation, baseline: Evaluation) -> float:
        """The p-value of "worse by the margin or more": below 5 % where the interval holds."""

        def shifted(confidence: float) -> Interval:
            change = self.difference(evaluation, baseline, confidence)
            sign = 1 if self.better == "higher" else -1
            ends = sorted((sign * change.low + self.within, sign * change.high + self.within))
            # what lies beyond the margin on the wrong side is no evidence, however clear it is
            return Interval(sign * change.value + self.within, ends[0], max(ends[1], 0.0))

        return stats.significance(shifted)

    def said(self) -> str:
        """The margin in words: `0.5 points of top-1`."""
        if self.is_share:
            return f"{self.within * 100:g} points of {self.title}"
        return f"{self.within:g} {self.unit}".strip() + f" of {self.title}"


def without_knowledge(task: Task, dataset: Dataset, evaluation: Evaluation) -> float | None:
    """The first figure of one who knows nothing; None where that is not known.

    Args:
        task: of the model.
        dataset: that was asked.
        evaluation: of the baseline.
    """
    if (chance := task.chance(dataset)) is not None or evaluation.unlabelled:
        return chance
    guessed = task.guess(dataset, evaluation.answers)
    if guessed is None or not task.figures:
        return None
    guess = Evaluation(task, guessed, evaluation.targets, evaluation.n, 0.0)
    try:
        return figure_of(guess, task.figures[0]).value
    except ValueError:  # such answers have no figure
        return None


def question(
    task: Task, evaluation: Evaluation, within: float, chance: float | None = None
) -> Question:
    """What is asked of a task's answers: its first figure, or agreement where nothing is right.

    Args:
        task: of the model.
        evaluation: of the baseline.
        within: the margin as the user gave it: in points of shares, else in the figure's unit.
        chance: the figure of one who knows nothing, where that is known.

    Raises:
        WeighinError: if answers cannot be judged, or the margin is none that could fail.
    """
    unlabelled = evaluation.unlabelled and task.needs_targets
    quality = next(iter(task.figures), None)
    if evaluation.drawn or (evaluation.unlabelled and not evaluation.trained):
        raise WeighinError(
            f"Nothing tells whether a variant is worse: {evaluation.unlabelled}. Give --data."
        )
    if quality is None or unlabelled:
        return _of_agreement(task, evaluation, within)
    if reason := quality.applies(evaluation.answers, evaluation.targets):
        raise WeighinError(f"{quality.title} cannot be judged on these data: {reason}.")
    asked = Question(
        quality.title,
        within / 100 if quality.kind == "share" else within,
        quality.kind == "share",
        quality.better,
        quality.unit,
        lambda one, other, confidence: paired(one, other, quality, confidence),
    )
    _refuse_vain(asked, quality, figure_of(evaluation, quality).value, chance)
    return asked


def _of_agreement(task: Task, evaluation: Evaluation, within: float) -> Question:
    if task.same(evaluation.answers, evaluation.answers) is None:
        raise WeighinError(
            "The data have no labels, and answers are numbers, which never agree quite: nothing "
            "tells whether a variant is worse. Give --data with targets (y_test)."
        )
    if not 0 < within < 100:
        raise WeighinError(f"--within {within:g}: agreement is lost by 0 to 100 points.")

    def difference(one: Evaluation, other: Evaluation, confidence: float) -> Interval:
        same = np.asarray(task.same(one.answers, other.answers), np.float64)
        if stats.is_share(same):
            lost = len(same) - int(same.sum())
            return stats.paired_difference(0, lost, len(same), confidence)
        return stats.paired_mean(same - 1, confidence)

    remark = (
        "the data have no labels: judged by how often answers agree with the baseline's, right "
        "or wrong"
    )
    return Question("agreement", within / 100, True, "higher", "", difference, remark)


def _refuse_vain(asked: Question, quality: Quality, value: float, chance: float | None) -> None:
    """Refuse a margin that nothing could fail, or nothing could keep.

    Raises:
        WeighinError: saying what the baseline has.
    """
    if asked.within <= 0:
        raise WeighinError(
            f"--within {asked.within * (100 if asked.is_share else 1):g}: wanted how much worse "
            f"{asked.title} may be, above 0."
        )
    worst = quality.least if quality.least is not None else (0.0 if asked.is_share else None)
    if quality.better == "lower":
        worst = quality.most if quality.most is not None else (1.0 if asked.is_share else None)
    worst = worst if chance is None else chance
    if worst is not None and asked.within >= abs(value - worst):
        raise WeighinError(
            f"--within allows {asked.said()}, and the baseline's {asked.title} is {value:.4g}, "
            f"where {worst:.4g} takes no knowledge: whatever answers would hold. Take a smaller "
            f"margin."
        )


def refuse_few(asked: Question, baseline: Evaluation) -> None:
    """Refuse so few examples that not even the baseline itself could be shown to hold.

    Raises:
        WeighinError: saying how many examples it would take.
    """
    itself = asked.difference(baseline, baseline, CONFIDENCE)
    if asked.shortfall(itself) < 0:
        return
    count = baseline.n
    while count < 10**9 and -stats.paired_difference(0, 0, count).low >= asked.within:
        count = count * 11 // 10 + 1
    raise WeighinError(
        f"{baseline.n:,} examples cannot show that a variant stays within {asked.said()}: not even "
        f"one that answers as the baseline does. It takes about {count:,} to choose by and as many "
        f"to show it on: give --data more, or a larger --within."
    )
