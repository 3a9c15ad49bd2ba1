"""Commands on a project's definitions and what it has published: run, sweep, list, publish.

They import what they alone need: help prints at once, without NumPy.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from weighin.cli import judging, places
from weighin.cli import options as shared
from weighin.cli.errors import clear_errors
from weighin.report import terminal
from weighin.report.layout import visible


def _parted(args: list[str]) -> tuple[list[str], list[str]]:
    """A command's own words, and those of pytest, which follow after `--`."""
    at = args.index("--") if "--" in args else len(args)
    return args[:at], args[at + 1 :]


class _Run(click.Command):
    """Takes pytest's options after `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args, ctx.obj = _parted(args)
        return super().parse_args(ctx, args)


@click.command(
    cls=_Run,
    options_metavar="[OPTIONS] [-- PYTEST OPTIONS]",
    epilog="Options of pytest may follow after --, such as -- -x --weighin-margin 1.",
)
@click.option("--suite", metavar="NAME", help="Suite to weigh (the first that is defined).")
@click.option("--profile", metavar="NAME", help="Training profile, if not the suite's own.")
@click.option("--models", metavar="A,B", help="Only these models, also outside the suite.")
@click.option("--variants", metavar="A,B", help="These variants instead of the suite's.")
@click.option("--runtimes", metavar="A,B", help="Only these runtimes; litert@pi5 is on a device.")
@click.option("--devices", metavar="FILE", help="What names devices (weighin-devices.toml).")
@click.option("--seeds", type=int, metavar="N", help="Train each model so many times.")
@click.option("--threads", metavar="1,2", help="Threads of a session (1).")
@click.option("--cluster", metavar="ADDRESS", help="Build and measure there: tcp://host:8786.")
@click.option("--resume", metavar="RESULTS.json", help="Go on with a run that was broken off.")
@click.option(
    "--gate", multiple=True, metavar="GATE", help="Fail if a figure breaches it; may be repeated."
)
@judging.modes
@click.pass_obj
@clear_errors
def run(options: list[str], /, **settings: Any) -> None:
    """Weigh the models of this folder: those of its models/, by the suites of bench/suite.py.

    Runs pytest --pyargs weighin.bench --benchmark-only here, and exits as that does. Where no suite
    is defined, all models are weighed in the usual variants.

    weighin run --models my_model --variants "baseline,int8,prune(0.9)+int8"
    """
    from weighin.cli import run as running

    words = [*running.options_of(settings), *options]
    sys.exit(running.main_job(running.shipped(), words))


class _Sweep(click.Command):
    """Takes `--NAME VALUES` for the names in its templates, and pytest's options after `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args, options = _parted(args)
        known = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        remaining, values, words = [], {}, iter(args)
        for word in words:
            name, equals, value = word.partition("=")
            if name.startswith("--") and name not in known:
                text = value if equals else next(words, "")
                values[name[2:]] = [part.strip() for part in text.split(",") if part.strip()]
            else:
                remaining.append(word)
        ctx.obj = values, options
        return super().parse_args(ctx, remaining)


