"""What is asked of a candidate: its sizes, its difference to the baseline, its time beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from weighin import registry
from weighin.build.finished import FinishedFiles
from weighin.core import Case, ComputedMetric, Skip, WeighinError
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext
from weighin.searches.questions import question, refuse_few, without_knowledge
from weighin.stats import CONFIDENCE, Interval

LATENCY = "latency"  # measured as a ratio to the baseline, in pairs


def objective(name: str) -> ComputedMetric:
    """What is made small: a size, or the latency.

    Raises:
        WeighinError: naming what there is, if it is another thing.
    """
    known = [
        metric
        for metric in registry.metrics.values()
        if (metric.scope == "artifact" and metric.better == "lower" and not metric.machine_bound)
        or metric.name == LATENCY
    ]
    for metric in known:
        if metric.name == name:
            return metric
    told = ", ".join(metric.name for metric in known)
    raise WeighinError(f"--minimize {name}: wanted one or more of {told}.")


class Judge:
    """Candidates on the validation part, each beside the baseline.

    Attributes:
        asked: the figure and its margin.
        baseline_values: the baseline's own sizes, and 1 for a latency, which is a ratio to it.
    """

    def __init__(
        self,
        context: RunContext,
        runtime: str,
        objectives: Sequence[ComputedMetric],
        within: float,
    ) -> None:
        """Let the baseline answer the validation part.

        Args:
            context: of finished files, the baseline alone.
            runtime: that answers.
            objectives: what is made small.
            within: the margin as the user gave it.

        Raises:
            WeighinError: if the baseline cannot be run or only guesses, nothing tells whether
                another is worse, or there are so few examples that nothing could be shown.
        """
        self._context, self._runtime, self._objectives = context, runtime, objectives
        case = self._case(self._files)
        self._baseline = context.evaluation(case)
        task = context.task(case)
        chance = without_knowledge(task, context.dataset(case), self._baseline)
        self.asked = question(task, self._baseline, within, chance)
        refuse_few(self.asked, self._baseline)
        self.baseline_values = self._sizes(context, case)
        self.baseline_values |= {each.name: 1.0 for each in objectives if each.name == LATENCY}

    @property
    def n(self) -> int:
        """How many examples answer."""
        return self._baseline.n

    def sizes(self, name: str, path: Path) -> dict[str, float]:
        """What a file tells without being run, of what is made small.

        Raises:
            WeighinError: if it cannot be read, or does not take and give what the baseline does.
        """
        return self._sizes(*self._beside(name, path))

    def difference(self, name: str, path: Path) -> Interval:
        """How a file's answers to the validation part differ from the baseline's.

        Raises:
            WeighinError: if it cannot be run, or answers otherwise than it should.
        """
        context, case = self._beside(name, path)
        session = context.open(case)
        try:
            evaluation = context.evaluate(session, case)
        finally:
            session.close()
        return self.asked.difference(evaluation, self._baseline, CONFIDENCE)

    @property
    def within(self) -> float:
        """The margin, in the figure's unit."""
        return self.asked.within

    def shortfall(self, difference: Interval) -> float:
        """By how much its bad end lies beyond the margin; below 0 if it holds."""
        return self.asked.shortfall(difference)

    def times(self, name: str, path: Path) -> dict[str, float]:
        """What has to be measured of what is made small: time as a ratio to the baseline's.

        Raises:
            WeighinError: if it cannot be run.
        """
        if all(each.name != LATENCY for each in self._objectives):
            return {}
        context, case = self._beside(name, path)
        return {LATENCY: 1 / Cell(case, "pair", context).pair().speedup.value}

    @property
    def _files(self) -> FinishedFiles:
        files = self._context.artifacts
        if not isinstance(files, FinishedFiles):
            raise TypeError("candidates are judged as finished files")
        return files

    def _case(self, files: FinishedFiles) -> Case:
        return dataclasses.replace(files.cases[-1], runtime=self._runtime, threads=1)

    def _beside(self, name: str, path: Path) -> tuple[RunContext, Case]:
        """A context of the baseline and one candidate; answers of the former are remembered."""
        files = self._files.beside({name: path})
        context = dataclasses.replace(self._context, artifacts=files)
        return context, self._case(files)

    def _sizes(self, context: RunContext, case: Case) -> dict[str, float]:
        compressed = Cell(case.file, "artifact", context).compress()
        values = {}
        for metric in self._objectives:
            if metric.scope != "artifact":
                continue
            figure = metric.compute(compressed)
            if isinstance(figure, Skip) or figure.value is None:
                reason = figure.reason if isinstance(figure, Skip) else "it has no value"
                raise WeighinError(f"{metric.name} of {case.variant} is not measured: {reason}.")
            values[metric.name] = float(figure.value)
        return values
