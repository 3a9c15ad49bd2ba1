"""Models that are no graph of Keras 2 layers: kept as functions of TensorFlow, and converted so.

What Keras 2 cannot hold - a layer that it lacks, a class written as code, a graph without layers -
is traced twice: for one example, as it is deployed, and for any number, where it takes that. Both
lie in a SavedModel, one file in the cache. Steps that train work on layers, and skip it.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import Port, Signature, WeighinError
from weighin.formats import archive
from weighin.frameworks.process import tensorflow

UNSTEADY = 1e-3  # of the largest answer, by which answers to one example may differ
ENDING = "savedmodel.zip"  # of its file
_ABOUT = "weighin.json"
_PASSED = ("Identity", "IdentityN", "Reshape", "Squeeze", "Cast", "StopGradient", "EnsureShape")
_HEADS = {  # of the operator that makes an output, what its values are
    **{"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"},
    **dict.fromkeys(("BiasAdd", "MatMul", "BatchMatMulV2", "Conv2D"), "linear"),
    **dict.fromkeys(("AddV2", "Add", "FusedBatchNormV3"), "linear"),
}


class DirectModel:
    """A function from inputs to outputs that can be kept, asked and converted, and not trained.

    Attributes:
        name: of the model.
        why: what of it Keras 2 does not have, in words that end in "Keras 2".
        signature: what it takes and gives.
        layers: none that are known.
        inputs: what it takes, as TensorFlow's specifications of any number of examples.
        weights: its variables.
        own_types: classes that made it, as far as they are known.
    """

    def __init__(
        self,
        name: str,
        why: str,
        signature: Signature,
        one: Any,
        many: Any = None,
        held: Any = None,
        own_types: Iterable[type] = (),
    ) -> None:
        """Take a model's functions: of one example, and of any number if there is one."""
        tf = tensorflow()
        self.name, self.why, self.signature = name, why, signature
        self.layers: tuple[Any, ...] = ()
        self.own_types = tuple(own_types)
        self.one, self.many, self.held = one, many, held
        self.input_names = [port.name for port in signature.inputs]
        self.output_names = [port.name for port in signature.outputs]
        self.inputs = [
            tf.TensorSpec((None, *port.shape), port.dtype, port.name) for port in signature.inputs
        ]
        self.outputs = [
            tf.TensorSpec((None, *port.shape), port.dtype, port.name) for port in signature.outputs
        ]

    @property
    def weights(self) -> list[Any]:
        """Its variables, each once."""
        found = {id(each): each for each in self._concrete().variables}
        return list(found.values())

    variables = weights

    def __call__(self, inputs: Any, training: bool = False) -> list[Any]:
        """Its outputs in their order, for inputs in theirs, each `(n, …)`."""
        tf = tensorflow()
        given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        tensors = [
            tf.cast(value, port.dtype)
            for value, port in zip(given, self.signature.inputs, strict=True)
        ]
        if tensors[0].shape[0] == 1:
            return self._named(self.one(*tensors))
        if self.many is not None:
            return self._named(self.many(*tensors))
        if tensors[0].shape[0] is None:
            raise WeighinError(
                f"Model {self.name!r} answers one example at a time: leave out batch=open."
            )
        singles = [self(list(single)) for single in zip(*map(_singly, tensors), strict=True)]
        return [tf.concat(parts, axis=0) for parts in zip(*singles, strict=True)]

    def operators(self) -> list[str]:
        """The operators of its graph, for a digest: names differ from process to process."""
        return sorted(operation.type for operation in self._concrete().graph.get_operations())

    def _named(self, answers: Any) -> list[Any]:
        return [answers[name] for name in self.output_names]

    def _concrete(self) -> Any:
        like = [
            tensorflow().TensorSpec((1, *port.shape), port.dtype, port.name)
            for port in self.signature.inputs
        ]
        return self.one.get_concrete_function(*like)


