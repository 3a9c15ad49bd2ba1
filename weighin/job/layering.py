"""Layers of what a user brings: a compressed file and its float model, or a Keras model."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from weighin import grammar, registry
from weighin.build.cache import default_folder
from weighin.core import USUAL_FORMAT, WeighinError
from weighin.datasets import bringing
from weighin.datasets.bringing import Brought, Reading
from weighin.diagnostics import analysed
from weighin.files import sha256
from weighin.formats import known
from weighin.job import weighing
from weighin.layers import analysing, process
from weighin.layers.analysing import EXAMPLES, TESTED, Wanted
from weighin.layers.row import Layers
from weighin.layers.times import SECONDS
from weighin.report import layers as report


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How layers are looked at.

    Attributes:
        against: the float file of a .tflite file.
        export: how a Keras model is exported.
        data: what `weighin.datasets.bringing` reads; None if there are none.
        reading: how data are read.
        task: what is asked, by name; if not given, as outputs and targets have it.
        examples: that errors are of.
        tested: that sensitivities are of; 0 for none.
        seconds: that timing operators may take; 0 for no times.
        minutes: that sensitivities may take; None for as long as they take.
        weights: a .weights.h5 for the Keras model that a function returns.
        trust: whether code in a Keras model's file is run.
    """

    against: Path | None = None
    export: str | None = None
    data: str | Path | None = None
    reading: Reading = field(default_factory=Reading)
    task: str | None = None
    examples: int = EXAMPLES
    tested: int = TESTED
    seconds: float = SECONDS
    minutes: float | None = None
    weights: Path | None = None
    trust: bool = False


def looked_at(file: Path, asked: Asked, progress: analysing.Progress) -> Layers:
    """The layers of a finished file, or of what is built from a Keras model.

    Args:
        file: a .tflite file, or a Keras model.
        asked: how.
        progress: is told what is done.

    Raises:
        WeighinError: if anything brought is missing, damaged or does not fit the rest.
    """
    wanted = Wanted(asked.examples, asked.tested, asked.seconds, asked.minutes)
    format = known.of_file(file)
    if format is not None and format.finished and format.name != USUAL_FORMAT:
        raise WeighinError(f"{file} is an .{format.name} file: layers are those of .tflite files.")
    if format is not None and format.name == USUAL_FORMAT:
        if asked.export is not None:
            raise WeighinError(
                f"--export is of a Keras model, and {file} is a finished file: name its float "
                f"model by --against."
            )
        if asked.against is None:
            raise WeighinError(
                f"{file} is a finished file: name the float file that it was made of by --against."
            )
        for option, value in (("weights", asked.weights), ("trust", asked.trust)):
            if value:
                raise WeighinError(
                    f"--{option} is of a Keras model, and {file} is a finished file."
                )
        brought = _brought(asked)
        layers = process.looked_at(file, asked.against, brought, asked.task, wanted, progress)
        _keep(layers, sha256(file), sha256(asked.against), is_real=brought is not None)
        return layers
    if asked.against is not None:
        raise WeighinError(
            f"{file} is a Keras model, which is its own float model: --export int8, without "
            f"--against."
        )
    return _of_keras(file, asked, wanted, progress)


def _brought(asked: Asked) -> Brought | None:
    if asked.data is None:
        weighing.refuse_reading(asked.reading)
        return None
    return bringing.bring(asked.data, asked.reading, default_folder())


def _of_keras(file: Path, asked: Asked, wanted: Wanted, progress: analysing.Progress) -> Layers:
    """Build a Keras model as a float file and as asked, and look at these."""
    if asked.export is None:
        raise WeighinError(
            f"{file} is a Keras model: name how it is exported by --export, as int8."
        )
    if registry.export_format(grammar.parse(asked.export).export.name) != USUAL_FORMAT:
        raise WeighinError(f"--export {asked.export}: layers are those of .tflite files.")
    progress("exports", 0, 2)
    run = weighing.planned(
        [file],
        weighing.Asked(
            data=asked.data,
            reading=asked.reading,
            task=asked.task,
            variants=(asked.export,),
            weights=asked.weights,
            trust=asked.trust,
        ),
    )
    baseline, exported = weighing.exported(run)
    progress("exports", 2, 2)
    brought = _brought(asked)
    task = asked.task or exported.facts.get("task") or None
    layers = process.looked_at(exported.path, baseline.path, brought, task, wanted, progress)
    layers = dataclasses.replace(layers, file=asked.export, against=file.name)
    _keep(layers, exported.sha256, baseline.sha256, is_real=brought is not None)
    return layers


def _keep(layers: Layers, compressed: str, original: str, *, is_real: bool) -> None:
    """Keep them for reasons of rows and the report page; not those of inputs that were drawn."""
    if is_real:
        sentence = report.summary(layers)
        analysed.keep(default_folder(), compressed, original, sentence, layers.as_json())


@contextlib.contextmanager
def shown() -> Iterator[analysing.Progress]:
    """A bar on standard error, where that is a terminal."""
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        shown_as = bar.add_task("", total=1)

        def told(what: str, done: int, total: int) -> None:
            bar.update(shown_as, description=what, completed=done, total=total)

        yield told
