"""weighin: did compressing this Keras model make it smaller, as accurate, and faster here?

The public names: what a notebook calls, and for files that define models, data sets, suites, tasks,
steps, exports, runtimes and metrics.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighin.core import (
        Anchor,
        Figure,
        Quality,
        Recipe,
        Skip,
        Task,
        WeighinError,
        Weights,
    )
    from weighin.datasets.coco import coco_annotations
    from weighin.datasets.loading import from_arrays, noise_dataset, npz_dataset
    from weighin.registry import dataset, export, metric, model, published, runtime, step, suite
    from weighin.tasks.detection import Detection
    from weighin.tasks.registering import task

__all__ = [
    "Anchor",
    "Detection",
    "Figure",
    "Quality",
    "Recipe",
    "Skip",
    "Task",
    "WeighinError",
    "Weights",
    "coco_annotations",
    "compare",
    "dataset",
    "export",
    "from_arrays",
    "inspect",
    "load",
    "metric",
    "model",
    "noise_dataset",
    "npz_dataset",
    "published",
    "runtime",
    "search",
    "step",
    "suite",
    "task",
    "weigh",
]

__version__ = "0.1.0"

_HOMES = {
    "weighin.api": ("compare", "inspect", "load", "search", "weigh"),
    "weighin.datasets.coco": ("coco_annotations",),
    "weighin.datasets.loading": ("from_arrays", "noise_dataset", "npz_dataset"),
    "weighin.registry": (
        *("dataset", "export", "metric", "model", "published", "runtime", "step", "suite"),
    ),
    "weighin.tasks.detection": ("Detection",),
    "weighin.tasks.registering": ("task",),
}  # of the names above; the others' is weighin.core


def __getattr__(name: str) -> Any:
    """A public name, imported when it is asked for: a cold start's process needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = next((home for home, names in _HOMES.items() if name in names), "weighin.core")
    return getattr(importlib.import_module(home), name)
