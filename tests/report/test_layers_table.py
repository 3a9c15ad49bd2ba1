"""The table of layers, the sentences below it, and node data."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from weighin.core import WeighinError
from weighin.layers.row import Clipping, Layer, Layers, Near, Sensitivity, of_json
from weighin.report import layers as report
from weighin.report import layers_data, layers_figure
from weighin.stats import Interval


def _near(noise: float) -> Near:
    return Near(-10 * math.log10(noise) if noise else None, 0.99, noise)


def _layer(place: int, noise: float, **more: Any) -> Layer:
    own = {"own": _near(noise), "output": _near(noise), "twin": f"layer_{place}"}
    fields = {"name": f"layer_{place};whatever", "kind": "CONV_2D", "stored": "INT8 · INT8", **own}
    return Layer(place, **{**fields, **more})


def _layers(*noises: float, **more: Any) -> Layers:
    made = tuple(_layer(place, noise) for place, noise in enumerate(noises))
    return Layers(**{"file": "q", "against": "f", "examples": 64, "layers": made, **more})


def test_few_layers_that_lose_most_are_named_the_worst_first() -> None:
    layers = _layers(0.001, 0.1, 0.001, 0.001, 0.5, 0.001, 0.001)

    assert (
        "1 of 7 layers loses 83 % of the signal that all of them lose: layer_4 (3.0 dB)"
        == report.summary(layers)
    )
    assert "The error first rises at layer_4 (3.0 dB)." in report.render(layers, "text")


def test_where_all_layers_lose_alike_none_is_named() -> None:
    assert "" == report.summary(_layers(0.1, 0.1, 0.1, 0.1))


def test_where_nothing_is_lost_nothing_is_said() -> None:
    layers = _layers(0.0, 0.0)

    assert "" == report.summary(layers)
    assert layers.first_rise is None
    assert "exact" in report.render(layers, "text")


def test_json_gives_the_same_layers_back() -> None:
    share = Interval(0.5, 0.4, 0.6)
    layer = _layer(
        0,
        0.1,
        clipping=Clipping(0.01, 0.2),
        block=(0, 1),
        share=share,
        seconds=Interval(1e-6, 9e-7, 2e-6),
        sensitivity=Sensitivity(share, None, "", "it has no twin"),
    )
    layers = _layers(whole_seconds=share, remarks=("a",), without_twin=(("x", "why"),))
    layers = dataclasses.replace(layers, layers=(layer,))

    assert layers == of_json(json.loads(report.render(layers, "json")))


def test_a_sum_of_times_far_from_the_whole_is_said() -> None:
    whole = Interval(1e-3, 9e-4, 1.1e-3)

    def told(seconds: float) -> str:
        layer = _layer(0, 0.1, seconds=Interval(seconds, seconds, seconds))
        return report.render(
            _layers(whole_seconds=whole, layers=(layer,), method="by a clock"), "text"
        )

    assert "shares are rough" not in told(0.9e-3)
    assert "that is 20 % less, so shares are rough" in told(0.8e-3)
    assert "that is 20 % more, so shares are rough" in told(1.2e-3)


def test_a_block_counts_once_and_names_its_operators() -> None:
    seconds, share = Interval(1e-3, 1e-3, 1e-3), Interval(1.0, 1.0, 1.0)
    block = {"seconds": seconds, "share": share, "block": (0, 1)}
    layers = _layers(
        whole_seconds=seconds,
        method="by a clock",
        layers=(_layer(0, 0.1, **block), _layer(1, 0.1, **block)),
    )

    assert 1e-3 == layers.timed_seconds
    assert "with 1" in report.render(layers, "text")


def test_reasons_stand_below_the_table_once() -> None:
    reason = "the float file has no further CONV_2D"
    unmatched = {"own": None, "output": None, "twin": "", "unmatched": reason}
    text = report.render(
        _layers(layers=(_layer(0, 0.1, **unmatched), _layer(1, 0.1, **unmatched))), "text"
    )

    assert 1 == text.count(reason)
    assert 3 == text.count("[1]")


def test_without_a_figure_there_are_no_columns_of_it() -> None:
    assert "left float" not in report.render(_layers(0.1), "text")


def test_figures_with_a_unit_have_it() -> None:
    change = Sensitivity(Interval(0.5, 0.25, 0.75), Interval(-0.5, -1.0, 0.0))
    layers = _layers(
        figure="error", unit="m", tested=9, layers=(_layer(0, 0.1, sensitivity=change),)
    )

    assert "+0.5 m [+0.25, +0.75]" in report.render(layers, "text")
    assert "change of error on 9 examples" in report.render(layers, "text")


def test_csv_has_bare_numbers() -> None:
    (row,) = csv.DictReader(io.StringIO(report.render(_layers(0.01), "csv")))

    assert 20.0 == pytest.approx(float(row["own_sqnr_db"]))
    assert "layer_0;whatever" == row["name"]


def test_node_data_are_by_the_names_of_tensors() -> None:
    told = json.loads(layers_data.node_data(_layers(0.01, 0.0)))

    assert {"value": 20.0} == told["results"]["layer_0;whatever"]
    assert "exact" == told["results"]["layer_1;whatever"]["value"]
    assert "q: own SQNR, dB" == told["name"]


def test_a_colour_of_node_data_says_the_same_of_every_file() -> None:
    """By bounds in dB that rise, as Model Explorer wants them, and not by the file's own range."""
    told = json.loads(layers_data.node_data(_layers(1e-5, 1e-6)))
    bounds = [each["value"] for each in told["thresholds"]]

    assert "gradient" not in told
    assert sorted(bounds) == bounds
    for name in told["results"]:
        value = told["results"][name]["value"]
        colour = next(each["bgColor"] for each in told["thresholds"] if value <= each["value"])
        assert "#009e73" == colour


def test_what_was_not_come_to_is_not_measured_and_has_its_reason() -> None:
    change = Sensitivity(not_left_float="too late", not_quantized="too late", not_tested=True)
    layers = _layers(figure="top-1", tested=9, layers=(_layer(0, 0.1, sensitivity=change),))
    text = report.render(layers, "text")

    assert 2 == text.count("not measured [1]")
    assert "[1] too late" in text


def test_what_has_no_twin_is_listed() -> None:
    layers = _layers(0.1, without_twin=(("lonely", "no operator of its kind is left"),))
    text = report.render(layers, "text")

    assert "Without a twin in q: lonely (no operator of its kind is left)." in text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": 2}, "schema 2, and this weighin reads up to 1"),
        ({"layers": [{}]}, "no layers as weighin writes them"),
        ({"layers": None}, "no layers as weighin writes them"),
        ({"strange": 1}, "no layers as weighin writes them"),
    ],
)
def test_json_of_another_kind_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(WeighinError, match=told):
        of_json({**_layers(0.1).as_json(), **change})


def test_a_figure_is_drawn_always_the_same(tmp_path: Path) -> None:
    share = Interval(0.5, 0.4, 0.6)
    layers = _layers(layers=tuple(_layer(at, 0.01, share=share) for at in range(3)))
    for name in ("a.svg", "b.svg", "c.png"):
        layers_figure.draw(layers, tmp_path / name)

    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert b"share of the time" in (tmp_path / "a.svg").read_bytes()
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(WeighinError, match=r"\.svg or \.png"):
        layers_figure.draw(layers, tmp_path / "d.pdf")
