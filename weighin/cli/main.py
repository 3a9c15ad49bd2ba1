"""The command `weighin`: run, list, table, curve, record, publish, sweep, inspect and more.

A command imports what it alone needs, and nothing else does: help prints at once, without NumPy.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from weighin import __version__
from weighin.cli import judging
from weighin.cli import options as shared
from weighin.cli.errors import ShownError
from weighin.cli.layers import layers
from weighin.cli.search import search
from weighin.cli.weigh import weigh
from weighin.report import terminal
from weighin.report.layout import visible

if TYPE_CHECKING:
    from weighin.build.cache import Cache
    from weighin.core import Results
    from weighin.datasets.search import SearchPaths

F = TypeVar("F", bound=Callable[..., None])


def _clear_errors(command: F) -> F:
    """Show a `WeighinError` as one message and exit with 2."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except Exception as error:
            from weighin.core import WeighinError

            if not isinstance(error, WeighinError):
                raise
            raise ShownError(str(error)) from None

    return run  # type: ignore[return-value]  # the signature is the command's own


class _Commands(click.Group):
    """Ends with 130 when it is interrupted, as a shell expects, whatever it was about to do."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nstopped", err=True)
            sys.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="weighin")
def main() -> None:
    """Did compressing this Keras model make it smaller, as accurate, and faster here?"""


main.add_command(weigh)
main.add_command(layers)
main.add_command(search)


@main.command()
@click.option("--cache-dir", type=click.Path(path_type=Path), metavar="DIR", help="For its files.")
@click.option(
    "--cache-gigabytes",
    type=click.FloatRange(0, min_open=True),
    default=4.0,
    show_default=True,
    metavar="GB",
    help="How much of them it keeps.",
)
def agent(cache_dir: Path | None, cache_gigabytes: float) -> None:
    """Measure here for weighin on another machine, which starts this over ssh or the like.

    It opens files and times calls, by messages on standard input and output. The other machine's
    weighin-devices.toml names the command that runs it:

    \b
    [devices.pi5]
    command = "ssh pi5 weighin agent"
    """  # noqa: D301 - as of `weigh`
    from weighin.devices.agent import serve

    serve(cache_dir, int(cache_gigabytes * 1e9))


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@shared.table_format
@click.option(
    "--by",
    type=click.Choice(["variant", "runtime", "tensorflow"]),
    default="variant",
    show_default=True,
    help="What is compared: variants with their baseline, runtimes with each other, or versions of "
    "TensorFlow.",
)
@shared.color
@_clear_errors
def table(files: tuple[Path, ...], style: str, by: str, color: terminal.Color) -> None:
    """Print the comparison tables of results FILES.

    With --by runtime: each variant on each runtime beside the same variant on the first one, beside
    the baseline there, and which is quickest, as far as the run's pairs tell.

    With --by tensorflow: what becomes of each technique from version to version (works, degraded,
    fails), and size, top-1 and speed of each variant with verdicts against the newest.

    --format github fits a pull request's comment: what is too long for one is left out and named.
    """
    from weighin.report import comment, compared

    runs, how = _runs(files), compared.BY[by]
    if style == "github":
        asked = [] if by == "variant" else ["--by", by]
        whole = ["weighin table", *asked, *map(str, files)]
        click.echo(comment.fit(how.sections(runs), " ".join(whole)))
    else:
        _print(how.render(runs, style, terminal.here(color)))


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@shared.table_format
@shared.color
@_clear_errors
def record(files: tuple[Path, ...], style: str, color: terminal.Color) -> None:
    """Print how small the files of results FILES got without being worse.

    Sizes are against 4 bytes per parameter of the dense model, beside what others have published.
    """
    from weighin.report import record as record_table

    runs = _runs(files)
    _print(record_table.render(runs, style, terminal.here(color)))


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@shared.table_format
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the curves, too: .svg or .png.",
)
@shared.color
@_clear_errors
def curve(files: tuple[Path, ...], style: str, output: Path | None, color: terminal.Color) -> None:
    """Print the operating-point curves of results FILES: accuracy against size and speed.

    Variants that differ in one argument's number only, as prune(0.5) and prune(0.75), are one
    curve.
    """
    from weighin.report import curve as curves
    from weighin.report import figure

    runs = _runs(files)
    text = curves.render(runs, style, terminal.here(color))
    if output is not None:
        figure.draw(
            [operating_curve for results in runs for operating_curve in curves.curves(results)],
            output,
        )
    _print(text)


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--machine", default="", metavar="NAME", help="Short name of the FILES' machine.")
@click.option(
    "--folder", default="", metavar="DATE-COMMIT", help="Where FILES go, if not by their own."
)
@click.option("--versions", "in_matrix", is_flag=True, help="FILES are runs of the version matrix.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if it would.")
@_clear_errors
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
    _load(())  # a project's own exports, by which files account for how they were made
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


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("report"),
    show_default=True,
    metavar="FOLDER",
    help="Where the page is written.",
)
@shared.cache_dir
@_clear_errors
def report(files: tuple[Path, ...], output: Path, cache_dir: str | None) -> None:
    """Write results FILES as one page for a browser: FOLDER/index.html.

    Tables to sort and filter, plots, and where it was measured; layers of the files that were
    looked at here by weighin layers. The page works from disk, without a network.
    """
    from weighin.layers.kept import Kept
    from weighin.report import page

    runs = list(zip(map(str, files), _runs(files), strict=True))
    click.echo(page.write(runs, output, Kept(_cache(cache_dir).folder)))


def _parted(args: list[str]) -> tuple[list[str], list[str]]:
    """A command's own words, and those of pytest, which follow after `--`."""
    at = args.index("--") if "--" in args else len(args)
    return args[:at], args[at + 1 :]


