"""The first answer of a fresh process, and its highest memory."""

import copy
import os

import numpy as np
import psutil
import pytest
from helpers import engine_files, onnx_files
from helpers.commands import answer
from helpers.support import isolate_registries

from weighin import registry
from weighin.core import WeighinError
from weighin.definitions import load_definitions
from weighin.formats import tflite
from weighin.formats.onnx import reading
from weighin.measure.cold_start import cold_starts
from weighin.runtimes.litert import smallest_model

MEGABYTE = 2**20


def example(data):
    """The first test image, as the tiny models take it: 6×6 and one channel."""
    return {name: values[..., np.newaxis] for name, values in data.test.inputs(0, 1).items()}


def test_a_cold_start_is_a_whole_first_answer(shop, tiny_data):
    """A fresh process gives a time, a peak and the scores that Keras answers too."""
    artifact = shop.artifact(model="tiny_cnn")
    tiny_data = tiny_data.fed_to(artifact.signature)
    (scores,) = artifact.outputs().values()
    wanted = scores.argmax(axis=1)
    numbers = [int(np.flatnonzero(wanted == each)[0]) for each in set(wanted.tolist())]
    images = [tiny_data.test.inputs(number, number + 1) for number in numbers]
    starts = [start for image in images for start in cold_starts("litert", artifact.path, 1, image)]

    assert len(starts) >= 2
    for number, start in zip(numbers, starts, strict=True):
        np.testing.assert_allclose(start.answer, scores[number], rtol=0, atol=1e-5)
    assert all(start.seconds > 0 for start in starts)
    assert all(start.peak_bytes > 10 * MEGABYTE for start in starts)


def test_the_first_values_of_the_answer_are_told(tmp_path):
    """What goes in comes out, whatever a file without names calls it."""
    path = tmp_path / "one.tflite"
    path.write_bytes(smallest_model())  # it answers what it is given

    starts = [
        cold_starts("litert", path, 1, {"x": np.full((1, 1), p, "f4")})[0] for p in (0.25, 0.75)
    ]

    assert [start.answer for start in starts] == [(0.25,), (0.75,)]


def test_a_cold_start_that_fails_says_why(tmp_path, tiny_data):
    """The error of the fresh process is that of the parent, without a traceback."""
    path = tmp_path / "wrecked.tflite"
    path.write_bytes(b"not a model at all")

    with pytest.raises(WeighinError, match=r"litert failed: .*wrecked\.tflite") as caught:
        cold_starts("litert", path, 1, example(tiny_data))
    assert "Traceback" not in str(caught.value)


UNUSED = [
    "tensorflow",
    "keras",
    "tf_keras",
    "tensorflow_model_optimization",
    "scipy",
    "click",
    "pytest",
    "psutil",
    "h5py",
    "flatbuffers",
    "subprocess",
    "concurrent.futures",
    "logging",
    "zipfile",
    "weighin.core",
    "weighin.registry",
    "weighin.runtimes.keras",
    "weighin.measure.cell",
]


@pytest.mark.parametrize("runtime", ["litert", "litert-builtin"])
def test_a_cold_start_loads_what_it_needs(shop, tiny_data, tmp_path, monkeypatch, runtime):
    """The process that is measured has LiteRT in it, and of weighin little else."""
    (tmp_path / "sitecustomize.py").write_text(
        "import builtins, os, pathlib, sys\n"
        "path, print_ = pathlib.Path(os.environ['LOADED_MODULES']), print\n"
        "def print(*words, **options):\n"  # the last time, what was measured
        "    path.write_text('\\n'.join(sys.modules)); print_(*words, **options)\n"
        "builtins.print = print\n"
    )
    folders = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    monkeypatch.setenv("LOADED_MODULES", str(tmp_path / "modules"))
    cold_starts(runtime, shop.artifact().path, 1, example(tiny_data))
    loaded = set((tmp_path / "modules").read_text().split("\n"))

    assert "ai_edge_litert.interpreter" in loaded
    assert set() == loaded & set(UNUSED)


@pytest.mark.parametrize(
    ("name", "ending"),
    [("litert-compiled", "tflite"), ("openvino", "tflite"), ("openvino", "onnx")],
)
def test_opening_is_the_engines_work_alone(tmp_path, monkeypatch, name, ending):
    """What weighin reads of a file itself is read, and loaded, before anything is timed."""
    runtime = registry.runtimes[name]
    if reason := runtime.available():
        pytest.skip(reason)
    path = tmp_path / f"a.{ending}"
    written = {"tflite": lambda: engine_files.floats(tmp_path).rename(path)}
    written |= {"onnx": lambda: onnx_files.write(path)}
    written[ending]()
    runtime.load()
    runtime.look(path)

    def again(*given):
        raise AssertionError("it is read while it is timed")

    for module in (tflite, reading):
        monkeypatch.setattr(module, "parsed", again)
    runtime.open(path, 1).close()


LOOKING = """
from weighin import runtime
from weighin.runtimes.litert import LiteRT


@runtime
class Looking(LiteRT):
    name = "looking"
    seen = ()

    def look(self, path):
        self.seen = (path,)

    def open(self, path, threads):
        assert self.seen == (path,)
        return super().open(path, threads)
"""


def test_a_runtime_looks_at_a_file_before_it_is_timed(tmp_path, monkeypatch):
    """One of somebody's own, too."""
    isolate_registries(monkeypatch)
    definition = tmp_path / "looking.py"
    definition.write_text(LOOKING)
    load_definitions([definition])
    path = tmp_path / "one.tflite"
    path.write_bytes(smallest_model())

    (start,) = cold_starts("looking", path, 1, {"x": np.ones((1, 1), "f4")}, [definition])
    assert start.answer == (1.0,)


