"""`weighin weigh` on data of every kind: real files, weighed whole, their quality known."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.linear import Answer, write_linear
from PIL import Image
from scipy.io import wavfile

from weighin.cli import main
from weighin.core import Record, Results
from weighin.packages import missing
from weighin.records import store

N = 120  # examples, of which the first 6 are labelled wrongly
WRONG = 6
X = np.random.default_rng(3).uniform(0, 1, (N, 4)).astype(np.float32)
WEIGHTS = np.array([[4, -1, -1, 0.5], [-1, 4, -1, 0.5], [-1, -1, 4, 0.5]], np.float32)
Y = (X @ WEIGHTS.T).argmax(axis=1)
Y[:WRONG] = (Y[:WRONG] + 1) % 3
RIGHT = 1 - WRONG / N
BRIGHT = np.arange(N) % 2 == 1  # which of two classes an example of images or sounds is of

Weigh = Callable[..., Results]


@pytest.fixture
def weigh(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    isolated_registries: None,
    few_cold_starts: None,
) -> Weigh:
    """Run the command in a folder of its own, on the file `a.tflite` there; its results."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Results:
        command = ["weigh", "a.tflite", *words, "--pair-seconds", "0.05"]
        result = CliRunner().invoke(main, command)
        assert 0 == result.exit_code, result.output
        assert " on " in result.output.splitlines()[0]
        (path,) = Path("results", "local").glob("*.json")
        return store.load(path)

    return run


def one(results: Results, metric: str) -> Record:
    """The baseline's record of a metric."""
    (record,) = (each for each in results.records if each.metric == metric)
    return record


def rows_model() -> Path:
    return write_linear(Path("a.tflite"), {"x": (4,)}, {"scores": Answer({"x": WEIGHTS})})


def two_classes(shape: tuple[int, ...], middle: float) -> Path:
    """Tells whether the mean of an input's values is above the middle."""
    size = int(np.prod(shape))
    weights = np.stack([np.full(size, -1 / size), np.full(size, 1 / size)])
    answer = Answer({"x": weights}, bias=(middle, -middle))
    return write_linear(Path("a.tflite"), {"x": shape}, {"scores": answer})


# -- arrays ---------------------------------------------------------------------------------------


def test_a_test_part_in_an_npz(weigh: Weigh) -> None:
    rows_model()
    np.savez("d.npz", x_test=X, y_test=Y)

    top1 = one(weigh("--data", "d.npz"), "top1")

    assert (N, pytest.approx(RIGHT)) == (top1.n, top1.value)


def test_several_inputs_in_an_npz(weigh: Weigh) -> None:
    """Each goes to the input of its name."""
    halves = {"left": WEIGHTS[:, :2], "right": WEIGHTS[:, 2:]}
    answer = Answer(halves)
    write_linear(Path("a.tflite"), {"right": (2,), "left": (2,)}, {"scores": answer})
    np.savez("d.npz", **{"x_test/left": X[:, :2], "x_test/right": X[:, 2:], "y_test": Y})

    assert pytest.approx(RIGHT) == one(weigh("--data", "d.npz"), "top1").value


@pytest.mark.parametrize("seed", [0, 7])
def test_a_pair_of_npy_is_split_by_its_seed(weigh: Weigh, seed: int) -> None:
    rows_model()
    np.save("x.npy", X)
    np.save("y.npy", (X @ WEIGHTS.T).argmax(axis=1))

    results = weigh("--data", "x.npy,y.npy", "--split-seed", str(seed))

    (data,) = results.environment["datasets"].values()
    assert f"split 80:20 by seed {seed}" in json.dumps(data)
    assert 1 == one(results, "top1").value
    assert N / 5 == pytest.approx(one(results, "top1").n, abs=2)


def test_a_function_that_returns_arrays(weigh: Weigh) -> None:
    rows_model()
    np.savez("d.npz", x=X, y=Y)
    Path("mine.py").write_text(
        "import numpy as np\n\n\ndef load():\n    d = np.load('d.npz')\n"
        "    return d['x'], d['y'], d['x'], d['y']\n"
    )

    for place in ("mine.py:load", "mine:load"):
        top1 = one(weigh("--data", place), "top1")
        assert (N, pytest.approx(RIGHT)) == (top1.n, top1.value)
        next(Path("results", "local").glob("*.json")).unlink()


# -- tables ---------------------------------------------------------------------------------------


def write_csv(target: list[str]) -> None:
    lines = [",".join(f"{value:.9g}" for value in row) for row in X]
    rows = [f"{line},{word}" for line, word in zip(lines, target, strict=True)]
    Path("rows.csv").write_text("\n".join(["a,b,c,d,kind", *rows]))


def test_a_csv_whose_target_are_words(weigh: Weigh) -> None:
    """Words are classes in the order of the alphabet."""
    rows_model()
    write_csv([("ash", "birch", "cedar")[label] for label in (X @ WEIGHTS.T).argmax(axis=1)])

    assert 1 == one(weigh("--data", "rows.csv", "--target", "kind"), "top1").value


