"""A process that measures, and one that guards it: native code that crashes costs one cell.

The one that measures tells, as lines of JSON, which file is its journal and which cell's turn it
is. If it is ended while it measures a cell, another goes on from the journal, and leaves that cell
out. The guard imports nothing that takes time, and does nothing meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighin.job.run import Run
    from weighin.job.weighing import Asked
    from weighin.measure.cell import Cell

MOST = 16  # crashes of one run, after each of which another process goes on
GUARDED = "WEIGHIN_GUARDED"  # the environment variable that tells a process that it is
MEANT = tuple(  # signals by which somebody ends a process that does nothing wrong
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
)
TOGETHER_SECONDS = 0.5  # within which two interrupts are one: a terminal's, and passed on
_SHOW_CURSOR = "\x1b[?25h"  # which the bar of a process that crashed has hidden


@dataclasses.dataclass
class Guarded:
    """The process that measures, as it tells of itself; by default nobody guards it.

    Attributes:
        tell: takes what is told, by name.
        journal: of the process that it goes on from, if there was one.
        crashes: what that was at when it was ended, and what others were before.
    """

    tell: Callable[..., None] = lambda **event: None
    journal: str = ""
    crashes: Sequence[Mapping[str, Any]] = ()

    def resuming(self, asked: Asked) -> Asked:
        """What is asked, going on from that journal."""
        return dataclasses.replace(asked, resume=Path(self.journal)) if self.journal else asked

    def begun(self, run: Run) -> None:
        """The run has a journal: that which it goes on from is in it, and no longer needed."""
        from weighin.core import Case

        for crash in self.crashes:
            run.context.crashes[Case(**crash["case"]), crash["scope"]] = crash["reason"]
        self.tell(journal=str((run.path or Path()).absolute()))
        if self.journal and run.path is not None and not run.unwritten:
            Path(self.journal).unlink(missing_ok=True)

    def at(self, cell: Cell, doing: str) -> None:
        """It is a cell's turn."""
        self.tell(case=dataclasses.asdict(cell.case), scope=cell.scope, doing=doing)

    def over(self) -> None:
        """No cell is measured any more."""
        self.tell(case=None)


