"""A device as a target, its agent a process of its own."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from helpers import agents

from weighin.core import Skip, SkippedError, WeighinError
from weighin.devices import link, remote
from weighin.files import sha256
from weighin.measure.clock import PlainBenchmark
from weighin.measure.target import ThisMachine
from weighin.outcomes import Arena, Memory
from weighin.records import schema
from weighin.runtimes.litert import LiteRTSession
from weighin.targets import machine

NOT = "not measured"


def sent(tmp_path):
    """The files that an agent keeps."""
    folder = tmp_path / "agent" / "received"
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_device_answers_as_this_machine_does(box, small, monkeypatch):
    """Outputs bit for bit, in however many messages, with what they took there."""
    monkeypatch.setattr(remote, "ASKED_BYTES", 200)
    inputs = agents.examples(small, 50)
    there, here = (target.open(small, "litert", 1) for target in (box, ThisMachine()))
    outputs, wanted = there.predict(inputs), here.predict(inputs)

    assert list(wanted) == list(outputs)
    for name, values in wanted.items():
        np.testing.assert_array_equal(values, outputs[name])
    assert (here.delegated, here.left_out) == (there.delegated, there.left_out)
    assert 0 < there.seconds < 60
    one = {name: values[:1] for name, values in inputs.items()}
    for session in (there, here):
        session.inference(one)()
    for name, values in here.answer().items():
        np.testing.assert_array_equal(values, there.answer()[name])
    there.close()


def test_what_a_runtime_says_of_its_accelerator_comes_over(tmp_path, small, monkeypatch):
    """With a session, and with what was timed."""
    monkeypatch.setattr(LiteRTSession, "accelerated", True, raising=False)
    box = agents.spoilt(tmp_path / "agent")

    assert box.open(small, "litert", 1).accelerated is True
    assert box.inferences(agents.opening(small), PlainBenchmark()).accelerated is True


def test_names_of_the_signature_go_over_the_wire(box, tmp_path):
    """A file that calls its inputs otherwise is asked by the first one's names all the same."""
    small = agents.artifact(tmp_path)
    (given,), (taken,) = small.signature.inputs, small.signature.outputs
    names = {"inputs": {"image": given.name}, "outputs": {"probs": taken.name}}
    signature = small.facts["signature"]
    signature = json.loads(
        json.dumps(signature)
        .replace(f'"{given.name}"', '"image"')
        .replace(f'"{taken.name}"', '"probs"')
    )
    renamed = dataclasses.replace(
        small, facts={"signature": signature, "task": "", "own_names": names}
    )
    opening = agents.opening(renamed)

    assert {"image"} == set(opening.example)
    assert {"probs"} == set(box.open(renamed, "litert", 1).predict(opening.example))
    assert box.pair(opening, opening, seconds=0.05, pin=False).blocks
    assert 1 == len(box.cold_starts(renamed, "litert", 1, opening.example, 1))


def test_everything_is_measured_there(box, small, tmp_path):
    """Inferences over openings, pairs in blocks, cold starts, the cost of a call."""
    larger = agents.artifact(tmp_path, "b.tflite", 4000)
    first, second = agents.opening(larger), agents.opening(small)
    clock = PlainBenchmark()
    inferences = box.inferences(second, clock)
    pair = box.pair(first, second, seconds=0.3, pin=True)
    starts = box.cold_starts(small, "litert", 1, second.example, 2)

    assert 1 == len(clock.stats.stats.data)
    assert len(inferences.seconds) == sum(inferences.openings)
    assert inferences.delegated == ThisMachine().open(small, "litert", 1).delegated
    assert 0 < inferences.fixed_seconds == box.fixed_seconds("litert")
    assert len(pair.blocks) >= 1
    assert pair.speedup.value > 1
    assert 2 == len(starts)
    (answer,) = second.answer.values()
    np.testing.assert_allclose(starts[0].answer, answer.ravel(), rtol=1e-6)
    assert [] == box.cold_starts(small, "litert", 1, second.example, 0)


def test_memory_is_told_there(tmp_path, small, monkeypatch):
    """By the device's own interpreter; an estimate with what it supposes, or why there is none."""
    box = agents.spoilt(tmp_path / "agent")
    told = Memory(
        Arena(24_272, 16_000, 8_272),
        {"u55": (2e-4, "500 MHz"), "u65": Skip("no operator fits the NPU"), "u85": Skip("?", NOT)},
    )
    monkeypatch.setattr(ThisMachine, "memory", lambda self, artifact, runtime: told)

    assert told == box.memory(small, "litert")


