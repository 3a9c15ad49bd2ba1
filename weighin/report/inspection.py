"""What a model file holds, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weighin.core import WeighinError
from weighin.formats import known
from weighin.formats.graph import Graph, Operator, Subgraph, Tensor
from weighin.formats.keras import KerasFile
from weighin.report import units
from weighin.report.layout import Section, one_line
from weighin.report.terminal import GAP, Terminal, wrapped, written
from weighin.subprocesses import SubprocessError, limit_memory, run_module

PATIENCE = 120  # seconds that reading one file may take
SPARE, TIMES = 2**31, 4  # bytes that it may take in memory, and of its size so many times as much
_TABLES = ("subgraphs", "layers")
_OPTIONAL = ("scales", "unique", "sparse", "runs")  # columns that a narrow terminal leaves out
_AT_LEAST = "_at_least"  # of the names of counts that are lower bounds


def inspect(path: Path) -> dict[str, Any]:
    """Totals and layers of a .tflite, .onnx, .keras or .h5 file.

    Raises:
        WeighinError: if it is none of these, or damaged.
    """
    format = known.of_file(path)
    if format is None:
        there_are = ", ".join(known.endings())
        raise WeighinError(f"{path} is none of the files that are read here: {there_are}.")
    held = format.read(path)
    if format.has_graph:
        return {"format": format.name, **_graph(held, path.stat().st_size)}
    return _keras(held)


def inspect_in_subprocess(path: Path) -> dict[str, Any]:
    """`inspect` in a process of its own: a damaged .h5 can crash or hang the HDF5 library.

    Raises:
        WeighinError: as `inspect`, and if that process crashes or does not end.
    """
    try:
        printed = run_module("weighin.report.inspection", str(path.resolve()), seconds=PATIENCE)
    except SubprocessError as error:
        if error.of_itself:
            raise WeighinError(str(error)) from None
        raise WeighinError(f"{path} is damaged: reading it {error}.") from None
    facts: dict[str, Any] = json.loads(printed)
    return facts


def render(facts: dict[str, Any], as_json: bool, terminal: Terminal | None = None) -> str:
    """The facts that `inspect` gives, for people, fitted to a terminal if given; or as JSON."""
    if as_json:
        return json.dumps(facts, indent=1)
    totals = [_row(key, value) for key, value in facts.items() if key not in _TABLES]
    tables = [_section(facts[name]) for name in _TABLES if facts.get(name)]
    return "\n\n".join(["\n".join(_totals(totals, terminal)), written(tables, "text", terminal)])


def _totals(totals: Sequence[tuple[str, str]], terminal: Terminal | None) -> list[str]:
    """Lines of a name and a value, which is folded below itself where it is too long."""
    indent = max(len(name) for name, _ in totals) + GAP
    lines = [f"{name:<{indent}}{value}" for name, value in totals]
    if terminal is None or terminal.width is None:
        return lines
    return [wrapped(line, terminal.width, " " * indent) for line in lines]


def _section(entries: Sequence[dict[str, Any]]) -> Section:
    """A table of entries, a column for every key that one of them has."""
    rows = [dict(_row(key, value) for key, value in entry.items()) for entry in entries]
    headers = list(dict.fromkeys(header for row in rows for header in row))
    cells = [[row.get(header, "") for header in headers] for row in rows]
    return Section("", headers, cells, optional=_OPTIONAL)


def _graph(graph: Graph, size: int) -> dict[str, Any]:
    whole = not graph.uncounted
    facts: dict[str, Any] = {
        "bytes": size,
        "parameters": graph.parameters,
        "nonzero_parameters": graph.nonzero_parameters,
        **_count("macs", graph.macs, whole=whole),
        **_count("effective_macs", graph.effective_macs, whole=whole),
    }
    if graph.uncounted:
        facts["not_counted"] = list(graph.uncounted)
    facts["inputs"] = [_tensor(graph, number) for number in graph.inputs]
    facts["outputs"] = [_tensor(graph, number) for number in graph.outputs]
    if any(subgraph.signatures for subgraph in graph.subgraphs):
        facts["signatures"] = [key for subgraph in graph.subgraphs for key in subgraph.signatures]
    if len(graph.subgraphs) > 1:
        facts["subgraphs"] = [
            _subgraph(graph, number, subgraph) for number, subgraph in enumerate(graph.subgraphs)
        ]
    return facts | {"layers": [_operator(graph, operator) for operator in graph.operators]}


def _count(name: str, count: int, *, whole: bool) -> dict[str, int]:
    """A count by its name, which says so if it is a lower bound: no one may take it for all."""
    return {name if whole else f"{name}{_AT_LEAST}": count}


def _tensor(graph: Graph, number: int) -> str:
    if number < 0:
        return "none"
    tensor = graph.tensors[number]
    return f"{tensor.dtype} {tensor.dimensions}"


def _subgraph(graph: Graph, number: int, subgraph: Subgraph) -> dict[str, Any]:
    return {
        "subgraph": number,
        "name": subgraph.name,
        "signatures": ", ".join(subgraph.signatures),
        "inputs": ", ".join(_tensor(graph, number) for number in subgraph.inputs),
        "outputs": ", ".join(_tensor(graph, number) for number in subgraph.outputs),
        **_count("macs", subgraph.macs, whole=subgraph.whole),
    }


def _operator(graph: Graph, operator: Operator) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "operator": operator.name,
        "output": ", ".join(_tensor(graph, number) for number in operator.outputs),
    }
    if len(graph.subgraphs) > 1:
        facts |= {"subgraph": operator.subgraph, "runs": operator.calls}
    kernels = operator.kernels or ((operator.table,) if operator.table else ())
    if kernels:
        size = sum(kernel.size for kernel in kernels)
        facts |= {
            "weights": ", ".join(dict.fromkeys(kernel.dtype for kernel in kernels)),
            "shape": _shapes(kernels),
            "zeros": 1 - sum(kernel.nonzero for kernel in kernels) / size if size else 0.0,
            "unique": max(kernel.unique for kernel in kernels),
            "scales": max(kernel.scales for kernel in kernels),
            "sparse": any(kernel.sparse for kernel in kernels),
        }
    if operator.products or operator.uncounted:
        facts |= _count("macs", operator.macs, whole=not operator.uncounted)
    return facts


def _shapes(kernels: Sequence[Tensor]) -> str:
    """Shapes of an operator's weights, those of a kind together: `4 of 16×8, 4 of 16×16`."""
    counts = Counter(kernel.dimensions for kernel in kernels)
    if len(kernels) == 1:
        return kernels[0].dimensions
    return ", ".join(f"{count} of {shape}" for shape, count in counts.items())


