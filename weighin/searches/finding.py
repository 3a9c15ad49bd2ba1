"""A search from its beginning to its end: data divided, variants tried, the best ones shown."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weighin import registry
from weighin.build.finished import FinishedFiles
from weighin.core import Failure, WeighinError
from weighin.datasets.bringing import Brought
from weighin.files import key_of, replacing
from weighin.job import weighing
from weighin.job.progress import Watcher
from weighin.measure.context import RunContext
from weighin.report.search import Found, Member
from weighin.searches import ledger as ledgers
from weighin.searches import parts, sources, space
from weighin.searches.commands import command
from weighin.searches.confirming import Shown, confirmed
from weighin.searches.costs import layers_by_cost
from weighin.searches.front import finalists, nearest
from weighin.searches.judging import Judge, objective
from weighin.searches.ledger import HOLDS, PHASES, Entry, Ledger
from weighin.searches.making import described
from weighin.searches.searching import Search
from weighin.searches.sources import Source
from weighin.searches.trying import Limits, Told
from weighin.stats import Interval

RUNTIME = "litert"
PAIR_SECONDS = 3.0  # that a candidate is timed beside the baseline
HOW = (  # what a search takes of `weighing.Asked` beside how data are read
    *("task", "epochs", "learning_rate", "batch_size", "loss", "weights", "trust"),
    *("cluster", "results_dir", "cache_dir"),
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is searched for.

    Attributes:
        model: a path, `file.py:function` or the name of a registered model.
        within: by how much the figure may get worse: points of shares, else in its own unit.
        minimize: metrics that are made small.
        limits: when the search ends.
        validation: data to choose by, if not one half of the test part.
        seed: of the division and of draws.
        output: where the best file is written.
        profile: the recipe of a registered model.
        data_dir: where data of registered models are looked for first.
        how: how models and data are read; see `HOW`.
    """

    model: str
    within: float
    minimize: tuple[str, ...] = ("gzip_bytes",)
    limits: Limits = field(default_factory=Limits)
    validation: str | Path | Brought | None = None
    seed: int = 0
    output: Path | None = None
    profile: str = ""
    data_dir: str | None = None
    how: weighing.Asked = field(default_factory=weighing.Asked)

    def __post_init__(self) -> None:
        """Refuse what makes no sense before anything is read.

        Raises:
            WeighinError: naming the option.
        """
        if not math.isfinite(self.within) or self.within <= 0:
            raise WeighinError(
                f"--within {self.within:g}: wanted how much worse it may be, above 0."
            )
        if not self.minimize or len(set(self.minimize)) < len(self.minimize):
            raise WeighinError("--minimize wants one metric or more, each once.")
        for name in self.minimize:
            objective(name)


def found(asked: Asked, told: Told, watcher: Watcher | None = None) -> Found:
    """Search, and show what was found on the test part.

    Args:
        asked: what is searched for.
        told: is told what is tried.
        watcher: who is told how the test part is weighed.

    Raises:
        WeighinError: if anything brought is missing, damaged or does not fit, or the output cannot
            be written.
    """
    if asked.output is not None:
        _check_writable(asked.output)
    how = dataclasses.replace(asked.how, runtimes=(RUNTIME,), pair_seconds=PAIR_SECONDS)
    asked = dataclasses.replace(asked, how=how)
    source = sources.source(asked.model, how, asked.profile, asked.data_dir)
    try:
        return _searched(source, asked, told, watcher)
    finally:
        source.close()


def _searched(source: Source, asked: Asked, told: Told, watcher: Watcher | None) -> Found:
    cache = source.context.cache.folder
    by = sources.validation(asked.validation, asked.how, cache)
    divided = parts.parted(source.dataset, by, asked.seed, cache)
    divided.validation.register()
    files = FinishedFiles.read(
        source.context, [source.baseline], divided.validation.name, source.task
    )
    files = dataclasses.replace(files, model=source.model)
    files.build(())
    objectives = [objective(name) for name in asked.minimize]
    context = RunContext(files, PAIR_SECONDS)
    judge = Judge(context, RUNTIME, objectives, asked.within)
    facts = {
        **source.facts,
        "parts": [divided.validation.path.name, divided.test.path.name],
        "asked": [asked.within, list(asked.minimize), asked.seed],
        "space": [space.of_steps(()).signature(), source.maker.first()],
        "budgets": list(source.maker.budgets),
    }
    folder = cache / "searches" / key_of(facts)[:32]
    with ledgers.opened(folder, asked.minimize) as ledger:

        def ranked(name: str, path: Path) -> Sequence[str]:
            return layers_by_cost(path, source.baseline, divided.validation, source.task)

        Search(
            source.maker,
            judge,
            ledger,
            asked.minimize,
            ranked,
            asked.limits,
            asked.seed,
            told,
        ).run()
        return _shown(source, asked, judge, ledger, divided, files, watcher)


