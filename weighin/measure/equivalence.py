"""Answers of a session: to the whole test set, and held against what they should be."""

from __future__ import annotations

import functools
import io
import math
import tempfile
from pathlib import Path

import numpy as np

from weighin import grammar, named
from weighin.core import (
    Array,
    Arrays,
    Artifact,
    Dataset,
    Session,
    Task,
    WeighinError,
)
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite
from weighin.formats.unblocking import has_blocks, without_blocks
from weighin.measure.closeness import (
    EXACT,
    EXACT_UNTRAINED,
    OTHERS,
    is_whole,
    refuse_far,
    refuse_others,
    rounding,
)
from weighin.measure.evaluation import named_as, not_finite, refuse_not_finite
from weighin.measure.renaming import given_as, graph_of, taken_as
from weighin.outcomes import Fidelity
from weighin.runtimes.litert import OPTIMIZED, REFERENCE, reference, reference_in_subprocess
from weighin.stats import concordance, proportion

# How much alike (`stats.concordance`) an untrained model's scores must be that lie further.
# Of keras.applications ResNet152's lay 0.35 apart with 0.63, NASNetLarge's 0.32 with 0.59; the same
# scores given to other classes, or one score for all classes, have 0.
ALIKE_UNTRAINED = 0.5
REFERENCE_MACS = 30_000_000  # that the reference kernels are asked for
REFERENCE_BYTES = 16_000_000  # of inputs and outputs, likewise; they are kept for other sessions
FEW = 10  # examples that they are asked for where the work of a file cannot all be counted
CHECKED_EXAMPLES = 256  # of a finished file; others are checked on as many as Keras answered
CHECKED_BYTES = 64_000_000  # of their inputs and outputs
CLIPPED = 0.1  # share of an input's values that may lie beyond what a quantized input can hold,
BEYOND = 0.05  # by more than this share of its range: calibration leaves some outside
LARGE_MACS = 1_000_000_000  # of a model whose single example they are not asked for


def check_session(
    session: Session, artifact: Artifact, dataset: Dataset, task: Task
) -> Fidelity | None:
    """Hold a session's answers against the Keras model's and the reference kernels'.

    Those of a finished file, whose Keras model nobody has seen, against the latter alone.

    Args:
        session: an open file.
        artifact: the file.
        dataset: fed to the Keras model that the file came from.
        task: what is asked.

    Returns:
        How the session answers beside the Keras model; None if there is none.

    Raises:
        WeighinError: if many input values are beyond what the file's input can hold; if outputs
            are not finite or of another shape; if a float file's lie further from the Keras model's
            than rounding explains; if another's agree with it no better than by chance (where
            anybody has trained it); if a .tflite's lie far from what the reference kernels, or for
            a large model the plain built-in ones, make of the same file (an untrained model's: and
            an example's as a whole are not like it); if one example alone is answered otherwise
            than in a batch.
    """
    graph = graph_of(artifact)
    wanted = None if artifact.answers is None else artifact.outputs()
    n = _checked(dataset, artifact) if wanted is None else named.count(wanted)
    inputs = dataset.test.inputs(0, n)
    if graph is not None:
        refuse_clipped(graph, given_as(artifact, inputs))
    outputs = named_as(session.predict(inputs), artifact.signature)
    if wanted is not None:
        _refuse_other_shapes(outputs, wanted)
    refuse_not_finite({name: not_finite(values) for name, values in outputs.items()}, n)
    fidelity = None
    if wanted is not None:
        targets = named.taken(task.targets(dataset.test), slice(n))
        fidelity = _fidelity(task, outputs, wanted, inputs, targets)
        if _is_float(artifact):
            _refuse_inexact(outputs, wanted, EXACT if artifact.trained else EXACT_UNTRAINED)
    if graph is not None:
        _hold_against_reference(outputs, artifact, graph, inputs)
    # an untrained model's scores are nearly even, so that rounding decides which is highest
    if wanted is not None and fidelity is not None and artifact.trained:
        _refuse_chance(outputs, wanted, fidelity, task.chance(dataset))
    session.inference(dataset.test.inputs(0, 1))()
    alone = named_as(session.answer(), artifact.signature)
    first = named.taken(outputs, slice(1))
    refuse_far(alone, first, "the same example's answer in a batch", graph, among=outputs)
    return fidelity


