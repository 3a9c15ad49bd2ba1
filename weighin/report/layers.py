"""The layers of a compressed file as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from weighin.layers.row import CONSTANT, Layer, Layers, Near
from weighin.report import units
from weighin.report.layers_data import flat
from weighin.report.layout import FLAT, Section
from weighin.report.terminal import Terminal, written
from weighin.stats import Interval

MOST_OFF = 0.15  # of the measured whole, by which the sum of operators' times may be off unsaid
FEW_LAYERS = 3  # that a sentence names
_Column = Callable[[Layer], str]
_OPTIONAL = (  # columns that a narrow terminal leaves out
    "unique",
    "zeros",
    "unused",
    "output cosine",
    "bytes",
    "stored",
    "weights SQNR",
    "MACs",
    "clipped",
)


def render(layers: Layers, style: str, terminal: Terminal | None = None) -> str:
    """Layers in one of `layout.FORMATS`; as `text` fitted to a terminal, if given."""
    if style == "json":
        return json.dumps(layers.as_json(), indent=1)
    if style in FLAT:
        return FLAT[style]([flat(layer) for layer in layers.layers])
    return written([section(layers)], style, terminal)


def summary(layers: Layers) -> str:
    """Which few layers lose most: `2 of 9 layers lose 83 % of what all lose: conv_3 (6.1 dB) …`.

    Empty where nothing is lost, or it takes more than a third of the layers.
    """
    few, of_all = layers.few, len(shown(layers))
    if not few or 3 * len(few) > len(layers.worst):
        return ""
    named = ", ".join(f"{layer.label} ({_db(layer.own)})" for layer in few[:FEW_LAYERS])
    more = f" and {len(few) - FEW_LAYERS} more" if len(few) > FEW_LAYERS else ""
    verb = "loses" if len(few) == 1 else "lose"
    share = round(layers.lost_by(few) * 100)
    return (
        f"{len(few)} of {of_all} layers {verb} {share} % of the signal that all of them lose: "
        f"{named}{more}"
    )


def section(layers: Layers) -> Section:
    """A row for each operator, without columns that say nothing, and sentences below."""
    columns = {name: show for name, show in _columns(layers).items() if _is_filled(layers, show)}
    rows = [[show(layer) for show in columns.values()] for layer in shown(layers)]
    title = f"{layers.file} against {layers.against}"
    return Section(title, list(columns), rows, _lines(layers), optional=_OPTIONAL)


def shown(layers: Layers) -> list[Layer]:
    """The layers that have a row: constants that are unpacked belong to those that use them."""
    return [layer for layer in layers.layers if layer.matched != CONSTANT]


def _columns(layers: Layers) -> dict[str, _Column]:
    notes = _reasons(layers)
    return {
        "#": lambda layer: str(layer.place),
        "layer": lambda layer: layer.label,
        "operator": lambda layer: layer.kind,
        "stored": lambda layer: layer.stored,
        "weights SQNR": lambda layer: _db(layer.weights),
        "own SQNR": lambda layer: _db(layer.own) + _mark(notes, layer.unmatched or layer.no_own),
        "output SQNR": lambda layer: _db(layer.output),
        "output cosine": lambda layer: _cosine(layer.output),
        "clipped": lambda layer: "" if layer.clipping is None else _share(layer.clipping.clipped),
        "unused": lambda layer: "" if layer.clipping is None else _share(layer.clipping.unused),
        "zeros": lambda layer: "" if layer.zeros is None else _share(layer.zeros),
        "unique": lambda layer: "" if layer.unique is None else f"{layer.unique:,}",
        "bytes": lambda layer: f"{layer.bytes:,}" if layer.bytes else "",
        "MACs": lambda layer: f"{layer.macs:,}" if layer.macs else "",
        "delegated": lambda layer: _delegated(layer) + _mark(notes, layer.left_out),
        "time": lambda layer: _time(layer) + _mark(notes, layer.not_timed),
        "left float": lambda layer: _change(layers, layer, "left_float", notes),
        "quantized": lambda layer: _change(layers, layer, "quantized", notes),
    }


def _reasons(layers: Layers) -> list[str]:
    """Reasons that cells refer to by their numbers, each once, in the order of the layers."""
    reasons: dict[str, None] = {}
    for layer in shown(layers):
        of_it = (layer.unmatched or layer.no_own, layer.left_out, layer.not_timed)
        of_change = (layer.sensitivity.not_left_float, layer.sensitivity.not_quantized)
        reasons |= dict.fromkeys(filter(None, (*of_it, *of_change)))
    return list(reasons)


def _mark(notes: list[str], reason: str) -> str:
    return f" [{notes.index(reason) + 1}]" if reason else ""


def _is_filled(layers: Layers, show: _Column) -> bool:
    return any(show(layer).strip() for layer in shown(layers))


def _lines(layers: Layers) -> list[str]:
    lines = [f"[{number}] {reason}" for number, reason in enumerate(_reasons(layers), start=1)]
    if unpacking := len(layers.layers) - len(shown(layers)):
        lines.append(f"{unpacking} operators that only unpack constants have no row.")
    if few := summary(layers):
        lines.append(f"{few}.")
    if (first := layers.first_rise) is not None:
        lines.append(f"The error first rises at {first.label} ({_db(first.own)}).")
    lines += [
        f"Without a twin in {layers.file}: {name} ({why})." for name, why in layers.without_twin
    ]
    lines.append(
        f"Errors on {layers.examples:,} examples. own SQNR: against what the float twin makes of "
        f"the same inputs; output SQNR: against the float model, all before it included."
    )
    if layers.figure:
        lines.append(
            f"left float, quantized: change of {layers.figure} on {layers.tested:,} examples when "
            f"this layer alone is left float in {layers.file}, or is quantized in "
            f"{layers.against}{'' if layers.unit else ', in points'}; paired, 95 % intervals. What "
            f"it makes is stored by the scale that {layers.file} has for it in either case."
        )
    if layers.method:
        lines.append(_timed(layers))
    if layers.machine:
        lines.append(f"Measured on {layers.machine}.")
    return [*lines, *(f"{remark[:1].upper()}{remark[1:]}." for remark in layers.remarks)]


def _timed(layers: Layers) -> str:
    whole, total = layers.whole_seconds, layers.timed_seconds
    if whole is None or total is None:
        return f"Time: {layers.method}."
    off = total / whole.value - 1
    apart = (
        f"; that is {abs(off) * 100:.0f} % {'more' if off > 0 else 'less'}, so shares are rough"
        if abs(off) > MOST_OFF
        else ""
    )
    return (
        f"Time: {layers.method}. All operators together take {units.seconds(total)}, an inference "
        f"{units.seconds(whole.value, whole.low, whole.high)}{apart}."
    )


def _db(near: Near | None) -> str:
    if near is None:
        return ""
    if near.sqnr is not None:
        text = f"{near.sqnr:.1f} dB"
        return text.replace("-0.0 dB", "0.0 dB")
    return "exact" if near.noise == 0 else "–"


def _cosine(near: Near | None) -> str:
    return "" if near is None or near.cosine is None else f"{near.cosine:.4f}"


def _share(share: float) -> str:
    text = f"{share * 100:.1f} %"
    return "under 0.1 %" if share and text == "0.0 %" else text


def _delegated(layer: Layer) -> str:
    return {True: "yes", False: "no", None: ""}[layer.delegated]


def _time(layer: Layer) -> str:
    if layer.share is None:
        return ""
    text = f"{layer.share.value * 100:.1f} %"
    ends = [f"{end * 100:.1f}" for end in (layer.share.low, layer.share.high)]
    with_others = f" with {_places(layer)}" if len(layer.block) > 1 else ""
    return f"{text} [{ends[0]}, {ends[1]}]{with_others}"


def _places(layer: Layer) -> str:
    return ", ".join(str(place) for place in layer.block if place != layer.place)


def _change(layers: Layers, layer: Layer, name: str, notes: list[str]) -> str:
    interval: Interval | None = getattr(layer.sensitivity, name)
    reason: str = getattr(layer.sensitivity, f"not_{name}")
    if interval is None:
        words = "not measured" if layer.sensitivity.not_tested else ""
        return f"{words}{_mark(notes, reason)}".strip()
    if not layers.unit:
        return units.points(interval.value, interval.low, interval.high)
    ends = f"[{interval.low:+.3g}, {interval.high:+.3g}]"
    return f"{interval.value:+.3g} {layers.unit} {ends}"
