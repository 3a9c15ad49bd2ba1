"""How far two answers of one file may lie apart, by the file's own scale.

Kernels round as they like. What that comes to depends on what a file computes with:

- integers: some steps of its output's scale. Where a softmax or a sigmoid ends the graph, a step is
  one of what goes into it, as the curve's slope passes it on: two steps of a logit are 0.18 of a
  probability in the middle and nothing at the ends (MLPerf Tiny's ResNet-8).
- floats: a share of the spread of all answers.
- floats coarser than float32, such as bfloat16: what their step comes to over so many layers.

Nothing here is an absolute number of the answers' unit, which is the model's own affair.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weighin.core import Array, Arrays, WeighinError
from weighin.formats.graph import Graph, Operator

EXACT = 1e-4  # share of the spread by which a float32 file's answers may differ from Keras

# The same of a model that nobody trained: no training has damped what rounding does to it. Of
# keras.applications ResNet101 lay furthest, 1.5e-4.
EXACT_UNTRAINED = 1e-3

FLOAT = 1e-3  # the same between two sets of kernels for one float file; 1e-6 is usual
HYBRID = 0.1  # where activations are quantized between floats, anew in every call
STEPS = 4  # between two sets of kernels for one integer file; ResNet-8 had 2.0 of 200 images

# The share of whole numbers, such as classes that a graph has chosen itself, that may be others:
# where two scores are nearly even, rounding decides. ResNet-8's int8 chose the same for 99.8 %.
OTHERS, OTHERS_OF_INTEGERS = 0.01, 0.1

# Floats coarser than float32, by a relative step r: each of L layers rounds anew, and such errors
# add up as the root of their number. So the root mean square of the differences, as a share of the
# answers' standard deviation, may be COARSE·r·√L; a single one four times as large a share of the
# spread. By bfloat16 (r = 2⁻⁸) MLPerf Tiny's files have 0.08 to 0.47 of the former and 0.05 to 0.55
# of the latter. Weights that are 3 % off at random have 1.9 to 5.5 and 0.5 to 4.1; images with red
# and blue exchanged 2.7 to 17 and 2.7 to 6.7; one layer 10 % too large 0.25 to 8.7 and 0.2 to 2.6:
# in the visual wake words model that is no more than rounding.
COARSE, COARSE_FURTHEST = 3.0, 4.0
COARSE_MOST = 0.25  # whatever the number of layers: then answers say nothing any more
COARSE_LAYERS = 100  # of a Keras file, which are not counted

NESTED = 2  # how often answers may be laid together, and the whole with others

_PASSED_ON = ("DEQUANTIZE", "QUANTIZE", "RESHAPE", "SQUEEZE")
_Makers = Mapping[int, Operator]
_SLOPES = {"SOFTMAX": 2.0, "LOGISTIC": 1.0}  # times t(1 − t): the most by which a score moves


@dataclass(frozen=True)
class Steps:
    """What one step of an integer file's arithmetic is worth in its answers.

    Attributes:
        output: the scale of the answers themselves; 0 where they are floats.
        inner: the scale of what goes into a softmax or sigmoid at the end; 0 if there is none.
        slope: of that curve, in units of t(1 − t).
        allowed: how many steps kernels may lie apart: errors of layers one after the other add up
            as the root of their number.
    """

    output: float
    inner: float
    slope: float
    allowed: float

    def tolerance(self, first: Array, second: Array) -> npt.NDArray[np.float64]:
        """How far each score may lie from the other."""
        low, high = np.minimum(first, second), np.maximum(first, second)
        steepest = np.where(
            (low < 0.5) & (high > 0.5), 0.25, np.maximum(low * (1 - low), high * (1 - high))
        )
        return self.allowed * (self.output + self.slope * self.inner * np.clip(steepest, 0, 0.25))


def steps_of(graph: Graph, output: int) -> Steps | None:
    """The steps of an output that is made of integers; None where it is of floats.

    Args:
        graph: what the file holds.
        output: the output's tensor number.
    """
    makers = {number: made_by for made_by in graph.operators for number in made_by.outputs}
    scale = _scale(graph, makers, output)
    inner, slope = _before_curve(graph, makers, output, NESTED)
    if not scale and not inner:
        return None
    layers = sum(operator.weights is not None for operator in graph.operators)
    return Steps(scale, inner, slope, max(STEPS, math.sqrt(layers)))


def _scale(graph: Graph, makers: _Makers, number: int) -> float:
    """The scale of the answers themselves; 0 where they are computed as floats."""
    for _ in range(len(graph.operators) + 1):  # a damaged file may name a circle
        maker = makers.get(number)
        if graph.tensors[number].scale or maker is None or maker.kind not in _PASSED_ON:
            break
        number = maker.inputs[0]
    return graph.tensors[number].scale


def _before_curve(graph: Graph, makers: _Makers, number: int, nested: int) -> tuple[float, float]:
    """The scale of what goes into a softmax or sigmoid at the end, and its slope; 0 if none is.

    Of several that are laid together, those by which a step moves answers most.
    """
    slope = 0.0
    for _ in range(len(graph.operators) + 1):
        tensor, maker = graph.tensors[number], makers.get(number)
        if slope and tensor.scale:
            return tensor.scale, slope
        if maker is None:
            break
        if maker.kind == "CONCATENATION" and nested and not slope:
            branches = [_before_curve(graph, makers, each, nested - 1) for each in maker.inputs]
            return max(branches, key=math.prod)
        if not (maker.kind in _PASSED_ON or (maker.kind in _SLOPES and not slope)):
            break
        slope = slope or _SLOPES.get(maker.kind, 0.0)
        number = maker.inputs[0]
    return 0.0, 0.0


def rounding(share: float, wanted: Array) -> float:
    """A share of the spread of all answers, and what their own dtype cannot tell apart."""
    values = wanted.astype(np.float64)
    size = float(np.abs(values).max(initial=0))
    finest = max(1e-6, float(np.finfo(wanted.dtype).eps) if wanted.dtype.kind == "f" else 0)
    return share * (float(np.ptp(values)) if values.size > 1 else size) + finest * size


def coarse_share(step: float, graph: Graph | None) -> float:
    """The share of the answers' standard deviation that rounding comes to, layer after layer.

    Args:
        step: relative, of the floats that are computed with: 2⁻⁸ of bfloat16.
        graph: what the file holds; None of a Keras file.
    """
    layers = COARSE_LAYERS
    if graph is not None:
        layers = max(1, sum(operator.weights is not None for operator in graph.operators))
    return min(COARSE_MOST, COARSE * step * math.sqrt(layers))


def refuse_coarse(
    called: str, values: Array, wanted: Array, what: str, share: float, among: Array
) -> None:
    """Refuse answers by coarse floats that lie further from those wanted than these explain.

    Args:
        called: whose answers, in words.
        values: the answers, `(n, …)`.
        wanted: those wanted, likewise.
        what: the latter, in words.
        share: as `coarse_share`.
        among: answers that tell the spread.

    Raises:
        WeighinError: saying how far, and what would be rounding.
    """
    apart = np.abs(values.astype(np.float64) - wanted)
    spread = among.astype(np.float64)
    deviation = float(spread.std()) or float(np.abs(spread).max(initial=0))
    usual = math.sqrt(float(np.square(apart).mean())) if apart.size else 0.0
    if not usual <= share * deviation:
        raise WeighinError(
            f"{called} lie {usual:.2g} from {what} (root mean square), "
            f"{usual / max(deviation, 1e-30) * 100:.2g} % of their standard deviation; "
            f"{share * 100:.2g} % would be rounding by coarse floats"
        )
    furthest, most = float(apart.max(initial=0)), rounding(COARSE_FURTHEST * share, among)
    if not furthest <= most:
        raise WeighinError(
            f"{called} lie up to {furthest:.2g} from {what}; {most:.2g}, "
            f"{COARSE_FURTHEST * share:.2g} of their spread, would be rounding by coarse floats"
        )


def is_whole(values: Array) -> bool:
    """Whether answers are whole numbers or truths, which are the same or others, never near."""
    return values.dtype.kind in "iub"


def refuse_others(called: str, values: Array, wanted: Array, what: str, share: float) -> None:
    """Refuse whole numbers more of which differ than rounding before them explains.

    Raises:
        WeighinError: saying how many, and from what.
    """
    others = int(np.sum(values != wanted))
    if others > share * wanted.size:
        raise WeighinError(
            f"{called} differ in {others:,} of {wanted.size:,} whole numbers from {what}; "
            f"{share:g} of them would be rounding"
        )


def refuse_far(
    outputs: Arrays,
    wanted: Arrays,
    what: str,
    graph: Graph | None,
    among: Arrays | None = None,
    step: float = 0.0,
) -> None:
    """Refuse answers that lie further from those wanted, of the same file, than rounding explains.

    Args:
        outputs: by name, each `(n, …)`, of one session or set of kernels.
        wanted: likewise, of another.
        what: the other, in words.
        graph: what the file holds; None for one of floats.
        among: answers that tell the spread, where those wanted are too few for it.
        step: relative, of the floats that the session computes with, if coarser than float32.

    Raises:
        WeighinError: saying how far, and from what.
    """
    if set(outputs) != set(wanted):
        raise WeighinError(
            f"the session answers {', '.join(outputs)}, where {', '.join(wanted)} is wanted"
        )
    tensors = {} if graph is None else graph.outputs_by_name()
    for name, values in outputs.items():
        called = "the session's answers" if len(outputs) == 1 else f"the session's {name!r}"
        spread = wanted[name] if among is None else among[name]
        tensor = tensors.get(name) if len(tensors) != 1 else next(iter(tensors.values()))
        _refuse_far(called, values, wanted[name], what, graph, tensor, spread, step)


def _refuse_far(
    called: str,
    values: Array,
    wanted: Array,
    what: str,
    graph: Graph | None,
    tensor: int | None,
    among: Array,
    step: float,
) -> None:
    if values.shape != wanted.shape:
        raise WeighinError(f"{called} are {list(values.shape)}, not {list(wanted.shape)}")
    exact = graph is None or _all_float(graph)
    if is_whole(wanted):
        refuse_others(called, values, wanted, what, OTHERS if exact else OTHERS_OF_INTEGERS)
        return
    apart = np.abs(values.astype(np.float64) - wanted)
    far = f"{called} lie up to {apart.max(initial=0):.2g} from {what}"
    steps = None if graph is None or tensor is None else steps_of(graph, tensor)
    if steps is not None:
        allowed = steps.tolerance(values, wanted)
        if not np.all(apart <= allowed):
            taken = steps.allowed * float((apart / np.maximum(allowed, 1e-12)).max())
            raise WeighinError(
                f"{far}, {taken:.3g} steps of the file's own scale; {steps.allowed:.3g} would be "
                f"rounding"
            )
        return
    if step and exact:
        refuse_coarse(called, values, wanted, what, coarse_share(step, graph), among)
        return
    share = FLOAT if exact else max(HYBRID, COARSE_FURTHEST * coarse_share(step, graph))
    most = rounding(share, among)
    if not np.all(apart <= most):
        raise WeighinError(f"{far}; {most:.2g}, {share:g} of their spread, would be rounding")


def _all_float(graph: Graph) -> bool:
    """Whether nothing is quantized that is multiplied."""
    multiplied = (*graph.kernels, *graph.inner)
    return all(tensor.dtype.startswith("FLOAT") for tensor in multiplied)
