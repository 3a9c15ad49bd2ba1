"""An agent with a fault that its link has: `python faulty_agent.py FAULT`; it does nothing else.

It echoes what it is told; a fault is in how it says that.
"""

from __future__ import annotations

import os
import sys
import time
import zlib

from weighin.devices import wire
from weighin.devices.wire import MAGIC, Incoming, Message, framed

BANNER = b"\r\nWelcome to Debian \x89WEIGHIN\r\nlast login: never\n"  # which begins as a message


def write(data: bytes) -> None:
    """Write all of it."""
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


def packed(header: bytes, of_content: int = 0) -> bytes:
    """A message of a header that is made by hand."""
    lengths = wire._LENGTHS.pack(wire.PROTOCOL, len(header), of_content)
    body = lengths + zlib.crc32(lengths).to_bytes(4, "big") + header
    return MAGIC + body + wire._digest(body)


def main(fault: str) -> None:
    """Serve, but for the fault."""
    if fault == "silent":
        time.sleep(600)
    if fault == "refuses":
        os.write(2, b"INFO: nothing to see here\nPermission denied (publickey).\nINFO: bye\n")
        sys.exit(1)
    if fault == "banner":
        write(BANNER)
    while fault == "endless":
        write(b"y\n" * 5000)
    if fault == "version":
        wire.PROTOCOL = 9
    write(framed(Message({"number": 0, "ready": True})))
    incoming = Incoming()
    while data := os.read(0, 1 << 16):
        incoming.feed(data)
        for message in incoming.messages():
            answer(fault, message)


def answer(fault: str, message: Message) -> None:
    """Answer one message, with the fault."""
    number = message.header["number"]
    reply = framed(Message({"number": number, "reply": {"echo": "x" * 99}}, message.content))
    if fault == "banner":
        write(b"You have new mail.\n")
    elif fault == "hangs":
        time.sleep(600)
    elif fault == "slow":
        for _ in range(6):
            time.sleep(0.2)
            write(framed(Message({"number": number, "alive": True})))
    elif fault == "crashes":
        os.abort()
    elif fault == "replies to another":
        reply = framed(Message({"number": number + 1, "reply": {}}))
    elif fault == "replies nothing":
        reply = framed(Message({"number": number}))
    elif fault == "flips a bit":
        changed = bytearray(reply)
        changed[len(changed) // 2] ^= 1
        reply = bytes(changed)
    elif fault == "ends half-way":
        write(reply[: len(reply) // 2])
        sys.exit(3)
    elif fault == "NaN":
        reply = packed(b'{"number": %d, "reply": {"seconds": NaN}}' % number)
    elif fault == "infinity":
        reply = packed(b'{"number": %d, "reply": {"seconds": 1e999}}' % number)
    elif fault == "huge":
        reply = packed(b"{}", 2**40)
    elif fault == "damages line ends":
        reply = reply.replace(b"\n", b"\r\n")
    elif fault == "drops the eighth bit":
        reply = bytes(byte & 0x7F for byte in reply)
    write(reply)


if __name__ == "__main__":
    main(sys.argv[1])
