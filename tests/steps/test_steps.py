"""Each training step does what its name says, alone and after the others, in files it leads to."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from helpers.needing import need_tensorflow
from helpers.tiny import registrations_undone, write_project

from weighin import grammar, packages
from weighin.build import invariants
from weighin.build.cache import Cache
from weighin.build.jobs import Job, job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Artifact, Failure, Variant, WeighinError
from weighin.datasets.search import SearchPaths
from weighin.definitions import load_definitions
from weighin.formats.graph import Tensor
from weighin.formats.tflite import read_tflite
from weighin.searches.sparsities import layers_by_size

MODELS = '''"""A network with layers of every prunable kind, and one that some step cannot take."""

from weighin import Recipe, model

RECIPE = Recipe(
    "tiny",
    epochs=2,
    finetune_epochs=2,
    batch_size=8,
    learning_rate=0.01,
    decay="cosine",
    finetune_learning_rate=0.005,
    density={"first": 4, "last": 2},
)
STILL = Recipe("tiny", epochs=0, finetune_epochs=0)
BRIEF = Recipe("tiny", epochs=1, finetune_epochs=1, batch_size=1000, density={"third": 4})


@model(quick=RECIPE, still=STILL, brief=BRIEF)
def net(keras):
    """Convolutions, one of them depthwise, and dense layers on 6×6 images."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(8, 3, activation="relu", name="first"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.Conv2D(12, 1, activation="relu"),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(3, activation="softmax", name="last"),
        ]
    )


@model(quick=Recipe("tiny", epochs=1, finetune_epochs=1, batch_size=40, shift=1, mirror=True))
def odd(keras):
    """With a layer that quantization-aware training does not know."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Reshape((6, 6)),
            layers.Conv1D(4, 3),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
'''
LACKING = packages.missing("litert-quantizer")
SOUND = (
    "baseline",
    "finetune",
    "prune(0.75)",
    "prune(0.75,scope=global)",
    "prune(0.75,scope=recipe)",
    "prune(0.75,criterion=random)",
    "prune(0.75,except=dense:0.25|first)",
    "prune(0.75,except=conv2d:0.9)+cluster(4)+int8",
    "prune(0.5,pattern=2:4)",
    "prune(0.5,pattern=2:4)+int8",
    "prune(0.5,block=4x1)",
    "prune(0.5,block=4x1)+reorder(int8,scales=tensor,bias_bits=6)",
    *(["prune(0.5)+reorder(int4,fit=outputs,smallest=0,bias_bits=6)"] if not LACKING else []),
    "prune(0.75)+finetune",
    "prune(0.75)+finetune+int8",
    "cluster(4)",
    "cluster(4,init=kmeans)+int8",
    "prune(0.75)+cluster(4)",
    "qat+int8",
    "prune(0.75)+qat+int8",
    "cluster(4)+qat+int8",
    "prune(0.75)+cluster(4)+qat+int8",
    "channels(0.5)+prune(0.75)+cluster(4)+int8",
    "prune(0.75)+channels(0.5)",
)
BROKEN = ("qat", "cluster(4)+finetune")


def jobs_of(model: str, names: tuple[str, ...], profile: str = "quick") -> list[Job]:
    """The jobs of the variants' .tflite files."""
    return [job_for(model, profile, 0, grammar.parse(name), "tflite") for name in names]


