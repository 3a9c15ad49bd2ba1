"""Rules of how far a promise reaches, and of files that are larger than the baseline's."""

from __future__ import annotations

from collections import Counter

from weighin.diagnostics.facts import Facts
from weighin.formats.coverage import coverage, has_other_weights
from weighin.formats.graph import Graph

MOVED = 0.02  # share of answers that half of the calibration inputs change
AVERAGED = 0.9  # share of the inputs' range that a file's input holds if extremes have set it
NARROWED = 0.75  # share of its width that is left of a range which few inputs have widened


def percent(share: float) -> str:
    """A share in words: `35 %`; what is not quite nothing or all does not look so."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{share * 100:.0f} %"


def covered(facts: Facts) -> str | None:
    """How much of the model a step or export changed, where that is not all of it."""
    has_others = has_other_weights(facts.graph)  # such as tables of embeddings
    layers, whose = ("convolutions and dense layers", "their") if has_others else ("layers", "the")
    sentences = []
    for promise in facts.promises:
        kept = coverage(facts.graph, promise)
        if kept.layers in (0, kept.total):  # of none, the claim says what there is to say
            continue
        said = f"{promise.what} in {kept.layers} of {kept.total} {layers}: {percent(kept.weights)}"
        macs = "" if kept.macs is None else f", {percent(kept.macs)} of the multiply-accumulates"
        sentences.append(f"{said} of {whose} weights{macs}")
    return "; ".join(sentences) or None


def larger(facts: Facts) -> str | None:
    """What a file holds more of than the baseline's, if it is larger."""
    if facts.sizes is None or facts.baseline is None or not facts.is_larger:
        return None
    graph, before = facts.graph, facts.baseline
    more = [
        _more(_constants(graph) - _constants(before), "byte of constants", "bytes of constants"),
        _more(_indices(graph) - _indices(before), "index", "indices of sparse kernels"),
        _more(_scales(graph) - _scales(before), "scale", "scales"),
        _operators(graph, before),
        _more(len(set(graph.remarks) - set(before.remarks)), "remark", "remarks"),
    ]
    difference = facts.sizes[0] - facts.sizes[1]
    said = ", ".join(filter(None, more)) or "names and descriptions, no more weights or operators"
    told = f"the file is larger than the baseline's, by {difference:,} bytes: {said}"
    return f"{told}{_though_smaller(facts.sizes, graph, before)}"


def _though_smaller(sizes: tuple[int, int], graph: Graph, before: Graph) -> str:
    """What takes more room where constants take less, as where small operators all get scales.

    Empty where constants do not take less, or more than there is.
    """
    saved = _constants(before) - _constants(graph)
    names, names_before = _names(graph), _names(before)
    rest = sizes[0] - _constants(graph) - names
    rest_before = sizes[1] - _constants(before) - names_before
    if saved <= 0 or min(rest, rest_before) < 0:
        return ""
    parts = [("names", names - names_before), ("scales and descriptions", rest - rest_before)]
    grown = " and ".join(f"{what} {more:,} more" for what, more in parts if more > 0)
    away = " (compact leaves names out)" if names - names_before > sizes[0] - sizes[1] else ""
    return f"; constants take {saved:,} bytes less, but {grown}{away}"


def calibrated(facts: Facts) -> str | None:
    """Few calibration inputs that make the steps of all others coarser, or too few for all."""
    if not facts.calibration:
        return None
    if not {"INT8", "INT16"} & {tensor.dtype for tensor in facts.graph.inner}:
        return None
    return "; ".join(filter(None, (_narrowed(facts), _moved(facts)))) or None


def _narrowed(facts: Facts) -> str | None:
    known = facts.calibration
    if "range" not in known:
        return None
    (low, high), (inner_low, inner_high) = known["range"], known["inner"]
    if inner_high - inner_low > NARROWED * (high - low) or _is_averaged(facts, high - low):
        return None
    few = known["setting"]
    verb, them = ("sets", "it") if few == 1 else ("set", "them")
    which = f"the range of input {known['input']!r}" if "input" in known else "the input's range"
    return (
        f"{few} of {known['inputs']} calibration inputs {verb} {which}, {low:.3g} to "
        f"{high:.3g}; without {them} it is {inner_low:.3g} to {inner_high:.3g}, in finer steps"
    )


def _is_averaged(facts: Facts, width: float) -> bool:
    """Whether the file's input holds far less than the inputs' range: no extremes have set it."""
    named = facts.calibration.get("input")
    inputs = facts.graph.inputs_by_name().items()
    numbers = [number for name, number in inputs if named in (None, name)]
    reaches = [facts.graph.tensors[number].reach for number in numbers]
    return any(reach is not None and reach[1] - reach[0] < AVERAGED * width for reach in reaches)


def _moved(facts: Facts) -> str | None:
    known = facts.calibration
    if known.get("moved", 0) < MOVED * known.get("compared", 1):
        return None
    return (
        f"calibrated on half of its {known['inputs']} inputs, the file answers "
        f"{known['moved']:.3g} of {known['compared']} test inputs otherwise: which inputs "
        f"calibrate it matters"
    )


def _more(count: int, one: str, several: str) -> str | None:
    if count <= 0:
        return None
    return f"{count:,} more {one if count == 1 else several}"


def _operators(graph: Graph, before: Graph) -> str | None:
    kinds = Counter(operator.name for operator in graph.operators)
    kinds -= Counter(operator.name for operator in before.operators)
    if not kinds:
        return None
    named = ", ".join(f"{count} {name}" for name, count in kinds.most_common())
    return f"{_more(kinds.total(), 'operator', 'operators')} ({named})"


def _constants(graph: Graph) -> int:
    """Bytes of constants; what tensors share, the file holds once."""
    buffers = {
        tensor.index if tensor.buffer is None else (tensor.buffer,): len(tensor.data)
        for tensor in graph.tensors
    }
    return sum(buffers.values())


def _names(graph: Graph) -> int:
    return sum(len(tensor.name.encode()) for tensor in graph.tensors)


def _scales(graph: Graph) -> int:
    return sum(tensor.scales for tensor in graph.tensors)


def _indices(graph: Graph) -> int:
    levels = [
        level
        for tensor in graph.tensors
        if tensor.sparsity is not None
        for level in tensor.sparsity.levels
    ]
    return sum(len(numbers) for level in levels if isinstance(level, tuple) for numbers in level)
