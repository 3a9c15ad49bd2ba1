"""The training stack: the only module that imports TensorFlow, Keras or the toolkit.

The optimization toolkit works on Keras 2 alone, which TensorFlow from 2.16 brings as the separate
package `tf_keras`. Nothing is imported before the first call, and TensorFlow's start-up chatter is
kept from the user.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Images, Labels, Scores, WeighinError

GPU_FOLDER = Path("/proc/driver/nvidia/gpus")
_PREDICTED = 256  # images at a time
_CORE = "tensorflow_model_optimization.python.core"


@cache
def tensorflow() -> Any:
    """The module `tensorflow`, imported quietly."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.pop("TF_USE_LEGACY_KERAS", None)  # TensorFlow 2.15 has no other Keras than its own
    with _native_output_hidden():
        module: Any = importlib.import_module("tensorflow")
        module.config.list_physical_devices()
    module.get_logger().setLevel("ERROR")
    return module


@cache
def keras() -> Any:
    """The Keras 2 that the toolkit works on: `tf_keras`, or `tf.keras` before TensorFlow 2.16."""
    tf = tensorflow()
    major, minor = (int(part) for part in tf.__version__.split(".")[:2])
    return importlib.import_module("tf_keras") if (major, minor) >= (2, 16) else tf.keras


@cache
def toolkit() -> Any:
    """The module `tensorflow_model_optimization`."""
    keras()
    return importlib.import_module("tensorflow_model_optimization")


def make_deterministic(threads: int) -> None:
    """Fix what makes two trainings differ: the order of operations and of their sums.

    Sums are split by the number of threads, so that number is part of an artifact's provenance.
    """
    tf = tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def start_afresh(seed: int) -> None:
    """Forget earlier models, so that layers are named from the beginning; seed all generators."""
    keras().backend.clear_session()
    keras().utils.set_random_seed(seed)


def check_keras(model: Any, what: str = "the model at hand") -> None:
    """Refuse what is no model of the Keras that the toolkit works on.

    Given one of Keras 3 the toolkit's `cluster_weights` answers None, and the converter of
    TensorFlow 2.16 ends the process.

    Raises:
        WeighinError: naming the class that it is of.
    """
    if not isinstance(model, keras().Model):
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise WeighinError(
            f"{what} is a {kind}, not a model of Keras 2, which the optimization toolkit works on. "
            f"Build it from the module that a model's function is given, not from `import keras`."
        )


def serialize(model: Any) -> bytes:
    """A model as .h5 bytes, without optimizer state.

    Raises:
        WeighinError: if it is no Keras 2 model, or has Lambda layers, whose code would be stored
            and run when read.
    """
    check_keras(model)
    for layer in model.submodules:
        if isinstance(layer, keras().layers.Lambda):
            raise WeighinError(
                f"Layer {layer.name!r} is a Lambda layer: its file would hold code that runs when "
                f"it is opened. Write it as a registered Layer class."
            )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path, save_format="h5", include_optimizer=False)
        return path.read_bytes()


def read(path: Path, *, quantized: bool = False) -> Any:
    """The Keras model in an .h5 file, not compiled.

    Args:
        path: the file.
        quantized: whether it may be wrapped for quantization-aware training.
    """
    scope = toolkit().quantization.keras.quantize_scope() if quantized else contextlib.nullcontext()
    with scope:
        return keras().models.load_model(path, compile=False)


def set_weights(model: Any, layers: Sequence[Sequence[Any]], source: str) -> None:
    """Give a model weights from elsewhere, layer by layer in their order.

    Args:
        model: has as many layers with weights, of the same shapes.
        layers: each layer's arrays.
        source: what they are called in messages.

    Raises:
        WeighinError: naming the first layer that they do not fit.
    """
    own = [layer for layer in model.layers if layer.weights]
    if len(own) != len(layers):
        raise WeighinError(
            f"{source} holds weights of {len(layers)} layers, {model.name!r} has {len(own)}."
        )
    for layer, arrays in zip(own, layers, strict=True):
        wanted = [tuple(weight.shape) for weight in layer.weights]
        given = [tuple(array.shape) for array in arrays]
        if wanted != given:
            raise WeighinError(f"{source}: layer {layer.name!r} takes {wanted}, not {given}.")
        layer.set_weights(list(arrays))


