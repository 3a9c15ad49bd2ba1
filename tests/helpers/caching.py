"""A small artifact to put into a cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from weighin.build.cache import Cache
from weighin.core import Artifact

PROVENANCE: Mapping[str, Any] = {
    "stage": "dense start",
    "recipe": {"epochs": 2, "learning_rate": 0.001},
    "builder": ["abc", "def"],
    "seed": 0,
}
CONTENT = b"TFL3 " * 40
ANSWERS = {
    "scores": np.linspace(0, 1, 12, dtype=np.float32).reshape(4, 3),
    "a word/in Keras' way:0": np.arange(4),
}


def put(cache: Cache, content: bytes = CONTENT, **changes: Any) -> Artifact:
    """Put an artifact, with some of its provenance changed."""
    return cache.put({**PROVENANCE, **changes}, "tflite", content, ANSWERS, 1.5)
