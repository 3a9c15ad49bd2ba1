"""`weighin weigh`: a user's own files, in one command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from weighin.cli import judging
from weighin.cli import options as shared
from weighin.cli.errors import ShownError
from weighin.report import terminal

if TYPE_CHECKING:
    from weighin.job.run import Run
    from weighin.job.weighing import Asked

RESULTS = Path("results") / "local"


def _numbers(
    context: click.Context, option: click.Parameter, text: str | None
) -> tuple[float, ...]:
    """`0.485,0.456,0.406` as numbers."""
    try:
        return tuple(float(word) for word in text.split(",")) if text else ()
    except ValueError:
        raise click.BadParameter(f"{text!r}: wanted numbers, as 0.5,0.5,0.5") from None


def _size(context: click.Context, option: click.Parameter, text: str | None) -> Any:
    """`224` or `96x128` as height and width."""
    words = text.lower().replace("×", "x").split("x") if text else []
    if text and (len(words) > 2 or not all(word.isdecimal() and int(word) for word in words)):
        raise click.BadParameter(f"{text!r}: wanted a number of pixels, as 224, or 96x128")
    sides = [int(word) for word in words]
    return (sides[0], sides[-1]) if sides else None


DATA = (
    click.option(
        "--data",
        metavar="DATA",
        help="An .npz with x_test, y_test (and x_train, y_train where something trains), a pair "
        "x.npy,y.npy, a folder of class folders of images or .wav, a .csv, COCO annotations "
        "(.json), or module:function. Without it inputs are drawn.",
    ),
    click.option("--target", default="", metavar="NAME", help="Column of a .csv to be answered."),
    click.option(
        "--size", callback=_size, metavar="PIXELS", help="Of images: 224, or HEIGHTxWIDTH."
    ),
    click.option("--crop", is_flag=True, help="Cut images to their middle, not squeeze them."),
    click.option("--scale", type=float, metavar="S", help="Multiply inputs by S (1/255: 0.00392)."),
    click.option("--mean", callback=_numbers, metavar="M,…", help="Subtracted after that."),
    click.option("--std", callback=_numbers, metavar="D,…", help="Divided by after that."),
    click.option(
        "--split-seed",
        type=int,
        default=0,
        show_default=True,
        metavar="N",
        help="Of the split where the data have no test part.",
    ),
    click.option("--classes", type=int, metavar="N", help="How many, where targets number them."),
    click.option("--task", metavar="NAME", help="What is asked: weighin list tasks."),
)
_MODEL = (
    click.option(
        "--variants",
        metavar="A,B",
        help="Of a Keras model: 'int8,prune(0.9)+int8'. The usual: float16, dynamic, int8, "
        "prune(0.8), prune(0.8)+int8. Of a finished float file, the first: "
        "'int4,litert(static_wi8_ai8)'.",
    ),
    *shared.training,
    click.option("--seeds", type=int, default=1, show_default=True, help="Train so many times."),
)
_MEASURING = (
    click.option(
        "--runtimes",
        metavar="A,B",
        help="Only these: weighin list runtimes; litert@pi5 is litert on the device pi5.",
    ),
    click.option(
        "--devices",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What names devices (weighin-devices.toml).",
    ),
    click.option(
        "--threads", default="1", show_default=True, metavar="1,2", help="Threads of a session."
    ),
    click.option(
        "--pair-seconds",
        type=float,
        metavar="S",
        help="Longest time for a variant beside its baseline (10).",
    ),
    click.option(
        "--margin",
        type=float,
        metavar="POINTS",
        help="Difference of shares that does not matter (0.5).",
    ),
    click.option(
        "--gate",
        "gates",
        multiple=True,
        metavar="GATE",
        help="Exit with 1 if a figure breaches it: 'top1_delta >= -0.5%'; may be repeated.",
    ),
    judging.options,
    click.option("--workers", type=int, default=0, metavar="N", help="Build processes (cores)."),
    click.option(
        "--cluster",
        default="",
        metavar="ADDRESS",
        help="Build on a Dask cluster, measure on its quiet worker: tcp://host:8786, or local.",
    ),
    shared.cache_dir,
    click.option(
        "--resume",
        type=click.Path(path_type=Path),
        metavar="RESULTS.json",
        help="Go on with a run that was broken off: what it has measured is taken over.",
    ),
    click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        default=RESULTS,
        show_default=True,
        metavar="FOLDER",
        help="Where the records are written.",
    ),
    click.option(
        "--by",
        type=click.Choice(["variant", "runtime"]),
        default="variant",
        show_default=True,
        help="What the table compares: variants, or the runtimes of each.",
    ),
    shared.table_format,
    shared.color,
)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@shared.together((*DATA, *_MODEL, *_MEASURING))
def weigh(
    files: tuple[str, ...],
    by: str,
    style: str,
    color: terminal.Color,
    junit: Path | None,
    **options: Any,
) -> None:
    """Weigh your own files: finished .tflite or .onnx files, or a Keras model.

    \b
    weighin weigh a.tflite b.tflite --data test.npz   the first is the baseline
    weighin weigh mine.keras --data mine.npz          in the usual variants
    weighin weigh a.tflite --variants int4            made of a float file
    weighin weigh detector.tflite                     size, structure, latency
    weighin weigh a.tflite b.tflite --runtimes litert,openvino --by runtime
    weighin weigh a.tflite b.tflite --resume RESULTS.json   goes on with it

    A Keras model is a .keras or .h5 file, a SavedModel folder, or file.py:function. Exits with 1 if
    a row failed or a gate is not kept, with 2 if nothing could be weighed or its records not
    written.
    """  # noqa: D301 - click's mark of lines that stay as they are is the character itself
    from weighin.core import WeighinError
    from weighin.job import guarding, weighing
    from weighin.job.measuring import measure
    from weighin.report import compared, gates

    run: Run | None = None
    try:
        if junit is not None and not options["gates"]:
            raise WeighinError("--junit says what became of gates, and none are given: --gate.")
        guarded = guarding.here()
        run = weighing.planned(files, guarded.resuming(_asked(options)))
        whole = measure(run, guarded=guarded)
    except WeighinError as error:
        raise ShownError(str(error)) from None
    except KeyboardInterrupt:
        if run is not None and run.path is not None:
            kept = f"records of what was measured: {_shorter(run)}"
            click.echo(f"\nstopped; {kept}; --resume goes on with it", err=True)
        sys.exit(130)
    aside, shown_on = style != "text", terminal.here(color)
    click.echo(compared.BY[by].render([run.results()], style, shown_on), color=True)
    # beside another format, so that standard output holds the table alone
    click.echo(f"\nrecords: {_shorter(run)}", err=aside)
    if left := run.left():
        click.echo(f"{left}: --resume {_shorter(run)} goes on with it", err=True)
    if run.judged.outcomes:
        judged = gates.render(run.judged, "text", None if aside else shown_on)
        click.echo(f"\n{judged}", err=aside, color=None if aside else True)
    if junit is not None:
        _write_junit(junit, run)
    if run.unwritten:
        raise ShownError(f"Not all records are there: {run.unwritten}")
    sys.exit(0 if whole and run.judged.kept else 1)


def _write_junit(path: Path, run: Run) -> None:
    from weighin.core import WeighinError
    from weighin.report import gates

    try:
        gates.write_junit(path, run.judged)
    except WeighinError as error:
        raise ShownError(str(error)) from None


def _asked(options: dict[str, Any]) -> Asked:
    """What the options say.

    Raises:
        WeighinError: if one makes no sense.
    """
    from weighin.datasets.bringing import Reading
    from weighin.job.settings import Options, split
    from weighin.job.weighing import Asked
    from weighin.stats import MARGIN, PAIR_SECONDS

    margin, seconds = options.pop("margin"), options.pop("pair_seconds")
    reading = Reading.of(options)
    return Asked(
        reading=reading,
        variants=tuple(split(options.pop("variants") or "")),
        runtimes=tuple(split(options.pop("runtimes") or "")),
        threads=Options("--").threads(options.pop("threads")),
        margin=MARGIN if margin is None else margin / 100,
        pair_seconds=PAIR_SECONDS if seconds is None else seconds,
        results_dir=options.pop("output"),
        **options,
    )


def _shorter(run: Run) -> Path:
    path = (run.path or Path()).absolute()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
