"""Variants of a finished float file: made of its bytes by exports that need no Keras model.

They stand beside the finished files of a run as those do beside each other. Each is made in a
process of its own, without TensorFlow, and kept in the cache by all that went into it.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighin import grammar, registry
from weighin.build import calibration, invariants, worker
from weighin.build.deriving import Order, make
from weighin.build.finished import FinishedFiles, matched
from weighin.build.jobs import Job
from weighin.build.keys import EXPORT_PACKAGES, BuildContext
from weighin.core import (
    USUAL_FORMAT,
    Arrays,
    Artifact,
    Call,
    Case,
    Failure,
    NotBuiltError,
    SkippedError,
    Variant,
    WeighinError,
)
from weighin.datasets import loading
from weighin.files import key_of
from weighin.formats.holding import held, signature_of
from weighin.formats.tflite import read_tflite
from weighin.frameworks import training
from weighin.packages import version

EXAMPLES = training.CALIBRATION_EXAMPLES


@dataclass(frozen=True)
class Derivation(Job):
    """A variant of a finished file, as those are told who watch a run."""

    def __str__(self) -> str:
        return f"{self.model} → {self.export}"


@dataclass
class DerivedFiles(FinishedFiles):
    """Finished files, and variants that are made of the first.

    Attributes:
        wanted: the variants, by their names.
    """

    wanted: Mapping[str, Variant] = field(default_factory=dict)
    _failures: dict[str, Failure] = field(default_factory=dict)

    def want(self, names: Sequence[str]) -> None:
        """Let variants be made of the first file, in the place of those that were wanted before.

        Raises:
            WeighinError: if one is none, is not made of a file or asks for another batch dimension;
                or if the first file is not of floats.
        """
        wanted = [grammar.parse(name) for name in names]
        self.wanted = {each.name: each for each in wanted if each.name != "baseline"}
        path = self.paths["baseline"]
        if self.wanted and self._artifacts["baseline"].format != USUAL_FORMAT:
            raise WeighinError(
                f"--variants are made of Keras models and .{USUAL_FORMAT} files, "
                f"and {path.name} is none."
            )
        for variant in self.wanted.values():
            _refuse(variant)
        for kernel in read_tflite(path).kernels if self.wanted else ():
            if kernel.dtype != "FLOAT32":
                raise WeighinError(
                    f"Variants are made of a file of floats, and {path.name} has {kernel.label} of "
                    f"{kernel.dtype.lower()}: name the float file first."
                )

    @property
    def cases(self) -> list[Case]:
        """The files' cases, then those of the variants, on no runtime."""
        (first, *others) = super().cases
        made = [dataclasses.replace(first, variant=name) for name in self.wanted]
        return [first, *others, *made]

    def build(self, cases: Iterable[Case], **report: Callable[..., None]) -> None:
        """Find out what the files are asked, and make the cases' variants that are not there yet.

        Raises:
            WeighinError: as `FinishedFiles.build`.
        """
        super().build(())
        names = dict.fromkeys(case.variant for case in cases)
        missing = [name for name in names if name in self.wanted and not self._is_known(name)]
        todo = [name for name in missing if not self._find(name)]
        if "begun" in report:
            report["begun"](len(todo))
        for name in todo:
            outcome = self._made(name)
            if isinstance(outcome, Failure):
                self._failures[name] = outcome
            if "finished" in report:
                call = self.wanted[name].export
                job = Derivation(self.model, self.profile, 0, export=call)
                report["finished"](job, outcome)

    def of(self, case: Case) -> Artifact:
        """The case's file.

        Raises:
            SkippedError: with the reason, if a variant is none of this file.
            NotBuiltError: with the reason, if it could not be made, or is not what it is called.
        """
        name = case.variant
        if name in self.wanted and not self._is_known(name):
            self.build([case])
        failure = self._failures.get(name)
        if failure is not None and failure.skipped:
            raise SkippedError(failure.reason)
        if failure is not None:
            raise NotBuiltError(f"not built: {failure.reason}", failure.log)
        return super().of(case)

    def has(self, case: Case) -> bool:
        """Whether the case's file is one of these."""
        return case.variant in self.wanted or super().has(case)

    def variant(self, case: Case) -> Variant:
        """The case's variant: by its name where it is made here, else by what the file holds."""
        return self.wanted.get(case.variant) or super().variant(case)

    def unavailable(self, case: Case) -> str | None:
        """Why the case's file cannot be made here, or None."""
        if case.variant not in self.wanted:
            return super().unavailable(case)
        asked = vars(registry.exports[self.wanted[case.variant].export.name]).get("available")
        return str(reason) if asked is not None and (reason := asked()) else None

    def origins(self, digests: Any = None) -> dict[str, list[dict[str, Any]]]:
        """For each file's sha256 what is known of it; of a variant also what it is made of."""
        first = dict(self._artifacts["baseline"].provenance)
        chains = super().origins(digests)
        made = {self._artifacts[name].sha256 for name in self.wanted if name in self._artifacts}
        return {
            digest: [first, *chain] if digest in made and chain != [first] else chain
            for digest, chain in chains.items()
        }

    def told(self) -> list[dict[str, str]]:
        """The files as results tell them: variant, file, digest and what each holds."""
        first = self.paths["baseline"].name
        given = {name: self._artifacts[name] for name in self._artifacts}
        told = []
        for name, artifact in given.items():
            is_made = name in self.wanted
            told.append(
                {
                    "variant": name,
                    "file": f"made of {first}" if is_made else str(artifact.provenance["file"]),
                    "sha256": artifact.sha256,
                    "holds": held(read_tflite(artifact.path)),
                }
            )
        return told

    def _is_known(self, name: str) -> bool:
        return name in self._artifacts or name in self._failures

    def _find(self, name: str) -> bool:
        """Whether a variant lies in the cache, and was taken from there."""
        artifact = self.context.cache.get(key_of(self._provenance(name)))
        if artifact is not None:
            self._take(name, artifact)
        return artifact is not None

    def _provenance(self, name: str) -> dict[str, Any]:
        """All that decides what a variant is."""
        call = self.wanted[name].export
        function = registry.exports[call.name]
        provenance: dict[str, Any] = {
            "stage": str(call),
            "arguments": grammar.told(call, function),
            "source": registry.source_digest(function),
            "versions": {each: version(each) or "none" for each in EXPORT_PACKAGES},
            "parent": self._artifacts["baseline"].sha256,
        }
        if self._calibrates(call):
            data = loading.load_cached(self.dataset, self.context.search)
            provenance["calibration"] = {"digest": data.digest, "most": EXAMPLES}
        return provenance

    def _calibrates(self, call: Call) -> bool:
        function = registry.exports[call.name]
        return registry.is_calibrated(function, grammar.arguments(call, function))

    def _made(self, name: str) -> Artifact | Failure:
        """Make a variant, or find that another run has; it is kept in the cache."""
        provenance, call = self._provenance(name), self.wanted[name].export
        cache, began = self.context.cache, time.perf_counter()
        try:
            inputs = self._inputs() if self._calibrates(call) else {}
            with cache.lock(key_of(provenance)):
                if not self._find(name):
                    made = _apart(Order(call, self.paths["baseline"], inputs), self.context)
                    if isinstance(made, Failure):
                        return made
                    facts = {"calibration": calibration.facts_of(inputs)} if inputs else {}
                    seconds = time.perf_counter() - began
                    self._take(name, cache.put(provenance, "tflite", made, {}, seconds, facts))
        except SkippedError as reason:
            return Failure(str(reason), skipped=True)
        except WeighinError as error:
            return Failure(str(error))
        return self._failures.get(name) or self._artifacts[name]

    def _inputs(self) -> Arrays:
        """Inputs that calibrate: from the training part, never from the test part.

        Raises:
            SkippedError: if there is no training part.
        """
        dataset = loading.load_cached(self.dataset, self.context.search)
        fed = dataset.fed_to(self.signature)
        fed.require_training("Calibrating")
        return fed.train.inputs(0, min(EXAMPLES, len(fed.train)))

    def _take(self, name: str, artifact: Artifact) -> None:
        """Count a variant's file among these, held against its name and the first file's ports."""
        first, graph = self._artifacts["baseline"], read_tflite(artifact.path)
        try:
            invariants.check(artifact.path, self._claimed(name), _no_other)
            signature, own_names = matched(first.signature, signature_of(graph), name)
        except WeighinError as breach:
            self._failures[name] = Failure(str(breach))
            return
        facts = {
            **artifact.facts,
            "signature": signature.as_json(),
            "task": first.facts["task"],
            "own_names": own_names,
        }
        self._artifacts[name] = dataclasses.replace(artifact, answers=None, facts=facts)

    def _claimed(self, name: str) -> Variant:
        """A variant as its claim is asked: with the batch dimension that the first file has."""
        call = self.wanted[name].export
        is_open = read_tflite(self.paths["baseline"]).open_batch
        batch = (("batch", "open"),) if is_open else ()
        return Variant((), dataclasses.replace(call, arguments=(*call.arguments, *batch)))


