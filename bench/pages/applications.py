"""The article's table of keras.applications beside what was built and weighed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weighin.core import Results
from weighin.publish import markdown
from weighin.publish.folders import Folder, Project, Run
from weighin.publish.pages import page as register
from weighin.publish.reference import rows as rows_of_csv
from weighin.report.columns import columns_of
from weighin.report.footer import legend
from weighin.report.origin import origin
from weighin.report.rows import Row, rows_of_seeds
from weighin.report.table import Table

VARIANTS = ("baseline", "float16", "dynamic", "int8", "prune(0.8)+int8")
_NOT = "not measured"
_MISPRINT = 0.1  # of a size: what is printed beside weights, and rounding, is less


@dataclass(frozen=True)
class Application:
    """One row of the printed table of keras.applications; None where it printed nothing.

    Attributes:
        mebibytes: what it prints as MB.
    """

    model: str
    mebibytes: float | None
    parameters: int | None
    depth: int | None


def applications(folder: Path) -> list[Application]:
    """The rows of `keras_applications.csv`, none if there is no such file.

    Raises:
        WeighinError: if a row is not as it should be; it names the row.
    """
    return rows_of_csv(folder / "keras_applications.csv", _application)


def _application(row: dict[str, str]) -> Application:
    size, parameters, depth = row["size_mb"], row["parameters"], row["depth"]
    return Application(
        row["model"],
        float(size) if size else None,
        int(parameters) if parameters else None,
        int(depth) if depth else None,
    )


@register(
    "applications",
    about="the models of keras.applications: as printed, as built, compressed",
    order=50,
)
def page(folder: Folder, project: Project) -> str:
    """The page's text; empty where none of the models was weighed."""
    printed, others = applications(project.facts), project.others(folder)
    runs = _runs(folder, printed)
    if not runs:
        return ""
    weighed: list[Row] = []
    built: list[list[str]] = []
    described = next(iter(runs.values())).results
    sizes = Table("", "", [], columns_of(described, ["file_bytes", "gzip_bytes"]))
    speeds = Table("", "", [], columns_of(described, ["latency", "speedup"]))
    size_cells, speed_cells = [], []
    for application in printed:
        if application.model not in runs:
            continue
        rows = rows_of_seeds(
            runs[application.model].of(application.model).records,
            runs[application.model].results,
        )
        built.append([application.model, *_built(application, rows)])
        weighed += rows
        of = {row.variant: row for row in rows if row.format == "tflite"}
        ran = {row.variant: row for row in rows if row.is_main}
        size_cells.append([application.model, *(_size(sizes, of.get(name)) for name in VARIANTS)])
        speed_cells.append(
            [application.model, *(_speed(speeds, ran.get(name)) for name in VARIANTS)]
        )
    return markdown.page(
        folder,
        "keras.applications: as printed, as built, compressed",
        [
            f"{_count(runs)} of the {len(printed)} models of the article's table were weighed "
            f"here. "
            f"Each has a page of its own with intervals and reasons.",
            *_elsewhere(runs, printed, others),
            _as_printed(built, printed),
            _section("Size: file, and after gzip -9", size_cells, sizes.numbered),
            _section(
                "Latency, and × faster than the baseline",
                speed_cells,
                [
                    *speeds.numbered,
                    *legend([row for row in weighed if row.is_main]),
                    "× faster: interleaved with the baseline, as on each page",
                ],
            ),
            markdown.GITHUB.lines(origin(_together(runs))),
        ],
    )


def _runs(folder: Folder, printed: Sequence[Application]) -> dict[str, Run]:
    return {
        application.model: run
        for run in folder.runs
        for application in printed
        if application.model in run.models
    }


def _elsewhere(
    here: Mapping[str, Run], printed: Sequence[Application], others: Sequence[Folder]
) -> list[str]:
    """Where the models are that were not weighed here: their latencies are another machine's."""
    missing = [application for application in printed if application.model not in here]
    parts = []
    for folder in others:
        runs = _runs(folder, missing)
        weighed_there = [application.model for application in missing if application.model in runs]
        missing = [application for application in missing if application.model not in runs]
        if weighed_there:
            name = "/".join(folder.parts)
            link = markdown.link(name, "..", "..", *folder.parts, "applications.md")
            parts.append(f"Weighed in {link}: {', '.join(weighed_there)}.")
    if missing:
        parts.append(f"Not weighed yet: {', '.join(application.model for application in missing)}.")
    return parts


def _count(runs: Mapping[str, Run]) -> int:
    """How many models have a file that was weighed."""
    return sum(
        any(record.metric == "file_bytes" and record.value for record in run.of(model).records)
        for model, run in runs.items()
    )


