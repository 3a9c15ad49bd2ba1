"""Recipes of litert-quantizer: weights and activations in few bits, layer by layer."""

from __future__ import annotations

from typing import Annotated, Any

from weighin.core import Arrays, SkippedError, WeighinError
from weighin.exports import (
    _completing,
    _converting,
    _exceptions,
    _quantizing,
    _recipes,
    float32,
)
from weighin.exports._batch import Batch, check_batch
from weighin.exports._quantized import by_place
from weighin.exports._recipes import Options, Stored
from weighin.formats.coverage import Promise
from weighin.formats.graph import Graph, Operator, numeric
from weighin.formats.layer_names import layer_of, matching
from weighin.formats.tflite import parsed
from weighin.grammar import above
from weighin.registry import export

_FLOAT = "FLOAT32"
_LEAST = -(2**31)
_LEFT = {"float": _FLOAT, "int16": "INT8", "int8": "INT8"}  # weights of layers that are excepted


def _check(
    recipe: str, algorithm: str, bits: int, granularity: str, except_: str, batch: Batch
) -> None:
    options = Options(recipe, algorithm, bits, granularity)
    _recipes.check(options)
    _exceptions.check(except_, None if _recipes.available() else _recipes.entries(options))


def _calibrated(
    recipe: str, algorithm: str, bits: int, granularity: str, except_: str, batch: Batch
) -> bool:
    if _recipes.available():
        return False  # nothing is made
    made = _recipes.entries(Options(recipe, algorithm, bits, granularity))
    return _recipes.needs_calibration(made)


def claim(
    graph: Graph,
    recipe: str,
    algorithm: str = _recipes.OWN,
    bits: int = 0,
    granularity: str = _recipes.OWN,
    except_: str = _exceptions.NONE,
    batch: Batch = "one",
) -> str | None:
    """Something is stored as the recipe says, nothing in another way but what it leaves float."""
    entries = _recipes.entries(Options(recipe, algorithm, bits, granularity))
    wanted = _recipes.stored(entries)
    layers = [operator for operator in graph.operators if operator.kernels]
    left = _left(graph, layers, except_)
    named = {id(operator) for operator, _ in left}
    others = [operator for operator in layers if id(operator) not in named]
    return (
        check_batch(graph, batch)
        or _otherwise_left(left)
        or _unchanged(graph, [stored.weights for stored in wanted], _recipes.covered(entries))
        or _otherwise_stored(graph, others, wanted)
        or _overflowed(graph)
    )


def _left(graph: Graph, layers: list[Operator], exceptions: str) -> list[tuple[Operator, str]]:
    """The layers that are excepted, each with the precision that was named last."""
    said: dict[int, tuple[Operator, str]] = {}
    for pattern, precision in _exceptions.parsed(exceptions):
        said |= {id(each): (each, precision) for each in matching(graph, pattern, layers)}
    return list(said.values())


def _otherwise_left(left: list[tuple[Operator, str]]) -> str | None:
    for operator, precision in left:
        for kernel in operator.kernels:
            if kernel.dtype != _LEFT[precision]:
                return f"{kernel.label} holds {kernel.dtype}, and was to be left {precision}"
    return None


def _unchanged(graph: Graph, types: list[str], kinds: list[str]) -> str | None:
    """That nothing of a file was quantized, and why; None if something was."""
    if any(tensor.dtype in types for tensor in graph.trained):
        return None
    if not graph.kernels:
        return "nothing was quantized: no layer multiplies by weights"
    here = ", ".join(dict.fromkeys(each.name for each in graph.operators if each.kernels))
    does = ", ".join(kinds) or "no operator at all"
    return (
        f"nothing was quantized: by this recipe {_recipes.called()} changes {does}, and layers "
        f"here are {here}"
    )


def _otherwise_stored(graph: Graph, layers: list[Operator], wanted: list[Stored]) -> str | None:
    """Which layer is stored in a way that is neither the recipe's nor float."""
    for operator in layers:
        for kernel in operator.kernels:
            if kernel.dtype == _FLOAT:
                continue
            known = [stored for stored in wanted if stored.weights == kernel.dtype]
            if not known:
                types = " or ".join(dict.fromkeys(stored.weights for stored in wanted))
                return f"{kernel.label} holds {kernel.dtype}, not {types}"
            if kernel.block not in {stored.block for stored in known}:
                wanted_block = known[0].block
                return f"{kernel.label} has a scale for {kernel.block} values, not {wanted_block}"
            if kernel.scales > 1 and all(stored.per_tensor for stored in known):
                return f"{kernel.label} has {kernel.scales} scales, not one"
            flowing = {stored.activations for stored in known}
            if breach := _otherwise_flowing(graph, operator, flowing):
                return breach
    return None


