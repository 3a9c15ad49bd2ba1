"""Pruning of weights, single or in patterns and blocks, by the optimization toolkit's schedules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np

from weighin.core import Searched, WeighinError
from weighin.formats.coverage import Promise, has_other_weights
from weighin.formats.graph import Graph, Operator
from weighin.formats.trained import Trained, is_trained, trained_kernels
from weighin.frameworks import process, toolkit
from weighin.frameworks.training import Trainer
from weighin.grammar import above, between, pair
from weighin.registry import step
from weighin.steps import _by_layer
from weighin.steps._masks import Criterion, Masks, Scope

UPDATES = 20  # of the mask, when no frequency is asked for
NO_PATTERN, NO_BLOCK = "none", "1x1"
_NO_KERNELS = "the toolkit leaves depthwise kernels alone, and no other layer multiplies by weights"


def _check(
    sparsity: float,
    schedule: str,
    begin: float,
    frequency: int,
    pattern: str,
    block: str,
    scope: str,
    ramp: float,
    except_: str,
    **_: object,
) -> None:
    if _by_layer.parsed(except_) and (scope != "layer" or pattern != NO_PATTERN or begin):
        raise ValueError("except goes with scope=layer, and without pattern and begin")
    if sparsity == 0:
        raise ValueError("sparsity=0 prunes nothing: write 'finetune' for the dense control")
    if schedule == "constant" and begin:
        raise ValueError("begin is for schedule=polynomial: a constant schedule has no ramp")
    if begin > sparsity:
        raise ValueError(f"begin={begin} is above the final sparsity {sparsity}")
    if ramp == 0:
        raise ValueError("ramp=0: write schedule=constant for the final sparsity from the start")
    if scope == "global" and block != NO_BLOCK:
        raise ValueError("block goes with scope=layer or recipe: global ranks single weights")
    if pattern == NO_PATTERN:
        return
    zeros, of = numbers(pattern)
    if not zeros / of == sparsity:
        raise ValueError(f"pattern={pattern} zeroes {zeros / of:g} of the weights, not {sparsity}")
    if block != NO_BLOCK or scope != "layer" or schedule != "polynomial" or begin or frequency:
        raise ValueError(
            "pattern goes with criterion alone: it is set once, and the same in every layer"
        )


def numbers(text: str) -> tuple[int, int]:
    """The two numbers of `2:4` or `1x4`."""
    first, second = map(int, text.replace("x", ":").split(":"))
    return first, second


def _claim(
    graph: Graph,
    later: Sequence[str],
    sparsity: float,
    scope: str,
    pattern: str,
    block: str,
    except_: str,
    mixed: bool = False,
    **_: object,
) -> str | None:
    if "channels" in later:
        return None  # it takes away weights, pruned ones first: no share is left to hold it to
    kernels = trained_kernels(graph)
    if not kernels:
        return None if has_other_weights(graph) else f"nothing was pruned: {_NO_KERNELS}"
    if exceptions := _by_layer.parsed(except_):
        breach = _breaks_exceptions(
            kernels, sparsity, exceptions, block, exact=not later, mixed=mixed
        )
    else:
        shape = (scope, pattern, block)
        breach = _breaks_shares(kernels, sparsity, *shape, exact=not later, mixed=mixed)
    if breach or any(kernel.nonzero < kernel.size for kernel in kernels):
        return breach
    return (
        f"nothing was pruned: its kernels are too small for a share of {sparsity:g}, the largest "
        f"has {max(kernel.size for kernel in kernels):,} weights"
    )


def _is_pruned(operator: Operator) -> bool:
    kernels = (*operator.kernels, *filter(None, [operator.table]))
    return is_trained(operator) and any(kernel.nonzero < kernel.size for kernel in kernels)


def _breaks_shares(
    kernels: Sequence[Trained],
    sparsity: float,
    scope: str,
    pattern: str,
    block: str,
    *,
    exact: bool,
    mixed: bool,
) -> str | None:
    """Which share of zeros is not there.

    It is exact where no later step makes some of its own; where channels were put in another order,
    patterns and blocks are held to as many zeros as they have.
    """
    if mixed and (pattern, block) != (NO_PATTERN, NO_BLOCK):
        return _breaks_zeros(kernels, sparsity, pattern, *numbers(block))
    if pattern != NO_PATTERN:
        return _breaks_pattern(kernels, *numbers(pattern))
    if block != NO_BLOCK:
        return _breaks_blocks(kernels, sparsity, *numbers(block))
    if scope != "layer":
        return _breach("the model", kernels, sparsity, exact=exact)
    breaches = (_breach(f"layer {k.label}", [k], sparsity, exact=exact) for k in kernels)
    return next(filter(None, breaches), None)


def _breaks_exceptions(
    kernels: Sequence[Trained],
    sparsity: float,
    exceptions: _by_layer.Exceptions,
    block: str,
    *,
    exact: bool,
    mixed: bool,
) -> str | None:
    """Which layer has not the share of zeros that is its own.

    Where a file has lost the name of a layer that is excepted, which one that is cannot be told:
    each has then the least of all shares at least.
    """
    named = [_by_layer.words_of(kernel.layer) for kernel in kernels]
    every = [word for words in named for word in words]
    is_named = all(named) and all(_by_layer.means(pattern, every) for pattern, _ in exceptions)
    least = min(sparsity, *(share for _, share in exceptions))
    for kernel, words in zip(kernels, named, strict=True):
        share = _by_layer.sparsity_of(words, exceptions, sparsity) if is_named else least
        shape = ("layer", NO_PATTERN, block)
        breach = _breaks_shares([kernel], share, *shape, exact=exact and is_named, mixed=mixed)
        if breach:
            return breach
    return None


def _breach(what: str, kernels: Sequence[Trained], sparsity: float, *, exact: bool) -> str | None:
    size = sum(kernel.size for kernel in kernels)
    zeros = size - sum(kernel.nonzero for kernel in kernels)
    parts = [part for kernel in kernels for part in kernel.parts]
    # of weights stored in fewer bits some more round to zero
    exact = exact and all(part.dtype == "FLOAT32" for part in parts)
    allowed = len(parts)  # one weight in each, by rounding
    if zeros < sparsity * size - allowed or (exact and zeros > sparsity * size + allowed):
        return f"{what} has {zeros:,} zeros of {size:,} weights"
    return None


def _breaks_pattern(kernels: Sequence[Trained], zeros: int, of: int) -> str | None:
    # what is left over at the end of the input channels stays dense
    is_patterned = False
    for kernel in kernels:
        for part, matrix in zip(kernel.parts, kernel.matrices, strict=True):
            inputs = matrix.shape[-1]
            if inputs < of:
                continue
            is_patterned = True
            rows = matrix.reshape(-1, inputs)[:, : inputs // of * of].reshape(-1, of)
            most = int(np.count_nonzero(rows != part.zero_point, axis=1).max())
            if most > of - zeros:
                return f"layer {part.label} has {most} weights left in {of} input channels"
    return None if is_patterned else f"no layer has {of} input channels"


def _breaks_blocks(
    kernels: Sequence[Trained], sparsity: float, height: int, width: int
) -> str | None:
    # at a layer's edge a block holds fewer weights, so shares of blocks and of weights differ
    blocks = weights = size = count = allowed = 0
    for kernel in kernels:
        for part, matrix in zip(kernel.parts, kernel.matrices, strict=True):
            nonzero = (matrix != part.zero_point).reshape(matrix.shape[0], -1).T
            rows, columns = nonzero.shape
            padded = np.pad(nonzero, ((0, -rows % height), (0, -columns % width)))
            shape = (-(-rows // height), height, -(-columns // width), width)
            empty = ~padded.reshape(shape).any(axis=(1, 3))
            blocks, count = blocks + int(empty.sum()), count + empty.size
            weights += int(empty.repeat(height, 0).repeat(width, 1)[:rows, :columns].sum())
            size += nonzero.size
            allowed += 1  # one block in each, by rounding
    if blocks < sparsity * count - allowed and weights < sparsity * size - allowed * height * width:
        return f"{weights:,} of {size:,} weights lie in {height}×{width} blocks of zeros"
    return None


def _breaks_zeros(
    kernels: Sequence[Trained], sparsity: float, pattern: str, height: int, width: int
) -> str | None:
    """Whether fewer weights are zero than blocks or a pattern hold, wherever these now lie."""
    size = zeros = allowed = 0
    of = 1 if pattern == NO_PATTERN else numbers(pattern)[1]
    for kernel in kernels:
        size, zeros = size + kernel.size, zeros + kernel.size - kernel.nonzero
        for part, matrix in zip(kernel.parts, kernel.matrices, strict=True):
            rows, columns = part.size // len(matrix), len(matrix)
            # at a layer's edge a block holds fewer weights, and no pattern what is left over
            allowed += part.size // matrix.shape[-1] * (matrix.shape[-1] % of)
            allowed += height * width + (-rows % height) * columns + (-columns % width) * rows
    if zeros < sparsity * size - allowed:
        return f"{zeros:,} of {size:,} weights are zero"
    return None


@step(
    "prune",
    check=_check,
    claim=_claim,
    promise=Promise("pruned weights", _is_pruned),
    uses=(Masks, toolkit.prunable_kernels, _by_layer.parsed),
    searched=Searched(
        2,
        {
            "sparsity": (
                *(0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.875, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97),
                *(0.975, 0.98, 0.985, 0.99),
            ),
            "scope": ("layer", "global"),
        },
    ),
)
def prune(
    model: Any,
    trainer: Trainer,
    sparsity: Annotated[float, between(0, 1)],
    *,
    schedule: Literal["polynomial", "constant"] = "polynomial",
    begin: Annotated[float, between(0, 1)] = 0.0,
    frequency: Annotated[int, above(-1)] = 0,
    ramp: Annotated[float, between(0, 1)] = 0.75,
    pattern: Annotated[str, pair(":", or_else=NO_PATTERN)] = NO_PATTERN,
    block: Annotated[str, pair("x")] = NO_BLOCK,
    scope: Scope = "layer",
    criterion: Criterion = "magnitude",
    except_: str = _by_layer.NONE,
) -> Any:
    """Zero the smallest weights of every prunable layer while training on.

    Pruned are the kernels of dense layers and convolutions (of a separable one, the pointwise
    kernel), the kernel and the recurrent kernel of recurrent layers, in both directions, the four
    kernels of attention, and the tables of embeddings; depthwise kernels and biases are not.

    Sources: the schedule, Zhu and Gupta 2017, "To prune, or not to prune"; random and global
    pruning as controls, Blalock et al. 2020, "What is the state of neural network pruning?".

    Args:
        model: a dense Keras model.
        trainer: gives the further epochs; with none, the smallest weights are zeroed once.
        sparsity: share of zeros in each layer's weights at the end.
        schedule: `polynomial` rises from `begin`; `constant` is at `sparsity` from the start.
        begin: sparsity at the first step.
        frequency: training steps between updates of the mask; 0 for twenty updates in all.
        ramp: share of the training in which sparsity rises; the rest recovers at full sparsity.
        pattern: `2:4` zeroes two of every four weights along the input channels, once at the start.
        block: height × width of what is zeroed together, in the kernel as a matrix of inputs ×
            outputs, by its mean magnitude.
        scope: `layer` zeroes that share of each layer, `global` of the whole model's weights
            ranked together, `recipe` of the whole model by the recipe's `density`.
        criterion: `magnitude`, or `random` as the control.
        except_: layers with a sparsity of their own, `dense_2:0.5|conv*:0.8`, or without one to
            stay dense; it rises with that of the others.

    Raises:
        WeighinError: naming a layer that cannot be pruned so, or an exception that names none; if
            there is nothing to prune.
    """
    masks = Masks(
        model,
        criterion=criterion,
        scope=scope,
        density=trainer.recipe.density,
        block=numbers(block),
        pattern=None if pattern == NO_PATTERN else numbers(pattern),
        relative=[(name, share / sparsity) for name, share in _by_layer.parsed(except_)],
        seed=trainer.seed,
    )
    if not masks.pairs:
        raise WeighinError(
            f"Nothing of model {model.name!r} can be pruned: {_NO_KERNELS}. Leave out prune for "
            f"this model."
        )
    plan = _plan(int(trainer.finetune_steps * ramp), sparsity, schedule, begin, frequency)
    if pattern != NO_PATTERN:
        plan = {0: sparsity}
    taken = 0

    def update(*_: object) -> None:
        nonlocal taken
        if taken in plan:
            masks.update(plan[taken])
            masks.apply()
        taken += 1

    trainer.fit(
        model,
        [process.keras().callbacks.LambdaCallback(on_train_batch_begin=update)],
        masks=masks.pairs,
    )
    if taken <= max(plan):  # so little training that the last update did not come
        masks.update(sparsity)
        masks.apply()
    return model


def _plan(
    ramp: int, sparsity: float, schedule: str, begin: float, frequency: int
) -> dict[int, float]:
    """The sparsity at each training step at which the masks are updated."""
    schedules = process.toolkit().sparsity.keras
    ramp = max(1, ramp)
    every = min(frequency or max(1, ramp // UPDATES), ramp)
    end = ramp // every * every  # the last update must fall on the end itself
    if schedule == "constant":
        at = schedules.ConstantSparsity(sparsity, begin_step=0, end_step=end, frequency=every)
    else:
        at = schedules.PolynomialDecay(
            initial_sparsity=begin,
            final_sparsity=sparsity,
            begin_step=0,
            end_step=end,
            frequency=every,
        )
    return {step: float(at(step)[1]) for step in range(0, end + 1, every)}
