"""The variants of `tiny_cnn` whose exports are looked at, and the program that builds them."""

from __future__ import annotations

from collections.abc import Callable

from weighin.core import Artifact

PRUNED = "prune(0.8)"
SPARSE = ("float32", "float16", "dynamic", "int8")
COMPACT = ("float32", "float16", "dynamic", "int8", "int16x8")
REORDERED = ("dynamic", "int8", "int16x8")
NAMES = [
    "int16x8",
    f"{PRUNED}+int16x8",
    "int8(scales=tensor)",
    "dynamic(scales=tensor)",
    "compact(int8,scales=tensor)",
    "compact(int8)",
    *(f"{PRUNED}+{name}" for name in SPARSE),
    *(f"{PRUNED}+sparse(export={name})" for name in SPARSE),
    *(f"{PRUNED}+compact({name})" for name in COMPACT),
    *(f"{PRUNED}+reorder({name},tries=8)" for name in REORDERED),
]
MIXED = "litert(static_wi8_ai8,except=conv2d|dense:int16)"
INT4 = [
    "int4",
    f"{PRUNED}+int4",
    "int4(compute=float,smallest=0)",
    "int4(scales=tensor,smallest=0)",
    "compact(int4)",
    *("litert(dynamic_wi8_afp32)", "litert(weight_only_wi8_afp32)", "litert(static_wi8_ai8)"),
    f"{PRUNED}+litert(dynamic_wi8_afp32,algorithm=mse)",
    MIXED,
]


BUILD = """
import json, sys
from pathlib import Path
from weighin import grammar
from weighin.build.cache import Cache
from weighin.build.jobs import job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Artifact
from weighin.datasets.search import SearchPaths
from weighin.definitions import default_definitions, load_definitions

project, cache = map(Path, sys.argv[1:3])
definitions = default_definitions(project)
load_definitions(definitions)
build_context = BuildContext(Cache(cache), SearchPaths.here(cache), tuple(definitions))
jobs = {name: job_for("tiny_cnn", "quick", 0, grammar.parse(name), "tflite")
        for name in sys.argv[3:]}
outcomes = build(jobs.values(), build_context)
built = {name: outcomes[job] for name, job in jobs.items()}
print(json.dumps({name: made.key if isinstance(made, Artifact) else made.reason
                  for name, made in built.items()}))
"""

Made = Callable[[str], Artifact]
