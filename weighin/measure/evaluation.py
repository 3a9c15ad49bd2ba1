"""A session's answers to the whole test set."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import numpy as np

from weighin import named
from weighin.core import Array, Arrays, Dataset, Session, Signature, Task, WeighinError
from weighin.core.signature import written
from weighin.measure.naming import refuse_unnamed
from weighin.outcomes import Evaluation
from weighin.stats import proportion
from weighin.tasks.scoring import difference, figure_of

ASKED_BYTES = 64_000_000  # of inputs and outputs that are held at once
LARGE = 10  # times the numbers that a network answers before it is trained
KEPT_BYTES = 64_000_000  # of outputs that are kept, to be held against those of variants


def evaluate(session: Session, dataset: Dataset, task: Task, signature: Signature) -> Evaluation:
    """Answer the whole test part, and time it.

    Args:
        session: an open file.
        dataset: fed to the model that the file came from.
        task: what is asked.
        signature: of that model.

    Raises:
        WeighinError: if outputs are not finite, of another shape, or not such as the task takes.
    """
    test = dataset.test
    targets = task.targets(test)
    kept: list[dict[str, Array]] = []
    outputs: list[dict[str, Array]] = []
    seconds, left = 0.0, KEPT_BYTES
    infinite = dict.fromkeys((port.name for port in signature.outputs), 0)
    for start, stop in _parts(dataset, signature):
        inputs = test.inputs(start, stop)
        began = time.perf_counter()
        raw = session.predict(inputs)
        took = time.perf_counter() - began
        # one elsewhere tells what it took there, one that compiles what it took without that
        there = getattr(session, "seconds", None)
        seconds += took if there is None else there
        part = named_as(raw, signature)
        _refuse_other_shapes(part, signature, stop - start)
        infinite = {name: count + not_finite(part[name]) for name, count in infinite.items()}
        if any(infinite.values()):  # the rest is asked all the same, to tell their share
            continue
        kept.append(task.answers(part, inputs, named.taken(targets, slice(start, stop))))
        left -= sum(values.nbytes for values in part.values())
        if left >= 0:
            outputs.append(part)
    refuse_not_finite(infinite, len(test))
    return Evaluation(
        task,
        named.joined(kept),
        targets,
        len(test),
        seconds,
        named.joined(outputs),
        unlabelled=dataset.unlabelled,
        drawn=dataset.drawn,
    )


def named_as(outputs: Arrays, signature: Signature) -> dict[str, Array]:
    """A session's outputs by the names that the Keras model gives them.

    Where there is one, it may have any name: that of a file without names is none.

    Raises:
        WeighinError: listing both, if it is not plain which is which; if it gives no names at all.
    """
    refuse_unnamed(outputs)
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


def _refuse_other_shapes(outputs: Arrays, signature: Signature, n: int) -> None:
    """Refuse outputs of another number of examples than were asked, or of another shape."""
    for port in signature.outputs:
        shape = outputs[port.name].shape
        wanted = (n, *port.shape)
        if len(shape) != len(wanted) or any(
            size not in (None, given) for size, given in zip(wanted, shape, strict=True)
        ):
            raise WeighinError(
                f"the session answered {list(shape)} as {port.name!r} to {n} examples, where the "
                f"model answers {written(port.shape)} to each"
            )


def not_finite(values: Array) -> int:
    """How many examples have a NaN or infinite value in an output, `(n, …)`."""
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return 0
    return int((~np.isfinite(values.reshape(len(values), -1))).any(axis=1).sum())


def refuse_not_finite(counts: Mapping[str, int], n: int) -> None:
    """Refuse NaN and infinite values: that is a failure, no low quality.

    Args:
        counts: of each output, how many of n examples have some.
        n: how many examples were asked.

    Raises:
        WeighinError: with their share.
    """
    for name, wrong in counts.items():
        if wrong:
            called = f" as {name!r}" if len(counts) > 1 else ""
            raise WeighinError(
                f"the session answered NaN or infinite values{called} to {wrong:,} of {n:,} "
                f"examples, {100 * wrong / n:.3g} %"
            )


def refuse_guessing(evaluation: Evaluation, dataset: Dataset) -> None:
    """Refuse a baseline that knows nothing: then targets and inputs hardly belong together.

    Where there is nothing to judge answers by, there is nothing to know; nor does a model know
    anything that nobody has trained on data that mean nothing.

    Args:
        evaluation: of the baseline.
        dataset: what it was tested on, whose range the message names.

    Raises:
        WeighinError: if it is not better than chance, or than answering the same to all.
    """
    task = evaluation.task
    if evaluation.unlabelled and (task.needs_targets or not evaluation.trained):
        return
    chance = task.chance(dataset)
    if chance is not None:
        _refuse_chance(evaluation, dataset, chance)
        return
    guessed = task.guess(dataset, evaluation.answers)
    if guessed is None or not task.figures:
        return
    quality = task.figures[0]
    if quality.applies(evaluation.answers, evaluation.targets):
        return
    guess = Evaluation(task, guessed, evaluation.targets, evaluation.n, 0.0)
    try:
        gain = difference(evaluation, guess, quality)
    except ValueError as error:
        raise WeighinError(
            f"whether the baseline's {quality.title} is better than that of "
            f"{task.guessing} cannot be told: {error}. Give it more test examples."
        ) from None
    better = gain.low > 0 if quality.better == "higher" else gain.high < 0
    if not better:
        own, plain = (figure_of(each, quality).value for each in (evaluation, guess))
        raise WeighinError(
            f"the baseline's {quality.title} is {own:.4g}, no better than {plain:.4g} of "
            f"{task.guessing}: are targets and inputs in the same order, is the "
            f"model trained?{_targets_told(evaluation)}{_range_asked(dataset)}"
        )


def _refuse_chance(evaluation: Evaluation, dataset: Dataset, chance: float) -> None:
    right = int(evaluation.scored(evaluation.task.figures[0]).sum())
    if proportion(right, evaluation.n).low <= chance:
        raise WeighinError(
            f"the baseline answers {right:,} of {evaluation.n:,} test examples right, no better "
            f"than guessing among {round(1 / chance)} classes: are labels and inputs in the same "
            f"order, is the model trained?{_range_asked(dataset)}"
        )


def _targets_told(evaluation: Evaluation) -> str:
    """Between what targets lie that are real numbers: large ones are learned slowly."""
    ranges = [
        f"{name} from {values.min():.4g} to {values.max():.4g}"
        for name, values in evaluation.targets.items()
        if values.dtype.kind == "f" and values.size and np.abs(values).max() > LARGE
    ]
    return f" Targets are {', '.join(ranges)}: would it learn them scaled?" if ranges else ""


def _range_asked(dataset: Dataset) -> str:
    told = dataset.test.described()
    return f" Are inputs in the range that it was trained on? It was given {told}"


def _parts(dataset: Dataset, signature: Signature) -> Iterator[tuple[int, int]]:
    """Starts and stops of parts of the test set that are small enough to be held at once."""
    n = len(dataset.test)
    example = sum(
        values[:1].size * max(values.itemsize, 4) for values in dataset.test.stored.values()
    )
    example += sum(port.bytes for port in signature.outputs)
    most = max(1, ASKED_BYTES // max(1, example))
    for start in range(0, n, most):
        yield start, min(n, start + most)