class Guard:
    """What is known of the process that measures by what it tells.

    Attributes:
        journal: its file, as soon as it has one.
        crashes: what each process that was ended was at: case, scope and the reason.
        meant: the signal by which somebody wants the run to end; 0 if nobody does.
        process: the one that measures, or the last that did.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.journal, self.meant = "", 0
        self.crashes: list[dict[str, Any]] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._at: Mapping[str, Any] | None = None

    def learn(self, event: Mapping[str, Any]) -> None:
        """Take what it tells."""
        if "journal" in event:
            self.journal = event["journal"]
        elif "case" in event:
            self._at = event if event["case"] is not None else None

    def goes_on(self, code: int) -> bool:
        """Whether another process is to go on where this one was ended.

        Args:
            code: by which it ended, the negative number of a signal.
        """
        at, self._at = self._at, None
        if at is None or self.meant or -code in MEANT or not self.journal:
            return False
        reason = f"the process that measures {ended_by(code)} while it measured {at['doing']}"
        self.crashes.append({"case": at["case"], "scope": at["scope"], "reason": reason})
        return len(self.crashes) <= MOST

    def told(self) -> dict[str, Any]:
        """What the next process is told."""
        return {"journal": self.journal, "crashes": self.crashes}

    def gave_up(self, code: int) -> str:
        """That no other process goes on, and what there is."""
        left = f"; what it had measured is in {self.journal}" if self.journal else ""
        return f"the process that measures {ended_by(code)}{left}"


def ended_by(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    memory = ", for lack of memory perhaps," if -code == getattr(signal, "SIGKILL", 0) else ""
    return f"was ended by {name}{memory}"


def here() -> Guarded:
    """This process, as far as it is guarded; what it starts itself is not."""
    told = os.environ.pop(GUARDED, "")
    if not told:
        return Guarded()
    orders = json.loads(told)
    os.set_inheritable(orders["pipe"], False)
    pipe = os.fdopen(orders["pipe"], "w", encoding="utf-8")
    _end_with_guard()
    _take_interrupts_once()

    def tell(**event: Any) -> None:
        try:
            pipe.write(json.dumps(event) + "\n")
            pipe.flush()
        except BrokenPipeError:  # the guard was killed, which was meant for both
            os.kill(os.getpid(), signal.SIGKILL)

    return Guarded(tell, orders["journal"], orders["crashes"])


def guarded(command: Sequence[str]) -> int:
    """Run a command that measures under this process's guard; its exit code, 128 + n of a signal.

    Args:
        command: a program and its words, which finds out by `here` that it is guarded.
    """
    guard = Guard()
    with _passing_on(guard):
        while True:
            code = _run(command, guard)
            if not guard.goes_on(code):
                break
            _say(f"{guard.crashes[-1]['reason']}: another goes on without it")
    if code < 0 and -code not in MEANT:
        _say(f"Error: {guard.gave_up(code)}")
    return code if code >= 0 else 128 - code


def repeated(command: Sequence[str]) -> int:
    """Run a command again where it crashed, which goes on by itself; its exit code as of `guarded`.

    Args:
        command: a program and its words, which notes what it is at and leaves out what crashes.
    """
    guard = Guard()
    with _passing_on(guard):
        for left in reversed(range(MOST + 1)):
            code = _run(command, guard)
            if code >= 0 or guard.meant or -code in MEANT:
                break
            _say(f"the process {ended_by(code)}{': another goes on' if left else ''}")
    return code if code >= 0 else 128 - code


def _say(text: str) -> None:
    print(f"{_SHOW_CURSOR * sys.stderr.isatty()}{text}", file=sys.stderr, flush=True)  # noqa: T201


@contextlib.contextmanager
def _passing_on(guard: Guard) -> Iterator[None]:
    """While it lasts, a signal that ends a program goes to the one that measures, which is meant.

    Ignored ones stay so, as in a shell's background jobs; afterwards all are as they were.
    """

    def pass_on(number: int, frame: object) -> None:
        guard.meant = number
        if guard.process is not None:
            guard.process.send_signal(number)

    handled = (n for n in MEANT if signal.getsignal(n) not in (signal.SIG_IGN, None))
    before = {number: signal.signal(number, pass_on) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(command: Sequence[str], guard: Guard) -> int:
    """Run the command once, and learn what it tells; its exit code."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    orders = json.dumps(guard.told() | {"pipe": writing})
    guard.process = subprocess.Popen(
        command, env={**os.environ, GUARDED: orders}, pass_fds=[writing]
    )
    os.close(writing)
    if guard.meant:  # while it was being started
        guard.process.send_signal(guard.meant)
    for line in _lines(reading):
        with contextlib.suppress(ValueError):  # of a line that was being written, no more
            guard.learn(json.loads(line))
    return guard.process.wait()


def _lines(reading: int) -> Iterator[bytes]:
    """Lines from a pipe until its other end is closed.

    A signal that comes just before a read begins would not be handled until the next line comes;
    so what is waited for is either.
    """
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    before = signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    rest = b""
    try:
        while True:
            ready, _, _ = select.select([reading, woken], [], [])
            if woken in ready:
                os.read(woken, 512)
            if reading not in ready:
                continue
            content = os.read(reading, 1 << 16)
            if not content:
                return
            *lines, rest = (rest + content).split(b"\n")
            yield from lines
    finally:
        signal.set_wakeup_fd(before)
        for end in (reading, woken, waking):
            os.close(end)


def _end_with_guard() -> None:
    """Let the system end this process when its guard is killed; only Linux does that."""
    if sys.platform != "linux":
        return
    import ctypes

    PR_SET_PDEATHSIG = 1  # noqa: N806 - as Linux's prctl(2) calls it
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _take_interrupts_once() -> None:
    """A terminal interrupts both processes, and the guard passes on what it gets."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        return
    last = -TOGETHER_SECONDS

    def interrupt(number: int, frame: object) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= TOGETHER_SECONDS:
            last = now
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
