"""The devices file: which commands run agents, and where it is looked for.

    [devices.pi5]
    command = "ssh pi5 weighin agent"
    timeout = 60   # seconds without a sign of life; optional

The command is run as it stands there, split into words as a shell would, by no shell.
"""

from __future__ import annotations

import bisect
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from weighin.core import WeighinError, nearest
from weighin.devices.device import Device
from weighin.devices.pipe import SILENT_SECONDS, Pipe

PROJECT = Path("weighin-devices.toml")
MOST_BYTES = 1_000_000
MOST_SECONDS = 86_400  # of silence
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_KEYS = {"command": ((str,), "a text"), "timeout": ((int, float), "a number of seconds")}


@dataclass(frozen=True)
class Entry:
    """One device of the file.

    Attributes:
        name: as cases name it.
        command: the words that run its agent.
        timeout: seconds without a sign of life after which it is given up.
    """

    name: str
    command: tuple[str, ...]
    timeout: float = SILENT_SECONDS

    def device(self) -> Device:
        """The device, not reached yet."""
        return Device(self.name, lambda: Pipe(self.command, silent=self.timeout))


@dataclass(frozen=True)
class DevicesFile:
    """The devices that a user has.

    Attributes:
        path: of the file; None where there is none.
        entries: its devices, by their names.
    """

    path: Path | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def entry(self, name: str) -> Entry:
        """A device by its name.

        Raises:
            WeighinError: if there is none, naming those that there are, and the file.
        """
        if name in self.entries:
            return self.entries[name]
        if self.path is None:
            places = " or ".join(map(str, places_searched()))
            raise WeighinError(
                f"There is no device {name!r}, and no devices file: write one as {places}, or "
                f"name it (--weighin-devices; of weighin weigh --devices)."
            )
        near = nearest(name, self.entries)
        hint = f"did you mean {near!r}? " if near else ""
        known = ", ".join(self.entries) or "none"
        raise WeighinError(f"There is no device {name!r}: {hint}{self.path} has {known}.")


def places_searched() -> list[Path]:
    """Where a devices file is looked for, unless one is named."""
    return [PROJECT, user_config_path("weighin") / "devices.toml"]


def read(named: Path | None = None) -> DevicesFile:
    """The devices file that is named, or the first that there is.

    Raises:
        WeighinError: if it cannot be read, or has a mistake: which, and in which line.
    """
    path = named or next((place for place in places_searched() if place.is_file()), None)
    if path is None:
        return DevicesFile()
    try:
        if path.stat().st_size > MOST_BYTES:
            raise WeighinError(
                f"The devices file {path} is larger than {MOST_BYTES:,} bytes: it is no such file."
            )
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise WeighinError(f"The devices file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise WeighinError(f"The devices file {path} is no text in UTF-8.") from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WeighinError(f"The devices file {path} is no TOML: {error}.") from None
    except (RecursionError, ValueError):  # a whole number of thousands of digits
        raise WeighinError(f"The devices file {path} is no TOML that can be read.") from None
    reading = _Reading(path, text)
    for key in content:
        if key != "devices":
            reading.refuse((key,), f"there is no {key!r} here, but [devices.NAME]")
    devices = content.get("devices", {})
    if not isinstance(devices, dict):
        reading.refuse(("devices",), "devices are tables: [devices.NAME]")
    return DevicesFile(path, {name: _entry(name, told, reading) for name, told in devices.items()})


@dataclass(frozen=True)
class _Reading:
    path: Path
    text: str

    def refuse(self, keys: tuple[str, ...], problem: str) -> None:
        """Refuse what stands under some keys.

        Raises:
            WeighinError: naming the line.
        """
        raise WeighinError(f"{self.path}, line {self._line(keys)}: {problem}.")

    def _line(self, keys: tuple[str, ...]) -> int:
        """The line with which a key is there, when the file is read up to it."""
        lines = self.text.split("\n")

        def is_there(last: int) -> bool:
            """Whether it is in the first lines, so far as they are whole."""
            for number in range(last + 1, 0, -1):
                try:
                    content: Any = tomllib.loads("\n".join(lines[:number]))
                except tomllib.TOMLDecodeError:  # it ends within a value
                    continue
                for key in keys:
                    content = content.get(key) if isinstance(content, dict) else None
                return content is not None
            return False

        numbers = range(len(lines) - 1)
        return 1 + bisect.bisect_left(numbers, True, key=is_there)


def _entry(name: str, told: Any, reading: _Reading) -> Entry:
    place = ("devices", name)
    if not _NAME.fullmatch(name):
        reading.refuse(place, f"{name!r} is no name of a device: letters, digits, _, - and . are")
    if not isinstance(told, dict):
        reading.refuse(place, f'{name} is a table: [devices.{name}] and below it command = "…"')
    for key, value in told.items():
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(_KEYS)}"
            reading.refuse((*place, key), f"device {name} has no {key!r}: {hint}")
        kinds, wanted = _KEYS[key]
        if not isinstance(value, kinds) or isinstance(value, bool):
            reading.refuse((*place, key), f"{key} of device {name} is {wanted}, not {value!r}")
    if "command" not in told:
        reading.refuse(place, f'device {name} has no command: command = "ssh {name} weighin agent"')
    timeout = told.get("timeout", SILENT_SECONDS)
    if not 0 < timeout <= MOST_SECONDS:  # which is false of what is no number, too
        reading.refuse(
            (*place, "timeout"),
            f"timeout of device {name} is a number above 0, and {MOST_SECONDS:,} at most",
        )
    words: list[str] = []
    try:
        words = shlex.split(told["command"])
    except ValueError as error:
        reading.refuse((*place, "command"), f"command of device {name}: {str(error).lower()}")
    if "\0" in told["command"]:
        reading.refuse((*place, "command"), f"command of device {name} holds a character of code 0")
    if not words:
        reading.refuse((*place, "command"), f"command of device {name} is empty")
    return Entry(name, tuple(words), float(timeout))
