"""What a user brings, weighed: finished files or one Keras model, with or without data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighin import grammar, registry
from weighin.build.artifacts import Artifacts
from weighin.build.brought import PROFILE, BroughtModel, check_readable
from weighin.build.derived import DerivedFiles
from weighin.build.executors.choosing import executor
from weighin.build.finished import FinishedFiles, format_of
from weighin.core import USUAL_FORMAT, Artifact, Call, ModelFile, Recipe, Suite, WeighinError
from weighin.core.case import engine_parts
from weighin.datasets import bringing, drawing
from weighin.datasets.bringing import Brought, Reading
from weighin.datasets.kinds.reading import demand
from weighin.definitions import USUAL
from weighin.formats import known
from weighin.formats.compiled import Compiled, compiled
from weighin.formats.model_file import model_file
from weighin.frameworks import versions
from weighin.job import plan
from weighin.job.run import Run
from weighin.job.settings import Options, Settings, devices_file, parsed_gates, runtimes
from weighin.measure.context import RunContext, build_context
from weighin.records import store
from weighin.report import gates
from weighin.report.gates import Mode
from weighin.stats import MARGIN, PAIR_SECONDS

_OPTIONS = Options("--")
SUITE = PROFILE
_LEAST = {"epochs": 0, "batch_size": 1, "seeds": 1, "workers": 0}
_PLACE, _NAME = ((str, Path), "a path"), ((str,), "a name")
_NUMBER, _FLAG = ((int, float), "a number"), ((bool,), "True or False")
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("weights", "results_dir", "cache_dir", "devices", "resume"), _PLACE),
    **dict.fromkeys(("task", "loss", "cluster"), _NAME),
    **dict.fromkeys(("pair_seconds", "margin"), _NUMBER),
    **dict.fromkeys(("trust", "strict", "proven"), _FLAG),
}
EPOCHS = 3  # of what trains further, where nothing else is said
DRAWN = "drawn inputs"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How what was brought is weighed.

    Attributes:
        data: what `weighin.datasets.bringing` reads, or what it has brought; None if there are
            none.
        reading: how data are read.
        task: what is asked, by name; if not given, as outputs and targets have it.
        variants: of a Keras model, the usual ones if there are none; or of the first finished file.
        epochs: further ones of what trains.
        learning_rate: of these; the file's own if not given, as for the loss.
        batch_size: of these.
        loss: of these.
        weights: a .weights.h5 for the model that a function returns.
        trust: whether code in the file is run.
        seeds: how many times a model is trained further.
        runtimes: their names, or `litert@pi5` on a device; the usual ones if there are none.
        devices: the file that names devices, if not in the usual place.
        threads: numbers of threads of a session.
        gates: bounds that figures must keep.
        strict: whether gates judge the bare figure.
        proven: whether gates fail unless a figure's whole interval lies within the bound.
        pair_seconds: that a pair may take.
        margin: difference of two shares that does not matter.
        workers: build processes, 0 for one per core.
        cluster: address of the cluster that builds, or `local`; empty for this machine alone.
        results_dir: where records are written.
        cache_dir: where artifacts are kept, if not in the usual place.
        resume: a results file of a run that was broken off, which goes on.
    """

    data: str | Path | Brought | None = None
    reading: Reading = field(default_factory=Reading)
    task: str | None = None
    variants: tuple[str, ...] = ()
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    loss: str | None = None
    weights: Path | None = None
    trust: bool = False
    seeds: int = 1
    runtimes: tuple[str, ...] = ()
    devices: Path | None = None
    threads: tuple[int, ...] = (1,)
    gates: tuple[str, ...] = ()
    strict: bool = False
    proven: bool = False
    pair_seconds: float = PAIR_SECONDS
    margin: float = MARGIN
    workers: int = 0
    cluster: str = ""
    results_dir: Path = Path(store.LOCAL)
    cache_dir: str | None = None
    resume: Path | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense, before anything is read.

        Raises:
            WeighinError: naming the option.
        """
        for name, (kinds, wanted) in _KINDS.items():
            self._demand(name, isinstance(getattr(self, name), kinds), wanted)
        for name, least in _LEAST.items():
            value = getattr(self, name)
            is_enough = type(value) is int and value >= least
            self._demand(name, is_enough, f"a whole number from {least}")
        rate = self.learning_rate
        is_rate = isinstance(rate, int | float) and 0 < rate < math.inf
        self._demand("learning_rate", is_rate, "a number above 0")
        for name, kind in (
            ("results_dir", Path),
            ("cache_dir", str),
            ("weights", Path),
            ("devices", Path),
            ("resume", Path),
        ):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else kind(value))
        _OPTIONS.threads(",".join(map(str, self.threads)))
        _ = self.mode

    def _demand(self, name: str, fits: bool, wanted: str) -> None:
        """Refuse an option that is given and does not fit."""
        value = getattr(self, name)
        demand(value is None or fits, name.replace("_", "-"), value, wanted)

    @property
    def mode(self) -> Mode:
        """How gates are judged.

        Raises:
            WeighinError: if two ways are chosen.
        """
        return gates.mode(self.strict, self.proven)


def planned(files: Sequence[str | Path], asked: Asked) -> Run:
    """A run that weighs what was brought.

    Args:
        files: finished files, the baseline first; or one Keras model.
        asked: how.

    Raises:
        WeighinError: if anything brought is missing, damaged or does not fit the rest.
    """
    finished = [file for file in files if _is_finished(file)]
    if len(finished) == len(files):
        return _of_finished([_existing(file) for file in files], asked)
    if finished:
        raise WeighinError(
            f"{finished[0]} is a finished file, and beside it is a Keras model: weigh finished "
            f"files with each other, and the Keras model by itself."
        )
    if len(files) > 1:
        raise WeighinError(
            f"{files[1]}: one Keras model is weighed at a time, beside what is made of it."
        )
    return _of_keras(str(files[0]), asked)


def _is_finished(file: str | Path) -> bool:
    format = known.of_file(file)
    return format is not None and format.finished


def _of_keras(file: str, asked: Asked) -> Run:
    """A run on what is built from a Keras model."""
    source = _source(file, asked)
    if obstacle := versions.why_not_here():
        raise WeighinError(obstacle)
    check_readable(source)  # before data are asked for, or read for minutes
    if asked.data is None:
        raise WeighinError(
            f"{source.name} is weighed on data, and none are given: --data, or data= in Python "
            f"(weighin weigh --help lists the kinds)."
        )
    context = build_context(asked.cache_dir, None)
    settings = _settings(asked, source.name, asked.variants or USUAL)
    brought = _brought(asked, context.cache.folder)
    model = BroughtModel(source, _recipe(source, brought.name if brought else "", asked))
    model.register()
    context = dataclasses.replace(context, brought=tuple(filter(None, (brought, model))))
    files = Artifacts(context, PROFILE, executor(asked.cluster, asked.workers))
    plan.cases(settings, "artifact")  # refuses variants that are none
    _refuse_unopened(settings)
    return Run(settings, RunContext(files, asked.pair_seconds, asked.margin))


def on_files(files: FinishedFiles, asked: Asked, suite: str, profile: str) -> Run:
    """A run on files that were read already.

    Args:
        files: the baseline and its variants; their data are registered.
        asked: how they are measured.
        suite: what the run is called.
        profile: of training, by which the files' model was built.
    """
    settings = _settings(asked, files.model, ("baseline",), {files.format})
    named = dataclasses.replace(settings.suite, name=suite, profile=profile)
    settings = dataclasses.replace(settings, suite=named)
    return Run(settings, RunContext(files, asked.pair_seconds, asked.margin))


def exported(run: Run) -> tuple[Artifact, Artifact]:
    """The float .tflite file of the last variant of a run on a Keras model, and its own.

    Raises:
        WeighinError: if one cannot be built, or is not what it is called.
    """
    files = run.context.artifacts
    cases = plan.cases(run.settings, "artifact", files.cases)
    last = [case for case in cases if case.format == USUAL_FORMAT][-1]
    floats = dataclasses.replace(files.variant(last), export=Call("float32"))
    original = dataclasses.replace(last, variant=floats.name)
    files.build([original, last])
    return files.of(original), files.of(last)


def _source(file: str, asked: Asked) -> ModelFile:
    """The model's file, looked at without TensorFlow."""
    path, _, function = file.rpartition(":")
    if not path.endswith(".py"):
        path, function = file, ""
    return model_file(_existing(path), function=function, weights=asked.weights, trust=asked.trust)


