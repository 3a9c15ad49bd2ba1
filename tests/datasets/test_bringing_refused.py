"""What a user brings and makes no sense is refused by name."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.bringing import PLAIN, function, loaded, npy, npz, undivided

from weighin.core import WeighinError
from weighin.datasets import archives
from weighin.datasets.bringing import Reading, bring, bring_arrays


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
