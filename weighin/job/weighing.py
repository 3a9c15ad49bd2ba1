"""What a user brings, weighed: finished files or one Keras model, with or without data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin.build.finished import ENDING, FinishedFiles
from weighin.core import Suite, WeighinError
from weighin.datasets import bringing, drawing
from weighin.datasets.bringing import Brought, Reading
from weighin.job.run import Run
from weighin.job.settings import Options, Settings, parsed_gates, runtimes
from weighin.measure.context import RunContext, build_context
from weighin.records import store
from weighin.stats import MARGIN, PAIR_SECONDS

_OPTIONS = Options("--")
SUITE = "weigh"
DRAWN = "drawn inputs"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How what was brought is weighed.

    Attributes:
        data: what `weighin.datasets.bringing` reads, or what it has brought; None if there are
            none.
        reading: how data are read.
        task: what is asked, by name; if not given, as outputs and targets have it.
        variants: of a Keras model; the usual ones if there are none.
        epochs: further ones of what trains.
        learning_rate: of these; the file's own if not given, as for the loss.
        batch_size: of these.
        loss: of these.
        weights: a .weights.h5 for the model that a function returns.
        trust: whether code in the file is run.
        seeds: how many times a model is trained further.
        runtimes: their names; the usual ones if there are none.
        threads: numbers of threads of a session.
        gates: bounds that figures must keep.
        strict: whether gates judge the bare figure.
        pair_seconds: that a pair may take.
        margin: difference of two shares that does not matter.
        workers: build processes, 0 for one per core.
        results_dir: where records are written.
        cache_dir: where artifacts are kept, if not in the usual place.
    """

    data: str | Path | Brought | None = None
    reading: Reading = Reading()
    task: str | None = None
    variants: tuple[str, ...] = ()
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    loss: str | None = None
    weights: Path | None = None
    trust: bool = False
    seeds: int = 1
    runtimes: tuple[str, ...] = ()
    threads: tuple[int, ...] = (1,)
    gates: tuple[str, ...] = ()
    strict: bool = False
    pair_seconds: float = PAIR_SECONDS
    margin: float = MARGIN
    workers: int = 0
    results_dir: Path = Path(store.LOCAL)
    cache_dir: str | None = None


def planned(files: Sequence[str | Path], asked: Asked) -> Run:
    """A run that weighs what was brought.

    Args:
        files: finished files, the baseline first; or one Keras model.
        asked: how.

    Raises:
        WeighinError: if anything brought is missing, damaged or does not fit the rest.
    """
    if all(str(file).endswith(ENDING) for file in files):
        return _of_finished([_existing(file) for file in files], asked)
    raise NotImplementedError


def _of_finished(paths: Sequence[Path], asked: Asked) -> Run:
    """A run on finished files, the first as the baseline."""
    _refuse_training(asked)
    settings = _settings(asked, paths[0].stem, ("baseline",))
    context = build_context(asked.cache_dir, None)
    brought = _brought(asked, context.cache.folder)
    files = FinishedFiles.read(context, paths, brought.name if brought else DRAWN, asked.task)
    if brought is None:
        drawing.register(DRAWN, files.signature, files.ranges)
    files.build(())
    return Run(settings, RunContext(files, asked.pair_seconds, asked.margin))


def _existing(file: str | Path) -> Path:
    path = Path(file)
    if not path.exists():
        raise WeighinError(f"{path} is missing: there is no such file or folder.")
    return path


def _brought(asked: Asked, cache: Path) -> Brought | None:
    """The data, registered in this process."""
    if asked.data is None:
        return None
    data = asked.data
    brought = data if isinstance(data, Brought) else bringing.bring(data, asked.reading, cache)
    bringing.register(brought)
    return brought


def _refuse_training(asked: Asked) -> None:
    """Refuse options of building where nothing is built."""
    given: dict[str, Any] = {
        "variants": asked.variants,
        "epochs": asked.epochs,
        "learning-rate": asked.learning_rate,
        "batch-size": asked.batch_size,
        "loss": asked.loss,
        "weights": asked.weights,
    }
    for name, value in given.items():
        if value:
            raise WeighinError(
                f"--{name} is of what is built from a Keras model; finished files are weighed as "
                f"they are."
            )


def _settings(asked: Asked, model: str, variants: tuple[str, ...]) -> Settings:
    _OPTIONS.checked_numbers(asked.pair_seconds, asked.margin, asked.workers, asked.seeds)
    return Settings(
        suite=Suite(SUITE, SUITE, (model,), variants, asked.seeds),
        definitions=(),
        runtimes=runtimes(asked.runtimes),
        threads=asked.threads,
        gates=parsed_gates(asked.gates),
        strict=asked.strict,
        pair_seconds=asked.pair_seconds,
        margin=asked.margin,
        workers=asked.workers,
        results_dir=asked.results_dir,
        cache_dir=asked.cache_dir,
        data_dir=None,
    )
