"""Layers that were looked at → the page's data: beside the table of the files that they are of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Protocol

from weighin.core import Record
from weighin.layers.row import Layers, Near
from weighin.report import layers as report


class Kept(Protocol):
    """What is known of layers, by the digests of a compressed file and of its float model."""

    def has(self, compressed: str) -> bool:
        """Whether a file may have been looked at."""
        ...

    def of(self, compressed: str, original: str) -> Layers | None:
        """Its layers beside those of its float model, if they were looked at."""
        ...


def analyses(records: Iterable[Record], kept: Kept) -> list[dict[str, Any]]:
    """The layers of each file of one table, against whichever of its files they were held.

    Args:
        records: of one model and data set.
        kept: what is known of layers.
    """
    files = {
        (record.seed, record.variant): record.artifact
        for record in records
        if record.artifact and record.value is not None
    }
    digests = dict.fromkeys(files.values())
    are_several = len({seed for seed, _ in files}) > 1
    shown: dict[tuple[str, str], dict[str, Any]] = {}
    for (seed, variant), compressed in files.items():
        if not kept.has(compressed):
            continue
        for original in digests:
            layers = kept.of(compressed, original) if original != compressed else None
            if layers is not None and (compressed, original) not in shown:
                against = next(name for (_, name), digest in files.items() if digest == original)
                of_seed = f", seed {seed}" if are_several else ""
                title = f"Layers of {variant} against {against}{of_seed}"
                shown[compressed, original] = _analysis(layers, title)
    return list(shown.values())


def _analysis(layers: Layers, title: str) -> dict[str, Any]:
    section = report.section(layers)
    return {
        "title": title,
        "headers": section.headers,
        "rows": section.rows,
        "lines": section.lines,
        "points": [
            {
                "place": layer.place,
                "name": layer.label,
                "own": _sqnr(layer.own),
                "output": _sqnr(layer.output),
                # of a block, each operator's equal part, so that bars add up to the whole
                "share": layer.share and 100 * layer.share.value / max(1, len(layer.block)),
            }
            for layer in report.shown(layers)
        ],
    }


def _sqnr(near: Near | None) -> float | None:
    """In dB, where there is one that an axis can have."""
    known = near is not None and near.sqnr is not None and math.isfinite(near.sqnr)
    return round(near.sqnr, 2) if near and near.sqnr is not None and known else None
