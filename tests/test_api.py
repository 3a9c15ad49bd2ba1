"""What a notebook calls: weigh, load, inspect, compare."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.finished import WEIGHTS, labelled, part, quantized, write

import weighin
from weighin.api import Weighed
from weighin.core import WeighinError
from weighin.datasets.kinds.reading import Reading

SECOND = "mine_1.tflite"


@pytest.fixture(scope="module")
def weighed(tmp_path_factory: pytest.TempPathFactory) -> Weighed:
    """Bytes of a file of floats and of one of integers, on arrays; a third by its path."""
    folder = tmp_path_factory.mktemp("api")
    files = [write(folder / "a.tflite"), write(folder / "b.tflite", quantized(part()))]
    third = write(folder / "permuted.tflite", part(weights=WEIGHTS[[1, 2, 0]]))
    arrays = labelled(n=300, wrong=15)
    run: Weighed = weighin.weigh(
        *(file.read_bytes() for file in files),
        third,
        data={name: arrays[name] for name in ("x_test", "y_test")},
        name="mine",
        gates=["top1 >= 93%", "file_bytes <= 1 MB"],
        proven=True,
        results_dir=folder / "results",
        cache_dir=str(folder / "cache"),
        pair_seconds=0.05,
    )
    return run


def test_it_prints_as_its_table_and_as_html_in_a_notebook(weighed: Weighed) -> None:
    assert repr(weighed).startswith("mine on data\n")
    html = weighed._repr_html_()
    assert "<table>" in html
    assert "permuted.tflite" in html


def test_gates_are_judged_and_printed_below_the_table(weighed: Weighed) -> None:
    """In the mode that was asked for; a file of results alone has none."""
    assert not weighed.judged.kept
    for text in (repr(weighed), weighed._repr_html_()):
        assert "mode proven" in text
        assert "1 of 2 gates breached (" in text
    assert weighed.path is not None
    assert weighin.load(weighed.path).judged.kept
    assert "gate" not in repr(weighin.load(weighed.path))


def test_figures_are_found_by_variant_and_name(weighed: Weighed) -> None:
    assert ["baseline", SECOND, "permuted.tflite"] == list(weighed) == weighed.variants
    top1 = weighed["baseline"].top1
    assert top1.value == pytest.approx(0.95)
    assert (top1.low or 1) < 0.95 < (top1.high or 0)
    assert "worse" == weighed["permuted.tflite", "litert"].top1_delta.verdict


def test_a_variant_prints_its_figures_as_a_table_does(weighed: Weighed) -> None:
    first, *lines = repr(weighed["baseline"]).splitlines()

    assert "baseline on litert" == first
    assert any(line.startswith("top1: 95.00 % [") for line in lines)
    assert any(re.match(r"latency: [\d.]+ [nµ]s", line) for line in lines)


def test_a_wrong_name_is_answered_with_the_nearest(weighed: Weighed) -> None:
    with pytest.raises(KeyError, match=r"Did you mean 'permuted\.tflite'"):
        weighed["permuted"]
    with pytest.raises(KeyError, match=r"litert"):
        weighed["baseline", "keras-cpu"]
    with pytest.raises(AttributeError, match="Did you mean 'top1'"):
        _ = weighed["baseline"].topp1


def test_what_is_saved_is_loaded_and_compares_as_the_same(weighed: Weighed, tmp_path: Path) -> None:
    again = weighin.load(weighed.save(tmp_path / "run.json"))

    assert weighed.results.records == again.results.records
    comparison = weighin.compare(weighed, tmp_path / "run.json")
    assert [] == comparison.failing("larger", "missing")
    assert "same" in repr(comparison)
    assert "<table>" in comparison._repr_html_()
    with pytest.raises(WeighinError, match="two runs"):
        weighin.compare(weighed)


def test_a_frame_has_a_row_for_each_variant_with_units_in_the_names(weighed: Weighed) -> None:
    pytest.importorskip("pandas", reason="pandas, of which frames are made, is not installed")
    frame = weighed.frame()

    assert weighed.variants == list(frame["variant"])
    columns = list(frame.columns)
    assert {"gzip_bytes", "latency_s", "top1", "top1_low", "speedup_verdict"} <= set(columns)
    assert columns.index("latency_s_low") == columns.index("latency_s") + 1
    assert "f" == frame["latency_s"].dtype.kind


def test_a_plot_has_a_point_for_each_variant(weighed: Weighed) -> None:
    (axes,) = weighed.plot("gzip_bytes", "top1").axes

    assert set(weighed.variants) == {text.get_text() for text in axes.texts}
    assert ("top-1 (%)", True) == (axes.get_ylabel(), axes.get_xlabel().endswith("(B)"))
    with pytest.raises(WeighinError, match="did you mean 'top1'"):
        weighed.plot("gzip_bytes", "topp1")


def test_arrays_are_taken_in_four_two_and_by_name(tmp_path: Path) -> None:
    file, arrays = write(tmp_path / "a.tflite"), labelled(n=60)
    x, y = arrays["x_test"], arrays["y_test"]
    for data, count in (((x, y, x, y), 60), ((x, y), 12)):
        run: Weighed = weighin.weigh(
            file,
            data=data,
            results_dir=tmp_path / "results",
            cache_dir=str(tmp_path / "cache"),
            pair_seconds=0.05,
        )
        assert count == run["baseline"].top1.n


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        (3, {}, "is not weighed: give a path"),
        ([], {}, "needs a model, or files"),
        (b"no file", {}, "no .tflite file"),
        ("nothing.tflite", {}, "nothing.tflite is missing"),
        ("nothing.tflite", {"data": "nothing.npz"}, "is missing"),
        ("nothing.tflite", {"learning_rate": float("nan")}, "--learning-rate nan"),
        ("nothing.tflite", {"epochs": -1}, "--epochs -1: wanted a whole number from 0"),
        ("nothing.tflite", {"epochs": "3"}, "--epochs '3': wanted a whole number"),
        ("nothing.tflite", {"batch_size": 0}, "--batch-size 0"),
        ("nothing.tflite", {"threads": 0}, "--threads 0"),
        ("nothing.tflite", {"threads": ["x"]}, "--threads x"),
        ("nothing.tflite", {"gates": [3]}, "wanted names, as a list"),
        ("nothing.tflite", {"scale": "a"}, "--scale 'a': wanted a number"),
        ("nothing.tflite", {"mean": "0.5"}, "--mean '0.5': wanted a number, or one for each"),
        ("nothing.tflite", {"std": [1, "x"]}, "--std"),
        ("nothing.tflite", {"size": (1, 2, 3)}, "--size .1, 2, 3.: wanted pixels"),
        ("nothing.tflite", {"classes": "3"}, "--classes '3': wanted a whole number"),
        ("nothing.tflite", {"split_seed": 0.5}, "--split-seed 0.5: wanted a whole number"),
        ("nothing.tflite", {"target": 3}, "--target 3: wanted a column"),
        ("nothing.tflite", {"margin": "a"}, "--margin 'a': wanted a number"),
        ("nothing.tflite", {"strict": "yes"}, "--strict 'yes': wanted True or False"),
        ("nothing.tflite", {"proven": 1}, "--proven 1: wanted True or False"),
        ("nothing.tflite", {"strict": True, "proven": True}, "choose one of the two"),
        ("nothing.tflite", {"task": 5}, "--task 5: wanted a name"),
        ("nothing.tflite", {"weights": 5}, "--weights 5: wanted a path"),
        ("nothing.tflite", {"name": "../up"}, "wanted the name of a file"),
        ("nothing.tflite", {"name": "a" * 300}, "wanted the name of a file"),
    ],
)
def test_what_cannot_be_weighed_is_refused(
    given: Any, options: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(WeighinError, match=told):
        weighin.weigh(given, cache_dir=tmp_path, results_dir=str(tmp_path), **options)


@pytest.mark.parametrize("place", ["cache_dir", "results_dir"])
def test_a_place_is_a_path(place: str, tmp_path: Path) -> None:
    places = {"cache_dir": tmp_path, "results_dir": tmp_path}

    with pytest.raises(WeighinError, match=f"--{place.replace('_', '-')} 5: wanted a path"):
        weighin.weigh("nothing.tflite", **{**places, place: 5})


@pytest.mark.parametrize("ask", [weighin.load, weighin.inspect])
@pytest.mark.parametrize("wrong", [5, None])
def test_what_is_no_path_is_refused(ask: Callable[[Any], Any], wrong: object) -> None:
    with pytest.raises(WeighinError, match=f"{wrong}: wanted the path of a file"):
        ask(wrong)


def test_one_number_stands_for_several() -> None:
    """Pixels of a square, and the mean and spread of all channels."""
    reading = Reading(size=224, mean=0.5, std=[0.25, 0.5])  # type: ignore[arg-type]

    assert ((224, 224), (0.5,), (0.25, 0.5)) == (reading.size, reading.mean, reading.std)


def test_an_option_that_is_none_is_an_error(tmp_path: Path) -> None:
    for wrong, near in (("epoch", "epochs"), ("varients", "variants"), ("gate", "gates")):
        with pytest.raises(TypeError, match=rf"no option '{wrong}'; did you mean '{near}'\?"):
            weighin.weigh("a.tflite", **{wrong: 3})


def test_a_file_is_inspected(tmp_path: Path) -> None:
    file = write(tmp_path / "a.tflite")

    assert file.stat().st_size == weighin.inspect(file)["bytes"]


def test_importing_weighin_loads_no_numpy() -> None:
    code = "import sys, weighin; print('numpy' in sys.modules, 'weighin.api' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False False" == told.stdout.strip()


def test_public_names_are_those_of_the_api() -> None:
    assert weighin.weigh is weighin.api.weigh
    assert np.all([name in weighin.__all__ for name in ("weigh", "load", "inspect", "compare")])
