"""Why a variant is not smaller, not faster or not as good: rules over facts, each with its source.

A rule is given what is known of one row and says one sentence, or nothing where it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from weighin.core import CONTROL
from weighin.diagnostics import delegation, extent, ranges
from weighin.diagnostics.facts import Facts
from weighin.formats.graph import Graph

INT8_EXTENSIONS = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
MOSTLY = 0.3  # share of zeros from which a runtime that skipped them would show it
SPARSE_ENOUGH = 2 / 3  # share of zeros that XNNPACK's sparse kernels ask for
FIXED_COST = 0.2  # share of the latency from which the fixed cost is worth a word
INCOMPRESSIBLE = 0.85  # share of the file that is left after gzip of dense weights


@dataclass(frozen=True)
class Rule:
    """One explanation.

    Attributes:
        source: where the explanation comes from.
        say: a row's facts → a sentence, or None.
        everywhere: whether it holds for files of every format, not only of the usual one.
        litert: whether it is about LiteRT's kernels, XNNPACK's among them, and no other engine's.
    """

    name: str
    source: str
    say: Callable[[Facts], str | None]
    everywhere: bool = False
    litert: bool = False


def explain(facts: Facts, *, is_usual: bool = True, of_litert: bool = True) -> list[str]:
    """What the rules have to say of a row, in their order.

    Args:
        facts: what is known of it.
        is_usual: whether it is of the usual format, whose kernels most rules are about; else only
            rules that hold everywhere speak.
        of_litert: whether LiteRT's kernels ran it; else no rule about these speaks.
    """
    rules = [
        rule for rule in RULES if (is_usual or rule.everywhere) and (of_litert or not rule.litert)
    ]
    return [said for rule in rules if (said := rule.say(facts))]


def _layers(facts: Facts) -> str | None:
    return facts.layers or None


def _dense_zeros(facts: Facts) -> str | None:
    if facts.zeros < MOSTLY or any(kernel.sparse for kernel in facts.graph.kernels):
        return None
    return (
        f"{facts.zeros * 100:.0f} % of the weights are zeros stored dense, so no kernel skips them"
    )


def _sparse_path(facts: Facts) -> str | None:
    if facts.zeros < MOSTLY or not facts.may_delegate or facts.is_faster:
        return None
    if not any(kernel.sparse for kernel in facts.graph.kernels):
        return None  # zeros stored dense are skipped nowhere, which is said already
    missing = _missing_for_sparse_path(facts.graph)
    if missing:
        return f"XNNPACK's sparse path needs {missing[0]}; this graph has {missing[1]}"
    if facts.has_avx:
        return "XNNPACK's sparse path is off on x86 with AVX, as its sparse kernels are SSE only"
    return None


def _missing_for_sparse_path(graph: Graph) -> tuple[str, str] | None:
    """What XNNPACK asks of a graph before it looks for sparse weights, and what this one has."""
    first = next((operator for operator in graph.operators if operator.weights), None)
    wanted = "a 3×3 stride-2 convolution of 3 channels first"
    if first is None or first.weights is None:
        return wanted, "no weights"
    if first.name != "CONV_2D":
        return wanted, f"{first.name} first"
    height, width, channels = (*first.weights.shape[1:], 0, 0, 0)[:3]
    if (height, width, channels, first.stride) != (3, 3, 3, 2):
        return wanted, f"{height}×{width} of {channels}, stride {first.stride}"
    pointwise = [
        operator.weights
        for operator in graph.operators
        if operator.name == "CONV_2D" and operator.weights and operator.weights.shape[1:3] == (1, 1)
    ]
    if not pointwise:
        return "1×1 convolutions", "none"
    zeros = 1 - sum(k.nonzero for k in pointwise) / sum(k.size for k in pointwise)
    if zeros < SPARSE_ENOUGH:
        return f"{SPARSE_ENOUGH * 100:.0f} % zeros in 1×1 convolutions", f"{zeros * 100:.0f} %"
    if not all(kernel.sparse for kernel in pointwise):
        return "1×1 convolutions in sparse encoding", "dense ones"
    return None


def _unpacked(facts: Facts) -> str | None:
    kernels = [kernel for kernel in facts.graph.kernels if kernel.sparse]
    unpacked = [operator for operator in facts.graph.operators if operator.name == "DENSIFY"]
    if not kernels or not unpacked or facts.is_faster:
        return None
    file = "" if facts.is_larger else "a smaller file, "
    return (
        f"{len(unpacked)} of {len(facts.graph.kernels)} kernels are unpacked from sparse storage "
        f"when the file is opened: {file}the same work"
    )


def _no_int8_extension(facts: Facts) -> str | None:
    known = facts.architecture and facts.cpu_features
    if facts.is_faster or not known or not facts.integer_layers:
        return None
    if any(name in facts.cpu_features for name in INT8_EXTENSIONS):
        return None
    return "this CPU has no VNNI or dot-product instructions, so int8 multiplies no faster"


def _dynamic(facts: Facts) -> str | None:
    if facts.is_faster or not facts.hybrid_layers:
        return None
    return "dynamic range quantizes activations anew in every call"


def _int4(facts: Facts) -> str | None:
    if facts.is_faster or not any(kernel.dtype == "INT4" for kernel in facts.graph.kernels):
        return None
    file = "" if facts.is_larger else "a smaller file, "
    return f"4-bit weights are unpacked while running: {file}no less work than 8 bits"


def _fixed_cost(facts: Facts) -> str | None:
    if facts.fixed_share is None or facts.fixed_share < FIXED_COST:
        return None
    return (
        f"the model is small: {facts.fixed_share * 100:.0f} % of the latency is the fixed cost of "
        f"a call, which compression cannot lower"
    )


def _noise(facts: Facts) -> str | None:
    file, packed = facts.records.get("file_bytes"), facts.records.get("gzip_bytes")
    if not file or not packed or not file.value or not packed.value or facts.zeros >= 0.1:
        return None
    left = packed.value / file.value
    if left < INCOMPRESSIBLE:
        return None
    return f"dense weights look like noise: gzip takes off {(1 - left) * 100:.0f} % only"


def _same_arithmetic(facts: Facts) -> str | None:
    if facts.steps != [CONTROL] or facts.export != "float32" or facts.is_faster:
        return None
    return "the dense control: the same arithmetic as the baseline"


def _fewer_channels(facts: Facts) -> str | None:
    if "channels" not in facts.steps or facts.baseline is None or not facts.baseline.macs:
        return None
    if facts.graph.uncounted or facts.baseline.uncounted:
        return "whole channels are gone"  # a share of lower bounds would say nothing
    share = facts.graph.macs / facts.baseline.macs
    return (
        f"whole channels are gone: {share * 100:.0f} % of the baseline's multiply-accumulates "
        f"are left"
    )


_XNNPACK = "tensorflow/lite/delegates/xnnpack/README.md"
RULES = (
    Rule(
        "dense control",
        "Blalock et al. 2020, section 6: the same further training, nothing pruned",
        _same_arithmetic,
        everywhere=True,
    ),
    Rule(
        "fewer channels",
        "Li et al. 2017, section 3.1: a filter less, in this layer and the next one's kernels",
        _fewer_channels,
        everywhere=True,
    ),
    Rule("coverage", "the file itself: its layers, weights and operators", extent.covered),
    Rule("larger file", "the file itself, beside the baseline's", extent.larger),
    Rule(
        "calibration",
        "Jacob et al. 2018, section 3.1: ranges by the extremes of what is seen",
        extent.calibrated,
    ),
    Rule(
        "shared scale",
        "TensorFlow Lite, '8-bit quantization specification': the inputs and outputs of "
        "CONCATENATION must all have the same scale and zero point, and so must those of PACK",
        ranges.shared_scale,
    ),
    Rule(
        "coarse scores",
        "Jacob et al. 2018, section 2.1: r = S (q - Z), so that numbers closer than S are the same",
        ranges.coarse_scores,
    ),
    Rule(
        "layers",
        "weighin layers: each operator beside its float twin, on the same inputs",
        _layers,
    ),
    Rule("zeros stored dense", f"{_XNNPACK}, 'Sparse Inference'", _dense_zeros, everywhere=True),
    Rule(
        "XNNPACK's sparse path",
        f"{_XNNPACK}, 'Sparse Inference'; XNNPACK src/subgraph.c (xnn_subgraph_rewrite_for_nchw)",
        _sparse_path,
        litert=True,
    ),
    Rule(
        "sparse storage",
        "tensorflow/compiler/mlir/lite/transforms/dense_to_sparse_pass.cc (kMinSparsityLevel, "
        "needs_densify); tensorflow/lite/kernels/densify.cc: unpacked once",
        _unpacked,
        litert=True,
    ),
    Rule(
        "open batch",
        "the same model converted with a batch of one and with an open batch, side by side",
        delegation.open_batch,
        litert=True,
    ),
    Rule(
        "no delegate",
        "LiteRT's OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES",
        delegation.no_delegate,
        litert=True,
    ),
    Rule(
        "16-bit activations",
        f"{_XNNPACK}, 'Operator support': no INT16 inputs",
        delegation.wide_activations,
        litert=True,
    ),
    Rule(
        "delegation",
        "TensorFlow Lite, 'Delegates': operators not claimed stay",
        delegation.left_out,
        litert=True,
    ),
    Rule(
        "int8 instructions",
        "XNNPACK src/configs/gemm-config.c: which kernels a processor gets",
        _no_int8_extension,
        litert=True,
    ),
    Rule(
        "dynamic range",
        "TensorFlow Lite, 'Post-training dynamic range quantization'",
        _dynamic,
        litert=True,
    ),
    Rule(
        "float16",
        "TensorFlow Lite, 'Post-training float16 quantization'",
        delegation.half_precision,
        litert=True,
    ),
    Rule(
        "int4",
        "tensorflow/lite/kernels/conv.cc: UnpackDenseInt4IntoInt8 in every call; XNNPACK's qc4w "
        "kernels: four bits to eight in registers",
        _int4,
        litert=True,
    ),
    Rule("fixed cost", "a call of a model of one operator, by the same runtime here", _fixed_cost),
    Rule("noise", "Deutsch 1996, RFC 1951: DEFLATE finds repetition and skew alone", _noise),
)
