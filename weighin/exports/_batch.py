"""What all exports share: a batch dimension of one, or left open."""

from __future__ import annotations

from typing import Literal

from weighin.formats.graph import Graph

Batch = Literal["one", "open"]


def check_batch(graph: Graph, batch: Batch) -> str | None:
    """Say that a file's batch dimension is open where it should be one, or the other way round."""
    if graph.open_batch == (batch == "open"):
        return None
    return f"its batch dimension is {'left open' if graph.open_batch else 'fixed'}"
