"""The command `weighin`: run, list, table, curve, record, publish, sweep, inspect and more.

A command imports what it alone needs, and nothing else does: help prints at once, without NumPy.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import click

from weighin import __version__
from weighin.cli import options as shared
from weighin.cli import places, project, results
from weighin.cli.errors import clear_errors
from weighin.cli.layers import layers
from weighin.cli.search import search
from weighin.cli.weigh import weigh
from weighin.report import terminal
from weighin.report.layout import visible


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


for command in (
    *(weigh, layers, search),
    *(results.table, results.record, results.curve, results.report, results.check, results.compare),
    *(project.run, project.sweep, project.list_, project.publish),
):
    main.add_command(command)


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
@clear_errors
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

    places.load(())
    cache = places.cache(cache_dir)
    if seconds is not None:
        seconds = PAIR_SECONDS if math.isnan(seconds) else seconds
        click.echo(doctoring.calibrate(cache, seconds, artifact, threads))
        return
    search = places.search(cache, data_dir)
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
@clear_errors
def inspect(file: Path, as_json: bool) -> None:
    """Print what a .tflite, .onnx, .keras or .h5 FILE really holds."""
    from weighin.report import inspection

    facts = inspection.inspect_in_subprocess(file)
    click.echo(inspection.render(facts, as_json, terminal.here("never")))