def _shown(
    source: Source,
    asked: Asked,
    judge: Judge,
    ledger: Ledger,
    divided: parts.Parts,
    files: FinishedFiles,
    watcher: Watcher | None,
) -> Found:
    """The best ones, on the test part, and what a reader has to know."""
    chosen = finalists(ledger, judge.within)
    paths = {entry.variant: _path(source, entry) for entry in chosen}
    outcomes: dict[str, Shown] = {}
    results, openings = "", int(ledger.noted("openings") or 0)
    if chosen:
        ledger.note("openings", openings := openings + 1)
        how = asked.how
        if judge.asked.is_share:
            how = dataclasses.replace(how, margin=judge.within)
        told = {
            "margin": judge.asked.said(),
            "within": judge.within,
            "minimized": list(asked.minimize),
            "tried": len(ledger.known),
            "seconds": round(ledger.seconds, 1),
        }
        outcomes, path = confirmed(
            files, paths, divided.test, judge.asked, how, source.profile, told, watcher
        )
        results = str(path)
    members = [_member(entry, outcomes.get(entry.variant)) for entry in chosen]
    remarks = [each for each in (judge.asked.remark, source.dataset.note) if each]
    remarks += [f"{name}: {each.failed}" for name, each in outcomes.items() if each.failed]
    if any(space.trains(entry.variant) for entry in chosen):
        remarks.append(
            "what trains has had epochs that the baseline has not: weigh finetune beside it to see "
            "what they alone bring"
        )
    whole = Found(
        model=source.model,
        margin=judge.asked.said(),
        figure=judge.asked.title,
        is_share=judge.asked.is_share,
        unit=judge.asked.unit,
        objectives=[registry.catalogue()[name] for name in asked.minimize],
        baseline=judge.baseline_values,
        members=members,
        nearest=[] if members else [_member(each, None) for each in nearest(ledger.known)],
        phases=[_counts(phase, ledger) for phase in PHASES],
        seconds=ledger.seconds,
        data=divided.words,
        openings=openings,
        remarks=remarks,
        commands={
            entry.variant: command(source, asked.model, asked.how, entry) for entry in chosen
        },
        results=results,
        candidates=[dataclasses.asdict(entry) for entry in ledger.entries],
        files={
            "baseline": str(source.baseline),
            "validation": str(divided.validation.path),
            "test": str(divided.test.path),
            "scale": str(divided.test.scale),
        },
    )
    if asked.output is None or whole.best is None:
        return whole
    with replacing(asked.output) as partial:
        shutil.copyfile(paths[whole.best.variant], partial)
    return dataclasses.replace(whole, output=(str(asked.output), whole.best.told))


def _member(entry: Entry, shown: Shown | None) -> Member:
    return Member(
        entry.variant,
        described(entry.variant, entry.epochs),
        entry.values,
        Interval(*entry.difference),
        shown.difference if shown else None,
        shown.p if shown else None,
        shown.speedup if shown else None,
    )


def _path(source: Source, entry: Entry) -> Path:
    """The file of a candidate, from the cache, or made again if it is there no more.

    Raises:
        WeighinError: if it cannot be made again.
    """
    made = source.maker.make([entry.variant], entry.epochs)[entry.variant]
    if isinstance(made, Failure):
        raise WeighinError(f"{entry.variant} cannot be made again: {made.reason}")
    return made


def _counts(phase: str, ledger: Ledger) -> tuple[str, int, int, int]:
    entries = [entry for entry in ledger.known.values() if entry.phase == phase]
    held = sum(entry.outcome == HOLDS for entry in entries)
    failed = sum(entry.outcome in (ledgers.FAILED, ledgers.SKIPPED) for entry in entries)
    return phase, len(entries), held, failed


def _check_writable(path: Path) -> None:
    """Refuse an output that could not be written in the end.

    Raises:
        WeighinError: naming it.
    """
    if path.is_dir():
        raise WeighinError(f"-o {path} is a folder: name a file.")
    probe = path.with_name(f".{path.name}.weighin")
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise WeighinError(f"-o {path} cannot be written: {error.strerror}.") from error
