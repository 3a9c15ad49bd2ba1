"""The decorators that register models, datasets, steps, exports, runtimes and metrics.

A registered object is found by its name alone; an unknown name lists the known ones.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from weighin.core import (
    USUAL_FORMAT,
    Anchor,
    Catalogue,
    Comparison,
    ComputedMetric,
    Figure,
    Format,
    Kind,
    Metric,
    Recipe,
    ReferenceModel,
    Runtime,
    Scope,
    Searched,
    Skip,
    SkippedError,
    Suite,
    Task,
    WeighinError,
    kind_of,
    nearest,
    title_of,
)

SCOPES: tuple[Scope, ...] = (
    "artifact",
    "evaluation",
    "inference",
    "pair",
    "engines",
    "memory",
    "start",
)
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[T]):
    """Named objects of one kind, in the order of their registration."""

    def __init__(self, kind: str, builtin: str = "") -> None:
        """Make an empty registry.

        Args:
            kind: what one object is called in messages.
            builtin: package whose modules register weighin's own; imported at first use.
        """
        self.kind = kind
        self._builtin = builtin
        self._objects: dict[str, T] = {}
        self._loaded = False

    def add(self, name: str, item: T) -> None:
        """Register `item` as `name`; the last one registered under a name wins."""
        self._objects[name] = item

    def __getitem__(self, name: str) -> T:
        self._load()
        try:
            return self._objects[name]
        except KeyError:
            near = nearest(name, self._objects)
            hint = f" Did you mean {near!r}?" if near else ""
            known = ", ".join(self._objects) or "none"
            raise WeighinError(
                f"Unknown {self.kind} {name!r}.{hint} Known {self.kind}s: {known}."
            ) from None

    def __contains__(self, name: str) -> bool:
        self._load()
        return name in self._objects

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(list(self._objects))

    def values(self) -> list[T]:
        """All objects, in order."""
        self._load()
        return list(self._objects.values())

    def _load(self) -> None:
        if self._loaded or not self._builtin:
            return
        self._loaded = True
        earlier = dict(self._objects)
        self._objects.clear()  # so that weighin's own come first, in tables as in lists
        module = importlib.import_module(self._builtin)
        for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
            if not found.name.startswith("_"):
                importlib.import_module(f"{self._builtin}.{found.name}")
        self._objects |= earlier  # what a user has registered under a built-in name stays


models: Registry[ReferenceModel] = Registry("model")
suites: Registry[Suite] = Registry("suite")
formats: Registry[Format] = Registry("format", "weighin.formats.kinds")
datasets: Registry[Any] = Registry("data set", "weighin.datasets")
tasks: Registry[Task] = Registry("task", "weighin.tasks")
steps: Registry[Callable[..., Any]] = Registry("step", "weighin.steps")
exports: Registry[Callable[..., bytes]] = Registry("export", "weighin.exports")
runtimes: Registry[Runtime] = Registry("runtime", "weighin.runtimes")
references: Registry[Any] = Registry("reference", "weighin.measure.references")
metrics: Registry[ComputedMetric] = Registry("metric", "weighin.metrics")
ratios: Registry[Metric] = Registry("ratio", "weighin.metrics")
anchors: Registry[tuple[Anchor, ...]] = Registry("model of which others have published something")


def model(**profiles: Recipe) -> Callable[[F], F]:
    """Register the decorated function, `create(keras) -> untrained model`, under its name.

    Args:
        **profiles: a `Recipe` per profile: `quick=Recipe(...)`, `full=Recipe(...)`.
    """

    def register(create: F) -> F:
        name = create.__name__
        models.add(name, ReferenceModel(name, create, dict(profiles)))
        return create

    return register


def published(model: str, *figures: Anchor) -> None:
    """Register what others have published of a model, to stand beside one's own figures."""
    anchors.add(model, figures)


def suite(
    name: str,
    *,
    profile: str,
    models: Sequence[str],
    variants: Sequence[str] | Mapping[str, Sequence[str]],
    seeds: int = 1,
    optional: Sequence[str] = (),
) -> None:
    """Register which models and variants `--weighin-suite NAME` weighs, and how they train.

    Args:
        name: of the suite.
        profile: the training profile of all its models.
        models: names of models.
        variants: of every model, or of each by its name: `{"lenet5": ("baseline", …), …}`.
        seeds: how many times each model is trained, unless `--weighin-seeds` says otherwise.
        optional: models that are left out, with a reason, where their data are not at hand.

    Raises:
        WeighinError: if variants are named for other models than the suite's.
    """
    if isinstance(variants, Mapping):
        differing = sorted(set(models) ^ set(variants))
        if differing:
            raise WeighinError(
                f"Suite {name!r}: models and variants must name the same models; "
                f"only one of them names: {', '.join(differing)}."
            )
        own = {model: tuple(each) for model, each in variants.items()}
        suites.add(name, Suite(name, profile, tuple(models), own, seeds, tuple(optional)))
    else:
        weighed = tuple(variants)
        suites.add(name, Suite(name, profile, tuple(models), weighed, seeds, tuple(optional)))


