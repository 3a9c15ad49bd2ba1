"""What a user brings, weighed: finished files or a Keras model, with or without data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weighin.build.finished import FinishedFiles
from weighin.core import Suite, WeighinError
from weighin.datasets import drawing
from weighin.job.run import Run
from weighin.job.settings import Options, Settings, parsed_gates, runtimes
from weighin.measure.context import RunContext, build_context
from weighin.records import store
from weighin.stats import MARGIN, PAIR_SECONDS

_OPTIONS = Options("--")
SUITE = "weigh"
DRAWN = "drawn"


@dataclass(frozen=True)
class How:
    """How it is weighed: what the command's options and the function's arguments say.

    Attributes:
        task: what is asked, by name; if not given, as outputs and targets have it.
        seeds: how many times a model is trained further.
        runtimes: names, `a,b`; the usual ones if not given.
        threads: numbers of threads of a session, `1,2`.
        gates: bounds that figures must keep.
        strict: whether gates judge the bare figure.
        pair_seconds: that a pair may take.
        margin: difference of two shares that does not matter.
        workers: build processes, 0 for one per core.
        results_dir: where records are written.
        cache_dir: where artifacts are kept, if not in the usual place.
    """

    task: str | None = None
    seeds: int = 1
    runtimes: str | None = None
    threads: str = "1"
    gates: tuple[str, ...] = ()
    strict: bool = False
    pair_seconds: float = PAIR_SECONDS
    margin: float = MARGIN
    workers: int = 0
    results_dir: Path = Path(store.LOCAL)
    cache_dir: str | None = None


def planned(paths: Sequence[Path], how: How, data: str | None = None) -> Run:
    """A run that weighs what was brought.

    Args:
        paths: finished files, the baseline first; or one Keras model.
        how: what the options say.
        data: name of a registered data set, if there is one.

    Raises:
        WeighinError: if anything brought is missing, damaged or does not fit the rest.
    """
    check_paths(paths)
    return finished(paths, data, how)


def finished(paths: Sequence[Path], data: str | None, how: How) -> Run:
    """A run that weighs finished files, the first as the baseline.

    Args:
        paths: of the files.
        data: name of a registered data set; inputs are drawn if not given.
        how: what the options say.

    Raises:
        WeighinError: if a file is damaged or not comparable with the first, an option makes no
            sense, or files, data and task do not fit together.
    """
    settings = _settings(how, (paths[0].stem,), ("baseline",))
    context = build_context(how.cache_dir, None)
    files = FinishedFiles.read(context, paths, data or DRAWN, how.task)
    if data is None:
        drawing.register(DRAWN, files.signature, files.ranges)
    files.build(())
    return Run(settings, RunContext(files, how.pair_seconds, how.margin))


def _settings(how: How, models: tuple[str, ...], variants: tuple[str, ...]) -> Settings:
    _OPTIONS.checked_numbers(how.pair_seconds, how.margin, how.workers, how.seeds)
    return Settings(
        suite=Suite(SUITE, SUITE, models, variants, how.seeds),
        definitions=(),
        runtimes=runtimes(how.runtimes),
        threads=_OPTIONS.threads(how.threads),
        gates=parsed_gates(how.gates),
        strict=how.strict,
        pair_seconds=how.pair_seconds,
        margin=how.margin,
        workers=how.workers,
        results_dir=how.results_dir,
        cache_dir=how.cache_dir,
        data_dir=None,
    )


def check_paths(paths: Sequence[Path]) -> None:
    """Refuse files that are not there, before anything else is looked at.

    Raises:
        WeighinError: naming the first.
    """
    for path in paths:
        if not path.exists():
            raise WeighinError(f"{path} is missing: there is no such file or folder.")
