"""The nouns: frozen dataclasses and protocols, no I/O, no TensorFlow."""

from weighin.core.case import CONTROL, Case
from weighin.core.data import Dataset, Split
from weighin.core.errors import (
    DataNotFoundError,
    NotBuiltError,
    SkippedError,
    WeighinError,
    nearest,
)
from weighin.core.figures import Figure, Scope, Skip, Status, Stopped
from weighin.core.formats import USUAL_FORMAT, Format
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
from weighin.core.models import Anchor, ModelFile, Recipe, ReferenceModel, Suite, Weights
from weighin.core.protocols import Runtime, Session
from weighin.core.records import Record, Results
from weighin.core.signature import Port, Signature
from weighin.core.soundness import contradiction
from weighin.core.tasks import Loss, Quality, Task
from weighin.core.variants import Artifact, Call, Failure, Searched, Variant
from weighin.named import Array, Arrays

__all__ = [
    "CONTROL",
    "USUAL_FORMAT",
    "Anchor",
    "Array",
    "Arrays",
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
    "Format",
    "Kind",
    "Loss",
    "Metric",
    "ModelFile",
    "NotBuiltError",
    "Port",
    "Quality",
    "Recipe",
    "Record",
    "ReferenceModel",
    "Results",
    "Runtime",
    "Scope",
    "Searched",
    "Session",
    "Signature",
    "Skip",
    "SkippedError",
    "Split",
    "Status",
    "Stopped",
    "Suite",
    "Task",
    "Variant",
    "WeighinError",
    "Weights",
    "contradiction",
    "kind_of",
    "nearest",
    "title_of",
    "undescribed",
]
