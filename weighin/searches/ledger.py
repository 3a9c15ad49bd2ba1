"""What was tried so far, in Optuna's journal: killed at any point, a search goes on from there.

Each candidate is a finished trial, written when all of it is known; nothing half done is ever
stored. What Optuna suggests next follows from the trials before and a seed alone, so that a search
that was killed tries the same as one that was not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from weighin import packages
from weighin.core import WeighinError
from weighin.searches.space import Choice, Chosen

EXPORTS, MIXED, TRAINED = PHASES = ("exports", "mixed precision", "training")
HOLDS, WORSE, LARGER, FAILED, SKIPPED = "holds", "worse", "larger", "failed", "skipped"
OUTCOMES = (HOLDS, WORSE, LARGER, FAILED, SKIPPED)
DEADLY = 3  # times that this process may end while a candidate answers, before that has failed
_STUDY = "search"
_ENTRY = "entry"


@dataclass(frozen=True)
class Entry:
    """One candidate that was tried.

    Attributes:
        variant: its name.
        phase: in which it was tried, one of `PHASES`.
        outcome: one of `OUTCOMES`; larger is what cannot win whatever it answers, so was not asked.
        epochs: further ones of what trains; None of what does not.
        chosen: of a `Space`, where it was chosen from one.
        values: of what is made small, as far as they are known.
        difference: of the figure to the baseline's: value and both ends; empty if not asked.
        shortfall: by how much the difference's bad end lies beyond the margin.
        recovery: shortfalls after each budget of epochs.
        reason: why it failed or was skipped.
        seconds: that it took, or its training when an earlier search made its file.
        spent: by the whole search until then, in earlier processes too.
    """

    variant: str
    phase: str
    outcome: str
    epochs: int | None = None
    chosen: Chosen = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    difference: tuple[float, ...] = ()
    shortfall: float | None = None
    recovery: tuple[tuple[int, float], ...] = ()
    reason: str = ""
    seconds: float = 0.0
    spent: float = 0.0


class Ledger:
    """The candidates of one search.

    Attributes:
        entries: in the order in which they were tried.
    """

    def __init__(self, folder: Path, objectives: Sequence[str]) -> None:
        """Open or begin a search; nobody else may have it open.

        Args:
            folder: of this search alone.
            objectives: what is made small.

        Raises:
            WeighinError: if it is open elsewhere, damaged, or Optuna is missing.
        """
        self.folder, self._objectives = folder, tuple(objectives)
        self._optuna = _imported()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / "open.lock")
            self._lock.acquire(timeout=0)
        except Timeout:
            raise WeighinError(
                f"This search goes on in another process ({folder}): wait for it, or end it."
            ) from None
        except OSError as error:
            raise WeighinError(f"{folder} cannot be written: {error.strerror}.") from error
        try:
            self._study = self._opened(folder / "journal.jsonl")
            self.entries = [_entry(trial.user_attrs[_ENTRY]) for trial in self._study.trials]
            self._begun = dict(self._study.user_attrs.get("begun", {}))
        except Exception as error:
            self._lock.release()
            if isinstance(error, WeighinError):
                raise
            raise WeighinError(
                f"{folder / 'journal.jsonl'} is damaged ({type(error).__name__}: {error}): delete "
                f"the folder, and the search begins anew; what it has built is kept."
            ) from error

    def close(self) -> None:
        """Let others open it."""
        self._lock.release()

    @property
    def known(self) -> dict[str, Entry]:
        """Entries by their variants; the last of those of one variant."""
        return {entry.variant: entry for entry in self.entries}

    @property
    def holding(self) -> list[Entry]:
        """What was shown to hold, in the order in which it was tried."""
        return [entry for entry in self.entries if entry.outcome == HOLDS]

    @property
    def seconds(self) -> float:
        """What the search has taken so far."""
        return self.entries[-1].spent if self.entries else 0.0

    def begin(self, variant: str) -> str:
        """Note that a variant's turn has come; why it must not be tried again, or nothing."""
        times = int(self._begun.get(variant, 0))
        if times >= DEADLY:
            return f"the search ended {times} times while this was tried"
        self._begun[variant] = times + 1
        self._study.set_user_attr("begun", self._begun)
        return ""

    def end(self, variant: str) -> None:
        """Note that a variant's turn has ended, and did not end this process."""
        if self._begun.pop(variant, None) is not None:
            self._study.set_user_attr("begun", self._begun)

    def add(self, entry: Entry) -> None:
        """Note what became of a candidate."""
        self._study.add_trial(self._trial(entry))
        self._begun.pop(entry.variant, None)
        self.entries.append(entry)

    def note(self, key: str, value: Any) -> None:
        """Keep something beside the entries, as JSON has it."""
        self._study.set_user_attr(key, value)

    def noted(self, key: str) -> Any:
        """What was kept; None if nothing was."""
        return self._study.user_attrs.get(key)

    def suggested(self, choices: Sequence[Choice], seed: int) -> dict[str, int]:
        """What the trials so far suggest to try next, by Optuna's tree-structured Parzen estimator.

        Source: Watanabe 2023, "Tree-structured Parzen estimator", with constraints as in its
        section 2.4 of Optuna: what is worse by more ranks below what is worse by less.

        Args:
            choices: what can be chosen; entries of the same choices count.
            seed: of the draw.
        """
        optuna = self._optuna
        names = {choice.name for choice in choices}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=4)
            study = optuna.create_study(
                sampler=sampler, directions=["minimize"] * len(self._objectives)
            )
            distributions = {
                choice.name: optuna.distributions.IntDistribution(0, len(choice.values) - 1)
                if choice.is_ordered
                else optuna.distributions.CategoricalDistribution(range(len(choice.values)))
                for choice in choices
            }
            same = [entry for entry in self.entries if set(entry.chosen) == names]
            whole = [entry for entry in same if len(entry.values) == len(self._objectives)]
            for entry in same:
                if whole and entry not in whole:  # it could not be made: as bad as any
                    entry = _worst(entry, whole)
                if entry.values:
                    study.add_trial(self._trial(entry, distributions))
            return dict(study.ask(distributions).params)

    def _trial(self, entry: Entry, distributions: Mapping[str, Any] | None = None) -> Any:
        values = [entry.values.get(name, math.inf) for name in self._objectives]
        is_whole = all(math.isfinite(value) for value in values)
        return self._optuna.trial.create_trial(
            state=self._optuna.trial.TrialState.COMPLETE
            if is_whole
            else self._optuna.trial.TrialState.FAIL,
            values=values if is_whole else None,
            params=dict(entry.chosen) if distributions else {},
            distributions=dict(distributions or {}),
            constraints={"shortfall": max(0.0, entry.shortfall or 0.0)},
            user_attrs={_ENTRY: dataclasses.asdict(entry)},
        )

    def _opened(self, path: Path) -> Any:
        journal = self._optuna.storages.journal
        _mend(path)
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)  # of a process that was killed
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            storage = self._optuna.storages.JournalStorage(
                journal.JournalFileBackend(
                    str(path), lock_obj=journal.JournalFileOpenLock(str(path))
                )
            )
        return self._optuna.create_study(
            storage=storage,
            study_name=_STUDY,
            directions=["minimize"] * len(self._objectives),
            load_if_exists=True,
        )