def dataset(name: str) -> Callable[[F], F]:
    """Register `load(search) -> Dataset`; `search` is a `weighin.datasets.search.SearchPaths`."""

    def register(loader: F) -> F:
        datasets.add(name, loader)
        return loader

    return register


Claim = Callable[..., str | None]


def step(
    name: str,
    *,
    check: Callable[..., None] | None = None,
    claim: Claim | None = None,
    promise: Any = None,
    uses: Sequence[Callable[..., Any]] = (),
    searched: Searched | None = None,
) -> Callable[[F], F]:
    """Register `step(model, trainer, …) -> model`: Keras model in, Keras model out, by training.

    Parameters after the first two are the grammar's: positional ones without a default, then
    keywords; annotations (`float`, `Literal[...]`, `Annotated[float, check]`) are enforced.

    Args:
        name: what the step is called in a variant's name.
        check: given all arguments by name, raises ValueError where they make no sense together.
        claim: given the graph (`weighin.formats.graph`) of a file that this step went into, and
            by name all arguments, `later`, the names of the steps that follow, and `before`, a
            function that reads the graph of the same model without this step and what follows;
            says how the file breaks the step's promise, or None.
        promise: what it promises of a layer (`weighin.formats.coverage.Promise`), so that a row
            tells how much of the model that covers; None if nothing of single layers.
        uses: functions of other files that decide what the step yields: a change in those files
            builds it anew, as one in the step's own does.
        searched: what `weighin search` tries of it; nothing if None.
    """

    def register(function: F) -> F:
        vars(function).update(
            check=check, claim=claim, promise=promise, uses=uses, searched=searched
        )
        steps.add(name, function)
        return function

    return register


def export(
    name: str,
    *,
    check: Callable[..., None] | None = None,
    claim: Claim | None = None,
    promise: Any = None,
    available: Callable[[], str | None] | None = None,
    uses: Sequence[Callable[..., Any]] = (),
    calibrated: bool | Callable[..., bool] = False,
    format: str = USUAL_FORMAT,
    packages: Sequence[str] = (),
    of_file: Callable[..., bytes] | None = None,
    searched: Sequence[str] | Callable[[], Sequence[str]] = ("",),
    mixes: bool = False,
) -> Callable[[F], F]:
    """Register `export(model, calibration, …) -> bytes` of a file.

    `calibration` is training inputs by name, each `(n, …)`. Further parameters are the
    grammar's, as those of a step are. One called `export` names another export that this one is
    about: `compact(int8)`.

    Args:
        name: what the export is called in a variant's name.
        check: as of a step.
        claim: given the graph (`weighin.formats.graph`) of the file and all arguments by name,
            says how the file breaks the export's promise, or None.
        promise: as of a step.
        available: says why the export cannot be used here, or None; loads nothing heavy.
        uses: as of a step.
        calibrated: whether what it yields depends on `calibration`; or a function that is given
            all arguments by name and says so.
        format: of the file, one of `weighin.formats.kinds`.
        packages: whose versions decide what it yields, if not those of all .tflite files.
        of_file: makes of a finished float .tflite what the export makes of a Keras model, without
            TensorFlow: given its bytes in the place of a model, and all arguments by name.
        searched: the arguments that `weighin search` tries first, as a variant's name has them;
            or a function that gives them. Nothing of an export that is not to be searched.
        mixes: whether it puts hidden channels in another order, which parts what steps have put
            side by side; claims of steps are given it.
    """

    def register(function: F) -> F:
        vars(function).update(
            check=check,
            claim=claim,
            promise=promise,
            available=available,
            uses=uses,
            calibrated=calibrated,
            format=format,
            packages=tuple(packages),
            of_file=of_file,
            searched=searched,
            mixes=mixes,
        )
        exports.add(name, function)
        return function

    return register


