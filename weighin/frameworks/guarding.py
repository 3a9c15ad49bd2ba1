"""What goes wrong inside Keras and the optimization toolkit, told by the layer that it is about."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from typing import Any

from weighin.core import WeighinError
from weighin.frameworks.process import keras

_SHOWN = 200  # characters of an error's own text
_WRAPPED = ("cluster_", "quant_", "annotate_")  # how wrapped layers begin their names


@contextlib.contextmanager
def layer_named(model: Any, doing: str) -> Iterator[None]:
    """Turn whatever is raised inside into one sentence that names the layer, if it can be known.

    Args:
        model: the Keras model at work.
        doing: what is being done to it, as in "the model cannot be `clustered`".

    Raises:
        WeighinError: in place of any other error; one that is raised inside goes through.
    """
    layers = {layer.name: layer for layer in model.layers}
    try:
        yield
    except WeighinError:
        raise
    except Exception as error:
        layer = layers.get(_name_in_text(error, layers) or _name_in_frames(error, layers))
        where = f"layer {layer.name!r} ({type(layer).__name__})" if layer else "one of its layers"
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:_SHOWN]}"
        raise WeighinError(
            f"Model {model.name!r} cannot be {doing} because of {where}. Replace the layer, or "
            f"leave this step out for the model. What Keras or the toolkit said: {reason}"
        ) from error


def _name_in_text(error: Exception, layers: dict[str, Any]) -> str:
    """The name of a layer that an error's text holds in quotes or as `Layer NAME`; the longest."""
    text = str(error)
    forms = ("'{}'", '"{}"', "Layer {}:", "Layer {} ", " {}/", "'{}/", '"{}/')
    names = (n for n in layers if any(form.format(n) in text for form in forms))
    return max(names, key=len, default="")


def _name_in_frames(error: Exception, layers: dict[str, Any]) -> str:
    """The name of the layer that the innermost function with one was working on."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        for local in ("layer", "to_annotate", "to_cluster", "self"):
            value = frame.f_locals.get(local)
            if not isinstance(value, keras().layers.Layer) or isinstance(value, keras().Model):
                continue
            for name in (value.name, *(value.name.removeprefix(start) for start in _WRAPPED)):
                if name in layers:
                    return str(name)
    return ""
