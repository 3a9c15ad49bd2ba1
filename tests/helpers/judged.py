"""Results of models of several tasks, made by hand: what each task's readers see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from helpers.support import ENVIRONMENT, file, record, results_of

from weighin.core import Record, Results

HOUSES = {"model": "house", "dataset": "houses"}
SHAPES = {"model": "unet", "dataset": "shapes"}
SAME = "same within ±0.032, 1 % of the baseline's"
DATASETS = {
    "houses": {"train": 800, "test": 200, "digest": "d2" * 32, "examples": "examples"},
    "shapes": {"train": 80, "test": 20, "digest": "d3" * 32, "examples": "images"},
}
ENVIRONMENT_OF_TASKS = {**ENVIRONMENT, "datasets": {**ENVIRONMENT["datasets"], **DATASETS}}


def answered(
    name: str, value: float, delta: float = 0.0, verdict: str = "", *, half: float, **place: object
) -> list[Record]:
    """A figure and its difference to the baseline's, which is skipped where no verdict is given."""
    n = 20 if place.get("dataset") == "shapes" else 200
    figure = record(name, value, value - half, value + half, n=n, **place)
    if not verdict:
        skipped = {"status": "skipped", "reason": "this is the baseline"}
        return [figure, record(f"{name}_delta", **skipped, **place)]
    ends = (delta - half / 4, delta + half / 4)
    return [figure, record(f"{name}_delta", delta, *ends, n=n, verdict=verdict, **place)]


def regression(seed: int = 0, further: bool = True) -> list[Record]:
    """MAE, RMSE and R² of a model for house prices: dense, int8 and pruned."""
    rows = {
        "baseline": (3.2146, 0.0, ""),
        "int8": (3.2271, 0.0125, SAME),
        "prune(0.8)": (4.0146, 0.8, "worse"),
    }
    made = []
    for variant, (mae, delta, verdict) in rows.items():
        place = {**HOUSES, "variant": variant, "seed": seed}
        made += file(size=4000, gzip={"baseline": 3600, "int8": 1200}.get(variant, 900), **place)
        made += answered("mae", mae, delta, verdict, half=0.08, **place)
        if further:
            made += answered("rmse", mae * 1.3, delta * 1.3, verdict, half=0.12, **place)
            made += answered("r2", 0.9 - delta / 10, -delta / 10, verdict, half=0.02, **place)
        made += _speed(variant, place)
    return made


def segmentation() -> list[Record]:
    """MIoU and pixel accuracy of a U-Net."""
    rows = {"baseline": (0.8421, 0.0, ""), "int8": (0.8375, -0.0046, "no evidence")}
    made = []
    for variant, (miou, delta, verdict) in rows.items():
        place = {**SHAPES, "variant": variant}
        made += file(size=9000, gzip=8000 if variant == "baseline" else 2200, **place)
        made += answered("miou", miou, delta, verdict, half=0.03, **place)
        made += answered("pixel_accuracy", miou + 0.1, delta / 2, verdict, half=0.01, **place)
        made += _speed(variant, place)
    return made


def unlabelled() -> list[Record]:
    """What is told of a model that nobody has targets for."""
    place = {"model": "mute", "dataset": "bare"}
    skipped = {"status": "skipped", "reason": "this is the baseline"}
    told = {"agreement": 0.985, "sqnr": 31.2, "cosine": 0.9991}
    return [
        *file("baseline", 4000, 3600, **place),
        *file("int8", 1300, 1200, **place),
        *(record(name, **skipped, **place) for name in told),
        *(record(name, value, variant="int8", **place) for name, value in told.items()),
    ]


def of_tasks(*records: Sequence[Record], **changes: object) -> Results:
    """A run of these, or of one regression and one segmentation."""
    chosen = records or (regression(), segmentation())
    return results_of(
        {**ENVIRONMENT_OF_TASKS, **changes}, tuple(each for group in chosen for each in group)
    )


def swept() -> Results:
    """Operating points of the regression: what is smaller errs more, but for one bad point."""
    points = {
        "baseline": (3600, 3.2, 1.0),
        "prune(0.5)": (2000, 3.1, 1.1),
        "prune(0.75)": (1200, 3.5, 1.3),
        "prune(0.9)": (1300, 9.0, 1.2),
    }
    made = []
    for variant, (size, mae, faster) in points.items():
        place = {**HOUSES, "variant": variant}
        made += file(size=4000, gzip=size, **place)
        verdict = "" if variant == "baseline" else "worse" if mae > 3.2 else "better"
        made += answered("mae", mae, mae - 3.2, verdict, half=0.08, **place)
        if variant != "baseline":
            made.append(record("speedup", faster, faster - 0.01, faster + 0.01, n=40, **place))
    return of_tasks(made)


def _speed(variant: str, place: Mapping[str, object]) -> list[Record]:
    latency = 1e-4 if variant == "baseline" else 0.5e-4
    made = [record("latency", latency, latency * 0.99, latency * 1.01, n=500, **place)]
    if variant != "baseline":
        told = {"n": 40, "verdict": "faster", "stopped": "narrow", "pinned": True}
        made.append(record("speedup", 2.0, 1.95, 2.05, **told, **place))
    return made
