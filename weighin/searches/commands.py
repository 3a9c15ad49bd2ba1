"""What anybody types to weigh what a search has found."""

from __future__ import annotations

import dataclasses
import shlex

from weighin.datasets.bringing import Brought
from weighin.job.weighing import Asked
from weighin.searches import space
from weighin.searches.ledger import Entry
from weighin.searches.sources import Source


def command(source: Source, named: str, how: Asked, entry: Entry) -> str:
    """What anybody types to weigh a variant.

    Args:
        source: what was searched from.
        named: as the user named it.
        how: it is read.
        entry: the variant, and for how many epochs it was trained.
    """
    if not source.is_file:
        words = ["weighin", "run", "--models", source.model, "--profile", source.profile]
        words += ["--variants", f"baseline,{entry.variant}"]
        whole = entry.epochs in (None, *source.maker.budgets[-1:])
        told = "" if whole else f"  # its recipe with finetune_epochs={entry.epochs}"
        return shlex.join(words) + told
    words = ["weighin", "weigh", named, "--data"]
    if isinstance(how.data, Brought):
        words.append(str(how.data.path))
        words += ["--scale", str(how.data.scale)] if how.data.scale != 1 else []
    else:
        words.append(str(how.data))
    words += ["--variants", entry.variant]
    if space.trains(entry.variant) and entry.epochs is not None:
        words += ["--epochs", str(entry.epochs)]
    for name in ("learning_rate", "batch_size", "loss", "task", "weights"):
        value = getattr(how, name)
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    reading, plain = how.reading, type(how.reading)()
    for each in dataclasses.fields(reading):
        value = getattr(reading, each.name)
        if value != getattr(plain, each.name):
            words += _option("split-seed" if each.name == "seed" else each.name, value)
    return shlex.join(words)


def _option(name: str, value: object) -> list[str]:
    """An option of how data are read, as it is typed."""
    if value is True:
        return [f"--{name}"]
    if isinstance(value, tuple):
        return [f"--{name}", ("x" if name == "size" else ",").join(map(str, value))]
    return [f"--{name}", str(value)]
