"""Results files damaged at random, and what every command that reads such files makes of them.

PYTHONPATH=.:tests python -m helpers.fuzzing TRIES [SEED]
"""

from __future__ import annotations

import copy
import json
import os
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from helpers.publishing import accounted, environment
from helpers.support import results

from weighin.cli import main
from weighin.records import store

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 3, 10**400, 2**63, 0.5, -0.0, 1e308, -1e308, 5e-324, 1e-9),
    *("", "x", "baseline", "int8", "ok", "failed", "\ud800", "\x00\x1b[31m", "<b>|$=1", "é" * 300),
    *([], [1], ["x"], [None], [[]], {}, {"x": 1}, {"": None}, {"small": []}),
)
COMMANDS = (
    ("table", "FILE"),
    ("table", "FILE", "--format", "html"),
    ("table", "FILE", "--format", "csv"),
    ("table", "SOUND", "FILE", "--by", "tensorflow"),
    ("table", "FILE", "--by", "runtime"),
    ("compare", "SOUND", "FILE"),
    ("compare", "FILE", "SOUND"),
    ("check", "FILE", "--gate", "top1_delta >= -0.005", "--gate", "gzip_bytes <= 0.3 * baseline"),
    ("curve", "FILE"),
    ("record", "FILE"),
    ("report", "FILE", "-o", "page"),
    ("publish", "FILE"),
)
WORDS = (
    *("", "x", "ok", "failed", "skipped", "why", "top1", "latency", "speedup", "mae", "h5"),
    *("baseline", "int8", "prune(0.8)+int8", "prune(", "+", "prune(0.9,criterion=random)", "wide"),
    *("random", "brought a 1", "full", "2024", "\ud800", "\x00\x1b[31m", "<b>|$=1", "é" * 300),
    *("better", "same within ±x", "points", "change", "exact", "bytes", "\u202e", "../../x"),
)
LARGE = 1e12
PARTS = ("environment", "environment", "records", "records", "metrics", "schema")  # as often
ANCHOR = {"source": "somebody, 2016", "times": 40.0, "counted": "file ÷ file", "alike": True}


def sound() -> dict[str, Any]:
    """A results file's content that all commands take, with every fact that reports read."""
    known = environment(
        commit="abc1234",
        anchors={"small": [ANCHOR]},
        weights={"small": "random"},
        files=[{"variant": "int8", "file": "int8.tflite", "holds": "int8"}],
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sound.json")
        store.save(path, accounted(results(), **known))
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def damaged(content: dict[str, Any], chance: random.Random) -> bytes:
    """The content with one to three things that are otherwise, as a file's bytes."""
    changed = copy.deepcopy(content)
    for _ in range(chance.choice((1, 1, 2, 3))):
        _change(changed, chance)
    raw = json.dumps(changed).encode()
    kind = chance.random()
    if kind < 0.05:
        return raw[: chance.randrange(len(raw))]
    if kind < 0.1:
        at = chance.randrange(len(raw))
        return raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
    return raw


def _change(content: dict[str, Any], chance: random.Random) -> None:
    parts = [part for part in PARTS if part in content]
    holder: Any = content
    key: Any = chance.choice(parts or list(content))
    while isinstance(holder[key], dict | list) and holder[key] and chance.random() < 0.9:
        holder = holder[key]
        key = chance.choice(range(len(holder)) if isinstance(holder, list) else list(holder))
    if chance.random() < 0.6:
        holder[key] = _alike(holder[key], chance)
    elif chance.random() < 0.5:
        holder[key] = copy.deepcopy(chance.choice(ODD))
    elif chance.random() < 0.5:
        del holder[key]
    elif isinstance(holder, list):
        holder.append(copy.deepcopy(chance.choice(holder)))
    else:
        holder[chance.choice(("x", "", "value", "low", "count", "gained"))] = chance.choice(ODD)


def _alike(value: Any, chance: random.Random) -> Any:
    """Another value of the same type, which may be none that goes with the others."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) > LARGE:
            return 0
        return type(value)(value * chance.choice((0, 0.5, 0.999, 1.001, 2, 1000, LARGE, -1)))
    if isinstance(value, str):
        return chance.choice(WORDS)
    if isinstance(value, list):
        return chance.sample(value, chance.randrange(len(value) + 1))
    if isinstance(value, dict):
        return {key: value[key] for key in value if chance.random() < 0.9}
    return chance.choice((True, False, None))


def tracebacks(folder: Path, sound_file: Path, raw: bytes) -> Iterator[tuple[str, str]]:
    """Of commands that end otherwise than with an answer or one error: which, and how.

    Args:
        folder: to be in, which is written to.
        sound_file: what is compared with.
        raw: the file's bytes.
    """
    path = folder / "damaged.json"
    path.write_bytes(raw)
    names = {"FILE": str(path), "SOUND": str(sound_file)}
    before = Path.cwd()
    os.chdir(folder)
    try:
        for command in COMMANDS:
            done = CliRunner().invoke(main, [names.get(word, word) for word in command])
            error = done.exception
            if error is not None and not isinstance(error, SystemExit):
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(last.filename).name}:{last.lineno}"
                yield " ".join(command), f"{type(error).__name__} {where}: {error!s:.100}"
            elif done.exit_code == 2 and ("Error: " not in done.output or "Usage" in done.output):
                yield " ".join(command), f"exits with 2 and no error: {done.output[-100:]}"
    finally:
        os.chdir(before)


def found(tries: int, seed: int) -> Counter[str]:
    """How often each kind of traceback was met in so many damaged files."""
    content, kinds = sound(), Counter[str]()
    for number in range(tries):
        chance = random.Random(f"{seed} {number}")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            sound_file = folder / "sound.json"
            sound_file.write_text(json.dumps(content))
            for command, how in tracebacks(folder, sound_file, damaged(content, chance)):
                kinds[f"{how.partition(': ')[0]} in {command} (first in try {number}): {how}"] += 1
    return kinds


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:]]
    tries, seed = asked[0], asked[1] if len(asked) > 1 else 0
    kinds = found(tries, seed)
    for kind, times in kinds.most_common():
        print(f"{times:6} {kind}")  # noqa: T201
    print(f"{tries} files of seed {seed}: {kinds.total()} tracebacks")  # noqa: T201
    sys.exit(bool(kinds))
