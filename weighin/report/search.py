"""What a search has found, as a table and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weighin import registry
from weighin.core import Metric
from weighin.report import units
from weighin.report.layout import FLAT, Section
from weighin.report.terminal import Terminal, written
from weighin.stats import Interval

RATIO = "latency"  # which is a ratio to the baseline's


@dataclass(frozen=True)
class Member:
    """A variant that is shown on the test part, or that misses the margin by little.

    Attributes:
        variant: its name.
        told: the name, and for how many epochs it was trained.
        values: of what is made small; a latency is a ratio to the baseline's.
        validation: its figure less the baseline's, by the part that it was chosen by.
        test: by the part that was opened for it; None if it was not.
        p: of "worse by the margin or more" there, corrected for all that are shown; None likewise.
        speedup: how many times faster than the baseline, measured anew; None if not measured.
    """

    variant: str
    told: str
    values: Mapping[str, float]
    validation: Interval
    test: Interval | None = None
    p: float | None = None
    speedup: Interval | None = None

    @property
    def holds(self) -> bool:
        """Whether it is shown to be within the margin on the test part."""
        return self.p is not None and self.p < 0.05

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Member:
        """A member of `Found.as_json`, read again."""
        given = {each.name: told[each.name] for each in dataclasses.fields(cls)}
        intervals = {
            name: given[name] and Interval(**given[name])
            for name in ("validation", "test", "speedup")
        }
        return cls(**given | intervals)


@dataclass(frozen=True)
class Found:
    """All that a search has found.

    Attributes:
        model: what was searched from.
        margin: in words.
        figure: title of the figure that may not get worse.
        is_share: whether it is shown in percent.
        unit: of the figure, if it is no share.
        objectives: what was made small.
        baseline: its values.
        members: the front; those that were shown on the test part.
        nearest: where nothing held: those that missed the margin by the least.
        phases: of each, how many were tried, held, and failed.
        seconds: that it took.
        data: how it was divided.
        openings: how often the test part was opened for this search.
        remarks: what a reader has to know beside.
        commands: what to type, by a member's variant.
        results: the file of records of what was shown.
        output: the file that was written, and of which variant.
        candidates: all that were tried, as JSON has them.
        files: the float file and the data of both parts, by which anybody can ask more.
    """

    model: str
    margin: str
    figure: str
    is_share: bool
    unit: str
    objectives: Sequence[Metric]
    baseline: Mapping[str, float]
    members: Sequence[Member]
    nearest: Sequence[Member]
    phases: Sequence[tuple[str, int, int, int]]
    seconds: float
    data: str
    openings: int = 1
    remarks: Sequence[str] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    results: str = ""
    output: tuple[str, str] | None = None
    candidates: Sequence[Mapping[str, Any]] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def tried(self) -> int:
        """How many candidates were tried."""
        return sum(tried for _, tried, _, _ in self.phases)

    @property
    def best(self) -> Member | None:
        """The first that holds on the test part; the members stand with the smallest first."""
        return next((member for member in self.members if member.holds), None)

    def as_json(self) -> dict[str, Any]:
        """As JSON has it."""
        told = dataclasses.asdict(self)
        told["objectives"] = [metric.name for metric in self.objectives]
        for each, member in zip(told["members"], self.members, strict=True):
            each["holds"] = member.holds
        return told | {"tried": self.tried, "best": self.best and self.best.variant}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Found:
        """The same, read again."""
        given = {each.name: told[each.name] for each in dataclasses.fields(cls)}
        output = given["output"]
        return cls(
            **{
                **given,
                "objectives": [registry.catalogue()[name] for name in given["objectives"]],
                "members": [Member.of_json(each) for each in given["members"]],
                "nearest": [Member.of_json(each) for each in given["nearest"]],
                "phases": [tuple(each) for each in given["phases"]],
                "output": output and tuple(output),
            }
        )


def render(found: Found, style: str, terminal: Terminal | None = None) -> str:
    """What was found in one of `layout.FORMATS`; as `text` fitted to a terminal, if given."""
    if style == "json":
        return json.dumps(found.as_json(), indent=1)
    if style in FLAT:
        return FLAT[style]([_flat(found, each) for each in found.members or found.nearest])
    return written([_section(found)], style, terminal)


def _section(found: Found) -> Section:
    shown = found.members or found.nearest
    again = any(member.speedup for member in shown)
    headers = ["variant"]
    for metric in found.objectives:
        headers += ["× faster"] if metric.name == RATIO else [metric.title, "× smaller"]
    points = "Δ points" if found.is_share else f"Δ {found.figure}"
    headers += [f"{points}, validation", f"{points}, test"]
    headers += ["× faster, test run"] if again else []
    headers += ["holds"]
    first = ["baseline"]
    for metric in found.objectives:
        value = found.baseline[metric.name]
        first += ["1"] if metric.name == RATIO else [units.shown(metric, value), "1"]
    rows = [[*first, *[""] * (len(headers) - len(first))]]
    rows += [_row(found, member, again=again) for member in shown]
    title = f"{found.model}: smallest within {found.margin}"
    if [metric.name for metric in found.objectives] == [RATIO]:
        title = f"{found.model}: fastest within {found.margin}"
    return Section(title, headers, rows, _lines(found), optional=["× faster, test run"])


def _row(found: Found, member: Member, *, again: bool) -> list[str]:
    cells = [member.told]
    for metric in found.objectives:
        value, base = member.values[metric.name], found.baseline[metric.name]
        if metric.name == RATIO:
            cells.append(units.ratio(1 / value))
        else:
            cells += [units.shown(metric, value), units.ratio(base / value) if value else ""]
    cells.append(_difference(found, member.validation))
    cells.append("not opened" if member.test is None else _difference(found, member.test))
    if again:
        speedup = member.speedup
        cells.append(units.ratio(speedup.value, *speedup.ends) if speedup else "not measured")
    missed = "no, by validation" if member.test is None else "not shown"
    return [*cells, "yes" if member.holds else missed]


def _difference(found: Found, interval: Interval) -> str:
    metric = Metric(name="delta", title="", kind="change", unit=found.unit)
    if found.is_share:
        metric = dataclasses.replace(metric, kind="points", unit="")
    return units.shown(metric, interval.value, interval.low, interval.high)


def _lines(found: Found) -> list[str]:
    lines = [_verdict(found)]
    counts = ", ".join(
        f"{tried} {phase} ({held} held{f', {failed} could not be made' if failed else ''})"
        for phase, tried, held, failed in found.phases
        if tried
    )
    lines.append(f"{found.tried} candidates tried in {found.seconds:.0f} s: {counts or 'none'}")
    lines.append(found.data)
    if found.members:
        many = len(found.members) > 1
        corrected = f", corrected for {len(found.members)} (Holm)" if many else ""
        lines.append(
            f"holds: on the test part, the difference's 95 % interval lies within {found.margin}"
            f"{corrected}; on validation, the best of {found.tried} looks better than it is"
        )
    if found.openings > 1:
        lines.append(
            f"the test part was opened {found.openings} times for this search: what was chosen "
            f"after the first time is flattered by that"
        )
    lines += found.remarks
    lines += [f"{name}: {command}" for name, command in _typed(found)]
    if found.output:
        lines.append(f"written: {found.output[0]} ({found.output[1]})")
    return lines


def _typed(found: Found) -> list[tuple[str, str]]:
    best = found.best
    if best is None or best.variant not in found.commands:
        return []
    return [("type", found.commands[best.variant])]


def _verdict(found: Found) -> str:
    best = found.best
    if not found.members:
        return f"nothing tried holds within {found.margin}; nearest by validation: above"
    if best is None:
        return (
            f"what the search chose does not hold on the test part: nothing is shown to be within "
            f"{found.margin}"
        )
    if best is not found.members[0] and len(found.objectives) == 1:
        return (
            f"the smallest, {found.members[0].told}, does not hold on the test part; "
            f"{best.told} does"
        )
    failing = [member.told for member in found.members if not member.holds]
    if failing and len(found.objectives) > 1:
        return f"shown on the test part: all but {', '.join(failing)}"
    return f"{best.told} holds on the test part"


def _flat(found: Found, member: Member) -> dict[str, Any]:
    told: dict[str, Any] = {"model": found.model, "variant": member.variant, "told": member.told}
    told |= dict(member.values)
    for part, interval in (("validation", member.validation), ("test", member.test)):
        for end in ("value", "low", "high"):
            told[f"{part}_{end}"] = interval and getattr(interval, end)
    return told | {"p": member.p, "holds": member.holds, "tried": found.tried}
