"""Records → the record's table: how small a file got without being worse than its dense start.

Sizes are compared with 4 bytes for every parameter of the dense model, as the literature does, so
that they stand beside what others have published.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin import stats
from weighin.core import CONTROL, Record, Results
from weighin.report import units
from weighin.report.choice import half
from weighin.report.columns import Column, column_of, columns_of
from weighin.report.footer import samples
from weighin.report.layout import Section
from weighin.report.primary import Primary, examples, primary
from weighin.report.rows import Row, rows_of
from weighin.report.table import Table, document
from weighin.report.terminal import Terminal
from weighin.report.verdicts import is_found_worse

# How far top-1 may lie below the dense baseline's and still count as no worse; of what is no share,
# as a share of the baseline's figure
POINT = 0.001
TIMES = "× below 4 B/parameter"
SIZES = ("file_bytes", "gzip_bytes", "entropy_bytes")

_NOTES = (
    "entropy bound: of the trained values, each tensor coded at its entropy (Shannon 1948); what "
    "the codes stand for not counted",
    "× below 4 B/parameter, bits/parameter: the file after gzip -9 against the parameters of the "
    "dense baseline; unlike × smaller this crosses file formats",
)


@dataclass(frozen=True)
class Entry:
    """One file on one runtime, beside the dense baseline of its seed."""

    row: Row
    dense: Row | None

    @property
    def delta(self) -> Record | None:
        """The difference of the primary figure to the baseline's."""
        return _first(self.row, self.row.primary.delta_name)

    @property
    def gain(self) -> tuple[int, int, int] | None:
        """Test examples gained and lost against the baseline, and their number in all."""
        return _gain(self.delta)

    @property
    def is_no_worse(self) -> bool | None:
        """Whether it is no worse than the best dense training; None if that was not measured.

        Than the baseline, and than the dense control beside what trains further.
        """
        told = [self._is_no_worse(record) for record in (self.delta, *self.row.beside_control)]
        return False if False in told else None if None in told else True

    def half(self, at: int) -> Entry | None:
        """The same by one half of the examples; None where its records do not tell them apart."""
        row = half(self.row, at)
        return dataclasses.replace(self, row=row) if row else None

    def _is_no_worse(self, delta: Record | None) -> bool | None:
        """Whether one difference says so; None if it was not measured."""
        gain, quality = _gain(delta), self.row.primary
        if gain is not None:
            gained, lost, n = gain
            is_worse = lost > gained and stats.mcnemar(gained, lost) < 1 - stats.CONFIDENCE
            return not is_worse and lost - gained <= round(POINT * n, 6)
        dense = _value(self.dense, quality.name)
        if delta is None or delta.value is None or dense is None or quality.is_paired_by_counts:
            return None
        by = delta.value if quality.is_lower_better else -delta.value
        tolerated = POINT if quality.figure.kind == "share" else POINT * abs(dense)
        return not is_found_worse(delta, quality.delta) and by <= tolerated

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


def _gain(delta: Record | None) -> tuple[int, int, int] | None:
    if delta is None or delta.gained is None or delta.lost is None or not delta.n:
        return None
    return delta.gained, delta.lost, delta.n


def entries(records: Sequence[Record], results: Results) -> list[Entry]:
    """The rows of one model, one for each seed, beside their baselines."""
    rows = [row for row in rows_of(records, results) if not row.is_skipped]
    dense = {row.case: row for row in rows if row.variant == "baseline"}
    return [Entry(row, dense.get(row.case.baseline)) for row in rows]


def render(runs: Sequence[Results], format: str, terminal: Terminal | None = None) -> str:
    """The record's tables of one or more runs, in one of `layout.FORMATS`."""
    return document(runs, format, _sections, _flat, terminal)


def _sections(results: Results) -> list[Section]:
    return [
        _section(model, dataset, records, results)
        for (model, dataset), records in results.by_model.items()
    ]


def _section(model: str, dataset: str, records: Sequence[Record], results: Results) -> Section:
    rows = entries(records, results)
    quality = primary(results.metrics, records)
    names = [name for name in (quality.name, quality.delta_name) if name]
    sizes, (figure, *deltas) = columns_of(results, SIZES), columns_of(results, names)
    is_any_control = any(entry.row.beside_control for entry in rows)
    control = [column_of(quality.control)] if quality.control and is_any_control else []
    headers = (
        *("variant", "seed", "runtime", *(column.header for column in sizes)),
        *(TIMES, "bits/parameter", figure.header, f"dense {figure.header}"),
        *(_test_header(quality), *(column.header for column in control), "no worse", "sha256"),
    )
    columns = (*sizes, *([] if quality.is_paired_by_counts else deltas), *control, figure)
    table = Table(model, dataset, [entry.row for entry in rows], columns)
    cells = [_cells(table, entry) for entry in rows]
    for anchor in _anchors(results, model):
        alike = "like for like" if anchor.get("alike") else "not like for like"
        note = table.note(f"published; {alike}: {anchor.get('counted')}")
        row = dict.fromkeys(headers, "") | {
            "variant": f"{anchor.get('source')}{note}",
            TIMES: f"{anchor.get('times'):g}",
        }
        cells.append(list(row.values()))
    notes = (*_NOTES, *_judged_by(quality, examples(results, dataset, quality), control))
    below = samples(results, table.rows, dataset, [column.metric for column in columns[3:]])
    lines = [*table.numbered, *below, *notes]
    return Section(f"{model} on {dataset}: the record", headers, cells, lines)


