"""What a layer does to the task's figure, and the process that all of it is measured in."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.layer_rows import DAMAGED

from weighin.core import WeighinError
from weighin.datasets.bringing import Brought
from weighin.layers import process
from weighin.layers.analysing import Wanted
from weighin.layers.row import Layers

LABELLED = 300  # examples, as the orders' data have


def _silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


@pytest.mark.usefixtures("isolated_registries")
def test_the_layer_that_costs_the_figure_is_told_by_its_intervals(
    layer_orders: Callable[..., Any],
) -> None:
    told = list[tuple[str, int, int]]()
    orders = layer_orders(examples=8, tested=LABELLED, seconds=0)
    layers = process.answered(orders, lambda *words: told.append(words))
    changes = [layer.sensitivity for layer in layers.layers]
    left_float = changes[DAMAGED].left_float
    quantized = changes[DAMAGED].quantized

    assert ("top-1", LABELLED, 8) == (layers.figure, layers.tested, layers.examples)
    assert left_float.low > 0.1  # what is lost comes back
    assert quantized.high < -0.1
    for place, change in enumerate(changes):
        if place != DAMAGED:
            assert change.left_float.low <= 0 <= change.left_float.high
            assert change.quantized.low <= 0 <= change.quantized.high
    assert ("sensitivities", 4, 4) == told[-1]


@pytest.mark.usefixtures("isolated_registries")
def test_without_labels_there_are_errors_and_no_sensitivities(
    layer_orders: Callable[..., Any], tmp_path: Path
) -> None:
    orders = layer_orders(examples=8, tested=LABELLED, seconds=0)
    orders["data"] = None
    layers = process.answered(orders, _silent)

    assert "second" == layers.worst[0].label
    assert "" == layers.figure
    assert any("sensitivities are not measured: no data were given" in r for r in layers.remarks)
    assert any("drawn at random" in remark for remark in layers.remarks)


@pytest.mark.usefixtures("isolated_registries")
def test_only_so_many_examples_are_asked_as_are_wanted(layer_orders: Callable[..., Any]) -> None:
    layers = process.answered(layer_orders(examples=5, tested=50, seconds=0), _silent)

    assert (5, 50) == (layers.examples, layers.tested)
    assert layers.layers[0].sensitivity.left_float is not None


def test_the_process_gives_what_the_same_work_gives_here(
    layer_orders: Callable[..., Any], isolated_registries: None
) -> None:
    orders = layer_orders(examples=8, tested=50, seconds=0)
    here = process.answered(orders, _silent)
    there = _in_process(orders)

    assert here == there


def test_what_the_process_refuses_is_refused_here(layer_orders: Callable[..., Any]) -> None:
    orders = layer_orders(seconds=0)
    Path(orders["compressed"]).write_bytes(b"no file at all")

    with pytest.raises(WeighinError, match=r"int8\.tflite is no \.tflite file"):
        _in_process(orders)


def test_a_process_that_crashes_is_told_with_what_it_was_doing(
    layer_orders: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashing.py").write_text(
        "import json, os, sys\n"
        "print(json.dumps({'doing': 'sensitivities', 'done': 1, 'total': 2}), flush=True)\n"
        "sys.stderr.write('native trouble\\n')\nsys.stderr.flush()\nos.abort()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(process, "MODULE", "crashing")

    with pytest.raises(WeighinError, match="ended with -6 while it measured sensitivities: native"):
        _in_process(layer_orders(seconds=0))


def _in_process(orders: dict[str, Any]) -> Layers:
    brought = Brought(**{**orders["data"], "path": Path(orders["data"]["path"])})
    paths = Path(orders["compressed"]), Path(orders["original"])
    return process.looked_at(*paths, brought, None, Wanted(**orders["wanted"]), _silent)
