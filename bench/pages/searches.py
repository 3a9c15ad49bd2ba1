"""What searches found, beside what was made by hand and what a rule of bare figures takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin.core import Record, Results
from weighin.publish import markdown
from weighin.publish.folders import Folder, Project
from weighin.publish.pages import page
from weighin.report import units

SUITE, RULE = "search", "weigh"  # the suites of a search's finds, and of what the rule takes
HEADERS = (
    *("model", "within", "by", "variant", "gzip", "× smaller", "Δ points on the test part"),
    *("candidates", "minutes"),
)


@dataclass(frozen=True)
class Weighed:
    """A variant's compressed file beside its baseline's.

    Attributes:
        variant: its name.
        size: after gzip, in bytes.
        base: of the baseline.
        delta: of top-1 to the baseline's.
    """

    variant: str
    size: float
    base: float
    delta: Record

    def holds(self, within: float) -> bool:
        """Whether the difference's interval lies within a margin."""
        return self.delta.low is not None and self.delta.low > -within

    @property
    def cells(self) -> list[str]:
        """Variant, size, ratio and difference."""
        delta = self.delta
        return [
            self.variant,
            units.size(self.size),
            units.ratio(self.base / self.size),
            units.points(delta.value or 0.0, delta.low, delta.high),
        ]


@page("searches", about="what a search of ten minutes finds beside what was made by hand", order=32)
def searches(folder: Folder, project: Project) -> str:
    """The searches of a folder; empty where there was none."""
    found = [run for run in folder.runs if run.fact("suite") == SUITE]
    if not found:
        return ""
    published = [run.results for other in project.folders for run in other.runs]
    others = [run.results for run in folder.runs if run.fact("suite") == RULE]
    about = (
        "The smallest file after gzip that is not worse than the dense one by more than a margin, "
        "by its 95 % interval: of all published rows of the model on LiteRT, made by hand and "
        "chosen by the same examples as their interval (optimistic); by a rule that reads bare "
        "figures, the smallest of litert-quantizer's recipes whose figure lies within the margin "
        "on the examples to choose by, held to the others; and by `weighin search`."
    )
    links = [markdown.link(run.name, f"{run.name}.json") for run in found]
    lines = ["* not shown to be within the margin"]
    rows = rows_of([run.results for run in found], others, published)
    parts = [about, markdown.table(HEADERS, rows, lines), f"Records: {', '.join(links)}"]
    return markdown.page(folder, "Searches", parts)


def rows_of(
    found: Sequence[Results], by_rule: Sequence[Results], published: Sequence[Results]
) -> list[list[str]]:
    """Three rows of each search, and those of its finds that did not hold on the test part.

    Args:
        found: results of searches.
        by_rule: of what the rule took, on the same test parts.
        published: of all that was made by hand.
    """
    rows = []
    tests = {digest(results, name) for results in found for _, name in results.by_model}
    for results in found:
        told: Mapping[str, Any] = results.environment.get("search", {})
        within = float(told.get("within", 0.0))
        for model, dataset in results.by_model:
            own = sorted(weighed(results, model), key=lambda each: each.size)
            rule = [
                each
                for other in by_rule
                for named, data in other.by_model
                if named == model and digest(other, data) == digest(results, dataset)
                for each in weighed(other, model)
            ]
            first = [model, f"{100 * within:g} points"]
            best = by_hand(published, model, within, tests)
            rows.append([*first, "hand", *(best.cells if best else ["none", "", "", ""]), "", ""])
            rows += [[*first, "bare figures", *_marked(each, within), "", ""] for each in rule]
            rows += [
                [
                    *first,
                    "search",
                    *_marked(each, within),
                    str(told.get("tried", "")),
                    f"{float(told.get('seconds', 0)) / 60:.0f}",
                ]
                for each in _until_one_holds(own, within)
            ]
    return rows


def by_hand(
    published: Iterable[Results], model: str, within: float, tests: Collection[str]
) -> Weighed | None:
    """The smallest published row of a model that holds, made by hand.

    Args:
        published: all results.
        model: its name.
        within: the margin.
        tests: digests of searches' test parts: what was weighed on these was not made by hand.
    """
    rows = [
        each
        for results in published
        if all(digest(results, data) not in tests for _, data in results.by_model)
        for each in weighed(results, model)
        if each.holds(within)
    ]
    return min(rows, key=lambda each: each.size, default=None)


def digest(results: Results, dataset: str) -> str:
    """Of a data set that results are of: what it is called depends on who reads it."""
    told = results.environment.get("datasets", {}).get(dataset, {})
    return str(told.get("digest", dataset))


def weighed(results: Results, model: str) -> Iterator[Weighed]:
    """The variants of a model that have a size and a difference, of the first seed."""
    rows: dict[str, dict[str, Record]] = {}
    for record in results.records:
        is_usual = record.format == "tflite" and record.case.runtime in ("", "litert")
        if record.model == model and record.seed == 0 and is_usual:
            rows.setdefault(record.variant, {})[record.metric] = record
    base = rows.pop("baseline", {}).get("gzip_bytes")
    for variant, row in rows.items():
        size, delta = row.get("gzip_bytes"), row.get("top1_delta")
        if base and base.value and size and size.value and delta and delta.value is not None:
            yield Weighed(variant, size.value, base.value, delta)


def _marked(each: Weighed, within: float) -> list[str]:
    *cells, delta = each.cells
    return [*cells, delta if each.holds(within) else f"{delta} *"]


def _until_one_holds(own: Iterable[Weighed], within: float) -> Iterator[Weighed]:
    for each in own:
        yield each
        if each.holds(within):
            return
