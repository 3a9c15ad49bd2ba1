"""What agents answer is checked; where a link fails it is asked again, as often as makes sense."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import os
import random
import re
import signal
import threading

import numpy as np
import pytest
from helpers import agents

from weighin.core import WeighinError
from weighin.devices import link, remote
from weighin.devices.wire import LinkError
from weighin.measure.clock import PlainBenchmark
from weighin.measure.target import ThisMachine


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    """Faults of fakes last; who waits for them to go away waits in vain."""
    monkeypatch.setattr(link, "PAUSES", (0.01, 0.01))


def inferences(box, small):
    """Single inferences."""
    return box.inferences(agents.opening(small), PlainBenchmark())


def pair(box, small):
    """A file beside itself."""
    return box.pair(*[agents.opening(small)] * 2, seconds=0.01, pin=False)


def starts(box, small):
    """Two cold starts."""
    return box.cold_starts(small, "litert", 1, agents.examples(small, 1), 2)


def predict(box, small):
    """Answers to four examples."""
    return box.open(small, "litert", 1).predict(agents.examples(small))


def changing(operation, **values):
    """Other values in one operation's reply, or others made of them."""

    def spoil(asked, reply, content):
        if asked == operation:
            told = {
                key: value(reply.get(key)) if callable(value) else value
                for key, value in values.items()
            }
            reply = {**reply, **told}
        return reply, content

    return spoil


def output(**values):
    """Another description of the first output."""
    return changing("predict", outputs=lambda told: [{**told[0], **values}])


SLOW = "it tells times of .* s together, and answered within .* s: its clock is wrong"
SPOILT = {
    "negative": (inferences, changing("infer", seconds=[-1.0]), r"`float` > 0"),
    "zero": (inferences, changing("infer", seconds=[0.0]), r"`float` > 0"),
    "no number": (inferences, changing("infer", seconds=[None]), "Expected `float`, got `null`"),
    "not finite": (inferences, changing("infer", seconds=[float("nan")]), "is not finite"),
    "miscounted": (inferences, changing("infer", openings=[7]), r"\d+ inferences of 7$"),
    "a word": (inferences, changing("infer", seconds="none"), "Expected `array`, got `str`"),
    "nothing": (inferences, changing("infer", seconds=[]), "length >= 1"),
    "a field more": (pair, changing("pair", path="/etc/passwd"), "unknown field `path`"),
    "one side": (pair, changing("pair", blocks=[[1.0]]), "length 2"),
    "no word of ours": (pair, changing("pair", stopped="maybe"), "Invalid enum value 'maybe'"),
    "no blocks": (pair, changing("pair", blocks=[]), "length >= 1"),
    "one start": (starts, changing("start", runs=lambda told: told[:1]), "1 cold starts where 2"),
    "no memory": (
        starts,
        changing("start", runs=[{"seconds": 1.0, "peak_bytes": -1, "answer": []}]),
        "`int` >= 0",
    ),
    "a reason of numbers": (pair, changing("pair", refused=7), "unknown field|got `int`"),
    "an object": (predict, output(dtype="|O"), "Invalid enum value"),
    "vast": (predict, output(shape=[2**39, 2**39]), "describes arrays of"),
    "fewer": (predict, output(shape=[3, 3]), "describes arrays of 36 bytes and holds 48"),
    "kept less": (predict, changing("store", bytes=1, whole=False), "holds 1 bytes where"),
    "kept more": (predict, changing("store", bytes=10**9), "holds 1,000,000,000 bytes"),
    "never whole": (predict, changing("store", whole=False), "holds not the whole"),
    "milliseconds": (
        inferences,
        changing("infer", seconds=lambda told: [1e3 * s for s in told]),
        SLOW,
    ),
    "milliseconds of blocks": (
        pair,
        changing("pair", blocks=lambda told: [[1e6, 1e6] for _ in told]),
        SLOW,
    ),
    "milliseconds of starts": (
        starts,
        changing("start", runs=lambda told: [{**run, "seconds": 1e5} for run in told]),
        SLOW,
    ),
    "milliseconds of answers": (predict, changing("predict", seconds=1e4), SLOW),
    "no machine": (pair, changing("facts", machine={}), "missing required field"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_answered_wrongly_is_refused(tmp_path, small, spoilt):
    """With what is wrong, at once: it would be wrong again."""
    ask, spoil, reason = SPOILT[spoilt]
    box = agents.spoilt(tmp_path / "agent", spoil)

    with pytest.raises(WeighinError) as caught:
        ask(box, small)
    assert re.match(rf"box answered wrongly: .*{reason}", str(caught.value)), str(caught.value)


@pytest.mark.parametrize("ask", [inferences, pair, starts, predict])
def test_without_a_fault_it_answers(tmp_path, small, ask):
    """So that the faults above are what is refused."""
    assert ask(agents.spoilt(tmp_path / "agent"), small)


def failing(operation, times, hung=False):
    """A link that fails so many times when an operation is asked."""
    failed = []

    def spoil(asked, reply, content):
        if asked == operation and len(failed) < times:
            failed.append(asked)
            raise LinkError("the link broke", hung=hung)
        return reply, content

    return spoil, failed


@pytest.mark.parametrize("ask", [inferences, pair, starts, predict])
def test_a_link_that_failed_is_made_anew_and_the_whole_asked_again(tmp_path, small, ask):
    """Sessions are opened anew, for those of before are gone with their agent."""
    operation = {inferences: "infer", starts: "start"}.get(ask, ask.__name__)
    spoil, failed = failing(operation, link.TRIES - 1)

    assert ask(agents.spoilt(tmp_path / "agent", spoil), small)
    assert link.TRIES - 1 == len(failed)


@pytest.mark.parametrize(("hung", "tries"), [(False, link.TRIES), (True, link.TRIES_HUNG)])
def test_one_that_keeps_failing_is_given_up(tmp_path, small, hung, tries):
    """The next row tries anew."""
    spoil, failed = failing("pair", tries, hung)
    box = agents.spoilt(tmp_path / "agent", spoil)

    with pytest.raises(LinkError, match=rf"^box: the link broke \(tried {tries} times\)$"):
        pair(box, small)
    assert tries == len(failed)
    assert pair(box, small)


def test_an_agent_of_another_weighin_is_refused(tmp_path, small):
    """Both are said; its other facts, which may mean something else, are not looked at."""
    box = agents.spoilt(tmp_path, lambda asked, reply, content: ({"weighin": "9.9"}, b""))

    with pytest.raises(WeighinError, match=r"^box: weighin 9\.9 is there and 0\.\S+ here: install"):
        pair(box, small)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"refused": "No space left on device", "kind": "failed"}, "box: No space left on device"),
        ({"refused": "it has another digest", "kind": "lacks"}, "box: it has another digest"),
    ],
)
def test_a_device_that_cannot_keep_a_file_says_why(tmp_path, small, reply, reason):
    """After it was sent twice, where that may help."""

    class Refusing(agents.InProcess):
        def ask(self, message, content=b"", *, seconds):
            if message["operation"] == "store":
                return reply, b""
            return super().ask(message, content, seconds=seconds)

    box = agents.Device("box", lambda: Refusing(tmp_path / "agent"))
    with pytest.raises(WeighinError, match=rf"^{reason}$"):
        pair(box, small)


