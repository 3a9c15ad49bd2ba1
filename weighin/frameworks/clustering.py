"""Kernels that share a few values while they train: the toolkit's weight clustering, at less cost.

The arithmetic is that of the toolkit's `ClusterWeights`: each weight is replaced by its nearest
centroid; the gradient goes to the weight as it is (a straight-through estimator), and summed over
the weights of a centroid to that centroid. The toolkit does this in wrappers around layers, inside
of the forward pass. Here the layers stay as they are: a kernel holds its clustered values, what
they are drawn from stands beside it, and both meet once in each training step.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from weighin.core import WeighinError
from weighin.frameworks import fitting
from weighin.frameworks.guarding import layer_named
from weighin.frameworks.process import compiles, keras, tensorflow, toolkit
from weighin.frameworks.schemes import has_kernel, instead_of
from weighin.frameworks.tf_keras import check_keras

_CLUSTERING = "tensorflow_model_optimization.python.core.clustering.keras"
_DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")  # a kernel a channel: nothing to share
SUMS = 8  # of each centroid, added in turn: one alone would wait for itself at each weight
COUNTED = 32  # clusters up to which XLA's vectorized comparison with all is faster than halving


class Shared:
    """A kernel that holds no other values than its centroids.

    Attributes:
        kernel: the variable that the layer multiplies by; it is changed in place.
        original: of the kernel's shape; the weights of their own, each near its centroid.
        centroids: `(clusters,)`.
    """

    def __init__(self, kernel: Any, clusters: int, init: str, *, keeps_zeros: bool) -> None:
        """Spread the first centroids over a kernel's weights, and give it their values.

        Args:
            kernel: a trainable variable of Keras.
            clusters: how many values it may have.
            init: a name in the toolkit's `CentroidInitialization`.
            keeps_zeros: whether one centroid is zero, and what lies nearest to it stays zero.
        """
        tf = tensorflow()
        factory = importlib.import_module(f"{_CLUSTERING}.clustering_centroids")
        method = getattr(toolkit().clustering.keras.CentroidInitialization, init)
        spread: Any = factory.CentroidsInitializerFactory.get_centroid_initializer(method)
        centroids = spread(kernel, clusters, False, "channels_last", keeps_zeros)
        self.kernel = kernel
        self.original = tf.Variable(kernel, constraint=getattr(kernel, "constraint", None))
        self.centroids = tf.Variable(centroids.get_cluster_centroids())
        self._count = self.centroids.shape[0]
        self._places = tf.Variable(tf.zeros(kernel.shape, tf.int32), trainable=False)
        self._rank = tf.Variable(tf.zeros(self._count, tf.int32), trainable=False)
        self._kept = self._alive = None
        self.draw()
        if keeps_zeros:
            self._kept = fitting.variable((kernel.numpy() != 0).astype("float32"))
            zero = tf.argmin(tf.abs(self.centroids))
            self._alive = 1 - tf.one_hot(zero, self._count)

    def draw(self, *, counted: bool = False) -> None:
        """Give the kernel the values of its centroids, as both are now.

        Args:
            counted: whether a weight is compared with all centroids, which XLA alone does fast, or
                with every second one of those left.
        """
        tf = tensorflow()
        if self._alive is not None:
            self.centroids.assign(self.centroids * self._alive)
        rank, ranked = _ranked(self.centroids)
        weights = self.original if self._kept is None else self.original * self._kept
        middles = (ranked[1:] + ranked[:-1]) / 2
        places = (_counted if counted else _halved)(weights, middles)
        self._rank.assign(rank)
        self._places.assign(places + self._count * (tf.range(weights.shape[-1]) % SUMS))
        self.kernel.assign(tf.gather(ranked, places))

    def gradients(self, gradient: Any) -> list[tuple[Any, Any]]:
        """What the optimizer is to apply, each with its variable.

        Args:
            gradient: of the kernel that `draw` last gave; of a table also as rows and numbers.
        """
        tf = tensorflow()
        gradient = tf.convert_to_tensor(gradient)
        sums = tf.math.unsorted_segment_sum(gradient, self._places, SUMS * self._count)
        by_rank = tf.reduce_sum(tf.reshape(sums, [SUMS, self._count]), axis=0)
        return [(gradient, self.original), (tf.gather(by_rank, self._rank), self.centroids)]


def _ranked(centroids: Any) -> tuple[Any, Any]:
    """Each centroid's rank, and the centroids in order: XLA takes long to compile a sort."""
    tf = tensorflow()
    numbers = tf.range(centroids.shape[0])
    one, other = centroids[:, None], centroids[None, :]
    before = (other < one) | ((other == one) & (numbers[None, :] < numbers[:, None]))
    rank = tf.reduce_sum(tf.cast(before, tf.int32), axis=1)
    is_at = rank[None, :] == numbers[:, None]
    return rank, tf.reduce_sum(tf.where(is_at, other, tf.zeros_like(other)), axis=1)


