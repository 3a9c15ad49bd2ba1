"""What a data set holds when it is loaded, and what is refused because it makes no sense."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.data import paths_in
from helpers.tiny import tiny_arrays

from weighin import noise_dataset, npz_dataset, registry
from weighin.core import DataNotFoundError, Dataset, Port, Signature, Split, WeighinError
from weighin.datasets import alike, checking
from weighin.datasets.arrays import Arrays, digest
from weighin.datasets.loading import from_arrays, load, load_cached
from weighin.datasets.search import SearchPaths


def labels(arrays: Arrays, name: str, value: object, dtype: str = "i8") -> Arrays:
    """The arrays with one label changed."""
    changed = arrays[name].astype(dtype)
    changed[1] = value
    return arrays | {name: changed}


def floats(arrays: Arrays, name: str, value: float) -> Arrays:
    """The arrays with float images, one pixel of which is `value`."""
    changed = arrays | {key: arrays[key].astype("f4") for key in ("x_train", "x_test")}
    changed[name][3, 2, 1] = value
    return changed


SENSELESS: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "label too high": (lambda a: labels(a, "y_test", 3), "test part: labels run from 0 to 3"),
    "label below 0": (lambda a: labels(a, "y_train", -1), "train part: labels run from -1 to 2"),
    "names as labels": (
        lambda a: labels(a, "y_test", "cat", "U3"),
        r"test part: y_test holds text \(<U3\), not numbers. Store class numbers",
    ),
    "one-hot labels in one part alone": (
        lambda a: a | {"y_train": np.eye(3, dtype="u1")[a["y_train"]]},
        r"training targets are \(3,\), test targets \(\)",
    ),
    "missing label": (
        lambda a: a | {"y_test": a["y_test"][:-1]},
        "test part: 60 in x_test but 59 in y_test examples",
    ),
    "labels turned around": (
        lambda a: a | {"y_test": np.eye(3, dtype="u1")[a["y_test"]].T},
        "test part: 60 in x_test but 3 in y_test examples.*transposed",
    ),
    "other inputs": (
        lambda a: {("z_test" if name == "x_test" else name): array for name, array in a.items()},
        "the training part has the inputs x, the test part z",
    ),
    "ragged": (
        lambda a: a | {"x_test": a["x_test"].astype("c8")},
        r"test part: x_test holds complex numbers \(complex64\)",
    ),
    "empty examples": (
        lambda a: a | {"x_test": a["x_test"][:, :, :0]},
        r"test part: x_test has shape \(60, 6, 0\): its examples hold nothing",
    ),
    "no test images": (
        lambda a: a | {"x_test": a["x_test"][:0], "y_test": a["y_test"][:0]},
        "test part is empty",
    ),
    "no training images": (
        lambda a: a | {"x_train": a["x_train"][:0], "y_train": a["y_train"][:0]},
        "train part is empty",
    ),
    "other shapes": (
        lambda a: a | {"x_test": a["x_test"][:, :5]},
        r"training inputs are \(6, 6\), test inputs \(5, 6\)",
    ),
    "flat images": (
        lambda a: a | {"x_train": a["x_train"].reshape(-1, 36)},
        r"training inputs are \(36,\), test inputs \(6, 6\)",
    ),
    "films": (
        lambda a: a | {"x_test": a["x_test"][..., None, None]},
        r"training inputs are \(6, 6\), test inputs \(6, 6, 1, 1\)",
    ),
    "NaN": (
        lambda a: floats(a, "x_train", np.nan),
        r"train part: inputs hold NaN or infinite.*nan first, at x_train\[3, 2, 1\]; 1 of 120",
    ),
    "infinity": (
        lambda a: floats(a, "x_test", -np.inf),
        r"test part: inputs hold NaN or infinite.*-inf first, at x_test\[3, 2, 1\]; 1 of 60",
    ),
    "too large for float32": (
        lambda a: (
            {
                name: array.astype("f8") if name.startswith("x") else array
                for name, array in floats(a, "x_train", 1.0).items()
            }
            | {"x_test": a["x_test"] * 1e300}
        ),
        r"test part: .*too large for float32",
    ),
    "no numbers": (
        lambda a: a | {"x_test": a["x_test"].astype("U3")},
        r"test part: x_test holds text \(<U3\), not numbers",
    ),
    "bytes and shares": (
        lambda a: a | {"x_test": (a["x_test"] / 255).astype("f4")},
        "Training inputs are uint8 from 0 to 239; test inputs are float32 from 0 to 0.9.*same kind",
    ),
    "shares and bytes": (
        lambda a: a | {"x_train": (a["x_train"] / 255).astype("f4")},
        "Training inputs are float32 from 0 to 0.9.*; test inputs are uint8 from 0 to 239",
    ),
    "floats divided in one part alone": (
        lambda a: a | {"x_train": a["x_train"].astype("f4"), "x_test": a["x_test"] / 255},
        "Training inputs are float32 from 0 to 239; test inputs are float64 .*same range",
    ),
    "truth values and shares": (
        lambda a: a | {"x_train": a["x_train"] > 9, "x_test": (a["x_test"] / 255).astype("f4")},
        "Training inputs are bool from 0 to 1; test inputs are float32 from 0 .*same kind",
    ),
    "centred in one part alone": (
        lambda a: (
            a
            | {
                "x_train": a["x_train"] / 127.5 - 1,
                "x_test": a["x_train"][:100] / 255,
                "y_test": a["y_train"][:100],
            }
        ),
        "Training inputs are float64 from -1 to .*; test inputs are float64 from 0 to .*same range",
    ),
    "signed in one part alone": (
        lambda a: (
            a
            | {
                "x_train": (a["x_train"].astype("i2") - 128).astype("i1"),
                "x_test": a["x_train"][:100],
                "y_test": a["y_train"][:100],
            }
        ),
        "Training inputs are int8 from -128 to .*; test inputs are uint8 from 0 to .*same range",
    ),
    "targets of another kind": (
        lambda a: a | {"y_test": a["y_test"] + 0.5},
        "Training targets are uint8 from 0 to 2; test targets are float64 from 0.5 .*same kind",
    ),
    "records": (
        lambda a: a | {"x_test": np.zeros((60, 6, 6), [("r", "u1"), ("g", "u1")])},
        r"test part: x_test holds records .* Store each field as an input of its own",
    ),
    "dates": (
        lambda a: a | {"x_test": a["x_test"].astype("M8[D]")},
        r"test part: x_test holds dates \(datetime64\[D\]\), not numbers. Store numbers, such as",
    ),
    "durations": (
        lambda a: a | {"y_test": a["y_test"].astype("m8[s]")},
        r"test part: y_test holds durations",
    ),
    "whole numbers that int64 does not hold": (
        lambda a: a | {"y_test": a["y_test"].astype("u8") + 2**63},
        r"test part: y_test holds whole numbers of up to 9,223,372,036,854,775,810, above",
    ),
    "no channels": (
        lambda a: {n: v[..., None][..., :0] if n[0] == "x" else v for n, v in a.items()},
        r"train part: x_train has shape \(120, 6, 6, 0\): its examples hold nothing",
    ),
    "targets that are not finite": (
        lambda a: labels(labels(a, "y_test", np.nan, "f4"), "y_train", 0, "f4"),
        r"test part: targets hold NaN or infinite values.* at y_test\[1\]; 1 of 60",
    ),
    "one class in the test part": (
        lambda a: a | {"y_test": a["y_test"] * 0 + 2},
        "test part: all 60 examples are of class 2, of 3 classes: whoever always answers 2",
    ),
    "one test example": (
        lambda a: a | {"x_test": a["x_test"][:1], "y_test": a["y_test"][:1]},
        "has one example alone to test on",
    ),
    "bytes and words": (
        lambda a: a | {"x_test": a["x_test"].astype("u2") * 257},
        "Training inputs are uint8 from 0 to 239; test inputs are uint16 from 0 to 61423",
    ),
}


@pytest.mark.parametrize(("change", "problem"), SENSELESS.values(), ids=SENSELESS)
def test_senseless_data_are_refused(
    tmp_path: Path, change: Callable[[Arrays], Arrays], problem: str
) -> None:
    """Arrays that no model can be trained or tested on are an error that names set and part."""
    np.savez(tmp_path / "odd.npz", **change(tiny_arrays()))
    npz_dataset("odd", tmp_path / "odd.npz", classes=3)

    with pytest.raises(WeighinError, match=rf"Data set 'odd'.*{problem}"):
        load("odd", paths_in(tmp_path))


def test_sound_data_are_loaded(tmp_path: Path) -> None:
    """The tiny arrays as they are pass every check, so the refusals above mean something."""
    np.savez(tmp_path / "even.npz", **tiny_arrays())
    npz_dataset("even", tmp_path / "even.npz", classes=3, scale=1 / 255)

    loaded = load("even", paths_in(tmp_path))

    assert (loaded.name, loaded.classes) == ("even", 3)
    assert digest(tiny_arrays()) == loaded.digest
    assert (len(loaded.train), len(loaded.test)) == (120, 60)
    assert loaded.test.stored["x"].shape == (60, 6, 6)


@pytest.mark.parametrize("dtype", ["u1", "i8", "f4", "f8"])
def test_values_are_taken_as_they_are_unless_a_scale_is_given(tmp_path: Path, dtype: str) -> None:
    """Whole numbers and floating ones alike: no division that nobody asked for."""
    arrays = tiny_arrays()
    arrays |= {name: arrays[name].astype(dtype) for name in ("x_train", "x_test")}
    np.savez(tmp_path / "plain.npz", **arrays)
    npz_dataset("plain", tmp_path / "plain.npz", classes=3)
    npz_dataset("halved", tmp_path / "plain.npz", classes=3, scale=0.5)

    plain, halved = (load(name, paths_in(tmp_path)) for name in ("plain", "halved"))
    direct = from_arrays("direct", arrays, classes=3)

    np.testing.assert_array_equal(arrays["x_test"], plain.test.inputs()["x"])
    np.testing.assert_array_equal(arrays["x_test"] * 0.5, halved.test.inputs()["x"])
    np.testing.assert_array_equal(direct.test.inputs()["x"], plain.test.inputs()["x"])
    assert plain.digest == direct.digest != halved.digest


ALIKE: dict[str, Callable[[Arrays], Arrays]] = {
    "a darker test part": lambda a: a | {"x_test": a["x_test"] // 8},
    "one outlier": lambda a: floats(a, "x_train", 1e6),
    "wider whole numbers": lambda a: a | {"x_test": a["x_test"].astype("i4")},
    "wider floats": lambda a: {
        name: array.astype("f4" if name == "x_train" else "f8") if name[0] == "x" else array
        for name, array in a.items()
    },
    "half floats": lambda a: {n: v.astype("f2") if n[0] == "x" else v for n, v in a.items()},
    "truth values": lambda a: {n: v > 9 if n[0] == "x" else v for n, v in a.items()},
    "signed and unsigned": lambda a: a | {"x_test": a["x_test"].astype("i2")},
    "one class in the training part": lambda a: a | {"y_train": a["y_train"] * 0},
    "few of the centred": lambda a: (
        a | {"x_train": a["x_train"] - 128.0, "x_test": a["x_test"][:60] * 1.0}
    ),
    "a black test part": lambda a: a | {"x_test": a["x_test"] * 0},
}


@pytest.mark.parametrize("change", ALIKE.values(), ids=ALIKE)
def test_parts_may_honestly_differ(tmp_path: Path, change: Callable[[Arrays], Arrays]) -> None:
    """A part that does not reach the largest value, or has an outlier, is loaded."""
    np.savez(tmp_path / "odd.npz", **change(tiny_arrays()))
    npz_dataset("odd", tmp_path / "odd.npz", classes=3)

    assert len(load("odd", paths_in(tmp_path)).test) == 60


def test_parts_of_other_kinds_may_have_scales_of_their_own(tmp_path: Path) -> None:
    """Where a loader scales each part by itself, what the model is given is compared."""
    data = from_arrays("own", tiny_arrays(), classes=3, scale=1 / 255)
    shares = data.test.stored["x"] / 255

    for images, problem in ((shares, ""), (shares * 255, "same range")):
        mixed = dataclasses.replace(data, test=Split({"x": images}, data.test.targets))
        registry.dataset("own")(lambda paths, mixed=mixed: mixed)
        if problem:
            with pytest.raises(WeighinError, match=problem):
                load("own", paths_in(tmp_path))
        else:
            assert load("own", paths_in(tmp_path)) is mixed


@pytest.mark.parametrize("scale", [0, float("nan"), float("inf")])
def test_a_senseless_scale_is_refused(tmp_path: Path, scale: float) -> None:
    """A scale that makes the same of everything is an error."""
    np.savez(tmp_path / "odd.npz", **tiny_arrays())
    npz_dataset("odd", tmp_path / "odd.npz", classes=3, scale=scale)

    with pytest.raises(WeighinError, match=r"Data set 'odd': scale="):
        load("odd", paths_in(tmp_path))


def test_a_missing_file_is_called_missing(tmp_path: Path) -> None:
    """Not damaged: the whole path is named, so that a relative one can be told."""
    npz_dataset("lost", tmp_path / "lost.npz", classes=3)

    with pytest.raises(
        DataNotFoundError, match=rf"'lost': the file {tmp_path}/lost\.npz is missing"
    ):
        load("lost", paths_in(tmp_path))


def test_inputs_are_scaled_floats() -> None:
    """Model inputs are stored values times the scale, float32, in the stored order."""
    arrays = tiny_arrays()
    split = from_arrays("tiny", arrays, classes=3, scale=1 / 255).test

    inputs = split.inputs(10, 20)["x"]

    assert np.float32 == inputs.dtype
    np.testing.assert_allclose(arrays["x_test"][10:20] / 255, inputs, rtol=1e-6)
    assert len(split) == 60


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    """A name close to a known one is answered with that one and with all the others."""
    with pytest.raises(WeighinError, match=r"Did you mean 'mnist'\?.*fashion_mnist, cifar10"):
        load("minst", paths_in(tmp_path))


def test_the_last_data_sets_are_remembered(tmp_path: Path) -> None:
    """`load_cached` loads a data set once for the same search paths, and again for others."""
    loads: list[SearchPaths] = []

    def loader(paths: SearchPaths) -> Dataset:
        loads.append(paths)
        return from_arrays("counted", tiny_arrays(), classes=3)

    registry.dataset("counted")(loader)
    here, there = paths_in(tmp_path / "here"), paths_in(tmp_path / "there")

    assert load_cached("counted", here) is load_cached("counted", here)
    load_cached("counted", there)

    assert [here, there] == loads


def test_a_loader_that_fails_is_named(tmp_path: Path) -> None:
    """Whatever a user's own loader raises, the error says which data set could not be loaded."""

    def loader(paths: SearchPaths) -> Dataset:
        raise FileNotFoundError(2, "No such file", "films.zip")

    registry.dataset("films")(loader)

    with pytest.raises(WeighinError, match=r"'films'.*films\.zip"):
        load("films", paths_in(tmp_path))


