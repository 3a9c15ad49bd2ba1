"""Trained models from files, of either Keras or none, as the optimization toolkit takes them.

What a model's function returns goes the same way: a model of Keras 3 is moved to Keras 2, and
answers there as it did, or else it stays what it is and is converted directly.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import Array, Dataset, ModelFile, Port, WeighinError
from weighin.definitions import function_of
from weighin.formats.model_file import WAY_OUT, digest
from weighin.formats.saved import read_saved
from weighin.frameworks import direct, heads, keras3, process, tf_keras, versions
from weighin.frameworks.direct import DirectModel
from weighin.frameworks.process import keras, tensorflow

MOVED = 1e-5  # share of the answers' spread by which a moved model may differ from the original
_COMPARED = 16  # examples that both answer
_OTHER_PLACES = (  # of a .weights.h5 file's arrays, which older releases look for elsewhere
    "Another Keras may have written it, and here is Keras {}: write it by that, or by Keras 2 with "
    "model.save_weights('mine.h5'), which every Keras 2 reads. "
)
_UNKNOWN = (  # how either Keras says that it does not know a class
    r"[Uu]nknown (?:layer|object|activation function|[a-z]+): '?([\w.>]+)'?",
    r"Could not (?:locate|deserialize) (?:class|function) '([\w.>]+)'",
)


def load(source: ModelFile, dataset: Dataset | None = None) -> Any:
    """The model in a file, as a model of Keras 2 or one that is converted directly.

    Args:
        source: the file, found sound by `weighin.formats.model_file`.
        dataset: gives shapes to a model that does not know its own, and examples to compare by.

    Raises:
        WeighinError: if the file has changed since, holds classes that are not known, or cannot be
            read by the Keras that wrote it.
    """
    if digest(source) != source.sha256:
        raise WeighinError(f"{source.path} has changed since the run began: run again.")
    if source.path.suffix == ".py":
        return taken(_made(source, dataset), source.name, dataset, whole=True)
    saved = read_saved(source.path)
    if saved.code and not source.trust:  # also looked at before, and never to be passed over
        raise WeighinError(f"{source.path} holds code: {saved.code[0]}.")
    try:
        if saved.kind == "savedmodel" and saved.keras is None:
            why = "a SavedModel holds a graph, and no layers of Keras 2"
            return direct.of_saved_model(source.name, source.path, why)
        if saved.keras == 3:
            model = keras3.load(source.path, trust=source.trust)
        else:
            safe = {"safe_mode": not source.trust} if saved.kind == "keras" else {}
            model = keras().models.load_model(source.path, compile=False, **safe)
    except WeighinError:
        raise
    except Exception as error:
        raise _unreadable(source.path, error, saved.version, _version(saved.keras == 3)) from error
    return taken(model, source.name, dataset, whole=True)


def taken(model: Any, name: str, dataset: Dataset | None = None, *, whole: bool = False) -> Any:
    """A model of either Keras as the optimization toolkit takes it, or else as it is converted.

    Args:
        model: what a file held or a function returned.
        name: what a model that goes directly is called.
        dataset: as of `load`.
        whole: whether a model of Keras 2 that is no graph of layers, or that holds code, goes
            directly too; else it is left as it is.

    Raises:
        WeighinError: if it cannot be built for the data, or computes in another precision than
            float32.
    """
    if isinstance(model, DirectModel):
        return model
    _refuse_precision(model, name)
    if keras3.is_model(model):
        return _moved(model, name, dataset)
    if whole and isinstance(model, keras().Model):
        why = _beyond_keras_2(model)
        return _directly(model, name, why, dataset) if why else model
    return model


def _refuse_precision(model: Any, name: str) -> None:
    """Refuse what LiteRT's float kernels and the optimization toolkit do not compute in.

    Raises:
        WeighinError: naming the layer, its policy and the way out.
    """
    layers = model._flatten_layers() if hasattr(model, "_flatten_layers") else ()
    for layer in layers:
        dtype = str(getattr(layer, "compute_dtype", None) or "float32")
        policy = getattr(layer, "dtype_policy", None)
        is_other = "float" in dtype and dtype != "float32" and type(layer).__name__ != "InputLayer"
        if is_other or getattr(policy, "quantization_mode", None):
            raise WeighinError(
                f"Model {name!r} computes in {getattr(policy, 'name', dtype)} (layer "
                f"{layer.name!r}), and here models of float32 are made small. Build it anew after "
                f"keras.config.set_dtype_policy('float32') (Keras 2: "
                f"keras.mixed_precision.set_global_policy), load these weights into it, and bring "
                f"that."
            )


def _moved(model: Any, name: str, dataset: Dataset | None) -> Any:
    keras3.build(model, dataset)
    try:
        moved = keras3.to_keras_2(model)
    except keras3.NoCounterpartError as reason:
        return _directly_of_keras_3(model, name, str(reason), dataset)
    except Exception as error:  # whatever else the two do not share
        why = f"{type(error).__name__} when its layers are written in Keras 2"
        return _directly_of_keras_3(model, name, why, dataset)
    off = furthest(model, moved, dataset)
    if off > MOVED:
        why = f"its answers move by {off:.2g} of their spread when it is written in Keras 2"
        return _directly_of_keras_3(model, name, why, dataset)
    return moved


def furthest(original: Any, moved: Any, dataset: Dataset | None) -> float:
    """How far a moved model's answers lie from those of Keras 3, in shares of their spread.

    Asked are the data's first examples, or numbers at random where they do not fit.
    """
    signature = heads.signature_of(moved)
    inputs = _examples(signature.inputs, dataset)
    theirs = [np.asarray(each) for each in keras3.answers(original, inputs)]
    ours = [np.asarray(each) for each in tf_keras.answered(moved, inputs).values()]
    return max(map(_apart, theirs, ours), default=0.0)


def _apart(wanted: Array, given: Array) -> float:
    if wanted.shape != given.shape:
        return float("inf")
    finite = np.isfinite(wanted)
    if not np.array_equal(finite, np.isfinite(given)):
        return float("inf")
    wanted, given = wanted[finite].astype(np.float64), given[finite].astype(np.float64)
    if not wanted.size:
        return 0.0
    spread = float(np.ptp(wanted)) or float(np.abs(wanted).max()) or 1.0
    return float(np.abs(wanted - given).max()) / spread


def _examples(ports: tuple[Port, ...], dataset: Dataset | None) -> list[Array]:
    given = dataset.test.inputs(0, _COMPARED) if dataset is not None else {}
    if len(given) == len(ports):
        by_name = set(given) == {port.name for port in ports}
        arrays = [given[port.name] for port in ports] if by_name else list(given.values())
        shaped = [_shaped(port, values) for port, values in zip(ports, arrays, strict=True)]
        fitting = [values for values in shaped if values is not None]
        if len(fitting) == len(ports):
            return fitting
    generator = np.random.default_rng(0)
    return [
        generator.random((_COMPARED, *(size or 8 for size in port.shape))).astype(port.dtype)
        for port in ports
    ]


def _shaped(port: Port, values: Array) -> Array | None:
    """Values as an input takes them; None if they are of another shape."""
    sizes = port.fitting(values.shape[1:])
    if sizes is None:
        return None
    return values.reshape([len(values), *(size or 1 for size in sizes)]).astype(port.dtype)


def _directly_of_keras_3(model: Any, name: str, why: str, dataset: Dataset | None) -> DirectModel:
    tensors = getattr(model, "inputs", None)
    ports = (
        [
            Port(keras3.input_name(tensor), str(tensor.dtype), tuple(tensor.shape[1:]))
            for tensor in tensors
        ]
        if tensors
        else _ports_of(dataset, name)
    )
    return direct.traced(
        name,
        why,
        lambda given: keras3.answers(model, given),
        ports,
        keras3.output_names(model),
        [variable.value for variable in model.variables],
        {type(layer) for layer in (model, *model._flatten_layers())},
    )


def _directly(model: Any, name: str, why: str, dataset: Dataset | None) -> DirectModel:
    """A model of Keras 2 that is no graph of its layers alone."""
    if getattr(model, "inputs", None):
        ports = list(heads.signature_of(model).inputs)
    else:
        ports = _saved_ports(model) or _ports_of(dataset, name)
    nest = tensorflow().nest

    def answer(given: list[Any]) -> list[Any]:
        inputs = given[0] if len(given) == 1 else given
        return list(nest.flatten(model(inputs, training=False)))

    names = tf_keras.output_names(model) if getattr(model, "outputs", None) else ()
    kinds = {type(part) for part in (model, *model.submodules)}
    return direct.traced(name, why, answer, ports, names, model.variables, kinds)


def _beyond_keras_2(model: Any) -> str:
    """What of a model of Keras 2 is more than a graph of its layers; empty if it is one."""
    if isinstance(model, keras().Sequential) and not model.outputs:
        return ""  # it waits for the data's shape
    if not getattr(model, "_is_graph_network", False):
        return f"class {type(model).__name__} is written as code, and no graph of layers of Keras 2"
    for layer in model.submodules:
        if isinstance(layer, keras().layers.Lambda):
            return f"layer {layer.name!r} (Lambda) holds code, and is no plain layer of Keras 2"
        if isinstance(layer, keras().layers.Layer) and (code := tf_keras.code_of(layer)):
            return f"layer {layer.name!r} ({code}) is of one's own code, and no layer of Keras 2"
    return ""


def _saved_ports(model: Any) -> list[Port]:
    """Inputs of a class that was read from a SavedModel, as it was called before."""
    asked = getattr(model, "save_spec", None)
    spec = asked() if callable(asked) else None
    specs = tensorflow().nest.flatten(spec[0]) if spec else []
    if not specs or any(each.shape.rank is None or None in each.shape[1:] for each in specs):
        return []
    names = [f"input_{at}" for at in range(1, len(specs) + 1)]
    return [
        Port(name, each.dtype.name, tuple(each.shape[1:]))
        for name, each in zip(names, specs, strict=True)
    ]


def _ports_of(dataset: Dataset | None, name: str) -> list[Port]:
    """Inputs as data give them, for a model that does not say what it takes."""
    if dataset is None:
        raise WeighinError(f"Model {name!r} does not say what it takes: give it data.")
    return [Port(key, "float32", v.shape[1:]) for key, v in dataset.test.stored.items()]


def _made(source: ModelFile, dataset: Dataset | None) -> Any:
    """What a function of somebody's file returns, with its weights."""
    function = function_of(source.path, source.function)
    model = function(keras()) if inspect.signature(function).parameters else function()
    if not (keras3.is_model(model) or isinstance(model, keras().Model)):
        raise WeighinError(
            f"{source.path}: {source.function} returns {type(model).__name__}, not a model of "
            f"Keras."
        )
    if source.weights is None:
        return model
    if keras3.is_model(model):
        keras3.build(model, dataset)
    elif not model.built and dataset is not None:
        given = [value[:1] for value in _examples(tuple(_ports_of(dataset, source.name)), dataset)]
        model(given[0] if len(given) == 1 else given)
    try:
        model.load_weights(str(source.weights))
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        here = _version(keras3.is_model(model))
        hint = _OTHER_PLACES.format(here) if "received 0 variables" in reason else ""
        raise WeighinError(
            f"{source.weights} does not fit what {source.function} of {source.path.name} returns. "
            f"{hint}What Keras said: {type(error).__name__}: {reason}"
        ) from error
    return model


def _version(of_3: bool) -> str:
    return str(keras3.module().__version__) if of_3 else process.keras_version()


def _unreadable(path: Path, error: Exception, written: str, here: str) -> WeighinError:
    """Why a file could not be read, and the way out.

    Args:
        path: of the file.
        error: that Keras has raised.
        written: version of the Keras that wrote it, if it says so.
        here: version of the Keras that was to read it.
    """
    text = " ".join(str(error).split())
    way_out = versions.newer_keras(written, here)
    for pattern in () if way_out else _UNKNOWN:  # a newer Keras knows more classes
        if named := re.search(pattern, text):
            return WeighinError(f"{path} holds {named[1]}, which is none of Keras's: {WAY_OUT}.")
    by = f"was written by Keras {written} and " if written else ""
    return WeighinError(
        f"{path} {by}cannot be read by Keras {here}. {way_out}{' ' if way_out else ''}What it "
        f"said: {type(error).__name__}: {text[:300]}"
    )
