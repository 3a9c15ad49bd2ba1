"""The quick suite's rows as one would weigh them without a harness: one seed, one loop, no check.

    python -m bench.naive       a minute or two; prints a table and how long it took

It trains, prunes with the optimization toolkit's wrapper, converts, measures, the way articles do,
and serves two ends. `python -m bench.harness --suite` holds the suite's time against it. And it
shows what goes wrong unseen: the wrapper shares its layers with the model that it wraps, so that
whoever converts the "baseline" after pruning weighs a pruned one. Its first row says so: as many
zeros as the pruned row, and a file of a third of the size that it should have.
"""

import gzip
import os
import sys
import time
from pathlib import Path

import numpy as np
from tabulate import tabulate

from weighin import registry
from weighin.definitions import load_definitions

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MODELS = ("mnist_cnn", "lenet_300_100", "lenet5")
MODELS_FOLDER = Path(__file__).resolve().parent.parent / "models"
SPARSITY = 0.8
CALLS = 200  # that are timed


def _data():
    with np.load(MODELS_FOLDER / "data" / "mnist10k.npz") as arrays:
        images = [
            arrays[f"x_{part}"][..., np.newaxis] / np.float32(255) for part in ("train", "test")
        ]
        return *images, arrays["y_train"], arrays["y_test"]


def _pruned(model, recipe, images, labels):
    """The model after the toolkit's pruning, by its tutorial."""
    import tensorflow_model_optimization as toolkit

    api = toolkit.sparsity.keras
    steps = -(-len(images) // recipe.batch_size) * recipe.finetune_epochs
    schedule = api.PolynomialDecay(0.0, SPARSITY, begin_step=0, end_step=int(0.75 * steps))
    wrapped = api.prune_low_magnitude(model, pruning_schedule=schedule)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    wrapped.fit(
        images,
        labels,
        batch_size=recipe.batch_size,
        epochs=recipe.finetune_epochs,
        callbacks=[api.UpdatePruningStep()],
        verbose=0,
    )
    return api.strip_pruning(wrapped)


def _converted(model, how, images):
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if how != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if how == "int8":
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in images[:200])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def _weighed(content, images, labels):
    """Size after gzip, share of right answers one by one, seconds of a call in one loop."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = source["quantization"]
    right = 0
    for image, label in zip(images, labels, strict=True):
        value = image[np.newaxis]
        if scale:
            value = np.clip(np.rint(value / scale) + zero_point, -128, 127).astype(np.int8)
        interpreter.set_tensor(source["index"], value)
        interpreter.invoke()
        right += int(interpreter.get_tensor(target["index"]).argmax() == label)
    began = time.perf_counter()
    for _ in range(CALLS):
        interpreter.invoke()
    seconds = (time.perf_counter() - began) / CALLS
    return len(gzip.compress(content, 9)), right / len(labels), seconds


def _zeros(model):
    kernels = [weight for weight in model.get_weights() if weight.ndim > 1]
    return 1 - sum(map(np.count_nonzero, kernels)) / sum(kernel.size for kernel in kernels)


def _rows(name):
    import tensorflow as tf
    import tf_keras

    tf.keras.utils.set_random_seed(0)
    tf_keras.utils.set_random_seed(0)
    train, test, train_labels, test_labels = _data()
    described = registry.models[name]
    recipe = described.recipe("quick")
    model = described.create(tf_keras)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(train, train_labels, recipe.batch_size, recipe.epochs, verbose=0)
    pruned = _pruned(model, recipe, train, train_labels)
    for variant, of, how in (
        ("baseline", model, "float32"),
        ("prune(0.8)", pruned, "float32"),
        ("dynamic", model, "dynamic"),
        ("int8", model, "int8"),
        ("prune(0.8)+int8", pruned, "int8"),
    ):
        size, share, seconds = _weighed(_converted(of, how, train), test, test_labels)
        yield [
            *(name, variant, f"{_zeros(of) * 100:.0f} %", f"{size:,}"),
            *(f"{share * 100:.2f} %", f"{seconds * 1e6:.1f}"),
        ]


def main():
    """Weigh all rows, print them and the time it took."""
    began = time.perf_counter()
    load_definitions([MODELS_FOLDER])
    rows = [row for name in MODELS for row in _rows(name)]
    headers = ["model", "variant", "zeros", "gzip -9, bytes", "top-1", "µs"]
    table = tabulate(rows, headers, disable_numparse=True)
    sys.stdout.write(f"{table}\n\n{time.perf_counter() - began:.0f} s\n")


if __name__ == "__main__":
    main()
