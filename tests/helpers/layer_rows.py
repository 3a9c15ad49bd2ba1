"""A network beside the same quantized, and the rows of its layers, without tasks and times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from helpers import networks

from weighin.layers.analysing import rows
from weighin.layers.errors import Error, Example, errors
from weighin.layers.pair import Pair, Taken
from weighin.layers.row import Layers

N = 16  # examples
DAMAGED = 1  # the place of the layer that is damaged, where one is


class Beside:
    """A float network, the same quantized, and what their layers come to."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make both."""
        self.folder, self.name = folder, name
        self.original = networks.NETWORKS[name]()
        self.inputs = networks.inputs(self.original, N)
        self.compressed = networks.quantized(self.original, self.inputs)

    def pair(self, compressed: bytes | None = None, original: bytes | None = None) -> Pair:
        """Both files, or others, matched."""
        sides = []
        for what, content in (
            ("int8", self.compressed if compressed is None else compressed),
            ("float", self.original if original is None else original),
        ):
            path = self.folder / f"{self.name}-{what}.tflite"
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            sides.append(Taken.read(path))
        return Pair(*sides)

    @property
    def examples(self) -> list[tuple[Example, Example]]:
        """Inputs of both."""
        return [({0: each}, {0: each}) for each in self.inputs]

    def errors(self, compressed: bytes | None = None) -> list[Error]:
        """What each operator is off by."""
        return errors(self.pair(compressed), self.examples)[0]


def layers_of(pair: Pair, examples: Sequence[tuple[Example, Example]]) -> Layers:
    """Rows of all operators."""
    layers, remarks = rows(pair, examples)
    return Layers(
        pair.compressed.called,
        pair.original.called,
        len(examples),
        layers,
        without_twin=pair.without_twin,
        remarks=tuple(remarks),
    )