def traced(
    name: str,
    why: str,
    function: Callable[[list[Any]], Sequence[Any]],
    inputs: Sequence[Port],
    outputs: Sequence[str] = (),
    held: Any = None,
    own_types: Iterable[type] = (),
) -> DirectModel:
    """A model from a function of tensors.

    Args:
        name: of the model.
        why: as of a `DirectModel`.
        function: from inputs in their order, each `(n, …)`, to outputs in theirs.
        inputs: what it takes.
        outputs: names of what it gives; numbered where they are not given.
        held: what keeps its variables.
        own_types: classes that made it.

    Raises:
        WeighinError: if it cannot be traced for one example.
    """
    tf = tensorflow()
    names: list[str] = list(outputs)

    def answer(*tensors: Any) -> Any:
        answers = list(function(list(tensors)))
        names[len(names) :] = [f"output_{at}" for at in range(len(names), len(answers))]
        return dict(zip(names, answers, strict=True))

    def of(size: int | None) -> Any:
        like = [tf.TensorSpec((size, *port.shape), port.dtype, port.name) for port in inputs]
        graph = tf.function(answer, input_signature=like, autograph=False)
        return graph, graph.get_concrete_function()

    try:
        one, concrete = of(1)
    except Exception as error:
        raise WeighinError(
            f"Model {name!r} cannot be traced for one example: {type(error).__name__}: "
            f"{' '.join(str(error).split())[:300]}"
        ) from error
    try:
        many, _ = of(None)
    except Exception:  # a model that is made for so many examples and no others
        many = None
    heads = _heads(concrete)
    ports = []
    for key in names:
        tensor = concrete.structured_outputs[key]
        ports.append(
            Port(key, tensor.dtype.name, tuple(tensor.shape[1:]), *heads.get(key, ("", "", "")))
        )
    signature = Signature(tuple(inputs), tuple(ports))
    model = DirectModel(name, why, signature, one, many, held, own_types)
    _check_steady(model)
    return model


def _check_steady(model: DirectModel) -> None:
    """Refuse a model that goes on training: it draws at random, or looks at the whole batch.

    Keras 3's `model.export` writes such ones of models with layers of augmentation, which train
    unless they are told otherwise, and with them the layers after them (3.15).

    Raises:
        WeighinError: saying how its answers differ, and the way out.
    """
    generator = np.random.default_rng(0)
    ports = model.signature.inputs
    sizes = [[2, *(size or 1 for size in port.shape)] for port in ports]
    inputs = [generator.random(s).astype(p.dtype) for s, p in zip(sizes, ports, strict=True)]
    try:
        first, second = (list(map(np.asarray, model(inputs))) for _ in range(2))
        alone = list(map(np.asarray, model([values[:1] for values in inputs])))
    except tensorflow().errors.InvalidArgumentError:  # numbers at random name no rows of a table
        return
    pairs = {"called again": (first, second), "asked alone": ([a[:1] for a in first], alone)}
    for how, (one, other) in pairs.items():
        for a, b in zip(one, other, strict=True):
            if a.dtype.kind == "f" and np.abs(a - b).max(initial=0) > UNSTEADY * (
                np.abs(a).max(initial=0) or 1
            ):
                raise WeighinError(
                    f"Model {model.name!r} answers the same example otherwise when {how}: it was "
                    f"written as it trains, with random layers or batch normalization at work, as "
                    f"Keras 3's model.export does where layers such as RandomFlip are inside. "
                    f"Bring the .keras file, or export `lambda x: model(x, training=False)` by "
                    f"keras.export.ExportArchive."
                )


