"""Whatever a user brings as arrays becomes one and the same data set, whole or not at all."""

from __future__ import annotations

import io
import os
import pickle
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.data import paths_in
from helpers.tiny import tiny_arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from weighin import registry
from weighin.core import Array, Dataset, WeighinError
from weighin.datasets import archives
from weighin.datasets.bringing import Brought, Reading, bring, bring_arrays, register
from weighin.datasets.loading import from_arrays, load

PLAIN = Reading()


def loaded(brought: Brought, folder: Path) -> Dataset:
    """What was brought, as any data set is loaded."""
    register(brought)
    return load(brought.name, paths_in(folder))


def undivided(count: int = 60) -> dict[str, Array]:
    """The tiny training part, by names without parts."""
    arrays = tiny_arrays(train=count)
    return {"x": arrays["x_train"], "y": arrays["y_train"]}


def part_alone() -> dict[str, Array]:
    return {name: array for name, array in tiny_arrays().items() if name.endswith("test")}


def npz(folder: Path, arrays: Mapping[str, Array], name: str = "own") -> Path:
    np.savez(folder / f"{name}.npz", **arrays)
    return folder / f"{name}.npz"


def npy(folder: Path, arrays: Mapping[str, Array]) -> str:
    """Files of one array each; what is given by them."""
    for name, values in arrays.items():
        (folder / f"{name}.npy").parent.mkdir(exist_ok=True, parents=True)
        np.save(folder / f"{name}.npy", values)
    return ",".join(str(folder / f"{name}.npy") for name in arrays)


def function(folder: Path, body: str, name: str = "own") -> str:
    (folder / f"{name}.py").write_text(f"import numpy as np\n\n\ndef load():\n{body}", "utf-8")
    return f"{folder / name}.py:load"


def returning(folder: Path, path: Path) -> str:
    return function(folder, f"    return dict(np.load({str(path)!r}))\n")


# What is read


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


# What is refused


def changed(**changes: Any) -> Callable[[Path], str]:
    """The undivided arrays in a file, some of them changed."""

    def write(folder: Path) -> str:
        arrays = {**undivided(), **changes}
        return str(npz(folder, {name: v for name, v in arrays.items() if v is not None}))

    return write


def file_of(name: str, content: bytes) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / name).write_bytes(content)
        return str(folder / name)

    return write


def empty_folder(folder: Path) -> str:
    (folder / "nothing").mkdir()
    return str(folder / "nothing")


def folder_of_texts(folder: Path) -> str:
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("a", "utf-8")
    return str(folder / "texts")


def misspelt(folder: Path) -> str:
    npz(folder, undivided(), "digits")
    return str(folder / "digist.npz")


def cut(folder: Path) -> str:
    np.save(folder / "x.npy", np.zeros(1000))
    whole = (folder / "x.npy").read_bytes()
    (folder / "x.npy").write_bytes(whole[:-8])
    return str(folder / "x.npy")


def three_files(folder: Path) -> str:
    return npy(folder, {"a": np.zeros(9), "b": np.zeros(9), "c": np.zeros(9)})


def pickled(folder: Path) -> str:
    np.save(folder / "x.npy", np.array([{}, []], object), allow_pickle=True)
    return str(folder / "x.npy")


