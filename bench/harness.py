"""How fast the harness itself is: ratios, each measured within one run.

    python -m bench.harness           seconds; needs the quick suite's artifacts, builds them if not
    python -m bench.harness --suite   also the quick suite as a whole, with a cold and a warm cache

pytest runs the blocks below by name; `pytest bench/` passes this file over.
"""

import json
import operator
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from tabulate import tabulate

from weighin.core.case import Case
from weighin.definitions import default_definitions, load_definitions
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = 10
COLD, WARM = 1.3, 0.65  # of the naive script's time, which says how fast the machine is
CASES = [
    Case(model, "mnist10k", variant, 0, "tflite", "litert", 1)
    for model, variant in (
        ("mnist_cnn", "baseline"),
        ("lenet_300_100", "baseline"),
        ("lenet_300_100", "int8"),
    )
]


def _per_call(call, calls=20):
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - began) / calls


@pytest.fixture(scope="module")
def cells():
    """Cells by case, built and opened once."""
    definitions = default_definitions(ROOT)
    load_definitions(definitions)
    bench = RunContext.here(definitions, profile="quick")
    bench.build(CASES)
    opened = {case: Cell(case, "inference", bench) for case in CASES}
    yield opened
    for cell in opened.values():
        cell.close()


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("case", CASES[:1] + CASES[2:], ids=str)
def test_inference_beside_a_bare_loop(benchmark, cells, case, block):
    """One block of a bare loop and one of pytest-benchmark's, their order alternating."""
    call = cells[case].inference()
    _per_call(call, 200)
    before = [_per_call(call) for _ in range(15)] if block % 2 else []
    benchmark.pedantic(operator.call, args=(call,), rounds=300)
    bare = before or [_per_call(call) for _ in range(15)]
    benchmark.extra_info |= {"about": f"inference {case}", "bare": statistics.median(bare)}


@pytest.mark.parametrize("case", CASES[:2], ids=str)
def test_evaluation_beside_one_by_one(benchmark, cells, case):
    """The whole test set at once and image by image, in turn."""
    cell = cells[case]
    inputs = cell.context.dataset(case).test.inputs()

    def one_by_one():
        began = time.perf_counter()
        for index in range(len(inputs)):
            cell.session.inference(inputs[index : index + 1])()
            cell.session.answer()
        return time.perf_counter() - began

    def at_once():
        began = time.perf_counter()
        cell.session.predict(inputs)
        return time.perf_counter() - began

    pairs = [(one_by_one(), at_once()) for _ in range(5)]
    call = cell.inference()
    single = statistics.median(_per_call(call, 1) for _ in range(1000))
    benchmark.pedantic(at_once)
    cores = len(os.sched_getaffinity(0))
    benchmark.extra_info |= {
        "about": f"evaluation {case}",
        "one_by_one": statistics.median(slow / fast for slow, fast in pairs),
        "of_ideal": statistics.median(fast for _, fast in pairs) / (len(inputs) * single / cores),
    }


def _blocks():
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
        command += [f"--benchmark-json={report}", "--benchmark-quiet", "--benchmark-save-data"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return json.loads(report.read_text())["benchmarks"]


def _inference_rows(blocks):
    for about in dict.fromkeys(block["extra_info"]["about"] for block in blocks):
        matching = [block for block in blocks if block["extra_info"]["about"] == about]
        if not about.startswith("inference"):
            continue
        bare = statistics.median(block["extra_info"]["bare"] for block in matching)
        ours = statistics.median(block["stats"]["median"] for block in matching)
        ratio = statistics.median(
            block["stats"]["median"] / block["extra_info"]["bare"] for block in matching
        )
        yield [
            f"{about}: pytest-benchmark's time / a bare loop's",
            f"{ratio:.3f} ({ours * 1e6:.2f} and {bare * 1e6:.2f} µs)",
            "at most 1.02, or 2 µs more",
            ratio <= 1.02 or ours - bare <= 2e-6,
        ]


def _evaluation_rows(blocks):
    for block in blocks:
        info = block["extra_info"]
        if "lenet_300_100" in info["about"] and "one_by_one" in info:
            name = f"{info['about']}: one by one / at once"
            yield [name, f"{info['one_by_one']:.1f}", "at least 4", info["one_by_one"] >= 4]
        elif "of_ideal" in info:
            name = f"{info['about']}: at once / (n × one inference ÷ cores)"
            yield [name, f"{info['of_ideal']:.2f}", "at most 1.2", info["of_ideal"] <= 1.2]


def _table_row():
    results = sorted((ROOT / "results" / "local").glob("*.json"))
    content = json.loads(results[-1].read_text())
    records = content["records"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "thousand.json"
        content["records"] = (records * (1000 // len(records) + 1))[:1000]
        path.write_text(json.dumps(content))
        command = [sys.executable, "-m", "weighin", "table", str(path)]
        seconds = [_seconds(command) for _ in range(5)]
    middle = statistics.median(seconds)
    return [
        "weighin table, 1,000 records, whole process",
        f"{middle:.2f} s",
        "0.5 s",
        middle <= 0.5,
    ]


def _suite_rows():
    """The suite cold and warm, and the naive script on the same rows, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "bench/", "--benchmark-only", "-q"]
        command += ["--weighin-cache-dir", folder, "--weighin-results-dir", folder]
        naive = _seconds([sys.executable, "-m", "bench.naive"])
        cold, warm = _seconds(command), _seconds(command)
    for kind, seconds, bound in (("cold", cold, COLD), ("warm", warm, WARM)):
        yield [
            f"quick suite with a {kind} cache / the naive script",
            f"{seconds / naive:.2f} ({seconds:.0f} and {naive:.0f} s)",
            f"at most {bound:g}",
            seconds <= bound * naive,
        ]


def _seconds(command):
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main():
    """Measure everything, print a table, exit with 1 if a bound is missed."""
    blocks = _blocks()
    rows = [*_inference_rows(blocks), *_evaluation_rows(blocks), _table_row()]
    if "--suite" in sys.argv:
        rows += _suite_rows()
    for row in rows:
        row[-1] = "yes" if row[-1] else "NO"
    sys.stdout.write(tabulate(rows, ["what", "measured", "bound", "met"]) + "\n")
    sys.exit(any(row[-1] == "NO" for row in rows))


if __name__ == "__main__":
    main()
