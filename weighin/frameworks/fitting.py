"""What training is made of, whatever the recipe: batches, masked weights, a settled start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Array, Arrays, Split
from weighin.frameworks import tf_keras
from weighin.frameworks.process import keras, tensorflow


def settle(model: Any, inputs: Arrays) -> None:
    """Make a model that nobody trained answer with scores that differ, as a trained one does.

    Batch normalization gets the averages of `inputs`: as initialised (mean 0, variance 1) it leaves
    each layer's output smaller than the last, until integers cannot tell the scores of deep models
    from 0. Then the last kernel grows until the highest score is about a half: among 1,000 classes
    alike, an 8-bit score is 0 for all of them, and no check could tell a right session from none.

    Args:
        model: a Keras model.
        inputs: by name, each `(n, …)`.
    """
    normalizations = [
        layer for layer in model.layers if isinstance(layer, keras().layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
    given = tf_keras.in_order(model, inputs)
    tf_keras.answered(model, given, training=True)
    for layer, momentum in zip(normalizations, momenta, strict=True):
        layer.momentum = momentum
    kernels = [w for w in reversed(model.trainable_weights) if len(w.shape) > 1]
    for kernel in kernels[:1]:
        for _ in range(40):
            answers = tf_keras.answered(model, given).values()
            if max(float(np.max(values)) for values in answers) >= 0.5:
                return
            kernel.assign(kernel * 1.5)


def batches(examples: Split, learned: Array | tuple[Array, ...], size: int, seed: int) -> Any:
    """Training batches as a `tf.data.Dataset`, in another order each epoch.

    Examples are held as they are stored, and made inputs of batch by batch: bytes of pixels as
    floats would take four times the memory.

    tf.data's autotuning is off. Between its looks at the pipeline its thread sleeps for 10, 20,
    40 … ms, and an epoch does not end before such a pause does (TensorFlow 2.21): one of 2.7 s of
    arithmetic lasted 5.1 s, the sum of nine of them.

    Args:
        examples: fed to the model that is trained, each input `(n, …)`.
        learned: what it is to answer, `(n, …)`, or of several outputs in their order.
        size: examples in a batch; the last has what is left.
        seed: of the order.
    """
    tf = tensorflow()
    with tf.device("CPU"):
        held = tf.nest.map_structure(tf.constant, (dict(examples.stored), learned))
    options = tf.data.Options()
    options.autotune.enabled = False
    order = tf.data.Dataset.range(len(examples)).shuffle(len(examples), seed).batch(size)

    def chosen(numbers: Any) -> Any:
        stored, wanted = tf.nest.map_structure(lambda values: tf.gather(values, numbers), held)
        inputs = {name: _as_given(values, name, examples) for name, values in stored.items()}
        return (next(iter(inputs.values())) if len(inputs) == 1 else inputs), wanted

    return order.map(chosen).with_options(options)


def _as_given(values: Any, name: str, examples: Split) -> Any:
    """What `Split.inputs` makes of stored values, by TensorFlow."""
    cast, scale = tensorflow().cast, examples.scales.get(name, 1.0)
    if scale != 1:
        values = cast(values, np.float32) * np.float32(scale)
    return cast(values, examples.dtypes.get(name, values.dtype))


def masked(model: Any, masks: Sequence[tuple[Any, Any]]) -> Any:
    """A model of the same layers whose weights are multiplied by masks after every training step.

    The toolkit's wrappers do it in the forward pass and set a counter per layer and step from
    Python; inside the compiled training step it costs next to nothing.
    """
    if not masks:
        return model

    class Masked(keras().Model):  # type: ignore[misc]  # Keras has no types
        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            for weight, mask in masks:
                weight.assign(weight * mask)
            return logs

    return Masked(model.inputs, model.outputs)


def create_state(model: Any) -> None:
    """Create what the optimizer of a compiled model keeps of each weight.

    TensorFlow traces a training step that creates variables twice, which takes longer than many a
    short training.

    Args:
        model: a compiled model of Keras 2; `optimized` names what is trained, if not its weights.
    """
    optimizer = model.optimizer
    create = getattr(optimizer, "_create_all_weights", None) or optimizer.build
    create(getattr(model, "optimized", model.trainable_variables))


# Weights that are no kernels, of whatever rank: a GRU's biases and attention's are matrices.
_NO_KERNELS = ("bias", "alpha", "gamma", "beta")


def is_kernel(weight: Any) -> bool:
    """Whether a weight is a kernel or a table, not biases, scales or slopes."""
    name = str(weight.name).rsplit("/", 1)[-1].partition(":")[0]
    return len(weight.shape) > 1 and name not in _NO_KERNELS


def zeros_kept(model: Any) -> list[tuple[Any, Any]]:
    """Kernels that hold zeros, each with the mask that keeps them."""
    masks = []
    for weight in filter(is_kernel, model.trainable_weights):
        kept = weight.numpy() != 0
        if not kept.all():
            masks.append((weight, variable(kept.astype(np.float32))))
    return masks


def variable(values: npt.NDArray[np.float32]) -> Any:
    """A TensorFlow variable that training does not change."""
    return tensorflow().Variable(values, trainable=False)
