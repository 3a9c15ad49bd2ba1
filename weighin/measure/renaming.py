"""Finished files call their inputs and outputs as they like: here they answer by the first's names.

Files that are compared with each other are fed the same arrays, and their answers compared by name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from weighin import registry
from weighin.core import Array, Arrays, Artifact, Session
from weighin.formats import known
from weighin.formats.graph import Graph


def given_as(artifact: Artifact, inputs: Arrays) -> Arrays:
    """Inputs under the names that the artifact's own file has."""
    own = _own_names(artifact, "inputs")
    return {own.get(name, name): values for name, values in inputs.items()} if own else inputs


def taken_as(artifact: Artifact, outputs: Arrays) -> dict[str, Array]:
    """Outputs that the artifact's own file gives, under the signature's names."""
    ours = {theirs: name for name, theirs in _own_names(artifact, "outputs").items()}
    return {ours.get(name, name): values for name, values in outputs.items()}


def renamed(session: Session, artifact: Artifact) -> Session:
    """The session, given and giving arrays by the names of the artifact's signature."""
    return Renamed(session, artifact) if artifact.facts.get("own_names") else session


def graph_of(artifact: Artifact) -> Graph | None:
    """What the artifact's file holds, outputs by the signature's names; None of a Keras file."""
    if not registry.formats[artifact.format].has_graph:
        return None
    graph, own = known.graph(artifact.format, artifact.path), _own_names(artifact, "outputs")
    if not own:
        return graph
    ours = {theirs: name for name, theirs in own.items()}
    exits = tuple((ours[name], number) for name, number in graph.outputs_by_name().items())
    return dataclasses.replace(graph, exits=exits)


class Renamed:
    """A session under other names."""

    def __init__(self, session: Session, artifact: Artifact) -> None:
        """Wrap an open session of the artifact's file."""
        self._session, self._artifact = session, artifact

    @property
    def delegated(self) -> tuple[int, int] | None:
        """How many operators run in a delegate, and how many there are."""
        return self._session.delegated

    @property
    def left_out(self) -> tuple[int, ...] | None:
        """The file's operators that run in none, by their place; None if unknown."""
        left_out: tuple[int, ...] | None = getattr(self._session, "left_out", None)
        return left_out

    @property
    def seconds(self) -> float | None:
        """What the last `predict` took where the session runs; None of one in this process."""
        seconds: float | None = getattr(self._session, "seconds", None)
        return seconds

    @property
    def accelerated(self) -> bool | None:
        """Whether an accelerator took the whole file; None if unknown."""
        accelerated: bool | None = getattr(self._session, "accelerated", None)
        return accelerated

    def predict(self, inputs: Arrays) -> Arrays:
        """Outputs of examples."""
        return taken_as(self._artifact, self._session.predict(given_as(self._artifact, inputs)))

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """The session's own call: renaming is never timed."""
        return self._session.inference(given_as(self._artifact, inputs))

    def answer(self) -> Arrays:
        """Outputs of the last call."""
        return taken_as(self._artifact, self._session.answer())

    def close(self) -> None:
        """Close the session."""
        self._session.close()


def _own_names(artifact: Artifact, side: str) -> Mapping[str, str]:
    names: Mapping[str, str] = artifact.facts.get("own_names", {}).get(side, {})
    return names