def test_a_csv_whose_target_is_a_number(weigh: Weigh) -> None:
    """The mean absolute error is that of the examples that were split off."""
    answer = Answer({"x": [[1, 2, 3, 4]]})
    write_linear(Path("a.tflite"), {"x": (4,)}, {"price": answer})
    write_csv([f"{row @ (1, 2, 3, 4) + 0.25:.9g}" for row in X])

    mae = one(weigh("--data", "rows.csv", "--target", "kind", "--task", "regression"), "mae")

    assert pytest.approx(0.25, abs=1e-5) == mae.value


# -- images and sounds ----------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "parts"), [("png", ("train", "test")), ("jpg", ("",))])
def test_a_folder_of_images(weigh: Weigh, ending: str, parts: tuple[str, ...]) -> None:
    """Squeezed to the size that the model takes, from 0 to 1; three of the dark ones are light."""
    two_classes((4, 4, 3), 0.5)
    for part in parts:
        for number, bright in enumerate(BRIGHT):
            path = Path("photos", part, "light" if bright else "dark", f"{number}.{ending}")
            path.parent.mkdir(parents=True, exist_ok=True)
            value = 200 if bright or number < WRONG else 40
            Image.new("RGB", (9, 7), (value,) * 3).save(path)

    results = weigh("--data", "photos", "--size", "4", "--scale", "0.00392157")

    top1 = one(results, "top1")
    assert top1.n == (N if len(parts) == 2 else N / 5)
    assert len(parts) == 1 or pytest.approx(1 - 3 / N) == top1.value


def test_images_are_shifted_and_divided(weigh: Weigh) -> None:
    """By channel: the model looks at the red one, which `--mean` brings about zero."""
    red = np.zeros((2, 4, 4, 3))
    red[0, ..., 0], red[1, ..., 0] = -1 / 16, 1 / 16
    write_linear(Path("a.tflite"), {"x": (4, 4, 3)}, {"scores": Answer({"x": red.reshape(2, -1)})})
    for number, bright in enumerate(BRIGHT):
        path = Path("photos", "test", "light" if bright else "dark", f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (140 if bright else 110, 90, 200)).save(path)

    results = weigh("--data", "photos", *("--mean", "125,0,0", "--std", "10,1,1"))

    assert 1 == one(results, "top1").value


def test_a_folder_of_recordings(weigh: Weigh) -> None:
    two_classes((80, 1), 0.25)
    for number, loud in enumerate(BRIGHT):
        path = Path("sounds", "yes" if loud else "no", f"{number}.wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        wavfile.write(path, 800, np.full(80, 2**14 if loud else 100 + number, np.int16))

    top1 = one(weigh("--data", "sounds"), "top1")

    assert (N / 5, 1) == (top1.n, top1.value)


# -- boxes ----------------------------------------------------------------------------------------


@pytest.mark.skipif(missing("faster-coco-eval") is not None, reason="boxes need the COCO evaluator")
def test_annotations_of_coco_with_their_images(weigh: Weigh) -> None:
    """A dark image has a cup in its left half, a light one a jug in its right; all are found."""
    first = np.zeros((1, 8 * 8 * 3))
    first[0, 0] = 1  # the first pixel alone: 0 or 1, exactly
    nothing = np.zeros_like(first)
    half = np.concatenate([nothing, first / 2] * 2)
    boxes = Answer({"x": np.tile(half, (2, 1))}, (0, 0, 1, 0.5) * 2, (2, 4))
    write_linear(
        Path("a.tflite"),
        {"x": (8, 8, 3)},
        {
            "boxes": boxes,
            "classes": Answer({"x": np.tile(first, (2, 1))}),
            "scores": Answer({"x": np.tile(nothing, (2, 1))}, (0.75, 0)),
            "count": Answer({"x": nothing}, (1,)),  # so that the second box says nothing
        },
    )
    Path("images").mkdir()
    annotations = []
    for number, bright in enumerate(BRIGHT):
        Image.new("RGB", (16, 16), (255,) * 3 if bright else 0).save(f"images/{number}.png")
        box = [8, 0, 8, 16] if bright else [0, 0, 8, 16]
        annotations.append(
            {"id": number, "image_id": number, "category_id": 7 + bool(bright), "bbox": box}
            | {"area": 128, "iscrowd": 0}
        )
    Path("instances.json").write_text(
        json.dumps(
            {
                "images": [
                    {"id": number, "file_name": f"{number}.png", "width": 16, "height": 16}
                    for number in range(N)
                ],
                "annotations": annotations,
                "categories": [{"id": 7, "name": "cup"}, {"id": 8, "name": "jug"}],
            }
        )
    )

    results = weigh(
        *("--data", "instances.json,images", "--size", "8", "--scale", "0.00392156862745098"),
        *("--task", "detection"),
    )

    assert 1 == one(results, "map").value
