"""The article that weighin grew from: its rows with its own measure, what it lacks, what is what.

Its measure is a file's size in a ZIP archive, an .h5 by a .tflite.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from weighin.core import Record
from weighin.publish import markdown
from weighin.publish.folders import Folder, Run
from weighin.publish.published import Published
from weighin.report import units
from weighin.report.footer import samples
from weighin.report.rows import Row, rows_of_seeds
from weighin.report.table import COLUMNS, Column, Table

SOURCE, MODEL, PROFILE = "MachineCurve 2020", "mnist_cnn", "full"
PRUNED, QUANTIZED = "prune(0.7,begin=0.4)", "dynamic"
BOTH = f"{PRUNED}+{QUANTIZED}"
CONTROL = "finetune"
ONE_SCALE = "(scales=tensor)"  # for a whole kernel, not for each of its channels
_SHOWN = {column.metric: column for column in COLUMNS}
_LACKING = (
    Column("zip", "zip_bytes", units.size),
    Column("× of the .h5", "of_h5", units.ratio),
    Column("× like for like", "of_same", units.ratio, compares=True),
    *(_SHOWN[metric] for metric in ("top1", "top1_delta", "latency", "speedup")),
)
# The ways from the dense .h5 to the pruned and quantized .tflite; quantized, there is no .h5.
_WAYS = (
    ("container", "pruning", "quantization"),
    ("container", "quantization", "pruning"),
    ("pruning", "container", "quantization"),
)
Sizes = Mapping[tuple[str, str], Mapping[int, float]]


def page(folder: Folder, known: Sequence[Published]) -> str:
    """The page's text; empty where nothing of the article was weighed but its dense start."""
    rows = [each for each in known if each.source == SOURCE and each.metric == "zip_bytes"]
    main = _run_of(folder, PROFILE)
    if not rows or main is None or not _sizes(main).get((PRUNED, "h5")):
        return ""
    parts = [_its_rows(folder, rows, known), _lacking(main), _what_is_what(main, rows)]
    title = "The article, reproduced and completed"
    return markdown.page(folder, title, parts)


def _run_of(folder: Folder, profile: str) -> Run | None:
    """The run of the article's rows by a profile: its own suite's before any other's."""
    runs = [run for run in folder.runs if MODEL in run.models and run.fact("profile") == profile]
    ranked = sorted(runs, key=lambda run: not run.fact("suite").startswith("article"))
    return ranked[0] if ranked else None