def settle(model: Any, images: Images) -> None:
    """Make a model that nobody trained answer with scores that differ, as a trained one does.

    Batch normalization gets the averages of `images`: as initialised (mean 0, variance 1) it leaves
    each layer's output smaller than the last, until integers cannot tell the scores of deep models
    from 0. Then the last kernel grows until the highest score is about a half: among 1,000 classes
    alike, an 8-bit score is 0 for all of them, and no check could tell a right session from none.
    """
    layers = [each for each in model.layers if isinstance(each, keras().layers.BatchNormalization)]
    kept = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    model(images, training=True)
    for layer, momentum in zip(layers, kept, strict=True):
        layer.momentum = momentum
    kernel = next(w for w in reversed(model.trainable_weights) if len(w.shape) > 1)
    for _ in range(40):
        if float(np.max(model(images, training=False))) >= 0.5:
            return
        kernel.assign(kernel * 1.5)


def predict(model: Any, images: Images) -> Scores:
    """A Keras model's scores `(n, classes)` for `images` `(n, height, width, channels)`."""
    parts = range(0, len(images), _PREDICTED)
    scores = [model.predict_on_batch(images[at : at + _PREDICTED]) for at in parts]
    return np.concatenate(scores).astype(np.float32, copy=False)


def batches(images: Images, labels: Labels, size: int, seed: int) -> Any:
    """Training batches as a `tf.data.Dataset`, in another order each epoch.

    tf.data's autotuning is off. Between its looks at the pipeline its thread sleeps for 10, 20,
    40 … ms, and an epoch does not end before such a pause does (TensorFlow 2.21): one of 2.7 s of
    arithmetic lasted 5.1 s, the sum of nine of them.

    Args:
        images: `(n, height, width, channels)`.
        labels: `(n,)`.
        size: images in a batch; the last has what is left.
        seed: of the order.
    """
    tf = tensorflow()
    with tf.device("CPU"):
        inputs, classes = tf.constant(images), tf.constant(labels)
    options = tf.data.Options()
    options.autotune.enabled = False
    order = tf.data.Dataset.range(len(images)).shuffle(len(images), seed).batch(size)
    taken = order.map(lambda chosen: (tf.gather(inputs, chosen), tf.gather(classes, chosen)))
    return taken.with_options(options)


def prunable_kernels(model: Any) -> list[tuple[Any, Any]]:
    """The weights that the toolkit prunes, each with its layer; none of a depthwise layer.

    Raises:
        WeighinError: if a layer that has kernels is unknown to the toolkit, or the model is not
            of Keras 2.
    """
    check_keras(model)
    toolkit()
    registry: Any = importlib.import_module(f"{_CORE}.sparsity.keras.prune_registry").PruneRegistry
    found: list[tuple[Any, Any]] = []
    for layer in model.layers:
        if isinstance(layer, keras().Model):
            found += prunable_kernels(layer)
        elif registry.supports(layer):
            weights = registry.make_prunable(layer).get_prunable_weights()
            found += [(layer, weight) for weight in weights]
        elif any(len(weight.shape) > 1 for weight in layer.trainable_weights):
            raise WeighinError(
                f"Layer {layer.name!r} ({type(layer).__name__}) is not one that the optimization "
                f"toolkit prunes (its prune_registry)."
            )
    return found


def clustered(model: Any, clusters: int, init: str) -> Any:
    """The model wrapped for clustering; its zeros are kept.

    Args:
        model: a Keras model.
        clusters: how many values a kernel may have.
        init: a name in the toolkit's `CentroidInitialization`.

    Raises:
        WeighinError: if the model is not of Keras 2.
    """
    check_keras(model)
    api: Any = importlib.import_module(f"{_CORE}.clustering.keras.experimental.cluster")
    method = getattr(toolkit().clustering.keras.CentroidInitialization, init)
    wrapped = api.cluster_weights(
        model,
        number_of_clusters=clusters,
        cluster_centroids_init=method,
        preserve_sparsity=_is_sparse(model),
    )
    for layer in wrapped.submodules:
        for algorithm in getattr(layer, "clustering_algorithms", {}).values():
            algorithm.get_pulling_indices = partial(_nearest, algorithm.cluster_centroids)
    return wrapped


