"""Every engine that opens .tflite files gives the same answers as LiteRT, by the same names."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import engine_files
from helpers.engine_files import FILES, floats, inputs

from weighin import named, registry
from weighin.core import SkippedError, WeighinError
from weighin.formats.tflite import read_tflite
from weighin.measure.closeness import coarse_share, refuse_far
from weighin.measure.cold_start import cold_starts
from weighin.subprocesses import FOLDER

NAMES = [each.name for each in registry.runtimes.values() if "tflite" in each.formats]
OTHERS = [name for name in NAMES if not name.startswith("litert-b") and name != "litert"]


def engine(name: str) -> Any:
    """A runtime, if it is to be had here."""
    if reason := registry.runtimes[name].available():
        pytest.skip(reason)
    return registry.runtimes[name]


def wanted(path: Path, given: engine_files.Arrays) -> dict[str, Any]:
    """What LiteRT answers."""
    session = registry.runtimes["litert"].open(path, 1)
    outputs = session.predict(given)
    session.close()
    return dict(outputs)


def check(name: str, path: Path, outputs: Any, right: dict[str, Any]) -> None:
    """Whether an engine's answers are LiteRT's, as near as sessions must be."""
    graph, step = read_tflite(path), registry.runtimes[name].rounding
    assert set(outputs) == set(right)
    assert {n: v.dtype for n, v in right.items()} == {n: v.dtype for n, v in outputs.items()}
    refuse_far(outputs, right, "what LiteRT answers", graph, step=step)


@pytest.mark.parametrize("make", FILES)
@pytest.mark.parametrize("name", NAMES)
def test_an_engine_answers_as_litert_does(name: str, make: Any, tmp_path: Path) -> None:
    """By the file's own names and order, all at once and one by one, in real values."""
    runtime, path = engine(name), make(tmp_path)
    given = inputs(path)
    right = wanted(path, given)
    if "OpenVINO" in type(runtime).__name__ and path.stem == "unnamed":
        with pytest.raises(WeighinError, match=r"cannot open unnamed\.tflite: .*no 'name' field"):
            runtime.open(path, 1)
        return
    session = runtime.open(path, 1)

    check(name, path, session.predict(given), right)
    for at in (4, 0):
        call = session.inference(named.taken(given, slice(at, at + 1)))
        call()
        call()
        alone = session.answer()
        refuse_far(
            alone,
            named.taken(right, slice(at, at + 1)),
            "LiteRT's",
            read_tflite(path),
            among=right,
            step=registry.runtimes[name].rounding,
        )
    check(name, path, session.predict(named.taken(given, slice(2))), named.taken(right, slice(2)))
    session.close()


@pytest.mark.parametrize("name", NAMES)
def test_what_an_engine_answers_stays_as_it_was(name: str, tmp_path: Path) -> None:
    """Answers are the caller's: the next call changes none of them, and an old input nothing."""
    path = floats(tmp_path)
    given = inputs(path, 3)
    session = engine(name).open(path, 1)
    session.inference(named.taken(given, slice(1)))()
    first = session.answer()
    kept = {key: values.copy() for key, values in first.items()}
    session.inference(named.taken(given, slice(1, 2)))()
    second = session.answer()

    assert all(np.array_equal(first[key], kept[key]) for key in kept)
    assert not all(np.array_equal(first[key], second[key]) for key in kept)