def _test_header(quality: Primary) -> str:
    """The header of the column that says how a row compares with the baseline."""
    if quality.is_paired_by_counts:
        return "McNemar"
    return quality.delta.title if quality.delta else f"Δ {quality.figure.title}"


def _judged_by(quality: Primary, noun: str, control: Sequence[Column]) -> tuple[str, str]:
    """What the column of the test says, and when a file counts as no worse."""
    title, side = quality.figure.title, "above" if quality.is_lower_better else "below"
    choice = f"the best of several variants by these same {noun} is flattered by the choice"
    if quality.is_paired_by_counts:
        told = f"McNemar: {noun} gained and lost against the dense baseline, exact test; {choice}"
    else:  # what the difference is, the lines above say
        told = choice
    test = "that test" if quality.is_paired_by_counts else _test_header(quality)
    by = f"points {side}" if quality.figure.kind == "share" else f"% {side} the baseline's"
    return told, (
        f"no worse: {test} does not find it worse at 5 %, and {title} is at most "
        f"{POINT * 100:g} {by}{f'; nor so beside {CONTROL}, if it trains further' * bool(control)}"
    )


def _cells(table: Table, entry: Entry) -> list[str]:
    row, quality = entry.row, entry.row.primary
    told = {column.metric: table.cell(row, column) for column in table.columns}
    control = [told[quality.control_name]] if quality.control_name in told else []
    if row.variant == "baseline":
        against = ["", "", *control, ""]
    else:
        dense = table.cell(entry.dense, table.columns[-1]) if entry.dense else "not measured"
        test = told[quality.delta_name] if quality.delta_name in told else _mcnemar(entry)
        worse = {True: "yes", False: "no", None: "not measured"}[entry.is_no_worse]
        against = [dense, test, *control, worse]
    return [
        row.variant,
        str(row.seed),
        row.place,
        *(told[name] for name in SIZES),
        "not measured" if entry.times is None else units.ratio(entry.times),
        "not measured" if entry.bits is None else units.ratio(entry.bits),
        told[quality.name],
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
    for (model, dataset), records in results.by_model.items():
        for entry in entries(records, results):
            row, name = entry.row, entry.row.primary.name
            figure, dense = _first(row, name), _first(entry.dense, name)
            flat.append(
                {
                    "model": model,
                    "dataset": dataset,
                    "variant": row.variant,
                    "seed": row.seed,
                    "runtime": row.runtime,
                    **({"target": row.target} if row.target else {}),
                    "threads": row.threads,
                    **{metric: _value(row, metric) for metric in SIZES},
                    "dense_parameters": _value(entry.dense, "parameters"),
                    "times_below_4_bytes_per_parameter": entry.times,
                    "bits_per_parameter": entry.bits,
                    name: figure and figure.value,
                    f"{name}_low": figure and figure.low,
                    f"{name}_high": figure and figure.high,
                    f"dense_{name}": dense and dense.value,
                    f"dense_{name}_low": dense and dense.low,
                    f"dense_{name}_high": dense and dense.high,
                    **_flat_test(entry),
                    **_flat_control(entry),
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


def _flat_test(entry: Entry) -> dict[str, Any]:
    """What the row's difference to the baseline rests on: counts, or the difference itself."""
    quality, delta = entry.row.primary, entry.delta
    if quality.is_paired_by_counts:
        gained, lost, n = entry.gain or (None, None, None)
        p = None if gained is None or lost is None else stats.mcnemar(gained, lost)
        return {"images": n, "gained": gained, "lost": lost, "mcnemar_p": p}
    return {"examples": delta and delta.n, **_flat_delta(quality.delta_name, delta)}


def _flat_control(entry: Entry) -> dict[str, Any]:
    """The row's difference to the dense control, where it has one."""
    name = entry.row.primary.control_name
    return {
        key: value
        for record in entry.row.beside_control
        for key, value in _flat_delta(name, record).items()
    }


def _flat_delta(name: str, delta: Record | None) -> dict[str, Any]:
    return {
        name: delta and delta.value,
        f"{name}_low": delta and delta.low,
        f"{name}_high": delta and delta.high,
        f"{name}_verdict": delta and delta.verdict,
    }


def _first(row: Row | None, metric: str) -> Record | None:
    return next(iter(row.records.get(metric, ())), None) if row else None


def _value(row: Row | None, metric: str) -> float | None:
    record = _first(row, metric)
    return record.value if record else None
