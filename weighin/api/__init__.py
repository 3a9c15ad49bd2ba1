"""What a notebook calls: `weighin.weigh`, `search`, `load`, `inspect` and `compare`.

What they return prints as the command's tables, and as HTML in a notebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from weighin.api.given import asked, brought, cache_folder, check_name, file
from weighin.api.searched import Searched
from weighin.api.weighed import Comparison, Weighed
from weighin.core import WeighinError
from weighin.job import process
from weighin.records import store
from weighin.report import gates, inspection
from weighin.searches import finding
from weighin.searches import process as searching
from weighin.searches.trying import Limits


def weigh(model: Any, *more: Any, data: Any = None, name: str = "", **options: Any) -> Weighed:
    """Weigh finished files against each other, or a Keras model beside what is made of it.

    Args:
        model: a path, the bytes of a .tflite or .onnx file, or a model of Keras 2 or 3 in memory;
            or a list.
        more: further finished files of the same format, as paths or bytes: the first is the
            baseline.
        data: `(x_train, y_train, x_test, y_test)`, `(x_test, y_test)` as `{"x_test": …}`, a
            dictionary of arrays, or whatever `--data` takes; None where there are none.
        name: of the model, if not its file's or its own.
        options: as of the command `weighin weigh`, by their names: `variants=["int8"]`,
            `task="regression"`, `epochs=3`, `gates=[…]` with `proven=True`, `runtimes=["litert"]`,
            `seeds=3`, `scale=1 / 255` …

    Returns:
        What was weighed, in a process of its own; its records are under `results/local`, too.

    Raises:
        WeighinError: if anything does not fit; nothing is measured then.
        TypeError: if an option is none.
    """
    given = [*(model if isinstance(model, list | tuple) else [model]), *more]
    if not given:
        raise WeighinError("weigh() needs a model, or files.")
    check_name(name)
    how = asked("weigh", data, options)
    folder = cache_folder(how) / "brought"
    files = [file(each, folder, name, place) for place, each in enumerate(given)]
    path = process.weigh(files, how, Console(stderr=True, highlight=False))
    results, bounds = store.load(path), [gates.parse(text) for text in how.gates]
    return Weighed(results, path, gates.judge(bounds, results, how.mode))


def search(
    model: Any,
    *,
    within: float,
    data: Any = None,
    minimize: str | Sequence[str] = "gzip_bytes",
    minutes: float | None = None,
    trials: int | None = None,
    validation: Any = None,
    output: Path | str | None = None,
    name: str = "",
    seed: int = 0,
    profile: str = "",
    data_dir: Path | str | None = None,
    **options: Any,
) -> Searched:
    """Find the smallest or fastest variant of a model that is not worse by more than a margin.

    Args:
        model: a path, the bytes of a float .tflite file, a model of Keras 2 or 3 in memory,
            `file.py:function`, or the name of a registered model.
        within: by how much the figure may get worse: points of shares, else in its own unit.
        data: as of `weigh`; a registered model has its own.
        minimize: a metric of size, `latency`, or several: then a front of them.
        minutes: that candidates may take in all; 10 if there are no `trials` either.
        trials: candidates in all.
        validation: data to choose by, as `data`, if not one half of the test part.
        output: where the best file that holds on the test part is written.
        name: of the model, if not its file's or its own.
        seed: of the division and of all draws.
        profile: the recipe of a registered model; its last one if not given.
        data_dir: where data of registered models are looked for first.
        options: as of the command `weighin search`, by their names: `task="regression"`,
            `epochs=9`, `loss="mse"`, `trust=True`, `cluster="local"`, `scale=1 / 255` …

    Returns:
        What was found, in a process of its own. Interrupted, the same call goes on.

    Raises:
        WeighinError: if anything does not fit.
        TypeError: if an option is none.
    """
    check_name(name)
    how = asked("search", data, options, finding.HOW)
    wanted = finding.Asked(
        model=str(file(model, cache_folder(how) / "brought", name)),
        within=within,
        minimize=(minimize,) if isinstance(minimize, str) else tuple(minimize),
        limits=Limits.of(minutes, trials),
        validation=brought("validation", validation, how),
        seed=seed,
        output=None if output is None else Path(output),
        profile=profile,
        data_dir=None if data_dir is None else str(data_dir),
        how=how,
    )
    return Searched(searching.found(wanted, Console(stderr=True, highlight=False)))


def load(path: Path | str) -> Weighed:
    """Results from a file.

    Raises:
        WeighinError: if it is none, or damaged.
    """
    _check_path(path)
    return Weighed(store.load(Path(path)), Path(path))


def inspect(path: Path | str) -> dict[str, Any]:
    """What a .tflite, .onnx, .keras or .h5 file really holds, as `weighin inspect --json` has it.

    Raises:
        WeighinError: if it is none of these, or damaged.
    """
    _check_path(path)
    return inspection.inspect_in_subprocess(Path(path))


def compare(*runs: Weighed | Path | str) -> Comparison:
    """Two or more runs, or files of results, each held against the first.

    Raises:
        WeighinError: if they have nothing in common that can be compared.
    """
    if len(runs) < 2:
        raise WeighinError("compare needs two runs or more.")
    loaded = [run if isinstance(run, Weighed) else load(run) for run in runs]
    names = [str(each.path) if each.path else f"run {at}" for at, each in enumerate(loaded, 1)]
    return Comparison([(name, each.results) for name, each in zip(names, loaded, strict=True)])


def _check_path(path: object) -> None:
    if not isinstance(path, str | Path):
        raise WeighinError(f"{path!r}: wanted the path of a file.")
