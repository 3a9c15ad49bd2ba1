"""How much memory reading a model file may take: one budget for all that the file holds.

A file states itself how large what it holds is, and may state so of the same bytes many times over.
So whatever is read or unpacked is asked for here before, and a small file never fills the memory.
"""

from __future__ import annotations

from pathlib import Path

# Bytes that may be unpacked of any file; of one that stores more so many times as much, which no
# trained weights compress to; and beyond some size, where it would take all memory, fewer times
SMALL, TRAP = 2**26, 200
LARGE, GROWTH = 2**29, 32
RECORD = 8_000  # bytes to reckon for a tensor, an operator or the like, however little it says
NUMBER = 64  # for a number of a vector, and for a character of a configuration


class Budget:
    """What reading one file may still take.

    Attributes:
        stored: bytes that the file stores of what is read, as far as that is certain.
        taken: bytes that were asked for.
    """

    def __init__(self, stored: int) -> None:
        """Begin with nothing taken."""
        self.stored, self.taken = stored, 0

    @property
    def most(self) -> int:
        """Bytes that may be taken in all."""
        return min(max(SMALL, TRAP * self.stored), max(LARGE, GROWTH * self.stored))

    def take(self, what: str, size: int) -> None:
        """Ask for memory.

        Args:
            what: it is for, in messages.
            size: in bytes.

        Raises:
            ValueError: if that is more than the file may take.
        """
        self.taken += size
        if self.taken > self.most:
            raise ValueError(f"{what} would unpack from {self.stored:,} to {self.taken:,} bytes")


def whole(file: Path) -> bytes:
    """The bytes of a file that can be read only as a whole.

    Raises:
        ValueError: if they are too many.
    """
    size = file.stat().st_size
    if size > LARGE:
        raise ValueError(f"{file.name} has {size:,} bytes, and at most {LARGE:,} are read")
    return file.read_bytes()
