"""What a worker sends is never unpickled by the client."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import evil
from helpers.cluster import Started

from weighin.cluster import connection, greeting
from weighin.cluster.connection import connected
from weighin.core import WeighinError

WAYS = [evil.give_pickled, evil.fail, evil.fail_pickled]


@pytest.mark.parametrize("function", [evil.give, *WAYS])
def test_results_and_errors_are_not_unpickled(
    function: Callable[[str], Any], started: Started, tmp_path: Path
) -> None:
    """Neither an object, nor one that is called msgpack, nor an error leaves a trace here."""
    with connected(started.address) as there:
        future = there.client.submit(function, str(tmp_path), pure=False)
        with pytest.raises(Exception, match=r"."):
            future.result(timeout=10)

    assert str(os.getpid()) not in {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("function", WAYS)
def test_the_traps_work(function: Callable[[str], Any], started: Started, tmp_path: Path) -> None:
    """A client of Dask as it comes unpickles each of them."""
    import distributed

    with (
        distributed.Client(started.address, set_as_default=False) as client,
        contextlib.suppress(Exception),
    ):
        client.submit(function, str(tmp_path), pure=False).result(timeout=10)

    assert str(os.getpid()) in {path.name for path in tmp_path.iterdir()}


def test_the_words_of_an_error_are_told(started: Started, tmp_path: Path) -> None:
    """They are read in its pickle, of which nothing is run."""
    with connected(started.address) as there:
        future = there.client.submit(os.listdir, str(tmp_path / "nowhere"), pure=False)
        with pytest.raises(Exception, match=r"FileNotFoundError.*nowhere"):
            future.result(timeout=10)


def test_words_are_fit_for_a_terminal() -> None:
    """No control characters, no end of them."""
    error = pickle.dumps(ValueError("\x1b[2J" + 1000 * "long "))

    assert "\x1b" not in connection.texts(error)
    assert 300 == len(connection.texts(error))
    assert "no message" == connection.texts(b"no pickle") == connection.texts(None)


def test_a_worker_is_asked_beside_what_it_is_at(started: Started) -> None:
    """What it returns are bytes; what it cannot do, words."""
    with connected(started.address) as there:
        (worker,) = there.workers()
        (greeted,) = there.ask(greeting.greet, [worker]).values()
        (failed,) = there.ask(evil.refuse, [worker]).values()
        (other,) = there.ask(os.getpid, [worker]).values()  # type: ignore[arg-type]

    assert greeting.greet() == greeted
    assert isinstance(failed, str)
    assert "ValueError: no words" in failed
    assert "it answered what is no text" == other


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is named, with what to do."""
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1)
    with (
        pytest.raises(WeighinError, match=r"No cluster answers at tcp://127\.0\.0\.1:9 .*dask sch"),
        connected("tcp://127.0.0.1:9"),
    ):
        raise AssertionError("it was connected")


@pytest.mark.parametrize("said", [b"HTTP/1.0 400 Bad request\r\n\r\n", (99).to_bytes(8, "little")])
def test_a_server_that_is_none_of_dasks_is_given_up(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask waits for ever for what it takes the first bytes to announce, or has no room for it."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 1)
    held = []

    def answer(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                held.append(server.accept()[0])
                held[-1].sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        with (
            pytest.raises(WeighinError, match="No cluster answers at tcp"),
            connected(f"tcp://127.0.0.1:{server.getsockname()[1]}"),
        ):
            pass
        server.shutdown(socket.SHUT_RDWR)
    for each in held:
        each.close()


def test_another_dask_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose client weighin would not guard, since it goes about otherwise."""
    pytest.importorskip("distributed", reason="no Dask: pip install 'weighin[cluster]'")
    monkeypatch.setattr(connection, "_GUARDED", ("_handle_news",))
    connection._guarded.cache_clear()

    with pytest.raises(WeighinError, match=r"otherwise than weighin guards \(_handle_news\)"):
        connection._guarded()
