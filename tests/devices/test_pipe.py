"""The pipe to an agent: commands that run none, agents that hang, die or speak wrongly."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import re
import signal
import subprocess
import sys

import pytest
from helpers import agents

from weighin.core import WeighinError
from weighin.devices import pipe
from weighin.devices.pipe import Pipe
from weighin.devices.wire import LinkError, VersionError

LARGE = bytes(range(256)) * 2000  # more than any pipe holds


def ask(fault, *, silent=agents.SILENT, seconds=20.0, content=b""):
    """What an agent with a fault answers."""
    to = Pipe(agents.faulty(fault), silent=silent)
    try:
        return to.ask({"operation": "any"}, content, seconds=seconds)
    finally:
        to.close()


@pytest.mark.parametrize("fault", ["", "banner"])
def test_replies_come_as_they_went(fault):
    """With a banner before and lines in between, which may begin as a message does."""
    assert ({"echo": "x" * 99}, LARGE) == ask(fault, content=LARGE)


def test_signs_of_life_keep_a_slow_one_alive():
    """It takes longer than a silent one is waited for."""
    assert ask("slow", silent=1.0)


def test_but_not_for_longer_than_what_is_asked_may_take():
    """One that lives and never ends is given up, too."""
    with pytest.raises(LinkError, match="it did not answer within 0 s") as caught:
        ask("slow", seconds=0.3)
    assert caught.value.hung


@pytest.mark.parametrize("fault", ["silent", "hangs"])
def test_one_that_hangs_is_given_up(fault):
    """Before it is ready, or after it was asked, though its pipe is full."""
    with pytest.raises(LinkError, match=r"it gave no sign of life for 1\.5 s") as caught:
        ask(fault, silent=1.5, content=LARGE)
    assert caught.value.hung


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crashes", "env ended by signal 6"),
        ("ends half-way", "env ended with 3"),
        ("replies to another", "it answered message 2, not 1"),
        ("replies nothing", "it answered without a reply"),
        ("flips a bit", "a message came damaged: it does not fit its checksum"),
        ("damages line ends", "bytes are changed on the way, as a terminal does: let the command"),
        ("drops the eighth bit", "bytes are changed on the way, as a terminal does"),
        ("NaN", "a message's header is no JSON: JSON is malformed"),
        ("infinity", "a message's header"),
        ("huge", r"it announced a message of 2 and 1,099,511,627,776 bytes, more than may be sent"),
        ("refuses", r"env ended with 1; it said: Permission denied \(publickey\)\."),
        ("endless", r"[\d,]+ bytes came that are no message"),
    ],
)
def test_what_is_wrong_is_said(fault, reason):
    """And may be asked again."""
    with pytest.raises(LinkError) as caught:
        ask(fault, silent=5.0)
    assert re.match(reason, str(caught.value)), str(caught.value)


def test_another_version_is_refused():
    """Asking again would not help; both are said."""
    with pytest.raises(VersionError, match=r"it speaks version 9 .* weighin here version 1: inst"):
        ask("version")


def test_a_command_that_is_none_is_named():
    """With what the system says of it."""
    with pytest.raises(WeighinError, match="no-such-command cannot be run: No such file"):
        Pipe(["no-such-command", "agent"])


def test_what_a_command_says_is_shown_without_what_a_terminal_would_obey():
    """No escape sequences; and no message is made of it."""
    said = "import sys; sys.stdout.write('\\x1b[2J nothing here'); sys.exit(4)"
    with pytest.raises(LinkError) as caught:
        Pipe([sys.executable, "-c", said])
    assert str(caught.value).endswith("ended with 4; it said: ?[2J nothing here")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_command_that_does_not_end_is_ended(monkeypatch):
    """It is told, then killed."""
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    made = []

    class Watched(subprocess.Popen):
        def __init__(self, *args, **options):
            made.append(self)
            super().__init__(*args, **options)

    monkeypatch.setattr(pipe, "ENDING_SECONDS", 0.3)
    monkeypatch.setattr(pipe.subprocess, "Popen", Watched)
    with pytest.raises(LinkError, match="no sign of life"):
        Pipe([sys.executable, "-c", stubborn], silent=1.0)
    assert -signal.SIGKILL == made[0].wait(5)
