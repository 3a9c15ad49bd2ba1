"""What `weighin doctor` says of devices: reached or not, versions, engines, calibration."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from weighin.core import WeighinError
from weighin.devices import settings
from weighin.devices.settings import Entry

MOST_AT_ONCE = 16
EXAMINED_SECONDS = 30.0  # that a device may take to answer


def examine(named: Path | None = None) -> list[tuple[str, str]]:
    """Each device of the devices file and what there is to say of it, a line for each thing.

    They are asked side by side.

    Args:
        named: the file; looked for where runs look if not given.

    Raises:
        WeighinError: if the file has a mistake.
    """
    file = settings.read(named)
    if not file.entries:
        where = " or ".join(map(str, settings.places_searched()))
        return [("none", f"{file.path or where} names none")]
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(file.entries))) as pool:
        return list(zip(file.entries, pool.map(_said, file.entries.values()), strict=True))


def _said(entry: Entry) -> str:
    timeout = min(EXAMINED_SECONDS, entry.timeout)
    device = Entry(entry.name, entry.command, timeout).device()
    try:
        told = device.examine()
    except WeighinError as error:
        return f"not to be used: {str(error).removeprefix(f'{entry.name}: ')}"
    finally:
        device.close()
    usable = [name for name, lacks in told.runtimes.items() if lacks is None]
    lacking: dict[str, list[str]] = {}  # by the reason, so that none is said twice
    for name, lacks in told.runtimes.items():
        if lacks is not None:
            lacking.setdefault(lacks, []).append(name)
    calibrated = "; ".join(each.summary() for each in told.calibrations)
    parts = (
        f"{told.machine.cpu}, {told.machine.cores} cores, {told.machine.system}",
        f"weighin {told.weighin}, LiteRT {told.packages.get('ai-edge-litert')}",
        f"engines {', '.join(usable) or 'none'}",
        *(f"not {', '.join(names)}: {lacks}" for lacks, names in lacking.items()),
        f"calibrated: {calibrated}"
        if calibrated
        else "not calibrated: weighin doctor --calibrate there says what it can tell apart",
    )
    return "\n".join(parts)
