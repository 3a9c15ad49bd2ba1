"""Answers of a session: to the whole test set, and held against what they should be."""

from __future__ import annotations

import functools
import io
import math
from pathlib import Path

import numpy as np

from weighin import grammar, named, registry
from weighin.core import (
    Array,
    Arrays,
    Artifact,
    Dataset,
    Session,
    Task,
    WeighinError,
)
from weighin.formats import known
from weighin.formats.graph import Graph
from weighin.measure.closeness import (
    COARSE_MOST,
    EXACT,
    EXACT_UNTRAINED,
    OTHERS,
    coarse_share,
    is_whole,
    refuse_coarse,
    refuse_far,
    refuse_others,
    rounding,
)
from weighin.measure.evaluation import named_as, not_finite, refuse_not_finite
from weighin.measure.renaming import given_as, graph_of, taken_as
from weighin.outcomes import Fidelity
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


def check_session(
    session: Session, artifact: Artifact, dataset: Dataset, task: Task, step: float = 0.0
) -> Fidelity | None:
    """Hold a session's answers against the Keras model's and the reference kernels'.

    Those of a finished file, whose Keras model nobody has seen, against the latter alone.

    Args:
        session: an open file.
        artifact: the file.
        dataset: fed to the Keras model that the file came from.
        task: what is asked.
        step: relative, of the session's floats, if coarser than float32 (`Runtime.rounding`).

    Returns:
        How the session answers beside the Keras model; None if there is none.

    Raises:
        WeighinError: if many input values are beyond what the file's input can hold; if outputs
            are not finite or of another shape; if a float file's lie further from the Keras model's
            than rounding explains; if another's agree with it no better than by chance (where
            anybody has trained it); if they lie far from what its format's reference
            (`weighin.measure.references`) makes of the same file (an untrained model's: and
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
            exact = EXACT if artifact.trained else EXACT_UNTRAINED
            _refuse_inexact(outputs, wanted, exact, _coarse(step, artifact, graph))
    if graph is not None:
        _hold_against_reference(outputs, artifact, graph, inputs, step)
    # an untrained model's scores are nearly even, so that rounding decides which is highest
    if wanted is not None and fidelity is not None and artifact.trained:
        _refuse_chance(outputs, wanted, fidelity, task.chance(dataset))
    session.inference(dataset.test.inputs(0, 1))()
    alone = named_as(session.answer(), artifact.signature)
    first = named.taken(outputs, slice(1))
    batched = "the same example's answer in a batch"
    refuse_far(alone, first, batched, graph, among=outputs, step=step)
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


def _coarse(step: float, artifact: Artifact, graph: Graph | None) -> float:
    """What coarse floats may come to, as `coarse_share`; ten times that where nobody trained it."""
    share = coarse_share(step, graph)
    return share if artifact.trained else min(COARSE_MOST, EXACT_UNTRAINED / EXACT * share)


def _refuse_inexact(outputs: Arrays, wanted: Arrays, exact: float, coarse: float) -> None:
    for name, values in wanted.items():
        if is_whole(values):
            called, what = f"the session's {name!r}", "the Keras model's"
            refuse_others(called, outputs[name], values, what, OTHERS)
            continue
        if coarse:
            what = "the Keras model's"
            refuse_coarse("the session's answers", outputs[name], values, what, coarse, values)
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
    outputs: Arrays, artifact: Artifact, graph: Graph, inputs: Arrays, step: float
) -> None:
    """Refuse a session whose answers the reference kernels do not confirm.

    LiteRT's kernels without a delegate have been reported to answer FULLY_CONNECTED wrongly where
    tensors share memory. So where they disagree they are asked again, to answer by other means.
    """
    plain = named_as(_reference(artifact, graph, inputs), artifact.signature)
    held = _held(outputs, plain, untrained=not artifact.trained)
    answers, what = named.taken(outputs, held), "what the reference kernels answer"
    try:
        refuse_far(answers, named.taken(plain, held), what, graph, among=plain, step=step)
    except WeighinError as disagreement:
        kept = named_as(_reference(artifact, graph, inputs, again=True), artifact.signature)
        try:
            refuse_far(answers, named.taken(kept, held), what, graph, among=kept, step=step)
        except WeighinError:
            raise WeighinError(
                f"{disagreement}. {_who_is_off(artifact, plain, kept, graph)}"
            ) from None


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


def _who_is_off(artifact: Artifact, plain: Arrays, kept: Arrays, graph: Graph) -> str:
    again = registry.references[artifact.format].again
    try:
        refuse_far(plain, kept, "", graph)
    except WeighinError:
        return (
            f"The reference kernels are off too: they answer otherwise {again}, "
            f"and neither as the session does"
        )
    return f"The session is off: the reference kernels answer the same {again}"


def _is_float(artifact: Artifact) -> bool:
    """Whether the file must answer exactly as its Keras model does."""
    plain = registry.formats[artifact.format].plain
    if not plain:  # nothing was exported
        return True
    return grammar.innermost(grammar.parse(artifact.provenance["stage"]).export) == plain


@functools.cache
def _reference_outputs(
    path: Path, format: str, sha256: str, inputs: bytes, again: bool
) -> dict[str, Array]:
    with np.load(io.BytesIO(inputs), allow_pickle=False) as archive:
        asked = dict(archive)
    answers: dict[str, Array]
    answers = registry.references[format].answer(path, known.graph(format, path), asked, again)
    return answers


def _reference(
    artifact: Artifact, graph: Graph, inputs: Arrays, *, again: bool = False
) -> dict[str, Array]:
    """Outputs for the first examples by plain kernels: as many as take well under a second."""
    macs = max(1, graph.macs, REFERENCE_MACS // FEW if graph.uncounted else 1)
    example = named.example_bytes(inputs)
    example += sum(4 * math.prod(graph.tensors[number].shape) for number in graph.outputs)
    few = max(1, min(named.count(inputs), REFERENCE_MACS // macs, REFERENCE_BYTES // example))
    content = io.BytesIO()
    inputs = given_as(artifact, inputs)
    np.savez(content, **named.taken(inputs, slice(few)))  # type: ignore[arg-type]
    outputs = _reference_outputs(
        artifact.path, artifact.format, artifact.sha256, content.getvalue(), again
    )
    return taken_as(artifact, outputs)