def _recipe(source: ModelFile, dataset: str, asked: Asked) -> Recipe:
    """How steps train it further: as the options say, else as it was compiled."""
    as_compiled = Compiled() if source.function else compiled(source.path)
    return Recipe(
        dataset,
        epochs=0,
        finetune_epochs=EPOCHS if asked.epochs is None else asked.epochs,
        batch_size=asked.batch_size or 128,
        learning_rate=asked.learning_rate or as_compiled.learning_rate or 1e-3,
        optimizer=as_compiled.optimizer or "adam",
        loss=asked.loss or as_compiled.loss,
        task=asked.task,
    )


def _of_finished(paths: Sequence[Path], asked: Asked) -> Run:
    """A run on finished files, the first as the baseline."""
    _refuse_training(asked)
    format = format_of(paths).name
    _refuse_runtimes(asked, format)
    settings = _settings(asked, paths[0].stem, ("baseline",), {format})
    context = build_context(asked.cache_dir, None)
    brought = _brought(asked, context.cache.folder)
    context = dataclasses.replace(context, brought=(brought,) if brought else ())
    files = DerivedFiles.read(context, paths, brought.name if brought else DRAWN, asked.task)
    files.want(asked.variants)
    if brought is None:
        drawing.register(DRAWN, files.signature, files.ranges)
    files.build(())
    return Run(settings, RunContext(files, asked.pair_seconds, asked.margin))


