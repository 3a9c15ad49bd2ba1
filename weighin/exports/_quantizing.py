"""Float .tflite files quantized by litert-quantizer, without TensorFlow."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from weighin.core import Array, Arrays, WeighinError
from weighin.exports import _exceptions, _recipes
from weighin.exports._completing import Completed
from weighin.exports._quantized import by_place, check_finite
from weighin.exports._recipes import Entry
from weighin.formats.graph import Graph
from weighin.formats.tflite import parsed

_REFUSALS = (*(ValueError, RuntimeError, LookupError, TypeError, AttributeError, ArithmeticError),)
THREADS = 1  # of calibration, whose sums depend on it


def quantized(
    content: bytes,
    entries: Sequence[Entry],
    calibration: Arrays,
    exceptions: str = _exceptions.NONE,
) -> bytes:
    """A float file, quantized by a recipe.

    Args:
        content: the file.
        entries: of the recipe.
        calibration: inputs by the names of the file's signature, else of its tensors, else in any
            one name where there is one input; each `(n, …)`. Looked at only if the recipe asks it.
        exceptions: layers that are left in another precision.

    Raises:
        WeighinError: if an exception names no layer, inputs are not finite, or litert-quantizer
            refuses the file; it says what it said.
    """
    from litert_quantizer import quantizer

    graph = parsed(content, "the float file")
    calibrates = _recipes.needs_calibration(entries)
    if calibrates:
        check_finite(calibration)
    file = Completed.of(content, signed=calibrates)
    recipe = [*entries, *_for_layers(graph, file, entries, exceptions)]
    with _told():
        seen = _seen(file, recipe, by_place(graph, calibration)) if calibrates else None
        worker = quantizer.Quantizer(file.content, recipe)
        made = worker.quantize(seen, enable_progress_report=False).quantized_model
    return file.restored(bytes(made or b""))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What litert-quantizer raises, as an error that names it; what it prints is left out."""
    try:
        out, chatter = io.StringIO(), warnings.catch_warnings()
        quiet = np.errstate(invalid="ignore")  # what overflows, claims find out
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), chatter, quiet:
            warnings.filterwarnings("ignore", "Warning: Enabling `experimental_preserve_all")
            yield
    except _REFUSALS as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        if not isinstance(error, ValueError | RuntimeError):  # which are meant to be read
            reason = f"{type(error).__name__}: {reason}"
        raise WeighinError(
            f"{_recipes.called()} refuses the file: {reason[:300]}{_way_out(reason)}"
        ) from error


def _way_out(reason: str) -> str:
    if "divisible by block size" in reason:
        return " Leave such layers out: except=NAME|NAME, or take channels."
    if int(np.__version__.partition(".")[0]) < 2 and ("numpy" in reason or "'copy'" in reason):
        return f" Some of its algorithms ask for NumPy 2, and here is {np.__version__}."
    return ""


def _for_layers(
    graph: Graph, file: Completed, entries: Sequence[Entry], exceptions: str
) -> list[Entry]:
    """Entries for the layers that are left in another precision."""
    from litert_quantizer import qtyping
    from litert_quantizer.utils import tfl_flatbuffer_utils as known

    made = []
    for operator, precision in _exceptions.excepted(graph, exceptions):
        code = getattr(qtyping.BuiltinOperator, operator.name, None)
        if code not in known.TFL_OP_CODE_TO_NAME:
            continue  # what it does not know it leaves alone
        kind, scope = known.TFL_OP_CODE_TO_NAME[code], file.scope(operator.outputs)
        made.append(_exceptions.entry(entries, kind, scope, precision))
    return made


def _seen(file: Completed, recipe: Sequence[Entry], inputs: Sequence[Array]) -> dict[str, Any]:
    """What calibration sees of each tensor, one example after the other."""
    from litert_quantizer import calibrator, recipe_manager

    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(list(recipe))
    feeds = [
        {name: values[at : at + 1] for name, values in zip(file.inputs, inputs, strict=True)}
        for at in range(len(inputs[0]))
    ]
    worker = calibrator.Calibrator(file.content, num_threads=THREADS)
    worker.calibrate({file.key: feeds}, manager)
    return dict(worker.get_model_qsvs())
