"""Boxes that tests make up, and the COCO evaluator's own figures for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin.tasks._boxes import NO_BOX, Detections, Truth


def truth(*images: list[list[float]], crowd: Any = None) -> Truth:
    """Truth of images given as lists of [class, x, y, width, height]."""
    boxes, classes = _padded(images, 1)
    return Truth(boxes, classes[..., 0].astype(int), crowd)


def detections(*images: list[list[float]]) -> Detections:
    """Detections of images given as lists of [class, score, x, y, width, height]."""
    boxes, heads = _padded(images, 2)
    return Detections(boxes, heads[..., 0].astype(int), heads[..., 1])


def random_boxes(
    seed: int, *, images: int, most: int, answers: int, classes: int, levels: int, crowded: float
) -> tuple[Truth, Detections]:
    """Boxes, and answers near them: some of another class, some missing, few of them twice.

    Args:
        seed: of all of it.
        images: how many.
        most: boxes in an image; some have none.
        answers: detections in an image; some have none.
        classes: how many.
        levels: different scores; few make ties.
        crowded: share of boxes that are crowds.
    """
    rng = np.random.default_rng(seed)
    boxes = np.concatenate(
        [rng.uniform(0, 100, (images, most, 2)), rng.uniform(5, 60, (images, most, 2))], -1
    )
    kinds = rng.integers(0, classes, (images, most))
    kinds[rng.random((images, most)) < rng.random((images, 1))] = NO_BOX
    near = rng.integers(0, most, (images, answers))
    answered = np.take_along_axis(boxes, near[..., np.newaxis], 1)
    answered += rng.normal(0, 4, answered.shape)
    answered[..., 2:] = np.abs(answered[..., 2:])
    said = np.take_along_axis(kinds, near, 1)
    other = rng.random(said.shape) < 0.3
    said = np.where(other, rng.integers(-1, classes, said.shape), said)
    scores = np.ceil(rng.random(said.shape) * levels) / levels
    crowd = rng.random(kinds.shape) < crowded
    return Truth(boxes, kinds, crowd), Detections(answered, said, scores)


def official(expected: Truth, answered: Detections) -> tuple[float, float]:
    """The evaluator's mAP@[.5:.95] and mAP@0.5, all of it done by itself."""
    from faster_coco_eval import COCO, COCOeval_faster

    annotations, answers = [], []
    for image, place in np.argwhere(expected.classes != NO_BOX).tolist():
        crowd = expected.crowd is not None and expected.crowd[image, place]
        row = _row(expected, image, place)
        row |= {"id": len(annotations) + 1, "iscrowd": int(crowd)}
        annotations.append(row | {"area": row["bbox"][2] * row["bbox"][3]})
    for image, place in np.argwhere(answered.classes != NO_BOX).tolist():
        row = _row(answered, image, place)
        answers.append(row | {"score": float(answered.scores[image, place])})
    numbers = {row["category_id"] for row in annotations + answers}
    known = COCO(
        {
            "images": [{"id": image} for image in range(len(expected))],
            "categories": [{"id": number} for number in numbers],
            "annotations": annotations,
        }
    )
    evaluator = COCOeval_faster(
        known, known.loadRes(answers), iouType="bbox", print_function=lambda *_: None
    )
    evaluator.run()
    return float(evaluator.stats[0]), float(evaluator.stats[1])


def chosen_of(arrays: Any, chosen: Any) -> Any:
    """Truth or detections of chosen images."""
    return type(arrays)(**{key: array[chosen] for key, array in vars(arrays).items()})


def _row(arrays: Any, image: int, place: int) -> dict[str, Any]:
    box = [float(value) for value in arrays.boxes[image, place]]
    return {"image_id": image, "category_id": int(arrays.classes[image, place]), "bbox": box}


def _padded(images: Any, heads: int) -> tuple[Any, Any]:
    table = np.zeros((len(images), max(map(len, images)), heads + 4))
    table[..., 0] = NO_BOX
    for image, rows in enumerate(images):
        for place, row in enumerate(rows):
            table[image, place] = row
    return table[..., heads:], table[..., :heads]