class _Run(click.Command):
    """Takes pytest's options after `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args, ctx.obj = _parted(args)
        return super().parse_args(ctx, args)


@main.command(
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
@_clear_errors
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


@main.command(
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
@_clear_errors
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
    _load(())
    variants = sweeps.variants_of(templates, values)
    settings = {"variants": ",".join(variants), "models": model, "seeds": seeds}
    settings |= {"suite": suite, "profile": profile, "cluster": cluster, "resume": resume}
    path, code = sweeps.weigh([*running.options_of(settings), *options], output)
    results = store.load(path)
    _print(f"\n{curves.render([results], 'text', terminal.here())}\nrecords, kept: {path}")
    for ending in figure.ENDINGS:
        figure.draw(curves.curves(results), path.with_suffix(ending))
        click.echo(f"figure: {path.with_suffix(ending)}")
    sys.exit(code)


@main.command(name="list")
@click.argument("kinds", nargs=-1, metavar="[KIND …]")
@click.option(
    "--definitions",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Files or folders that register models and suites (models, bench/suite.py).",
)
@shared.data_dir
@shared.cache_dir
@_clear_errors
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

    _load(definitions)
    search = _search(_cache(cache_dir), data_dir)
    here = terminal.here()
    click.echo(visible(listing.render(search, listing.named(kinds), here.width if here else None)))


@main.command()
@shared.data_dir
@shared.cache_dir
@click.option(
    "--calibrate",
    "seconds",
    type=float,
    is_flag=False,
    flag_value=math.nan,  # as many as a run takes
    metavar="[SECONDS]",
    help="Measure what speed-ups this machine can tell apart, with so many seconds for a pair "
    "(10); takes several minutes.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Of a session, to calibrate for.",
)
@click.option("--artifact", type=click.Path(path_type=Path), help="The .tflite to calibrate with.")
@click.option(
    "--devices",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Ask the devices that the file names what they are and lack (weighin-devices.toml).",
)
@click.option("--cluster", metavar="ADDRESS", help="Say what its workers lack: tcp://host:8786.")
@_clear_errors
def doctor(
    data_dir: str | None,
    cache_dir: str | None,
    devices: str | None,
    cluster: str | None,
    seconds: float | None,
    threads: int,
    artifact: Path | None,
) -> None:
    """Say what this machine has, what is missing, and the command that mends it.

    Exits with 1 if something is missing that the main job needs.
    """
    from weighin.cli import doctor as doctoring
    from weighin.stats import PAIR_SECONDS

    _load(())
    cache = _cache(cache_dir)
    if seconds is not None:
        seconds = PAIR_SECONDS if math.isnan(seconds) else seconds
        click.echo(doctoring.calibrate(cache, seconds, artifact, threads))
        return
    search = _search(cache, data_dir)
    text, healthy = doctoring.examine(cache, search)
    if devices is not None:
        text = f"{text}\n{doctoring.examine_devices(Path(devices) if devices else None)}"
    if cluster:
        told, whole = doctoring.examine_cluster(cluster, search)
        text, healthy = f"{text}\n{told}", healthy and whole
    click.echo(visible(text))
    sys.exit(0 if healthy else 1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_clear_errors
def inspect(file: Path, as_json: bool) -> None:
    """Print what a .tflite, .onnx, .keras or .h5 FILE really holds."""
    from weighin.report import inspection

    facts = inspection.inspect_in_subprocess(file)
    click.echo(inspection.render(facts, as_json, terminal.here("never")))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--gate",
    "texts",
    multiple=True,
    required=True,
    metavar="GATE",
    help="'top1_delta >= -0.5%', 'int8 on litert x2: latency <= 0.8 * baseline'",
)
@judging.options
@shared.color
@_clear_errors
def check(
    file: Path,
    texts: tuple[str, ...],
    strict: bool,
    proven: bool,
    junit: Path | None,
    color: terminal.Color,
) -> None:
    """Hold the figures of a results FILE against gates.

    Exits with 1 if a gate is breached: the whole interval lies beyond its bound, or there is no
    figure. With --proven, the safe way, also if the interval does not lie wholly within the bound;
    with --strict if the bare figure lies beyond it.
    """
    from weighin.report import gates

    mode = gates.mode(strict, proven)
    (results,) = _runs((file,))
    judged = gates.judge([gates.parse(text) for text in texts], results, mode)
    if junit is not None:
        gates.write_junit(junit, judged)
    _print(gates.render(judged, "text", terminal.here(color)))
    sys.exit(0 if judged.kept else 1)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@shared.table_format
@click.option(
    "--fail-on",
    "words",
    metavar="WORD,…",
    default="",
    help="Exit with 1 if a figure is one of these: slower, worse, larger, missing (it had a figure "
    "and has none).",
)
@shared.color
@_clear_errors
def compare(files: tuple[Path, ...], style: str, words: str, color: terminal.Color) -> None:
    """Compare the cells of two or more results FILES with those of the first.

    Verdicts: sizes are exact; top-1 by Fisher's exact test at 5 %; figures of other tasks by
    their intervals; speed-ups only on one machine, if their intervals lie apart by more than 2 %.
    Absolute times are shown and not judged, since they drift from run to run.
    """
    from weighin.core import WeighinError
    from weighin.report import compare as comparison

    if len(files) < 2:
        raise WeighinError("compare needs two results files or more.")
    runs = [(str(file), run) for file, run in zip(files, _runs(files), strict=True)]
    asked = [word.strip() for word in words.split(",") if word.strip()]
    against = comparison.held(runs)
    failing = comparison.failing(against, asked)
    _print(comparison.render(runs, style, terminal.here(color), against))
    if failing:
        count = "1 figure fails" if len(failing) == 1 else f"{len(failing)} figures fail"
        told = f"{count}: {comparison.told(failing)}"
        click.echo(terminal.fitted(told, sys.stderr), err=True)
        sys.exit(1)


def _runs(files: tuple[Path, ...]) -> list[Results]:
    """The results in files, for a command that prints them and ends."""
    import gc

    from weighin.records import store

    gc.disable()  # it would look for cycles among all records, time and again, and there are none
    return [store.load(file) for file in files]


def _print(text: str) -> None:
    """Print a text as it is: whether it has colours was decided where it was made."""
    click.echo(text, color=True)


def _cache(folder: str | None) -> Cache:
    from weighin.build.cache import Cache, default_folder

    return Cache(Path(folder).expanduser() if folder else default_folder())


def _search(cache: Cache, data_dir: str | None) -> SearchPaths:
    from weighin.datasets.search import SearchPaths

    return SearchPaths.here(cache.folder, data_dir)


def _load(definitions: tuple[Path, ...]) -> None:
    from weighin.definitions import default_definitions, load_definitions, provide_suite

    load_definitions(definitions or default_definitions(Path()))
    provide_suite()
