"""weighin: did compressing this Keras model make it smaller, as accurate, and faster here?

The public names, for files that define models, data sets, suites, steps, exports, runtimes
and metrics.
"""

from weighin.core import Anchor, Figure, Recipe, Skip, WeighinError
from weighin.datasets import from_arrays, npz_dataset
from weighin.registry import dataset, export, metric, model, runtime, step, suite

__all__ = [
    "Anchor",
    "Figure",
    "Recipe",
    "Skip",
    "WeighinError",
    "dataset",
    "export",
    "from_arrays",
    "metric",
    "model",
    "npz_dataset",
    "runtime",
    "step",
    "suite",
]

__version__ = "0.1.0"