def _otherwise_flowing(graph: Graph, operator: Operator, types: set[str]) -> str | None:
    number = operator.inputs[2 if operator.name == "TRANSPOSE_CONV" else 0]
    for tensor in numeric([graph.tensors[number]]):
        if tensor.dtype not in types:
            return (
                f"{layer_of(graph, operator) or operator.name} is given {tensor.dtype}, not "
                f"{' or '.join(sorted(types))}"
            )
    return None


def _overflowed(graph: Graph) -> str | None:
    """Which bias did not fit into its integers, and became the least of them.

    So litert-quantizer 0.11.0 stores one above 0 where all weights of its channel are zero, whose
    scale is then next to nothing.
    """
    for tensor in graph.real_constants:
        if tensor.dtype in ("INT32", "INT64") and tensor.values.min(initial=0) <= _LEAST:
            return (
                f"{tensor.label} holds {tensor.values.min()}, a bias that does not fit at its "
                f"scale, as where all weights of a channel are zero: leave its layer float "
                f"(except=), or let no channel be empty"
            )
    return None


def _is_quantized(operator: Operator) -> bool:
    return all(kernel.dtype != _FLOAT for kernel in operator.kernels)


def of_file(
    content: bytes,
    calibration: Arrays,
    recipe: str,
    algorithm: str,
    bits: int,
    granularity: str,
    except_: str,
    batch: Batch,
) -> bytes:
    """A finished float file, quantized; its batch dimension stays as it is.

    Args:
        content: the file.
        calibration: inputs by the file's names, each `(n, …)`, where the recipe asks for some.
        recipe: and the rest: as of `litert`.
        algorithm: likewise.
        bits: likewise.
        granularity: likewise.
        except_: likewise.
        batch: not looked at.

    Raises:
        SkippedError: if the recipe changes no operator of the file.
        WeighinError: if litert-quantizer is not installed or refuses the file.
    """
    if missing := _recipes.available():
        raise WeighinError(missing)
    entries = _recipes.entries(Options(recipe, algorithm, bits, granularity))
    made = _quantizing.quantized(content, entries, calibration, except_)
    graph = parsed(made, "the quantizer's file")
    types = [each.weights for each in _recipes.stored(entries)]
    if unchanged := _unchanged(graph, types, _recipes.covered(entries)):
        raise SkippedError(f"{unchanged}. The file would be the float one again.")
    return made


@export(
    "litert",
    check=_check,
    claim=claim,
    promise=Promise("quantized weights", _is_quantized),
    available=_recipes.available,
    uses=(
        *(float32.float32, check_batch, matching, _recipes.entries, _exceptions.excepted),
        *(_quantizing.quantized, _completing.Completed, _converting.converted, by_place),
    ),
    calibrated=_calibrated,
    of_file=of_file,
    searched=_recipes.searched,
)
def litert(
    model: Any,
    calibration: Arrays,
    recipe: str,
    *,
    algorithm: str = _recipes.OWN,
    bits: Annotated[int, above(-1)] = 0,
    granularity: str = _recipes.OWN,
    except_: str = _exceptions.NONE,
    batch: Batch = "one",
) -> bytes:
    """A recipe of litert-quantizer, such as `dynamic_wi4_afp32`; of finished float files, too.

    Ranges of activations are moving averages of what single inputs reach, not the extremes that
    the converter of `int8` takes: a few inputs far out widen them less, and are clipped.

    Args:
        model: a Keras model.
        calibration: inputs by which ranges of activations are found, or what the algorithm gathers,
            by name, each `(n, …)`.
        recipe: as the installed version calls it: `static_wi8_ai8`, `dynamic_wi4b32_afp32` …
        algorithm: by which scales are found, in the place of the recipe's: `mse`, `octav`, `gptq` …
        bits: of the weights, in the place of the recipe's; 0 for those.
        granularity: how many weights share a scale, likewise: `channel`, `tensor`, `blockwise_32` …
        except_: layers that stay float, or with `:int8` or `:int16` behind their name are of these,
            joined by `|`: words of their paths, with `*` for any characters.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.

    Raises:
        SkippedError: if the recipe changes no operator of the model.
        WeighinError: if litert-quantizer is not installed or refuses the file.
    """
    whole = float32.float32(model, calibration, batch=batch)
    return of_file(whole, calibration, recipe, algorithm, bits, granularity, except_, batch)
