"""What a build process does: one job at a time, its output in a log, on the CPU alone."""

from __future__ import annotations

import dataclasses
import logging
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from weighin import grammar, named, registry
from weighin.build import calibration, pretrained, telling
from weighin.build.jobs import Job
from weighin.build.keys import THREADS, BuildContext
from weighin.core import (
    Array,
    Arrays,
    Artifact,
    Call,
    Dataset,
    Failure,
    ReferenceModel,
    Signature,
    SkippedError,
    WeighinError,
)
from weighin.datasets import loading
from weighin.definitions import load_definitions
from weighin.files import fresh
from weighin.frameworks import onnx_files, process, tf_keras, training
from weighin.frameworks.direct import DirectModel
from weighin.frameworks.fingerprint import Fingerprint, fingerprint, own_files
from weighin.frameworks.flattening import flattened
from weighin.tasks import inferring

ANSWERED_EXAMPLES = 256
ANSWERED_BYTES = 64_000_000  # of their inputs and outputs
COMPARED_EXAMPLES = 100  # that files calibrated on all and on half of the inputs answer
FEW_LAYERS = 30  # of a model that is exported again with half of them, to see what that moves
# By format, what a file answers: for that comparison alone, where nothing is timed
ANSWERING: Mapping[str, Callable[[bytes, Arrays], Arrays]] = {
    "tflite": tf_keras.file_answers,
    "onnx": onnx_files.file_answers,
}
LONG_SECONDS = 60  # unless it takes so long


def begin(build_context: BuildContext) -> None:
    """Prepare this process: no GPU, all output to a log, the definitions loaded.

    TensorFlow is not loaded before there is something to build, unless a definition does it.
    """
    process.hide_gpus()
    _write_to_log(build_context)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    load_definitions(build_context.definitions)
    for brought in build_context.brought:
        brought.register()


def build_job(job: Job, build_context: BuildContext) -> Artifact | Failure:
    """Build one job, or find that another run has built it; whatever is raised is a failure."""
    print(f"building {job}", flush=True)
    try:
        recipe = registry.models[job.model].recipe(job.profile)
        dataset = loading.load_cached(recipe.dataset, build_context.search)
        key = build_context.key(job, dataset.digest)
        with build_context.cache.lock(key):
            artifact = build_context.cache.get(key)
            if artifact is not None:
                return artifact
            _prepare_tensorflow()
            return _build(job, build_context, dataset)
    except Exception as error:
        return _failure(error, build_context)


def ask(job: Job, build_context: BuildContext) -> Fingerprint | Failure:
    """Call a model's function as a dense start would; what it returns, or why it is of no use.

    That it does not fit its data is found here, before anything is built.
    """
    print(f"asking {job.model} what it returns, seed {job.seed}", flush=True)
    try:
        model = registry.models[job.model]
        recipe = model.recipe(job.profile)
        dataset = loading.load_cached(recipe.dataset, build_context.search)
        _prepare_tensorflow()
        created = training.create(model, job.seed, dataset)
        returned = fingerprint(created)
        training.Trainer(recipe, dataset, job.seed).fitted(model, created)
        return returned
    except Exception as error:
        return _failure(error, build_context)


def _failure(error: Exception, build_context: BuildContext) -> Failure:
    traceback.print_exc()
    log = build_context.log(os.getpid())
    if isinstance(error, SkippedError):
        return Failure(str(error), log, skipped=True)
    if isinstance(error, WeighinError):
        return Failure(str(error), log)
    return Failure(telling.reason(error, build_context.definitions), log)


def _write_to_log(build_context: BuildContext) -> None:
    handle = fresh(build_context.log(os.getpid()))
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    logging.captureWarnings(True)