TWIN = """
from weighin import runtime
from weighin.runtimes.litert import LiteRT


@runtime
class Twin(LiteRT):
    name = "twin"

    def open(self, path, threads):
        session = super().open(path, threads)
        session.answer = lambda: {
            name: values[:, ::-1] for name, values in session._one.get().items()
        }
        return session
"""


def test_a_runtime_of_ones_own_opens_its_files_itself(shop, tiny_data, tmp_path, monkeypatch):
    """Its definition is loaded in the fresh process, even if it is a kind of weighin's own."""
    file = tmp_path / "twin.py"
    file.write_text(TWIN)
    monkeypatch.setattr(registry, "runtimes", copy.deepcopy(registry.runtimes))
    load_definitions([file])
    path, image = shop.artifact().path, example(tiny_data)
    (plain,) = cold_starts("litert", path, 1, image)

    (started,) = cold_starts("twin", path, 1, image, [file])

    assert started.answer == plain.answer[::-1] != plain.answer


def test_peak_memory_is_the_fresh_processes_own(shop, tiny_data, tmp_path, child_environment):
    """What the parent holds, however much, is not in the figure."""
    np.save(tmp_path / "image.npy", example(tiny_data)["x"])
    code = (
        "import json, sys; from pathlib import Path; import numpy as np; "
        "from weighin.measure.cold_start import cold_starts; "
        "image = {'x': np.load(sys.argv[2])}; "
        "held = bytearray(int(sys.argv[3])); held[::4096] = b'x' * len(held[::4096]); "
        "print(cold_starts('litert', Path(sys.argv[1]), 1, image)[0].peak_bytes)"
    )
    peaks = []
    for held in (1, 300 * MEGABYTE):
        words = [str(shop.artifact().path), str(tmp_path / "image.npy"), str(held)]
        peaks.append(answer(code, *words, environment=child_environment))

    assert abs(peaks[1] - peaks[0]) < 50 * MEGABYTE


def test_several_get_ready_together_and_go_one_by_one(shop, tiny_data):
    """Each in a process of its own, all with the same answer."""
    image = example(tiny_data)
    starts = cold_starts("litert", shop.artifact().path, 1, image, count=3)

    assert len(starts) == 3
    assert len({start.answer for start in starts}) == 1
    assert all(start.seconds > 0 for start in starts)


def test_one_that_fails_among_several_is_told_and_none_is_left(tmp_path, tiny_data):
    """The error is that of one process; the others are ended."""
    path = tmp_path / "wrecked.tflite"
    path.write_bytes(b"not a model at all")
    before = {child.pid for child in psutil.Process().children()}

    with pytest.raises(WeighinError, match="litert failed"):
        cold_starts("litert", path, 1, example(tiny_data), count=3)
    assert before >= {child.pid for child in psutil.Process().children()}


def test_a_runtime_that_answers_bare_arrays_is_told_so(shop, tiny_data, tmp_path, monkeypatch):
    """One that was written before outputs had names: what is wanted is said."""
    file = tmp_path / "twin.py"
    bare = "session.answer = lambda: next(iter(session._one.get().values()))"
    file.write_text(
        TWIN.split("        session.answer")[0] + f"        {bare}\n        return session\n"
    )
    monkeypatch.setattr(registry, "runtimes", copy.deepcopy(registry.runtimes))
    load_definitions([file])

    said = r"answers a bare ndarray \[1, 3\]: .* give outputs by name"
    with pytest.raises(WeighinError, match=said):
        cold_starts("twin", shop.artifact().path, 1, example(tiny_data), [file])


def test_a_runtime_that_takes_bare_arrays_is_told_what_it_was_given(
    shop, tiny_data, tmp_path, monkeypatch
):
    """Its own error, and what inputs are given as."""
    file = tmp_path / "twin.py"
    opened = TWIN.split("        session.answer")[0]
    asks = "session.inference = lambda images: images.shape"
    file.write_text(f"{opened}        {asks}\n        return session\n")
    monkeypatch.setattr(registry, "runtimes", copy.deepcopy(registry.runtimes))
    load_definitions([file])

    said = r"no attribute 'shape' \(its sessions are given inputs by name: .*'x': \[1, 6, 6, 1\]"
    with pytest.raises(WeighinError, match=said):
        cold_starts("twin", shop.artifact().path, 1, example(tiny_data), [file])


CRASHING = '''"""A runtime whose native code crashes when it answers several at once."""

import os

import numpy as np

from weighin import runtime


class Session:
    delegated = None

    def inference(self, inputs):
        return lambda: None

    def answer(self):
        return {"y": np.zeros((1, 2), np.float32)}

    def predict(self, inputs):
        os.abort()

    def close(self):
        pass


@runtime
class Crashing:
    name = "crashing"
    formats = ("tflite",)
    needs_tensorflow = False

    def available(self):
        return None

    def load(self):
        pass

    def call_overhead(self):
        return None

    def open(self, path, threads):
        return Session()
'''


def test_what_crashes_when_it_predicts_does_so_in_the_fresh_process(tmp_path, monkeypatch):
    """Not in the one where others are measured."""
    isolate_registries(monkeypatch)
    definition = tmp_path / "crashing.py"
    definition.write_text(CRASHING, encoding="utf-8")
    load_definitions([definition])
    given = {"x": np.zeros((1, 2), np.float32)}

    with pytest.raises(WeighinError, match="crashing crashed: SIGABRT"):
        cold_starts("crashing", tmp_path / "a.tflite", 1, given, [definition])
