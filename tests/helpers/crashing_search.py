"""Stands for a search's process that a signal ends twice, and then refuses in its own way."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    started = Path(os.environ["STARTED"])
    with started.open("a", encoding="utf-8") as file:
        file.write("x")
    sys.stdin.readline()
    sys.stdout.write('{"best": "[1 tried] best"}\n')
    sys.stdout.flush()
    if len(started.read_text("utf-8")) < 3:
        os.kill(os.getpid(), int(os.environ["SIGNAL"]))
    sys.stderr.write("out of order\n")
    sys.exit(7)
