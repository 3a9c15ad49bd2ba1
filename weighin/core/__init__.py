"""The nouns: frozen dataclasses and protocols, no I/O, no TensorFlow."""

from weighin.core.case import Case
from weighin.core.data import Dataset, Images, Labels, Scores, Split
from weighin.core.errors import DataNotFoundError, WeighinError
from weighin.core.figures import Figure, Scope, Skip, Status, Stopped
from weighin.core.metrics import (
    Catalogue,
    Comparison,
    ComputedMetric,
    Kind,
    Metric,
    kind_of,
    title_of,
    undescribed,
)
from weighin.core.models import Anchor, Recipe, ReferenceModel, Suite, Weights
from weighin.core.protocols import Runtime, Session
from weighin.core.records import Record, Results
from weighin.core.variants import Artifact, Call, Failure, Variant

__all__ = [
    "Anchor",
    "Artifact",
    "Call",
    "Case",
    "Catalogue",
    "Comparison",
    "ComputedMetric",
    "DataNotFoundError",
    "Dataset",
    "Failure",
    "Figure",
    "Images",
    "Kind",
    "Labels",
    "Metric",
    "Recipe",
    "Record",
    "ReferenceModel",
    "Results",
    "Runtime",
    "Scope",
    "Scores",
    "Session",
    "Skip",
    "Split",
    "Status",
    "Stopped",
    "Suite",
    "Variant",
    "WeighinError",
    "Weights",
    "kind_of",
    "title_of",
    "undescribed",
]
