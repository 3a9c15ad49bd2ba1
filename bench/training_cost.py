"""What a step's training costs beside plain training of as many steps, measured in one process.

    python -m bench.training_cost [MODEL …]      a minute for each of the quick suite's models

Steps take turns, each beside `finetune`, so that a slow moment of the machine meets both.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from weighin import grammar, registry
from weighin.build.cache import default_folder
from weighin.datasets import loading
from weighin.datasets.search import SearchPaths
from weighin.definitions import load_definitions
from weighin.frameworks import process, tf_keras
from weighin.frameworks.training import Trainer

ROOT = Path(__file__).resolve().parent.parent
MODELS = ("lenet_300_100", "mnist_cnn", "lenet5")
STEPS = ("prune(0.8)", "prune(0.8,scope=global)", "prune(0.5,pattern=2:4)", "cluster(16)", "qat")
BOUND = 1.3
TURNS = 3


def _seconds(name, start, trainer):
    (call,) = grammar.parse(name).steps
    step = registry.steps[call.name]
    model = tf_keras.read(start)
    began = time.perf_counter()
    step(model, trainer, **grammar.arguments(call, step))
    return time.perf_counter() - began


def _rows(name, folder):
    model = registry.models[name]
    recipe = model.recipe("quick")
    data = loading.load(recipe.dataset, SearchPaths.here(default_folder()))
    trainer = Trainer(recipe, data, seed=0)
    start = Path(folder) / f"{name}.h5"
    start.write_bytes(tf_keras.serialize(trainer.dense_start(model).model))
    _seconds("finetune", start, trainer)
    for step in STEPS:
        pairs = [
            (_seconds("finetune", start, trainer), _seconds(step, start, trainer))
            for _ in range(TURNS)
        ]
        ratio = statistics.median(with_step / plain for plain, with_step in pairs)
        plain, with_step = (statistics.median(side) for side in zip(*pairs, strict=True))
        yield [name, step, f"{plain:.1f} s", f"{with_step:.1f} s", f"{ratio:.2f}", ratio <= BOUND]


def main():
    """Measure every step on every model, print a table."""
    load_definitions([ROOT / "models"])
    process.make_deterministic(1)
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for name in sys.argv[1:] or MODELS for row in _rows(name, folder)]
    for row in rows:
        row[-1] = "yes" if row[-1] else "no"
    headers = ["model", "step", "finetune", "step takes", "ratio", f"at most {BOUND}"]
    sys.stdout.write(tabulate(rows, headers) + "\n")


if __name__ == "__main__":
    main()
