"""Native code that ends the process costs one cell: another process goes on without it."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers.commands import importing
from helpers.crashing import COUNTED, MODULE, PLANTED, PROGRAM
from helpers.finished import part, quantized, write, write_data
from rich.console import Console

from weighin.core import Results, WeighinError
from weighin.job import guarding, process
from weighin.job.guarding import MOST, Guard
from weighin.job.weighing import Asked
from weighin.records import derivation, provenance, store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no process is guarded there")

FILES = ("a.tflite", "b.tflite", "c.tflite")
WORDS = ("weigh", *FILES, "--data", "d.npz", "--pair-seconds", "0.05", "--runtimes", "litert")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files and data."""
    folder = tmp_path_factory.mktemp("guarded")
    write(folder / FILES[0])
    write(folder / FILES[1], quantized(part()))
    write(folder / FILES[2], quantized(part(), "uint8"))
    write_data(folder / "d.npz")
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a command that counts its cells."""
    cache = {"WEIGHIN_CACHE_DIR": str(tmp_path / "cache"), COUNTED: str(tmp_path / "counted")}
    return {**importing(), **cache}


def start(
    folder: Path, out: Path, environment: Mapping[str, str], *words: str
) -> subprocess.Popen[str]:
    """Start the command, whatever is planted in it."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *WORDS, "-o", str(out), *words],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def the_one(out: Path) -> Results:
    """What the only results file holds."""
    (path,) = out.glob("*.json")
    return store.load(path)


def statuses(results: Results) -> dict[tuple[str, str], str]:
    """Status of each variant's main figures."""
    wanted = ("gzip_bytes", "top1", "latency", "speedup", "cold_start")
    return {(r.variant, r.metric): r.status for r in results.records if r.metric in wanted}


def lost(variant: str, *metrics: str) -> dict[tuple[str, str], str]:
    """The statuses of a run in which these figures of a variant failed."""
    metrics_of = ("gzip_bytes", "top1", "latency", "speedup", "cold_start")
    usual = {(name, metric): "ok" for name in ("baseline", *FILES[1:]) for metric in metrics_of}
    del usual["baseline", "speedup"]
    return usual | {(variant, metric): "failed" for metric in metrics}


# -- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planted", "metrics", "told"),
    [
        ("b.tflite inference 5 segv", ("latency", "speedup"), "was ended by SIGSEGV"),
        ("b.tflite predict 1 exit", ("top1", "latency", "speedup"), "ended with exit code 3"),
    ],
)
def test_a_crash_costs_what_it_was_at_and_nothing_else(
    folder: Path,
    environment: dict[str, str],
    tmp_path: Path,
    planted: str,
    metrics: tuple[str, ...],
    told: str,
) -> None:
    """The rows of others are whole, nothing is measured twice, and one file holds it all."""
    ran = start(folder, tmp_path / "out", environment | {PLANTED: planted})
    output, errors = ran.communicate(timeout=120)
    results = the_one(tmp_path / "out")

    assert 1 == ran.returncode, errors
    assert lost("b.tflite", *metrics) == statuses(results)
    assert 1 == errors.count(": another goes on without it")
    reasons = {record.reason for record in results.records if record.status == "failed"}
    operation = "quality" if "top1" in metrics else "latency"
    assert {
        f"the process that measures {told} while it measured a-b.tflite-litert: {operation}"
    } == reasons
    assert reasons.pop() in " ".join(output.split())
    counted = Counter((tmp_path / "counted").read_text().splitlines())
    assert {f"{'evaluation' if 'top1' in metrics else 'inference'} a-b.tflite-litert"} == {
        cell for cell, times in counted.items() if times > 1
    }
    (span,) = results.environment["resumed"]
    assert span["broken_off"]
    assert [] == provenance.faults(results) + derivation.faults(results)


