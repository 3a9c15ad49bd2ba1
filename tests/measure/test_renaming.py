"""A file that calls its inputs and outputs otherwise answers under the first file's names."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from helpers.finished import part, write
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Arrays, Artifact
from weighin.formats.tflite import read_tflite
from weighin.measure.renaming import given_as, graph_of, renamed, taken_as

NAMES = st.lists(st.text("abxy/:0 ü", min_size=1, max_size=4), min_size=1, max_size=5, unique=True)
SWAPPED = {"inputs": {"a": "b", "b": "a"}, "outputs": {"p": "r"}}


def artifact(
    own_names: Mapping[str, Mapping[str, str]], path: Path = Path("file"), format: str = "tflite"
) -> Artifact:
    """A finished file that has names of its own for these."""
    facts = {"own_names": own_names}
    return Artifact("", path, format, "", 1, None, {}, 0.0, facts)


def named(names: Any) -> dict[str, Any]:
    """An array of its own for each name."""
    return {name: np.array([at]) for at, name in enumerate(names)}


class Echo:
    """A session that knows its inputs by its own names, and answers by its own: what `p` is called.

    Attributes:
        given: what it was given last.
        closed: whether it was.
    """

    delegated = (2, 3)
    left_out: tuple[int, ...] | None = (1,)
    seconds: float | None = None

    def __init__(self) -> None:
        """Nothing was given yet."""
        self.given: dict[str, Any] = {}
        self.closed = False

    def predict(self, inputs: Arrays) -> Arrays:
        """The sum of its input `b` and 10."""
        self.given = dict(inputs)
        return {"r": inputs["b"] + 10}

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """Its own call."""
        self.given = dict(inputs)
        return self._invoke

    def _invoke(self) -> None:
        """Compute nothing."""

    def answer(self) -> Arrays:
        """Of the last call."""
        return {"r": self.given["b"] + 10}

    def close(self) -> None:
        """Be closed."""
        self.closed = True


@given(NAMES, st.data())
def test_what_is_given_and_taken_under_any_names_is_the_same(
    names: list[str], data: st.DataObject
) -> None:
    """Also where the other file has the first one's names for other things."""
    others = st.lists(
        st.text("abxyz", min_size=1), min_size=len(names), max_size=len(names), unique=True
    )
    theirs = data.draw(st.permutations(names) | others)
    own = dict(zip(names, theirs, strict=True))
    file, values = artifact({"inputs": own, "outputs": own}), named(names)

    given = given_as(file, values)

    assert {own[name]: array for name, array in values.items()} == given
    assert values == taken_as(file, given)


def test_a_file_of_the_same_names_is_given_what_there_is() -> None:
    """Nothing is copied, and what it does not know is left for the session to refuse."""
    file, values = artifact({}), named("ab")

    assert given_as(file, values) is values
    assert values == taken_as(file, values)
    assert {"a", "z"} == set(given_as(artifact(SWAPPED), named("bz")))


def test_a_session_of_the_same_names_is_left_as_it_is() -> None:
    """No call goes through more than it must."""
    session = Echo()

    assert renamed(session, artifact({})) is session
    assert renamed(session, Artifact("", Path("x"), "h5", "", 1, None, {}, 0.0, {})) is session


def test_a_session_answers_by_the_signatures_names() -> None:
    """Batches and single calls; swapped names reach the inputs that they stand for."""
    session = Echo()
    other, inputs = renamed(session, artifact(SWAPPED)), {"a": np.ones(1), "b": np.zeros(1)}

    assert {"p": np.array([11])} == dict(other.predict(inputs))
    assert {"a": 0, "b": 1} == session.given
    other.inference({"a": np.full(1, 5), "b": np.zeros(1)})()
    assert {"p": np.array([15])} == dict(other.answer())


def test_what_is_timed_is_the_sessions_own_call() -> None:
    """Names are changed before it, and after it."""
    session = Echo()

    assert session._invoke == renamed(session, artifact(SWAPPED)).inference(named("ab"))


def test_what_the_session_knows_of_itself_is_told() -> None:
    """A runtime of somebody's own may not know which operators are left out."""
    session, silent = Echo(), SimpleNamespace(delegated=None)
    other = renamed(session, artifact(SWAPPED))

    assert ((2, 3), (1,)) == (other.delegated, other.left_out)
    assert other.seconds is None
    session.seconds = 0.25
    assert 0.25 == other.seconds
    assert renamed(silent, artifact(SWAPPED)).left_out is None
    other.close()
    assert session.closed


def test_a_graph_names_its_outputs_as_the_signature_does(tmp_path: Path) -> None:
    """By which closeness finds each one's scale; its inputs keep the names that it is fed by."""
    path = write(tmp_path / "a.tflite", part("left", "first"), part("right", "second"))
    own = {"inputs": {"a": "right", "b": "left"}, "outputs": {"p": "second", "q": "first"}}

    plain, graph = read_tflite(path), graph_of(artifact(own, path))

    assert graph is not None
    outputs = plain.outputs_by_name()
    assert {"p": outputs["second"], "q": outputs["first"]} == graph.outputs_by_name()
    assert plain.inputs_by_name() == graph.inputs_by_name()
    assert plain.operators == graph.operators


def test_the_graph_of_a_file_of_the_same_names_is_the_files_own(tmp_path: Path) -> None:
    """It is read once."""
    path = write(tmp_path / "a.tflite")

    assert read_tflite(path) is graph_of(artifact({}, path))


def test_keras_files_have_no_graph(tmp_path: Path) -> None:
    """It is not even looked for."""
    assert graph_of(artifact({}, tmp_path / "missing", "h5")) is None
