"""Keras 2 models: checked, read and written, given weights, asked, converted."""

from __future__ import annotations

import contextlib
import inspect
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weighin import named
from weighin.core import Array, Arrays, WeighinError
from weighin.frameworks import direct, keras3
from weighin.frameworks.direct import DirectModel
from weighin.frameworks.process import keras, tensorflow, toolkit

_PREDICTED = 256  # examples at a time
_PACKAGES = ("keras", "tf_keras", "tensorflow", "tensorflow_model_optimization")


def start_afresh(seed: int) -> None:
    """Forget earlier models, so that layers are named from the beginning; seed all generators."""
    keras3.start_afresh()
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


def code_of(layer: Any) -> str:
    """What of a layer is somebody's own code, by name: another process does not know it.

    A class or an activation; also a class that a SavedModel holds a graph of, which Keras calls as
    it was called.
    """
    kind = type(layer)
    if not _is_known(kind) or any(base.__name__ == "RevivedLayer" for base in kind.__mro__):
        return kind.__name__
    called = [getattr(layer, name, None) for name in ("activation", "recurrent_activation")]
    own = [each for each in called if inspect.isfunction(each) and not _is_known(each)]
    return str(own[0].__name__) if own else ""


def _is_known(item: Any) -> bool:
    return str(item.__module__).partition(".")[0] in _PACKAGES


def serialize(model: Any) -> bytes:
    """A model as .h5 bytes, without optimizer state; one that goes directly in its own format.

    Raises:
        WeighinError: if it is no Keras 2 model, or has Lambda layers, whose code would be stored
            and run when read.
    """
    if isinstance(model, DirectModel):
        return direct.serialize(model)
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


def format_of(model: Any) -> str:
    """The ending of the file that `serialize` makes of a model."""
    return direct.ENDING if isinstance(model, DirectModel) else "h5"


def read(path: Path, *, quantized: bool = False) -> Any:
    """The model in a file that `serialize` has made, not compiled.

    Args:
        path: the file.
        quantized: whether it may be wrapped for quantization-aware training.
    """
    if path.name.endswith(direct.ENDING):
        return direct.read(path)
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


def predict(model: Any, inputs: Arrays) -> dict[str, Array]:
    """A Keras model's outputs by name, each `(n, …)`, for inputs by name, each `(n, …)`.

    It is called as it is: for the few examples asked, making a graph of it takes longer.
    """
    parts = []
    for at in range(0, named.count(inputs), _PREDICTED):
        part = named.taken(inputs, slice(at, at + _PREDICTED))
        answers = answered(model, in_order(model, part))
        parts.append({name: values.numpy() for name, values in answers.items()})
    return named.joined(parts)


def in_order(model: Any, inputs: Arrays) -> list[Any]:
    """Inputs in the order in which a model takes them."""
    return [inputs[name] for name in model.input_names]


def answered(model: Any, inputs: Sequence[Any], *, training: bool = False) -> dict[str, Any]:
    """A model's outputs by name, for inputs in its order."""
    answers = model(inputs[0] if len(inputs) == 1 else list(inputs), training=training)
    several = answers if isinstance(answers, list | tuple) else [answers]
    return dict(zip(output_names(model), several, strict=True))


def output_names(model: Any) -> list[str]:
    """Names of a model's outputs as Keras has them, each once, also of a model that is wrapped.

    For quantization-aware training the toolkit puts layers into others, called `quant_…`.
    """
    if isinstance(model, DirectModel):
        return model.output_names
    kinds = [type(tensor._keras_history.layer).__name__ for tensor in model.outputs]
    return [
        name.removeprefix("quant_") if kind.startswith("QuantizeWrapper") else name
        for name, kind in zip(model.output_names, kinds, strict=True)
    ]


def file_answers(content: bytes, inputs: Arrays) -> dict[str, Array]:
    """Outputs of a .tflite file of batch 1, one example at a time, by TensorFlow Lite.

    Args:
        content: the file, with a signature.
        inputs: by the signature's names, each `(n, …)`.

    Returns:
        Outputs by name, each `(n, …)`, in real units.

    Raises:
        WeighinError: if the interpreter refuses the file.
    """
    interpreter = tensorflow().lite.Interpreter(model_content=content)
    try:
        interpreter.allocate_tensors()
        runner = interpreter.get_signature_runner()
    except (RuntimeError, ValueError) as error:
        raise WeighinError(f"TensorFlow Lite refuses the file: {error}") from error
    entries, ends = runner.get_input_details(), runner.get_output_details()
    answers = []
    for example in named.singly(inputs):
        interpreter.reset_all_variables()
        outputs = runner(**{n: named.stored(example[n], entry) for n, entry in entries.items()})
        answers.append({name: named.real(outputs[name], end) for name, end in ends.items()})
    return named.joined(answers)


def check_finite(model: Any, after: str) -> None:
    """Refuse a model with NaN or infinite weights.

    Raises:
        WeighinError: naming the weight.
    """
    for weight in model.weights:
        if not np.isfinite(weight.numpy()).all():
            raise WeighinError(
                f"After {after}, weight {weight.name!r} is not finite: training diverged. "
                f"Lower the learning rate (--learning-rate, or the recipe's)."
            )


def function_of(model: Any, batch: str = "one") -> tuple[list[Any], Callable[..., Any]]:
    """What a model's files are converted from: its inputs' specifications, and a function of them.

    Args:
        model: a Keras 2 model, or one that goes directly.
        batch: `one`, or `open` for any number of examples at once.

    Returns:
        TensorFlow's specifications of inputs in their order, and the function from inputs to
        outputs by name.

    Raises:
        WeighinError: if it is another model.
    """
    if not isinstance(model, DirectModel):
        check_keras(model)
    size = 1 if batch == "one" else None
    like = [
        tensorflow().TensorSpec((size, *tensor.shape[1:]), tensor.dtype, name)
        for name, tensor in zip(model.input_names, model.inputs, strict=True)
    ]

    def answer(*inputs: Any) -> Any:
        return answered(model, inputs)

    return like, answer


def converter(model: Any, batch: str = "one") -> Any:
    """A TensorFlow Lite converter for a Keras 2 model, or for one that goes directly.

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
    tf = tensorflow()
    like, named_answers = function_of(model, batch)
    answer = tf.function(named_answers, input_signature=like)
    holder = tf.Module()
    holder.variables_of_model = model.variables  # a converter asks that something holds them
    concrete = answer.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], holder)