def test_files_and_inputs_go_once(box, small, tmp_path, monkeypatch):
    """By digest: not again for another session, another run or another device of one cache."""
    inputs = agents.examples(small)
    box.open(small, "litert", 1).predict(inputs)
    kept = sent(tmp_path)
    assert 2 == len(kept)
    assert f"{small.sha256}.tflite" in kept

    def never(at, n):
        raise AssertionError("it was sent again")

    monkeypatch.setattr(
        link.Blob,
        "of",
        classmethod(lambda cls, each: cls(each.sha256, each.format, each.bytes, never)),
    )
    box.open(small, "litert", 1).predict(inputs)
    another = agents.device(agents.command(tmp_path / "agent"))
    another.open(small, "litert", 1)
    another.close()
    assert kept == sent(tmp_path)


def test_a_file_that_the_agent_let_go_of_is_sent_again(box, small, tmp_path):
    """As its cache is bounded, or was emptied."""
    opening = agents.opening(small)
    box.pair(opening, opening, seconds=0.01, pin=False)
    (tmp_path / "agent" / "received" / f"{small.sha256}.tflite").unlink()

    assert box.pair(opening, opening, seconds=0.01, pin=False).blocks


def test_a_file_that_broke_off_goes_on(box, small, tmp_path, monkeypatch):
    """What is there already is not sent again."""
    monkeypatch.setattr(link, "PART_BYTES", 100)
    folder = tmp_path / "agent" / "received"
    folder.mkdir(parents=True)
    whole = small.path.read_bytes()
    (folder / f"{small.sha256}.tflite.part").write_bytes(whole[:250])
    asked, real = list[int](), link.Blob.of

    def watched(each):
        blob = real(each)
        return dataclasses.replace(blob, read=lambda at, n: asked.append(at) or blob.read(at, n))

    monkeypatch.setattr(link.Blob, "of", watched)
    box.open(small, "litert", 1)

    assert list(range(250, len(whole), 100)) == asked


def test_a_part_of_something_else_is_sent_from_its_beginning(box, small, tmp_path):
    """Its digest tells."""
    folder = tmp_path / "agent" / "received"
    folder.mkdir(parents=True)
    (folder / f"{small.sha256}.tflite.part").write_bytes(b"something else")

    assert box.open(small, "litert", 1).predict(agents.examples(small))


def test_a_runtime_that_a_device_lacks_has_its_own_reason(box, small):
    """TensorFlow is never there; what is defined here alone is not known there."""
    assert box.available("litert") is None
    assert "box: an agent loads no TensorFlow" == box.available("keras-cpu")
    assert "knows no runtime mine" in box.available("mine")
    with pytest.raises(SkippedError, match="box: an agent loads no TensorFlow"):
        box.fixed_seconds("keras-cpu")


def test_what_a_file_is_refused_for_is_told(box, small, tmp_path):
    """By the device's own runtime, once."""
    path = tmp_path / "wrecked.tflite"
    path.write_bytes(b"not a model at all")
    wrecked = dataclasses.replace(small, path=path, sha256=sha256(path), bytes=path.stat().st_size)

    with pytest.raises(WeighinError, match=r"^box: LiteRT cannot open"):
        box.open(wrecked, "litert", 1)
    with pytest.raises(WeighinError, match=r"^box: a fresh process with litert failed"):
        box.cold_starts(wrecked, "litert", 1, agents.examples(small, 1), 1)


def test_what_answers_otherwise_than_when_it_was_checked_is_not_timed(box, small):
    """The agent checks each opening, as this machine does."""
    opening = agents.opening(small)
    other = {name: values + 1 for name, values in opening.answer.items()}
    wrong = dataclasses.replace(opening, answer=other)

    with pytest.raises(WeighinError, match=r"box: .* what this file answered when it was checked"):
        box.inferences(wrong, PlainBenchmark())
    with pytest.raises(WeighinError, match=r"box: .* what this file answered when it was checked"):
        box.pair(opening, wrong, seconds=0.1, pin=False)


