"""Commands that read results files: table, record, curve, report, check, compare.

They import what they alone need: help prints at once, without NumPy.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weighin.cli import judging, places
from weighin.cli import options as shared
from weighin.cli.errors import clear_errors
from weighin.report import terminal

if TYPE_CHECKING:
    from weighin.core import Results


@click.command()
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
@clear_errors
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
        click.echo(how.render(runs, style, terminal.here(color)), color=True)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@shared.table_format
@shared.color
@clear_errors
def record(files: tuple[Path, ...], style: str, color: terminal.Color) -> None:
    """Print how small the files of results FILES got without being worse.

    Sizes are against 4 bytes per parameter of the dense model, beside what others have published.
    """
    from weighin.report import record as record_table

    runs = _runs(files)
    click.echo(record_table.render(runs, style, terminal.here(color)), color=True)


@click.command()
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
@clear_errors
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
    click.echo(text, color=True)


@click.command()
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
@clear_errors
def report(files: tuple[Path, ...], output: Path, cache_dir: str | None) -> None:
    """Write results FILES as one page for a browser: FOLDER/index.html.

    Tables to sort and filter, plots, and where it was measured; layers of the files that were
    looked at here by weighin layers. The page works from disk, without a network.
    """
    from weighin.layers.kept import Kept
    from weighin.report import page

    runs = list(zip(map(str, files), _runs(files), strict=True))
    click.echo(page.write(runs, output, Kept(places.cache(cache_dir).folder)))


@click.command()
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
@clear_errors
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
    click.echo(gates.render(judged, "text", terminal.here(color)), color=True)
    sys.exit(0 if judged.kept else 1)


@click.command()
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
@clear_errors
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
    click.echo(comparison.render(runs, style, terminal.here(color), against), color=True)
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
