"""Whatever a user brings as arrays becomes one and the same data set, whole or not at all."""

from __future__ import annotations

import os
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from helpers.bringing import PLAIN, function, loaded, npy, npz, part_alone, returning, undivided
from helpers.data import paths_in
from helpers.tiny import tiny_arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from weighin import registry
from weighin.core import Array, WeighinError
from weighin.datasets.bringing import Reading, bring, bring_arrays, register
from weighin.datasets.loading import from_arrays, load


def test_an_archive_is_read_where_it_lies(tmp_path: Path) -> None:
    """No copy is made of an .npz file that needs not be split or prepared."""
    path = npz(tmp_path, tiny_arrays())

    brought = bring(path, Reading(scale=1 / 255, classes=3), tmp_path / "cache")

    assert brought.path == path
    assert not (tmp_path / "cache").exists()
    assert brought.summary.startswith("120 for training and 60 images to test on, 6×6 uint8")
    data = loaded(brought, tmp_path)
    direct = from_arrays("own", tiny_arrays(), classes=3, scale=1 / 255)
    assert (data.name, data.classes, data.digest) == ("own", 3, direct.digest)


def test_a_test_part_is_enough(tmp_path: Path) -> None:
    """Nothing is split off it."""
    brought = bring(npz(tmp_path, part_alone()), PLAIN, tmp_path)

    data = loaded(brought, tmp_path)

    assert data.test_only
    assert len(data.test) == 60
    assert brought.summary == "60 images to test on, 6×6 uint8"


def test_several_inputs_are_named(tmp_path: Path) -> None:
    """Behind a stroke or before the part."""
    inputs = {"x_test/left": np.zeros((9, 3)), "right_test": np.ones((9, 2))}
    path = npz(tmp_path, inputs | {"y_test": np.arange(9) % 2})

    data = loaded(bring(path, PLAIN, tmp_path), tmp_path)
    copy = loaded(bring_arrays("copy", dict(np.load(path)), PLAIN, tmp_path), tmp_path)

    assert set(data.test.stored) == set(copy.test.stored) == {"left", "right"}
    assert data.digest == copy.digest


@pytest.mark.parametrize("names", [("x", "y"), ("x_train", "y_train")])
def test_what_has_no_test_part_is_split_class_by_class(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    """By a stated seed, 80:20, and no example is lost or in both parts."""
    arrays = undivided()
    arrays["x"][:, 0, 0] = np.arange(60)  # tells them apart
    path = npz(tmp_path, dict(zip(names, arrays.values(), strict=True)))

    brought = bring(path, Reading(seed=5), tmp_path)
    data = loaded(brought, tmp_path)
    other = loaded(bring(path, Reading(seed=6), tmp_path), tmp_path)

    marks = [split.stored["x"][:, 0, 0].tolist() for split in (data.train, data.test)]
    assert sorted(marks[0] + marks[1]) == list(range(60))
    assert marks[0] != sorted(marks[0])
    assert np.bincount(data.train.target).tolist() == [16, 16, 16]
    assert np.bincount(data.test.target).tolist() == [4, 4, 4]
    assert np.array_equal(arrays["y"][marks[1]], data.test.target)
    assert other.digest != data.digest
    assert "no test part came: split 80:20 by seed 5, each class by itself" in brought.summary


@pytest.mark.parametrize("targets", [None, np.linspace(0, 1, 60), np.arange(60), np.zeros(60, int)])
def test_what_has_no_classes_is_split_shuffled(tmp_path: Path, targets: Array | None) -> None:
    """Numbers, classes of one example each, and no targets at all."""
    arrays = {"x": undivided()["x"]} | ({} if targets is None else {"y": targets})

    brought = bring(npz(tmp_path, arrays), PLAIN, tmp_path)

    data = loaded(brought, tmp_path)
    assert (len(data.train), len(data.test)) == (48, 12)
    assert "by seed 0, shuffled" in brought.summary
    assert bool(data.unlabelled) == (targets is None)


def test_npy_files_are_named_by_what_they_hold(tmp_path: Path) -> None:
    """Those of parts by their names, the inputs and targets by their order."""
    whole = loaded(bring(npy(tmp_path, tiny_arrays()), PLAIN, tmp_path), tmp_path)
    spec = npy(tmp_path, {"images": undivided()["x"], "labels": undivided()["y"]})
    pair = loaded(bring(spec, PLAIN, tmp_path), tmp_path)
    single = loaded(bring(tmp_path / "images.npy", PLAIN, tmp_path), tmp_path)

    assert whole.digest == from_arrays("own", tiny_arrays()).digest
    assert (len(pair.train), len(pair.test)) == (48, 12)
    assert single.unlabelled
    assert pair.name == single.name == "images"


def test_a_folder_of_npy_files_is_mapped(tmp_path: Path) -> None:
    """It is neither copied nor read into memory, and is the same data as an archive."""
    arrays = {"x_test/left": np.zeros((9, 3)), "x_test/right": np.ones((9, 2))}
    npy(tmp_path / "own", arrays)

    brought = bring(tmp_path / "own", PLAIN, tmp_path / "cache")
    data = loaded(brought, tmp_path)

    assert brought.path == tmp_path / "own"
    assert data.digest == from_arrays("own", arrays).digest
    assert isinstance(data.test.stored["left"].base, np.memmap)


def test_values_are_prepared_once(tmp_path: Path) -> None:
    """(x × scale − mean) / std, stored as float32; the model is given these as they are."""
    images = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), np.uint8)
    path = npz(tmp_path, {"x_test": images, "y_test": np.arange(9) % 2})
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)

    brought = bring(path, Reading(scale=1 / 255, mean=mean, std=std), tmp_path)
    given_ = loaded(brought, tmp_path).test.inputs()["x"]

    np.testing.assert_allclose((images / 255 - mean) / std, given_, rtol=1e-5, atol=1e-6)
    assert given_.dtype == np.float32
    assert brought.scale == 1.0
    assert "times 0.00392157, minus 0.5 0.4 0.3, divided by 0.2 0.3 0.4" in brought.summary
    with pytest.raises(WeighinError, match=r"--mean gives 2 values, and inputs .* have 3 along"):
        bring(path, Reading(mean=(1.0, 2.0)), tmp_path)


