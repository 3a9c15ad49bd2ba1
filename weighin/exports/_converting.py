"""A converter's run, and what it says where it refuses a model: which layer, and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from weighin.core import WeighinError

# Kinds of layers from which the converter makes an operator
_LAYERS_OF = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ("LSTM",),
    "UNIDIRECTIONAL_SEQUENCE_RNN": ("SimpleRNN",),
    "WHILE": ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
    "CAST": ("Embedding",),
    "GATHER": ("Embedding",),
    "CONV_3D": ("Conv3D",),
    "CONV_3D_TRANSPOSE": ("Conv3DTranspose",),
}
_RECURRENT = _LAYERS_OF["WHILE"]
_SHOWN = 200  # characters of a converter's own text


def converted(lite_converter: Any, model: Any) -> bytes:
    """A converter's file.

    Args:
        lite_converter: of TensorFlow Lite.
        model: the Keras model that it was made for.

    Raises:
        WeighinError: if it refuses the model; it names the layers and the way out as far as the
            reason is known.
    """
    try:
        return bytes(lite_converter.convert())
    except Exception as error:
        reason = _telling(str(error))
        raise WeighinError(
            f"The converter does not take model {model.name!r}{_advice(reason, model)} What it "
            f"said: {type(error).__name__}: {reason[:_SHOWN]}"
        ) from error


def _advice(reason: str, model: Any) -> str:
    """What follows from a converter's reason; a full stop if nothing does."""
    wide = re.search(r"16x8-bit not yet supported for op: '(\w+)'", reason)
    if wide:
        return (
            f": it has no activations of 16 bits for the operator {wide[1]}"
            f"{_from_layers(model, _LAYERS_OF.get(wide[1], ()))}. Try float16"
            f"{'' if wide[1].startswith('CONV_3D') else ', dynamic or int8'}."
        )
    if "TensorList" in reason or "tensor list" in reason:
        return (
            f": it cannot tell the shape of what a loop collects"
            f"{_from_layers(model, _RECURRENT)}. Leave out batch=open, give the model's Input all "
            f"its sizes, or let the layer have unroll=True."
        )
    if "custom" in reason or "Select TF ops" in reason or "flex" in reason.lower():
        return (
            ": an operator of it is none of TensorFlow Lite's. Replace the layer that the text "
            "below names."
        )
    return "."


def _from_layers(model: Any, kinds: tuple[str, ...]) -> str:
    names = [f"{name!r} ({kind})" for name, kind in _inside(model) if kind in kinds]
    return f", which comes from layer {', '.join(dict.fromkeys(names))}" if names else ""


def _inside(model: Any) -> Iterator[tuple[str, str]]:
    """The layers of a model, those inside wrappers and inner models too: name and kind."""
    for layer in model.layers:
        ways = [getattr(layer, name, None) for name in ("layer", "backward_layer")]
        for inside in [way for way in ways if way is not None] or [layer]:
            yield layer.name, type(inside).__name__
        if hasattr(layer, "layers"):
            yield from _inside(layer)


def _telling(text: str) -> str:
    """The line of a converter's text that says most, without the place in its own source."""
    lines = [re.sub(r"^.*?error: ", "", line).strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    wanted = [
        line for line in lines if re.search(r"TensorList|not (yet )?supported|requires", line)
    ]
    return (wanted or lines or ["nothing"])[0]
