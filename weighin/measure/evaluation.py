"""A session's answers to the whole test set."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from weighin.core import Array, Arrays, Dataset, Session, Signature, Task, WeighinError
from weighin.outcomes import Evaluation
from weighin.stats import proportion
from weighin.tasks.classification import classes_of
from weighin.tasks.scoring import difference, figure_of

ASKED_BYTES = 64_000_000  # of inputs and outputs that are held at once
KEPT_BYTES = 256_000_000  # of outputs that are kept, to be held against those of variants


def evaluate(session: Session, dataset: Dataset, task: Task, signature: Signature) -> Evaluation:
    """Answer the whole test part, and time it.

    Args:
        session: an open file.
        dataset: fed to the model that the file came from.
        task: what is asked.
        signature: of that model.

    Raises:
        WeighinError: if outputs are not finite, or not such as the task takes.
    """
    test = dataset.test
    targets = task.targets(test)
    kept: list[dict[str, Array]] = []
    outputs: list[dict[str, Array]] = []
    seconds, left = 0.0, KEPT_BYTES
    for start, stop in _parts(dataset, signature):
        inputs = test.inputs(start, stop)
        began = time.perf_counter()
        raw = session.predict(inputs)
        seconds += time.perf_counter() - began
        part = named_as(raw, signature)
        refuse_other_count(part, stop - start)
        refuse_not_finite(part)
        kept.append(task.answers(part, inputs, {n: t[start:stop] for n, t in targets.items()}))
        left -= sum(values.nbytes for values in part.values())
        if left >= 0:
            outputs.append(part)
    return Evaluation(
        task,
        _joined(kept),
        targets,
        len(test),
        seconds,
        _joined(outputs),
        unlabelled=dataset.unlabelled,
    )


def named_as(outputs: Arrays, signature: Signature) -> dict[str, Array]:
    """A session's outputs by the names that the Keras model gives them.

    A file without names has one output, or as many in the model's order, of the same shapes.

    Raises:
        WeighinError: listing both, if it is not plain which is which.
    """
    names = [port.name for port in signature.outputs]
    if set(names) == set(outputs):
        return {name: outputs[name] for name in names}
    if len(names) == len(outputs) == 1:
        return dict(zip(names, outputs.values(), strict=True))
    listed = ", ".join(f"{name} {list(values.shape)}" for name, values in outputs.items())
    raise WeighinError(
        f"which output is which? The session answers {listed}; the model "
        f"{', '.join(map(str, signature.outputs))}"
    )


def refuse_other_count(outputs: Arrays, n: int) -> None:
    """Refuse outputs of another number of examples than were asked."""
    for name, values in outputs.items():
        if len(values) != n:
            raise WeighinError(
                f"the session answered {list(values.shape)} as {name!r} to {n} examples"
            )


def refuse_not_finite(outputs: Arrays) -> None:
    """Refuse NaN and infinite values: that is a failure, no low quality.

    Raises:
        WeighinError: with the share of examples that have some.
    """
    for name, values in outputs.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            wrong = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
            called = f" as {name!r}" if len(outputs) > 1 else ""
            raise WeighinError(
                f"the session answered NaN or infinite values{called} to {int(wrong.sum()):,} of "
                f"{len(values):,} examples"
            )


def refuse_guessing(evaluation: Evaluation, dataset: Dataset) -> None:
    """Refuse a baseline that knows nothing: then targets and inputs hardly belong together.

    Where there is nothing to judge answers by, there is nothing to know.

    Args:
        evaluation: of the baseline.
        dataset: what it was tested on, whose range the message names.

    Raises:
        WeighinError: if it is not better than chance, or than answering the same to all.
    """
    task = evaluation.task
    if evaluation.unlabelled and task.needs_targets:
        return
    if task.name == "classification":
        _refuse_chance(evaluation, dataset)
        return
    guessed = task.guess(dataset, evaluation.answers)
    if guessed is None or not task.figures:
        return
    quality = task.figures[0]
    if quality.applies(evaluation.answers, evaluation.targets):
        return
    guess = Evaluation(task, guessed, evaluation.targets, evaluation.n, 0.0)
    gain = difference(evaluation, guess, quality)
    better = gain.low > 0 if quality.better == "higher" else gain.high < 0
    if not better:
        own, plain = (figure_of(each, quality).value for each in (evaluation, guess))
        raise WeighinError(
            f"the baseline's {quality.title} is {own:.4g}, no better than {plain:.4g} of "
            f"{task.refuse_guessing(dataset)}: are targets and inputs in the same order, is the "
            f"model trained?{_range_asked(dataset)}"
        )


def _refuse_chance(evaluation: Evaluation, dataset: Dataset) -> None:
    classes = classes_of(dataset)
    right = int(evaluation.scored(evaluation.task.figures[0]).sum())
    if proportion(right, evaluation.n).low <= 1 / classes:
        raise WeighinError(
            f"the baseline answers {right:,} of {evaluation.n:,} test examples right, no better "
            f"than guessing among {classes} classes: are labels and inputs in the same order, is "
            f"the model trained?{_range_asked(dataset)}"
        )


def _range_asked(dataset: Dataset) -> str:
    told = dataset.test.described()
    return f" Are inputs in the range that it was trained on? It was given {told}"


def _parts(dataset: Dataset, signature: Signature) -> Iterator[tuple[int, int]]:
    """Starts and stops of parts of the test set that are small enough to be held at once."""
    n = len(dataset.test)
    example = sum(4 * values[:1].size for values in dataset.test.stored.values())
    for port in signature.outputs:
        example += 4 * int(np.prod([size or 1 for size in port.shape], dtype=np.int64))
    most = max(1, ASKED_BYTES // max(1, example))
    for start in range(0, n, most):
        yield start, min(n, start + most)


def _joined(parts: list[dict[str, Array]]) -> dict[str, Array]:
    if not parts:
        return {}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