def test_a_function_may_return_what_others_read(tmp_path: Path) -> None:
    """Four arrays, two, pairs as keras.datasets has them, or a dictionary; in its own process."""
    path = npz(tmp_path, tiny_arrays(), "kept")
    begin = f"    a = np.load({str(path)!r})\n    return "
    four = "[a[n] for n in ('x_train', 'y_train', 'x_test', 'y_test')]\n"
    pairs = "(a['x_train'], a['y_train']), (a['x_test'], a['y_test'])\n"
    wanted = from_arrays("own", tiny_arrays()).digest

    for body in (four, pairs, "dict(a)\n"):
        spec = function(tmp_path, begin + body)
        assert loaded(bring(spec, PLAIN, tmp_path), tmp_path).digest == wanted
    two = bring(function(tmp_path, begin + "a['x_test'], a['y_test']\n"), PLAIN, tmp_path)
    assert (two.name, len(loaded(two, tmp_path).test)) == ("own", 12)


def test_a_function_of_a_module_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python would import it there."""
    returning(tmp_path, npz(tmp_path, part_alone(), "kept"))
    monkeypatch.chdir(tmp_path)

    assert len(loaded(bring("own:load", PLAIN, tmp_path / "cache"), tmp_path).test) == 60


def shapes() -> st.SearchStrategy[tuple[int, ...]]:
    return hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)


@st.composite
def examples(draw: st.DrawFn) -> dict[str, Array]:
    """Inputs of any shape and dtype, whole or undivided, with targets or without."""
    dtype = draw(st.sampled_from(["u1", "i4", ">i2", "f4", "f8", "f2", "?"]))
    shape, count = draw(shapes()), draw(st.integers(4, 12))
    whole = st.integers(1, 9)  # parts whose values are ten times as large are refused
    elements = st.booleans() if dtype == "?" else whole.map(np.dtype(dtype).type)
    inputs = draw(hnp.arrays(dtype, (count, *shape), elements=elements))
    arrays = {"x": inputs}
    if draw(st.booleans()):
        arrays["y"] = draw(
            hnp.arrays(draw(st.sampled_from(["u1", "i8", "f4"])), count, elements=st.integers(0, 3))
        )
    if draw(st.booleans()):
        return {f"{name}_test": values for name, values in arrays.items()}
    return arrays


@settings(max_examples=60, deadline=None)
@given(arrays=examples(), scale=st.sampled_from([None, 0.5, 1 / 255]), seed=st.integers(0, 3))
def test_arrays_are_the_same_data_however_they_come(
    arrays: dict[str, Array], scale: float | None, seed: int
) -> None:
    """By .npz, by .npy files and from memory: the same examples, digest and scale."""
    reading = Reading(scale=scale, seed=seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = [
            bring(npz(folder, arrays), reading, folder),
            bring(npy(folder, arrays), reading, folder),
            bring_arrays("own", arrays, reading, folder),
        ]
        data = [loaded(way, folder) for way in ways]
        assert len({each.digest for each in data}) == 1
        assert len({way.scale for way in ways}) == 1
        for each in data[1:]:
            for part in ("train", "test"):
                one, other = getattr(data[0], part), getattr(each, part)
                np.testing.assert_array_equal(one.inputs()["x"], other.inputs()["x"])
                assert one.inputs()["x"].dtype == other.inputs()["x"].dtype
                assert one.targets.keys() == other.targets.keys()
                for target, values in one.targets.items():
                    np.testing.assert_array_equal(values, other.targets[target])
        del data, each, one, other


@pytest.mark.parametrize("arrays", [tiny_arrays(), undivided()], ids=["parts", "undivided"])
def test_a_function_gives_the_same_data_too(tmp_path: Path, arrays: dict[str, Array]) -> None:
    """As the file that it reads."""
    path = npz(tmp_path, arrays)

    direct, by_function = (
        loaded(bring(spec, PLAIN, tmp_path), tmp_path) for spec in (path, returning(tmp_path, path))
    )

    assert direct.digest == by_function.digest


# What is kept


def test_a_copy_is_found_again_until_anything_changes(tmp_path: Path) -> None:
    """By the file's size and time, and how it is read; what was damaged is made anew."""
    path = npz(tmp_path, undivided())
    first = bring(path, PLAIN, tmp_path)
    written = (first.path / "x_test.npy").stat().st_mtime_ns

    assert bring(path, PLAIN, tmp_path) == first
    assert (first.path / "x_test.npy").stat().st_mtime_ns == written
    assert bring(path, Reading(seed=1), tmp_path).path != first.path
    whole = (first.path / "x_test.npy").read_bytes()
    (first.path / "x_test.npy").write_bytes(whole[:-1])
    assert bring(path, PLAIN, tmp_path) == first
    assert (first.path / "x_test.npy").read_bytes() == whole
    os.utime(path, ns=(1, 1))
    assert bring(path, PLAIN, tmp_path).path != first.path