def _keras(file: KerasFile) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "format": "keras",
        "bytes": file.bytes,
        "optimizer_bytes": file.optimizer_bytes,
        "bytes_without_optimizer": file.bytes - file.optimizer_bytes,
        "parameters": file.parameters,
        "nonzero_parameters": file.nonzero_parameters,
        "kinds_of_layers": [f"{name}: {kind}" for name, kind in file.layers],
    }
    if file.wrapped:
        facts["still_wrapped_for_training"] = file.wrapped
    if file.lambdas:
        facts["layers_that_hold_code"] = file.lambdas
    facts["layers"] = [
        {
            "weights": weight.name,
            "dtype": str(weight.values.dtype),
            "shape": "×".join(map(str, weight.values.shape)),
            "zeros": weight.zeros / weight.values.size if weight.values.size else 0.0,
            "unique": weight.unique,
        }
        for weight in file.weights
    ]
    return facts


def _row(key: str, value: Any) -> tuple[str, str]:
    """What a fact is called and how it is shown."""
    if key.endswith(_AT_LEAST):
        return key.removesuffix(_AT_LEAST).replace("_", " "), f"at least {value:,}"
    return key.replace("_", " "), _shown(key, value)


def _shown(key: str, value: Any) -> str:
    if isinstance(value, list):
        return one_line(", ".join(map(str, value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key == "zeros":
        return units.percent(value)
    if "bytes" in key:
        return f"{value:,} B"
    return f"{value:,}" if isinstance(value, int) else one_line(str(value))


if __name__ == "__main__":
    try:
        inspected = Path(sys.argv[1])
        limit_memory(SPARE + TIMES * (inspected.stat().st_size if inspected.exists() else 0))
        sys.stdout.write(json.dumps(inspect(inspected)))
    except WeighinError as error:
        sys.exit(str(error))