@click.command(
    cls=_Sweep,
    options_metavar="--over VARIANT --NAME VALUES [OPTIONS]",
    epilog="Options of pytest may follow after --, such as -- --weighin-runtimes litert.",
)
@click.argument("model")
@click.option(
    "--over",
    "templates",
    multiple=True,
    required=True,
    metavar="VARIANT",
    help="A variant with a name for what varies: 'prune(s)+int8', and then --s 0.5,0.75; "
    "may be repeated.",
)
@click.option("--seeds", type=int, default=3, show_default=True, help="Train so many times.")
@click.option("--suite", metavar="NAME", help="Suite whose training profile is used (the first).")
@click.option("--profile", metavar="NAME", help="Training profile, if not the suite's.")
@click.option("--cluster", metavar="ADDRESS", help="Build and measure there: tcp://host:8786.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="RESULTS.json",
    help="Go on with a sweep that was broken off.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default="results/local",
    show_default=True,
    metavar="FOLDER",
    help="Where records and figures are written.",
)
@click.pass_obj
@clear_errors
def sweep(
    given: tuple[dict[str, list[str]], list[str]],
    model: str,
    templates: tuple[str, ...],
    seeds: int,
    suite: str | None,
    profile: str | None,
    cluster: str | None,
    resume: Path | None,
    output: Path,
) -> None:
    """Weigh MODEL at several operating points and print their curve.

    Runs the main job on all variants that --over names (pytest --benchmark-only on bench/, or on
    weighin's own functions where that has none), and draws what it measured beside its records,
    as .svg and .png.

    weighin sweep lenet5 --over "prune(s)+int8" --s 0.5,0.75,0.875,0.9375,0.97
    """
    from weighin.cli import run as running
    from weighin.cli import sweep as sweeps
    from weighin.records import store
    from weighin.report import curve as curves
    from weighin.report import figure

    values, options = given
    places.load(())
    variants = sweeps.variants_of(templates, values)
    settings = {"variants": ",".join(variants), "models": model, "seeds": seeds}
    settings |= {"suite": suite, "profile": profile, "cluster": cluster, "resume": resume}
    path, code = sweeps.weigh([*running.options_of(settings), *options], output)
    results = store.load(path)
    click.echo(
        f"\n{curves.render([results], 'text', terminal.here())}\nrecords, kept: {path}", color=True
    )
    for ending in figure.ENDINGS:
        figure.draw(curves.curves(results), path.with_suffix(ending))
        click.echo(f"figure: {path.with_suffix(ending)}")
    sys.exit(code)


@click.command(name="list")
@click.argument("kinds", nargs=-1, metavar="[KIND …]")
@click.option(
    "--definitions",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Files or folders that register models and suites (models, bench/suite.py).",
)
@shared.data_dir
@shared.cache_dir
@clear_errors
def list_(
    kinds: tuple[str, ...],
    definitions: tuple[Path, ...],
    data_dir: str | None,
    cache_dir: str | None,
) -> None:
    """List models, data sets, suites, tasks, steps, exports, runtimes and metrics, or some KINDs.

    What cannot be used here is listed with the reason.
    """
    from weighin.cli import listing

    places.load(definitions)
    search = places.search(places.cache(cache_dir), data_dir)
    here = terminal.here()
    click.echo(visible(listing.render(search, listing.named(kinds), here.width if here else None)))


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--machine", default="", metavar="NAME", help="Short name of the FILES' machine.")
@click.option(
    "--folder", default="", metavar="DATE-COMMIT", help="Where FILES go, if not by their own."
)
@click.option("--versions", "in_matrix", is_flag=True, help="FILES are runs of the version matrix.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if it would.")
@clear_errors
def publish(
    files: tuple[Path, ...], machine: str, folder: str, in_matrix: bool, only_check: bool
) -> None:
    """File results FILES under results/MACHINE/DATE-COMMIT/, then make all that is published.

    Pages, bare numbers, figures, the index results/README.md and what README.md says between
    marks are made from the records that lie there alone; what is made no more is deleted.
    """
    from weighin.core import WeighinError
    from weighin.publish import filing, pages, site

    if only_check and files:
        raise WeighinError("--check writes nothing, so it files nothing: leave the FILES out.")
    places.load(())  # a project's own exports, by which files account for how they were made
    pages.load(Path())
    for path in filing.file_away(files, Path("results"), machine, folder, versions=in_matrix):
        click.echo(f"filed: {path}")
    generated = site.make(Path())
    touched = site.differing(Path(), generated) if only_check else site.write(Path(), generated)
    for path in touched:
        verb = "differs" if only_check else "written"
        click.echo(f"{verb if path in generated else f'{verb}: stale'}: {path}")
    if only_check and touched:
        told = (
            f"{len(touched)} of {len(generated)} generated files are not what their records give: "
            f"weighin publish."
        )
        click.echo(terminal.fitted(told, sys.stderr), err=True)
        sys.exit(1)
    click.echo(f"{len(generated)} generated files are what their records give.")
