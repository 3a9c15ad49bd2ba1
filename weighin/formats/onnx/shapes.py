"""Shapes of what lies between an .onnx file's operators, where the file does not tell them.

A rule for each kind of operator whose shapes are needed to count multiply-accumulates; of others
the file's own `value_info` is taken, and what neither tells stays unknown.
Source: https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from weighin.formats.onnx.messages import OnnxNode

Shape = tuple[int | None, ...]
Shapes = Callable[[str], Shape | None]
Numbers = Callable[[str], tuple[int, ...] | None]  # whole numbers of a small constant

SMALL = 16  # numbers of a constant, or of what is made of some, that may be a shape
_SAME = {
    *("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Gelu", "HardSigmoid", "HardSwish", "Mish"),
    *("Sigmoid", "Tanh", "Softmax", "LogSoftmax", "Softplus", "Softsign", "ThresholdedRelu"),
    *("Clip", "Identity", "Cast", "Dropout", "Neg", "Abs", "Exp", "Log", "Sqrt", "Erf", "Floor"),
    *("Ceil", "Round", "Reciprocal", "Sign", "Not", "BatchNormalization", "LRN", "CumSum"),
    *("InstanceNormalization", "LayerNormalization", "GroupNormalization", "LpNormalization"),
    *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),
}
_BROADCAST = {
    *("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "Where", "Mod", "And", "Or"),
    *("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Xor"),
}
WEIGHTS = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3, "ConvTranspose": 1}
MATRICES = {
    **dict.fromkeys(("MatMul", "Gemm", "MatMulInteger"), (0, 1)),
    "QLinearMatMul": (0, 3),
}


def shape_of(node: OnnxNode, shapes: Shapes, numbers: Numbers) -> Shape | None:
    """The shape of an operator's first output; None where it is not known.

    Args:
        node: the operator.
        shapes: of its inputs, by name.
        numbers: what its inputs hold, by name, where that is known.

    Raises:
        IndexError: if it lacks an input.
        ValueError: if shapes do not fit each other.
    """
    name, given = node.operator, [shapes(each) for each in node.inputs]
    if name in _SAME:
        return given[0]
    if name in _BROADCAST:
        return _broadcast(given)
    rule = _RULES.get(name)
    return None if rule is None else rule(node, given, numbers)


def folded(node: OnnxNode, shapes: Shapes, numbers: Numbers) -> tuple[int, ...] | None:
    """What an operator makes of known whole numbers, as of shapes; None if that is not known."""
    if node.operator == "Shape":
        shape = shapes(node.inputs[0])
        return None if shape is None or None in shape else tuple(n for n in shape if n is not None)
    given = [numbers(each) for each in node.inputs]
    if node.operator in ("Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape"):
        return given[0]
    if None in given:
        return None
    known = [each for each in given if each is not None]
    if node.operator == "Concat":
        joined = tuple(itertools.chain.from_iterable(known))
        return joined if len(joined) <= SMALL else None  # each could be as long as two others
    if node.operator == "Gather":
        return tuple(known[0][at] for at in known[1])
    return None


_Given = Sequence[Shape | None]


def _broadcast(given: _Given) -> Shape | None:
    if any(shape is None for shape in given):
        return None
    known = [shape for shape in given if shape is not None]
    rank = max(map(len, known))
    padded = [(1,) * (rank - len(shape)) + shape for shape in known]
    sizes: list[int | None] = []
    for column in zip(*padded, strict=True):
        larger = {size for size in column if size != 1}
        sizes.append(1 if not larger else larger.pop() if len(larger) == 1 else None)
    return tuple(sizes)


def _convolved(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x, w = given[0], given[WEIGHTS[node.operator]]
    if x is None or w is None or len(x) != len(w) or len(x) < 3:
        return None
    return (x[0], w[0], *_windows(node, x[2:], w[2:]))


def _pooled(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x, kernel = given[0], _list(node, "kernel_shape")
    if x is None or len(x) != len(kernel) + 2:
        return None
    return (x[0], x[1], *_windows(node, x[2:], tuple(kernel)))


def _windows(node: OnnxNode, sizes: Shape, kernel: Shape) -> Shape:
    """In how many places a window fits, along each axis."""
    rank = len(sizes)
    strides, dilations = (_list(node, key) or [1] * rank for key in ("strides", "dilations"))
    pads, auto = _list(node, "pads") or [0] * (2 * rank), node.attributes.get("auto_pad", "NOTSET")
    up = bool(node.attributes.get("ceil_mode", 0))
    if len(strides) != rank or len(dilations) != rank or len(pads) != 2 * rank:
        raise ValueError(f"{node.operator} has strides, dilations or pads of another rank")
    places: list[int | None] = []
    for at, (size, width) in enumerate(zip(sizes, kernel, strict=True)):
        if size is None or width is None or strides[at] < 1:
            places.append(None)
            continue
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            places.append(-(-size // strides[at]))
            continue
        padded = size + (0 if auto == "VALID" else pads[at] + pads[at + rank])
        left = padded - dilations[at] * (width - 1) - 1
        places.append(max(0, (-(-left // strides[at]) if up else left // strides[at]) + 1))
    return tuple(places)


def _transposed_convolution(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x, w = given[:2]
    if x is None or w is None or len(x) != len(w) or len(x) < 3 or w[1] is None:
        return None
    rank, shape = len(x) - 2, _list(node, "output_shape")
    channels = w[1] * int(node.attributes.get("group", 1))
    if shape:
        return (x[0], channels, *shape[-rank:])
    if node.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        return (x[0], channels, *[None] * rank)
    strides, dilations, more = (
        _list(node, key) or [default] * rank
        for key, default in (("strides", 1), ("dilations", 1), ("output_padding", 0))
    )
    pads = _list(node, "pads") or [0] * (2 * rank)
    sizes = [
        None
        if size is None or width is None
        else strides[at] * (size - 1)
        + more[at]
        + (width - 1) * dilations[at]
        + 1
        - pads[at]
        - pads[at + rank]
        for at, (size, width) in enumerate(zip(x[2:], w[2:], strict=True))
    ]
    return (x[0], channels, *sizes)


def _global(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x = given[0]
    return None if x is None else (*x[:2], *[1] * (len(x) - 2))


def _multiplied(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    a, b = (given[at] for at in MATRICES[node.operator])
    if a is None or b is None or not a or not b:
        return None
    if node.operator == "Gemm":
        if len(a) != 2 or len(b) != 2:
            raise ValueError("Gemm of what are no matrices")
        rows, columns = (node.attributes.get(key, 0) for key in ("transA", "transB"))
        return a[1 if rows else 0], b[0 if columns else 1]
    if len(a) == 1 or len(b) == 1:
        return a[:-1] if len(b) == 1 else (*b[:-2], b[-1])
    batch = _broadcast([a[:-2], b[:-2]])
    return None if batch is None else (*batch, a[-2], b[-1])


def _flattened(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x = given[0]
    if x is None:
        return None
    axis = int(node.attributes.get("axis", 1))
    axis += len(x) if axis < 0 else 0
    return _product(x[:axis]), _product(x[axis:])


def _reshaped(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    wanted, x = numbers(node.inputs[1]), given[0]
    if wanted is None:
        return None
    sizes: list[int | None] = list(wanted)
    for at, size in enumerate(wanted):
        if size == 0 and not node.attributes.get("allowzero", 0):
            sizes[at] = x[at] if x is not None and at < len(x) else None
    if -1 in sizes:
        at = sizes.index(-1)
        rest, whole = _product([*sizes[:at], *sizes[at + 1 :]]), None if x is None else _product(x)
        sizes[at] = whole // rest if rest and whole is not None else None
    return tuple(sizes)


def _permuted(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x = given[0]
    if x is None:
        return None
    order = _list(node, "perm") or list(range(len(x)))[::-1]
    if sorted(order) != list(range(len(x))):
        raise ValueError("Transpose by an order that does not fit")
    return tuple(x[at] for at in order)


def _joined(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    if any(shape is None for shape in given) or not given:
        return None
    known = [shape for shape in given if shape is not None]
    axis, rank = int(node.attributes.get("axis", 0)), len(known[0])
    if not -rank <= axis < rank or any(len(shape) != rank for shape in known):
        raise ValueError("Concat of shapes that do not fit")
    axis %= rank
    along = [shape[axis] for shape in known]
    size = None if None in along else sum(size or 0 for size in along)
    return tuple(size if at == axis else known[0][at] for at in range(rank))


def _axes(node: OnnxNode, numbers: Numbers) -> list[int] | None:
    """Axes as an attribute has them, or as an input has since opset 13; None if unknown."""
    if "axes" in node.attributes:
        return _list(node, "axes")
    if len(node.inputs) < 2 or not node.inputs[1]:
        return []
    given = numbers(node.inputs[1])
    return None if given is None else list(given)


def _squeezed(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x, axes = given[0], _axes(node, numbers)
    if x is None or axes is None:
        return None
    gone = {axis % len(x) for axis in axes} if axes else {at for at, n in enumerate(x) if n == 1}
    return tuple(size for at, size in enumerate(x) if at not in gone)


def _unsqueezed(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x, axes = given[0], _axes(node, numbers)
    if x is None or axes is None:
        return None
    rank = len(x) + len(axes)
    new, rest = {axis % rank for axis in axes}, iter(x)
    if len(new) != len(axes):
        raise ValueError("Unsqueeze names an axis twice")
    return tuple(1 if at in new else next(rest) for at in range(rank))


def _reduced(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x, axes = given[0], _axes(node, numbers)
    if x is None or axes is None:
        return None
    gone = {axis % len(x) for axis in axes} if axes else set(range(len(x)))
    if node.attributes.get("keepdims", 1):
        return tuple(1 if at in gone else size for at, size in enumerate(x))
    return tuple(size for at, size in enumerate(x) if at not in gone)


def _padded(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x = given[0]
    pads = _list(node, "pads") or (numbers(node.inputs[1]) if len(node.inputs) > 1 else None)
    if x is None or pads is None or len(pads) != 2 * len(x):
        return None
    return tuple(
        None if size is None else size + pads[at] + pads[at + len(x)] for at, size in enumerate(x)
    )


def _gathered(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    x, which = given[:2]
    if x is None or which is None or not x:
        return None
    axis = int(node.attributes.get("axis", 0)) % len(x)
    return (*x[:axis], *which, *x[axis + 1 :])


def _shape(node: OnnxNode, given: _Given, numbers: Numbers) -> Shape | None:
    return None if given[0] is None else (len(given[0]),)


_RULES: Mapping[str, Callable[[OnnxNode, _Given, Numbers], Shape | None]] = {
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv"), _convolved),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pooled),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), _global),
    **dict.fromkeys(MATRICES, _multiplied),
    **dict.fromkeys(
        ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2"), _reduced
    ),
    "ConvTranspose": _transposed_convolution,
    "Flatten": _flattened,
    "Reshape": _reshaped,
    "Transpose": _permuted,
    "Concat": _joined,
    "Squeeze": _squeezed,
    "Unsqueeze": _unsqueezed,
    "Pad": _padded,
    "Gather": _gathered,
    "Shape": _shape,
}


def _list(node: OnnxNode, key: str) -> list[int]:
    held = node.attributes.get(key, [])
    if isinstance(held, int):
        return [held]
    if not isinstance(held, list) or not all(isinstance(each, int) for each in held):
        raise ValueError(f"{node.operator} has {key} that are no numbers")
    return held


def _product(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None
