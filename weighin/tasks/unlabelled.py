"""No targets: how near the outputs are to the baseline's is all that can be told."""

from __future__ import annotations

import numpy as np

from weighin.core import Array, Arrays, Dataset, Loss, Signature, WeighinError
from weighin.core.tasks import Task
from weighin.tasks.registering import task


@task
class Unlabelled(Task):
    """No targets: agreement, SQNR and cosine to the baseline's outputs."""

    name = "unlabelled"
    needs_targets = False

    def fits(self, signature: Signature, dataset: Dataset) -> bool:
        """No targets, and outputs that are not like the inputs."""
        alike = len(signature.outputs) == len(signature.inputs) == 1 and (
            signature.output.shape == signature.inputs[0].shape
        )
        return not dataset.train.targets and not alike

    def check(self, signature: Signature, dataset: Dataset, loss: Loss | None = None) -> None:
        """Anything goes."""

    def loss(self, signature: Signature, dataset: Dataset, named: Loss | None = None) -> Loss:
        """None: there is nothing to learn."""
        raise WeighinError(
            f"The task unlabelled has nothing to train on: take the recipe's epochs=0 (weights of "
            f"the model's own, or Weights(…)) and weigh exports alone, or "
            f"{'name another task' if dataset.train.targets else 'add y_train'}."
        )

    def answers(self, outputs: Arrays, inputs: Arrays, targets: Arrays) -> dict[str, Array]:
        """`highest` of each output that gives several scores for each example, `(n,)`."""
        return {
            name: values.argmax(axis=1)
            for name, values in outputs.items()
            if values.ndim == 2 and values.shape[1] > 1
        }

    def same(self, answers: Arrays, others: Arrays) -> Array | None:
        """Whether the highest score of each such output is at the same place."""
        if not answers:
            return None
        same: Array = np.all([answers[name] == others[name] for name in answers], axis=0)
        return same
