"""weighin: did compressing this Keras model make it smaller, as accurate, and faster here?

The public names, for files that define models, data sets, suites, steps, exports, runtimes
and metrics.
"""

from weighin.core import Anchor, Figure, Recipe, Skip, WeighinError, Weights
from weighin.datasets.loading import from_arrays, noise_dataset, npz_dataset
from weighin.registry import dataset, export, metric, model, published, runtime, step, suite

__all__ = [
    "Anchor",
    "Figure",
    "Recipe",
    "Skip",
    "WeighinError",
    "Weights",
    "dataset",
    "export",
    "from_arrays",
    "metric",
    "model",
    "noise_dataset",
    "npz_dataset",
    "published",
    "runtime",
    "step",
    "suite",
]

__version__ = "0.1.0"
