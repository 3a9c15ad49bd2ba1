"""How long the commands take on many records, and how much memory.

    python -m bench.scale [RECORDS]     50,000 if not told; of many models, and all of one

Prints each command's seconds and peak memory, each in a process of its own, and exits with 1 if one
is beyond its bound: 3 s for 50,000 records, 30 s and 1.5 GB for 500,000.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from bench.report_page import made_up
from weighin.records import store

RECORDS = 50_000
SECONDS_EACH, MOST_SECONDS, MOST_BYTES = 3.0 / 50_000, 3.0, 1.5e9
COMMANDS = {
    "table": ["table", "{}"],
    "table --format csv": ["table", "--format", "csv", "{}"],
    "curve": ["curve", "{}"],
    "record": ["record", "{}"],
    "check": ["check", "{}", "--gate", "top1_delta >= -0.5%"],
    "compare": ["compare", "{}", "{}"],
    "report": ["report", "{}", "-o", "{}.page"],
}


def _run(words):
    """Seconds and peak bytes of a command in a process of its own."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "weighin", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    kibibytes = 1024 if sys.platform != "darwin" else 1
    return time.perf_counter() - began, usage.ru_maxrss * kibibytes, process.returncode


def main(count):
    """Measure, print a table, exit with 1 if a bound is missed."""
    bound = max(MOST_SECONDS, SECONDS_EACH * count)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for models, of in ((None, "many models"), (1, "one model")):
            path = Path(folder) / f"{of.replace(' ', '_')}.json"
            store.save(path, made_up(count, models))
            for name, words in COMMANDS.items():
                seconds, peak, code = _run([word.format(path) for word in words])
                met = seconds <= bound and peak <= MOST_BYTES and code in (0, 1)
                rows.append([of, name, f"{seconds:.2f} s", f"{peak / 1e6:.0f} MB", code, met])
    headers = ["records of", "weighin …", f"≤ {bound:g} s", "≤ 1.5 GB", "exit code", "met"]
    sys.stdout.write(tabulate(rows, headers) + "\n")
    sys.exit(any(not row[-1] for row in rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