def test_what_crashes_before_it_measures_is_told_and_exits_as_it_was_ended(
    folder: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    program = "import os; os.kill(os.getpid(), 11) if 'WEIGHIN_GUARDED' in os.environ else None;"
    ran = subprocess.run(
        [sys.executable, "-c", f"{program}{PROGRAM}", *WORDS, "-o", str(tmp_path / "out")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (128 + 11, "") == (ran.returncode, ran.stdout)
    assert "Error: the process that measures was ended by SIGSEGV" == ran.stderr.strip()


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--gate", "baseline: file_bytes < 100"], 1), (["--margin", "-1"], 2)],
)
def test_exit_codes_are_those_of_the_process_that_measures(
    folder: Path, environment: dict[str, str], tmp_path: Path, words: list[str], code: int
) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM,
            "weigh",
            str(folder / FILES[0]),
            "--runtimes",
            "litert",
            *words,
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )

    assert code == done.returncode, done.stderr


# -- somebody ends it -----------------------------------------------------------------------------


@pytest.fixture
def waiting(
    folder: Path, environment: dict[str, str], tmp_path: Path
) -> Iterator[subprocess.Popen[str]]:
    """A command that measures quality for ever, in a group of processes of its own."""
    words = [*WORDS, "-o", str(tmp_path / "out")]
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        env=environment | {PLANTED: "a.tflite predict 1 wait"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until_it_measures(tmp_path / "counted", started)
    yield started
    with contextlib.suppress(ProcessLookupError):  # it has ended, as it should
        os.killpg(started.pid, signal.SIGKILL)
    started.communicate()


def until_it_measures(counted: Path, started: subprocess.Popen[str]) -> None:
    """Wait for quality's turn; until it ends, nobody is told anything."""
    while started.poll() is None and "evaluation" not in _read(counted):
        time.sleep(0.02)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def group(started: subprocess.Popen[str]) -> int:
    """How many processes of its group there are."""
    alive = 0
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            is_of_it = os.getpgid(each.pid) == started.pid
            alive += is_of_it and each.status() != psutil.STATUS_ZOMBIE
    return alive


@pytest.mark.parametrize("to_all", [True, False], ids=["terminal", "guard alone"])
def test_an_interrupt_ends_it_once_with_what_was_measured(
    waiting: subprocess.Popen[str], tmp_path: Path, to_all: bool
) -> None:
    """A terminal tells all processes of a group, `kill` one."""
    (os.killpg if to_all else os.kill)(waiting.pid, signal.SIGINT)
    _, errors = waiting.communicate(timeout=60)

    assert 130 == waiting.returncode
    assert "stopped; records of what was measured" in errors
    assert "Traceback" not in errors
    assert not the_one(tmp_path / "out").broken_off


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGKILL", -9)])
def test_who_ends_the_guard_ends_both(
    waiting: subprocess.Popen[str], tmp_path: Path, number: str, code: int
) -> None:
    """Nothing goes on measuring unseen."""
    if number == "SIGKILL" and sys.platform != "linux":
        pytest.skip("only Linux ends a process with the one that started it")
    waiting.send_signal(getattr(signal, number))
    assert code == waiting.wait(timeout=60)
    for _ in range(1000):
        if not group(waiting):
            break
        time.sleep(0.02)

    assert 0 == group(waiting)
    assert the_one(tmp_path / "out").broken_off


def test_two_interrupts_at_once_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal's, and that which the guard passes on: the second must not end what tidies up."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    guarding._take_interrupts_once()
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        now[0] += 2 * guarding.TOGETHER_SECONDS
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


# -- weighin.weigh --------------------------------------------------------------------------------


def test_a_crash_under_a_notebook_costs_as_little(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in importing().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(PLANTED, "c.tflite inference 5 kill")
    monkeypatch.setattr(process, "MODULE", MODULE)
    shown = io.StringIO()
    asked = Asked(
        data=folder / "d.npz",
        runtimes=("litert",),
        pair_seconds=0.05,
        results_dir=tmp_path / "out",
        cache_dir=str(tmp_path / "cache"),
    )

    path = process.weigh([folder / name for name in FILES], asked, Console(file=shown, width=500))

    assert lost("c.tflite", "latency", "speedup") == statuses(store.load(path))
    assert [path] == list((tmp_path / "out").glob("*.json"))
    assert "was ended by SIGKILL, for lack of memory perhaps, while it" in shown.getvalue()


# -- what a guard decides -------------------------------------------------------------------------

AT: dict[str, Any] = {"case": {"model": "m"}, "scope": "inference", "doing": "m: latency"}


def test_only_what_ends_it_at_a_cell_lets_another_go_on() -> None:
    guard = Guard()
    guard.learn(AT)
    assert not guard.goes_on(-11), "there is no journal"

    guard.learn({"journal": "run.json"})
    assert not guard.goes_on(-11), "it was at no cell"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        guard.learn(AT)
        assert not guard.goes_on(-number), "somebody meant it"
    guard.learn(AT)
    guard.learn({"case": None})
    assert not guard.goes_on(1), "it was at no cell any more"
    assert [] == guard.crashes

    guard.learn(AT)
    assert guard.goes_on(-11)
    reason = "the process that measures was ended by SIGSEGV while it measured m: latency"
    assert {
        "journal": "run.json",
        "crashes": [{"case": AT["case"], "scope": "inference", "reason": reason}],
    } == guard.told()


def test_what_crashes_again_and_again_is_given_up() -> None:
    guard = Guard()
    guard.learn({"journal": "run.json"})
    went_on = 0
    for _ in range(MOST + 5):
        guard.learn(AT)
        went_on += guard.goes_on(-6)

    assert MOST == went_on
    assert "was ended by SIGABRT; what it had measured is in run.json" in guard.gave_up(-6)


def test_a_process_that_cannot_go_on_is_told_with_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding.Guard, "goes_on", lambda self, code: False)
    for name, value in importing().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(PLANTED, "a.tflite inference 2 segv")
    monkeypatch.setattr(process, "MODULE", MODULE)
    asked = Asked(results_dir=tmp_path / "out", cache_dir=str(tmp_path), runtimes=("litert",))

    with pytest.raises(WeighinError, match=r"SIGSEGV; what it had measured is in .*\.json"):
        process.weigh([write(tmp_path / "a.tflite")], asked, Console(file=io.StringIO()))


# -- commands that go on by themselves ------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "crashes", "code", "starts"),
    [
        (signal.SIGSEGV, 2, 1, 3),  # and then it answers
        (signal.SIGSEGV, 99, 128 + signal.SIGSEGV, guarding.MOST + 1),
        (signal.SIGTERM, 99, 128 + signal.SIGTERM, 1),  # somebody wants it to end
    ],
)
def test_a_command_that_goes_on_by_itself_is_started_again_where_it_crashed(
    tmp_path: Path, number: int, crashes: int, code: int, starts: int
) -> None:
    started = tmp_path / "started"
    program = (
        "import os, sys, pathlib; path, number, crashes = sys.argv[1:];"
        "path = pathlib.Path(path); path.open('a').write('x');"
        "os.kill(os.getpid(), int(number)) if len(path.read_text()) <= int(crashes) else None;"
        "sys.exit(1)"
    )
    words = [str(started), str(int(number)), str(crashes)]

    assert code == guarding.repeated([sys.executable, "-S", "-c", program, *words])
    assert starts == len(started.read_text())


def test_a_search_whose_native_code_crashes_goes_on(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """The command itself is what is guarded: it ends with its own exit code."""
    started = tmp_path / "started"
    program = (
        "import os, pathlib, sys; from weighin.__main__ import main;"
        f"path = pathlib.Path({str(started)!r});"
        "guarded = 'WEIGHIN_GUARDED' in os.environ;"
        "guarded and path.open('a').write('x');"
        "os.kill(os.getpid(), 11) if guarded and path.read_text() == 'x' else None; main()"
    )
    words = ["search", "missing.tflite", "--within", "1"]
    ran = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (2, "xx") == (ran.returncode, started.read_text())
    assert "was ended by SIGSEGV: another goes on" in ran.stderr
    assert "Error: A search tells by data" in ran.stderr
