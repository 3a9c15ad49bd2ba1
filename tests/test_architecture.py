"""Imports run one way, and TensorFlow is loaded only where it is needed."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest

import weighin

ROOT = Path(weighin.__file__).resolve().parent.parent

# The way of the data, as `ls weighin/` and CONTRIBUTING's picture have it. A folder, or a module
# beside them, may import from those above its own line and from nothing else; the modules of one
# folder may import each other.
LAYERS = [
    {"named"},
    {"core", "stats"},
    {"outcomes", "subprocesses"},
    {"conversation"},
    {"files", "registry"},
    {"formats"},
    {"grammar", "definitions"},
    {"datasets"},
    {"tasks"},
    {"weighin"},  # the package's __init__: the public names
    {"packages"},  # asks the package for its version
    {"targets"},
    {"cluster"},  # reaching workers of one, and what each is
    {"frameworks"},
    {"steps", "exports", "metrics"},
    {"build"},
    {"runtimes", "diagnostics"},
    {"measure"},
    {"devices"},
    {"layers"},
    {"bench"},
    {"records"},
    {"report"},
    {"publish"},
    {"job"},
    {"searches"},
    {"api", "pytest_plugin", "cli"},
    {"__main__"},
]
# What records are read and shown by must work where nothing can be built or run.
RECORDS_SIDE = {"records", "report", "publish"}
BUILD_SIDE = {"build", "frameworks", "measure", "steps", "exports", "runtimes", "metrics"}
# Those whose work is Keras models; nothing else needs a training framework.
FRAMEWORK_USERS = {"frameworks", "exports", "steps", "build", "runtimes"}
HEAVY = {"tensorflow", "tf_keras", "keras", "tensorflow_model_optimization"}
# What only this repository publishes, made of what all published pages are made of.
PAGES = ROOT / "bench" / "pages"
PAGES_USE = {"core", "report", "publish"}
# They measure the harness itself, so they are no examples for an outside user.
INSIDE_BENCH = {
    "batches.py",
    "coverage.py",
    "harness.py",
    "training_cost.py",
    "ladder.py",
    "report_page.py",
    "scale.py",
    "searches.py",
    "naive.py",
    "cluster.py",
}


def _modules():
    """Every module of the package by its dotted name."""
    files = sorted((ROOT / "weighin").rglob("*.py"))
    names = {}
    for file in files:
        parts = file.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


MODULES = _modules()


def _imports(file):
    """Dotted names that a file imports, anywhere in it, by statement or by `import_module`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if {PAGES, ROOT / "models"} & set(file.parents) and node.level == 1:
                continue  # a neighbour, which is looked at by itself
            assert node.level == 0, f"{file} has a relative import, which these tests cannot follow"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else node.module)
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__") and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    found.add(name.value)
    return found


def _own(file):
    """The modules of weighin among a file's imports."""
    return {name for name in _imports(file) if name.split(".")[0] == "weighin"}


def _unit(module):
    """What a module is called in `LAYERS`: `weighin.report.table` is part of `report`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


GRAPH = {name: _own(file) for name, file in MODULES.items()}


def _reachable(start):
    reached, left = set(), {start}
    while left:
        module = left.pop()
        reached.add(module)
        left |= GRAPH[module] - reached
    return reached


def _run(code, *arguments, cwd=ROOT, **environment):
    """Run Python code in a fresh process that can import weighin; what it prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_module_has_a_layer():
    """A new module is given its place in `LAYERS`, and no name there is out of date."""
    placed = [unit for layer in LAYERS for unit in layer]

    assert sorted({_unit(module) for module in MODULES}) == sorted(placed)


def test_the_picture_of_the_house_is_what_is_there():
    """CONTRIBUTING names every folder and module of weighin, once, in the order of imports."""
    picture = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("```")[1]
    inside = picture.partition("\nweighin/ ")[2].partition("\nbench/ ")[0].splitlines()[1:]
    named = [line[2:].split()[0] for line in inside if line[:2] == "  " and line[2] != " "]
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "weighin").iterdir()
        if path.name[:2] != "__" and path.suffix in ("", ".py")
    }
    rank = {unit: number for number, layer in enumerate(LAYERS) for unit in layer}
    ranks = [rank[name.removesuffix("/").removesuffix(".py")] for name in named]

    assert there == set(named)
    assert len(named) == len(there)
    assert sorted(ranks) == ranks


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module):
    """A module imports only from layers above its own, or from its own package."""
    unit = _unit(module)
    own = next(number for number, layer in enumerate(LAYERS) if unit in layer)
    allowed = {unit}.union(*LAYERS[:own])

    assert set() == {_unit(name) for name in GRAPH[module]} - allowed


