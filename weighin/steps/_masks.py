"""Masks over a model's kernels: which weights stay at a given sparsity.

The masks are those of the optimization toolkit (its `pruning_impl`), found without sorting whole
layers, and with what it lacks: random and global pruning, and blocks in convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.frameworks import fitting, toolkit
from weighin.steps import _by_layer

Criterion = Literal["magnitude", "random"]
Scope = Literal["layer", "global", "recipe"]
Pair = tuple[int, int]
Array = npt.NDArray[np.float32]


# Kinds of layers whose kernels are no matrices of inputs × outputs, and what they are instead
_OTHERWISE = {
    **dict.fromkeys(
        ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
        "keeps its outputs before its inputs",
    ),
    **dict.fromkeys(
        ("EinsumDense", "MultiHeadAttention"), "has kernels of several axes for its outputs"
    ),
    "Embedding": "is a table that is looked up",
}


class Masks:
    """A mask for each prunable kernel of a model.

    Attributes:
        pairs: each kernel and its mask, both TensorFlow variables of one shape.
    """

    def __init__(
        self,
        model: Any,
        *,
        criterion: Criterion = "magnitude",
        scope: Scope = "layer",
        density: Mapping[str, float] | None = None,
        block: Pair = (1, 1),
        pattern: Pair | None = None,
        relative: _by_layer.Exceptions = (),
        seed: int = 0,
    ) -> None:
        """Begin with masks that keep everything.

        Args:
            model: a Keras model.
            criterion: what is pruned first: small weights, or any (the control that any criterion
                has to beat).
            scope: `layer` prunes each layer alike; `global` ranks the weights of all layers
                together; `recipe` shares the sparsity out by `density`.
            density: by layer name, how many times as dense as the others it stays.
            block: height and width, in the kernel seen as a matrix of inputs × outputs, of what
                is pruned together.
            pattern: (zeros, of) along the input channels.
            relative: with `layer`, how many times as sparse as the others layers are, by patterns
                of their names.
            seed: of random scores.

        Raises:
            WeighinError: if a layer's kernel is unknown to the toolkit, or has no input channels
                where a pattern or block needs them; if `density` or `relative` names a layer that
                is not there.
        """
        prunable = toolkit.prunable_kernels(model)
        self._names = [layer.name for layer, _ in prunable]
        unknown = sorted(set(density or ()) - set(self._names))
        if scope == "recipe" and (unknown or not density):
            problem = (
                f"names {', '.join(unknown)}, which are not" if unknown else "does not name any"
            )
            raise WeighinError(
                f"scope=recipe: the recipe's density {problem} among the model's prunable layers: "
                f"{', '.join(self._names)}."
            )
        _by_layer.check_names(relative, self._names)
        shaped = {
            layer.name: type(getattr(layer, "layer", layer)).__name__ for layer, _ in prunable
        }
        for name, kind in shaped.items():
            if kind in _OTHERWISE and (pattern or block != (1, 1)):
                raise WeighinError(
                    f"Layer {name!r} ({kind}) {_OTHERWISE[kind]}: patterns and blocks are not "
                    f"defined for it. Leave out pattern= or block= for this model."
                )
        self.pairs = [
            (kernel, fitting.variable(np.ones(kernel.shape, np.float32))) for _, kernel in prunable
        ]
        generator = np.random.default_rng(seed) if criterion == "random" else None
        self._fixed = generator and [
            generator.random(kernel.shape, dtype=np.float32) for kernel, _ in self.pairs
        ]
        self._scope, self._density, self._relative = scope, density or {}, relative
        self._block, self._pattern = block, pattern

    def update(self, sparsity: float) -> None:
        """Choose anew what stays, by the kernels as they are now.

        Args:
            sparsity: share of zeros, in each kernel or in all together as the scope says.
        """
        scores = self._fixed or [np.abs(kernel.numpy()) for kernel, _ in self.pairs]
        for (_, mask), kernel_scores, share in zip(
            self.pairs, scores, self._shares(scores, sparsity), strict=True
        ):
            if self._pattern:
                kept = patterned(kernel_scores, *self._pattern)
            else:
                kept = largest(
                    kernel_scores.reshape(-1, kernel_scores.shape[-1]), share, self._block
                )
            mask.assign(kept.reshape(kernel_scores.shape))

    def apply(self) -> None:
        """Zero what the masks do not keep."""
        for kernel, mask in self.pairs:
            kernel.assign(kernel * mask)

    def _shares(self, scores: list[Array], sparsity: float) -> list[float]:
        """The sparsity of each kernel, so that all together have the sparsity wanted."""
        if self._scope == "layer":
            return [
                sparsity * _by_layer.sparsity_of([name], self._relative, 1.0)
                for name in self._names
            ]
        if self._scope == "global":
            ranked = np.concatenate([kernel_scores.ravel() for kernel_scores in scores])
            dropped = round(sparsity * ranked.size)
            if dropped == 0:
                return [0.0] * len(scores)
            threshold = np.partition(ranked, dropped - 1)[dropped - 1]
            return [
                min(float((kernel_scores <= threshold).mean()), 1 - 1 / kernel_scores.size)
                for kernel_scores in scores
            ]
        sizes = [kernel_scores.size for kernel_scores in scores]
        ratios = [self._density.get(name, 1.0) for name in self._names]
        return [1 - density for density in shared_out(1 - sparsity, sizes, ratios)]


def largest(scores: Array, sparsity: float, block: Pair = (1, 1)) -> Array:
    """A mask of 1 where a weight stays, 0 where it is pruned; at least one block stays.

    Args:
        scores: `(inputs, outputs)`; lower ones are pruned first.
        sparsity: share of zeros.
        block: height and width of what is pruned together, by its mean score.
    """
    (height, width), (rows, columns) = block, scores.shape
    tall, wide = -(-rows // height), -(-columns // width)
    pooled = scores.ravel()
    if block != (1, 1):
        padded = np.full((tall * height, wide * width), np.nan, np.float32)
        padded[:rows, :columns] = scores
        pooled = np.nanmean(padded.reshape(tall, height, wide, width), axis=(1, 3)).ravel()
    left = max(1, round(pooled.size * (1 - sparsity)))
    least = np.partition(pooled, pooled.size - left)[pooled.size - left]  # of those that stay
    stays = pooled >= least
    if np.count_nonzero(stays) != left:  # several are as large as the least: the first of them stay
        stays = pooled > least
        alike = np.flatnonzero(~(pooled < least) & ~stays)
        stays[alike[: left - np.count_nonzero(stays)]] = True
    kept: Array = stays.astype(np.float32).reshape(tall, wide)
    if block != (1, 1):
        kept = kept.repeat(height, 0).repeat(width, 1)[:rows, :columns]
    return kept


def patterned(scores: Array, zeros: int, of: int) -> Array:
    """A mask that prunes `zeros` in each run of `of` weights along the input channels.

    Args:
        scores: `(…, inputs, outputs)`; what is left over at the end of a run is kept longest.
        zeros: how many are pruned.
        of: how many follow one another.
    """
    rows = np.moveaxis(scores, -2, -1)
    inputs = rows.shape[-1]
    missing = -inputs % of
    padded = np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, missing)])  # with scores of 0
    runs = padded.reshape(-1, of)
    kept = np.ones(runs.shape, np.float32)
    np.put_along_axis(kept, np.argpartition(runs, zeros - 1, axis=1)[:, :zeros], 0, axis=1)
    return np.moveaxis(kept.reshape(padded.shape)[..., :inputs], -1, -2)


def shared_out(density: float, sizes: list[int], ratios: list[float]) -> list[float]:
    """Densities in given ratios, none above 1, that make up a mean density over all weights.

    Args:
        density: of all weights together, above 0 and at most 1.
        sizes: how many weights each part has.
        ratios: how dense each part is beside the others.
    """
    size, ratio = np.array(sizes, float), np.array(ratios, float)
    full = np.zeros(len(size), bool)
    while not full.all():
        factor = (density * size.sum() - size[full].sum()) / (size * ratio)[~full].sum()
        over = ~full & (factor * ratio > 1)
        if not over.any():
            return [float(share) for share in np.where(full, 1.0, factor * ratio)]
        full |= over
    return [1.0] * len(sizes)
