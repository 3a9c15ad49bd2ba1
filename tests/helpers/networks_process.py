"""Run in its own process: creates the reference networks of all tasks, prints what they are."""

from __future__ import annotations

import importlib
import json
from typing import Any

import numpy as np
from helpers.commands import told_by
from helpers.needing import need_tensorflow

from models.data_makers import grid
from weighin.build.purity import read
from weighin.frameworks import process, tf_keras

PROGRAM = "from helpers import networks_process; networks_process.main()"
NETWORKS = {
    "mnist_rows": ("rows_lstm", "rows_gru"),
    "two_digits": ("two_digits_cnn", "same_digit_cnn"),
    "unet": ("unet",),
    "detector": ("digit_detector",),
    "autoencoders": ("digit_autoencoder", "left_out_autoencoder", "ad_autoencoder"),
    "tabular": ("diabetes_mlp", "breast_cancer_mlp"),
    "authors": ("authors_gru", "authors_transformer"),
    "super_resolution": ("super_resolution",),
    "sound_cnn": ("sound_cnn",),
    "strip_reader": ("strip_reader",),
}


def seen() -> Any:
    """What `main` prints, run once for all tests."""
    need_tensorflow()
    return told_by(PROGRAM)


def facts(create: Any) -> dict[str, Any]:
    """What a network takes and gives, what it is made of and whether its file alone decides it."""
    tf_keras.start_afresh(0)
    model = create(process.keras())
    kinds = {type(layer) for layer in model.layers}
    return {
        "takes": {t.name: [list(t.shape[1:]), t.dtype.name] for t in model.inputs},
        "gives": [list(tensor.shape[1:]) for tensor in model.outputs],
        "parameters": model.count_params(),
        "said": create.__doc__,
        "compiled": bool(model.optimizer),
        "others": sorted(k.__name__ for k in kinds if "keras." not in k.__module__),
        "lambda": any(kind.__name__ == "Lambda" for kind in kinds),
        "doubt": read(create).doubt,
    }


def losses() -> dict[str, Any]:
    """What the detector's loss says of answers: perfect, another class, another place."""
    boxes = np.array([[[8, 8, 16, 16], [0, 0, 0, 0], [0, 0, 0, 0]]], np.float32)
    wanted = grid.encode(boxes, np.array([[3, -1, -1]]))
    moved = wanted.copy()
    moved[0, 2, 2, 11] += 0.25
    elsewhere = wanted.copy()
    elsewhere[0, 0, 0, 11:] = 0.5  # where there is nothing, a box has no say
    other = wanted.copy()
    other[0, 2, 2, [3, 4]] = 0.1, 0.9
    alarm = wanted.copy()
    alarm[0, 5, 5, [4, 10]] = 0.9, 0.1
    function = grid.loss(process.keras())
    answers = {"perfect": wanted, "moved": moved, "elsewhere": elsewhere}
    answers |= {"other": other, "alarm": alarm}
    return {name: function(wanted, answer).numpy().tolist() for name, answer in answers.items()}


def main() -> None:
    """Print the facts."""
    found = {
        name: facts(getattr(importlib.import_module(f"models.{module}"), name))
        for module, names in NETWORKS.items()
        for name in names
    }
    print(json.dumps({"networks": found, "losses": losses()}))  # noqa: T201 - a program