def _together(runs: Mapping[str, Run]) -> Results:
    """What holds of all runs: every model's weights, from which to which date; the last's rest."""
    ordered = sorted(runs.values(), key=lambda run: run.fact("date"))
    dates = dict.fromkeys((ordered[0].fact("date"), ordered[-1].fact("date")))
    weights = {
        model: made_of
        for model, run in runs.items()
        if (made_of := run.facts("weights").get(model)) is not None
    }
    together = {"weights": weights, "date": " to ".join(dates)}
    last = ordered[-1].results
    return Results({**last.environment, **together}, metrics=last.metrics)


def _as_printed(rows: Sequence[Sequence[str]], printed: Sequence[Application]) -> str:
    headers = ["model", "parameters, printed", "parameters, built", "difference"]
    headers += ["size, printed", ".h5, built", ".tflite, built", "depth, printed", "depth, built"]
    lines = [
        "printed: MachineCurve 2020, after keras.io; built: by the tf_keras of this run",
        "parameters, built: all values of the Keras file; † of the .tflite, where that alone was "
        "weighed: fewer, as batch normalization is folded and equal constants are kept once",
        "size: printed as MB of 2^20 bytes (VGG16's 138,357,544 parameters of 4 bytes are 528 of "
        "them), hence MiB here; the MB below are of 10^6 bytes",
        "depth, built: layers on the longest path, the input counted; the printed ones do not all "
        "count alike (DenseNet121's 121 are its layers with weights), and some are missing",
        *_misprints(printed),
    ]
    return f"## As printed and as built\n\n{markdown.table(headers, rows, lines)}"


def _misprints(printed: Sequence[Application]) -> list[str]:
    """Where a printed size is not that of the printed parameters, as 4 bytes each."""
    words = [
        f"{application.model} ({application.mebibytes:g} MiB, {expected:.3g} by its parameters)"
        for application in printed
        if application.mebibytes and application.parameters
        if abs(application.mebibytes / (expected := 4 * application.parameters / 2**20) - 1)
        > _MISPRINT
    ]
    line = "the printed size is not 4 bytes for each of the printed parameters: "
    return [line + ", ".join(words)] if words else []


def _built(printed: Application, rows: Sequence[Row]) -> list[str]:
    dense = {row.format: row for row in rows if row.variant == "baseline"}
    keras, lite = dense.get("h5"), dense.get("tflite")
    parameters = _value(keras, "parameters")
    mark = "" if parameters else "†"
    parameters = parameters or _value(lite, "parameters")
    depth = _value(keras, "depth")
    of_keras, of_lite = _value(keras, "file_bytes"), _value(lite, "file_bytes")
    differs = bool(parameters and printed.parameters and not mark)
    return [
        f"{printed.parameters:,}" if printed.parameters else "",
        f"{parameters:,.0f}{mark}" if parameters else _why_not(keras, lite, "parameters"),
        f"{parameters - printed.parameters:+,.0f}" if differs else "",  # type: ignore[operator]
        f"{printed.mebibytes:g} MiB" if printed.mebibytes else "",
        f"{of_keras / 2**20:.3g} MiB" if of_keras else _why_not(keras, None, "file_bytes"),
        f"{of_lite / 2**20:.3g} MiB" if of_lite else _why_not(lite, None, "file_bytes"),
        f"{printed.depth}" if printed.depth else "",
        f"{depth:g}" if depth else _why_not(keras, None, "depth"),
    ]


def _why_not(row: Row | None, other: Row | None, metric: str) -> str:
    """`failed` or `not measured`, as the records of the first row that has some say."""
    records = [
        record
        for candidate in (row, other)
        if candidate
        for record in candidate.records.get(metric, ())
    ]
    return records[0].status if records and records[0].value is None else _NOT


def _value(row: Row | None, metric: str) -> float | None:
    return row.mean(metric) if row else None


def _section(title: str, cells: Sequence[Sequence[str]], lines: Sequence[str]) -> str:
    return f"## {title}\n\n{markdown.table(['model', *VARIANTS], cells, lines)}"


def _size(table: Table, row: Row | None) -> str:
    if row is None:
        return _NOT
    file, gzip = (table.cell(row, column) for column in table.columns)
    if _value(row, "file_bytes") is None:
        return file
    return f"{file}, {gzip}"


def _speed(table: Table, row: Row | None) -> str:
    if row is None:
        return _NOT
    latency = table.cell(row, table.columns[0])
    if row.variant == "baseline" or _value(row, "latency") is None:
        return latency
    return f"{latency}; × {table.cell(row, table.columns[1])}"
