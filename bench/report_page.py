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

from weighin import registry, stats
from weighin.core import Case, Record, Results
from weighin.records import store

RECORDS = 5000
RUNS = 5
RIGHT = 9_500  # answers of every baseline, of 10,000
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
    "machine": {"cpu": "Made-up CPU", "cores": 2, "memory_bytes": 8_000_000_000, "system": "Linux"},
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


def made_up(count=RECORDS, models=None) -> Results:
    """As many records as asked for, of models with pruned and clustered variants.

    Args:
        count: how many records.
        models: how many models they are of, with as many variants as that takes; if not given,
            each model has those of `VARIANTS`.
    """
    draw = random.Random(0)  # noqa: S311 - not for secrets
    if models is None:
        rows = ((f"model_{n:02}", variant) for n in itertools.count() for variant in VARIANTS)
    else:
        many = (f"prune({at / 1e6:.6f})+int8" for at in itertools.count(100_000))
        variants = itertools.chain(VARIANTS, many)
        rows = ((f"model_{n:02}", variant) for variant in variants for n in range(models))
    records: list[Record] = []
    while len(records) < count:
        records += _row(*next(rows), draw)
    return Results(ENVIRONMENT, tuple(records[:count]), registry.catalogue())


def _row(model, variant, draw):
    size, latency = draw.uniform(2e4, 2e6), draw.uniform(1e-5, 1e-3)
    samples = tuple(draw.gauss(latency, latency / 50) for _ in range(30))
    openings = (3,) * 10
    latency = stats.median_over(samples, openings)
    ratios = tuple(draw.gauss(draw.choice([0.9, 1.0, 2.0]), 0.02) for _ in range(40))
    faster = stats.typical_ratio(ratios)
    gained, lost, n = draw.randrange(40), draw.randrange(40), 10000
    difference = stats.paired_difference(gained, lost, n)
    count = RIGHT if variant == "baseline" else RIGHT + gained - lost
    right = stats.proportion(count, n)
    place = {"model": model, "dataset": "digits", "variant": variant, "seed": 0, "format": "tflite"}

    def record(metric, value=None, low=None, high=None, *, unit="", file=False, **more):
        where = {"runtime": "", "threads": 0} if file else {"runtime": "litert", "threads": 1}
        more = {"status": "ok", "value": value, "low": low, "high": high} | more
        return Record(Case(**place, **where), metric=metric, unit=unit, **more)

    is_baseline = variant == "baseline"
    against = {"status": "skipped", "reason": "this is the baseline", "value": None}
    delta = {"value": difference.value, "low": difference.low, "high": difference.high, "n": n}
    delta |= {"gained": gained, "lost": lost, "verdict": stats.quality_verdict(gained, lost, n)}
    low, high = faster.ends
    speed = {"value": faster.value, "low": low, "high": high, "n": len(ratios)}
    speed |= {"samples": ratios, "verdict": stats.speed_verdict(ratios)}
    if is_baseline:
        delta = speed = against
    zeros = f"{draw.randrange(100)} % of the weights are zeros stored dense"
    yield record("file_bytes", 2 * size, unit="B", file=True)
    yield record("gzip_bytes", size, unit="B", file=True)
    yield record("zip_bytes", size, unit="B", file=True)
    yield record("parameters", 4e5, file=True)
    yield record("macs", 4e6, file=True)
    yield record("effective_macs", 2e6, file=True)
    yield record("top1", right.value, right.low, right.high, n=n, count=count)
    yield record("agreement", 0.99, 0.98, 1.0, n=n)
    yield record("top1_delta", **delta)
    told = {"unit": "s", "n": 30, "samples": samples, "openings": openings}
    yield record("latency", latency.value, latency.low, latency.high, **told)
    yield record("speedup", **speed)
    yield record("why", reasons=(zeros,))


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