def metric(
    name: str,
    *,
    unit: str = "",
    better: Literal["lower", "higher", ""] = "",
    scope: Scope,
    machine_bound: bool = False,
    title: str = "",
    noun: str = "",
    kind: Kind | None = None,
    comparison: Comparison = "intervals",
    tolerance: float = 0.0,
    relative: bool = False,
    of_engines: bool = False,
    column: bool = True,
    rare: bool = False,
    substitute: bool = False,
    least: float | None = None,
    most: float | None = None,
) -> Callable[[Callable[[Any], Figure | Skip]], Callable[[Any], Figure | Skip]]:
    """Register the decorated function, from an operation's outcome to a figure, as a metric.

    What is said of it here is stored with the results, and every report reads it there: tables
    have a column for it, `compare` and gates know how to judge it. The arguments are those of
    `weighin.core.Metric`; a title that is not given is the name, a kind goes by the unit.
    """

    def register(compute: Callable[[Any], Figure | Skip]) -> Callable[[Any], Figure | Skip]:
        described = ComputedMetric(
            name=name,
            title=title or title_of(name),
            noun=noun,
            unit=unit,
            kind=kind or kind_of(unit),
            better=better,
            machine_bound=machine_bound,
            comparison=comparison,
            tolerance=tolerance,
            relative=relative,
            of_engines=of_engines,
            column=column,
            rare=rare,
            substitute=substitute,
            least=least,
            most=most,
            summary=summary(compute),
            scope=scope,
            compute=compute,
        )
        metrics.add(name, described)
        return compute

    return register


def ratio_metric(name: str, *, of: str, title: str, summary: str) -> None:
    """Register how many times smaller than the baseline's a metric is, which reports work out."""
    ratios.add(
        name,
        Metric(
            name=name,
            title=title,
            kind="ratio",
            better="higher",
            relative=True,
            ratio_of=of,
            summary=summary,
        ),
    )


def catalogue() -> Catalogue:
    """What is said of every metric, in the order of tables: size, quality, latency, the rest.

    A ratio stands behind the metric that it is made of.
    """
    ranked = sorted(metrics.values(), key=lambda each: SCOPES.index(each.scope))
    described: dict[str, Metric] = {}
    for computed in ranked:
        told = {each.name: getattr(computed, each.name) for each in dataclasses.fields(Metric)}
        described[computed.name] = Metric(**told)
        described |= {each.name: each for each in ratios.values() if each.ratio_of == computed.name}
    return described


def is_calibrated(function: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    """Whether what an export yields with these arguments depends on the inputs it is given."""
    calibrated = vars(function).get("calibrated")
    return bool(calibrated(**arguments) if callable(calibrated) else calibrated)


def runtime(cls: type[Any]) -> type[Any]:
    """Register an instance of the decorated class as a runtime; see `weighin.core.Runtime`."""
    if not hasattr(cls, "on_request"):
        cls.on_request = False  # measured in every run, as most are
    if not hasattr(cls, "call_overhead"):  # `nothing` is what it was called before
        cls.call_overhead = getattr(cls, "nothing", lambda self: None)
    if not hasattr(cls, "packages"):
        cls.packages = ()
    if not hasattr(cls, "rounding"):
        cls.rounding = 0.0
    if not hasattr(cls, "memory"):
        cls.memory = _tells_no_memory
        if not hasattr(cls, "declines"):
            cls.declines = _declines_memory
    if not hasattr(cls, "declines"):
        cls.declines = lambda self, scope: None
    if not hasattr(cls, "litert_kernels"):
        cls.litert_kernels = False
    runtimes.add(cls.name, cls())
    return cls


def export_format(name: str) -> str:
    """The format of the files that an export makes."""
    return str(vars(exports[name]).get("format", USUAL_FORMAT))


NO_MEMORY = "only a microcontroller's interpreter tells what memory it takes"


def _declines_memory(self: Any, scope: Scope) -> str | None:
    return NO_MEMORY if scope == "memory" else None


def _tells_no_memory(self: Any, path: Path) -> Any:
    raise SkippedError(NO_MEMORY)


def summary(item: Any) -> str:
    """The first line of an object's docstring, without its full stop."""
    return (inspect.getdoc(item) or "").split("\n")[0].rstrip(".")


def source_digest(item: Any) -> str:
    """sha256 of the file that defines a function: its whole module counts as its source.

    The files of what a step `uses` count too.
    """
    digest = hashlib.sha256()
    for each in (item, *getattr(item, "uses", ())):
        path = inspect.getsourcefile(inspect.unwrap(each))
        if path is None or not Path(path).is_file():  # from 3.13 on, Python names even `<string>`
            raise WeighinError(f"The source of {each!r} is not in a file, so it cannot be hashed.")
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def kinds() -> Mapping[str, Registry[Any]]:
    """Every registry by the word `weighin list` shows it under."""
    return {
        "models": models,
        "data sets": datasets,
        "suites": suites,
        "tasks": tasks,
        "steps": steps,
        "exports": exports,
        "runtimes": runtimes,
        "metrics": metrics,
    }
