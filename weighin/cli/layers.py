"""`weighin layers`: which layers of a compressed file lose what its float model knows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from weighin.cli import options as shared
from weighin.cli.errors import ShownError
from weighin.cli.weigh import DATA
from weighin.report import terminal

if TYPE_CHECKING:
    from weighin.layers.row import Layers


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The float .tflite file that a .tflite FILE was made of.",
)
@click.option("--export", metavar="EXPORT", help="Of a Keras model: how it is exported, as int8.")
@shared.weights
@shared.trust
@shared.together(DATA)
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    metavar="N",
    help="That errors are measured on.",
)
@click.option(
    "--tested",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    metavar="N",
    help="That sensitivities are measured on; 0 measures none.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="M",
    help="That sensitivities may take; layers that lose most are tested first.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=20.0,
    show_default=True,
    metavar="S",
    help="That timing operators may take; 0 times none.",
)
@click.option(
    "--node-data",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write what each operator loses as node data for Model Explorer (.json).",
)
@click.option(
    "--figure",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw error and time along the depth: .svg or .png.",
)
@shared.table_format
@shared.color
def layers(
    file: Path,
    style: str,
    color: terminal.Color,
    node_data: Path | None,
    figure: Path | None,
    **options: Any,
) -> None:
    """Look at each layer of a compressed FILE beside its float model.

    \b
    weighin layers int8.tflite --against float.tflite --data test.npz
    weighin layers mine.keras --export int8 --data mine.npz

    What each operator's weights and output are off by, on the same inputs and by the kernels that
    the file runs with; what is clipped; whether a delegate runs it; its share of the time; and what
    it does to the task's figure when it alone is left float, or alone is quantized.

    Interrupted once, it shows what it has measured by then.
    """  # noqa: D301 - click's mark of lines that stay as they are is the character itself
    from weighin.core import WeighinError
    from weighin.report import layers as report
    from weighin.report import layers_data, layers_figure

    try:
        if figure is not None:
            layers_figure.check_ending(figure)
        whole = _looked_at(file, options)
        if node_data is not None:
            _write(node_data, layers_data.node_data(whole))
        if figure is not None:
            layers_figure.draw(whole, figure)
    except WeighinError as error:
        raise ShownError(str(error)) from None
    click.echo(report.render(whole, style, terminal.here(color)), color=True)
    for what, path in (("node data", node_data), ("figure", figure)):
        if path is not None:
            click.echo(f"\n{what}: {path}", err=style != "text")
    if whole.stopped:
        click.echo("\nstopped; what was measured by then is shown", err=True)
        sys.exit(130)


def _looked_at(file: Path, options: dict[str, Any]) -> Layers:
    """Layers of what is named, looked at in a process of its own.

    Raises:
        WeighinError: if options, files or data do not fit together.
    """
    from weighin.datasets.bringing import Reading
    from weighin.job import layering

    reading = Reading.of(options)
    asked = layering.Asked(
        against=options["against"],
        export=options["export"],
        data=options["data"],
        reading=reading,
        task=options["task"],
        examples=options["examples"],
        tested=options["tested"],
        seconds=options["seconds"],
        minutes=options["minutes"],
        weights=options["weights"],
        trust=options["trust"],
    )
    with layering.shown() as progress:
        return layering.looked_at(file, asked, progress)


def _write(path: Path, text: str) -> None:
    from weighin.core import WeighinError
    from weighin.files import replacing

    try:
        with replacing(path) as partial:
            partial.write_text(text, "utf-8")
    except OSError as error:
        raise WeighinError(f"{path} cannot be written: {error.strerror}.") from error
