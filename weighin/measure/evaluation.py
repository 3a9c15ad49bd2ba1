"""A session's answers to the whole test set."""

from __future__ import annotations

import time

import numpy as np

from weighin.core import Dataset, Scores, Session, Split, WeighinError
from weighin.outcomes import Evaluation
from weighin.stats import proportion

STRAY = 0.01  # how far a probability may lie outside 0 to 1, by rounding


def class_scores(scores: Scores) -> Scores:
    """Scores with a column for each class, `(n, classes)`.

    One score alone, `(n, 1)`, is the probability p of class 1 of two; class 0 then has 1 − p.
    """
    if scores.ndim != 2 or scores.shape[1] != 1:
        return scores
    return np.concatenate([1 - scores, scores], axis=1)


def evaluate(session: Session, dataset: Dataset) -> Evaluation:
    """Answer the whole test part, and time it.

    Raises:
        WeighinError: if the scores are not `(n, classes)` finite numbers, or for two classes
            `(n, 1)` probabilities.
    """
    inputs = dataset.test.inputs()
    began = time.perf_counter()
    scores = session.predict(inputs)
    seconds = time.perf_counter() - began
    alone = scores.shape == (len(inputs), 1) and dataset.classes == 2
    if scores.shape != (len(inputs), dataset.classes) and not alone:
        raise WeighinError(
            f"the session answered {scores.shape} scores for {len(inputs)} images of "
            f"{dataset.classes} classes"
        )
    if not np.isfinite(scores).all():
        raise WeighinError("the session answered NaN or infinite scores")
    if alone and not (scores.min() >= -STRAY and scores.max() <= 1 + STRAY):
        raise WeighinError(
            f"the session answered one score from {scores.min():.3g} to {scores.max():.3g}, no "
            f"probability of class 1: let the model end in Dense(1, 'sigmoid')"
        )
    scores = class_scores(scores)
    labels = dataset.test.labels
    true_scores = scores[np.arange(len(labels)), labels][:, np.newaxis]
    earlier = np.arange(dataset.classes) < np.asarray(labels)[:, np.newaxis]
    tied_before = (scores == true_scores) & earlier  # ties as in argmax
    higher = ((scores > true_scores) | tied_before).sum(axis=1)
    predicted = scores.argmax(axis=1)
    return Evaluation(predicted, higher < 5, labels, seconds, unlabelled=dataset.unlabelled)


def refuse_guessing(evaluation: Evaluation, classes: int, tested: Split | None = None) -> None:
    """Refuse a baseline that knows nothing: then labels and images hardly belong together.

    Where labels mean nothing there is nothing to know.

    Args:
        evaluation: of the baseline.
        classes: how many there are.
        tested: what it was tested on, whose range the message names.

    Raises:
        WeighinError: if its top-1 is not above that of guessing.
    """
    if evaluation.unlabelled:
        return
    right, n = int((evaluation.predicted == evaluation.labels).sum()), len(evaluation.labels)
    if proportion(right, n).low <= 1 / classes:
        raise WeighinError(
            f"the baseline answers {right:,} of {n:,} images right, no better than guessing among "
            f"{classes} classes: are labels and images in the same order, is the model trained?"
            f"{_range_asked(tested) if tested else ''}"
        )


def _range_asked(tested: Split) -> str:
    return f" Are inputs in the range that it was trained on? It was given {tested.described()}"
