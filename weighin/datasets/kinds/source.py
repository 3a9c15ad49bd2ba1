"""The common shape of what can be brought: a kind opens what it takes as a source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weighin.core import WeighinError, nearest
from weighin.datasets.kinds.reading import Reading
from weighin.datasets.storing import Store

SHARE = 100  # of so many files one may be unreadable


@dataclass(frozen=True)
class Source:
    """Data that were found, and not read yet.

    Attributes:
        name: what the data set is called.
        decode: reads them into a store.
        files: what they are read from: their paths, sizes and times of change tell a copy.
        content: tells a copy where they are of no files.
        lies: a file or folder that is read where it is, if they need not be decoded.
    """

    name: str
    decode: Callable[[Store], None]
    files: Sequence[Path] = ()
    content: str = ""
    lies: Path | None = None


@dataclass(frozen=True)
class Kind:
    """Something that can be brought.

    Attributes:
        words: what it is called, in the plural or not, behind "is".
        wanted: how it is given, in words, to list what there is.
        takes: whether what is given is of this kind, by its name and what lies there.
        open: finds the data; fails if they are missing, damaged or plainly senseless.
        options: of `target`, `size` and `crop`, those that it heeds.
    """

    words: str
    wanted: str
    takes: Callable[[str], bool]
    open: Callable[[str, Reading], Source]
    options: frozenset[str] = field(default_factory=frozenset)


class LeftOut:
    """Files that cannot be read: a few of many are left out, and said; more are refused."""

    def __init__(self, folder: Path, total: int, noun: str) -> None:
        """Count those of a folder, of so many."""
        self.files: dict[Path, str] = {}
        self._folder, self._total, self._noun = folder, total, noun

    def check(self) -> None:
        """Refuse too many.

        Raises:
            WeighinError: naming the first.
        """
        if len(self.files) * SHARE > self._total:
            raise WeighinError(
                f"{self._folder}: {self.words()}. Of up to 1 % that would be passed over: mend "
                f"them, or take them out."
            )

    def words(self) -> str:
        """How many, which, and what is wrong with the first."""
        names = [path.relative_to(self._folder).as_posix() for path in self.files]
        names = [" ".join(name.splitlines()) for name in names]
        more = ", …" if len(names) > 3 else ""
        return (
            f"{len(names):,} of {self._total:,} {self._noun} cannot be read: "
            f"{', '.join(names[:3])}{more} ({next(iter(self.files.values()))})"
        )


def existing(spec: str) -> Path:
    """The path of something that must be there.

    Raises:
        WeighinError: naming what is like it where it was looked for.
    """
    path = Path(spec).expanduser()
    if not path.exists():
        near = nearest(path.name, neighbours(path))
        hint = f" Did you mean {path.with_name(near)}?" if near else ""
        raise WeighinError(f"--data {spec}: there is no such file or folder.{hint}")
    if not path.is_file() and not path.is_dir():
        raise WeighinError(f"--data {spec}: it is a device or a pipe, no file.")
    return path


def neighbours(path: Path) -> list[str]:
    """What lies beside a path."""
    try:
        return sorted(each.name for each in path.parent.iterdir())
    except OSError:
        return []


def suffixed(spec: str, *suffixes: str) -> bool:
    """Whether all names, between commas, end so."""
    return all(part.lower().endswith(suffixes) for part in spec.split(","))


def listed(names: Iterable[str], most: int = 12) -> str:
    """The first of many names."""
    every = list(names)
    return ", ".join(every[:most]) + (", …" if len(every) > most else "")
