r"""Messages over a pipe: versioned, bounded, checked; whatever else comes along is passed over.

A message is a header, an object of JSON, and a block of bytes:

    magic  version u8 | bytes of header u32 | of content u64 | crc32 of these u32 | header |
    content | BLAKE2b-128 of all after the magic

in network byte order. The magic is made like PNG's: a link that changes line ends or drops the
eighth bit does not let it through, so that nothing is taken for a message there.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from weighin.core import WeighinError

MAGIC = b"\x89WEIGHIN\r\n\x1a\n"
PROTOCOL = 1  # of the messages and all that they mean: another one is refused
MOST_HEADER = 4_000_000  # bytes
MOST_CONTENT = 512_000_000
MOST_NOISE = 1_000_000  # bytes between two messages that are none: a banner, what a shell says
KEPT_NOISE = 2_000  # of these that a reason may quote
_CHANGED = (  # what becomes of the magic on links that do not pass every byte as it is
    MAGIC.replace(b"\n", b"\r\n"),
    MAGIC.replace(b"\r\n", b"\n"),
    bytes(byte & 0x7F for byte in MAGIC),
)
_HEAD = struct.Struct(">BIQI")
_LENGTHS = struct.Struct(">BIQ")
_DIGEST = 16


class LinkError(WeighinError):
    """What is between here and there failed; what was asked may be asked again.

    Attributes:
        hung: whether it was given up for silence, rather than broken.
    """

    def __init__(self, reason: str, *, hung: bool = False) -> None:
        """Take the reason."""
        super().__init__(reason)
        self.hung = hung


class VersionError(WeighinError):
    """The other side speaks another version; asking again would not help."""


@dataclass(frozen=True)
class Message:
    """What one side tells the other."""

    header: Mapping[str, Any]
    content: bytes = b""


def framed(message: Message) -> bytes:
    """A message as it goes over the pipe.

    Raises:
        WeighinError: if it is larger than the other side would take.
    """
    header = msgspec.json.encode(message.header)
    if len(header) > MOST_HEADER or len(message.content) > MOST_CONTENT:
        raise WeighinError(
            f"a message of {len(header):,} and {len(message.content):,} bytes is larger than may "
            f"be sent ({MOST_HEADER:,} and {MOST_CONTENT:,})"
        )
    lengths = _LENGTHS.pack(PROTOCOL, len(header), len(message.content))
    body = b"".join((lengths, zlib.crc32(lengths).to_bytes(4, "big"), header, message.content))
    return b"".join((MAGIC, body, _digest(body)))


class Incoming:
    """Bytes as they come in, and the messages among them.

    Attributes:
        noise: the last bytes that were no message, for reasons.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.noise = b""
        self._buffer = bytearray()
        self._passed_over = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._buffer += data

    def messages(self) -> Iterator[Message]:
        """The messages that are whole by now.

        Raises:
            LinkError: if what came is damaged, or larger than anything that is sent.
            VersionError: if it is of another version.
        """
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Message | None:
        self._pass_over()
        start = len(MAGIC) + _HEAD.size
        if len(self._buffer) < start or not self._buffer.startswith(MAGIC):
            return None
        version, of_header, of_content, checked = _HEAD.unpack_from(self._buffer, len(MAGIC))
        if zlib.crc32(_LENGTHS.pack(version, of_header, of_content)) != checked:
            raise LinkError("a message came damaged: its beginning does not fit its checksum")
        if version != PROTOCOL:
            raise VersionError(
                f"it speaks version {version} of the protocol, and weighin here version "
                f"{PROTOCOL}: install the same weighin on both"
            )
        if of_header > MOST_HEADER or of_content > MOST_CONTENT:
            raise LinkError(
                f"it announced a message of {of_header:,} and {of_content:,} bytes, more than may "
                f"be sent ({MOST_HEADER:,} and {MOST_CONTENT:,})"
            )
        end = start + of_header + of_content
        if len(self._buffer) < end + _DIGEST:
            return None
        with memoryview(self._buffer) as whole:
            fits = _digest(whole[len(MAGIC) : end]) == whole[end : end + _DIGEST]
            header = bytes(whole[start : start + of_header])
            content = bytes(whole[start + of_header : end])
        if not fits:
            raise LinkError("a message came damaged: it does not fit its checksum")
        del self._buffer[: end + _DIGEST]
        self._passed_over = 0
        return Message(_object(header), content)

    def _pass_over(self) -> None:
        """Drop what comes before the next magic, or what may be its beginning.

        Raises:
            LinkError: if that is more than a banner.
        """
        at = self._buffer.find(MAGIC)
        if at < 0:
            ends = (n for n in range(len(MAGIC) - 1, 0, -1) if self._buffer.endswith(MAGIC[:n]))
            at = len(self._buffer) - next(ends, 0)
        if at:
            self.noise = (self.noise + bytes(self._buffer[:at]))[-KEPT_NOISE:]
            self._passed_over += at
            del self._buffer[:at]
            if any(changed in self.noise for changed in _CHANGED):
                raise LinkError(
                    "bytes are changed on the way, as a terminal does: let the command use none "
                    "(ssh -T, adb exec-out, docker exec -i)"
                )
        if self._passed_over > MOST_NOISE:
            raise LinkError(f"{self._passed_over:,} bytes came that are no message")


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def _object(header: bytes) -> dict[str, Any]:
    """A header's object, of which every number is finite.

    Raises:
        LinkError: if it is none.
    """
    try:
        told = msgspec.json.decode(header)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise LinkError(f"a message's header is no JSON: {error}") from None
    if not isinstance(told, dict):
        raise LinkError("a message's header is no object")
    if not is_finite(told):
        raise LinkError("a message's header holds a number that is not finite")
    return told


def is_finite(value: Any) -> bool:
    """Whether every number in what JSON can hold is finite."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    return all(map(is_finite, value)) if isinstance(value, list) else True
