"""Sessions of .onnx files are held against other code than what is measured."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import onnx_files
from helpers.answering import CLASSIFICATION
from helpers.finished import FEATURES, WEIGHTS, labelled

from weighin import registry
from weighin.core import Array, Arrays, Artifact, Dataset, WeighinError
from weighin.datasets.loading import from_arrays
from weighin.files import sha256
from weighin.formats.holding import signature_of
from weighin.formats.onnx.reading import read_onnx
from weighin.measure import references
from weighin.measure.equivalence import check_session

pytest.importorskip("onnxruntime", reason="pip install -e '.[onnx]'")

X = np.random.default_rng(0).uniform(0, 1, (20, FEATURES)).astype(np.float32)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Labelled examples of four features."""
    arrays = labelled(60)
    return from_arrays("mine", {"x_train": arrays["x_test"], "y_train": arrays["y_test"], **arrays})


def artifact(path: Path) -> Artifact:
    """A finished file."""
    signature = signature_of(read_onnx(path)).as_json()
    facts = {"signature": signature, "task": "classification"}
    size = path.stat().st_size
    return Artifact("", path, "onnx", sha256(path), size, None, {"stage": "finished"}, 0.0, facts)


class Off:
    """A session whose scores something was done to."""

    def __init__(self, path: Path, change: Callable[[Array], Array]) -> None:
        """Open a file."""
        self._session, self._change = registry.runtimes["onnxruntime"].open(path, 1), change
        self.delegated = None

    def predict(self, inputs: Arrays) -> dict[str, Array]:
        """All answers, changed."""
        return {name: self._change(a) for name, a in self._session.predict(inputs).items()}

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """The session's own call."""
        return self._session.inference(inputs)

    def answer(self) -> dict[str, Array]:
        """The last answer, changed."""
        return {name: self._change(a) for name, a in self._session.answer().items()}

    def close(self) -> None:
        """Close the session."""
        self._session.close()


@pytest.mark.parametrize("stored", ["float32", "int8", "dynamic"])
@pytest.mark.parametrize("again", [False, True])
def test_references_answer_what_the_file_says(tmp_path: Path, stored: str, again: bool) -> None:
    """The package's evaluator or, where that lacks an operator, ONNX Runtime as it is."""
    path = onnx_files.write(tmp_path / "a.onnx", stored=stored)
    answers = registry.references["onnx"].answer(path, read_onnx(path), {"x": X}, again)

    atol = 1e-5 if stored == "float32" else 0.1
    np.testing.assert_allclose(answers["scores"], X @ WEIGHTS.T, atol=atol)


@pytest.mark.parametrize("stored", ["float32", "int8", "dynamic"])
def test_right_sessions_pass_and_wrong_ones_do_not(
    tmp_path: Path, data: Dataset, stored: str
) -> None:
    """By the steps of the file's own scale, or by the spread of floats."""
    path = onnx_files.write(tmp_path / "a.onnx", stored=stored)
    made = artifact(path)
    fed = data.fed_to(made.signature)
    check_session(Off(path, lambda scores: scores), made, fed, CLASSIFICATION)

    wrong: list[Callable[[Array], Array]] = [
        lambda scores: scores + np.float32(0.8),
        lambda scores: scores[:, ::-1],
        lambda scores: scores * np.float32(0.7),
    ]
    for change in wrong:
        with pytest.raises(WeighinError, match=r"from what the reference kernels answer.*is off"):
            check_session(Off(path, change), made, fed, CLASSIFICATION)


def test_float_files_are_not_judged_by_the_code_that_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime is not asked where the package can answer, and is where that is missing."""
    pytest.importorskip("onnx", reason="pip install -e '.[onnx]'")
    path = onnx_files.write(tmp_path / "a.onnx")
    graph, asked = read_onnx(path), []
    open_one = references.OnnxRuntimeSession
    monkeypatch.setattr(
        references,
        "OnnxRuntimeSession",
        lambda *given, **more: asked.append(more) or open_one(*given, **more),
    )
    registry.references["onnx"].answer(path, graph, {"x": X}, False)
    assert [] == asked

    without = {"onnx": "not installed"}
    monkeypatch.setattr("weighin.packages.missing", without.get)
    registry.references["onnx"].answer(path, graph, {"x": X}, False)
    assert [{"optimized": False}] == asked


def test_without_anything_to_hold_answers_against_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where OpenVINO alone is installed, and asked for an .onnx file."""
    missing = "{} is not installed: pip install it".format
    monkeypatch.setattr(references.packages, "missing", missing)
    path = onnx_files.write(tmp_path / "a.onnx")

    with pytest.raises(WeighinError, match="against: onnxruntime is not installed"):
        registry.references["onnx"].answer(path, read_onnx(path), {"x": X}, False)