REFUSED: dict[str, tuple[Callable[[Path], str], str]] = {
    "another kind": (file_of("model.h5", b"\x89HDF"), "model.h5: a file of this kind is not read"),
    "another kind inside": (file_of("x.npz", b"\x89HDF\r\n\x1a\n"), "HDF5 file, .* not an .npz"),
    "no array": (file_of("x.npy", b"1,2,3"), r"x.npy is no .npy file: store it by numpy.save"),
    "empty file": (file_of("x.npz", b""), "x.npz cannot be read"),
    "absent": (misspelt, r"digist.npz: there is no such file .* Did you mean .*digits.npz\?"),
    "absent module": (
        lambda folder: "nosuch:load",
        "--data nosuch:load: .*No module named 'nosuch",
    ),
    "an empty folder": (empty_folder, "the folder is empty. Give one of: FILE.npz"),
    "a folder of others": (folder_of_texts, "holds no images, recordings or arrays"),
    "cut off": (cut, "x.npy is cut off: 7,992 bytes of 8,000"),
    "Python objects": (pickled, "x.npy holds Python objects"),
    "three arrays": (three_files, "of more than two files each says by its name"),
    "other names": (
        changed(x=None, images=np.zeros(9)),
        "no array named x_test; it holds .*images",
    ),
    "other counts": (changed(y=np.zeros(59)), "Data set 'own': 60 in x but 59 in y examples"),
    "NaN": (
        changed(x=np.where(np.arange(60) == 7, np.nan, 1.0)),
        r"Data set 'own': inputs hold NaN .* at x\[7\]; 1 of 60",
    ),
    "one example": (
        changed(x=np.zeros((1, 2)), y=np.zeros(1)),
        "has 1 example and no test part: quality of one example has no interval",
    ),
    "no example": (changed(x=np.zeros((0, 2)), y=np.zeros(0)), "is empty"),
    "texts": (changed(y=np.array(["a", "b"] * 30)), "y holds text .*Store class numbers from 0"),
    "dates": (changed(x=np.zeros(60, "M8[s]")), "x holds of no known kind|not numbers"),
}


@pytest.mark.parametrize(("write", "message"), REFUSED.values(), ids=REFUSED)
def test_senseless_data_are_refused(
    tmp_path: Path, write: Callable[[Path], str], message: str
) -> None:
    """By a sentence that says what is wrong and where, and leaves nothing behind."""
    spec = write(tmp_path)

    with pytest.raises(WeighinError, match=message):
        bring(spec, PLAIN, tmp_path / "cache")

    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_a_single_test_example_is_refused(tmp_path: Path) -> None:
    """Its quality has no interval."""
    one = {"x_test": np.zeros((1, 3)), "y_test": np.zeros(1, int)}

    for bringing in (
        lambda: bring(npz(tmp_path, one), PLAIN, tmp_path),
        lambda: bring_arrays("own", one, PLAIN, tmp_path),
    ):
        with pytest.raises(WeighinError, match="'own' has one example alone to test on"):
            bringing()


def test_classes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """The number is told beside those that there are."""
    with pytest.raises(WeighinError, match="labels run from 0 to 2, outside the 2 classes"):
        bring(npz(tmp_path, undivided()), Reading(classes=2), tmp_path)


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (Reading(target="price"), "--target says nothing of an .npz file"),
        (Reading(size=(3, 3)), "--size says nothing of an .npz file"),
        (Reading(crop=True), "--crop says nothing of an .npz file"),
        (Reading(size=(0, 3)), "--size says nothing"),
        (Reading(scale=0), "--scale 0 makes no inputs"),
        (Reading(scale=float("nan")), "--scale nan makes no inputs"),
        (Reading(std=(1.0, 0.0)), "--std is never 0"),
        (Reading(seed=-1), "--split-seed -1: a seed is a whole number from 0"),
        (Reading(mean=(float("inf"),)), "--mean and --std are finite"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, reading: Reading, message: str
) -> None:
    """Before anything is read, by the name of the option."""
    path = npz(tmp_path, undivided())

    with pytest.raises(WeighinError, match=message):
        bring(path, reading, tmp_path)


FAILING = {
    "    x = 1\n    raise KeyError('gone')\n": r"own.py, line 6, in load: KeyError: 'gone'",
    "    import sys\n    sys.exit(3)\n": "own.py, line 6, in load: SystemExit: 3",
    "    return 5\n": r"it returned int; wanted \(x_train",
    "    return np.zeros(3), 1, 2\n": "it returned tuple of 3",
    "    return [[1], [1, 2]], [0, 1]\n": "x is no array",
    "    return np.array([{}, {}]), [0, 1]\n": "x is ndarray of object",
    "    syntax error\n": "own.py: SyntaxError|SyntaxError",
}


@pytest.mark.parametrize(("body", "message"), FAILING.items(), ids=range(len(FAILING)))
def test_what_fails_in_a_function_is_told(tmp_path: Path, body: str, message: str) -> None:
    """With the line of the user's own file."""
    with pytest.raises(WeighinError, match=rf"--data .*own.py:load: {message}"):
        bring(function(tmp_path, body), PLAIN, tmp_path)