@pytest.mark.parametrize("name", OTHERS)
def test_arrays_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    """Other names or shapes than the file's, each named."""
    session = engine(name).open(engine_files.signed(tmp_path), 1)
    row = np.zeros((1, 4), np.float32)

    with pytest.raises(WeighinError, match=r"takes the inputs left, right, not left, wrong"):
        session.inference({"left": row, "wrong": row})
    with pytest.raises(WeighinError, match=r"takes inputs of \[1, 4\] as 'right', not \[1, 5\]"):
        session.inference({"left": row, "right": np.zeros((1, 5), np.float32)})


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_refused(name: str, tmp_path: Path) -> None:
    """With its name and one line, by no other error."""
    path = floats(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(WeighinError, match=r"floats\.tflite") as refusal:
        engine(name).open(path, 1)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_an_engine_loads_no_training_framework(
    name: str, tmp_path: Path, child_environment: Any
) -> None:
    """It opens and answers in a process without TensorFlow, and ends quietly."""
    engine(name)
    path = floats(tmp_path)
    code = (
        "import sys, numpy as np; from pathlib import Path; from weighin import registry; "
        "runtime = registry.runtimes[sys.argv[1]]; runtime.load(); "
        "session = runtime.open(Path(sys.argv[2]), 1); "
        "session.inference({'input': np.zeros((1, 8, 8, 2), np.float32)})(); session.answer(); "
        "session.close(); heavy = {'tensorflow', 'keras', 'torch', 'openvino_telemetry'}; "
        "print([each for each in heavy if sys.modules.get(each)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, name, str(path)],
        capture_output=True,
        text=True,
        cwd=FOLDER,
        env=child_environment,
        check=True,
    )

    assert "[]" == done.stdout.strip()
    if not name.startswith("litert") or name == "litert-compiled":
        assert "INFO" not in done.stderr.replace("INFO: Created TensorFlow Lite XNNPACK", "")


@pytest.mark.parametrize("name", OTHERS)
def test_an_engine_starts_in_a_process_of_its_own(name: str, tmp_path: Path) -> None:
    """Its first answer there is what it answers here: so a file is tried before it is opened."""
    path = floats(tmp_path)
    given = inputs(path, 1)
    right = engine(name).open(path, 1).predict(given)

    (started,) = cold_starts(name, path, 1, given)

    assert started.answer == pytest.approx(next(iter(right.values())).ravel(), abs=1e-6)
    assert registry.runtimes[name].available() is None


@pytest.mark.parametrize("name", [n for n in OTHERS if n not in ("tflite-micro", "litert-gpu")])
def test_threads_are_as_they_are_told(name: str, tmp_path: Path) -> None:
    """Two threads answer alike; what a call costs that computes nothing can be timed."""
    path = floats(tmp_path)
    given = inputs(path)
    right = wanted(path, given)
    if len(os.sched_getaffinity(0)) >= 2:
        session = engine(name).open(path, 2)
        session.inference(named.taken(given, slice(1)))()
        check(name, path, session.predict(given), right)
        session.close()

    call = engine(name).call_overhead()
    assert call is not None
    call()


def test_examples_are_answered_in_their_places_by_whatever_thread() -> None:
    """Each by itself; what fails in a thread is told."""
    from weighin.runtimes._ports import one_by_one

    threads = set()

    def answering() -> Any:
        def answer(example: Any) -> Any:
            threads.add(threading.get_ident())
            if example["x"][0] == 999:
                raise WeighinError("it fails")
            return {"y": example["x"] * 2}

        return answer

    numbers = np.arange(100)

    assert np.array_equal(one_by_one({"x": numbers}, answering, 4)["y"], 2 * numbers)
    assert np.array_equal(one_by_one({"x": numbers[:3]}, answering, 4)["y"], 2 * numbers[:3])
    assert threads
    with pytest.raises(WeighinError, match="it fails"):
        one_by_one({"x": np.array([1, 999])}, answering, 2)


def test_hybrid_files_are_skipped_or_answered(tmp_path: Path) -> None:
    """The microcontrollers' interpreter runs none: a skip with the reason, also from afar."""
    path = engine_files.hybrid(tmp_path)
    given = inputs(path)
    right = wanted(path, given)
    for name in OTHERS:
        if registry.runtimes[name].available():
            continue
        runtime = registry.runtimes[name]
        if runtime.declines("inference"):
            with pytest.raises(SkippedError, match=r"is hybrid \(FULLY_CONNECTED"):
                runtime.open(path, 1)
            with pytest.raises(SkippedError, match="is hybrid"):
                cold_starts(name, path, 1, named.taken(given, slice(1)))
            continue
        check(name, path, runtime.open(path, 1).predict(given), right)


@pytest.mark.parametrize("package", ["openvino", "tflite-micro"])
def test_a_package_that_is_installed_and_broken_says_so(
    package: str, tmp_path: Path, child_environment: Any
) -> None:
    """Its name, what is wrong and the way out; asking whether it is there loads nothing."""
    module = package.replace("-", "_")
    broken = tmp_path / "broken" / module
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('lib.so: no such file')", "utf-8")
    name = {"openvino": "openvino", "tflite-micro": "tflite-micro"}[package]
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; "
        "from weighin import registry; from weighin.core import WeighinError; "
        "runtime = registry.runtimes[sys.argv[2]]; assert runtime.available() is None\n"
        "for ask in (runtime.load, lambda: runtime.open(Path(sys.argv[3]), 1)):\n"
        "    try: ask()\n"
        "    except WeighinError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(broken.parent), name, str(floats(tmp_path))],
        capture_output=True,
        text=True,
        cwd=FOLDER,
        env=child_environment,
        check=True,
    )

    lines = done.stdout.splitlines()
    assert 2 == len(lines)
    for line in lines:
        assert line.startswith(f"{package} ")
        assert "is installed and does not work (ImportError: lib.so: no such file)" in line
        assert line.endswith(f"pip install --force-reinstall {package}")


def test_bfloat16_is_held_to_what_its_rounding_explains(tmp_path: Path) -> None:
    """Its answers pass as those of bfloat16, and fail as those of float32 would."""
    path = floats(tmp_path)
    given, graph = inputs(path, 100), read_tflite(path)
    right = wanted(path, given)
    answers = engine("openvino-bf16").open(path, 1).predict(given)

    refuse_far(answers, right, "LiteRT's", graph, step=2**-8)
    with pytest.raises(WeighinError, match="would be rounding"):
        refuse_far(answers, right, "LiteRT's", graph)
    assert 0 < coarse_share(2**-8, graph) < 0.05
