"""Which task a model and its data are of, where they make it plain."""

from __future__ import annotations

from weighin import registry
from weighin.core import Dataset, Loss, Signature, Task, WeighinError
from weighin.core.signature import written


def task_of(signature: Signature, dataset: Dataset, named: str | Task | None = None) -> Task:
    """The task that a recipe names, or else the one that outputs and targets are plainly of.

    Raises:
        WeighinError: if none or several fit; it says what came, and how to name one.
    """
    if isinstance(named, Task):
        _check_registered(named)
        return named
    if named is not None:
        return registry.tasks[named]
    fitting = [task for task in registry.tasks.values() if task.fits(signature, dataset)]
    if len(fitting) == 1:
        return fitting[0]
    outputs = ", ".join(
        f"{written(port.shape)} of {port.head}" if port.layer else str(port)
        for port in signature.outputs
    )
    targets = ", ".join(
        f"{name} {written(values.shape[1:])} {values.dtype}"
        for name, values in dataset.train.targets.items()
    )
    which = f"could be {' or '.join(task.name for task in fitting)}" if fitting else "is not plain"
    raise WeighinError(
        f"What the model is asked {which}: it answers {outputs}; the targets of data set "
        f"{dataset.name!r} are {targets or 'none'}. Name it by Recipe(task=…) or --task, one of "
        f"{', '.join(registry.tasks)}."
    )


def known(named: str | Task | None, inferred: str) -> Task:
    """The task of a model that has been built: its recipe's, or the one that was inferred then."""
    return named if isinstance(named, Task) else registry.tasks[named or inferred]


def _check_registered(task: Task) -> None:
    """Refuse a task whose figures no table would show.

    Raises:
        WeighinError: naming them.
    """
    unknown = [each.name for each in task.figures if each.name not in registry.metrics]
    if unknown:
        raise WeighinError(
            f"The task {task.name or type(task).__name__!r} of Recipe(task=…) has figures that are "
            f"not registered ({', '.join(unknown)}): write @task before its class."
        )


def checked(
    signature: Signature, dataset: Dataset, named: str | Task | None, loss: Loss | None
) -> Task:
    """The task, after it has looked whether model, targets and loss belong together."""
    task = task_of(signature, dataset, named)
    task.check(signature, dataset, loss)
    return task