def test_noise_is_the_same_everywhere_and_has_no_labels(tmp_path: Path) -> None:
    """A few images of the wanted shape, from a seed; why accuracy on them means nothing."""
    noise_dataset("noise_9", (9, 8, 3), classes=1000)

    loaded = load("noise_9", paths_in(tmp_path))

    assert "noise" in loaded.unlabelled
    assert (loaded.classes, loaded.train.stored["x"].shape) == (1000, (8, 9, 8, 3))
    assert loaded.test.stored["x"].shape == (4, 9, 8, 3)
    inputs = loaded.test.inputs()["x"]
    assert 0 <= inputs.min() < 0.05 < 0.95 < inputs.max() <= 1
    assert load("noise_9", paths_in(tmp_path)).digest == loaded.digest
    assert not np.array_equal(loaded.train.stored["x"][:4], loaded.test.stored["x"])


def test_labelled_data_say_so(tmp_path: Path) -> None:
    """Unless told otherwise, labels mean something."""
    assert not from_arrays("tiny", tiny_arrays(), classes=3).unlabelled


def part_alone() -> Arrays:
    """The tiny test part."""
    return {name: array for name, array in tiny_arrays().items() if name.endswith("test")}


def test_a_test_part_is_enough(tmp_path: Path) -> None:
    """Both parts are then one object, nothing is copied, and there is nothing to train on."""
    np.savez(tmp_path / "alone.npz", **part_alone())
    npz_dataset("alone", tmp_path / "alone.npz", classes=3)

    loaded = load("alone", paths_in(tmp_path))
    fed = loaded.fed_to(Signature((Port("image", shape=(6, 6, 1)),), ()))

    assert loaded.test_only
    assert fed.test_only
    assert loaded.train is loaded.test
    assert fed.train is fed.test
    assert (loaded.training_examples, len(loaded.test)) == (0, 60)
    assert np.shares_memory(fed.test.stored["image"], loaded.test.stored["x"])
    assert from_arrays("alone", part_alone(), classes=3).digest == loaded.digest
    assert not from_arrays("whole", tiny_arrays(), classes=3).test_only