def _existing(file: str | Path) -> Path:
    path = Path(file)
    if not path.exists():
        raise WeighinError(f"{path} is missing: there is no such file or folder.")
    return path


def _brought(asked: Asked, cache: Path) -> Brought | None:
    """The data, registered in this process."""
    if asked.data is None:
        refuse_reading(asked.reading)
        return None
    data = asked.data
    brought = data if isinstance(data, Brought) else bringing.bring(data, asked.reading, cache)
    bringing.register(brought)
    return brought


def _refuse_training(asked: Asked) -> None:
    """Refuse options of building where nothing is built."""
    given: dict[str, Any] = {
        "epochs": asked.epochs is not None,
        "learning-rate": asked.learning_rate is not None,
        "batch-size": asked.batch_size is not None,
        "loss": asked.loss,
        "weights": asked.weights,
        "trust": asked.trust,
        "seeds": asked.seeds > 1,
    }
    for name, value in given.items():
        if value:
            raise WeighinError(
                f"--{name} is of what is built from a Keras model; finished files are weighed as "
                f"they are."
            )


def _refuse_unopened(settings: Settings) -> None:
    """Refuse variants of a format that no runtime opens, instead of leaving out their rows."""
    opened = {
        format
        for name, _ in map(engine_parts, settings.runtimes)
        for format in registry.runtimes[name].formats
    }
    for format in sorted(plan.formats_named(settings.suite) - opened - {USUAL_FORMAT}):
        fitting = sorted(each.name for each in registry.runtimes.values() if format in each.formats)
        named = [
            name
            for name in settings.suite.variants_of(settings.suite.models[0])
            if registry.export_format(grammar.parse(name).export.name) == format
        ]
        raise WeighinError(
            f"Variant {named[0]} is an .{format} file, which none of the runtimes chosen opens "
            f"({', '.join(settings.runtimes)}): {', '.join(fitting)} would."
        )


def _refuse_runtimes(asked: Asked, format: str) -> None:
    """Refuse runtimes by name that open no finished file, instead of leaving out their rows."""
    for name, _ in map(engine_parts, asked.runtimes):
        if format not in registry.runtimes[name].formats:
            fitting = sorted(
                each.name for each in registry.runtimes.values() if format in each.formats
            )
            raise WeighinError(
                f"--runtimes {name} opens no .{format} files; these do: {', '.join(fitting)}."
            )


def refuse_reading(reading: Reading) -> None:
    """Refuse options of reading data where there are none."""
    plain = Reading()
    for each in dataclasses.fields(Reading):
        if getattr(reading, each.name) != getattr(plain, each.name):
            option = "split-seed" if each.name == "seed" else each.name
            raise WeighinError(f"--{option} says how data are read, and none are given: --data.")


def _settings(
    asked: Asked,
    model: str,
    variants: tuple[str, ...],
    formats: Collection[str] | None = None,
) -> Settings:
    devices = devices_file(asked.runtimes, asked.devices)
    _OPTIONS.checked_numbers(asked.pair_seconds, asked.margin, asked.workers, asked.seeds)
    suite = Suite(SUITE, SUITE, (model,), variants, asked.seeds)
    return Settings(
        suite=suite,
        definitions=(),
        runtimes=runtimes(
            asked.runtimes, devices, plan.formats_named(suite) if formats is None else formats
        ),
        threads=asked.threads,
        gates=parsed_gates(asked.gates),
        mode=asked.mode,
        pair_seconds=asked.pair_seconds,
        margin=asked.margin,
        workers=asked.workers,
        cluster=_OPTIONS.cluster(asked.cluster),
        results_dir=asked.results_dir,
        cache_dir=asked.cache_dir,
        data_dir=None,
        devices=devices,
        is_choice=bool(asked.runtimes),
        resume=asked.resume,
    )
