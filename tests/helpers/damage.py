"""Model files with damaged bytes or without their end: each is read after all, or refused by name.

    cd tests; python -m helpers.damage 2600 7

damages so many, by seed 7, and prints what became of them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from helpers import onnx_files, subgraphs, traps
from helpers.keras_files import BIAS, KERNEL, content

from weighin.core import WeighinError
from weighin.formats.keras import read_keras, read_weights
from weighin.formats.saved import read_saved
from weighin.report.inspection import inspect

PATIENCE = 60, 10  # seconds until all is imported; then for one file
FORMATS: Mapping[str, Mapping[str, Any]] = {
    "h5": {"format": "h5"},
    "stored": {"format": "keras"},
    "deflated": {"format": "keras", "compression": zipfile.ZIP_DEFLATED},
}
KINDS = (*FORMATS, "packed.h5", "loop.tflite", "shared.tflite", "float32.onnx", "int8.onnx")


def whole(kind: str) -> bytes:
    """A model file of a kind, as it should be."""
    if kind in FORMATS:
        return content(weights={"d": KERNEL, "b": BIAS}, optimizer={"m": KERNEL}, **FORMATS[kind])
    if kind == "packed.h5":
        return traps.h5(
            lambda group: group.create_dataset("k", data=KERNEL, compression="gzip", shuffle=True)
        )
    if kind.endswith("onnx"):
        return onnx_files.classifier(kind.removesuffix(".onnx"))
    return subgraphs.loop("both").packed() if kind == "loop.tflite" else traps.tflite(9, [6], 9, 6)


def damaged(intact: bytes, chance: random.Random) -> bytes:
    """The same with some bytes changed, or cut off."""
    if chance.random() < 0.1:
        return intact[: chance.randrange(len(intact))]
    held = bytearray(intact)
    for _ in range(chance.choice([1, 4, 30])):
        held[chance.randrange(len(held))] = chance.randrange(256)
    return bytes(held)


def outcomes(folder: Path, kind: str, count: int, seed: int = 0) -> Counter[str]:
    """What became of so many damaged files: `read`, `refused`, `crashed`, or what was raised.

    The HDF5 library itself may crash or never return on some, which is why another process reads.
    """
    spawning = multiprocessing.get_context("spawn")
    found: Counter[str] = Counter()
    path, number = folder / f"model.{kind.partition('.')[2] or 'h5'}", 0
    while number < count:
        receiver, sender = spawning.Pipe(duplex=False)
        arguments = (str(path), kind, seed, range(number, count), sender)
        process = spawning.Process(target=_read, args=arguments)
        process.start()
        sender.close()
        patience, last = PATIENCE
        with contextlib.suppress(EOFError):
            while receiver.poll(patience):
                found[receiver.recv()] += 1
                number, patience = number + 1, last
        process.kill()
        process.join()
        if number < count:  # what it died of, or hung at
            found["crashed"] += 1
            number += 1
    return found


def _read(path: str, kind: str, seed: int, numbers: range, told: Any) -> None:
    """Read damaged files one after the other; say of each what became of it."""
    intact = whole(kind)
    readers: list[Callable[[Path], Any]] = [inspect]
    readers += [] if kind.endswith(("tflite", "onnx")) else [read_keras, read_saved, read_weights]
    for number in numbers:
        Path(path).write_bytes(damaged(intact, random.Random(f"{seed} {number}")))
        said = [_outcome(reader, Path(path)) for reader in readers]
        told.send(next((each for each in said if each not in ("read", "refused")), said[0]))


def _outcome(reader: Callable[[Path], Any], path: Path) -> str:
    try:
        reader(path)
    except WeighinError as error:
        return "refused" if str(error).startswith(str(path)) else f"refused otherwise: {error}"
    except Exception as error:
        return repr(error)
    return "read"


if __name__ == "__main__":
    tries, first = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        for each in KINDS:
            became = dict(outcomes(Path(place), each, -(-tries // len(KINDS)), first))
            sys.stdout.write(f"{each}: {became}\n")
