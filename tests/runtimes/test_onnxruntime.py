"""ONNX Runtime's sessions answer as the file says, by name, batched or one by one."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import onnx_files
from helpers.commands import answer
from helpers.finished import WEIGHTS
from helpers.onnx_files import INT64, graph, model, node, tensor, value

from weighin import registry
from weighin.core import WeighinError
from weighin.measure.cold_start import cold_starts
from weighin.runtimes import _onnxruntime

pytest.importorskip("onnxruntime", reason="pip install -e '.[onnx]'")

X = np.random.default_rng(0).uniform(0, 1, (120, 4)).astype(np.float32)
TOLERANCE = {"float32": 1e-5, "int8": 0.1, "dynamic": 0.1}


def opened(path: Path, threads: int = 1) -> Any:
    """A session of a file."""
    return registry.runtimes["onnxruntime"].open(path, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", [1, "n", None])
@pytest.mark.parametrize("stored", ["float32", "int8", "dynamic"])
def test_answers_are_the_files_own(
    tmp_path: Path, stored: str, batch: int | str | None, threads: int
) -> None:
    """In real values, and of single examples exactly those of all."""
    path = onnx_files.write(tmp_path / "a.onnx", stored=stored, batch=batch)
    session = opened(path, threads)
    whole = session.predict({"x": X})
    call = session.inference({"x": X[7:8]})
    call()

    assert ["scores"] == list(whole) == list(session.answer())
    np.testing.assert_allclose(whole["scores"], X @ WEIGHTS.T, atol=TOLERANCE[stored])
    np.testing.assert_allclose(session.answer()["scores"], whole["scores"][7:8], atol=1e-6)
    assert session.delegated is None
    session.close()


def test_a_call_answers_what_was_set_before(tmp_path: Path) -> None:
    """The example of the call that was made last, not that of another or of a batch."""
    session = opened(onnx_files.write(tmp_path / "a.onnx"))
    first, second = (session.inference({"x": X[at : at + 1]}) for at in (0, 1))
    second()
    session.predict({"x": X})

    np.testing.assert_allclose(session.answer()["scores"], X[1:2] @ WEIGHTS.T, atol=1e-5)
    del first


def test_a_batch_that_answers_otherwise_is_asked_one_by_one(tmp_path: Path) -> None:
    """Activations that are quantized while running have one range for all of a batch."""
    wide = X.copy()
    wide[0] = 100
    session = opened(onnx_files.write(tmp_path / "a.onnx", stored="dynamic", batch="n"))
    alone = [session.predict({"x": wide[at : at + 1]})["scores"] for at in range(8)]

    np.testing.assert_array_equal(np.concatenate(alone), session.predict({"x": wide})["scores"][:8])


def test_whole_numbers_are_given_and_taken(tmp_path: Path) -> None:
    """Ids that a table is looked up by, and a class that the graph chooses."""
    content = graph(
        [node("Gather", ["table", "ids"], ["y"]), node("ArgMax", ["y"], ["best"], axis=2)],
        [value("ids", (1, 2), INT64)],
        [value("best", (1, 2, 1), INT64), value("y", (1, 2, 3))],
        [tensor("table", np.eye(3, dtype=np.float32))],
    )
    path = onnx_files.write(tmp_path / "a.onnx", model(content))
    answers = opened(path).predict({"anything": np.array([[2, 0], [1, 1]], np.int32)})

    assert [[2, 0], [1, 1]] == answers["best"][..., 0].tolist()
    assert ["best", "y"] == list(answers)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"x": X[:, :3]}, r"it takes 'x' of \[1, 4\], not \[120, 3\]"),
        ({"x": X, "z": X}, "it takes the inputs x, not x, z"),
    ],
    ids=["shape", "names"],
)
def test_other_inputs_are_refused(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    """By what the file takes and what came."""
    with pytest.raises(WeighinError, match=f"cannot run a.onnx: {told}"):
        opened(onnx_files.write(tmp_path / "a.onnx")).predict(given)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing of the kind",
        onnx_files.classifier()[:60],
        model(graph([node("Nonsense", ["x"], ["y"])], [value("x", (1,))], [value("y", (1,))])),
        model(graph([node("Relu", ["x"], ["y"], domain="me")], [value("x")], [value("y")])),
    ],
    ids=["empty", "text", "cut", "operator", "custom"],
)
def test_files_that_cannot_be_run_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """In one line."""
    with pytest.raises(WeighinError, match=r"^ONNX Runtime cannot run a\.onnx: .+$"):
        opened(onnx_files.write(tmp_path / "a.onnx", content))


def test_the_smallest_model_is_sound() -> None:
    """One operator on one number: what every call costs."""
    call = registry.runtimes["onnxruntime"].call_overhead()
    assert call is not None
    call()
    onnx = pytest.importorskip("onnx", reason="pip install -e '.[onnx]'")
    onnx.checker.check_model(onnx.load_model_from_string(_onnxruntime.smallest_model()))


def test_cold_starts_import_the_runtime_alone(
    tmp_path: Path, child_environment: Mapping[str, str]
) -> None:
    """Nothing of weighin's registries, which would be in the memory that is told."""
    path = onnx_files.write(tmp_path / "a.onnx")
    (start,) = cold_starts("onnxruntime", path, 1, {"x": X[:1]}, [])
    np.testing.assert_allclose(start.answer, (X[:1] @ WEIGHTS.T)[0], rtol=1e-5)

    code = (
        "import json, sys; import weighin.runtimes._onnxruntime as it; "
        "from pathlib import Path; import numpy as np; "
        "session = it.OnnxRuntime().open(Path(sys.argv[1]), 1); "
        "session.inference({'x': np.ones((1, 4), np.float32)})(); session.answer(); "
        "print(json.dumps([name for name in sys.modules if name.startswith('weighin')]))"
    )
    loaded = answer(code, str(path), environment=child_environment)
    assert {"weighin", "weighin.named", "weighin.runtimes", "weighin.runtimes._onnxruntime"} == set(
        loaded
    ), json.dumps(loaded)


def test_it_is_not_there_where_its_package_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is told with the way out, without loading it."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = "onnxruntime is not installed: pip install 'weighin[onnx]'"

    assert told == registry.runtimes["onnxruntime"].available()
    for name in ("onnx_int8", "onnx_dynamic", "onnx"):
        assert "pip install 'weighin[onnx]'" in vars(registry.exports[name])["available"]()