def test_a_test_part_alone_is_checked(tmp_path: Path) -> None:
    """As much as beside another."""
    with pytest.raises(WeighinError, match="test part: 60 in x_test but 59 in y_test"):
        from_arrays("alone", part_alone() | {"y_test": np.zeros(59)})
    np.savez(tmp_path / "alone.npz", **part_alone())
    npz_dataset("alone", tmp_path / "alone.npz", classes=2)

    with pytest.raises(WeighinError, match="test part: labels run from 0 to 2"):
        load("alone", paths_in(tmp_path))


def test_what_is_not_finite_is_found_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays are looked at piece by piece; the first place and the count are of the whole."""
    monkeypatch.setattr(alike, "PIECE", 6 * 6 * 4 * 7)  # seven images
    arrays = part_alone()
    images = arrays["x_test"].astype("f4")
    images[[20, 20, 41], [5, 1, 0]] = np.nan

    with pytest.raises(WeighinError, match=r"x_test\[20, 1, 0\]; 2 of 60 examples"):
        checking.check(from_arrays("odd", arrays | {"x_test": images}))


@pytest.mark.parametrize("missing", ["x_train", "x_test", "y_test"])
def test_a_part_is_whole_or_not_there(missing: str) -> None:
    """Targets of a part that has no inputs, or of the training part alone, are a mistake."""
    arrays = {name: array for name, array in tiny_arrays().items() if name != missing}

    with pytest.raises(WeighinError, match="Data set 'odd'"):
        from_arrays("odd", arrays)
