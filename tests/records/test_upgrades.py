"""Results files of schema 1: their notes as fields, their metrics described by a catalogue."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

import weighin
from weighin import registry, stats
from weighin.core import Record, WeighinError
from weighin.records import store
from weighin.records.upgrades import METRICS_OF_1

ROOT = Path(weighin.__file__).resolve().parent.parent
ROW = {
    **{"model": "small", "dataset": "digits", "variant": "int8", "seed": 0, "format": "tflite"},
    **{"runtime": "litert", "threads": 1, "unit": "", "status": "ok", "artifact": "ab"},
}


def upgraded(tmp_path: Path, metric: str, **fields: Any) -> Record:
    """What a record of schema 1 has become."""
    path = tmp_path / "old.json"
    row = ROW | {"metric": metric} | fields
    path.write_text(json.dumps({"schema": 1, "environment": {}, "records": [row]}), "utf-8")
    (record,) = store.load(path).records
    return record


@pytest.mark.parametrize(
    ("note", "gained", "lost"), [("12 gained, 14 lost", 12, 14), ("0 gained, 0 lost", 0, 0)]
)
def test_images_gained_and_lost_are_counts(
    tmp_path: Path, note: str, gained: int, lost: int
) -> None:
    """And no note is left."""
    record = upgraded(tmp_path, "top1_delta", value=0.0, n=100, note=note)

    assert (gained, lost, "") == (record.gained, record.lost, record.note)


@pytest.mark.parametrize(
    ("note", "samples", "openings"),
    [
        ("10 openings of the file", 1000, (100,) * 10),
        ("6 openings of the file", 50, (9, 9, 9, 9, 9, 5)),
        ("1 openings of the file: too few for an interval", 7, (7,)),
        ("2 openings of the file: too few for an interval", 5, (3, 2)),
    ],
)
def test_openings_have_their_samples_boundaries(
    tmp_path: Path, note: str, samples: int, openings: tuple[int, ...]
) -> None:
    """As many calls each, the last what was left, as they were timed."""
    record = upgraded(tmp_path, "latency", value=1.0, samples=[1.0] * samples, note=note)

    assert (openings, "") == (record.openings, record.note)


@pytest.mark.parametrize(
    ("note", "stopped", "pinned"),
    [
        ("stopped: within ±1 %", "narrow", True),
        ("stopped: time spent; not pinned to a core", "time", False),
        ("stopped: 400 blocks", "blocks", True),
    ],
)
def test_why_measuring_stopped_is_a_word(
    tmp_path: Path, note: str, stopped: str, pinned: bool
) -> None:
    """And whether it ran on one core is yes or no."""
    record = upgraded(tmp_path, "speedup", value=1.0, note=note)

    assert (stopped, pinned, "") == (record.stopped, record.pinned, record.note)


def test_reasons_are_a_list(tmp_path: Path) -> None:
    """A line each."""
    assert ("first", "second") == upgraded(tmp_path, "why", note="first\nsecond").reasons


@pytest.mark.parametrize(("value", "n", "count"), [(0.9812, 10_000, 9812), (11 / 13, 13, 11)])
def test_shares_have_their_counts(tmp_path: Path, value: float, n: int, count: int) -> None:
    """As whole numbers, whatever rounding the division had."""
    assert count == upgraded(tmp_path, "top1", value=value, n=n).count


@pytest.mark.parametrize(
    ("metric", "fields"),
    [
        ("top1", {"value": 1e308, "n": 10**18}),
        ("latency", {"value": 1.0, "note": f"{'9' * 18} openings of the file", "samples": [1.0]}),
        ("top1_delta", {"value": 0.0, "n": 9, "note": f"{'9' * 9999} gained, 0 lost"}),
    ],
)
def test_senseless_numbers_end_in_an_answer(
    tmp_path: Path, metric: str, fields: dict[str, Any]
) -> None:
    """At once: no overflow, no list of a quintillion."""
    with contextlib.suppress(WeighinError):
        upgraded(tmp_path, metric, **fields)


def test_other_notes_stay(tmp_path: Path) -> None:
    """What nobody wrote a program for is a note still."""
    assert "seen at noon" == upgraded(tmp_path, "top1", value=0.5, note="seen at noon").note


def test_what_metrics_meant_is_what_they_mean() -> None:
    """Nothing of weighin's own means anything else since, but for what `list` says of it.

    Only the furthest score is no share any more: outputs may be of any size.
    """
    now = registry.catalogue()
    for row in METRICS_OF_1:
        told = {name: getattr(now[row["name"]], name) for name in row}
        since = {"kind": "number"} if row["name"] == "furthest_score" else {}

        assert row | since == told


def test_published_files_load() -> None:
    """All of them, with figures, and no fact of schema 1 left in a note."""
    paths = sorted((ROOT / "results").glob("*/*/**/*.json"))
    notes = set()
    for path in paths:
        loaded = store.load(path)
        if (
            json.loads(path.read_bytes())["schema"] < 4
        ):  # later ones say in notes what no program reads
            notes |= {record.note for record in loaded.records}
        assert loaded.metric("gzip_bytes").ratio_of == ""
        assert loaded.metric("smaller").ratio_of == "gzip_bytes"

    assert len(paths) > 50
    assert {""} == notes


# -- speed-ups of schema 2 ------------------------------------------------------------------------

RATIOS = [1.5, 1.6] * 20


@pytest.mark.parametrize(
    ("ratios", "smallest", "made"),
    [
        (RATIOS, 0.02, (1.5, 1.6, "faster")),
        (RATIOS, 0.9, (1.5, 1.6, "same within ±90 %")),
        (RATIOS[:5], 0.02, (None, None, "no evidence")),
    ],
)
def test_a_speed_up_is_derived_anew_of_its_samples(
    tmp_path: Path, ratios: list[float], smallest: float, made: tuple[Any, ...]
) -> None:
    """By the rule of now, and the smallest speed-up that its run called."""
    row = ROW | {"metric": "speedup", "value": 9.0, "low": 8.0, "high": 9.5, "verdict": "slower"}
    pairs = {"seconds": 1.5, "narrow": 0.01, "smallest": smallest}
    content = {"schema": 2, "environment": {"pairs": pairs}, "metrics": []}
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**content, "records": [row | {"samples": ratios}]}), "utf-8")

    (record,) = store.load(path).records

    assert made == (record.low, record.high, record.verdict)
    assert record.value == pytest.approx(stats.typical_ratio(ratios).value)


def test_a_speed_up_without_samples_stays_as_it_is(tmp_path: Path) -> None:
    record = upgraded(tmp_path, "speedup", value=2.0, low=1.9, high=2.1, verdict="faster")

    assert (2.0, 1.9, 2.1, "faster") == (record.value, record.low, record.high, record.verdict)


@pytest.mark.parametrize(
    "damage", [{"value": 99.0}, {"low": 9.0}, {"low": 9.0, "high": 1.0}, {"high": 1.0}]
)
def test_a_speed_up_that_contradicts_itself_is_not_mended(
    tmp_path: Path, damage: dict[str, float]
) -> None:
    """Deriving it anew would hide that somebody, or a disk, has changed the file."""
    figure = {"value": 1.5, "low": 1.4, "high": 1.6, "samples": RATIOS} | damage

    with pytest.raises(WeighinError, match=r"old\.json is a damaged results file: .*speedup"):
        upgraded(tmp_path, "speedup", **figure)
