"""What `bench.coverage` draws: answers to examples, scores and differences whose truth is known."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CLASSES = (10, 2, 0.5)  # mean sizes of what is segmented, in pixels by the thousand


@dataclass(frozen=True)
class SetFigure:
    """A figure that is no mean of scores, and sets to compute it of.

    Attributes:
        sample: `(generator, n)` → a baseline's and a variant's answers to the same n examples.
        figure: answers and how often each example is in each resample, `(B, n)` → `(B,)`.
        truths: the baseline's and the variant's figure of endlessly many examples.
    """

    sample: Callable
    figure: Callable
    truths: tuple[float, float]


def normal(generator, shape):
    return generator.normal(size=shape)


def _laplace(generator, shape):
    return generator.laplace(scale=math.sqrt(0.5), size=shape)


def _t5(generator, shape):
    return generator.standard_t(5, shape) * math.sqrt(3 / 5)


ERRORS = {"normal": normal, "Laplace": _laplace, "Student's t of 5": _t5}  # each of variance 1
SPREAD = 0.9**2 + 0.45**2  # of a variant's errors, which go with the baseline's


def _error_pair(errors, generator, n):
    error = errors(generator, n)
    return error, 0.9 * error + 0.45 * errors(generator, n)


def _rmse(errors):
    def sample(generator, n):
        return tuple(error**2 for error in _error_pair(errors, generator, n))

    def figure(squares, counts):
        return np.sqrt(counts @ squares / counts.shape[1])

    return SetFigure(sample, figure, (1.0, math.sqrt(SPREAD)))


def _r2(errors):
    def sample(generator, n):
        pair = _error_pair(errors, generator, n)
        target = 3 * generator.normal(size=n) + pair[0]
        return tuple(np.stack([error**2, target, target**2], axis=1) for error in pair)

    def figure(answers, counts):
        squares, targets, squared_targets = (counts @ answers / counts.shape[1]).T
        return 1 - squares / (squared_targets - targets**2)

    return SetFigure(sample, figure, (0.9, 1 - SPREAD / 10))


def _auc(area, positive):
    apart = math.sqrt(2) * _normal_quantile(area)

    def sample(generator, n):
        labels = generator.random(n) < positive
        scores = generator.normal(size=n) + apart * labels
        return (scores, labels), (scores + 0.4 * generator.normal(size=n), labels)

    def figure(answers, counts):
        scores, labels = answers
        order = np.argsort(scores)
        labels, counts = labels[order], counts.T[order]
        negatives = np.cumsum(counts * ~labels[:, np.newaxis], axis=0)
        positives = counts[labels]
        pairs = positives.sum(axis=0) * negatives[-1]
        ordered = np.einsum("ij,ij->j", positives, negatives[labels])
        return np.divide(ordered, pairs, out=np.full(len(pairs), math.nan), where=pairs > 0)

    blurred = _normal_share(apart / math.sqrt(2 * (1 + 0.4**2)))
    return SetFigure(sample, figure, (area, blurred))


def _miou():
    def sample(generator, n):
        shape = (n, len(CLASSES))
        there = generator.random(shape) < (1, 0.7, 0.3)
        sizes = generator.gamma(1.5, size=shape) * CLASSES * there
        met = sizes * generator.beta(16, 3, shape)
        unions = sizes * generator.uniform(1, 1.1, shape)
        variants = met * generator.uniform(0.9, 1.02, shape)
        return tuple(np.concatenate([each, unions], axis=1) for each in (met, variants))

    def figure(answers, counts):
        met, unions = np.split(counts @ answers, 2, axis=1)
        return (met / unions).mean(axis=1)

    truth = 16 / 19 / 1.05
    return SetFigure(sample, figure, (truth, truth * 0.96))


def _normal_quantile(share):
    from scipy.stats import norm

    return float(norm.ppf(share))


def _normal_share(quantile):
    from scipy.stats import norm

    return float(norm.cdf(quantile))


SETS = {
    "AUC 0.95": _auc(0.95, 0.5),
    "AUC 0.95, one positive in ten": _auc(0.95, 0.1),
    "AUC 0.80": _auc(0.8, 0.5),
    **{f"RMSE, {name} errors": _rmse(errors) for name, errors in ERRORS.items()},
    **{f"R² 0.9, {name} errors": _r2(errors) for name, errors in ERRORS.items()},
    "mIoU 0.80": _miou(),
}

SCORES = {  # what is drawn, and its mean
    "normal": (normal, 0.0),
    "squared normal": (lambda generator, n: generator.normal(size=n) ** 2, 1.0),
    "squared Laplace": (lambda generator, n: _laplace(generator, n) ** 2, 1.0),
    "lognormal": (lambda generator, n: generator.lognormal(size=n), math.exp(0.5)),
}


def _squares_apart(generator, n):
    one, other = _error_pair(normal, generator, n)
    return other**2 - one**2


DIFFERENCES = {
    "of squared errors": (_squares_apart, SPREAD - 1),
    "Student's t of 5": (_t5, 0.0),
    "one in ten, normal": (
        lambda generator, n: generator.normal(size=n) * (generator.random(n) < 0.1),
        0.0,
    ),
    "one in ten, exponential": (
        lambda generator, n: generator.exponential(size=n) * (generator.random(n) < 0.1),
        0.1,
    ),
}
