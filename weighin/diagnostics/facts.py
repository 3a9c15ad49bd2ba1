"""What is known of one row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weighin.core import Record, Variant
from weighin.formats.coverage import Promise
from weighin.formats.graph import Graph, Operator, Tensor
from weighin.grammar import innermost


@dataclass(frozen=True)
class Facts:
    """What is known of one row.

    Attributes:
        graph: what the file holds.
        records: the row's figures by metric.
        architecture: of the machine, as `x86_64`.
        cpu_features: of the machine; empty where they could not be read.
        runtime: what ran the row; empty if unknown.
        delegated: how many operators XNNPACK runs, and how many there are; None if unknown.
        fixed_share: share of one call that a model of one operator takes too, a lower bound of
            what no compression can save; None if unknown.
        baseline: what the baseline's file holds; None if unknown.
        left_out: the operators that XNNPACK does not run, by their place; None if unknown.
        promises: what the variant's steps and export promise of single layers.
        sizes: bytes of the file and of the baseline's; None if unknown.
        calibration: what is known of the inputs by which activations were quantized
            (`weighin.build.calibration`); empty if nothing.
        layers: which few layers lose most, where `weighin layers` has looked at the file; else
            empty.
    """

    variant: Variant
    graph: Graph
    records: Mapping[str, Record] = field(default_factory=dict)
    architecture: str = ""
    cpu_features: Collection[str] = ()
    delegated: tuple[int, int] | None = None
    fixed_share: float | None = None
    baseline: Graph | None = None
    runtime: str = ""
    left_out: Sequence[int] | None = None
    promises: Sequence[Promise] = ()
    sizes: tuple[int, int] | None = None
    calibration: Mapping[str, Any] = field(default_factory=dict)
    layers: str = ""

    @property
    def export(self) -> str:
        """How the file's weights and activations are stored: also of `compact(int8)`, `int8`."""
        return innermost(self.variant.export)

    @property
    def may_delegate(self) -> bool:
        """Whether the runtime gives operators to XNNPACK, if it is known."""
        return self.runtime != "litert-builtin"

    @property
    def steps(self) -> list[str]:
        """Names of the variant's steps."""
        return [step.name for step in self.variant.steps]

    @property
    def zeros(self) -> float:
        """Share of zeros in the weights that operators multiply by."""
        size = sum(kernel.size for kernel in self.graph.kernels)
        return 1 - sum(kernel.nonzero for kernel in self.graph.kernels) / size if size else 0.0

    @property
    def is_faster(self) -> bool:
        """Whether the row was found faster than the baseline."""
        return "speedup" in self.records and self.records["speedup"].verdict == "faster"

    @property
    def has_avx(self) -> bool | None:
        """Whether an x86 processor has AVX; None on other processors or if unknown."""
        known = self.architecture.lower() in ("x86_64", "amd64") and self.cpu_features
        return "avx" in self.cpu_features if known else None

    @property
    def is_larger(self) -> bool:
        """Whether the file is known to be larger than the baseline's."""
        return self.sizes is not None and self.sizes[0] > self.sizes[1]

    @property
    def integer_layers(self) -> list[Operator]:
        """The operators that multiply by int8 weights as integers, not unpacked to floats."""
        unpacked = {
            number
            for operator in self.graph.operators
            if operator.name == "DEQUANTIZE"
            for number in operator.outputs
        }
        return [
            operator
            for operator in self.graph.operators
            if operator.weights
            and operator.weights.dtype == "INT8"
            and not unpacked & {*operator.inputs}
        ]

    @property
    def hybrid_layers(self) -> list[Operator]:
        """Those of them that are given floats, which they quantize while running."""
        tensors = self.graph.tensors
        return [
            operator
            for operator in self.integer_layers
            if any(tensors[number].dtype == "FLOAT32" for number in _given(operator, tensors))
        ]

    @property
    def outside(self) -> list[Operator] | None:
        """The operators that XNNPACK does not run; None if they are unknown."""
        if self.left_out is None or self.delegated is None:
            return None
        taken, total = self.delegated
        if total != len(self.graph.operators) or len(self.left_out) != total - taken:
            return None
        return [self.graph.operators[place] for place in self.left_out]


def _given(operator: Operator, tensors: Sequence[Tensor]) -> list[int]:
    """What flows into an operator with weights: all but constants and what is left out."""
    return [
        number
        for number in operator.inputs
        if 0 <= number < len(tensors) and not len(tensors[number].data)
    ]