def of_saved_model(name: str, folder: Path, why: str) -> DirectModel:
    """A model from the folder of a SavedModel, by the signature that it is served by.

    Raises:
        WeighinError: if it has none, or one without shapes.
    """
    tf = tensorflow()
    loaded = tf.saved_model.load(str(folder))
    signatures = dict(loaded.signatures)
    chosen = "serving_default" if "serving_default" in signatures else next(iter(signatures), None)
    if chosen is None:
        raise WeighinError(
            f"{folder} has no signature to be called by: write it anew by model.export, or by "
            f"tf.saved_model.save(…, signatures=…)."
        )
    function = signatures[chosen]
    # by name, for a file keeps them in no order: each time it is read they come in another
    specs = dict(sorted(function.structured_input_signature[1].items()))
    for key, spec in specs.items():
        if spec.shape.rank is None or None in spec.shape[1:]:
            raise WeighinError(
                f"{folder} takes {key!r} of the shape {spec.shape}: write it anew with all sizes "
                f"but the number of examples."
            )
    inputs = [Port(key, spec.dtype.name, tuple(spec.shape[1:])) for key, spec in specs.items()]
    outputs = sorted(function.structured_outputs)

    def answer(tensors: list[Any]) -> list[Any]:
        answers = function(**dict(zip(specs, tensors, strict=True)))
        return [answers[key] for key in outputs]

    return traced(name, why, answer, inputs, outputs, loaded)


def serialize(model: DirectModel) -> bytes:
    """A model as one file.

    Raises:
        WeighinError: if it holds what TensorFlow cannot save.
    """
    tf = tensorflow()
    module = tf.Module()
    module.one, module.held = model.one, model.held
    module.variables_of_model = model.weights
    if model.many is not None:
        module.many = model.many
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        try:
            tf.saved_model.save(module, str(place))
        except (AssertionError, ValueError) as error:
            raise WeighinError(
                f"Model {model.name!r} holds what TensorFlow cannot save: "
                f"{' '.join(str(error).split())[:200]}"
            ) from error
        about = {"name": model.name, "why": model.why, "signature": model.signature.as_json()}
        (place / _ABOUT).write_text(json.dumps(about), "utf-8")
        return archive.packed(place)


def read(path: Path) -> DirectModel:
    """The model in a file that `serialize` has made.

    Raises:
        WeighinError: if it is damaged.
    """
    tf = tensorflow()
    folder = tempfile.TemporaryDirectory()
    archive.unpack(path, Path(folder.name))
    loaded = tf.saved_model.load(folder.name)
    loaded.unpacked = folder  # tables read their files later
    about = json.loads((Path(folder.name) / _ABOUT).read_text("utf-8"))
    signature = Signature.of_json(about["signature"])
    many = getattr(loaded, "many", None)
    return DirectModel(about["name"], about["why"], signature, loaded.one, many, loaded)


def architecture(model: DirectModel) -> str:
    """A digest of what it computes, its weights aside."""
    described = [model.signature.as_json(), model.operators()]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()


def _singly(tensor: Any) -> list[Any]:
    return [tensor[at : at + 1] for at in range(tensor.shape[0])]


def _heads(concrete: Any) -> dict[str, tuple[str, str, str]]:
    """What makes each output: the operator's name, its kind and what its values are."""
    found = {}
    names = sorted(concrete.structured_outputs)  # as TensorFlow lists what a dictionary holds
    for key, tensor in zip(names, concrete.outputs, strict=True):
        maker = _maker(tensor.op, tensor.value_index, concrete.graph)
        if maker is not None:
            found[key] = (*maker, _HEADS.get(maker[1], ""))
    return found


def _maker(operation: Any, at: int, graph: Any) -> tuple[str, str] | None:
    """The operator that decides an output's values, also inside of functions that are called."""
    for _ in range(100):
        if operation.type in _PASSED and operation.inputs:
            tensor = operation.inputs[at if operation.type == "IdentityN" else 0]
            operation, at = tensor.op, tensor.value_index
        elif operation.type in ("PartitionedCall", "StatefulPartitionedCall"):
            called = graph._get_function(operation.get_attr("f").name)
            inside = getattr(called, "graph", None)
            if inside is None or not inside.outputs:
                return None
            graph, tensor = inside, inside.outputs[at]
            operation, at = tensor.op, tensor.value_index
        else:
            return operation.name.rpartition("/")[2], operation.type
    return None
