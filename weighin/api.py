"""What a notebook calls: `weighin.weigh`, `load`, `inspect` and `compare`.

What they return prints as the command's tables, and as HTML in a notebook.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from weighin import registry
from weighin.build import objects
from weighin.build.cache import default_folder
from weighin.core import USUAL_FORMAT, Record, Results, WeighinError, nearest
from weighin.datasets import bringing
from weighin.datasets.bringing import Brought
from weighin.datasets.kinds.calling import named
from weighin.datasets.kinds.reading import Reading
from weighin.files import replacing
from weighin.formats import known
from weighin.job import process
from weighin.job.weighing import Asked
from weighin.records import store
from weighin.report import compare as comparing
from weighin.report import gates, inspection, scatter
from weighin.report.gates import Judged
from weighin.report.rows import Row, over_seeds, rows_of_models
from weighin.report.table import render
from weighin.report.tidy import tidy
from weighin.report.units import shown

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

_READING = ("target", "size", "crop", "scale", "mean", "std", "classes", "split_seed")


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


def weigh(model: Any, *more: Any, data: Any = None, name: str = "", **options: Any) -> Weighed:
    """Weigh finished files against each other, or a Keras model beside what is made of it.

    Args:
        model: a path, the bytes of a .tflite or .onnx file, or a model of Keras 2 or 3 in memory;
            or a list.
        more: further finished files of the same format, as paths or bytes: the first is the
            baseline.
        data: `(x_train, y_train, x_test, y_test)`, `(x_test, y_test)` as `{"x_test": …}`, a
            dictionary of arrays, or whatever `--data` takes; None where there are none.
        name: of the model, if not its file's or its own.
        options: as of the command `weighin weigh`, by their names: `variants=["int8"]`,
            `task="regression"`, `epochs=3`, `gates=[…]` with `proven=True`, `runtimes=["litert"]`,
            `seeds=3`, `scale=1 / 255` …

    Returns:
        What was weighed, in a process of its own; its records are under `results/local`, too.

    Raises:
        WeighinError: if anything does not fit; nothing is measured then.
        TypeError: if an option is none.
    """
    given = [*(model if isinstance(model, list | tuple) else [model]), *more]
    if not given:
        raise WeighinError("weigh() needs a model, or files.")
    if not isinstance(name, str) or len(name) > objects.LONGEST or objects.UNPLAIN.search(name):
        raise WeighinError(
            f"name={str(name)[: objects.LONGEST]!r}: wanted the name of a file, short."
        )
    asked = _asked(data, options)
    cache = Path(asked.cache_dir).expanduser() if asked.cache_dir else default_folder()
    files = [_file(each, cache / "brought", name, place) for place, each in enumerate(given)]
    path = process.weigh(files, asked, Console(stderr=True, highlight=False))
    results, bounds = store.load(path), [gates.parse(text) for text in asked.gates]
    return Weighed(results, path, gates.judge(bounds, results, asked.mode))


def load(path: Path | str) -> Weighed:
    """Results from a file.

    Raises:
        WeighinError: if it is none, or damaged.
    """
    _check_path(path)
    return Weighed(store.load(Path(path)), Path(path))


def inspect(path: Path | str) -> dict[str, Any]:
    """What a .tflite, .onnx, .keras or .h5 file really holds, as `weighin inspect --json` has it.

    Raises:
        WeighinError: if it is none of these, or damaged.
    """
    _check_path(path)
    return inspection.inspect_in_subprocess(Path(path))


def compare(*runs: Weighed | Path | str) -> Comparison:
    """Two or more runs, or files of results, each held against the first.

    Raises:
        WeighinError: if they have nothing in common that can be compared.
    """
    if len(runs) < 2:
        raise WeighinError("compare needs two runs or more.")
    loaded = [run if isinstance(run, Weighed) else load(run) for run in runs]
    names = [str(each.path) if each.path else f"run {at}" for at, each in enumerate(loaded, 1)]
    return Comparison([(name, each.results) for name, each in zip(names, loaded, strict=True)])


def _check_path(path: object) -> None:
    if not isinstance(path, str | Path):
        raise WeighinError(f"{path!r}: wanted the path of a file.")


def _asked(data: Any, options: Mapping[str, Any]) -> Asked:
    reading = {key: value for key, value in options.items() if key in _READING}
    rest = {key: value for key, value in options.items() if key not in _READING}
    if "split_seed" in reading:
        reading["seed"] = reading.pop("split_seed")
    lists = ("variants", "runtimes", "gates", "threads")
    for key in lists:
        value = rest.pop(key, None)
        if value is not None:
            rest[key] = (value,) if isinstance(value, str | int) else tuple(value)
            if key != "threads" and not all(isinstance(one, str) for one in rest[key]):
                raise WeighinError(f"{key}={value!r}: wanted names, as a list.")
    known = [field.name for field in dataclasses.fields(Asked) if field.name != "reading"]
    for key in rest:
        if key not in known:
            near = nearest(key, [*known, *_READING])
            hint = f"; did you mean {near!r}?" if near else ""
            raise TypeError(f"weigh() has no option {key!r}{hint}")
    asked = Asked(reading=Reading(**reading), **rest)
    if data is None or isinstance(data, str | Path | Brought):
        return Asked(**{**vars(asked), "data": data})
    cache = Path(asked.cache_dir).expanduser() if asked.cache_dir else default_folder()
    brought = bringing.bring_arrays("data", named(data), asked.reading, cache)
    return Asked(**{**vars(asked), "data": brought})


def _file(given: Any, folder: Path, name: str, place: int) -> str | Path:
    """A path for what is given; what is in memory is written under a folder."""
    if isinstance(given, str | Path):
        return given
    if not isinstance(given, bytes | bytearray | memoryview):
        return objects.written(given, folder, name)
    content = bytes(given)
    called = name if name and not place else f"{name or 'model'}_{place}"
    format = known.of_content(content) or registry.formats[USUAL_FORMAT]
    target = folder / hashlib.sha256(content).hexdigest()[:32] / f"{called}.{format.name}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            partial.write_bytes(content)
    return target
