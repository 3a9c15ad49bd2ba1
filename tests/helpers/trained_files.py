"""Trained files of every kind, made by the real Keras of each: for tests of what is brought."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from weighin.build.brought import BroughtModel
from weighin.core import Recipe
from weighin.formats.model_file import model_file

# Writes into the folder in `argv[1]`: a file for each model, `answers.npz` of what each answers to
# the test images in `tiny.npz` there, and nets.py, whose functions make models for weights. What is
# of Keras 3 is left out where there is none.
MAKER = """
import sys
from pathlib import Path
import numpy as np
from weighin.frameworks import keras3, process, versions

folder = Path(sys.argv[1])
images = np.load(folder / "tiny.npz")["x_test"].reshape(-1, 6, 6, 1).astype("float32")
two, three = process.keras(), None if versions.why_no_keras_3() else keras3.module()
answers = {}
for keras in filter(None, (two, three)):
    keras.utils.set_random_seed(1)

def keep(name, model):
    generator = np.random.default_rng(5)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":  # as if it had been trained
            more = [generator.uniform(0.1, 0.5, w.shape) for w in layer.get_weights()]
            layer.set_weights([a + b for a, b in zip(layer.get_weights(), more)])
    answers[name] = np.asarray(model(images, training=False))
    return model

def graph(keras, *odd, last="softmax"):
    layers = keras.layers
    image = layers.Input((6, 6, 1), name="image")
    x = layers.RandomFlip(name="flip")(layers.Rescaling(1 / 255, name="scaled")(image))
    x = layers.Conv2D(8, 3, use_bias=False, name="conv")(x)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(name="normal")(x))
    x = layers.Flatten(name="flat")(x)
    for layer in odd:
        x = layer(x)
    return keras.Model(image, layers.Dense(3, last, name="scores")(x), name="net")

def plain(keras):
    layers = keras.layers
    return keras.Sequential([layers.Input((6, 6, 1)), layers.Rescaling(1 / 255), layers.Flatten(),
                             layers.Dense(32, "relu"), layers.Dense(3, "softmax")])

