"""A compressed file beside its float model, with the data that both are asked."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weighin import named, registry
from weighin.build.finished import FinishedFiles
from weighin.core import Arrays, Artifact, Dataset, Quality, Session, Split, Task
from weighin.datasets import loading
from weighin.layers.errors import Example
from weighin.layers.pair import Pair, Taken
from weighin.measure.evaluation import evaluate
from weighin.measure.renaming import given_as, renamed
from weighin.outcomes import Evaluation
from weighin.tasks import inferring

RUNTIME = "litert"  # whose default kernels are those that files run with


@dataclass(frozen=True)
class Beside:
    """Two files and what they are asked.

    Attributes:
        pair: both, matched operator by operator.
        compressed: the compressed file.
        original: its float model.
        dataset: what they are asked.
        task: how answers are judged.
    """

    pair: Pair
    compressed: Artifact
    original: Artifact
    dataset: Dataset
    task: Task

    @classmethod
    def of(cls, files: FinishedFiles) -> Beside:
        """The two of a run of finished files, of which the float model is the first.

        Raises:
            WeighinError: if a file cannot be taken apart, or data do not fit.
        """
        first, second = files.cases
        original, compressed = files.of(first), files.of(second)
        dataset = loading.load_cached(files.dataset, files.context.search)
        task = inferring.known(files.task, original.facts["task"])
        ours, theirs = Taken.read(compressed.path), Taken.read(original.path)
        own = (compressed.facts.get("own_names") or {}).get("inputs", {})
        numbers = ours.graph.inputs_by_name()
        same = {
            numbers[own.get(name, name)]: number
            for name, number in theirs.graph.inputs_by_name().items()
        }
        return cls(Pair(ours, theirs, same), compressed, original, dataset, task)

    @property
    def quality(self) -> Quality | None:
        """The task's first figure, if it has one that the data allow."""
        if self.dataset.unlabelled and self.task.needs_targets:
            return None
        return self.task.figures[0] if self.task.figures else None

    def examples(self, n: int) -> list[tuple[Example, Example]]:
        """Inputs of both files, of n examples drawn from the test part, each by itself."""
        some = drawn(self.dataset, n)
        sides = []
        for artifact, taken in (
            (self.compressed, self.pair.compressed),
            (self.original, self.pair.original),
        ):
            fed = some.fed_to(artifact.signature)
            inputs = given_as(artifact, fed.test.inputs())
            numbers = taken.graph.inputs_by_name()
            sides.append([_numbered(each, numbers) for each in named.singly(inputs)])
        return list(zip(*sides, strict=True))

    def ask(self, content: bytes, artifact: Artifact, n: int) -> Evaluation:
        """A file's answers to n examples of the test part; it takes and gives what another does.

        Raises:
            WeighinError: if it cannot be run, or answers what the task does not take.
        """
        fed = drawn(self.dataset, n).fed_to(artifact.signature)
        with tempfile.TemporaryDirectory(prefix="weighin-layers-") as folder:
            path = Path(folder) / artifact.path.name
            path.write_bytes(content)
            session: Session = registry.runtimes[RUNTIME].open(path, 1)
            try:
                named_session = renamed(session, dataclasses.replace(artifact, path=path))
                return evaluate(named_session, fed, self.task, self.original.signature)
            finally:
                session.close()


def drawn(dataset: Dataset, n: int) -> Dataset:
    """The data set with n examples of its test part, always the same ones, in their order.

    Drawn and not the first ones: these may all be of one class.
    """
    count = len(dataset.test)
    if count <= n:
        return dataset
    chosen = np.sort(np.random.default_rng(0).choice(count, n, replace=False))
    test: Split = dataclasses.replace(
        dataset.test,
        stored=named.taken(dataset.test.stored, chosen),
        targets=named.taken(dataset.test.targets, chosen),
    )
    return dataclasses.replace(
        dataset, test=test, train=test if dataset.test_only else dataset.train
    )


def _numbered(inputs: Arrays, numbers: Mapping[str, int]) -> Example:
    """Inputs by the numbers of their tensors; where there is one, whatever a file calls it."""
    if len(inputs) == len(numbers) == 1:
        return {next(iter(numbers.values())): next(iter(inputs.values()))}
    return {numbers[name]: values for name, values in inputs.items()}