def test_modules_import_each_other_in_no_circle():
    """No module of weighin reaches itself by imports, those inside functions included."""
    circles = {
        module
        for module, imported in GRAPH.items()
        if any(module in _reachable(name) for name in imported)
    }

    assert set() == circles


@pytest.mark.parametrize("module", [name for name in MODULES if _unit(name) in RECORDS_SIDE])
def test_records_are_read_and_shown_without_what_makes_them(module):
    """The store and the reports never reach what builds, runs or measures."""
    assert set() == {_unit(name) for name in _reachable(module)} & BUILD_SIDE


def test_only_frameworks_import_tensorflow():
    """No other file of weighin, bench or models imports TensorFlow, Keras or the toolkit."""
    folders = ("weighin", "bench", "models")
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    heavy = {
        file.relative_to(ROOT).as_posix()
        for file in files
        if HEAVY & {name.split(".")[0] for name in _imports(file)}
    }
    heavy -= {"bench/naive.py"}  # shows what is done without weighin

    assert heavy
    assert {"weighin/frameworks"} == {os.path.dirname(name) for name in heavy}  # noqa: PTH120


def test_frameworks_are_for_what_has_to_do_with_keras_models():
    """Metrics, data sets, inspection and all the rest never touch a training framework."""
    rules = "weighin.frameworks.versions"  # which versions go together: no framework is loaded
    users = {
        _unit(module)
        for module, imported in GRAPH.items()
        if any(_unit(name) == "frameworks" for name in imported - {rules})
    }

    assert FRAMEWORK_USERS == users


def test_weighin_imports_neither_bench_nor_models():
    """The harness knows nothing of the reference suite."""
    outside = {name.split(".")[0] for file in MODULES.values() for name in _imports(file)}

    assert set() == outside & {"bench", "models", "tests", "conftest"}