def test_a_device_tells_what_it_is(box):
    """Its machine, versions, states before and after; as results files may hold it."""
    assert {} == box.facts()
    box.examine()
    box.close()
    facts = json.loads(json.dumps(box.facts()))

    assert machine.facts() == facts["machine"]
    assert 2 == len(facts["states"])
    schema.check_types({"environment": {"devices": {"box": facts}}, "records": []})


def test_an_agent_loads_no_tensorflow(tmp_path, small):
    """Nothing of it, for all that it does: its memory and start are a small device's."""
    code = (
        "import sys, threading\n"
        "from weighin.devices import operations\n"
        "perform = operations.Operations.perform\n"
        "def watched(self, message, content):\n"
        "    told = perform(self, message, content)\n"
        "    heavy = {'tensorflow', 'keras', 'tf_keras'} & set(sys.modules)\n"
        "    return ({'refused': str(heavy), 'kind': 'failed'}, b'') if heavy else told\n"
        "operations.Operations.perform = watched\n"
        "from weighin.devices.agent import serve\n"
        "from pathlib import Path\n"
        "serve(Path(sys.argv[1]))\n"
    )
    words = ("env", f"PYTHONPATH={agents.ROOT}", sys.executable, "-c", code, str(tmp_path / "c"))
    box = agents.device(words)
    opening = agents.opening(small)

    assert box.open(small, "litert", 1).predict(opening.example)
    assert box.pair(opening, opening, seconds=0.01, pin=False).blocks
    box.close()


def test_what_else_is_printed_there_does_not_come_between(tmp_path, small):
    """Not by Python, not by native code, not by a process that it starts."""
    code = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from weighin.devices import agent, operations\n"
        "perform = operations.Operations.perform\n"
        "def loud(self, message, content):\n"
        "    print('hello'); os.write(1, b'native\\n'); subprocess.run(['echo', 'child'])\n"
        "    assert not sys.stdin.read()\n"
        "    return perform(self, message, content)\n"
        "operations.Operations.perform = loud\n"
        "agent.serve(Path(sys.argv[1]))\n"
    )
    words = ("env", f"PYTHONPATH={agents.ROOT}", sys.executable, "-c", code, str(tmp_path / "c"))
    box = agents.device(words)

    assert box.open(small, "litert", 1).predict(agents.examples(small))
    assert b"" == box._link._transport._incoming.noise
    box.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals on Windows")
def test_a_terminal_in_between_passes_every_byte(tmp_path, small):
    """As of `docker exec -it`: the agent makes it raw before it says that it is ready."""
    spawned = "import pty, sys; pty.spawn(sys.argv[1:])"
    box = agents.device((sys.executable, "-c", spawned, *agents.command(tmp_path / "agent")))

    assert box.open(small, "litert", 1).predict(agents.examples(small, 200))
    box.close()


def agent_process(tmp_path):
    """An agent and the ends of its pipe."""
    return subprocess.Popen(
        agents.command(tmp_path / "agent"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def test_an_agent_ends_with_its_standard_input(tmp_path):
    """It waits for nothing then."""
    process = agent_process(tmp_path)
    assert process.stdout.read(1)
    process.stdin.close()

    assert 0 == process.wait(20)


def test_an_agent_whose_client_goes_stops_measuring(box, small, tmp_path):
    """Else it would disturb what the next one measures."""
    opening = agents.opening(small)
    process = box.examine() and box._link._transport._process
    failed = []

    def ask():
        try:
            box.pair(opening, opening, seconds=30, pin=False)
        except WeighinError as error:
            failed.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    time.sleep(0.5)
    box._link._transport._to_write.put(None)  # its standard input ends

    assert 0 == process.wait(10)
    os.kill(os.getpid(), 0)
    box._link._connect = lambda: (_ for _ in ()).throw(WeighinError("gone"))
    asking.join(10)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system")
def test_what_is_measured_is_measured_alone(box, small, tmp_path):
    """A second agent of the machine waits, and says that it lives, until the first is done."""
    opening = agents.opening(small)
    other = agents.device(agents.command(tmp_path / "agent"), name="other")
    from filelock import FileLock

    box.examine()
    with FileLock(tmp_path / "agent" / "measuring.lock"):
        done = []
        asking = threading.Thread(
            target=lambda: done.append(box.pair(opening, opening, seconds=0.01, pin=False))
        )
        asking.start()
        asking.join(1.0)
        assert not done
        assert other.open(small, "litert", 1)  # what is not timed need not wait
    asking.join(20)
    assert done
    other.close()
