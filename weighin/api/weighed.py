"""What was weighed, as a notebook has it: it prints as its table, and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from weighin.core import Record, Results, WeighinError, nearest
from weighin.records import store
from weighin.report import compare as comparing
from weighin.report import gates, scatter
from weighin.report.gates import Judged
from weighin.report.rows import Row, over_seeds, rows_of_models
from weighin.report.table import render
from weighin.report.tidy import tidy
from weighin.report.units import shown

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


class VariantFigures:
    """One variant's figures: `r["int8"].top1.low`.

    Attributes:
        variant: its name.
    """

    def __init__(self, row: Row, results: Results) -> None:
        """Take a table's row, and the results that it is of."""
        self.variant = row.variant
        self._row, self._results = row, results

    def __getattr__(self, name: str) -> Record:
        """A metric's record with `value`, `low`, `high` and `verdict`; of several seeds the first.

        Raises:
            AttributeError: if it has none of that name.
        """
        records = self._row.records.get(name, ())
        if not records:
            near = nearest(name, self._row.records)
            hint = f" Did you mean {near!r}?" if near else ""
            raise AttributeError(f"{self.variant} has no figure {name!r}.{hint}")
        return records[0]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._row.records]

    def __repr__(self) -> str:
        figures = {name: over_seeds(records) for name, records in self._row.records.items()}
        lines = [
            f"{name}: {shown(self._results.metric(name), one.mean, one.low, one.high)}"
            for name, one in figures.items()
            if one is not None
        ]
        return "\n".join([f"{self.variant} on {self._row.case.place}", *lines])


class Weighed:
    """What was weighed: prints as its table.

    Attributes:
        results: the records, and where they were measured.
        path: of the results file.
        judged: what became of the gates that were given; its `kept` says whether all are.
    """

    def __init__(
        self, results: Results, path: Path | None = None, judged: Judged | None = None
    ) -> None:
        """Wrap results."""
        self.results, self.path, self.judged = results, path, judged or Judged()

    def __repr__(self) -> str:
        return self._written("text")

    def _repr_html_(self) -> str:
        return self._written("html")

    def _written(self, style: str) -> str:
        table = render([self.results], style, None)
        if not self.judged.outcomes:
            return table
        return f"{table}\n\n{gates.render(self.judged, style)}"

    @property
    def variants(self) -> list[str]:
        """Names of the variants, the baseline first."""
        return list(dict.fromkeys(row.variant for row in rows_of_models(self.results)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.variants)

    def __getitem__(self, wanted: str | tuple[str, str]) -> VariantFigures:
        """A variant's figures: of its first runtime, or of one that is named beside it.

        Raises:
            KeyError: naming the variants that there are.
        """
        variant, runtime = (wanted, "") if isinstance(wanted, str) else wanted
        rows = [row for row in rows_of_models(self.results) if row.variant == variant]
        for row in rows:
            if runtime in ("", row.runtime, row.case.engine):
                return VariantFigures(row, self.results)
        there = [row.case.engine for row in rows] if rows else self.variants
        near = nearest(runtime if rows else variant, there)
        hint = f" Did you mean {near!r}?" if near else ""
        raise KeyError(f"no {wanted!r}.{hint} There are: {', '.join(there)}")

    def frame(self) -> pandas.DataFrame:
        """The figures as a pandas data frame: one row a variant and runtime, units in the names.

        Raises:
            WeighinError: if pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise WeighinError("frame() gives a pandas data frame: pip install pandas") from None
        return pandas.DataFrame(tidy(self.results))

    def plot(self, x: str = "gzip_bytes", y: str = "top1") -> Figure:
        """A figure of one metric against another, a point a variant, with its intervals.

        Raises:
            WeighinError: if nothing has figures of both.
        """
        return scatter.draw(self.results, x, y)

    def save(self, path: Path | str) -> Path:
        """Write the results as a file that `load`, `weighin table` and the other commands read.

        Raises:
            WeighinError: if it cannot be written.
        """
        store.save(Path(path), self.results)
        return Path(path)


class Comparison:
    """Two or more runs, figure by figure: prints as its table."""

    def __init__(self, runs: Sequence[tuple[str, Results]]) -> None:
        """Hold the later runs against the first.

        Raises:
            WeighinError: if they have nothing in common that can be compared.
        """
        self._runs, self._held = list(runs), comparing.held(runs)

    def __repr__(self) -> str:
        return comparing.render(self._runs, "text", None, self._held)

    def _repr_html_(self) -> str:
        return comparing.render(self._runs, "html", None, self._held)

    def failing(self, *words: str) -> list[str]:
        """The figures that are one of these (`worse`, `slower` …), in words."""
        return [comparing.told([each]) for each in comparing.failing(self._held, words)]