def test_what_cannot_be_reached_is_not_waited_for_by_every_row(small, monkeypatch):
    """For a while it has the same reason at once; then it is tried again."""
    tries, now = [], [1000.0]
    box = agents.device(("no-such-command",))
    real = box._link._connect
    monkeypatch.setattr(box._link, "_connect", lambda: tries.append(1) or real())
    monkeypatch.setattr(link.time, "monotonic", lambda: now[0])
    for _ in range(3):
        with pytest.raises(WeighinError, match=r"^box: no-such-command cannot be run: No such"):
            pair(box, small)
    assert 1 == len(tries)

    now[0] += link.DOWN_SECONDS
    with pytest.raises(WeighinError, match=r"^box: no-such-command cannot be run"):
        pair(box, small)
    assert 2 == len(tries)
    assert box.available("litert") is None  # no reason to skip: its rows fail with theirs


def test_another_machine_under_the_same_name_is_refused(tmp_path, small):
    """As of a name that stands for one of several."""
    box = agents.spoilt(tmp_path / "agent")
    box.examine().machine.cpu = "another"
    box._link._drop()

    with pytest.raises(WeighinError, match="box: another machine answers than before"):
        pair(box, small)


def test_two_devices_at_once(tmp_path, small):
    """Each has its own agent; one that dies does not disturb the other."""
    opening = agents.opening(small)
    good = agents.device(agents.command(tmp_path / "one"), name="good")
    bad = agents.device(agents.faulty("crashes"), name="bad")
    told = {}

    def ask(device):
        try:
            told[device.name] = device.pair(opening, opening, seconds=0.1, pin=False)
        except WeighinError as error:
            told[device.name] = str(error)

    asking = [threading.Thread(target=ask, args=(each,)) for each in (good, bad)]
    for each in asking:
        each.start()
    for each in asking:
        each.join(60)
    good.close()
    bad.close()
    assert told["good"].blocks
    assert told["bad"].startswith("bad: env ended by signal 6")


KILLED = 20


def test_an_agent_that_is_killed_at_any_moment_loses_nothing(box, small, monkeypatch):
    """Every answer is right, or its reason says that the agent ended; and the next is right."""
    monkeypatch.setattr(link, "PART_BYTES", 200)
    monkeypatch.setattr(remote, "ASKED_BYTES", 400)
    inputs, opening = agents.examples(small, 30), agents.opening(small)
    (wanted,) = ThisMachine().open(small, "litert", 1).predict(inputs).values()
    generator, done, kills = random.Random(17), threading.Event(), []

    def kill():
        while len(kills) < KILLED and not done.wait(generator.uniform(0.02, 0.25)):
            transport = box._link._transport
            if transport is not None and transport._process.poll() is None:
                kills.append(1)
                os.kill(transport._process.pid, signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    right, reasons = 0, []
    while killing.is_alive():
        try:
            (answers,) = box.open(small, "litert", 1).predict(inputs).values()
            blocks = box.pair(opening, opening, seconds=0.02, pin=False).blocks
        except WeighinError as error:
            reasons.append(str(error))
            box._link._down = (0.0, "")
        else:
            np.testing.assert_array_equal(wanted, answers)
            assert blocks
            right += 1
    done.set()
    killing.join()
    (answers,) = box.open(small, "litert", 1).predict(inputs).values()

    np.testing.assert_array_equal(wanted, answers)
    assert KILLED == len(kills)
    assert all("box: env ended by signal 9" in reason for reason in reasons), reasons
