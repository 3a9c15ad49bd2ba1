"""Records → the page's data: every figure as `weighin table` writes it, with its number beside it.

The page's scripts sort and draw by the numbers and show the words; they format nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from weighin.core import CONTROL, Results, WeighinError
from weighin.report import engines, origin, versions
from weighin.report.by_engine import is_paired
from weighin.report.columns import Column, of_all
from weighin.report.layout import Section
from weighin.report.page.layers import Kept, analyses
from weighin.report.page.plots import plots
from weighin.report.page.sections import MISSING, section
from weighin.report.primary import examples, primary
from weighin.report.table import tables


def contents(runs: Sequence[tuple[str, Results]], kept: Kept | None = None) -> dict[str, Any]:
    """Everything that the page shows, ready for JSON.

    Args:
        runs: a name for each, and its results.
        kept: what is known of the layers of their files.
    """
    names = _short([name for name, _ in runs])
    sections: list[dict[str, Any]] = []
    drawn: list[dict[str, Any]] = []
    columns = of_all([results for _, results in runs])
    for at, (_, results) in enumerate(runs):
        of_models = {(table.model, table.dataset): table for table in tables(results)}
        by_model = {key: section(table, columns, results, at) for key, table in of_models.items()}
        for key, shown in by_model.items():
            shown["layers"] = analyses(results.by_model[key], kept) if kept else []
        rows = {key: table.rows for key, table in of_models.items()}
        drawn += plots(results, by_model, len(sections), rows)
        sections += by_model.values()
    return {
        "head": _head([results for _, results in runs], sections),
        "columns": [_column(column) for column in columns],
        "sections": sections,
        "plots": drawn,
        "engines": _engines(runs, names),
        "versions": _versions([results for _, results in runs]),
        "files": [_file(name, results) for name, (_, results) in zip(names, runs, strict=True)],
    }


def _head(runs: Sequence[Results], sections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = Counter(
        next((status for status in MISSING if status in row["statuses"]), "measured")
        for section in sections
        for row in section["rows"]
    )
    dates = sorted({str(results.environment.get("date") or "") for results in runs} - {""})
    return {
        "models": list(dict.fromkeys(section["model"] for section in sections)),
        "datasets": list(dict.fromkeys(section["dataset"] for section in sections)),
        "machines": list(dict.fromkeys(filter(None, map(origin.machine, runs)))),
        "tensorflow": list(dict.fromkeys(filter(None, map(_tensorflow, runs)))),
        "dates": list(dict.fromkeys([*dates[:1], *dates[-1:]])),
        "counts": {name: counts[name] for name in ("measured", *MISSING) if counts[name]},
        "not_worse": _not_worse(runs),
    }


def _not_worse(runs: Sequence[Results]) -> str:
    """What the overview means by `not found worse`."""
    tests, nouns = {}, {}
    for results in runs:
        for (_, dataset), records in results.by_model.items():
            quality = primary(results.metrics, records)
            nouns[examples(results, dataset, quality)] = True
            tests["counts" if quality.is_paired_by_counts else quality.figure.title] = True
    noun = next(iter(nouns), "images") if len(nouns) < 2 else "examples"
    mcnemar = f"McNemar's exact test on the same test {noun}"
    others = ", ".join(title for title in tests if title != "counts")
    if others:
        paired = f"the paired bootstrap on the same test {noun}"
        mcnemar = f"{mcnemar}, or of {others} {paired}," if "counts" in tests else paired
    return (
        f"Not found worse: {mcnemar} does not find it worse than the baseline at 5 %, nor what "
        f"trains further than {CONTROL}, where that was weighed; of few {noun} it finds little. "
        f"The best of several are chosen by one half of the {noun} and stated on the other, where "
        f"a file tells them apart; else chosen and stated on the same {noun}: optimistic."
    )


def _tensorflow(results: Results) -> str:
    return str(results.environment.get("packages", {}).get("tensorflow") or "")


def _column(column: Column) -> dict[str, Any]:
    return {
        "header": column.header,
        "metric": column.metric,
        "compares": column.compares,
        "lower": column.lower,
    }


# -- engines --------------------------------------------------------------------------------------


def _engines(runs: Sequence[tuple[str, Results]], names: Sequence[str]) -> list[dict[str, Any]]:
    """What runs that paired engines with each other say of them, a table a model and file."""
    return [
        _table(part, f"{part.title} ({name})" if len(runs) > 1 else part.title)
        for name, (_, results) in zip(names, runs, strict=True)
        if is_paired(results)
        for part in engines.tables(results)
    ]


def _table(part: Section, title: str) -> dict[str, Any]:
    return {"title": title, "headers": part.headers, "rows": part.rows, "lines": part.lines}


# -- versions -------------------------------------------------------------------------------------


def _versions(runs: Sequence[Results]) -> list[dict[str, Any]]:
    """The version matrix of each suite that was weighed on several TensorFlow versions."""
    suites: dict[str, list[Results]] = {}
    for results in runs:
        suites.setdefault(str(results.environment.get("suite") or ""), []).append(results)
    matrices: list[dict[str, Any]] = []
    for suite, releases in suites.items():
        if len({*map(_tensorflow, releases)}) < 2:
            continue
        try:
            sections = versions.sections(versions.matrix(releases))
        except WeighinError as error:  # the models' tables show these runs all the same
            sections = [Section("TensorFlow versions", lines=[str(error)])]
        matrices += [
            _table(part, f"{part.title} ({suite})" if suite and len(suites) > 1 else part.title)
            for part in sections
        ]
    return matrices


# -- files ----------------------------------------------------------------------------------------


def _file(name: str, results: Results) -> dict[str, Any]:
    environment = results.environment
    plain = ("date", "suite", "profile", "commit", "seeds")
    facts = {key: str(environment[key]) for key in plain if environment.get(key)}
    facts |= {
        "machine": origin.machine(results),
        "calibration": origin.calibration(results),
        "versions": origin.packages(results),
        "weights": origin.weights(origin.starts(results)),
    }
    for dataset, about in environment.get("datasets", {}).items():
        images = [f"{about[split]:,} {split}" for split in ("train", "test") if split in about]
        digest = [f"sha256 {about['digest']}"] if about.get("digest") else []
        facts[f"data: {dataset}"] = ", ".join([*images, *digest])
    return {
        "name": name,
        "facts": [[label, text] for label, text in facts.items() if text],
        "records": len(results.records),
    }


def _short(names: Sequence[str]) -> list[str]:
    """The end of each path, as long as it takes to tell it from the others."""
    paths = [PurePath(name).parts for name in names]

    def tail(path: tuple[str, ...]) -> str:
        others = [other for other in paths if other != path]
        depths = range(1, len(path) + 1)
        tails = (path[-n:] for n in depths if all(other[-n:] != path[-n:] for other in others))
        return "/".join(next(tails, path))

    return [tail(path) for path in paths]
