"""Runs at the same time, runs that are killed, and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers.building import TINY, Built, context_of, job, run
from helpers.commands import importing
from helpers.needing import need_tensorflow

from weighin.build.cache import Cache

pytestmark = pytest.mark.usefixtures("project")  # its models are registered meanwhile


RUN = """
import json, signal, sys
from pathlib import Path
from helpers.building import run, context_of
from weighin import grammar
from weighin.build.jobs import job_for
from weighin.definitions import load_definitions

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    project, cache, words = sys.argv[1:]
    build_context = context_of(Path(project), Path(cache))
    load_definitions(build_context.definitions)
    jobs = [
        job_for(model, "quick", 0, grammar.parse(name), "tflite")
        for model, name in json.loads(words)
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    built = run(jobs, build_context, workers=1)
    print(json.dumps({
        "begun": built.begun,
        "artifacts": {str(job): [made.sha256, made.seconds]
                      for job, made in built.outcomes.items()},
        "heavy": [name for name in ("tensorflow", "tf_keras", "keras") if name in sys.modules],
    }), flush=True)
"""


@contextmanager
def builder(
    project: Path, cache: Path, jobs: Sequence[tuple[str, str]], script: Path
) -> Iterator[subprocess.Popen[str]]:
    """A process group of its own that builds when told so; nothing of it is left afterwards."""
    script.write_text(RUN, "utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(project), str(cache), json.dumps(jobs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=importing(),
    )
    try:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
        yield process
    finally:
        if is_alive(process):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def tell(process: subprocess.Popen[str]) -> None:
    """Let it build."""
    process.stdin.write("build\n")
    process.stdin.flush()


def is_alive(group: subprocess.Popen[str]) -> bool:
    """Whether any process of the group is left."""
    group.poll()
    try:
        os.killpg(group.pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until something is true; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited for {seconds} seconds"
        time.sleep(0.02)


def finished_in(cache: Path) -> list[Path]:
    """The artifacts that are whole."""
    return list(cache.glob("artifacts/[!.]*/provenance.json"))


@pytest.fixture(scope="module")
def two_runs(project: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What two processes that build the same at the same time have to say."""
    need_tensorflow()
    folder = tmp_path_factory.mktemp("two")
    jobs = [("tiny", name) for name in TINY]
    with (
        builder(project, folder / "cache", jobs, folder / "first.py") as first,
        builder(project, folder / "cache", jobs, folder / "second.py") as second,
    ):
        tell(first)
        tell(second)
        outputs = [process.communicate() for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    return [json.loads(output) | {"errors": errors} for output, errors in outputs]


def test_two_runs_at_once_make_each_artifact_once(two_runs: list[dict[str, Any]]) -> None:
    """Both plan to build everything, yet each artifact is made by one and found by the other."""
    first, second = two_runs

    assert first["begun"] == second["begun"] == [9]
    # seconds are measured to the nanosecond: two makings of one artifact would differ
    assert first["artifacts"] == second["artifacts"]
    assert len(first["artifacts"]) == 9


def test_the_same_key_gives_the_same_bytes(built: Built, two_runs: list[dict[str, Any]]) -> None:
    """Built a second time, in another process and cache, every artifact is the same, bit by bit."""
    again = {name: sha256 for name, (sha256, _) in two_runs[0]["artifacts"].items()}
    first = {
        str(one): made.sha256
        for one, made in built.outcomes.items()
        if str(one) in again and one.seed == 0
    }

    assert len(first) == 9
    assert first == again


def test_the_building_process_loads_no_tensorflow(two_runs: list[dict[str, Any]]) -> None:
    """TensorFlow is loaded by workers alone."""
    assert [each["heavy"] for each in two_runs] == [[], []]


def test_workers_write_nothing_on_the_screen(two_runs: list[dict[str, Any]]) -> None:
    """TensorFlow's chatter does not reach the user."""
    assert [each["errors"] for each in two_runs] == ["", ""]


@pytest.fixture
def _hold(project: Path) -> Iterator[None]:
    """Let the model `held` take as long as the test wants."""
    need_tensorflow()
    (project / "models" / "hold").touch()
    yield
    (project / "models" / "hold").unlink(missing_ok=True)


@pytest.mark.usefixtures("_hold")
def test_a_killed_run_goes_on_where_it_was(built: Built, project: Path, tmp_path: Path) -> None:
    """After a kill, what was finished is found and only the rest is built."""
    cache = tmp_path / "cache"
    jobs = [("tiny", "baseline"), ("held", "baseline")]
    with builder(project, cache, jobs, tmp_path / "run.py") as process:
        tell(process)
        wait_for(lambda: finished_in(cache) or process.poll() is not None)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    (project / "models" / "hold").unlink()

    again = run([job(*words) for words in jobs], context_of(project, cache))

    expected = {job("tiny"), job("held", "baseline", "h5"), job("held")}
    assert expected == set(again.finished)
    assert again.begun == [3]
    for format in ("h5", "tflite"):
        found = again.artifact("tiny", "baseline", format)
        assert built.artifact("tiny", "baseline", format).sha256 == found.sha256


def interrupt(process: subprocess.Popen[str]) -> None:
    """What Control-C in a terminal does: the signal reaches all processes."""
    os.killpg(process.pid, signal.SIGINT)


ENDINGS: dict[str, Callable[[subprocess.Popen[str]], None]] = {
    "Control-C": interrupt,
    "interrupted alone": lambda process: process.send_signal(signal.SIGINT),
    "killed alone": lambda process: process.kill(),
}


@pytest.mark.usefixtures("_hold")
@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_an_ended_run_leaves_no_process(
    project: Path, tmp_path: Path, end: Callable[[subprocess.Popen[str]], None]
) -> None:
    """However a run ends while its worker is busy, the worker ends too, with all its memory."""
    cache = Cache(tmp_path / "cache")
    with builder(project, cache.folder, [("waiting", "int8")], tmp_path / "run.py") as process:
        tell(process)
        wait_for(lambda: any("building" in log.read_text("utf-8") for log in cache.logs.glob("*")))
        end(process)
        assert process.wait(60) != 0
        (project / "models" / "hold").unlink()
        wait_for(lambda: not is_alive(process), seconds=15)