def _sizes(run: Run) -> dict[tuple[str, str], dict[int, float]]:
    """Bytes of ZIP archives by variant and format, of each seed."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for each in run.of(MODEL).records:
        if each.metric == "zip_bytes" and each.value:
            found.setdefault((each.variant, each.format), {})[each.seed] = each.value
    return found


def ratios(first: Mapping[int, float], second: Mapping[int, float]) -> list[float]:
    """How many times smaller the second is, for every seed that both have."""
    return [first[seed] / second[seed] for seed in sorted(first) if seed in second]


def _its_rows(folder: Folder, rows: Sequence[Published], known: Sequence[Published]) -> str:
    top1 = {(each.what, each.variant): each.value for each in known if each.metric == "top1"}
    dense = next((each.value for each in rows if each.variant == "baseline"), None)
    cells = []
    for each in rows:
        printed = top1.get((each.what, each.variant))
        run = _run_of(folder, each.profile)
        cells.append(
            [
                each.what,
                each.variant,
                f"{each.value:,.0f} B",
                f"{dense / each.value:.2f}" if dense else "",
                "not measured" if printed is None else f"{printed * 100:.2f} %",
                *(_ours(run, each) if run else ["not measured"] * 3),
            ]
        )
    headers = ["what", "ours", "zipped, published", "×", "top-1, published"]
    headers += ["zipped, ours", "×, ours", "top-1, ours"]
    lines = [
        "zipped: size in a ZIP archive with deflate, the article's measure; ×: the dense .h5 "
        "zipped by it, which for the .tflite crosses containers; as published: by its bytes",
        "published: MachineCurve 2020, one seed; ours: mean ± standard deviation over seeds "
        "where there are several; top-1: on all 10,000 test images, by the .tflite file of the "
        "same weights",
    ]
    return f"## Its six rows\n\n{markdown.table(headers, cells, lines)}"


def _ours(run: Run, published: Published) -> list[str]:
    sizes = _sizes(run)
    own = sizes.get((published.variant, published.format), {})
    dense = sizes.get(("baseline", "h5"), {})
    accuracy = run.find(MODEL, published.variant, "tflite", "top1")
    by_runtime = [each for each in accuracy if each.runtime == accuracy[0].runtime]
    return [
        _spread(list(own.values()), lambda value: f"{value:,.0f}", " B"),
        _spread(ratios(dense, own), units.ratio),
        _spread(
            [each.value for each in by_runtime if each.value], lambda x: f"{x * 100:.2f}", " %"
        ),
    ]


def _spread(values: Sequence[float], show: Callable[[float], str], unit: str = "") -> str:
    """`1.23 ± 0.04`: the mean, and the standard deviation of several."""
    if not values:
        return "not measured"
    deviation = f" ± {show(statistics.stdev(values))}" if len(values) > 1 else ""
    return f"{show(statistics.mean(values))}{deviation}{unit}"


def _precise(value: float) -> str:
    return f"{value:.3f}"


def _lacking(run: Run) -> str:
    records = run.of(MODEL).records
    sizes = _sizes(run)
    wanted = ["baseline", CONTROL, PRUNED]
    for end in (QUANTIZED, f"{QUANTIZED}{ONE_SCALE}", "int8"):
        wanted += [end, f"{PRUNED}+{end}"]
    rows = [
        _with_ratios(row, sizes)
        for row in rows_of_seeds(records)
        if row.variant in wanted and row.format == "tflite" and row.runtime == "litert"
    ]
    rows.sort(key=lambda row: wanted.index(row.variant))
    if not rows:
        return ""
    table = Table(MODEL, records[0].dataset, rows)
    cells = [[row.variant, *(table.cell(row, column) for column in _LACKING)] for row in rows]
    lines = [
        *table.numbered,
        "× of the .h5: the dense .h5 zipped by it, as the article divides; × like for like: the "
        "dense .tflite zipped by it",
        *samples(run.results, rows, records[0].dataset, [column.metric for column in _LACKING]),
    ]
    headers = ["variant", *(column.header for column in _LACKING)]
    return f"## The rows that it lacks\n\n{markdown.table(headers, cells, lines)}"


def _with_ratios(row: Row, sizes: Sizes) -> Row:
    own = row.records.get("zip_bytes", ())
    bases = {"of_h5": ("baseline", "h5"), "of_same": ("baseline", "tflite")}
    made: dict[str, tuple[Record, ...]] = {}
    for metric, base in bases.items():
        dense = sizes.get(base, {})
        made[metric] = tuple(
            dataclasses.replace(each, metric=metric, unit="", value=dense[each.seed] / each.value)
            for each in own
            if each.value and each.seed in dense
        )
    return dataclasses.replace(row, records={**row.records, **made})


def factors(sizes: Sizes) -> dict[tuple[str, ...], list[list[float]]]:
    """For each way from the dense .h5 to the final .tflite, each step's ratios by seed.

    The product over a way's steps is the whole ratio, seed by seed. What a step brings depends on
    what came before it, since gzip finds other repetition in what is left: hence several ways.
    """
    after = {
        frozenset[str](): ("baseline", "h5"),
        frozenset(["container"]): ("baseline", "tflite"),
        frozenset(["pruning"]): (PRUNED, "h5"),
        frozenset(["container", "pruning"]): (PRUNED, "tflite"),
        frozenset(["container", "quantization"]): (QUANTIZED, "tflite"),
        frozenset(["container", "pruning", "quantization"]): (BOTH, "tflite"),
    }
    seeds = set.intersection(*(set(sizes.get(cell, {})) for cell in after.values()))
    found: dict[tuple[str, ...], list[list[float]]] = {}
    for way in _WAYS:
        cells = [after[frozenset(way[:taken])] for taken in range(len(way) + 1)]
        steps = itertools.pairwise(cells)
        found[way] = [[sizes[a][s] / sizes[b][s] for s in sorted(seeds)] for a, b in steps]
    return found if seeds else {}


def _what_is_what(run: Run, rows: Sequence[Published]) -> str:
    sizes = _sizes(run)
    found = factors(sizes)
    if not found:
        return ""
    printed = {(each.variant, each.format): each.value for each in rows}
    cells, shares = [], dict[str, list[float]]()
    for way, steps in found.items():
        means = [math.exp(statistics.mean(map(math.log, step))) for step in steps]
        whole = math.prod(means)
        for name, mean in zip(way, means, strict=True):
            shares.setdefault(name, []).append(math.log(mean) / math.log(whole))
        words = [f"{name} {mean:.3f}" for name, mean in zip(way, means, strict=True)]
        cells.append([" → ".join(way), " · ".join(words), f"{whole:.2f}"])
    dense, pruned = printed.get(("baseline", "h5")), printed.get((PRUNED, "h5"))
    both = printed.get((BOTH, "tflite"))
    if dense and pruned and both:
        own = f"pruning {dense / pruned:.3f} · container and quantization {pruned / both:.3f}"
        cells.append(["as published", own, f"{dense / both:.2f}"])
    spans = [
        f"{name} {min(each) * 100:.1f} to {max(each) * 100:.1f} %" for name, each in shares.items()
    ]
    lines = [
        "each factor: how many times smaller zipped than the step before; the geometric mean over "
        "seeds, so that the product of a row is the whole",
        "container: from .h5 to .tflite, the same weights; the order counts, since a step leaves "
        "less to find for the next",
        f"of the whole, by logarithms, depending on the order: {'; '.join(spans)}",
    ]
    control = ratios(sizes.get(("baseline", "tflite"), {}), sizes.get((CONTROL, "tflite"), {}))
    if control:
        lines.append(
            f"the further epochs alone, nothing pruned: {_spread(control, _precise)} times smaller"
        )
    headers = ["order", "factors", "product"]
    return "## How much is pruning, how much quantization, how much the container\n\n" + (
        markdown.table(headers, cells, lines)
    )