def _worst(entry: Entry, others: Sequence[Entry]) -> Entry:
    """A candidate that has no values, as one that is worse than all that have some."""
    values = {name: max(each.values[name] for each in others) for name in others[0].values}
    shortfall = max(each.shortfall or 0.0 for each in others)
    return dataclasses.replace(entry, values=values, shortfall=2 * max(shortfall, 0.01))


def _imported() -> Any:
    if obstacle := packages.missing("optuna"):
        raise WeighinError(f"A search asks Optuna what to try next. {obstacle}")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _mend(path: Path) -> None:
    """Take away a last line that was cut off: the process was killed while it wrote it."""
    if not path.exists():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def _entry(told: Mapping[str, Any]) -> Entry:
    """An entry as it was written.

    Raises:
        ValueError: if it is none.
    """
    given = dict(told)
    entry = Entry(
        **{
            **given,
            "difference": tuple(map(float, given["difference"])),
            "recovery": tuple((int(at), float(short)) for at, short in given["recovery"]),
            "chosen": {str(key): int(at) for key, at in given["chosen"].items()},
            "values": {str(key): float(value) for key, value in given["values"].items()},
        }
    )
    texts = (entry.variant, entry.phase, entry.outcome, entry.reason)
    if entry.outcome not in OUTCOMES or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{entry.outcome!r} is no outcome")
    if not all(isinstance(each, int | float) for each in (entry.seconds, entry.spent)):
        raise ValueError("its times are no numbers")
    return entry


@contextlib.contextmanager
def opened(folder: Path, objectives: Sequence[str]) -> Iterator[Ledger]:
    """A search's ledger, closed with the block."""
    ledger = Ledger(folder, objectives)
    try:
        yield ledger
    finally:
        ledger.close()