def _counted(weights: Any, middles: Any) -> Any:
    """How many middles, in order, lie below each weight: the rank of its nearest centroid."""
    tf = tensorflow()
    if not middles.shape[0]:
        return tf.zeros(tf.shape(weights), tf.int32)
    # a power of two of them, which is what LLVM makes vectors of
    missing = 2 ** (middles.shape[0] - 1).bit_length() - middles.shape[0]
    middles = tf.concat([middles, tf.fill([missing], float("inf"))], axis=0)
    middles = tf.reshape(middles, [-1] + [1] * len(weights.shape))
    return tf.reduce_sum(tf.cast(weights[None] > middles, tf.int32), axis=0)


def _halved(weights: Any, middles: Any) -> Any:
    """The same by binary search."""
    tf = tensorflow()
    step = 2 ** middles.shape[0].bit_length() // 2
    missing = 2 * step - middles.shape[0]
    middles = tf.concat([middles, tf.fill([missing], float("inf"))], axis=0)
    places = tf.zeros(tf.shape(weights), tf.int32)
    while step:
        is_above = weights > tf.gather(middles, places + (step - 1))
        places += step * tf.cast(is_above, tf.int32)
        step //= 2
    return places


def clustered(model: Any, clusters: int, init: str) -> Any:
    """A model of the same layers that trains clustered: what it learns is in these layers.

    Its zeros are kept, where there are many. Layers without kernels have nothing to cluster.

    Args:
        model: a Keras model; its kernels are given the values of centroids at once.
        clusters: how many values a kernel may have.
        init: a name in the toolkit's `CentroidInitialization`.

    Raises:
        WeighinError: naming a layer whose kernel the toolkit does not cluster; if there is nothing
            to cluster, if so few clusters cannot keep zeros, or the model is not of Keras 2.
    """
    check_keras(model)
    kernels = clusterable_kernels(model)
    if not kernels:
        raise WeighinError(
            f"Nothing of model {model.name!r} can be clustered: the toolkit leaves depthwise "
            f"kernels alone, and no other layer multiplies by weights. Leave out cluster for this "
            f"model."
        )
    keeps_zeros = bool(fitting.zeros_kept(model))
    if keeps_zeros and clusters < 3:
        raise WeighinError(
            f"cluster({clusters}) of a pruned model leaves one value beside zero: "
            f"ask for 3 clusters or more."
        )
    with layer_named(model, "clustered"):
        shared = [Shared(kernel, clusters, init, keeps_zeros=keeps_zeros) for kernel in kernels]
    return _trained_together(model, shared, counted=compiles() and clusters <= COUNTED)


def clusterable_kernels(model: Any) -> list[Any]:
    """The weights that the toolkit clusters; none of a depthwise layer.

    Raises:
        WeighinError: naming a layer that has a kernel and is unknown to the toolkit.
    """
    toolkit()
    registry: Any = importlib.import_module(f"{_CLUSTERING}.clustering_registry")
    kernels: list[Any] = []
    for layer in model.layers:
        if isinstance(layer, keras().Model):
            kernels += clusterable_kernels(layer)
            continue
        if not has_kernel(layer) or type(layer).__name__ in _DEPTHWISE:
            continue
        if not registry.ClusteringRegistry.supports(layer):
            raise WeighinError(
                f"Layer {layer.name!r} ({type(layer).__name__}) is not one that the optimization "
                f"toolkit clusters (its clustering_registry): its kernel would keep all its "
                f"values. Replace the layer, or leave out cluster for this model."
                f"{instead_of(layer)}"
            )
        with layer_named(model, "clustered"):
            named = registry.ClusteringRegistry.make_clusterable(layer).get_clusterable_weights()
        kernels += [weight for _, weight in named]
    return kernels


def _trained_together(model: Any, shared: Sequence[Shared], *, counted: bool) -> Any:
    tf = tensorflow()
    by_kernel = {id(one.kernel): one for one in shared}

    def draw_all() -> None:
        for one in shared:
            one.draw(counted=counted)

    # as one program XLA makes a single pass over each kernel's weights, of which operations one
    # by one would take some twenty
    draw_compiled = tf.function(draw_all, autograph=False, jit_compile=compiles())

    others = [weight for weight in model.trainable_variables if id(weight) not in by_kernel]

    class Clustered(keras().Model):  # type: ignore[misc]  # Keras has no types
        @property
        def optimized(self) -> list[Any]:
            return [*others, *(v for one in shared for v in (one.original, one.centroids))]

        @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
        def train_step(self, data: Any) -> Any:
            inputs, wanted, shares = keras().utils.unpack_x_y_sample_weight(data)
            with tf.GradientTape() as tape:
                answers = self(inputs, training=True)
                loss = self.compute_loss(inputs, wanted, answers, shares)
            variables = self.trainable_variables
            applied = []
            for gradient, variable in zip(tape.gradient(loss, variables), variables, strict=True):
                one = by_kernel.get(id(variable))
                if one is None or gradient is None:
                    applied.append((gradient, variable))
                else:
                    applied += one.gradients(gradient)
            self.optimizer.apply_gradients(applied)
            draw_compiled()
            return self.compute_metrics(inputs, wanted, answers, shares)

    return Clustered(model.inputs, model.outputs)