class Written(two.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.hidden = two.layers.Flatten(), two.layers.Dense(32, "relu")
        self.scores = two.layers.Dense(3, "softmax")

    def call(self, inputs):
        return self.scores(self.hidden(self.flat(inputs / 255.0)))

def of_keras_3():
    model = keep("moved", graph(three, last=None))
    model.compile(three.optimizers.SGD(0.02), three.losses.SparseCategoricalCrossentropy(True))
    model.save(folder / "moved.keras")
    model.save(folder / "moved_h5.h5")
    answers["moved_h5"] = answers["moved"]
    layers = three.layers
    keep("odd", graph(three, layers.RMSNormalization(name="rms"))).save(folder / "odd.keras")
    differing = layers.Dense(8, "hard_sigmoid", name="hard")
    keep("differing", graph(three, differing)).save(folder / "differing.keras")
    keep("exported", plain(three)).export(folder / "exported", verbose=False)
    random = layers.RandomFlip(), layers.BatchNormalization()
    training = [layers.Input((6, 6, 1)), *random, layers.Flatten(), layers.Dense(3)]
    three.Sequential(training).export(folder / "training", verbose=False)

    @three.saving.register_keras_serializable("mine")
    class Own(layers.Layer):
        def call(self, inputs):
            return inputs * 3

    graph(three, Own(name="own")).save(folder / "own.keras")

if three:
    of_keras_3()
old = keep("old", plain(two))
old.compile("adam", "sparse_categorical_crossentropy")
old.fit(images[:8], np.arange(8) % 3, verbose=0)
answers["old"] = old(images).numpy()
for name in ("old_h5.h5", "old_keras.keras", "old_folder"):
    old.save(folder / name)
    answers[name.partition(".")[0]] = answers["old"]
keep("exported2", plain(two)).export(str(folder / "exported2"))
written = keep("written", Written())
written.save(folder / "written")
for number, keras in ((2, two), *([(3, three)] if three else ())):
    ran = folder / f"ran{number}"
    run = eval(f"lambda x: (open({str(ran)!r}, 'w').close(), x * 2)[1]")
    code = keep(f"code{number}", graph(keras, keras.layers.Lambda(run, name="code",
                **({"output_shape": (128,)} if number == 3 else {}))))
    code.save(folder / f"code{number}.h5")
    code.save(folder / f"code{number}.keras")
    ran.unlink(missing_ok=True)

sys.path.insert(0, str(folder))
import nets
given = {"net2": nets.two(two)}
given |= {f"net_{name}": getattr(nets, name)(two) for name in ("written", "owned", "acting")}
given["net_written"](images[:1])
for name, model in (given | ({"net3": nets.three()} if three else {})).items():
    keep(name, model).save_weights(folder / f"{name}.weights.h5")
np.savez(folder / "answers.npz", **answers)
"""

NETS = '''"""Functions that make models for weights that lie beside them."""

import parts


def two(keras):
    return parts.stacked(keras)


def three():
    import keras

    return parts.stacked(keras)


def written(keras):
    class Written(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat, self.scores = keras.layers.Flatten(), keras.layers.Dense(3)

        def call(self, inputs):
            return self.scores(self.flat(inputs / 255.0))

    return Written()


def owned(keras):
    class Doubling(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    return parts.stacked(keras, Doubling(name="doubling"))


def acting(keras):
    def squared(inputs):
        return inputs * inputs

    return parts.stacked(keras, keras.layers.Dense(24, squared))


def nothing():
    return 7
'''
PARTS = '''"""What the functions beside this file share."""


def stacked(keras, *more):
    layers = keras.layers
    first = [layers.Input((6, 6, 1)), layers.Flatten(), layers.Dense(24, "relu")]
    return keras.Sequential([*first, *more, layers.Dense(3)])
'''
DATA = '''"""The data set of the tiny images, as they are stored."""

from pathlib import Path

from weighin import npz_dataset

npz_dataset("pixels", Path(__file__).parents[1] / "tiny.npz", classes=3)
'''

# By the model's name: what is brought of it.
FILES = {
    **{name: f"{name}.keras" for name in ("moved", "odd", "differing", "old_keras")},
    **{"moved_h5": "moved_h5.h5", "old_h5": "old_h5.h5"},
    **{name: name for name in ("exported", "exported2", "old_folder", "written")},
    **{"code2": "code2.h5", "code3": "code3.keras"},
    **{f"net{name}": "nets.py" for name in ("2", "3", "_written", "_owned", "_acting")},
}
MOVED = ("moved", "moved_h5", "net3")  # from Keras 3 to Keras 2
OF_KERAS_3 = (*MOVED, "odd", "differing", "exported", "code3")  # it has written these
KERAS_2 = ("old_h5", "old_keras", "old_folder", "net2")
DIRECT = (
    *("odd", "differing", "exported", "exported2", "written", "code2", "code3"),
    *("net_written", "net_owned", "net_acting"),
)


def brought(folder: Path, name: str) -> BroughtModel:
    """One of the models, as a command would register it."""
    function = name.replace("net_", "").replace("net2", "two").replace("net3", "three")
    of_function = {"function": function, "weights": folder / f"{name}.weights.h5"}
    source = model_file(
        folder / FILES[name],
        name=name,
        trust=name.startswith("code"),
        **(of_function if name.startswith("net") else {}),
    )
    recipe = Recipe("pixels", epochs=0, finetune_epochs=1, batch_size=20, learning_rate=0.01)
    return BroughtModel(source, recipe)


def write_beside(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """What the maker of the files needs, and definitions of their data."""
    np.savez(folder / "tiny.npz", **arrays)
    (folder / "nets.py").write_text(NETS, "utf-8")
    (folder / "parts.py").write_text(PARTS, "utf-8")
    (folder / "models").mkdir()
    (folder / "models" / "data.py").write_text(DATA, "utf-8")
