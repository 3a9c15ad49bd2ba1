"""Records → the record's table: how small a file got without being worse than its dense start.

Sizes are compared with 4 bytes for every parameter of the dense model, as the literature does, so
that they stand beside what others have published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin import stats
from weighin.core import Catalogue, Record, Results
from weighin.report import units
from weighin.report.columns import columns_of
from weighin.report.footer import samples
from weighin.report.layout import Section
from weighin.report.rows import Row, by_model, rows_of
from weighin.report.table import Table, document

POINT = 0.001  # how far top-1 may lie below the dense baseline's and still count as no worse
TIMES = "× below 4 B/parameter"
SIZES = ("file_bytes", "gzip_bytes", "entropy_bytes")

_NOTES = (
    "entropy bound: of the trained values, each tensor coded at its entropy (Shannon 1948); what "
    "the codes stand for not counted",
    "× below 4 B/parameter, bits/parameter: the file after gzip -9 against the parameters of the "
    "dense baseline; unlike × smaller this crosses file formats",
    "McNemar: images gained and lost against the dense baseline, exact test; the best of several "
    "variants by these same images is flattered by the choice",
    f"no worse: that test does not find it worse at 5 %, and top-1 is at most "
    f"{POINT * 100:g} points below",
)


@dataclass(frozen=True)
class Entry:
    """One file on one runtime, beside the dense baseline of its seed."""

    row: Row
    dense: Row | None

    @property
    def gain(self) -> tuple[int, int, int] | None:
        """Test images gained and lost against the baseline, and their number in all."""
        delta = _first(self.row, "top1_delta")
        if delta is None or delta.gained is None or delta.lost is None or not delta.n:
            return None
        return delta.gained, delta.lost, delta.n

    @property
    def is_no_worse(self) -> bool | None:
        """Whether it is no worse than the baseline; None if that was not measured."""
        if self.gain is None:
            return None
        gained, lost, n = self.gain
        is_worse = lost > gained and stats.mcnemar(gained, lost) < 1 - stats.CONFIDENCE
        return not is_worse and lost - gained <= round(POINT * n, 6)

    @property
    def bits(self) -> float | None:
        """Bits of the file after gzip -9 for each parameter of the dense baseline."""
        size, parameters = _value(self.row, "gzip_bytes"), _value(self.dense, "parameters")
        return 8 * size / parameters if size and parameters else None

    @property
    def times(self) -> float | None:
        """How many times smaller than 4 bytes per parameter of the dense baseline."""
        return 32 / self.bits if self.bits else None

    @property
    def sha256(self) -> str:
        """The file's SHA-256."""
        size = _first(self.row, "gzip_bytes")
        return size.artifact if size else ""


def entries(records: Sequence[Record], metrics: Catalogue) -> list[Entry]:
    """The rows of one model, one for each seed, beside their baselines."""
    rows = [row for row in rows_of(records, metrics) if not row.is_skipped]
    dense = {row.case: row for row in rows if row.variant == "baseline"}
    return [Entry(row, dense.get(row.case.baseline)) for row in rows]


def render(runs: Sequence[Results], format: str) -> str:
    """The record's tables of one or more runs, in one of `layout.FORMATS`."""
    return document(runs, format, _sections, _flat)


def _sections(results: Results) -> list[Section]:
    return [
        _section(model, dataset, records, results)
        for (model, dataset), records in by_model(results.records).items()
    ]


def _section(model: str, dataset: str, records: Sequence[Record], results: Results) -> Section:
    rows = entries(records, results.metrics)
    sizes, (top1,) = columns_of(results, SIZES), columns_of(results, ["top1"])
    headers = (
        *("variant", "seed", "runtime", *(column.header for column in sizes)),
        *(TIMES, "bits/parameter", top1.header, f"dense {top1.header}"),
        *("McNemar", "no worse", "sha256"),
    )
    table = Table(model, dataset, [entry.row for entry in rows], (*sizes, top1))
    cells = [_cells(table, entry) for entry in rows]
    for anchor in _anchors(results, model):
        alike = "like for like" if anchor.get("alike") else "not like for like"
        note = table.note(f"published; {alike}: {anchor.get('counted')}")
        row = dict.fromkeys(headers, "") | {
            "variant": f"{anchor.get('source')}{note}",
            TIMES: f"{anchor.get('times'):g}",
        }
        cells.append(list(row.values()))
    lines = [*table.numbered, *samples(results, table.rows, dataset, ["top1"]), *_NOTES]
    return Section(f"{model} on {dataset}: the record", headers, cells, lines)


def _cells(table: Table, entry: Entry) -> list[str]:
    row = entry.row
    *sizes, top1 = (table.cell(row, column) for column in table.columns)
    if row.variant == "baseline":
        against = ["", "", ""]
    else:
        dense = table.cell(entry.dense, table.columns[-1]) if entry.dense else "not measured"
        worse = {True: "yes", False: "no", None: "not measured"}[entry.is_no_worse]
        against = [dense, _mcnemar(entry), worse]
    return [
        row.variant,
        str(row.seed),
        row.place,
        *sizes,
        "not measured" if entry.times is None else units.ratio(entry.times),
        "not measured" if entry.bits is None else units.ratio(entry.bits),
        top1,
        *against,
        entry.sha256[:12],
    ]


def _mcnemar(entry: Entry) -> str:
    if entry.gain is None:
        return "not measured"
    gained, lost, _ = entry.gain
    p = stats.mcnemar(gained, lost)
    return f"{gained} gained, {lost} lost, p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"


def _anchors(results: Results, model: str) -> Sequence[Mapping[str, Any]]:
    anchors: Sequence[Mapping[str, Any]] = results.environment.get("anchors", {}).get(model, ())
    return anchors


def _flat(results: Results) -> list[dict[str, Any]]:
    """Rows of bare numbers, and of what was published."""
    flat: list[dict[str, Any]] = []
    for (model, dataset), records in by_model(results.records).items():
        for entry in entries(records, results.metrics):
            row, top1, dense = entry.row, _first(entry.row, "top1"), _first(entry.dense, "top1")
            gained, lost, n = entry.gain or (None, None, None)
            flat.append(
                {
                    "model": model,
                    "dataset": dataset,
                    "variant": row.variant,
                    "seed": row.seed,
                    "runtime": row.runtime,
                    "threads": row.threads,
                    **{metric: _value(row, metric) for metric in SIZES},
                    "dense_parameters": _value(entry.dense, "parameters"),
                    "times_below_4_bytes_per_parameter": entry.times,
                    "bits_per_parameter": entry.bits,
                    "top1": top1 and top1.value,
                    "top1_low": top1 and top1.low,
                    "top1_high": top1 and top1.high,
                    "dense_top1": dense and dense.value,
                    "dense_top1_low": dense and dense.low,
                    "dense_top1_high": dense and dense.high,
                    "images": n,
                    "gained": gained,
                    "lost": lost,
                    "mcnemar_p": None
                    if gained is None or lost is None
                    else stats.mcnemar(gained, lost),
                    "no_worse": entry.is_no_worse,
                    "sha256": entry.sha256,
                }
            )
        flat += [
            {"model": model, "dataset": dataset}
            | {f"published_{key}": value for key, value in anchor.items()}
            for anchor in _anchors(results, model)
        ]
    return flat


def _first(row: Row | None, metric: str) -> Record | None:
    return next(iter(row.records.get(metric, ())), None) if row else None


def _value(row: Row | None, metric: str) -> float | None:
    record = _first(row, metric)
    return record.value if record else None