def _refuse(variant: Variant) -> None:
    """Refuse a variant that is not made of a finished file.

    Raises:
        WeighinError: saying which are.
    """
    able = sorted(n for n in registry.exports if vars(registry.exports[n]).get("of_file"))
    if variant.steps or variant.export.name not in able:
        raise WeighinError(
            f"{variant.name} is made of a Keras model; of a finished float file there are: "
            f"{', '.join(able)} (weighin list exports)."
        )
    if "batch" in dict(variant.export.arguments):
        raise WeighinError(
            f"{variant.name}: a finished file's batch dimension stays as it is: leave out batch=."
        )


def _no_other(variant: Variant) -> Path:
    raise AssertionError(f"no step compares with {variant.name}")


def _apart(order: Order, build_context: BuildContext) -> bytes | Failure:
    """What a process of its own makes: native code may crash on a file."""
    context = dataclasses.replace(build_context, pool=uuid.uuid4().hex[:12])
    context.cache.make_folders()
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, spawn, worker.begin, (context,)) as pool:
            made = pool.submit(make, order).result()
    except BrokenProcessPool:
        made = Failure(
            f"the process that made {order.call} died without an answer (killed, out of memory or "
            f"crashed)"
        )
    if isinstance(made, bytes):
        return made
    logs = context.cache.logs.glob(f"build-{context.pool}-*.log")
    return dataclasses.replace(made, log=next(logs, None))
