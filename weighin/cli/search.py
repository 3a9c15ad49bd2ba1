"""`weighin search`: the smallest or fastest variant that is not worse by more than a margin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from weighin.cli import options as shared
from weighin.cli.errors import ShownError
from weighin.cli.weigh import DATA, RESULTS
from weighin.report import terminal

if TYPE_CHECKING:
    from weighin.searches.finding import Asked


@click.command()
@click.argument("model", metavar="MODEL")
@click.option(
    "--within",
    type=float,
    required=True,
    metavar="M",
    help="How much worse it may be: points of accuracy, or in the figure's own unit.",
)
@click.option(
    "--minimize",
    default="gzip_bytes",
    show_default=True,
    metavar="A,B",
    help="What is made small: a metric of size, latency, or several: then a front of them.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    metavar="M",
    help="That candidates may take in all, in earlier runs too (10).",
)
@click.option("--trials", type=click.IntRange(1), metavar="N", help="Candidates in all.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the best file that holds on the test part.",
)
@shared.together(DATA)
@click.option(
    "--validation", metavar="DATA", help="Data to choose by, if not one half of the test part."
)
@shared.together(shared.training)
@click.option("--profile", default="", metavar="NAME", help="The recipe of a registered model.")
@click.option(
    "--cluster",
    default="",
    metavar="ADDRESS",
    help="Build on a Dask cluster, tcp://host:8786 or local; candidates answer here.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of all draws.")
@click.option("--data-dir", metavar="DIR", help="Where to look for data of registered models.")
@click.option("--cache-dir", metavar="DIR", help="Where artifacts and the search are kept.")
@click.option(
    "--results-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    show_default=True,
    metavar="FOLDER",
    help="Where the records of what was found are written.",
)
@shared.table_format
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@shared.color
def search(style: str, as_json: bool, color: terminal.Color, **options: Any) -> None:
    """Find the smallest or fastest variant of MODEL that is not worse by more than a margin.

    \b
    weighin search mine.keras --data mine.npz --within 0.5 --minutes 20
    weighin search float.tflite --data test.npz --within 1 --minimize latency
    weighin search lenet5 --profile record --within 0.5 -o best.tflite

    MODEL is a Keras model as `weighin weigh` takes it, a finished float .tflite file, of which
    nothing is trained, or a registered model. First come exports, then mixed precision, then what
    trains. Candidates are chosen by one half of the test part and shown on the other, which is
    opened once. Interrupted or killed, the same command goes on. Exits with 1 if nothing holds on
    the test part.
    """  # noqa: D301 - click's mark of lines that stay as they are is the character itself
    from weighin.core import WeighinError
    from weighin.job import guarding
    from weighin.report import search as report
    from weighin.searches import finding, progress

    guarding.here()
    style = "json" if as_json else style
    try:
        asked = _asked(options)
        with progress.shown() as told:
            found = finding.found(asked, told)
    except WeighinError as error:
        raise ShownError(str(error)) from None
    except KeyboardInterrupt:
        click.echo("\nstopped; the same command goes on from here", err=True)
        sys.exit(130)
    click.echo(report.render(found, style, terminal.here(color)), color=True)
    if found.results:
        click.echo(f"\nrecords: {found.results}", err=style != "text")
    sys.exit(0 if found.best else 1)


def _asked(options: dict[str, Any]) -> Asked:
    """What the options say.

    Raises:
        WeighinError: if one makes no sense.
    """
    from weighin.datasets.bringing import Reading
    from weighin.job.settings import split
    from weighin.job.weighing import Asked as Weighing
    from weighin.searches.finding import HOW, Asked
    from weighin.searches.trying import Limits

    reading = Reading.of(options)
    how = Weighing(reading=reading, **{name: options.pop(name) for name in ("data", *HOW)})
    limits = Limits.of(options.pop("minutes"), options.pop("trials"))
    minimize = tuple(split(options.pop("minimize")))
    return Asked(minimize=minimize, limits=limits, how=how, **options)