def _nearest(centroids: Any, weights: Any) -> Any:
    """The index of each weight's nearest centroid, as the toolkit's `get_pulling_indices` finds it.

    That compares every weight with every centroid in every training step; looking between sorted
    centroids is several times faster.
    """
    tf = tensorflow()
    order = tf.argsort(centroids)
    ranked = tf.gather(centroids, order)
    middles = (ranked[1:] + ranked[:-1]) / 2
    found = tf.searchsorted(middles, tf.reshape(weights, [-1]))
    return tf.cast(tf.reshape(tf.gather(order, found), tf.shape(weights)), tf.int64)


def quantization_aware(model: Any) -> Any:
    """The model wrapped for quantization-aware training that keeps zeros and shared values.

    Raises:
        WeighinError: if the toolkit has no quantization for one of the layers, or the model is
            not of Keras 2.
    """
    check_keras(model)
    api = toolkit().quantization.keras
    collab = f"{_CORE}.quantization.keras.collab_opts"
    schemes = {
        "prune": f"{collab}.prune_preserve.default_8bit_prune_preserve_quantize_scheme",
        "cluster": f"{collab}.cluster_preserve.default_8bit_cluster_preserve_quantize_scheme",
    }
    try:
        annotated = api.quantize_annotate_model(model)
        if _is_clustered(model):
            scheme: Any = importlib.import_module(schemes["cluster"])
            chosen = scheme.Default8BitClusterPreserveQuantizeScheme(_is_sparse(model))
        elif _is_sparse(model):
            scheme = importlib.import_module(schemes["prune"])
            chosen = scheme.Default8BitPrunePreserveQuantizeScheme()
        else:
            return api.quantize_apply(annotated)
        return api.quantize_apply(annotated, chosen)
    except (ValueError, RuntimeError) as error:
        raise WeighinError(
            f"the toolkit cannot train this model quantization-aware: {error}"
        ) from error


def without_clusters(model: Any) -> Any:
    """A quantization-aware model without what its training kept of clusters."""
    utils: Any = importlib.import_module(
        f"{_CORE}.quantization.keras.collab_opts.cluster_preserve.cluster_utils"
    )
    return utils.strip_clustering_cqat(model)


def _is_sparse(model: Any) -> bool:
    """Whether a step has pruned: some kernel holds zeros."""
    return bool(zeros_kept(model))