def _end_with_parent() -> None:
    """Do not go on training for a run that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@cache
def _prepare_tensorflow() -> None:
    process.make_deterministic(THREADS)


def _build(job: Job, build_context: BuildContext, dataset: Dataset) -> Artifact:
    began = time.perf_counter()
    recipe = registry.models[job.model].recipe(job.profile)
    trainer = training.Trainer(recipe, dataset, job.seed)
    provenance = build_context.provenance(job, dataset.digest)
    if job.parent is None:
        start = _dense_start(job, trainer, build_context)
        facts: dict[str, Any] = {
            "signature": start.signature.as_json(),
            "task": start.task.name,
            "trained": start.trained,
        }
        if isinstance(start.model, DirectModel):
            facts["direct"] = start.model.why
        model, dataset = start.model, dataset.fed_to(start.signature)
    else:
        parent = build_context.cache.get(provenance["parent"])
        if parent is None:
            raise WeighinError(f"{job.parent} is no longer in the cache: run again.")
        facts = dict(parent.facts)
        dataset = dataset.fed_to(parent.signature)
        trainer = dataclasses.replace(trainer, dataset=dataset)
        tf_keras.start_afresh(job.seed)
        model = tf_keras.read(parent.path, quantized=True)
        if job.export is not None:
            export, is_calibrated = (
                partial(_exported, job.export, model),
                _is_calibrated(job.export),
            )
            # others may do without, where there is nothing but what is tested on
            is_given = is_calibrated or not dataset.test_only
            inputs = trainer.calibration() if is_given else {}
            content = export(inputs)
            seconds = time.perf_counter() - began
            if is_given:
                facts["calibration"] = calibration.facts_of(inputs)
            is_short = len(model.layers) <= FEW_LAYERS and seconds < LONG_SECONDS
            if is_calibrated and is_short:
                half = export(named.taken(inputs, slice(None, None, 2)))
                answering = ANSWERING[registry.export_format(job.export.name)]
                facts["calibration"] |= _moved(answering, content, half, trainer, parent)
            answers = parent.outputs()  # the same model's
            format = registry.export_format(job.export.name)
            return build_context.cache.put(provenance, format, content, answers, seconds, facts)
        step = registry.steps[job.steps[-1].name]
        model = step(flattened(model), trainer, **grammar.arguments(job.steps[-1], step))
    tf_keras.check_finite(model, str(job))
    content = tf_keras.serialize(model)
    seconds = time.perf_counter() - began
    answers = _answers(model, job, dataset, Signature.of_json(facts["signature"]))
    format = tf_keras.format_of(model)
    return build_context.cache.put(provenance, format, content, answers, seconds, facts)


def _exported(call: Call, model: Any, inputs: Arrays) -> bytes:
    export = registry.exports[call.name]
    return export(model, inputs, **grammar.arguments(call, export))


def _is_calibrated(call: Call) -> bool:
    """Whether what an export yields depends on the inputs that it is given."""
    innermost = registry.exports[grammar.innermost(call)]
    return registry.is_calibrated(innermost, grammar.arguments(call, innermost))


def _moved(
    answering: Callable[[bytes, Arrays], Arrays],
    content: bytes,
    half: bytes,
    trainer: training.Trainer,
    parent: Artifact,
) -> dict[str, float]:
    """How a file's answers differ from those of one that half of the inputs calibrated."""
    test, task = trainer.dataset.test, inferring.known(trainer.recipe.task, parent.facts["task"])
    asked = test.inputs(0, COMPARED_EXAMPLES)
    targets = named.taken(task.targets(test), slice(COMPARED_EXAMPLES))
    try:
        whole, halved = (
            task.answers(answering(file, asked), asked, targets) for file in (content, half)
        )
    except WeighinError:  # the row will say so, when it is opened to be weighed
        return {}
    same = task.same(whole, halved)
    return {} if same is None else calibration.moved(same)


def _dense_start(
    job: Job, trainer: training.Trainer, build_context: BuildContext
) -> training.DenseStart:
    published = pretrained.find(trainer.recipe.weights, build_context.search)
    model = registry.models[job.model]
    asked = build_context.created.get((job.model, job.seed))

    def check(created: Any) -> None:
        if isinstance(asked, Fingerprint):
            _check_as_asked(created, asked, model, weights_replaced=bool(published))
        elif model.source is None:
            _check_own_files(created, model)

    return trainer.dense_start(model, published[0] if published else None, check)


def _check_as_asked(
    created: Any, asked: Fingerprint, model: ReferenceModel, *, weights_replaced: bool
) -> None:
    """Refuse a model that is another one than the key of its artifacts says.

    Raises:
        WeighinError: saying what differs and what to do.
    """
    given = fingerprint(created)
    parts = ("architecture", "code") if weights_replaced else ("architecture", "weights", "code")
    differing = [part for part in parts if getattr(given, part) != getattr(asked, part)]
    if differing:
        raise WeighinError(
            f"The function of model {model.name!r} returned another model than when it was called "
            f"before with the same seed: other {' and '.join(differing)}. If what it reads has "
            f"changed meanwhile, run again. Else let it draw numbers from `random` or "
            f"`numpy.random` alone, which are seeded, and remember nothing from call to call."
        )


def _check_own_files(created: Any, model: ReferenceModel) -> None:
    """Refuse layers of other files that a function took by their registered names alone.

    Raises:
        WeighinError: naming the file.
    """
    others = own_files(created) - {Path(model.create.__code__.co_filename).resolve()}
    if others:
        raise WeighinError(
            f"Model {model.name!r} holds code of {sorted(others)[0]}, which its function names by "
            f"a text alone, so that a change there would not be noticed. Import the class or "
            f"function there, and use it in the function."
        )


def _answers(model: Any, job: Job, dataset: Dataset, signature: Signature) -> dict[str, Array]:
    """A model's outputs for the first test examples, for the checks of its files' sessions.

    Of those with large outputs there are fewer.
    """
    example = named.example_bytes(dataset.test.stored)
    example += sum(port.bytes for port in signature.outputs)
    asked = max(1, min(ANSWERED_EXAMPLES, ANSWERED_BYTES // example))
    answers = tf_keras.predict(model, dataset.test.inputs(0, asked))
    for values in answers.values():
        if not np.isfinite(values).all():
            raise WeighinError(
                f"After {job}, the model answers NaN or infinite values: training diverged. Lower "
                f"the learning rate (--learning-rate, or the recipe's)."
            )
    return answers
