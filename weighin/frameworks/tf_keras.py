"""Keras 2 models: checked, read and written, given weights, asked, converted."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import Images, Scores, WeighinError
from weighin.frameworks.process import keras, tensorflow, toolkit

_PREDICTED = 256  # images at a time


def start_afresh(seed: int) -> None:
    """Forget earlier models, so that layers are named from the beginning; seed all generators."""
    keras().backend.clear_session()
    keras().utils.set_random_seed(seed)


def check_keras(model: Any, what: str = "the model at hand") -> None:
    """Refuse what is no model of the Keras that the toolkit works on.

    Given one of Keras 3 the toolkit's `cluster_weights` answers None, and the converter of
    TensorFlow 2.16 ends the process.

    Raises:
        WeighinError: naming the class that it is of.
    """
    if model is None:
        raise WeighinError(f"{what} is None: is there a `return` missing?")
    if not isinstance(model, keras().Model):
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise WeighinError(
            f"{what} is a {kind}, not a model of Keras 2, which the optimization toolkit works on. "
            f"Build it from the module that a model's function is given, not from `import keras`."
        )


def serialize(model: Any) -> bytes:
    """A model as .h5 bytes, without optimizer state.

    Raises:
        WeighinError: if it is no Keras 2 model, or has Lambda layers, whose code would be stored
            and run when read.
    """
    check_keras(model)
    for layer in model.submodules:
        if isinstance(layer, keras().layers.Lambda):
            raise WeighinError(
                f"Layer {layer.name!r} is a Lambda layer: its file would hold code that runs when "
                f"it is opened. Write it as a registered Layer class."
            )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path, save_format="h5", include_optimizer=False)
        return path.read_bytes()


def read(path: Path, *, quantized: bool = False) -> Any:
    """The Keras model in an .h5 file, not compiled.

    Args:
        path: the file.
        quantized: whether it may be wrapped for quantization-aware training.
    """
    scope = toolkit().quantization.keras.quantize_scope() if quantized else contextlib.nullcontext()
    with scope:
        return keras().models.load_model(path, compile=False)


def set_weights(model: Any, layers: Sequence[Sequence[Any]], source: str) -> None:
    """Give a model weights from elsewhere, layer by layer in their order.

    Args:
        model: has as many layers with weights, of the same shapes.
        layers: each layer's arrays.
        source: what they are called in messages.

    Raises:
        WeighinError: naming the first layer that they do not fit.
    """
    weighted = [layer for layer in model.layers if layer.weights]
    if len(weighted) != len(layers):
        raise WeighinError(
            f"{source} holds weights of {len(layers)} layers, {model.name!r} has {len(weighted)}."
        )
    for layer, arrays in zip(weighted, layers, strict=True):
        wanted = [tuple(weight.shape) for weight in layer.weights]
        given = [tuple(array.shape) for array in arrays]
        if wanted != given:
            raise WeighinError(f"{source}: layer {layer.name!r} takes {wanted}, not {given}.")
        layer.set_weights(list(arrays))


def predict(model: Any, images: Images) -> Scores:
    """A Keras model's scores `(n, classes)` for `images` `(n, height, width, channels)`.

    It is called as it is: for the few images asked, making a graph of it takes longer.
    """
    parts = range(0, len(images), _PREDICTED)
    scores = [model(images[at : at + _PREDICTED], training=False).numpy() for at in parts]
    return np.concatenate(scores).astype(np.float32, copy=False)


def file_answers(content: bytes, images: Images) -> Scores:
    """Scores `(n, classes)` of a .tflite file of batch 1, one image at a time, by TensorFlow Lite.

    Raises:
        WeighinError: if the interpreter refuses the file.
    """
    interpreter = tensorflow().lite.Interpreter(model_content=content)
    try:
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise WeighinError(f"TensorFlow Lite refuses the file: {error}") from error
    (entry,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    scale, zero_point = entry["quantization"]
    scores = []
    for at in range(len(images)):
        image = images[at : at + 1]
        if scale:
            limits = np.iinfo(entry["dtype"])
            image = np.clip(np.rint(image / scale) + zero_point, limits.min, limits.max)
        interpreter.reset_all_variables()
        interpreter.set_tensor(entry["index"], image.astype(entry["dtype"]))
        interpreter.invoke()
        scores.append(interpreter.get_tensor(answer["index"]))
    raw = np.concatenate(scores).astype(np.float32)
    scale, zero_point = answer["quantization"]
    return (raw - zero_point) * np.float32(scale) if scale else raw


def check_finite(model: Any, after: str) -> None:
    """Refuse a model with NaN or infinite weights.

    Raises:
        WeighinError: naming the weight.
    """
    for weight in model.weights:
        if not np.isfinite(weight.numpy()).all():
            raise WeighinError(
                f"After {after}, weight {weight.name!r} is not finite: training diverged. "
                f"Lower the recipe's learning rate."
            )


def converter(model: Any, batch: str = "one") -> Any:
    """A TensorFlow Lite converter for a Keras 2 model.

    It converts one function and its variables. `from_keras_model` first saves the whole model, each
    layer traced several times: the same file but for a byte of metadata, in three times the time.

    Where shapes are computed an open batch makes another graph than a batch of one: transposed
    convolutions, attention and dilated convolutions get operators for it, which no delegate takes.
    Recurrent layers convert with a batch of one alone.

    Args:
        model: a Keras model.
        batch: `one`, or `open` for a file that answers any number at once.

    Raises:
        WeighinError: if it is another one.
    """
    check_keras(model)
    tf = tensorflow()
    (name,), (output,) = model.input_names, model.output_names
    shape = (1 if batch == "one" else None, *model.input_shape[1:])
    images_like = tf.TensorSpec(shape, model.inputs[0].dtype, name)

    @tf.function(input_signature=[images_like])  # type: ignore[untyped-decorator]
    def answer(images: Any) -> Any:
        return {output: model(images, training=False)}

    holder = tf.Module()
    holder.variables_of_model = model.variables  # a converter asks that something holds them
    concrete = answer.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], holder)
