"""Keras models as .onnx files, by tf2onnx; and what such a file answers, where nothing is timed."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from weighin import named
from weighin.core import Array, Arrays, WeighinError
from weighin.frameworks import tf_keras
from weighin.frameworks.process import tensorflow

OPSET = 17  # scales for each channel need 13; what reads files today knows this one
_SHOWN = 300  # characters of a converter's own text


def converted(model: Any, batch: str = "one") -> bytes:
    """A model as the bytes of an .onnx file, its inputs and outputs by their names.

    The same function is converted as for a .tflite file, whichever Keras the model is of.

    Args:
        model: a Keras 2 model, or one that goes directly.
        batch: `one`, or `open` for a file that answers any number at once.

    Raises:
        WeighinError: if tf2onnx does not take it.
    """
    like, answer = tf_keras.function_of(model, batch)
    by_name = tensorflow().function(answer, input_signature=like)
    try:
        with _quiet():
            import tf2onnx

            proto, _ = tf2onnx.convert.from_function(by_name, input_signature=like, opset=OPSET)
    except Exception as error:
        raise WeighinError(
            f"tf2onnx does not take model {model.name!r}: {type(error).__name__}: "
            f"{' '.join(str(error).split())[:_SHOWN]}"
        ) from error
    return bytes(proto.SerializeToString(deterministic=True))


def file_answers(content: bytes, inputs: Arrays) -> dict[str, Array]:
    """Outputs of an .onnx file, one example at a time, by ONNX Runtime.

    Args:
        content: the file.
        inputs: by its names, each `(n, …)`.

    Returns:
        Outputs by name, each `(n, …)`.

    Raises:
        WeighinError: if ONNX Runtime refuses the file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        names = [each.name for each in session.get_outputs()]
        answers = [session.run(names, example) for example in named.singly(inputs)]
    except Exception as error:  # its own errors are of many classes, made when it is imported
        raise WeighinError(f"ONNX Runtime refuses the file: {error}") from error
    return named.joined([dict(zip(names, each, strict=True)) for each in answers])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let tf2onnx tell what is wrong alone: it reports each of its steps."""
    before = logging.getLogger("tf2onnx").level
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.getLogger("tf2onnx").setLevel(before)


def quantized(content: bytes, calibration: Arrays, *, by_channel: bool, stored: str) -> bytes:
    """An .onnx file quantized statically: int8 weights and bytes between, in Q/DQ pairs.

    Args:
        content: a float file.
        calibration: inputs by its names, each `(n, …)`; asked one by one.
        by_channel: whether each output channel of a kernel has a scale of its own.
        stored: activations, as `uint8` or `int8`.

    Raises:
        WeighinError: if ONNX Runtime does not quantize it.
    """
    from onnxruntime import quantization

    class Examples(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = named.singly(calibration)

        def get_next(self) -> dict[str, Array] | None:
            return next(self._left, None)

    types = {"uint8": quantization.QuantType.QUInt8, "int8": quantization.QuantType.QInt8}
    return _by_files(
        content,
        lambda source, target: quantization.quantize_static(
            source,
            target,
            Examples(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=by_channel,
            activation_type=types[stored],
            weight_type=types["int8"],
        ),
    )


def quantized_dynamically(content: bytes) -> bytes:
    """An .onnx file whose matrices are int8, and whose activations are quantized while running.

    Raises:
        WeighinError: if ONNX Runtime does not quantize it.
    """
    from onnxruntime import quantization

    return _by_files(
        content,
        lambda source, target: quantization.quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gemm", "LSTM", "Attention"],
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
        ),
    )


def _by_files(content: bytes, quantize: Callable[[Path, Path], object]) -> bytes:
    """What ONNX Runtime makes of a file, after its own preparation: it works on files alone."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        source, prepared, target = (Path(folder) / f"{name}.onnx" for name in "abc")
        source.write_bytes(content)
        try:
            quant_pre_process(source, prepared, skip_symbolic_shape=True)
            quantize(prepared, target)
        except Exception as error:
            raise WeighinError(
                f"ONNX Runtime does not quantize the model: {type(error).__name__}: "
                f"{' '.join(str(error).split())[:_SHOWN]}"
            ) from error
        return target.read_bytes()
