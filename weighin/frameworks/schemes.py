"""How each kind of layer is quantized in training: the toolkit's schemes, and what they leave out.

A layer without kernels that a scheme does not know is no reason to stop: its output is rounded, as
integer arithmetic will round it. What does nothing to an answer, such as augmentation, is left
alone; so are operators of `tf.`, which cannot be wrapped, and get their ranges at the export.
"""

from __future__ import annotations

import importlib
from typing import Any

from weighin.core import WeighinError
from weighin.frameworks.fitting import is_kernel

_KERAS = "tensorflow_model_optimization.python.core.quantization.keras"
_OPERATORS = {
    *("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"),
    *("ClassMethod", "InstanceMethod", "InstanceProperty"),
}


def scheme_for(*, clustered: bool, sparse: bool) -> Any:
    """The toolkit's scheme that keeps shared values or zeros, for any layer without kernels."""
    if clustered:
        path = "collab_opts.cluster_preserve.default_8bit_cluster_preserve_quantize_scheme"
        toolkits = _module(path).Default8BitClusterPreserveQuantizeScheme(sparse)
    elif sparse:
        path = "collab_opts.prune_preserve.default_8bit_prune_preserve_quantize_scheme"
        toolkits = _module(path).Default8BitPrunePreserveQuantizeScheme()
    else:
        path = "default_8bit.default_8bit_quantize_scheme"
        toolkits = _module(path).Default8BitQuantizeScheme()
    return _Scheme(toolkits)


def is_operator(layer: Any) -> bool:
    """Whether a layer stands for an operator of `tf.`, as in `x + 3.0`: it cannot be wrapped."""
    return type(layer).__name__ in _OPERATORS


def has_kernel(layer: Any) -> bool:
    """Whether a layer trains weights other than biases and scales."""
    return any(map(is_kernel, layer.trainable_weights))


class _Scheme:
    """A scheme of the toolkit whose registry knows more layers; read by its `quantize_apply`."""

    def __init__(self, toolkits: Any) -> None:
        self.get_layout_transformer = toolkits.get_layout_transformer
        self._registry = _Registry(toolkits.get_quantize_registry())

    def get_quantize_registry(self) -> _Registry:
        return self._registry


class _Registry:
    """From a layer to how it is quantized, in the toolkit's words."""

    def __init__(self, toolkits: Any) -> None:
        self._toolkits = toolkits
        default = _module("default_8bit.default_8bit_quantize_registry")
        self._known = default.Default8BitQuantizeRegistry()
        self._configs = _module("default_8bit.default_8bit_quantize_configs")

    def supports(self, layer: Any) -> bool:
        return self._known.supports(layer) or not (is_operator(layer) or has_kernel(layer))

    def get_quantize_config(self, layer: Any) -> Any:
        if any(base.__name__ == "BaseRandomLayer" for base in type(layer).__mro__):
            return self._configs.NoOpQuantizeConfig()  # it acts in training alone
        if not self._known.supports(layer):
            return self._configs.Default8BitOutputQuantizeConfig()
        config = self._toolkits.get_quantize_config(layer)
        try:
            config.get_output_quantizers(layer)
        except ValueError:  # an activation that the toolkit has no quantizer for
            return self._configs.Default8BitOutputQuantizeConfig()
        return config


def refuse_kernels(model: Any) -> None:
    """Refuse a layer whose kernel the toolkit cannot round in training.

    Raises:
        WeighinError: naming the layer and its class.
    """
    known = _module("default_8bit.default_8bit_quantize_registry").Default8BitQuantizeRegistry()
    for layer in model.layers:
        kind = type(layer).__name__
        if not has_kernel(layer) or kind == "SeparableConv2D" or known.supports(layer):
            continue  # the toolkit makes two layers of a separable convolution
        reason = "has a kernel, and the optimization toolkit does not know how to round it in"
        if kind == "SeparableConv1D":
            reason = "is one that the optimization toolkit makes Lambda layers of, in"
        raise WeighinError(
            f"Layer {layer.name!r} ({kind}) {reason} training, so this model cannot be trained "
            f"quantization-aware. Write int8 alone, which quantizes after training."
            f"{instead_of(layer)}"
        )


def instead_of(layer: Any) -> str:
    """Another way to write a layer that the toolkit does not take; empty if there is none."""
    inside = getattr(layer, "layer", None)
    if type(layer).__name__ == "TimeDistributed" and type(inside).__name__ == "Dense":
        return " Or write Dense without TimeDistributed: it does the same at every step."
    return ""


def _module(path: str) -> Any:
    return importlib.import_module(f"{_KERAS}.{path}")
