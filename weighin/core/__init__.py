"""The nouns: frozen dataclasses and protocols, no I/O, no TensorFlow."""

from weighin.core.case import Case
from weighin.core.data import Dataset, Images, Labels, Scores, Split
from weighin.core.errors import DataNotFoundError, WeighinError
from weighin.core.models import Anchor, Recipe, ReferenceModel, Suite, Weights
from weighin.core.protocols import Runtime, Session
from weighin.core.records import Figure, Metric, Record, Results, Scope, Skip, Status
from weighin.core.variants import Artifact, Call, Failure, Variant

__all__ = [
    "Anchor",
    "Artifact",
    "Call",
    "Case",
    "DataNotFoundError",
    "Dataset",
    "Failure",
    "Figure",
    "Images",
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
    "Suite",
    "Variant",
    "WeighinError",
    "Weights",
]
