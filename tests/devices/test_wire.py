"""Messages over a pipe, and whatever else comes along."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import itertools
import zlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.devices import wire
from weighin.devices.wire import MAGIC, Incoming, LinkError, Message, VersionError, framed

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=4,
)
MESSAGES = st.builds(Message, st.dictionaries(st.text("abc"), JSON), st.binary(max_size=300))
# as a banner may be: it may begin as a message does, but is none
NOISE = st.binary(max_size=60) | st.builds(lambda n: MAGIC[:n], st.integers(0, len(MAGIC) - 1))


def come(data, *cuts):
    """The messages among bytes that come in parts."""
    incoming, got = Incoming(), []
    ends = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, stop in itertools.pairwise(ends):
        incoming.feed(data[start:stop])
        got += incoming.messages()
    return got


@given(
    st.lists(st.tuples(NOISE, MESSAGES), max_size=4), NOISE, st.lists(st.integers(0), max_size=6)
)
@settings(max_examples=40)
def test_messages_come_as_they_went_whatever_lies_between_them(sent, last, cuts):
    """In whatever parts they come, and with whatever banners around them."""
    noises = b"".join([*(noise for noise, _ in sent), last])
    assume(not any(magic in noises for magic in (MAGIC, *wire._CHANGED)))
    data = b"".join(noise + framed(message) for noise, message in sent) + last

    assert [message for _, message in sent] == come(data, *cuts)


@given(MESSAGES, st.integers(0), st.integers(1, 255))
@settings(max_examples=40)
def test_no_changed_byte_goes_unnoticed(message, at, change):
    """It is refused, passed over as no message, or waited for; never another message."""
    whole = bytearray(framed(message))
    whole[at % len(whole)] ^= change
    try:
        got = come(bytes(whole))
    except (LinkError, VersionError):
        got = []

    assert [] == got


@given(MESSAGES, st.integers(0))
@settings(max_examples=40)
def test_what_is_cut_short_is_waited_for(message, at):
    """The rest makes it whole."""
    whole = framed(message)
    cut = at % len(whole)
    incoming = Incoming()
    incoming.feed(whole[:cut])

    assert [] == list(incoming.messages())
    incoming.feed(whole[cut:])
    assert [message] == list(incoming.messages())


@given(st.binary(max_size=4000))
@settings(max_examples=50)
def test_any_bytes_are_refused_or_passed_over(data):
    """Also such as begin with the magic."""
    for each in (data, MAGIC + data):
        try:
            assert [] == come(each)
        except (LinkError, VersionError):
            continue


def test_a_length_beyond_bounds_is_refused_before_anything_is_waited_for():
    """Nobody is asked for a terabyte."""
    for of_header, of_content in ((10, 2**40), (2**31, 0)):
        lengths = wire._LENGTHS.pack(wire.PROTOCOL, of_header, of_content)
        head = MAGIC + lengths + zlib.crc32(lengths).to_bytes(4, "big")

        with pytest.raises(LinkError, match="announced a message of"):
            come(head)


def test_nothing_larger_is_sent(monkeypatch):
    """It is refused where it would go out."""
    monkeypatch.setattr(wire, "MOST_CONTENT", 10)

    with pytest.raises(WeighinError, match="larger than may be sent"):
        framed(Message({}, bytes(11)))


def test_another_version_says_both(monkeypatch):
    """Whatever else is in it, which may have changed."""
    monkeypatch.setattr(wire, "PROTOCOL", 7)
    told = framed(Message({"any": "thing"}))
    monkeypatch.undo()

    with pytest.raises(VersionError, match=r"speaks version 7 .* here version 1: install the same"):
        come(told)


@pytest.mark.parametrize(
    "header", [b"[]", b"{", b'{"a": NaN}', b'{"a": 1e999}', b"\xff", b"[" * 9999]
)
def test_a_header_is_an_object_of_finite_numbers(header):
    """Nothing else that JSON, or what looks like it, can say."""
    lengths = wire._LENGTHS.pack(wire.PROTOCOL, len(header), 0)
    body = lengths + zlib.crc32(lengths).to_bytes(4, "big") + header

    with pytest.raises(LinkError, match="a message's header"):
        come(MAGIC + body + wire._digest(body))


def test_endless_noise_is_refused():
    """A command that talks for ever is none that runs an agent; its last words are kept."""
    incoming = Incoming()
    incoming.feed(b"y\n" * (wire.MOST_NOISE // 2))
    assert [] == list(incoming.messages())

    incoming.feed(b"y\n")
    with pytest.raises(LinkError, match="bytes came that are no message"):
        list(incoming.messages())
    assert incoming.noise.endswith(b"y\n")
    assert len(incoming.noise) <= wire.KEPT_NOISE