def _checked(dataset: Dataset, artifact: Artifact) -> int:
    """How many examples a finished file is checked on; of large ones fewer."""
    example = named.example_bytes(dataset.test.stored)
    example += sum(port.bytes for port in artifact.signature.outputs)
    return min(len(dataset.test), CHECKED_EXAMPLES, max(1, CHECKED_BYTES // max(1, example)))


def _fidelity(
    task: Task, outputs: Arrays, wanted: Arrays, inputs: Arrays, targets: Arrays
) -> Fidelity:
    furthest = max(_furthest(outputs[name], values) for name, values in wanted.items())
    answers, wanted_answers = (task.answers(each, inputs, targets) for each in (outputs, wanted))
    same = task.same(answers, wanted_answers)
    return Fidelity(None if same is None else float(same.sum()), named.count(wanted), furthest)


def refuse_clipped(graph: Graph, inputs: Arrays) -> None:
    """Refuse inputs of which a quantized file would see next to nothing but its ends.

    Pixels from 0 to 255 given to an input that holds 0 to 1 all become 1, without an error.

    Args:
        graph: what the file holds.
        inputs: real values by the file's own names, each `(n, …)`.

    Raises:
        WeighinError: naming the input, what it holds and what comes.
    """
    ports = graph.inputs_by_name()
    if len(ports) == len(inputs) == 1:
        inputs = dict(zip(ports, inputs.values(), strict=True))
    for name, number in ports.items():
        reach, values = graph.tensors[number].reach, inputs.get(name)
        if values is None or reach is None:
            continue
        low, high = reach
        beyond = (values < low - BEYOND * (high - low)) | (values > high + BEYOND * (high - low))
        if beyond.mean() > CLIPPED:
            raise WeighinError(
                f"the file's input {name!r} holds values from {low:.4g} to {high:.4g}, and is "
                f"given such from {values.min():.4g} to {values.max():.4g}, of which "
                f"{beyond.mean() * 100:.0f} % lie beyond: scale the data as the model's own were "
                f"(--scale, or scale= where they are registered)"
            )


def _furthest(values: Array, wanted: Array) -> float:
    return float(np.abs(values.astype(np.float64) - wanted).max(initial=0))


def _refuse_other_shapes(outputs: Arrays, wanted: Arrays) -> None:
    for name, values in wanted.items():
        if outputs[name].shape != values.shape:
            raise WeighinError(
                f"the session answers {list(outputs[name].shape)} as {name!r}, where the Keras "
                f"model answers {list(values.shape)}"
            )


def _refuse_inexact(outputs: Arrays, wanted: Arrays, exact: float) -> None:
    for name, values in wanted.items():
        if is_whole(values):
            called, what = f"the session's {name!r}", "the Keras model's"
            refuse_others(called, outputs[name], values, what, OTHERS)
            continue
        furthest = _furthest(outputs[name], values)
        most = rounding(exact, values)
        if furthest > most:
            raise WeighinError(
                f"the session's answers lie up to {furthest:.2g} from the Keras model's; a float "
                f"file may differ by {most:.2g}, {exact:g} of their spread"
            )


def _refuse_chance(
    outputs: Arrays, wanted: Arrays, fidelity: Fidelity, chance: float | None
) -> None:
    """Refuse a session that has next to nothing to do with the Keras model.

    Classes by how often they are the same; numbers by whether they are nearer to the model's than
    these are to their own mean. An output that hardly varies, by less than 8 bits can tell, is left
    to the other checks: there rounding alone is as large.
    """
    if chance is not None and fidelity.same is not None:
        if proportion(int(fidelity.same), fidelity.n).high <= 1.5 * chance:
            raise WeighinError(
                f"the session agrees with the Keras model on {int(fidelity.same)} of {fidelity.n} "
                f"examples, no better than guessing among {round(1 / chance)} classes"
            )
        return
    for name, values in wanted.items():
        if values.dtype.kind != "f" or len(values) < 2:
            continue
        errors = np.square(outputs[name].astype(np.float64) - values).mean()
        spread = np.square(values - values.mean(axis=0, dtype=np.float64)).mean()
        step = float(np.abs(values).max()) / 255
        if spread > step**2 and errors >= spread:
            raise WeighinError(
                f"the session's answers lie as far from the Keras model's as their own mean does "
                f"(error {math.sqrt(errors):.2g}, spread {math.sqrt(spread):.2g}): it does not "
                f"compute the same"
            )


def _hold_against_reference(
    outputs: Arrays, artifact: Artifact, graph: Graph, inputs: Arrays
) -> None:
    """Refuse a session whose answers the reference kernels do not confirm.

    LiteRT's kernels without a delegate have been reported to answer FULLY_CONNECTED wrongly where
    tensors share memory. So where they disagree they are asked once more with all tensors kept.
    """
    plain = named_as(_reference(artifact, graph, inputs), artifact.signature)
    held = _held(outputs, plain, untrained=not artifact.trained)
    answers, what = named.taken(outputs, held), "what the reference kernels answer"
    try:
        refuse_far(answers, named.taken(plain, held), what, graph, among=plain)
    except WeighinError as disagreement:
        again = _reference(artifact, graph, inputs, keep_tensors=True)
        kept = named_as(again, artifact.signature)
        try:
            refuse_far(answers, named.taken(kept, held), what, graph, among=kept)
        except WeighinError:
            raise WeighinError(f"{disagreement}. {_who_is_off(plain, kept, graph)}") from None


def _held(outputs: Arrays, plain: Arrays, *, untrained: bool) -> list[int]:
    """The examples to be held against the reference: each by itself, lest others hide it."""
    n = named.count(plain)
    if not untrained:
        return list(range(n))
    return [
        at
        for at in range(n)
        if any(
            not concordance(outputs[name][at], values[at]) >= ALIKE_UNTRAINED
            for name, values in plain.items()
        )
    ]


def _who_is_off(plain: Arrays, kept: Arrays, graph: Graph) -> str:
    try:
        refuse_far(plain, kept, "", graph)
    except WeighinError:
        return (
            "The reference kernels are off too: they answer otherwise when all tensors are kept, "
            "and neither as the session does"
        )
    return "The session is off: the reference kernels answer the same when all tensors are kept"


def _is_float(artifact: Artifact) -> bool:
    """Whether the file must answer exactly as its Keras model does."""
    if artifact.format == "h5":
        return True
    return grammar.innermost(grammar.parse(artifact.provenance["stage"]).export) == "float32"


@functools.cache
def _reference_outputs(
    path: Path, sha256: str, inputs: bytes, keep_tensors: bool
) -> dict[str, Array]:
    with np.load(io.BytesIO(inputs), allow_pickle=False) as archive:
        asked = dict(archive)
    graph = read_tflite(path)
    if has_blocks(graph):  # which the reference kernels take for other weights
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder, path.name)
            plain.write_bytes(without_blocks(path.read_bytes(), graph))
            return _answered(plain, read_tflite(plain), asked, keep_tensors)
    return _answered(path, graph, asked, keep_tensors)


def _answered(path: Path, graph: Graph, asked: Arrays, keep_tensors: bool) -> dict[str, Array]:
    """Outputs by plain kernels, in a process of their own where integers may end it."""
    kernels = OPTIMIZED if graph.macs > LARGE_MACS else REFERENCE
    if all(tensor.dtype == "FLOAT32" for tensor in graph.activations):
        return reference(path, asked, kernels, keep_tensors=keep_tensors)
    try:
        return reference_in_subprocess(path, asked, kernels, keep_tensors=keep_tensors)
    except WeighinError:
        if kernels == OPTIMIZED:
            raise
        return reference_in_subprocess(path, asked, OPTIMIZED, keep_tensors=keep_tensors)


def _reference(
    artifact: Artifact, graph: Graph, inputs: Arrays, *, keep_tensors: bool = False
) -> dict[str, Array]:
    """Outputs for the first examples by plain kernels: as many as take well under a second.

    A single example takes reference kernels, which are plain loops, minutes where a model has
    billions of multiply-accumulates; and on some integer files, such as EfficientNet's, they end
    the process. There the built-in optimized kernels answer, still without a delegate and so by
    other code than what is measured.
    """
    macs = max(1, graph.macs, REFERENCE_MACS // FEW if graph.uncounted else 1)
    example = named.example_bytes(inputs)
    example += sum(4 * math.prod(graph.tensors[number].shape) for number in graph.outputs)
    few = max(1, min(named.count(inputs), REFERENCE_MACS // macs, REFERENCE_BYTES // example))
    content = io.BytesIO()
    inputs = given_as(artifact, inputs)
    np.savez(content, **named.taken(inputs, slice(few)))  # type: ignore[arg-type]
    outputs = _reference_outputs(artifact.path, artifact.sha256, content.getvalue(), keep_tensors)
    return taken_as(artifact, outputs)
