"""What a `quiet` Dask worker does for a client that measures: pass messages to an agent of its own.

The agent is a process without Dask or TensorFlow. What it dies of, it dies of alone.
"""

from __future__ import annotations

import json
import sys
import threading

from weighin.core import WeighinError
from weighin.devices.pipe import Pipe
from weighin.devices.wire import LinkError
from weighin.subprocesses import FOLDER

MOST_AGENTS = 4  # of clients: of one that left without a word, the agent goes when others come
AGENT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from weighin.devices.agent import serve; serve()"
)
Reply = tuple[bytes, bytes]
_agents: dict[str, Pipe] = {}  # by the mark of their clients, who asked last at the end
_handling = threading.Lock()


def ask(mark: str, message: bytes, content: bytes, seconds: float) -> Reply:
    """What a client's agent replies to a message; whatever happens is told.

    Args:
        mark: of the client's connection: a new one has a new agent.
        message: of `weighin.devices.messages`, as JSON.
        content: the bytes of its arrays.
        seconds: that the agent may take.
    """
    try:
        pipe = _agent(mark)
        try:
            reply, arrays = pipe.ask(json.loads(message), content, seconds=seconds)
        except LinkError as error:  # this connection is of no more use
            end(mark)
            return _told(failed=str(error), hung=error.hung)
        return json.dumps({"reply": reply}).encode(), arrays
    except WeighinError as error:
        return _told(refused=str(error))
    except Exception as error:
        return _told(refused=f"{type(error).__name__}: {error}")


def end(mark: str) -> Reply:
    """End a client's agent."""
    with _handling:
        pipe = _agents.pop(mark, None)
    if pipe is not None:
        pipe.close()
    return _told()


def _agent(mark: str) -> Pipe:
    with _handling:
        pipe = _agents.pop(mark, None)
        stale = [_agents.pop(next(iter(_agents))) for _ in range(len(_agents) - MOST_AGENTS + 1)]
        for each in stale:
            each.close()
        if pipe is None:
            pipe = Pipe([sys.executable, "-P", "-c", AGENT, str(FOLDER)])
        _agents[mark] = pipe
        return pipe


def _told(**said: object) -> Reply:
    return json.dumps(said).encode(), b""
