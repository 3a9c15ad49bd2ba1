"""Arrays that are stored as such: .npz files, .npy files, folders of .npy files."""

from __future__ import annotations

from pathlib import Path

from weighin.core import Array, WeighinError
from weighin.datasets.archives import holds_arrays, mapped, names_in, unpacked
from weighin.datasets.arrays import readable
from weighin.datasets.dividing import undivided
from weighin.datasets.kinds.reading import Reading
from weighin.datasets.kinds.source import Kind, Source, existing, suffixed
from weighin.datasets.naming import is_named
from weighin.datasets.storing import Store


def _takes_npz(spec: str) -> bool:
    return suffixed(spec, ".npz") and "," not in spec


def _open_npz(spec: str, reading: Reading) -> Source:
    path = existing(spec)
    with readable(path):
        names = names_in(path)
    divided = undivided(dict.fromkeys(names)) is None  # type: ignore[arg-type]  # names alone
    wanted = [name for name in names if is_named(name) or not divided]

    def decode(store: Store) -> None:
        with readable(path):
            arrays = unpacked(path, wanted)
        store.write(arrays)

    lies = path if divided and not reading.prepares else None
    return Source(path.stem, decode, [path], lies=lies)


def _takes_npy(spec: str) -> bool:
    return suffixed(spec, ".npy")


def _open_npy(spec: str, reading: Reading) -> Source:
    paths = [existing(part.strip()) for part in spec.split(",")]
    stems = [path.stem for path in paths]
    if not all(map(is_named, stems)) and set(stems) != {"x", "y"}:
        if len(paths) > 2:
            raise WeighinError(
                f"--data {spec}: of more than two files each says by its name what it holds: "
                f"x_train.npy, y_train.npy, x_test.npy, y_test.npy."
            )
        stems = ["x", "y"][: len(paths)]

    def decode(store: Store) -> None:
        arrays: dict[str, Array] = {}
        for name, path in zip(stems, paths, strict=True):
            with readable(path):
                arrays[name] = mapped(path)
        store.write(arrays)

    return Source(_name(paths[0].resolve()), decode, paths)


def _name(path: Path) -> str:
    """What a data set is called by a file of one array; `x_test.npy` is many a one's."""
    is_part = path.stem in ("x", "y") or is_named(path.stem)
    return path.parent.name if is_part else path.stem


def _takes_folder(spec: str) -> bool:
    path = Path(spec).expanduser()
    return path.is_dir() and holds_arrays(path)


def _open_folder(spec: str, reading: Reading) -> Source:
    path = Path(spec).expanduser()
    files = sorted(path.rglob("*.npy"))
    names = {file.relative_to(path).with_suffix("").as_posix(): file for file in files}
    divided = undivided(dict.fromkeys(names)) is None  # type: ignore[arg-type]  # names alone

    def decode(store: Store) -> None:
        with readable(path):
            arrays = {name: mapped(file) for name, file in names.items()}
        store.write(arrays)

    lies = path if divided and not reading.prepares else None
    return Source(path.resolve().name, decode, files, lies=lies)


NPZ = Kind("an .npz file", "FILE.npz of x_test and y_test", _takes_npz, _open_npz)
NPY = Kind("a set of .npy files", "x.npy,y.npy", _takes_npy, _open_npy)
FOLDER = Kind(
    "a folder of .npy files", "a folder of x_test.npy and y_test.npy", _takes_folder, _open_folder
)