def test_a_function_that_ends_its_process_is_refused(tmp_path: Path) -> None:
    place = function(tmp_path, "    import os\n    os._exit(0)\n")

    with pytest.raises(WeighinError, match="it ended the process instead of returning arrays"):
        bring(place, PLAIN, tmp_path)


def test_a_function_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With what is like it."""
    spec = function(tmp_path, "    return 1\n").replace(":load", ":laod")

    with pytest.raises(WeighinError, match=r"has no function 'laod'\. Did you mean 'load'\?"):
        bring(spec, PLAIN, tmp_path)


def test_a_file_that_brings_itself_is_told(tmp_path: Path) -> None:
    """A program without a guard would be started by itself, without end."""
    spec = function(tmp_path, "    return 1\n")
    again = (
        f"from pathlib import Path\n"
        f"from weighin.datasets.bringing import Reading, bring\n"
        f"bring({spec!r}, Reading(), Path({str(tmp_path)!r}))\n"
    )
    path = tmp_path / "own.py"
    path.write_text(path.read_text("utf-8") + again, "utf-8")

    with pytest.raises(WeighinError, match="brings data itself when it is imported"):
        bring(spec, PLAIN, tmp_path)


def zeros(folder: Path, stated: int, stored: int) -> Path:
    """An archive of zeros: bytes of the array that its header promises, and of those it holds."""
    buffer = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (2, stated // 2)}
    np.lib.format.write_array_header_1_0(buffer, header)
    with zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_test.npy", buffer.getvalue() + bytes(stored))
    return folder / "bomb.npz"


def test_an_archive_that_unpacks_to_far_more_than_it_is_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what its directory and headers state, before memory is taken."""
    monkeypatch.setattr(archives, "MODEST", 2**16)

    with pytest.raises(WeighinError, match="bytes of it would unpack to 10,000,128"):
        bring(zeros(tmp_path, 10**7, 10**7), PLAIN, tmp_path)
    with pytest.raises(WeighinError, match="its header promises 10,000,128"):
        bring(zeros(tmp_path, 10**7, 10**4), PLAIN, tmp_path)
    assert len(loaded(bring(zeros(tmp_path, 10**4, 10**4), PLAIN, tmp_path), tmp_path).test) == 2


def test_an_archive_larger_than_memory_is_refused(tmp_path: Path) -> None:
    """It takes no pickle, no time and no memory to say so."""
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        header = io.BytesIO()
        shape = {"descr": "|u1", "fortran_order": False, "shape": (2, 2**44)}
        np.lib.format.write_array_header_1_0(header, shape)
        archive.writestr("x_test.npy", header.getvalue())
    content = (tmp_path / "huge.npz").read_bytes()
    stated = len(header.getvalue())
    assert content.count(stated.to_bytes(4, "little")) >= 2

    with pytest.raises(WeighinError, match="its header promises 35,184,372,088,960"):
        bring(tmp_path / "huge.npz", PLAIN, tmp_path)


def test_files_without_a_name_of_their_own_are_called_by_their_folder(tmp_path: Path) -> None:
    """`x.npy` and `x_test.npy` would be the name of anybody's data."""
    (tmp_path / "digits").mkdir()
    spec = npy(tmp_path / "digits", undivided())

    assert bring(spec, PLAIN, tmp_path).name == "digits"


def test_mapped_arrays_are_checked_without_a_copy_in_memory(tmp_path: Path) -> None:
    """Bytes and floats that are larger than what may be taken meanwhile."""
    size = 2**25  # bytes of each part
    arrays = {"x_train": np.ones((32, size // 32), "u1"), "x_test": np.ones((8, size // 32), "f4")}
    arrays["x_train"][0, 0] = 200  # so that averages are looked at, too
    npy(tmp_path / "bytes", {name: values.astype("u1") for name, values in arrays.items()})
    npy(tmp_path / "floats", {name: values.astype("f4") for name, values in arrays.items()})
    del arrays

    for name in ("bytes", "floats"):
        tracemalloc.start()
        bring(tmp_path / name, PLAIN, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert 2**20 < peak < size
