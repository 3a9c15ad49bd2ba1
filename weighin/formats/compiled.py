"""How a trained file's model was compiled: what its further training goes on with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weighin.formats.keras import snake_case
from weighin.formats.saved import read_saved

_LOSSES = {  # by weighin's names, which tasks know (`weighin list tasks`)
    "sparse_categorical_crossentropy": "crossentropy",
    "categorical_crossentropy": "crossentropy",
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "mean_squared_logarithmic_error": "msle",
    "mean_absolute_percentage_error": "mape",
    "logcosh": "log_cosh",
}
_OPTIMIZERS = (  # that Keras 2 has too
    *("adam", "sgd", "rmsprop", "adamw", "adagrad", "adadelta", "adamax", "nadam", "ftrl"),
)
_FROM_LOGITS = ("crossentropy", "binary_crossentropy")


@dataclass(frozen=True)
class Compiled:
    """What a file says of its training; None for what it does not say, or what is not known here.

    Attributes:
        loss: by weighin's name, or Keras's own.
        optimizer: by Keras's name, such as `adam`.
        learning_rate: the optimizer's; of a schedule its initial one.
    """

    loss: str | None = None
    optimizer: str | None = None
    learning_rate: float | None = None


def compiled(path: Path) -> Compiled:
    """How the model in a file or folder was compiled; nothing of weights, or where it was not.

    Raises:
        WeighinError: if the file is damaged or none that is known.
    """
    return compiled_as(read_saved(path).training)


def compiled_as(training: Mapping[str, Any]) -> Compiled:
    """The same of a configuration, as either Keras writes it."""
    optimizer = training.get("optimizer_config", training.get("optimizer"))
    name, rate = _optimizer(optimizer)
    return Compiled(_loss(training.get("loss")), name, rate)


def _loss(said: Any) -> str | None:
    if isinstance(said, list) and len(said) == 1:
        return _loss(said[0])
    if isinstance(said, str):
        return _named(said, {})
    if not isinstance(said, dict):
        return None
    if "class_name" not in said:  # by outputs' names
        return _loss(next(iter(said.values()))) if len(said) == 1 else None
    config, kind = said.get("config"), str(said["class_name"])
    if kind == "function":
        return _named(config, {}) if isinstance(config, str) else None
    config = config if isinstance(config, dict) else {}
    if kind == "LossFunctionWrapper":
        return _named(str(config.get("name", "")), config)
    return None if ">" in kind else _named(kind, config)


def _named(name: str, config: Mapping[str, Any]) -> str | None:
    plain = snake_case(name)
    loss = _LOSSES.get(plain, plain)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", loss):
        return None
    if loss in _FROM_LOGITS and config.get("from_logits") is True:
        return f"{loss}_from_logits"
    return loss


def _optimizer(said: Any) -> tuple[str | None, float | None]:
    if isinstance(said, str):
        return _known(said), None
    if not isinstance(said, dict):
        return None, None
    config = said.get("config")
    config = config if isinstance(config, dict) else {}
    kind = str(said.get("class_name", "")).rpartition(">")[2]
    if kind.startswith("LossScaleOptimizer"):
        return _optimizer(config.get("inner_optimizer"))
    return _known(kind), _rate(config.get("learning_rate"))


def _known(name: str) -> str | None:
    return name.lower() if name.lower() in _OPTIMIZERS else None


def _rate(said: Any) -> float | None:
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(str(np.float32(said)))  # which Keras 2 writes with sixteen digits
    inside = said.get("config") if isinstance(said, dict) else None
    if not isinstance(inside, dict):
        return None
    values = inside.get("values")
    first = values[0] if isinstance(values, list) and values else None
    return _rate(inside.get("initial_learning_rate", first))
