"""What a build process does: one job at a time, its output in a log."""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import sys
import threading
import time
import traceback
from functools import cache

import numpy as np

from weighin import grammar, registry
from weighin.build import pretrained
from weighin.build.jobs import Job
from weighin.build.keys import THREADS, BuildContext
from weighin.core import Artifact, Dataset, Failure, WeighinError
from weighin.datasets import loading
from weighin.definitions import load_definitions
from weighin.frameworks import process, tf_keras, training

ANSWERED_IMAGES = 256


def _begin_worker(build_context: BuildContext) -> None:
    """In the worker: send all output to a log, load the definitions and TensorFlow."""
    log = build_context.cache.logs / f"build-{os.getpid()}.log"
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    logging.captureWarnings(True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    load_definitions(build_context.definitions)


def _end_with_parent() -> None:
    """Do not go on training for a run that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@cache
def _prepare_stack() -> None:
    process.make_deterministic(THREADS)


def _work(job: Job, build_context: BuildContext) -> Artifact | Failure:
    """In the worker: build one job, or find that another run has built it."""
    print(f"building {job}", flush=True)
    try:
        recipe = registry.models[job.model].recipe(job.profile)
        dataset = loading.load_cached(recipe.dataset, build_context.places)
        key = build_context.key(job, dataset.digest)
        with build_context.cache.lock(key):
            found = build_context.cache.get(key)
            if found is not None:
                return found
            _prepare_stack()
            return _make(job, build_context, dataset)
    except Exception as error:
        traceback.print_exc()
        if isinstance(error, WeighinError):
            return Failure(str(error))
        return Failure(f"{type(error).__name__}: {_telling_line(str(error))[:300]}")


def _telling_line(message: str) -> str:
    """The first line that says something: Keras puts its reason behind an inner traceback."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    if not lines or not lines[0].endswith("in user code:"):
        return lines[0] if lines else ""
    named = [line for line in lines if re.match(r"[A-Za-z]*(Error|Exception)\b", line)]
    return (named or lines)[-1]


def _make(job: Job, build_context: BuildContext, dataset: Dataset) -> Artifact:
    began = time.perf_counter()
    model = registry.models[job.model]
    trainer = training.Trainer(model.recipe(job.profile), dataset, job.seed)
    inputs = dataset.test.inputs(0, ANSWERED_IMAGES)
    provenance = build_context.provenance(job, dataset.digest)
    if job.parent is None:
        published = pretrained.find(trainer.recipe.weights, build_context.places)
        made = trainer.dense_start(model, published[0] if published else None)
    else:
        parent = build_context.cache.get(provenance["parent"])
        if parent is None:
            raise WeighinError(f"{job.parent} is no longer in the cache: run again.")
        tf_keras.start_afresh(job.seed)
        made = tf_keras.read(parent.path, quantized=True)
    if job.export is not None:
        arguments = grammar.arguments(job.export, registry.exports[job.export.name])
        export = registry.exports[job.export.name]
        content = export(made, trainer.calibration(), **arguments)
        format = "tflite"
    else:
        if job.steps:
            call = job.steps[-1]
            step = registry.steps[call.name]
            made = step(made, trainer, **grammar.arguments(call, step))
        tf_keras.check_finite(made, str(job))
        content, format = tf_keras.serialize(made), "h5"
    seconds = time.perf_counter() - began
    answers = tf_keras.predict(made, inputs)
    if not np.isfinite(answers).all():
        raise WeighinError(
            f"After {job}, the model answers NaN or infinite scores: training diverged. Lower the "
            f"recipe's learning rate."
        )
    return build_context.cache.put(provenance, format, content, answers, seconds)
