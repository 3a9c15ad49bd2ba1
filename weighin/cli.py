"""The command `weighin`: list, table, doctor."""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
from tabulate import tabulate

from weighin import __version__, datasets, registry, store, variant
from weighin.cache import Cache, default_folder
from weighin.core import Metric, WeighinError
from weighin.datasets import Places
from weighin.report import units
from weighin.report.table import FORMATS, render

F = TypeVar("F", bound=Callable[..., None])

_data_dir = click.option("--data-dir", metavar="DIR", help="Where to look for data first.")
_cache_dir = click.option("--cache-dir", metavar="DIR", help="Where artifacts are kept.")


def _clear_errors(command: F) -> F:
    """Show a `WeighinError` as one message and exit with 1."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except WeighinError as error:
            raise click.ClickException(str(error)) from None

    return run  # type: ignore[return-value]  # the signature is the command's own


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="weighin")
def main() -> None:
    """Did compressing this Keras model make it smaller, as accurate, and faster here?"""


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True)
@_clear_errors
def table(files: tuple[Path, ...], style: str) -> None:
    """Print the comparison tables of results FILES."""
    rendered = [render(store.load(file), style) for file in files]
    if style == "json":
        merged = [row for text in rendered for row in json.loads(text)]
        click.echo(json.dumps(merged, indent=1))
    else:
        click.echo("\n\n".join(rendered))


@main.command(name="list")
@click.option(
    "--definitions",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Files or folders that register models and suites (models, bench/suite.py).",
)
@_data_dir
@_cache_dir
@_clear_errors
def list_(definitions: tuple[Path, ...], data_dir: str | None, cache_dir: str | None) -> None:
    """List models, data sets, suites, steps, exports, runtimes and metrics.

    What cannot be used here is listed with the reason.
    """
    _load(definitions)
    places = Places.here(_cache(cache_dir).folder, data_dir)
    for kind, entries in registry.kinds().items():
        rows = [
            [
                _written(kind, name, entries[name]),
                _about(kind, entries[name]),
                _unavailable(kind, name, places),
            ]
            for name in entries
        ]
        click.echo(f"{kind}:")
        click.echo(_indented(tabulate(rows, tablefmt="plain", disable_numparse=True)) or "  none")
        click.echo()


@main.command()
@_data_dir
@_cache_dir
@_clear_errors
def doctor(data_dir: str | None, cache_dir: str | None) -> None:
    """Say what this machine has, what is missing, and the command that mends it.

    Exits with 1 if something is missing that the main job needs.
    """
    from weighin import environment

    _load(())
    cache = _cache(cache_dir)
    machine = environment.machine()
    artifacts, total = cache.size()
    devices, problem = _devices()
    facts = [
        ["processor", f"{machine['cpu']}, {machine['cores']} usable cores"],
        ["features", " ".join(machine["cpu_features"]) or "none that matter"],
        ["memory", units.size(machine["memory_bytes"])],
        ["system", f"{machine['system']} ({machine['architecture']})"],
        *([name, version or "MISSING"] for name, version in environment.packages().items()),
        ["devices", devices],
        ["cache", f"{cache.folder}: {artifacts} artifacts, {units.size(total)}"],
    ]
    click.echo(tabulate(facts, tablefmt="plain", disable_numparse=True))
    click.echo("\ndata sets:")
    places = Places.here(cache.folder, data_dir)
    found = [[name, _found(name, places)] for name in registry.datasets]
    click.echo(_indented(tabulate(found, tablefmt="plain", disable_numparse=True)))
    mends = [
        f"{name} is not installed: pip install {name}"
        for name, version in environment.packages().items()
        if version is None
    ] + ([problem] if problem else [])
    click.echo("\n" + ("\n".join(mends) if mends else "nothing that the main job needs is missing"))
    sys.exit(1 if mends else 0)


def _cache(folder: str | None) -> Cache:
    return Cache(Path(folder).expanduser() if folder else default_folder())


def _load(definitions: tuple[Path, ...]) -> None:
    registry.load_definitions(definitions or registry.default_definitions(Path()))


def _written(kind: str, name: str, entry: Any) -> str:
    return variant.signature(name, entry) if kind in ("steps", "exports") else name


def _about(kind: str, entry: Any) -> str:
    if kind == "suites":
        return f"{', '.join(entry.models)}: {', '.join(entry.variants)}; profile {entry.profile}"
    if kind == "models":
        profiles = ", ".join(f"{name}: {recipe.dataset}" for name, recipe in entry.profiles.items())
        return f"{registry.summary(entry.create)} ({profiles})"
    if isinstance(entry, Metric):
        unit = f" [{entry.unit}]" if entry.unit else ""
        better = f"; {entry.better} is better" if entry.better else ""
        return f"{entry.summary}{unit}{better}"
    return registry.summary(entry)


def _unavailable(kind: str, name: str, places: Places) -> str:
    """Why an entry cannot be used on this machine, or nothing."""
    reason = _reason(kind, name, places)
    return f"unavailable: {reason}" if reason else ""


def _reason(kind: str, name: str, places: Places) -> str | None:
    if kind == "runtimes":
        return registry.runtimes[name].available()
    if kind in ("steps", "exports"):
        missing = [
            package
            for package in ("tensorflow", "tf_keras", "tensorflow_model_optimization")
            if importlib.util.find_spec(package) is None
        ]
        return f"{missing[0]} is not installed" if missing else None
    if kind == "data sets":
        found = _found(name, places)
        return found if found.startswith("not found") else None
    return None


def _found(name: str, places: Places) -> str:
    """Whether a data set can be loaded here without a download."""
    from dataclasses import replace

    try:
        loaded = datasets.load(name, replace(places, offline=True))
    except WeighinError as error:
        refused = [line.strip() for line in str(error).splitlines() if "refused" in line]
        download = "" if places.offline else "; keras.datasets will try to download it"
        return "; ".join(["not found", *refused]) + download
    return f"{len(loaded.train):,} + {len(loaded.test):,} images, checked ({loaded.digest[:12]})"


def _devices() -> tuple[str, str]:
    """The devices that TensorFlow sees, asked in a process of its own, and what is wrong."""
    command = [sys.executable, "-m", "weighin.stack", "devices"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return "unknown", f"TensorFlow does not start: {last}. pip install tensorflow tf-keras"
    return done.stdout.strip(), ""


def _indented(text: str) -> str:
    return "\n".join(_lines(text))


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"  {line.rstrip()}"


if __name__ == "__main__":
    main()
