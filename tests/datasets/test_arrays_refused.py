"""Data sets that are missing, damaged or of another kind are refused by name."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.data_files import (
    IDX_NAMES,
    photographs,
    write_cifar,
    write_idx,
    write_idx_gz,
)
from helpers.tiny import tiny_arrays

from weighin.core import WeighinError
from weighin.datasets.arrays import Arrays, digest, read_arrays


@pytest.mark.parametrize("missing", ["x_train", "x_test", "y_test"])
def test_a_missing_array_is_named(tmp_path: Path, missing: str) -> None:
    """The error says which is not there; targets may be left out of both parts."""
    path = tmp_path / "short.npz"
    np.savez(path, **{name: array for name, array in tiny_arrays().items() if name != missing})

    with pytest.raises(WeighinError, match=f"short.npz.*no array named {missing}"):
        read_arrays(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that does not exist is an error of ours that names it."""
    with pytest.raises(WeighinError, match=r"nowhere\.npz"):
        read_arrays(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("write", [write_idx, write_idx_gz])
@pytest.mark.parametrize("file", IDX_NAMES.values())
def test_a_missing_idx_file_is_named(
    tmp_path: Path, write: Callable[[Path, Arrays], Path], file: str
) -> None:
    """Where one of the four files is not there, the error says which."""
    folder = write(tmp_path / "data", tiny_arrays())
    next(folder.glob(f"{file}*")).unlink()

    with pytest.raises(WeighinError, match=file.split("-idx")[0]):
        read_arrays(folder)


IDX_DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "header cut": lambda whole: whole[:3],
    "sizes cut": lambda whole: whole[:10],
    "last byte gone": lambda whole: whole[:-1],
    "one byte more": lambda whole: whole + b"\0",
    "another mark": lambda whole: b"\1" + whole[1:],
    "floats": lambda whole: whole[:2] + b"\x0d" + whole[3:],
    "more dimensions": lambda whole: whole[:3] + b"\xff" + whole[4:],
    "huge sizes": lambda whole: whole[:4] + b"\xff" * 12 + whole[16:],
}


@pytest.mark.parametrize("damage", IDX_DAMAGE.values(), ids=IDX_DAMAGE)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_damaged_idx_is_refused(
    tmp_path: Path, pack: Callable[[bytes], bytes], damage: Callable[[bytes], bytes]
) -> None:
    """An idx file whose header and length do not agree is refused; the folder is named."""
    folder = write_idx(tmp_path / "data", tiny_arrays())
    file = folder / IDX_NAMES["x_test"]
    file.write_bytes(pack(damage(file.read_bytes())))

    with pytest.raises(WeighinError, match=rf"{folder} cannot be read.*t10k-images-idx3-ubyte"):
        read_arrays(folder)


def test_truncated_gzip_is_refused_at_every_length(tmp_path: Path) -> None:
    """A gzipped idx file that ends early is refused, wherever it ends."""
    folder = write_idx_gz(tmp_path / "data", tiny_arrays(9, 6))
    file = folder / f"{IDX_NAMES['x_train']}.gz"
    whole = file.read_bytes()

    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(WeighinError, match="data cannot be read"):
            read_arrays(folder)


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_flipped_bits_in_gzip_never_give_other_data(tmp_path: Path, mask: int) -> None:
    """Whichever byte of a gzipped idx file is damaged, it is refused or reads as it was."""
    arrays = tiny_arrays(9, 6)
    folder = write_idx_gz(tmp_path / "data", arrays)
    file = folder / f"{IDX_NAMES['x_train']}.gz"
    whole = file.read_bytes()
    refused = 0

    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= mask
        file.write_bytes(damaged)
        try:
            assert digest(arrays) == digest(read_arrays(folder)), f"byte {position}"
        except WeighinError:
            refused += 1

    assert refused > len(whole) // 2


@pytest.mark.parametrize("file", ["data_batch_3.bin", "test_batch.bin"])
def test_truncated_cifar_is_refused(tmp_path: Path, file: str) -> None:
    """CIFAR files that are not whole rows are refused; the folder is named."""
    folder = write_cifar(tmp_path / "data", photographs())
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[:-1])

    with pytest.raises(WeighinError, match=r"data cannot be read.*rows of 3073 bytes"):
        read_arrays(folder)


def test_cifar_without_a_test_batch_is_refused(tmp_path: Path) -> None:
    """A folder of training batches alone is refused; what is missing is named."""
    folder = write_cifar(tmp_path / "data", photographs())
    (folder / "test_batch.bin").unlink()

    with pytest.raises(WeighinError, match=r"no file test_batch\.bin"):
        read_arrays(folder)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "an HDF5 file, such as .h5, not an .npz file"),
        (b"\x80\x04\x95" + bytes(40), "a pickle, not an .npz file"),
        (b"x,y\n1,2\n", "of another kind, not an .npz file"),
    ],
)
def test_a_file_of_another_kind_is_told_as_such(tmp_path: Path, content: bytes, kind: str) -> None:
    """What it is, not what the reader of pickles thinks of it."""
    path = tmp_path / "data.npz"
    path.write_bytes(content)

    with pytest.raises(WeighinError, match=f"it is {kind}"):
        read_arrays(path)


def test_missing_arrays_are_named_beside_those_that_are_there(tmp_path: Path) -> None:
    """Arrays by other names are a mistake that is mended once both names are told."""
    np.savez(tmp_path / "data.npz", images=np.zeros(3), labels=np.zeros(3))

    with pytest.raises(WeighinError, match="no array named x_test; it holds images, labels"):
        read_arrays(tmp_path / "data.npz")


def test_what_is_missing_is_to_be_added(tmp_path: Path) -> None:
    """The file is whole, and need not be replaced."""
    np.savez(tmp_path / "data.npz", x_train=[1.0], y_train=[1], x_test=[1.0])

    with pytest.raises(WeighinError, match=r"no array named y_test; it .*\. Add it") as refused:
        read_arrays(tmp_path / "data.npz")
    assert "damaged" not in str(refused.value)


def test_capital_letters_are_a_slip(tmp_path: Path) -> None:
    """Targets named Y are no input; but an input may be named X."""
    arrays = {"X_train": [1.0], "X_test": [1.0]}
    np.savez(tmp_path / "slip.npz", **arrays, Y_train=[1], Y_test=[1])
    np.savez(tmp_path / "sound.npz", **arrays, y_train=[1], y_test=[1])

    with pytest.raises(WeighinError, match="small letters, x_train, x_test, y_train, y_test"):
        read_arrays(tmp_path / "slip.npz")
    assert {*arrays, "y_train", "y_test"} == set(read_arrays(tmp_path / "sound.npz"))


def test_rows_of_different_lengths_are_told(tmp_path: Path) -> None:
    """The array is named, and what to do; nothing is unpickled."""
    ragged = np.empty(2, object)
    ragged[:] = [[1, 2], [1]]
    np.savez(tmp_path / "data.npz", x_train=ragged, x_test=[1.0])

    with pytest.raises(WeighinError, match=r"x_train holds Python objects.*pad the rows"):
        read_arrays(tmp_path / "data.npz")


def test_what_is_missing_is_called_missing(tmp_path: Path) -> None:
    """Not damaged."""
    with pytest.raises(WeighinError, match=r"lost is missing: there is no such file or folder"):
        read_arrays(tmp_path / "lost")
