"""What a step's training costs beside plain training of as many steps, measured in one process.

    python -m bench.training_cost [MODEL …]      two to four minutes for each of the quick suite's

Steps take turns, each beside `finetune`, so that a slow moment of the machine meets both. A step of
training is timed in the last epoch, when all is traced and compiled; what is left of the whole
(wrapping layers, tracing, compiling, choosing masks) is paid once, however long the training is.
Ends with 1 where a step of training costs more than its bound.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

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
# how many times as long as a plain step of training one may take
BOUNDS = {
    "prune(0.8)": 1.3,
    "prune(0.8,scope=global)": 1.3,
    "prune(0.5,pattern=2:4)": 1.3,
    "cluster(16)": 1.3,
    "qat": 1.5,
}
TURNS = 3


class Cost(NamedTuple):
    """Seconds of the processor that a training took: others' work on the machine does not count.

    Attributes:
        whole: with all that is done before and after.
        step: one step of training, once all is compiled.
        once: what does not depend on how many steps there are.
    """

    whole: float
    step: float
    once: float


class _Timed(Trainer):
    """A trainer that notes when epochs end."""

    def fit(self, model, callbacks=(), masks=None):
        ends = self.__dict__.setdefault("ends", [])
        ends.clear()
        noted = process.keras().callbacks.LambdaCallback(
            on_epoch_end=lambda *_: ends.append(time.process_time())
        )
        super().fit(model, [*callbacks, noted], masks)


def _cost(name, start, trainer):
    (call,) = grammar.parse(name).steps
    step = registry.steps[call.name]
    model = tf_keras.read(start)
    began = time.process_time()
    step(model, trainer, **grammar.arguments(call, step))
    whole = time.process_time() - began
    *_, before_last, last = trainer.ends
    of_step = (last - before_last) / trainer.steps_per_epoch
    return Cost(whole, of_step, whole - of_step * trainer.finetune_steps)


def _middle(costs):
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def _rows(name, folder):
    model = registry.models[name]
    recipe = model.recipe("quick")
    data = loading.load(recipe.dataset, SearchPaths.here(default_folder()))
    start = Path(folder) / f"{name}.h5"
    dense = Trainer(recipe, data, seed=0).dense_start(model)
    start.write_bytes(tf_keras.serialize(dense.model))
    trainer = _Timed(recipe, data.fed_to(dense.signature), seed=0)
    for step, bound in BOUNDS.items():
        _cost(step, start, trainer)  # what is loaded and set up once in a process
        pairs = [
            (_cost("finetune", start, trainer), _cost(step, start, trainer)) for _ in range(TURNS)
        ]
        plain, costs = map(_middle, zip(*pairs, strict=True))
        ratio = statistics.median(two.step / one.step for one, two in pairs)
        whole = statistics.median(two.whole / one.whole for one, two in pairs)
        yield [
            *(name, step, f"{1e3 * plain.step:.2f} ms", f"{1e3 * costs.step:.2f} ms"),
            *(f"{ratio:.2f}", bound, ratio <= bound),
            *(f"{plain.once:.1f} s", f"{costs.once:.1f} s", f"{whole:.2f}"),
        ]


def main() -> int:
    """Measure every step, print a table for each model; 1 where one is beyond its bound."""
    load_definitions([ROOT / "models"])
    process.make_deterministic(1)
    headers = ["model", "step", "a plain step", "its step", "ratio", "at most", "within"]
    headers += ["plain once", "once", "whole training"]
    all_within = True
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or MODELS:
            rows = list(_rows(name, folder))
            shown = [[*row[:6], "yes" if row[6] else "no", *row[7:]] for row in rows]
            print(tabulate(shown, headers, disable_numparse=True), flush=True)  # noqa: T201
            all_within &= all(row[6] for row in rows)
    return 0 if all_within else 1


if __name__ == "__main__":
    sys.exit(main())
