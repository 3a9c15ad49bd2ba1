"""The dense control: the same further epochs as every step, nothing compressed."""

from __future__ import annotations

from typing import Any

from weighin.frameworks.training import Trainer
from weighin.registry import step


@step("finetune")
def finetune(model: Any, trainer: Trainer) -> Any:
    """Train on for the extra epochs, prune nothing: the dense control.

    After `prune`, what is zero stays zero.
    """
    trainer.fit(model)
    return model