def test_nothing_is_kept_of_what_was_refused(tmp_path: Path) -> None:
    """Neither a whole copy nor a part of one."""
    arrays = undivided() | {"x": np.full((60, 2), np.nan)}

    with pytest.raises(WeighinError, match="NaN"):
        bring(npz(tmp_path, arrays), PLAIN, tmp_path / "cache")

    assert not list((tmp_path / "cache").rglob("*.npy"))
    assert not list((tmp_path / "cache" / "data").iterdir())


def test_what_was_brought_can_be_sent_to_other_processes(tmp_path: Path) -> None:
    """And tells itself from others."""
    brought = bring_arrays("own", part_alone(), PLAIN, tmp_path)

    assert pickle.loads(pickle.dumps(brought)) == brought  # noqa: S301 - what was just written
    assert len({brought, bring_arrays("own", part_alone(), PLAIN, tmp_path)}) == 1
    assert bring_arrays("other", part_alone(), PLAIN, tmp_path).name == "other"
    assert "own" not in registry.datasets
    register(brought)
    assert registry.summary(registry.datasets["own"]) == "60 images to test on, 6×6 uint8"


def test_what_has_gone_since_is_named(tmp_path: Path) -> None:
    """With the way to have it again."""
    path = npz(tmp_path, part_alone())
    register(bring(path, PLAIN, tmp_path))
    path.unlink()

    with pytest.raises(WeighinError, match=r"own\.npz is missing.*Give --data again"):
        load("own", paths_in(tmp_path))
