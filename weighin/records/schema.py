"""What a results file may hold: every field with its type and range, declared once.

Types and ranges are checked by msgspec, at a millionth of a second a field, and what fields say of
each other by `weighin.core.contradiction`. Fields of records and metrics are those of
`weighin.core`; of the environment those are declared that a report reads, and others may stand
beside them.
"""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Iterable
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from weighin.core import Case, Metric, Record, Results, contradiction

LARGEST = 2**63 - 1  # of whole numbers
Whole = Annotated[int, Meta(ge=0, le=LARGEST)]
Float = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
Number = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)] | Float
_AS_STORED: dict[Any, Any] = {
    int: Whole,
    int | None: Whole,
    float: Number,
    float | None: Number,
    bool | None: bool,  # None is the default of all these, which is not stored
    tuple[int, ...]: tuple[Whole, ...],
    tuple[float, ...]: tuple[Number, ...],
}


class DamageError(ValueError):
    """What is wrong in a results file, and in which of its fields."""


class Machine(TypedDict, total=False):
    """The processor and what is around it."""

    cpu: str
    architecture: str
    cores: Whole
    cpu_features: list[str]
    memory_bytes: Whole
    system: str


class Data(TypedDict, total=False):
    """One data set."""

    digest: str
    train: Whole
    test: Whole
    examples: str
    readings: list[str]


class Pairs(TypedDict):
    """How speed-ups are measured and judged."""

    seconds: Number
    narrow: Number
    smallest: Number
    fewest: NotRequired[Whole]
    found: NotRequired[Number]
    power: NotRequired[Number]
    confidence: NotRequired[Number]


class Calibrated(TypedDict):
    """What speed-ups the machine can tell apart."""

    aa_trials: Whole
    false_alarms: Whole
    slow_trials: Whole
    found: Whole
    smallest_speedup: Number | None
    session_spread: Number
    pair_seconds: Number
    pinned: bool
    threads: NotRequired[Whole]


class Published(TypedDict):
    """What others have published of a model."""

    source: str
    times: Number
    counted: str
    alike: NotRequired[bool]


class Device(TypedDict, total=False):
    """A device that rows were measured on; nothing where it was never reached."""

    machine: Machine
    packages: dict[str, str | None]
    commit: str | None
    calibrations: list[Calibrated]
    disturbances: list[str]
    connections: Whole


class Span(TypedDict, total=False):
    """A part of a run that was broken off, which another went on with."""

    date: str
    file: str
    measurements: Whole
    disturbances: list[str]
    broken_off: bool


class Searched(TypedDict, total=False):
    """The search that a run's variants were chosen by, on other examples."""

    margin: str
    within: Number
    minimized: list[str]
    tried: Whole
    seconds: Number


class Environment(TypedDict, total=False):
    """Where, when and by what a run was measured."""

    date: str
    suite: str
    profile: str
    machine: Machine
    devices: dict[str, Device]
    packages: dict[str, str | None]
    commit: str | None
    datasets: dict[str, Data]
    files: list[dict[str, str]]
    weights: dict[str, str]
    seeds: Whole
    pairs: Pairs
    margin: Number
    calibration: Calibrated | None
    calibrations: list[Calibrated]
    disturbances: list[str]
    resumed: list[Span]
    search: Searched
    anchors: dict[str, list[Published]]
    artifacts: dict[str, list[dict[str, Any]]]


def _struct(name: str, *classes: type, required: Iterable[str]) -> type[msgspec.Struct]:
    """The fields of dataclasses as one flat object, of which nothing else may stand in a file."""
    declared: list[Any] = []
    for of in classes:
        hints = typing.get_type_hints(of)
        for field in dataclasses.fields(of):
            kind = _AS_STORED.get(hints[field.name], hints[field.name])
            default = () if field.name in required else (field.default,)
            declared.append((field.name, kind, *default))
    fields = [each for each in declared if each[0] != "case"]
    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, kw_only=True, gc=False)


_CASE = tuple(field.name for field in dataclasses.fields(Case))
_SAID = set(_CASE) - {"target"}  # of this machine where it is not there
Row = _struct("Row", Case, Record, required=(*_SAID, "metric", "unit", "status"))
Described = _struct("Described", Metric, required=("name", "title"))


class _Content(msgspec.Struct):
    """A file but for the metrics, which the first schema had not."""

    environment: Environment
    records: list[Row]  # type: ignore[valid-type]  # made of the fields of `Record`


class _Described(msgspec.Struct):
    metrics: list[Described]  # type: ignore[valid-type]  # made of the fields of `Metric`


def check_types(content: Any) -> None:
    """Refuse what is of other types than a file's fields, of whatever schema.

    Raises:
        DamageError: naming the field.
    """
    _converted(content, _Content)


def results(content: Any, *, broken_off: bool) -> Results:
    """What a file of the present schema holds.

    Args:
        content: of the file, as JSON has it.
        broken_off: whether it is of a run that has not ended: of several records of one figure the
            last one counts then, in the place of the first.

    Raises:
        DamageError: naming the field that is wrong.
    """
    rows = _converted(content, _Content).records
    described = _converted(content, _Described).metrics
    metrics = {row.name: Metric(**msgspec.structs.asdict(row)) for row in described}
    cases: dict[Case, Case] = {}
    records: dict[tuple[Case, str], Record] = {}
    for at, row in enumerate(rows):
        values = msgspec.structs.astuple(row)
        case = Case(*values[: len(_CASE)])
        case = cases.setdefault(case, case)
        record = Record(case, *values[len(_CASE) :])
        key = (case, record.metric)
        fault = contradiction(record, metrics.get(record.metric))
        if not fault and key in records and not broken_off:
            fault = "the same figure stands there twice"
        if fault:
            raise DamageError(f"records[{at}], {record.metric} of {case}: {fault}")
        records[key] = record
    return Results(content["environment"], tuple(records.values()), metrics, broken_off)


def _converted(content: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at ")  # `$.records[3].seed`
        field = place.replace("`$.", "").strip("`")
        said = problem[0].lower() + problem[1:]
        raise DamageError(f"{field}: {said}" if field else said) from None
    except UnicodeEncodeError:
        raise DamageError("the name of a field holds half of a surrogate pair") from None
