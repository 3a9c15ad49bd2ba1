"""Registering a task, with a metric for each of its figures and one for its difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

import numpy as np

from weighin import registry
from weighin.core import Arrays, Quality, Task
from weighin.core.metrics import Kind, title_of
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
    better: Literal["higher", "lower"] = "higher",
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
        better: which direction is good.
        kind: `share` for what is shown in percent, else `number`.
        unit: of a number.
        margin: what difference does not matter; 1 % of the baseline's figure, if not given.
        loss: that models learn by; without one recipes name it.
    """
    if isinstance(name, type):
        register(name())
        return name

    def decorate(function: F) -> F:
        def compute(answers: Arrays, targets: Arrays) -> Any:
            return function(_alone(answers), _alone(targets))

        quality = Quality(
            name=name,
            title=title or title_of(name),
            compute=compute,
            better=better,
            kind=kind,
            unit=unit,
            margin=margin,
            summary=registry.summary(function),
        )
        fields = {"name": name, "figures": (quality,), "__doc__": function.__doc__}
        if loss:
            fields["losses"] = (loss,)
        register(type(name, (Task,), fields)())
        return function

    return decorate


def register(added: Task) -> None:
    """Add a task, and the metrics of its figures."""
    registry.tasks.add(added.name, added)
    for metric in metrics_of(added):
        registry.metrics.add(metric.name, metric)


def _alone(arrays: Arrays) -> Any:
    if len(arrays) == 1:
        return np.asarray(next(iter(arrays.values())))
    return arrays