def _is_clustered(model: Any) -> bool:
    """Whether a step has clustered: the largest kernel's weights, zeros aside, share values."""
    values = max((weight.numpy() for weight in model.trainable_weights), key=lambda w: w.size)
    values = values[values != 0]
    return bool(len(np.unique(values)) <= min(256, values.size // 4))


def masked(model: Any, masks: Sequence[tuple[Any, Any]]) -> Any:
    """A model of the same layers whose weights are multiplied by masks after every training step.

    The toolkit's wrappers do it in the forward pass and set a counter per layer and step from
    Python; inside the compiled training step it costs next to nothing.
    """
    if not masks:
        return model

    class Masked(keras().Model):  # type: ignore[misc]  # Keras has no types
        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            for weight, mask in masks:
                weight.assign(weight * mask)
            return logs

    return Masked(model.inputs, model.outputs)


def zeros_kept(model: Any) -> list[tuple[Any, Any]]:
    """Kernels that hold zeros, each with the mask that keeps them."""
    found = []
    for weight in model.trainable_weights:
        kept = weight.numpy() != 0
        if kept.ndim > 1 and not kept.all():
            found.append((weight, variable(kept.astype(np.float32))))
    return found


def variable(values: npt.NDArray[np.float32]) -> Any:
    """A TensorFlow variable that training does not change."""
    return tensorflow().Variable(values, trainable=False)


def check_finite(model: Any, after: str) -> None:
    """Refuse a model with NaN or infinite weights.

    Raises:
        WeighinError: naming the weight.
    """
    for weight in model.weights:
        if not np.isfinite(weight.numpy()).all():
            raise WeighinError(
                f"After {after}, weight {weight.name!r} is not finite: training diverged. "
                f"Lower the recipe's learning rate."
            )


def converter(model: Any) -> Any:
    """A TensorFlow Lite converter for a Keras 2 model.

    Raises:
        WeighinError: if it is another one.
    """
    check_keras(model)
    return tensorflow().lite.TFLiteConverter.from_keras_model(model)


def answering(model: Any, device: str) -> Callable[[Any], Any]:
    """A model compiled into one graph, as a function from images to scores on a device."""
    tf = tensorflow()
    images_like = tf.TensorSpec(model.input_shape, tf.float32)
    graph = tf.function(lambda images: model(images, training=False), input_signature=[images_like])

    def answer(images: Any) -> Any:
        with tf.device(device):
            return graph(images)

    return answer


def set_threads(threads: int) -> None:
    """Let each operation use so many threads.

    Raises:
        WeighinError: if TensorFlow already runs with another number, which is then fixed.
    """
    threading = tensorflow().config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        now = threading.get_intra_op_parallelism_threads()
        if now != threads:
            raise WeighinError(
                f"TensorFlow fixes its threads once per process (now {now}): measure {threads} "
                f"in a run of its own, --weighin-threads {threads}."
            ) from None


def gpu_count() -> int:
    """How many GPUs TensorFlow sees."""
    return len(tensorflow().config.list_physical_devices("GPU"))


def download(name: str, path: Path) -> None:
    """Let `keras.datasets` fetch a data set, and put its arrays into an .npz file at `path`."""
    module = getattr(keras().datasets, name)
    with contextlib.redirect_stdout(io.StringIO()):
        (x_train, y_train), (x_test, y_test) = module.load_data()
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def save_imagenet_weights(application: str, path: Path) -> None:
    """Let `keras.applications` fetch a model's ImageNet weights, and save them as an .h5 at `path`.

    EfficientNet with these weights divides by the root of each channel's standard deviation s once
    more, by an operation that the model without them lacks (its `EfficientNet` function says so).
    Normalization divides by the root of the variance s², so s³ in its place does both.
    """
    model = getattr(keras().applications, application)(weights="imagenet")
    for layer in model.layers:
        if isinstance(layer, keras().layers.Normalization):
            mean, variance, count = layer.get_weights()
            layer.set_weights([mean, variance**1.5, count])
    model.save_weights(path, save_format="h5")


def mel_cepstra(
    samples: Any, *, rate: int, window: int, step: int, bins: int, count: int
) -> npt.NDArray[np.float32]:
    """Mel-frequency cepstral coefficients, by tf.signal.

    Magnitudes of a Hann-windowed Fourier transform, `bins` mel bands from 20 Hz to half the rate,
    their logarithm (1e-6 added), and its discrete cosine transform.

    Args:
        samples: `(n, length)` float32 in [-1, 1].
        rate: samples per second.
        window: samples of a frame.
        step: samples from one frame to the next.
        bins: mel bands.
        count: how many coefficients are kept, the first ones.

    Returns:
        `(n, frames, count)`, the frames that lie wholly inside.
    """
    tf = tensorflow()
    made = []
    for at in range(0, len(samples), 100):  # spectra are many times as large as what is kept
        spectra = tf.abs(tf.signal.stft(samples[at : at + 100], window, step))
        bands = tf.signal.linear_to_mel_weight_matrix(bins, spectra.shape[-1], rate, 20.0, rate / 2)
        cepstra = tf.signal.mfccs_from_log_mel_spectrograms(tf.math.log(spectra @ bands + 1e-6))
        made.append(np.asarray(cepstra[..., :count], dtype=np.float32))
    return np.concatenate(made)


@contextlib.contextmanager
def _native_output_hidden() -> Iterator[None]:
    """Keep what native code writes to standard error off the screen, but show it on failure."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as hidden:
        kept = os.dup(2)
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except BaseException:
            hidden.seek(0)
            os.write(kept, hidden.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    if verb == "download":
        download(words[0], Path(words[1]))
    elif verb == "weights":
        save_imagenet_weights(words[0], Path(words[1]))
    elif verb == "mel_cepstra":
        orders = json.loads(words[2])
        np.save(words[1], mel_cepstra(np.load(words[0], allow_pickle=False), **orders))
    elif verb == "devices":
        found = tensorflow().config.list_physical_devices()
        print(", ".join(device.name.removeprefix("/physical_device:") for device in found))
