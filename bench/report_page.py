"""How fast the report page is: written by `weighin report`, and there to be used in a browser.

    python -m bench.report_page           writes a page of 5,000 records, opens it in Chromium
    python -m bench.report_page FOLDER    keeps results and page in a folder

Needs Playwright and a Chromium: the one that WEIGHIN_CHROMIUM names, or that the path has.
"""

import itertools
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from weighin.core import Case, Record, Results
from weighin.records import store

RECORDS = 5000
RUNS = 5
EXPORTS = ("", "+float16", "+dynamic", "+int8")
VARIANTS = (
    "baseline",
    "finetune",
    *(f"prune({at}){end}" for at in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95) for end in EXPORTS),
    *(f"cluster({at}){end}" for at in (8, 16, 32) for end in EXPORTS),
)
ENVIRONMENT = {
    "date": "2024-05-06",
    "profile": "full",
    "machine": {"cpu": "Made-up CPU", "cores": 2, "memory_bytes": 8e9, "system": "Linux"},
    "packages": {"weighin": "0.1.0", "tensorflow": "2.21.0"},
    "datasets": {"digits": {"digest": "d1" * 32, "train": 60000, "test": 10000}},
    "pairs": {"seconds": 2.0, "narrow": 0.01, "smallest": 0.02},
    "margin": 0.005,
}
# Marks that the page sets, and the browser's own time at which it would answer a click.
TIMES = """() => ({
  answers: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
  tables: performance.getEntriesByName("tables")[0].startTime,
  plots: performance.getEntriesByName("plots")[0].startTime,
})"""


def made_up() -> Results:
    """As many records as asked for, of models with pruned and clustered variants."""
    draw = random.Random(0)  # noqa: S311 - not for secrets
    rows = ((f"model_{n:02}", variant) for n in itertools.count() for variant in VARIANTS)
    records: list[Record] = []
    while len(records) < RECORDS:
        records += _row(*next(rows), draw)
    return Results(ENVIRONMENT, tuple(records[:RECORDS]))


def _row(model, variant, draw):
    size, top1, latency = draw.uniform(2e4, 2e6), draw.uniform(0.9, 0.99), draw.uniform(1e-5, 1e-3)
    faster = draw.uniform(0.8, 4.0)
    samples = tuple(draw.gauss(latency, latency / 50) for _ in range(30))
    place = {"model": model, "dataset": "digits", "variant": variant, "seed": 0, "format": "tflite"}

    def record(metric, value=None, low=None, high=None, *, unit="", file=False, **more):
        where = {"runtime": "", "threads": 0} if file else {"runtime": "litert", "threads": 1}
        more = {"status": "ok", "value": value, "low": low, "high": high} | more
        return Record(Case(**place, **where), metric=metric, unit=unit, **more)

    is_baseline = variant == "baseline"
    against = {"status": "skipped", "reason": "this is the baseline", "value": None}
    verdicts = draw.choice(["better", "worse", "no evidence"]), draw.choice(["faster", "slower"])
    delta = against if is_baseline else {"value": top1 - 0.95, "verdict": verdicts[0]}
    speed = against if is_baseline else {"value": faster, "verdict": verdicts[1]}
    zeros = f"{draw.randrange(100)} % of the weights are zeros stored dense"
    yield record("file_bytes", 2 * size, unit="B", file=True)
    yield record("gzip_bytes", size, unit="B", file=True)
    yield record("zip_bytes", size, unit="B", file=True)
    yield record("parameters", 4e5, file=True)
    yield record("macs", 4e6, file=True)
    yield record("effective_macs", 2e6, file=True)
    yield record("top1", top1, top1 - 0.01, top1 + 0.01, n=10000)
    yield record("agreement", 0.99, 0.98, 1.0, n=10000)
    yield record("top1_delta", low=-0.01, high=0.01, n=10000, **delta)
    yield record("latency", latency, min(samples), max(samples), unit="s", n=30, samples=samples)
    yield record("speedup", low=faster - 0.05, high=faster + 0.05, n=40, **speed)
    yield record("why", note=zeros)


def _written(results: Path, folder: Path) -> float:
    """Seconds of the whole process."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "weighin", "report", str(results), "-o", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _opened(page: Path):
    """Milliseconds until each of `TIMES`, the browser fresh each time."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("WEIGHIN_CHROMIUM") or shutil.which("chromium")
    times = []
    with sync_playwright() as playwright:
        for _ in range(RUNS):
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else []
            )
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(page.as_uri())
            tab.locator("#plots").scroll_into_view_if_needed()
            tab.locator("#curve-caption:not(:empty)").wait_for()  # what is drawn last
            times.append(tab.evaluate(TIMES))
            browser.close()
    return {name: statistics.median(timings[name] for timings in times) for name in times[0]}


def main(folder: Path):
    """Measure, print a table, exit with 1 if a bound is missed."""
    folder.mkdir(parents=True, exist_ok=True)
    store.save(folder / "results.json", made_up())
    seconds = statistics.median(_written(folder / "results.json", folder) for _ in range(RUNS))
    shown = _opened(folder / "index.html")
    rows = [
        [f"weighin report, {RECORDS:,} records, whole process", seconds, 5.0],
        ["the page in Chromium: tables there", shown["tables"] / 1e3, 2.0],
        ["the page in Chromium: answers clicks", shown["answers"] / 1e3, 2.0],
        ["the page in Chromium: plots drawn", shown["plots"] / 1e3, 2.0],
    ]
    table = [[*row[:1], f"{row[1]:.2f} s", f"{row[2]:g} s", row[1] < row[2]] for row in rows]
    sys.stdout.write(tabulate(table, ["what", "measured", "bound", "met"]) + "\n")
    sys.exit(any(not row[-1] for row in table))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(temporary))
