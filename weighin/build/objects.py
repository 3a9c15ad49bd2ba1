"""Keras models in memory, written to files that build processes can read.

They are written by their own `save` and `export`: nothing is imported here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weighin.core import WeighinError
from weighin.files import replacing

UNPLAIN = re.compile(r"[/\\\x00-\x1f]")  # what no name of a file may hold
LONGEST = 100  # characters of a model's name, by which files are called
_OWN = ("keras", "tf_keras", "tensorflow", "tensorflow_model_optimization")
_PASSING = ("module", "registered_name", "build_config")


def written(model: Any, folder: Path, name: str = "") -> Path:
    """A Keras model as a file, or as a SavedModel where its layers are of somebody's own code.

    Written once: the same layers and weights are found again, and with them what was built.

    Args:
        model: of Keras 2 or 3.
        folder: under which it is written.
        name: of the file without its ending; the model's own if not given.

    Raises:
        WeighinError: if it is no Keras model, has no weights yet, or cannot be written.
    """
    _check(model)
    called = name or UNPLAIN.sub("_", str(model.name))[:LONGEST]
    parts = list(_parts(model))
    foreign = any(_is_foreign(part) for part in parts)
    ending = "" if foreign else ".keras" if _is_keras_3(model) else ".h5"
    target = folder / _digest(model) / f"{called}{ending}"
    if target.exists() and not foreign:  # code of one's own may have changed
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of .h5 files, for which nobody has asked
            place = partial.with_name(f"{partial.name}{ending}")
            if not foreign:
                model.save(place)
            else:  # the graph alone: with its layers' code in it, nobody would open it unasked
                model.export(place, **({"verbose": False} if _is_keras_3(model) else {}))
            place.rename(partial)
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        first = (str(error).strip().splitlines() or [""])[0]
        raise WeighinError(
            f"The model {called!r} cannot be written to a file ({type(error).__name__}: {first}): "
            f"save it yourself and give its path."
        ) from error
    return target


def _check(model: Any) -> None:
    kinds = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if not kinds & set(_OWN) or not hasattr(model, "save"):
        raise WeighinError(
            f"A {type(model).__module__}.{type(model).__qualname__} is not weighed: give a path, "
            f"the bytes of a .tflite file, or a model of Keras."
        )
    if not getattr(model, "weights", None) and not getattr(model, "built", True):
        raise WeighinError("The model has no weights yet: call it once, or give it an Input.")


def _is_keras_3(model: Any) -> bool:
    """Whether a model is of Keras 3, whose save takes a .keras alone."""
    return any(kind.__module__.startswith("keras.src.models.model") for kind in type(model).__mro__)


def _parts(model: Any) -> Iterator[Any]:
    yield model
    for layer in getattr(model, "layers", ()):
        yield from _parts(layer)
    inner = getattr(model, "layer", None)  # of a wrapper
    if inner is not None:
        yield from _parts(inner)


def _is_foreign(part: Any) -> bool:
    own = type(part).__module__.partition(".")[0] in _OWN
    return not own or type(part).__name__ == "Lambda"


def _lasting(config: Any) -> Any:
    """A configuration without what Keras 2.13 leaves out once an .h5 file has been written."""
    if isinstance(config, list):
        return [_lasting(each) for each in config]
    if isinstance(config, dict):
        return {key: _lasting(value) for key, value in config.items() if key not in _PASSING}
    return config


def _digest(model: Any) -> str:
    """Of architecture, weights and how it was compiled."""
    total = hashlib.sha256()
    with contextlib.suppress(Exception):  # a subclass of Model that describes itself in code
        total.update(json.dumps(_lasting(json.loads(model.to_json()))).encode())
    with contextlib.suppress(Exception):
        total.update(json.dumps(model.get_compile_config(), default=str).encode())
    for weight in model.get_weights():
        total.update(f"{weight.dtype} {weight.shape};".encode())
        total.update(weight.tobytes())
    return total.hexdigest()[:32]
