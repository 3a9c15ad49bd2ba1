"""Answers of a session: to the whole test set, and held against what they should be."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from weighin import grammar
from weighin.core import Artifact, Dataset, Images, Scores, Session, WeighinError
from weighin.formats.graph import Graph
from weighin.formats.tflite import read_tflite
from weighin.measure.closeness import EXACT, EXACT_UNTRAINED, refuse_far, rounding
from weighin.measure.evaluation import class_scores
from weighin.outcomes import Fidelity
from weighin.runtimes.litert import OPTIMIZED, REFERENCE, reference, reference_in_subprocess
from weighin.stats import concordance, proportion

# How much alike (`stats.concordance`) an untrained model's scores must be that lie further.
# Of keras.applications ResNet152's lay 0.35 apart with 0.63, NASNetLarge's 0.32 with 0.59; the same
# scores given to other classes, or one score for all classes, have 0.
ALIKE_UNTRAINED = 0.5
REFERENCE_MACS = 30_000_000  # that the reference kernels are asked for
FEW = 10  # images that they are asked for where the work of a file cannot all be counted
LARGE_MACS = 1_000_000_000  # of a model whose single image they are not asked for


def check_session(session: Session, artifact: Artifact, dataset: Dataset) -> Fidelity:
    """Hold a session's answers against the Keras model's and the reference kernels'.

    Returns:
        How the session answers beside the Keras model that the file came from.

    Raises:
        WeighinError: if scores are not finite or of another shape; if a float file's lie further
            from the Keras model's than rounding explains; if another's classes agree with it no
            better than by chance (where labels mean something); if a .tflite's lie far from what
            the reference kernels, or for a large model the plain built-in ones, make of the same
            file (an untrained model's: and an image's as a whole are not like it); if one image
            alone is answered otherwise than in a batch.
    """
    wanted = np.load(artifact.answers, allow_pickle=False)
    images = dataset.test.inputs(0, len(wanted))
    scores = session.predict(images)
    if scores.shape != wanted.shape or not np.isfinite(scores).all():
        raise WeighinError(
            f"the session answers {scores.shape} scores, or not finite ones, where the Keras "
            f"model answers {wanted.shape}"
        )
    classes, wanted_classes = (class_scores(each).argmax(axis=1) for each in (scores, wanted))
    same = int((classes == wanted_classes).sum())
    fidelity = Fidelity(same, len(wanted), float(np.abs(scores - wanted).max()))
    graph = read_tflite(artifact.path) if artifact.format == "tflite" else None
    exact = EXACT_UNTRAINED if dataset.unlabelled else EXACT
    if _is_float(artifact) and fidelity.furthest > (most := rounding(exact, wanted)):
        raise WeighinError(
            f"the session's scores lie up to {fidelity.furthest:.2g} from the Keras model's; a "
            f"float file may differ by {most:.2g}, {exact:g} of their spread"
        )
    if graph is not None:
        _hold_against_reference(scores, artifact, graph, images, untrained=bool(dataset.unlabelled))
    # an untrained model's scores are nearly even, so that rounding decides which is highest
    if not dataset.unlabelled and proportion(same, len(wanted)).high <= 1.5 / dataset.classes:
        raise WeighinError(
            f"the session agrees with the Keras model on {same} of {len(wanted)} images, no better "
            f"than guessing among {dataset.classes} classes"
        )
    session.inference(images[:1])()
    alone = session.answer()
    refuse_far(alone, scores[:1], "the same image's answer in a batch", graph, among=scores)
    return fidelity


def _hold_against_reference(
    scores: Scores, artifact: Artifact, graph: Graph, images: Images, *, untrained: bool
) -> None:
    """Refuse a session whose answers the reference kernels do not confirm.

    LiteRT's kernels without a delegate have been reported to answer FULLY_CONNECTED wrongly where
    tensors share memory. So where they disagree they are asked once more with all tensors kept.
    """
    plain = _reference(artifact, graph, images)
    held = [  # each image by itself, lest others that are alike hide it
        at
        for at in range(len(plain))
        if not (untrained and concordance(scores[at], plain[at]) >= ALIKE_UNTRAINED)
    ]
    what = "what the reference kernels answer"
    try:
        refuse_far(scores[held], plain[held], what, graph, among=plain)
    except WeighinError as disagreement:
        kept = _reference(artifact, graph, images, keep_tensors=True)
        try:
            refuse_far(scores[held], kept[held], what, graph, among=kept)
        except WeighinError:
            raise WeighinError(f"{disagreement}. {_who_is_off(plain, kept, graph)}") from None


def _who_is_off(plain: Scores, kept: Scores, graph: Graph) -> str:
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
def _reference_scores(
    path: Path, sha256: str, images: bytes, shape: tuple[int, ...], keep_tensors: bool
) -> Scores:
    asked = np.frombuffer(images, np.float32).reshape(shape)
    graph = read_tflite(path)
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
    artifact: Artifact, graph: Graph, images: Images, *, keep_tensors: bool = False
) -> Scores:
    """Scores of the first images by plain kernels: as many as take well under a second.

    A single image takes reference kernels, which are plain loops, minutes where a model has
    billions of multiply-accumulates; and on some integer files, such as EfficientNet's, they end
    the process. There the built-in optimized kernels answer, still without a delegate and so by
    other code than what is measured.
    """
    macs = max(1, graph.macs, REFERENCE_MACS // FEW if graph.uncounted else 1)
    few = images[: max(1, min(len(images), REFERENCE_MACS // macs))]
    return _reference_scores(artifact.path, artifact.sha256, few.tobytes(), few.shape, keep_tensors)