@dataclass(frozen=True)
class Made:
    """What became of every job."""

    outcomes: Mapping[Job, Artifact | Failure]

    def artifact(self, name: str, model: str = "net", profile: str = "quick") -> Artifact:
        """A variant's .tflite file."""
        made = self.outcomes[jobs_of(model, (name,), profile)[0]]
        assert isinstance(made, Artifact), made
        return made

    def reason(self, name: str, model: str = "net", profile: str = "quick") -> str:
        """Why a variant could not be built."""
        made = self.outcomes[jobs_of(model, (name,), profile)[0]]
        assert isinstance(made, Failure), made
        return made.reason

    def kernels(self, name: str, **more: str) -> list[Tensor]:
        """The weights of a variant's prunable layers: first, middle, dense, last."""
        operators = read_tflite(self.artifact(name, **more).path).operators
        return [each.weights for each in operators if each.weights and "DEPTHWISE" not in each.name]

    def file_of(self, wanted: Variant) -> Path:
        """The file of another variant of the same model."""
        return self.artifact(wanted.name).path

    def breach(self, name: str) -> str:
        """What a variant's file is accused of under its own name."""
        with pytest.raises(WeighinError) as caught:
            invariants.check(self.artifact(name).path, grammar.parse(name), self.file_of)
        return str(caught.value)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Everything below, built in one call."""
    need_tensorflow()
    project = write_project(tmp_path_factory.mktemp("project"))
    (project / "models" / "net.py").write_text(MODELS, "utf-8")
    cache = tmp_path_factory.mktemp("cache")
    build_context = BuildContext(
        Cache(cache), SearchPaths(None, cache, True, ()), (project / "models",)
    )
    with registrations_undone():
        load_definitions([project / "models"])
        wanted = [
            *jobs_of("net", SOUND + BROKEN),
            *jobs_of("net", ("prune(0.75)", "cluster(4)", "qat+int8"), "still"),
            *jobs_of("net", ("prune(0.75)", "prune(0.75,scope=recipe)"), "brief"),
            *jobs_of("odd", ("prune(0.5)", "prune(0.5,except=dense_7)", "qat+int8")),
        ]
        yield Made(build(wanted, build_context))


def zeros(kernels: list[Tensor]) -> list[float]:
    """The share of zeros of each."""
    return [1 - kernel.nonzero / kernel.size for kernel in kernels]


@pytest.mark.parametrize("name", SOUND)
def test_sound_combinations_keep_all_their_promises(made: Made, name: str) -> None:
    """What is built is what its name says, by the claims of each of its words."""
    invariants.check(made.artifact(name).path, grammar.parse(name), made.file_of)


def test_pruning_each_layer_alike(made: Made) -> None:
    """By default each layer has the same share of zeros, and the depthwise one none."""
    assert [0.75] * 4 == pytest.approx(zeros(made.kernels("prune(0.75)")), abs=0.01)
    operators = read_tflite(made.artifact("prune(0.75)").path).operators
    (depthwise,) = [each.weights for each in operators if "DEPTHWISE" in each.name]
    assert depthwise is not None
    assert depthwise.size == depthwise.nonzero


def test_pruning_the_whole_model(made: Made) -> None:
    """Ranked together, layers have different shares of zeros that make up the one wanted."""
    kernels = made.kernels("prune(0.75,scope=global)")

    total = sum(kernel.nonzero for kernel in kernels) / sum(kernel.size for kernel in kernels)
    assert pytest.approx(0.25, abs=0.005) == total
    assert max(zeros(kernels)) - min(zeros(kernels)) > 0.05


def test_layers_have_sparsities_of_their_own(made: Made) -> None:
    """Those that are named; all others are as sparse as asked."""
    kernels = made.kernels("prune(0.75,except=dense:0.25|first)")
    both = made.kernels("prune(0.75,except=conv2d:0.9)+cluster(4)+int8")

    assert [0, 0.75, 0.25, 0.75] == pytest.approx(zeros(kernels), abs=0.01)
    assert 0.9 == pytest.approx(zeros(both)[1], abs=0.02)
    with pytest.raises(WeighinError, match=r"/dense/MatMul' has 768 zeros of"):
        invariants.check(
            made.artifact("prune(0.75,except=dense:0.25|first)").path,
            grammar.parse("prune(0.75,except=dense:0.5|first)"),
            made.file_of,
        )


def test_layers_are_found_by_the_names_that_exceptions_take(made: Made) -> None:
    """In a float file, the smallest kernels first."""
    path = made.artifact("baseline").path

    assert ["last", "first", "conv2d", "dense"] == layers_by_size(path)


def test_an_exception_that_names_no_layer_is_refused(made: Made) -> None:
    reason = made.reason("prune(0.5,except=dense_7)", model="odd")

    assert "except=dense_7 names no layer that is pruned. These are: conv1d, dense" in reason


def test_pruning_by_the_recipe(made: Made) -> None:
    """The named layers stay denser by the recipe's factors, the whole as sparse as wanted."""
    kernels = made.kernels("prune(0.75,scope=recipe)")
    first, *middle, last = [kernel.nonzero / kernel.size for kernel in kernels]

    total = sum(kernel.nonzero for kernel in kernels) / sum(kernel.size for kernel in kernels)
    assert pytest.approx(0.25, abs=0.005) == total
    assert pytest.approx([middle[0]] * 2, abs=0.01) == middle
    assert pytest.approx(4 * middle[0], abs=0.03) == first
    assert pytest.approx(2 * middle[0], abs=0.03) == last


