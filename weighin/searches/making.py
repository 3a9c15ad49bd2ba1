"""Variants → files: of a finished float file without TensorFlow, or of a Keras model by workers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from weighin import grammar
from weighin.build.artifacts import Artifacts
from weighin.build.budgets import Budgets
from weighin.build.derived import DerivedFiles
from weighin.build.executors import Executor, Running
from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.core import USUAL_FORMAT, Case, Failure, SkippedError, WeighinError
from weighin.searches import space, sparsities
from weighin.targets.machine import Processor

Made = dict[str, Path | Failure]


class Maker(Protocol):
    """Who makes files of variants."""

    @property
    def budgets(self) -> Sequence[int]:
        """Further epochs of what trains, the fewest first; none where nothing trains."""
        ...

    @property
    def at_once(self) -> int:
        """How many variants are made side by side."""
        ...

    def first(self) -> list[str]:
        """The variants that are tried first: exports alone."""
        ...

    def layers(self) -> list[str]:
        """Layers of what trains, as steps' `except=` takes them, the smallest first."""
        ...

    def seconds(self, name: str, epochs: int) -> float:
        """What training a variant that was made took, now or by an earlier search."""
        ...

    def make(self, names: Sequence[str], epochs: int | None = None) -> Made:
        """Files of variants, or why there is none.

        Args:
            names: of the variants.
            epochs: further ones of what trains, one of `budgets`; the recipe's if not given.
        """
        ...


@dataclass
class Derived:
    """Variants of a finished float file."""

    files: DerivedFiles
    budgets: Sequence[int] = ()
    at_once: int = 1
    _names: dict[str, None] = field(default_factory=dict)

    @property
    def baseline(self) -> Path:
        """The file that is searched from."""
        return self.files.paths["baseline"]

    def first(self) -> list[str]:
        """Exports that are made of a file."""
        return space.first_exports(of_file=True, format=USUAL_FORMAT)

    def layers(self) -> list[str]:
        """None: a file is not trained."""
        return []

    def seconds(self, name: str, epochs: int) -> float:
        """Nothing, likewise."""
        return 0.0

    def make(self, names: Sequence[str], epochs: int | None = None) -> Made:
        """Files of variants, each made in a process of its own."""
        self._names |= dict.fromkeys(names)
        self.files.want(list(self._names))
        cases = {case.variant: case for case in self.files.cases}
        made: Made = {}
        for name in names:
            if reason := self.files.unavailable(cases[name]):
                made[name] = Failure(reason, skipped=True)
                continue
            with _noting(made, name):
                self.files.build([cases[name]])
                made[name] = self.files.of(cases[name]).path
        return made


@dataclass
class Built:
    """Variants of a Keras model.

    Attributes:
        context: where things are; its `brought` registers the model and these profiles.
        dataset: that it is trained on.
        profiles: the model's, one for each number of epochs.
        executor: where it is built; kept open from one variant to the next.
        budgets: numbers of epochs that are tried; none if there is no part to train on.
        at_once: how many variants are made side by side.
    """

    context: BuildContext
    dataset: str
    profiles: Budgets
    executor: Standing
    budgets: Sequence[int]
    at_once: int = 1
    _artifacts: dict[str, Artifacts] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """Its name."""
        return self.profiles.model

    @property
    def profile(self) -> str:
        """The name of its recipe."""
        return self.profiles.profile

    @property
    def baseline(self) -> Path:
        """The model as it is, as a file.

        Raises:
            WeighinError: if it cannot be exported.
        """
        case = self._case("baseline")
        files = self._files(self.profile)
        files.build([case])
        return files.of(case).path

    @property
    def task(self) -> str | None:
        """What the model is asked, as was found when it was built."""
        named = self._files(self.profile).named_task(self.model)
        if isinstance(named, str):
            return named
        told = self._files(self.profile).of(self._case("baseline")).facts.get("task")
        return str(told) if told else None

    def first(self) -> list[str]:
        """All exports."""
        return space.first_exports(of_file=False, format=USUAL_FORMAT)

    def layers(self) -> list[str]:
        """Layers that have kernels of their own."""
        return sparsities.layers_by_size(self.baseline)

    def seconds(self, name: str, epochs: int) -> float:
        """By what is noted with its file and with what it was made of."""
        return self._files(self.profiles.name(epochs)).seconds(self._case(name))

    def make(self, names: Sequence[str], epochs: int | None = None) -> Made:
        """Files of variants, each held against the claims of its name."""
        files = self._files(self.profile if epochs is None else self.profiles.name(epochs))
        made: Made = {}
        for name in names:
            if reason := files.unavailable(self._case(name)):
                made[name] = Failure(reason, skipped=True)
        files.build([self._case(name) for name in names if name not in made])
        for name in names:
            if name not in made:
                with _noting(made, name):
                    made[name] = files.of(self._case(name)).path
        return made

    def _files(self, profile: str) -> Artifacts:
        if profile not in self._artifacts:
            self._artifacts[profile] = Artifacts(self.context, profile, self.executor)
        return self._artifacts[profile]

    def _case(self, name: str) -> Case:
        return Case(self.model, self.dataset, name, 0, USUAL_FORMAT)


@contextlib.contextmanager
def _noting(made: Made, name: str) -> Iterator[None]:
    """Note why there is no file of a variant, where that is what comes of it."""
    try:
        yield
    except SkippedError as reason:
        made[name] = Failure(str(reason), skipped=True)
    except WeighinError as error:
        made[name] = Failure(str(error))


@dataclass
class Standing:
    """An executor whose processes stay from one build to the next: starting them takes seconds."""

    inner: Executor
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _running: Running | None = None

    def processor(self) -> Processor:
        """The inner one's."""
        return self.inner.processor()

    @contextlib.contextmanager
    def opened(self, build_context: BuildContext, todo: Sequence[Job]) -> Iterator[Running]:
        """The processes that stay, or new ones; whatever is raised ends them at once."""
        if self._running is None:
            self._running = self._stack.enter_context(self.inner.opened(build_context, todo))
        try:
            yield self._running
        except BaseException as error:
            self._running = None
            stack, self._stack = self._stack, contextlib.ExitStack()
            stack.__exit__(type(error), error, error.__traceback__)
            raise

    def close(self) -> None:
        """End the processes."""
        self._running = None
        self._stack.close()


def described(name: str, epochs: int | None) -> str:
    """A variant and, of what trains, for how many epochs."""
    if epochs is None or not grammar.parse(name).steps:
        return name
    return f"{name}, {epochs} epoch{'' if epochs == 1 else 's'}"
