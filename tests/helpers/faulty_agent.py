"""An agent with a fault: `python faulty_agent.py FAULT CACHE`; without it it answers as it should.

A fault with `-once` behind its name is gone when the agent is started a second time.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import msgspec

from weighin.devices import wire
from weighin.devices.operations import Operations
from weighin.devices.wire import MAGIC, Incoming, Message, framed

BANNER = b"\r\nWelcome to Debian \x89WEIGHIN\r\nlast login: never\n"  # which begins as a message
MEASURED = ("infer", "pair", "start")


def write(data: bytes) -> None:
    """Write all of it."""
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


def replied(number, reply, content=b""):
    """A reply as it goes over the pipe."""
    return framed(Message({"number": number, "reply": reply}, content))


def main(fault: str, cache: Path) -> None:
    """Serve, but for the fault."""
    mark = cache / "was-there"
    if fault.endswith("-once"):
        fault = "" if mark.exists() else fault.removesuffix("-once")
    cache.mkdir(parents=True, exist_ok=True)
    mark.touch()
    if fault == "silent":
        time.sleep(600)
    if fault == "refuses":
        sys.exit("Permission denied (publickey).")
    if fault == "banner":
        write(BANNER)
    if fault == "endless":
        while True:
            write(b"y\n" * 5000)
    if fault == "version":
        wire.PROTOCOL = 9
    write(framed(Message({"number": 0, "ready": True})))
    operations, incoming = Operations(cache), Incoming()
    while data := os.read(0, 1 << 16):
        incoming.feed(data)
        for message in incoming.messages():
            serve(fault, message, operations)


def serve(fault: str, message: Message, operations: Operations) -> None:
    """Answer one message, with the fault."""
    number, asked = message.header["number"], dict(message.header["message"])
    if fault == "banner":
        write(b"You have new mail.\n")
    if fault == "hang" and asked["operation"] in MEASURED:
        time.sleep(600)
    if fault == "slow" and asked["operation"] in MEASURED:
        for _ in range(8):
            time.sleep(0.25)
            write(framed(Message({"number": number, "alive": True})))
    if fault == "crash" and asked["operation"] in MEASURED:
        os.abort()
    reply, content = operations.perform(asked, message.content)
    reply, content = FAULTS.get(fault, unchanged)(asked["operation"], reply, content)
    if fault == "full" and asked["operation"] == "store":
        reply, content = {"refused": "No space left on device", "kind": "failed"}, b""
    if fault == "damages" and asked["operation"] == "store":
        reply, content = {"refused": "what came has another digest", "kind": "lacks"}, b""
    whole = bytearray(replied(number, reply, content))
    if asked["operation"] in MEASURED:
        if fault == "number":
            whole = bytearray(replied(number + 1, reply, content))
        if fault == "flip":
            whole[len(whole) // 2] ^= 1
        if fault.startswith("half"):
            write(bytes(whole[: len(whole) // 2]))
            sys.exit(3)
        if fault == "nan":
            text = msgspec.json.encode({"number": number, "reply": reply})
            at = text.index(b'"seconds":[') + len(b'"seconds":[')
            whole = bytearray(packed(text[:at] + b"NaN," + text[at:]))
        if fault == "huge":
            lengths = wire._LENGTHS.pack(wire.PROTOCOL, 10, 2**40)
            whole = bytearray(MAGIC + lengths + wire.zlib.crc32(lengths).to_bytes(4, "big"))
    write(bytes(whole))


def packed(header: bytes) -> bytes:
    """A message of a header that is made by hand."""
    lengths = wire._LENGTHS.pack(wire.PROTOCOL, len(header), 0)
    body = lengths + wire.zlib.crc32(lengths).to_bytes(4, "big") + header
    return MAGIC + body + wire._digest(body)


def unchanged(operation, reply, content):
    """No fault of this kind."""
    return reply, content


def other_weighin(operation, reply, content):
    """An agent of a later weighin, whose facts have other fields."""
    if operation == "facts":
        reply = {"weighin": "9.9", "all": "else"}
    return reply, content


def changing(**values):
    """Other values in what was measured."""

    def change(operation, reply, content):
        if operation in MEASURED:
            reply = {**reply, **values}
        return reply, content

    return change


def of_predict(change):
    """Other arrays in answers."""

    def changed(operation, reply, content):
        return change(reply, content) if operation == "predict" else (reply, content)

    return changed


FAULTS = {
    "weighin": other_weighin,
    "negative": changing(seconds=[-1.0, 1.0]),
    "zero": changing(seconds=[0.0]),
    "miscounted": changing(openings=[7]),
    "words": changing(seconds="none"),
    "none": changing(seconds=[]),
    "more": changing(path="/etc/passwd"),
    "reasonless": lambda operation, reply, content: (
        ({"refused": 7}, b"") if operation in MEASURED else (reply, content)
    ),
    "object": of_predict(
        lambda reply, content: (
            {**reply, "outputs": [{**reply["outputs"][0], "dtype": "|O"}]},
            content,
        )
    ),
    "short": of_predict(lambda reply, content: (reply, content[:-4])),
    "vast": of_predict(
        lambda reply, content: (
            {**reply, "outputs": [{**reply["outputs"][0], "shape": [2**39, 2**39]}]},
            content,
        )
    ),
}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
