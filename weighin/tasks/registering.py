"""Registering a task, with a metric for each of its figures and one for its difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

import numpy as np

from weighin import registry
from weighin.core import Array, Arrays, Dataset, Quality, Task, WeighinError
from weighin.core.metrics import Kind, title_of
from weighin.core.tasks import of_others
from weighin.tasks.scoring import metrics_of

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", bound=type[Task])


@overload
def task(name: T) -> T: ...


@overload
def task(
    name: str,
    *,
    title: str = ...,
    better: Literal["higher", "lower"] = ...,
    kind: Kind = ...,
    unit: str = ...,
    margin: float | None = ...,
    loss: str = ...,
) -> Callable[[F], F]: ...


def task(
    name: Any,
    *,
    title: str = "",
    better: Literal["higher", "lower", ""] = "",
    kind: Kind = "number",
    unit: str = "",
    margin: float | None = None,
    loss: str = "",
) -> Any:
    """Register a task: a class, or a function that judges answers.

    A function is given the outputs and the targets of some examples, arrays where there is one of
    each, else dictionaries by name. It returns a score for each example, `(n,)`, or one figure of
    them all. The figure, its interval and its difference to the baseline's become metrics
    (`NAME`, `NAME_delta`).

    Args:
        name: what recipes call it by `task=`; or a subclass of `Task`, of which one is registered.
        title: of its column; the name, if not given.
        better: which direction is good; of a number it must be said, of a share `higher` is meant.
        kind: `share` for what is shown in percent, else `number`.
        unit: of a number.
        margin: what difference does not matter; 1 % of the baseline's figure, if not given.
        loss: that models learn by; without one recipes name it.

    Raises:
        WeighinError: if `kind` or `better` is none that there is, or of a number it is not said
            which direction is good: the wrong one would turn every verdict round.
    """
    if isinstance(name, type):
        register(name())
        return name
    if kind == "number" and not better:
        raise WeighinError(
            f"@task({name!r}): is a higher or a lower number good? Say better='higher' or "
            f"better='lower'; of a share, kind='share', the higher is meant."
        )

    def decorate(function: F) -> F:
        def compute(answers: Arrays, targets: Arrays) -> Any:
            return function(_alone(answers), _alone(targets))

        quality = Quality(
            name=name,
            title=title or title_of(name),
            compute=compute,
            better=better or "higher",
            kind=kind,
            unit=unit,
            margin=margin,
            summary=registry.summary(function),
        )
        fields = {"name": name, "figures": (quality,), "__doc__": function.__doc__}
        if loss:
            fields["losses"] = (loss,)
        register(type(name, (_Judged,), fields)())
        return function

    return decorate


class _Judged(Task):
    """A task that a function judges: what answers mean is known to it alone."""

    def guess(self, dataset: Dataset, answers: Arrays) -> dict[str, Array] | None:
        """The answers to other examples; None where the function judges without targets."""
        targets = self.targets(dataset.test)
        others = of_others(answers)
        compute = self.figures[0].compute
        if not targets or compute is None:
            return None
        if all(np.array_equal(others[name], answers[name]) for name in answers):
            return others  # whoever answers the same to all knows nothing
        scores, moved = (np.asarray(compute(each, targets)) for each in (answers, others))
        if not scores.ndim:
            return None if scores == moved else others
        # where scores go with the answers, wherever these are given, targets play no part
        went_along = np.array_equal(moved, np.roll(scores, 1, axis=0))
        return None if went_along and not np.array_equal(moved, scores) else others

    @property
    def guessing(self) -> str:
        """The answers to other examples."""
        return "giving each example the answer to another"


def register(added: Task) -> None:
    """Add a task, and the metrics of its figures."""
    registry.tasks.add(added.name, added)
    for metric in metrics_of(added):
        registry.metrics.add(metric.name, metric)


def _alone(arrays: Arrays) -> Any:
    if len(arrays) == 1:
        return np.asarray(next(iter(arrays.values())))
    return arrays
