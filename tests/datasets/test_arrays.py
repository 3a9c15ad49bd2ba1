"""Reading and writing the arrays of data sets, whole, damaged and hostile."""

from __future__ import annotations

import gzip
import pathlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny import tiny_arrays

from weighin.core import WeighinError
from weighin.datasets.arrays import NAMES, Arrays, digest, read_arrays, write_npz

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def photographs() -> Arrays:
    """Arrays in the shape of CIFAR-10, which every format can hold."""
    generator = np.random.default_rng(3)
    return {
        "x_train": generator.integers(0, 256, (10, 32, 32, 3), dtype=np.uint8),
        "y_train": generator.integers(0, 10, 10, dtype=np.uint8),
        "x_test": generator.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8),
        "y_test": generator.integers(0, 10, 4, dtype=np.uint8),
    }


def idx(array: np.ndarray) -> bytes:
    """An idx file of unsigned bytes."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_idx(folder: Path, arrays: Arrays) -> Path:
    folder.mkdir()
    for name, file in IDX_NAMES.items():
        (folder / file).write_bytes(idx(arrays[name]))
    return folder


def write_idx_gz(folder: Path, arrays: Arrays) -> Path:
    folder.mkdir()
    for name, file in IDX_NAMES.items():
        (folder / f"{file}.gz").write_bytes(gzip.compress(idx(arrays[name])))
    return folder


def write_cifar(folder: Path, arrays: Arrays) -> Path:
    """CIFAR-10's binary files: five of training images, one of test images."""

    def rows(images: np.ndarray, labels: np.ndarray) -> bytes:
        return b"".join(
            bytes([label]) + b"".join(image[..., channel].tobytes() for channel in range(3))
            for image, label in zip(images, labels, strict=True)
        )

    folder.mkdir()
    each = len(arrays["x_train"]) // 5
    for batch in range(5):
        part = slice(batch * each, (batch + 1) * each)
        content = rows(arrays["x_train"][part], arrays["y_train"][part])
        (folder / f"data_batch_{batch + 1}.bin").write_bytes(content)
    (folder / "test_batch.bin").write_bytes(rows(arrays["x_test"], arrays["y_test"]))
    return folder


def write_plain_npz(path: Path, arrays: Arrays) -> Path:
    file = path.with_suffix(".npz")
    np.savez(file, **arrays)
    return file


WRITERS = (write_plain_npz, write_idx, write_idx_gz, write_cifar)


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
