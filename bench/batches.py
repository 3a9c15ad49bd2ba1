"""What an open batch dimension changes in the files of reference models: operators and partitions.

    python -m bench.batches FILE [MODEL …]      all of keras.applications if none is named

Each model is built with random weights, which decide no graph, and converted to float32 and int8
with a batch of one and with an open one. A line is added to FILE for each model as it is done, and
models that it has are not built again; then the table is printed.
"""

import gc
import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from tabulate import tabulate

from weighin import registry
from weighin.definitions import default_definitions, load_definitions
from weighin.exports import float32, int8
from weighin.frameworks import process, tf_keras

ROOT = Path(__file__).resolve().parent.parent
EXPORTS = {"float32": float32.converter, "int8": int8.converter}


def _graph(content):
    """Operators, how many of them a delegate runs, and in how many partitions."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    names = [node["op_name"] for node in interpreter._get_ops_details()]
    partitions = names.count("DELEGATE")
    return {"operators": len(names) - partitions, "partitions": partitions, "bytes": len(content)}


def _measured(name):
    """The graphs of one model by export and batch."""
    tf_keras.start_afresh(0)
    model = registry.models[name].create(process.keras())
    images = np.random.default_rng(0).random((2, *model.input_shape[1:]), np.float32)
    calibration = dict.fromkeys(model.input_names, images)
    return {
        f"{export} {batch}": _graph(bytes(converter(model, calibration, batch).convert()))
        for export, converter in EXPORTS.items()
        for batch in ("one", "open")
    }


def _rows(lines):
    for line in lines:
        for export in EXPORTS:
            one, left_open = (line["graphs"][f"{export} {batch}"] for batch in ("one", "open"))
            same = all(one[field] == left_open[field] for field in ("operators", "partitions"))
            yield [
                line["model"],
                export,
                *(f"{graph['operators']} in {graph['partitions']}" for graph in (one, left_open)),
                left_open["bytes"] - one["bytes"],
                "" if same else "differs",
            ]


def main():
    """Build what is left, and print the table."""
    path, *names = sys.argv[1:]
    load_definitions(default_definitions(ROOT))
    names = names or [
        name
        for name in registry.models
        if Path(registry.models[name].create.__code__.co_filename).stem == "applications"
    ]
    lines = (
        [json.loads(line) for line in Path(path).read_text().splitlines()]
        if Path(path).exists()
        else []
    )
    for name in names:
        if name not in {line["model"] for line in lines}:
            lines.append({"model": name, "graphs": _measured(name)})
            with Path(path).open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
            gc.collect()
    headers = ["model", "export", "one: operators in partitions", "open", "bytes more", ""]
    sys.stdout.write(tabulate(_rows(lines), headers) + "\n")


if __name__ == "__main__":
    main()
