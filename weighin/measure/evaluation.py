"""A session's answers to the whole test set."""

from __future__ import annotations

import time

import numpy as np

from weighin.core import Dataset, Session, WeighinError
from weighin.outcomes import Evaluation
from weighin.stats import proportion


def evaluate(session: Session, dataset: Dataset) -> Evaluation:
    """Answer the whole test part, and time it.

    Raises:
        WeighinError: if the scores are not `(n, classes)` finite numbers.
    """
    inputs = dataset.test.inputs()
    began = time.perf_counter()
    scores = session.predict(inputs)
    seconds = time.perf_counter() - began
    if scores.shape != (len(inputs), dataset.classes):
        raise WeighinError(
            f"the session answered {scores.shape} scores for {len(inputs)} images of "
            f"{dataset.classes} classes"
        )
    if not np.isfinite(scores).all():
        raise WeighinError("the session answered NaN or infinite scores")
    labels = dataset.test.labels
    true_scores = scores[np.arange(len(labels)), labels][:, np.newaxis]
    earlier = np.arange(dataset.classes) < np.asarray(labels)[:, np.newaxis]
    tied_before = (scores == true_scores) & earlier  # ties as in argmax
    higher = ((scores > true_scores) | tied_before).sum(axis=1)
    predicted = scores.argmax(axis=1)
    return Evaluation(predicted, higher < 5, labels, seconds, unlabelled=dataset.unlabelled)


def refuse_guessing(evaluation: Evaluation, classes: int) -> None:
    """Refuse a baseline that knows nothing: then labels and images hardly belong together.

    Where labels mean nothing there is nothing to know.

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
        )
