"""Devices over real sshd in network namespaces of their own, one on a slow and lossy link."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import shlex
import threading
import time

import pytest
from helpers import agents, network

from weighin.core import WeighinError
from weighin.devices import link
from weighin.measure.clock import PlainBenchmark
from weighin.measure.target import ThisMachine

LACKING = network.lacking()
pytestmark = pytest.mark.skipif(LACKING is not None, reason=LACKING or "")
DELAY = 2 * network.Slow().seconds  # that the slow link takes for what goes and comes back


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """A near one, and one behind a slow and lossy link."""
    folder = tmp_path_factory.mktemp("ssh")
    with network.network(folder, {"near": None, "far": network.Slow()}) as made:
        yield made


@pytest.fixture
def over_ssh(hosts, tmp_path):
    """Devices whose agents are started over ssh by a login that says hello first."""
    made = []

    def device(name, timeout=agents.SILENT):
        agent = shlex.join(agents.command(tmp_path / name))
        words = hosts[name].ssh(f"echo 'Welcome to {name}!'; {agent}")
        made.append(agents.device(words, timeout, name))
        return made[-1]

    yield device
    for each in made:
        each.close()


def files(tmp_path):
    """A file, and one with some hundred times its work."""
    return agents.artifact(tmp_path, "quick.tflite"), agents.artifact(tmp_path, "slow.tflite", 9000)


def test_the_wire_adds_nothing_to_a_time(over_ssh, tmp_path):
    """Over a link that takes 100 ms, microseconds are microseconds; and the verdict is the same."""
    far, (quick, slow) = over_ssh("far"), files(tmp_path)
    first, second = agents.opening(slow), agents.opening(quick)
    inferences = far.inferences(second, PlainBenchmark())
    pair = far.pair(first, second, seconds=0.3, pin=False)
    here = ThisMachine().pair(first, second, seconds=0.3, pin=False)
    session = far.open(quick, "litert", 1)
    session.predict(second.example)
    began = time.perf_counter()
    far._link.exchange(link.messages.Look(), link.State)
    trip = time.perf_counter() - began

    assert trip >= DELAY  # so the link was slow indeed
    assert sorted(inferences.seconds)[len(inferences.seconds) // 2] < DELAY / 10
    assert max(sorted(each)[0] for each in zip(*pair.blocks, strict=True)) < DELAY / 10
    assert session.seconds < DELAY / 10
    assert pair.speedup.value > 3 < here.speedup.value  # it is about 26 wherever it is measured


def test_two_devices_at_once_one_of_them_far(over_ssh, tmp_path):
    """Each answers as this machine does, whatever its link loses."""
    (_, slow), told = files(tmp_path), {}
    inputs = agents.examples(slow, 20)

    def ask(name):
        told[name] = over_ssh(name).open(slow, "litert", 1).predict(inputs)

    asking = [threading.Thread(target=ask, args=(name,)) for name in ("near", "far")]
    for each in asking:
        each.start()
    for each in asking:
        each.join(120)
    wanted = ThisMachine().open(slow, "litert", 1).predict(inputs)

    for name in ("near", "far"):
        assert all((told[name][key] == values).all() for key, values in wanted.items())


def test_a_link_that_breaks_while_it_is_measured_is_made_anew(over_ssh, hosts, tmp_path):
    """The pair is measured again, whole; nothing is sent twice."""
    near, (quick, _) = over_ssh("near"), files(tmp_path)
    opening, told = agents.opening(quick), []
    near.open(quick, "litert", 1)
    asking = threading.Thread(
        target=lambda: told.append(near.pair(opening, opening, seconds=0.5, pin=False))
    )
    asking.start()
    time.sleep(0.2)
    hosts["near"].set_link("down")
    try:
        deadline = time.monotonic() + 60
        while near._link._transport is not None and time.monotonic() < deadline:
            if near._link._transport._process.poll() is not None:
                break
            time.sleep(0.05)
    finally:
        hosts["near"].set_link("up")
    asking.join(60)

    assert told
    assert told[0].blocks
    assert 2 <= near._link.generation


def test_what_ssh_says_is_the_reason(hosts):
    """A host that lets nobody in, a command that is not there."""
    refused = list(hosts["near"].ssh("weighin", "agent"))
    refused[refused.index("-i") + 1] = "/nonexistent/key"
    box = agents.device(refused)
    with pytest.raises(WeighinError, match=r"box: ip ended with 255; it said: .*Permission"):
        box.examine()

    missing = agents.device(hosts["near"].ssh("no-such-weighin", "agent"))
    with pytest.raises(WeighinError, match=r"ended with 127; it said: .*not found"):
        missing.examine()
