"""Reading and writing the arrays of data sets, whole, damaged and hostile."""

from __future__ import annotations

import pathlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.data_files import (
    WRITERS,
    photographs,
)
from helpers.tiny import tiny_arrays

from weighin.core import WeighinError
from weighin.datasets.arrays import NAMES, Arrays, digest, read_arrays, write_npz


@pytest.mark.parametrize("write", WRITERS)
def test_every_format_holds_the_same_arrays(
    tmp_path: Path, write: Callable[[Path, Arrays], Path]
) -> None:
    """The same arrays have the same digest, whatever kind of file they come from."""
    arrays = photographs()

    read = read_arrays(write(tmp_path / "data", arrays))

    assert digest(arrays) == digest(read)
    for name in NAMES:
        np.testing.assert_array_equal(arrays[name], read[name])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, ">i4"])
def test_label_shape_and_type_do_not_matter(dtype: str) -> None:
    """Labels `(n, 1)` of any whole-number type have the digest of labels `(n,)` of bytes."""
    arrays = tiny_arrays()
    others = {
        name: array.reshape(-1, 1).astype(dtype) if name.startswith("y") else array
        for name, array in arrays.items()
    }

    assert digest(arrays) == digest(others)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("position", [0, -1])
def test_one_changed_value_changes_the_digest(name: str, position: int) -> None:
    """One other pixel or label anywhere is another data set."""
    arrays = tiny_arrays()
    before = digest(arrays)
    changed = arrays | {name: arrays[name].copy()}

    changed[name].reshape(-1)[position] ^= 1

    assert before != digest(changed)
    assert before == digest(arrays)


def test_same_bytes_in_another_shape_are_other_images() -> None:
    """The digest covers shapes: 6×6 and 4×9 images of the same bytes differ."""
    arrays = tiny_arrays()

    other = arrays | {"x_test": arrays["x_test"].reshape(-1, 4, 9)}

    assert digest(arrays) != digest(other)


def test_digest_ignores_memory_order() -> None:
    """Only values count, not how they lie in memory."""
    arrays = tiny_arrays()

    other = {name: np.asfortranarray(array) for name, array in arrays.items()}

    assert digest(arrays) == digest(other)


def test_write_npz_reads_back(tmp_path: Path) -> None:
    """What is written is what is read."""
    arrays = tiny_arrays()

    write_npz(tmp_path / "made" / "tiny.npz", arrays)

    assert digest(arrays) == digest(read_arrays(tmp_path / "made" / "tiny.npz"))


def test_write_npz_is_deterministic(tmp_path: Path) -> None:
    """The same arrays give the same bytes at any time: no date of writing is kept."""
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"

    write_npz(first, tiny_arrays())
    write_npz(second, tiny_arrays())

    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        dates = {entry.date_time for entry in archive.infolist()}
    assert {(1980, 1, 1, 0, 0, 0)} == dates


def test_write_npz_leaves_the_old_file_whole(tmp_path: Path) -> None:
    """Where writing fails midway, what stood there before stays, and nothing else is left."""
    path = tmp_path / "tiny.npz"
    write_npz(path, tiny_arrays())
    before = path.read_bytes()
    unwritable = tiny_arrays(30, 30) | {"y_test": np.array([object()])}

    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_npz(path, unwritable)

    assert before == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_write_npz_leaves_nothing_where_nothing_was(tmp_path: Path) -> None:
    """Where writing fails midway, no half a file appears."""
    unwritable = tiny_arrays() | {"y_test": np.array([object()])}

    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_npz(tmp_path / "tiny.npz", unwritable)

    assert not list(tmp_path.iterdir())


def test_write_npz_names_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where a folder should be is an error of ours that names the path."""
    (tmp_path / "file").write_text("in the way", "utf-8")

    with pytest.raises(WeighinError, match=r"file/data/tiny\.npz cannot be written"):
        write_npz(tmp_path / "file" / "data" / "tiny.npz", tiny_arrays())


def test_truncated_npz_is_refused_at_every_length(tmp_path: Path) -> None:
    """An .npz that ends early is refused, wherever it ends, and is named."""
    path = tmp_path / "cut.npz"
    write_npz(path, tiny_arrays(9, 6))
    whole = path.read_bytes()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(WeighinError, match=r"cut\.npz"):
            read_arrays(path)


@pytest.mark.parametrize("mask", [0x01, 0x08, 0xFF])
def test_flipped_bits_in_npz_never_give_other_data(tmp_path: Path, mask: int) -> None:
    """Whichever byte is damaged, an .npz is refused by a named error or reads as it was."""
    path = tmp_path / "damaged.npz"
    arrays = tiny_arrays(9, 6)
    write_npz(path, arrays)
    whole = path.read_bytes()
    expected = digest(arrays)
    refused = []
    escaped = []

    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= mask
        path.write_bytes(damaged)
        try:
            assert expected == digest(read_arrays(path)), f"byte {position}"
        except WeighinError as error:
            refused.append(str(error))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            escaped.append((position, repr(error)))

    assert not escaped
    assert all("damaged.npz" in message for message in refused)
    assert len(refused) > len(whole) // 2


@pytest.mark.parametrize("content", [b"", b"text\n", b"PK\x03\x04", b"\x80\x04N."])
def test_what_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file, text, half a zip and a pickle are named and refused."""
    path = tmp_path / "strange.npz"
    path.write_bytes(content)

    with pytest.raises(WeighinError, match=r"strange\.npz cannot be read as a data set"):
        read_arrays(path)


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    """An .npy file under an .npz file's name is named and refused."""
    path = tmp_path / "single.npz"
    with path.open("wb") as file:
        np.save(file, tiny_arrays()["x_train"])

    with pytest.raises(WeighinError, match=r"single\.npz cannot be read as a data set"):
        read_arrays(path)


class Intruder:
    """Runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        """Remember the file that the code would make."""
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return pathlib.Path.touch, (self.path,)


def test_a_pickle_inside_an_npz_is_not_run(tmp_path: Path) -> None:
    """An object array is refused, and the code that it carries does not run."""
    path, trace = tmp_path / "hostile.npz", tmp_path / "trace"
    hostile = np.array([Intruder(trace)], dtype=object)
    np.savez(path, **tiny_arrays() | {"y_test": hostile})
    np.load(path, allow_pickle=True)["y_test"]
    assert trace.exists(), "the trap does not work"
    trace.unlink()

    with pytest.raises(WeighinError, match=r"hostile\.npz"):
        read_arrays(path)

    assert not trace.exists()
