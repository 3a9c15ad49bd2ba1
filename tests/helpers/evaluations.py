"""Made-up answers to every registered task: most right, all right, none right, and one alone."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from weighin import registry
from weighin.core import Arrays, Split, Task
from weighin.outcomes import Evaluation, Fidelity

N = 60


@functools.cache  # what figures are made of is computed once
def evaluations_of(task: Task) -> list[Evaluation]:
    """A baseline, two that are held against it or one another, and one of a single example."""
    split, most, right, wrong = _MADE[task.name]()
    near = Fidelity(N - 1.0, N, 0.03)
    usual = _evaluation(task, split, most, 0.25)
    perfect = dataclasses.replace(
        _evaluation(task, split, right, 0.5), fidelity=near, baseline=usual, control=usual
    )
    beside = {"baseline": perfect, "control": usual}
    hopeless = dataclasses.replace(_evaluation(task, split, wrong, 0.125), **beside)
    first = Split(*({k: v[:1] for k, v in each.items()} for each in (split.stored, split.targets)))
    single = _evaluation(task, first, {name: values[:1] for name, values in right.items()}, 1e-6)
    return [usual, perfect, hopeless, single]


def with_figure(name: str) -> Task:
    """The first task that has a figure; for a metric of all tasks, which class an example is of."""
    for task in registry.tasks.values():
        if name in {quality.name for quality in task.figures}:
            return task
    return registry.tasks["classification"]


def _evaluation(task: Task, split: Split, outputs: Arrays, seconds: float) -> Evaluation:
    targets = task.targets(split)
    answers = task.answers(outputs, split.inputs(), targets)
    return Evaluation(task, answers, targets, len(split), seconds, outputs)


def _parts(
    targets: Arrays, right: Arrays, wrong: Arrays, stored: Arrays | None = None
) -> tuple[Split, Arrays, Arrays, Arrays]:
    """A split, and outputs that are right for nine in ten examples, all of them, and none."""
    well = np.random.default_rng(3).random(N) < 0.9
    most = {
        name: np.where(well.reshape(-1, *[1] * (values.ndim - 1)), values, wrong[name])
        for name, values in right.items()
    }
    return Split(stored or {"x": np.zeros((N, 1), np.float32)}, targets), most, right, wrong


def _scores(numbers: Any, classes: int) -> Any:
    return np.eye(classes, dtype=np.float32)[numbers] * 0.9 + np.float32(0.1 / classes)


def _classes(*shape: int, classes: int) -> tuple[Split, Arrays, Arrays, Arrays]:
    numbers = np.random.default_rng(4).integers(0, classes, (N, *shape))
    right, wrong = (_scores(each, classes) for each in (numbers, (numbers + 1) % classes))
    return _parts({"y": numbers}, {"scores": right}, {"scores": wrong})


def _multilabel() -> tuple[Split, Arrays, Arrays, Arrays]:
    holds = np.random.default_rng(5).integers(0, 2, (N, 2))
    right = (holds * 0.8 + 0.1).astype(np.float32)
    return _parts({"y": holds}, {"scores": right}, {"scores": 1 - right})


def _regression() -> tuple[Split, Arrays, Arrays, Arrays]:
    numbers = np.random.default_rng(6).normal(20, 5, (N, 2)).astype(np.float32)
    near = numbers + np.random.default_rng(7).normal(0, 0.1, (N, 2)).astype(np.float32)
    return _parts({"y": numbers}, {"numbers": near}, {"numbers": numbers[::-1]})


def _reconstruction() -> tuple[Split, Arrays, Arrays, Arrays]:
    generator = np.random.default_rng(8)
    stored = generator.random((N, 6), dtype=np.float32)
    anomalous = np.arange(N) % 4 == 0
    off = (0.05 + 0.2 * anomalous[:, np.newaxis]).astype(np.float32)
    back = {"image": stored + off * generator.normal(size=stored.shape).astype(np.float32)}
    return _parts({"y": anomalous}, back, {"image": stored[::-1]}, {"x": stored})


def _detection() -> tuple[Split, Arrays, Arrays, Arrays]:
    generator = np.random.default_rng(9)
    corners = generator.integers(0, 40, (N, 2, 2))
    boxes = np.concatenate([corners, generator.integers(8, 24, (N, 2, 2))], axis=2)
    classes = generator.integers(0, 3, (N, 2))
    ends = np.concatenate([boxes[..., 1::-1], boxes[..., 1::-1] + boxes[..., :1:-1]], axis=2) / 64
    right = {
        "boxes": ends.astype(np.float32),
        "classes": classes.astype(np.float32),
        "scores": generator.uniform(0.5, 0.9, (N, 2)).astype(np.float32),
        "count": np.full(N, 2, np.float32),
    }
    wrong = {**right, "boxes": right["boxes"][::-1]}
    targets = {"boxes": boxes.astype(np.float32), "classes": classes}
    return _parts(targets, right, wrong, {"x": np.zeros((N, 64, 64, 1), np.uint8)})


def _unlabelled() -> tuple[Split, Arrays, Arrays, Arrays]:
    split, *outputs = _classes(classes=4)
    most, right, wrong = outputs
    return Split(split.stored), most, right, wrong


_MADE = {
    "classification": lambda: _classes(classes=10),
    "detection": _detection,
    "multilabel": _multilabel,
    "reconstruction": _reconstruction,
    "regression": _regression,
    "segmentation": lambda: _classes(4, 4, classes=3),
    "sequence": lambda: _classes(5, classes=3),
    "unlabelled": _unlabelled,
}