@pytest.mark.parametrize(
    "path",
    [
        path.relative_to(ROOT).as_posix()
        for folder in ("bench", "models")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name not in INSIDE_BENCH
    ],
)
def test_bench_and_models_use_what_an_outside_user_may(path):
    """Definitions and bench functions import public names, the nouns and the bench only.

    Pages import what pages are made of, too.
    """
    used = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            used |= {(node.module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            used |= {(alias.name, "") for alias in node.names}
    inside = {
        (module, name)
        for module, name in used
        if module.split(".")[0] == "weighin"
        and module not in ("weighin.core", "weighin.outcomes", "weighin.measure")
        and not module.startswith("weighin.bench.")
        and not (PAGES in (ROOT / path).parents and _unit(module) in PAGES_USE)
        and not (module == "weighin" and name in weighin.__all__)
    }

    assert set() == inside


def test_public_names_are_those_that_the_package_has():
    """Each name in `__all__` can be had, and nothing else of the package's own."""
    wanted = {name: getattr(weighin, name) for name in weighin.__all__}
    own = {
        name
        for name, item in vars(weighin).items()
        if not name.startswith("_") and getattr(item, "__module__", "").startswith("weighin")
    }

    assert list(wanted) == [item.__name__ for item in wanted.values()]
    assert own <= set(wanted)
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from weighin import nothing  # noqa: F401


def test_every_test_file_is_collected(pytestconfig):
    """No folder of tests has a name that pytest passes over, as it does `build` unless told."""
    passed_over = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for folder in path.relative_to(ROOT).parent.parts
        if any(fnmatch(folder, pattern) for pattern in pytestconfig.getini("norecursedirs"))
    ]

    assert [] == passed_over


def test_importing_loads_no_tensorflow():
    """Every module imports in a fresh process without TensorFlow or Keras."""
    code = (
        "import importlib, json, sys; "
        "_ = [importlib.import_module(name) for name in sys.argv[1:]]; "
        "print(json.dumps(list(sys.modules)))"
    )
    loaded = set(_run(code, *MODULES))

    assert set(MODULES) <= loaded
    assert set() == loaded & HEAVY


def test_importing_does_nothing(tmp_path):
    """Importing all of it registers no definitions and writes no file."""
    for name in ("here", "home"):
        (tmp_path / name).mkdir()
    models = tmp_path / "here" / "models"
    models.mkdir()
    (models / "loud.py").write_text("raise RuntimeError('definitions were loaded')\n")
    before = sorted(tmp_path.rglob("*"))
    code = (
        "import json, sys, weighin, weighin.cli, weighin.pytest_plugin; "
        "from weighin import registry; "
        "print(json.dumps([list(registry.models), list(registry.suites), "
        "[name for name in sys.modules if name.startswith('weighin_definitions')]]))"
    )
    folders = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home")}
    registered = _run(code, cwd=tmp_path / "here", **folders)

    assert [[], [], []] == registered
    assert before == sorted(tmp_path.rglob("*"))


def test_collecting_the_suite_loads_no_tensorflow(tmp_path):
    """`pytest bench/ --collect-only` finds its cells, and loads and writes nothing heavy."""
    code = (
        "import json, sys, pytest; "
        "code = pytest.main(sys.argv[1:]); "
        "print(); print(json.dumps([int(code), sorted(sys.modules)]))"
    )
    cache = tmp_path / "cache"
    code, loaded = _run(
        code,
        *("bench/", "--collect-only", "-q", "-p", "no:cacheprovider"),
        WEIGHIN_CACHE_DIR=str(cache),
    )

    assert 0 == code
    assert "weighin.runtimes.litert" in loaded
    assert any(name.startswith("weighin_definitions") for name in loaded)
    assert set() == set(loaded) & HEAVY
    assert not cache.exists()


@pytest.mark.parametrize("words", [["--help"], ["table", "--help"], ["sweep", "-h"], ["--version"]])
def test_help_loads_nothing_that_computes(words):
    """It prints at once: no NumPy, SciPy or LiteRT, and of weighin what names the options alone."""
    code = (
        "import json, sys; from weighin.cli import main; "
        "main(sys.argv[1:], standalone_mode=False); print(); print(json.dumps(list(sys.modules)))"
    )
    loaded = set(_run(code, *words))
    packages = {name.split(".")[0] for name in loaded}

    assert set() == packages & (HEAVY | {"numpy", "scipy", "ai_edge_litert", "tabulate", "h5py"})
    assert {"weighin", "weighin.cli", "weighin.report"} == {
        name.rpartition(".")[0] or name for name in loaded if name.split(".")[0] == "weighin"
    }


@pytest.mark.parametrize("verb", ["list", "table", "curve", "record"])
def test_looking_loads_no_tensorflow(verb, tmp_path):
    """`weighin list` and what shows records print what they know without TensorFlow."""
    results = tmp_path / "results.json"
    row = {"model": "m", "dataset": "d", "variant": "baseline", "seed": 0, "format": "tflite"}
    row |= {"runtime": "", "threads": 0, "metric": "file_bytes", "unit": "B", "status": "ok"}
    row |= {"value": 12_300}
    gzip = row | {"variant": "int8", "metric": "gzip_bytes"}
    content = {"schema": 1, "environment": {}, "records": [row, gzip]}
    results.write_text(json.dumps(content))
    code = (
        "import json, sys; from click.testing import CliRunner; from weighin.cli import main; "
        "result = CliRunner().invoke(main, sys.argv[1:]); "
        "print(json.dumps([result.exit_code, result.output, sorted(sys.modules)]))"
    )
    cache = {"WEIGHIN_CACHE_DIR": str(tmp_path / "cache"), "WEIGHIN_OFFLINE": "1"}
    arguments = [verb] if verb == "list" else [verb, str(results)]
    exit_code, output, loaded = _run(code, *arguments, **cache)

    assert 0 == exit_code
    assert ("keras-cpu" if verb == "list" else "12.3 kB") in output
    assert set() == set(loaded) & HEAVY


def test_no_two_test_files_have_one_name():
    """Pytest imports them by it: of two in different folders it collects neither's second."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))

    assert [] == [name for name, times in names.items() if times > 1]
