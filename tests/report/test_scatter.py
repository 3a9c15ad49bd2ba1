"""One metric against another: where points stand, what they are called, what is refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import pytest
from helpers.support import file, record, results_of, run, without

from weighin.core import Record, WeighinError
from weighin.report.scatter import draw

TWO = (
    *file("baseline", 5000, 1000),
    *file("int8", 5000, 250),
    *run("baseline", 0.95, 1e-4),
    *run("int8", 0.9, 0.5e-4),
)


def axes_of(x: str, y: str, *records: Record) -> Any:
    """What is drawn of records."""
    (axes,) = draw(results_of({}, records), x, y).axes
    return axes


def points(axes: Any) -> dict[str, tuple[float, float]]:
    """Where the points stand, by what they are called."""
    return {text.get_text(): tuple(map(float, text.xy)) for text in axes.texts}


def bars(axes: Any) -> list[list[float]]:
    """Both ends of every error bar, point by point: first along x, then along y."""
    across, up = (
        [segment[:, way].tolist() for drawn in axes.containers for segment in segments(drawn, way)]
        for way in (0, 1)
    )
    return across + up


def segments(drawn: Any, way: int) -> Any:
    """The error bars along one axis of one point."""
    return drawn[2][way].get_segments()


def test_points_stand_at_their_figures_in_the_axes_units() -> None:
    """kB, percent and microseconds, as the axes say."""
    axes = axes_of("gzip_bytes", "top1", *TWO)

    assert {
        "baseline": pytest.approx((1.0, 95.0)),
        "int8": pytest.approx((0.25, 90.0)),
    } == points(axes)
    assert ("gzip (kB)", "top-1 (%)") == (axes.get_xlabel(), axes.get_ylabel())
    assert "small on digits" == axes.get_title()
    of_times = axes_of("latency", "top1_delta", *TWO)
    assert {"int8": pytest.approx((50, -5.0))} == points(of_times)
    assert ("latency (µs)", "Δ points (points)") == (
        of_times.get_xlabel(),
        of_times.get_ylabel(),
    )


def test_bars_reach_to_the_ends_of_the_interval() -> None:
    """On both sides, in the same unit; one that has no interval has none."""
    axes = axes_of(
        "latency", "top1", record("latency", 2e-4, 1e-4, 4e-4), record("top1", 0.9, 0.85, 0.92)
    )

    assert [pytest.approx([100, 400]), pytest.approx([85, 92])] == bars(axes)
    bare = axes_of("latency", "top1", record("latency", 2e-4), record("top1", 0.9))
    assert [pytest.approx([200, 200]), pytest.approx([90, 90])] == bars(bare)


def test_seeds_are_one_point_with_their_deviation() -> None:
    """At their mean."""
    records = [
        each
        for seed, top1 in enumerate((0.9, 0.92))
        for each in (record("top1", top1, seed=seed), record("latency", 1e-4, seed=seed))
    ]
    axes = axes_of("latency", "top1", *records)

    assert {"baseline": pytest.approx((100, 91.0))} == points(axes)
    deviation = 2**0.5
    assert pytest.approx([91 - deviation, 91 + deviation]) == bars(axes)[1]


def test_a_row_without_one_of_the_figures_is_left_out() -> None:
    """Of a failed one there is nowhere to draw."""
    failed = without("top1", "failed", "out of memory", variant="int8")

    axes = axes_of("latency", "top1", *TWO[4:7], *failed, record("latency", 1e-4, variant="int8"))

    assert ["baseline"] == list(points(axes))


def test_rows_of_other_places_say_where() -> None:
    """LiteRT on one thread is where nothing else is said."""
    places = [{}, {"threads": 4}, {"runtime": "other"}, {"format": "h5", "runtime": "keras-cpu"}]
    records = [each for place in places for each in run("int8", 0.9, 1e-4, **place)]

    assert {"int8", "int8 (litert ×4)", "int8 (other)", "int8 (keras-cpu)"} == set(
        points(axes_of("latency", "top1", *records))
    )


def test_of_equal_figures_the_main_runtime_has_the_point() -> None:
    """Sizes and quality are the same of every runtime; another file format has another size."""
    places = [{}, {"threads": 4}, {"runtime": "other"}, {"format": "h5", "runtime": "keras-cpu"}]
    records = [each for place in places for each in run("int8", 0.9, 1e-4, **place)]
    sizes = [*file("int8", 5000, 250), *file("int8", 9000, 900, format="h5")]

    assert {"int8"} == set(points(axes_of("gzip_bytes", "top1", *sizes, *records)))
    assert {"int8", "int8 (litert ×4)", "int8 (other)"} == set(
        points(axes_of("file_bytes", "latency", *sizes, *records))
    )


def test_where_the_main_runtime_did_not_run_the_first_has_the_points() -> None:
    """A plot of nothing would help nobody."""
    records = [each for name in ("one", "two") for each in run("int8", 0.9, 1e-4, runtime=name)]

    assert {"int8 (one)"} == set(points(axes_of("top1", "top1", *records)))


@pytest.mark.parametrize("reach", [0.0, 1e-6, 0.02])
def test_labels_lie_within_the_axes_and_on_no_other(reach: float) -> None:
    """Also of points that lie on one another."""
    names = [f"prune(0.{number})+cluster(16)+int8" for number in range(6)]
    records = [
        each
        for number, name in enumerate(names)
        for each in run(name, 0.9 + reach * number, 1e-4 * (1 + reach * number))
    ]
    axes = axes_of("latency", "top1", *records)
    axes.figure.draw_without_rendering()
    frame = axes.get_window_extent()
    boxes = [text.get_window_extent() for text in axes.texts]

    assert 6 == len(boxes)
    for at, box in enumerate(boxes):
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1
        assert 0 == box.count_overlaps(boxes[:at])


def test_points_of_several_models_say_of_which() -> None:
    """No title could; a model without a point is not named at all."""
    both = [*TWO, *run("baseline", 0.8, 2e-4, model="wide")]
    missing = without("top1 latency", "failed", "no power", model="broken")

    axes = axes_of("latency", "top1", *both, *missing)

    assert "" == axes.get_title()
    assert {
        "small on digits: baseline",
        "small on digits: int8",
        "wide on digits: baseline",
    } == set(points(axes))
    assert "small on digits" == axes_of("latency", "top1", *TWO, *missing).get_title()


@pytest.mark.parametrize("name", ["a$x^$b.tflite", r"\frac $\nonsense$", "ü [1] %.tflite"])
def test_names_of_files_are_drawn_as_they_are(name: str) -> None:
    """What looks like a formula is none, or it could not be drawn."""
    figure = draw(results_of({}, run(name, 0.9, 1e-4, model=name)), "latency", "top1")
    (axes,) = figure.axes

    assert figure._repr_png_().startswith(b"\x89PNG")
    assert ({name}, f"{name} on digits") == (set(points(axes)), axes.get_title())


@pytest.mark.parametrize(
    ("x", "y", "told"),
    [
        ("latency", "topp1", "No row has a figure 'topp1': did you mean 'top1'?"),
        ("smaler", "top1", "No row has a figure 'smaler': did you mean 'smaller'?"),
        ("smaller", "topp1", "No row has a figure 'topp1': did you mean 'top1'?"),
        ("latency", "zzz", "there are file_bytes, gzip_bytes, latency, smaller, speedup, top1, "),
        ("file_bytes", "cosine", "No row has a figure 'cosine'"),
    ],
)
def test_a_figure_that_no_row_has_is_refused_with_the_nearest(x: str, y: str, told: str) -> None:
    """Ratios are figures too, though no record holds them."""
    with pytest.raises(WeighinError) as refused:
        axes_of(x, y, *TWO)

    assert told in str(refused.value)


def test_figures_that_no_row_has_both_of_are_refused() -> None:
    """Each has one of the two."""
    with pytest.raises(WeighinError, match="No row has figures of both 'latency' and 'top1'"):
        axes_of("latency", "top1", record("latency", 1e-4), record("top1", 0.9, variant="int8"))


def test_of_nothing_nothing_is_suggested() -> None:
    """There is no figure at all."""
    with pytest.raises(WeighinError, match="there are none"):
        axes_of("latency", "top1", *without("latency top1", "failed", "no power"))