def test_random_pruning_spares_no_large_weight(made: Made) -> None:
    """The control prunes as much, but not what is small: other weights than by magnitude."""
    chosen, drawn = (made.kernels(name) for name in ("prune(0.75)", "prune(0.75,criterion=random)"))

    assert zeros(chosen) == pytest.approx(zeros(drawn), abs=0.01)
    for one, other in zip(chosen, drawn, strict=True):
        assert ((one.values == 0) != (other.values == 0)).any()


def test_a_block_goes_as_a_whole(made: Made) -> None:
    """In a kernel of inputs × outputs, four inputs in a row are zero together."""
    *_, dense, _ = made.kernels("prune(0.5,block=4x1)")
    rows = dense.values.reshape(dense.shape)  # outputs × inputs, as .tflite files keep it

    runs = (rows == 0).reshape(dense.shape[0], -1, 4)
    assert (runs.all(axis=2) == runs.any(axis=2)).all()
    assert 0.5 == pytest.approx(zeros([dense])[0], abs=0.01)


def test_training_on_keeps_what_was_pruned(made: Made) -> None:
    """A finetune after prune changes weights, but makes no zero something else."""
    before, after = (made.kernels(name) for name in ("prune(0.75)", "prune(0.75)+finetune"))

    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.values == 0, other.values == 0)
    assert any((one.values != other.values).any() for one, other in zip(before, after, strict=True))


def test_clusters_share_values(made: Made) -> None:
    """A kernel has four values at most; after prune, zeros stay where they were."""
    assert max(kernel.unique for kernel in made.kernels("cluster(4)")) <= 4
    pruned, both = (made.kernels(name) for name in ("prune(0.75)", "prune(0.75)+cluster(4)"))

    for one, other in zip(pruned, both, strict=True):
        assert other.unique <= 5
        assert (other.values[one.values == 0] == 0).all()


def test_collaborative_training_keeps_zeros_and_clusters(made: Made) -> None:
    """PQAT keeps the zeros of prune, CQAT the values of cluster, PCQAT both, in int8 files."""
    plain = made.kernels("qat+int8")
    sparse = made.kernels("prune(0.75)+qat+int8")
    shared = made.kernels("cluster(4)+qat+int8")
    both = made.kernels("prune(0.75)+cluster(4)+qat+int8")

    assert max(zeros(plain)) < 0.2
    assert min(zeros(sparse)) > 0.74
    assert min(zeros(both)) > 0.74
    assert max(zeros(shared)) < 0.2
    for kernel in shared:
        channels = kernel.values.reshape(kernel.shape[0] if kernel.scales > 1 else 1, -1)
        assert max(len(np.unique(channel)) for channel in channels) <= 4


def test_what_a_later_step_undoes_is_told(made: Made) -> None:
    """A combination that breaks an earlier word's promise is refused by name."""
    assert "cluster(4): layer" in made.breach("cluster(4)+finetune")
    assert "different values" in made.breach("cluster(4)+finetune")
    assert "write qat+int8" in made.breach("qat")


def test_without_epochs_pruning_is_done_at_once(made: Made) -> None:
    """A recipe that trains nothing prunes the initial weights; other steps say that they train."""
    assert [0.75] * 4 == pytest.approx(
        zeros(made.kernels("prune(0.75)", profile="still")), abs=0.01
    )
    for name in ("cluster(4)", "qat+int8"):
        reason = made.reason(name, profile="still")
        assert f"{name.partition('(')[0].partition('+')[0]} works by training" in reason


def test_one_training_step_prunes_too(made: Made) -> None:
    """However short the training, the sparsity wanted is reached at its end."""
    assert [0.75] * 4 == pytest.approx(
        zeros(made.kernels("prune(0.75)", profile="brief")), abs=0.01
    )


def test_a_density_of_no_layer_is_refused(made: Made) -> None:
    """A recipe that names a layer which is not there, or none, is told by name."""
    reason = made.reason("prune(0.75,scope=recipe)", profile="brief")

    assert "the recipe's density names third" in reason
    assert "first, conv2d, dense, last" in reason


def test_a_layer_that_the_toolkit_cannot_train_is_a_reason(made: Made) -> None:
    """Quantization-aware training of an unknown layer fails by name, pruning goes on."""
    assert "quantization-aware" in made.reason("qat+int8", model="odd")
    assert "Conv1D" in made.reason("qat+int8", model="odd")
    pruned = made.artifact("prune(0.5)", model="odd").path
    invariants.check(pruned, grammar.parse("prune(0.5)"), made.file_of)
