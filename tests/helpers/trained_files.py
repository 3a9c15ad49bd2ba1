"""Trained files of every kind, made by the real Keras of each: for tests of what is brought."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from helpers.tiny import tiny_arrays

# Writes into the folder in `argv[1]`: a file for each model, `answers.npz` of what each answers to
# the test images in `pixels.npz` there. Each is taught by solving for its last layer at once. What
# is of Keras 3 is left out where there is none.
MAKER = """
import sys
from pathlib import Path
import numpy as np
from weighin.frameworks import keras3, process, versions

folder = Path(sys.argv[1])
data = np.load(folder / "pixels.npz")
given, images = (data[at].reshape(-1, 6, 6, 1).astype("float32") for at in ("x_train", "x_test"))
two, three = process.keras(), None if versions.why_no_keras_3() else keras3.module()
answers = {}
for keras in filter(None, (two, three)):
    keras.utils.set_random_seed(1)

def keep(name, model):
    idle = ("InputLayer", "RandomFlip")
    *layers, scores = (each for each in model.layers if type(each).__name__ not in idle)
    generator, values = np.random.default_rng(5), given
    for layer in layers:
        if type(layer).__name__ == "BatchNormalization":  # as if it had been trained
            more = [generator.uniform(0.1, 0.5, w.shape) for w in layer.get_weights()]
            layer.set_weights([a + b for a, b in zip(layer.get_weights(), more)])
        values = layer(values)
    rows = np.concatenate([values, np.ones((len(values), 1))], axis=1)
    wanted = np.eye(3)[data["y_train"]] * 8 - 4
    solved = np.linalg.solve(rows.T @ rows + np.eye(rows.shape[1]) / 10, rows.T @ wanted)
    scores.set_weights([solved[:-1], solved[-1]])
    answers[name] = np.asarray(model(images, training=False))
    return model

def graph(keras, *odd, last="softmax"):
    layers = keras.layers
    image = layers.Input((6, 6, 1), name="image")
    x = layers.Rescaling(1 / 255, name="scaled")(image)
    x = layers.RandomFlip("horizontal", name="flip")(x)
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
        self.scaled, self.flat = two.layers.Rescaling(1 / 255), two.layers.Flatten()
        self.hidden, self.scores = two.layers.Dense(32, "relu"), two.layers.Dense(3, "softmax")

    def call(self, inputs):
        return self.scores(self.hidden(self.flat(self.scaled(inputs))))

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
written = Written()
written(images[:1])
keep("written", written)
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
import net2, net3, net_written, net_owned, net_acting
models = {"net2": net2.net(two)}
models |= {each.__name__: each.net(two) for each in (net_written, net_owned, net_acting)}
models["net_written"](images[:1])
for name, model in (models | ({"net3": net3.net()} if three else {})).items():
    keep(name, model).save_weights(folder / f"{name}.weights.h5")
np.savez(folder / "answers.npz", **answers)
"""
PROGRAMS = {
    "parts": '''"""What the functions beside this file share."""


def stacked(keras, *more):
    layers = keras.layers
    first = [layers.Input((6, 6, 1)), layers.Flatten(), layers.Dense(24, "relu")]
    return keras.Sequential([*first, *more, layers.Dense(3)])
''',
    "net2": '''"""Makes a model of Keras 2, which it is handed."""

import parts


def net(keras):
    return parts.stacked(keras)


def nothing():
    return 7
''',
    "net3": '''"""Makes a model of Keras 3."""

import parts


def net():
    import keras

    return parts.stacked(keras)
''',
    "net_written": '''"""Makes a model that is written as code."""


def net(keras):
    class Written(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat, self.scores = keras.layers.Flatten(), keras.layers.Dense(3)

        def call(self, inputs):
            return self.scores(self.flat(inputs))

    return Written()
''',
    "net_owned": '''"""Makes a model with a layer of somebody's own."""

import parts


def net(keras):
    class Doubling(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    return parts.stacked(keras, Doubling(name="doubling"))
''',
    "net_acting": '''"""Makes a model with an activation of somebody's own."""

import parts


def net(keras):
    def squared(inputs):
        return inputs * inputs / 1000

    return parts.stacked(keras, keras.layers.Dense(24, squared))
''',
}
"""Files beside the trained ones, whose functions make models for weights."""

# By the model's name: what is brought of it.
FILES = {
    **{name: f"{name}.keras" for name in ("moved", "odd", "differing", "old_keras")},
    **{"moved_h5": "moved_h5.h5", "old_h5": "old_h5.h5"},
    **{name: name for name in ("exported", "exported2", "old_folder", "written")},
    **{"code2": "code2.h5", "code3": "code3.keras"},
    **{f"net{name}": f"net{name}.py:net" for name in ("2", "3", "_written", "_owned", "_acting")},
}
MOVED = ("moved", "moved_h5", "net3")  # from Keras 3 to Keras 2
OF_KERAS_3 = (*MOVED, "odd", "differing", "exported", "code3")  # it has written these
KERAS_2 = ("old_h5", "old_keras", "old_folder", "net2")
DIRECT = (
    *("odd", "differing", "exported", "exported2", "written", "code2", "code3"),
    *("net_written", "net_owned", "net_acting"),
)
VARIANTS = {  # besides the baseline
    **dict.fromkeys(("moved", "odd", "old_h5", "written"), ("int8", "prune(0.5)")),
    **dict.fromkeys(("exported", "net_written"), ("int8",)),
}


def command(name: str) -> list[str]:
    """The words after `weighin` that weigh a model, in the folder of the files."""
    words = ["weigh", FILES[name], "--data", "pixels.npz"]
    words += ["--variants", ",".join(VARIANTS.get(name, ("baseline",)))]
    words += ["--trust"] if name.startswith("code") else []
    return words + (["--weights", f"{name}.weights.h5"] if name.startswith("net") else [])


def write_beside(folder: Path) -> None:
    """What the maker of the files needs: data, and functions."""
    np.savez(folder / "pixels.npz", **tiny_arrays(train=300))
    for name, program in PROGRAMS.items():
        (folder / f"{name}.py").write_text(program, "utf-8")
