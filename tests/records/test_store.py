"""Results files: written whole, read back as they were, refused with a reason."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import run_python
from helpers.support import record, record_of, results, results_of
from hypothesis import assume, given
from hypothesis import strategies as st

from weighin.core import Case, Record, Stopped, WeighinError, contradiction
from weighin.records import store, upgrades

TEXT = st.text(st.characters(), max_size=8)  # with lone surrogates, as in odd file names
NAME = st.text(st.characters(codec="utf-8"), max_size=8)  # weighin's own, of facts
WHOLE = st.integers(0, 2**63 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**62), 2**62)
CASES = st.builds(
    Case,
    **dict.fromkeys(("model", "dataset", "variant", "format", "runtime"), TEXT),
    **dict.fromkeys(("seed", "threads"), WHOLE),
)
TOLD = {
    **dict.fromkeys(("metric", "unit", "reason", "artifact", "note"), TEXT),
    "p": st.none() | st.floats(0, 1),
    "stopped": st.sampled_from(typing.get_args(Stopped)),
    "pinned": st.none() | st.booleans(),
    "samples": st.lists(NUMBER, max_size=3).map(tuple),
    "left_out": st.lists(WHOLE, max_size=3).map(tuple),
    "halves": st.lists(WHOLE, max_size=4).map(tuple),
    "reasons": st.lists(TEXT, max_size=3).map(tuple),
}
WITHOUT = st.builds(
    Record, CASES, status=st.sampled_from(["failed", "skipped", "not measured"]), **TOLD
)


@st.composite
def measured(draw: st.DrawFn) -> Record:
    """A figure whose fields do not contradict each other."""
    low, value, high = sorted(draw(st.lists(NUMBER, min_size=3, max_size=3)))
    n, part = sorted((draw(WHOLE), draw(WHOLE)), reverse=True)
    ends = draw(st.sampled_from([{}, {"low": low, "high": high}]))
    counts = [{}, {"n": n}, {"n": n, "count": part, "value": 0.5, "low": 0, "high": 1}]
    fields = {"value": value, **ends, **draw(st.sampled_from(counts))}
    return dataclasses.replace(draw(WITHOUT), status="ok", **fields)


RECORDS = st.lists(
    WITHOUT | measured(), max_size=3, unique_by=lambda each: (each.case, each.metric)
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)

ROW = {
    "model": "small",
    "dataset": "digits",
    "variant": "baseline",
    "seed": 0,
    "format": "tflite",
    "runtime": "litert",
    "threads": 1,
    "metric": "latency",
    "unit": "s",
    "status": "ok",
    "value": 0.25,
}

METRICS = [
    {"name": "latency", "title": "latency", "unit": "s", "kind": "seconds"},
    {"name": "gzip_bytes", "title": "gzip", "unit": "B", "kind": "bytes"},
    {"name": "top1", "title": "top-1", "comparison": "shares"},
]

# Saves more than it may write; the limit on a file's size is the one way to fill a disk at will.
FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from weighin.records import store
from weighin.core import Results, WeighinError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    store.save(Path(sys.argv[1]), Results({"long": "x" * 10_000}))
except WeighinError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests of this module write."""
    return tmp_path_factory.mktemp("results") / "run.json"


def refusal(path: Path, content: str | bytes) -> str:
    """What the user is told about a file of that content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(WeighinError) as caught:
        store.load(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message


def written(**changes: Any) -> str:
    """A results file of one record, with fields changed, or left out where they are `...`."""
    row = {name: value for name, value in (ROW | changes).items() if value is not ...}
    content = {"schema": upgrades.SCHEMA, "environment": {}, "metrics": METRICS}
    return json.dumps(content | {"records": [row]})


@given(st.dictionaries(NAME, JSON, max_size=3), RECORDS.map(tuple))
def test_results_are_read_back(
    path: Path, environment: Mapping[str, Any], records: tuple[Record, ...]
) -> None:
    """What is saved is loaded as it was, whatever the texts and numbers are."""
    made = results_of(environment, records)
    # a name drawn may be that of a metric, of which the figure is none
    assume(not any(contradiction(each, made.metrics.get(each.metric)) for each in records))

    store.save(path, made)

    assert made == store.load(path)


def test_samples_are_kept(path: Path) -> None:
    """Raw measurements come back, every digit of them."""
    samples = (9.31e-05, 0.1 + 0.2, 1e-10)

    store.save(path, results_of({}, (record("latency", 9.31e-05, samples=samples),)))

    assert samples == store.load(path).records[0].samples


def test_numbers_keep_their_kind(path: Path) -> None:
    """A count of bytes stays a whole number."""
    store.save(path, results_of({}, (record("file_bytes", 420_000),)))

    assert "420000" == repr(store.load(path).records[0].value)


def test_what_metrics_are_of_a_task_is_kept(path: Path) -> None:
    """The task's figure that a metric is made of, and the margin of its difference."""
    store.save(path, results_of({}, (record("psnr", 31.2),)))

    metrics = store.load(path).metrics
    assert ("psnr", 0.1, False) == (
        metrics["psnr_delta"].quality,
        metrics["psnr_delta"].margin,
        metrics["psnr_delta"].column,
    )
    assert ("mae", None) == (metrics["mae_delta"].quality, metrics["mae_delta"].margin)
    assert metrics["agreement"].substitute


@pytest.mark.parametrize("margin", ['"wide"', "true", "null"])
def test_a_margin_that_is_no_number_is_refused(path: Path, margin: str) -> None:
    """As every fact of a metric is that is of another kind."""
    store.save(path, results_of({}))
    text = path.read_text("utf-8")
    assert '"margin":0.1' in text
    path.write_text(text.replace('"margin":0.1', f'"margin":{margin}'), "utf-8")

    with pytest.raises(WeighinError, match="margin"):
        store.load(path)


def test_a_file_is_the_same_after_reading_and_writing(path: Path) -> None:
    """Loading and saving again changes no byte, so a kept file shows no false difference."""
    store.save(path, results())
    before = path.read_bytes()

    store.save(path, store.load(path))

    assert before == path.read_bytes()


def test_a_file_says_its_schema(path: Path) -> None:
    """The layout is the documented one: schema, environment, records."""
    store.save(path, results_of({"profile": "quick"}, ()))

    content = json.loads(path.read_text("utf-8"))
    described = {row["name"]: row["title"] for row in content.pop("metrics")}
    expected = {"schema": upgrades.SCHEMA, "environment": {"profile": "quick"}, "records": []}
    assert expected == content
    assert "top-1" == described["top1"]


def test_defaults_are_left_out(path: Path) -> None:
    """A record's fields stand in the file only where they say something."""
    bare = record_of(ROW)
    store.save(path, results_of({}, (bare, dataclasses.replace(bare, n=5, reason="late"))))

    rows = json.loads(path.read_text("utf-8"))["records"]

    assert [ROW, ROW | {"n": 5, "reason": "late"}] == rows


@pytest.mark.parametrize("content", ["", "{", "hello", "[1, 2", b"\xff\xfe\xfa", "\x00", "{}{}"])
def test_what_is_not_json_is_refused(path: Path, content: str | bytes) -> None:
    """Text of another kind is told as such."""
    assert "is not a results file: it is not JSON" in refusal(path, content)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(path: Path, share: float) -> None:
    """A file that was cut off anywhere is asked about."""
    store.save(path, results())
    whole = path.read_bytes()

    assert "Was it cut off?" in refusal(path, whole[: int(len(whole) * share)])


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "[[]]",
        "null",
        '"text"',
        "1",
        "{}",
        '{"environment": {}, "records": []}',
        '{"schema": true, "environment": {}, "records": []}',
        '{"schema": "1", "environment": {}, "records": []}',
        '{"schema": 1.0, "environment": {}, "records": []}',
        '{"schema": 0, "environment": {}, "records": []}',
        '{"schema": -1, "environment": {}, "records": []}',
        '{"schema": null, "environment": {}, "records": []}',
    ],
)
def test_other_json_is_refused(path: Path, content: str) -> None:
    """JSON without a schema number is some other program's."""
    assert "is not a weighin results file: it has no schema number" in refusal(path, content)


@pytest.mark.parametrize("ahead", [1, 2, 10**30])
def test_a_newer_file_is_refused(path: Path, ahead: int) -> None:
    """A file of a later weighin says how to get that weighin, and is not guessed at."""
    newer = upgrades.SCHEMA + ahead
    content = json.dumps({"schema": newer, "records": "elsewhere"})

    message = refusal(path, content)

    assert f"has schema {newer}, but this weighin reads up to {upgrades.SCHEMA}" in message
    assert "pip install --upgrade weighin" in message


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"seed": "0"}, ".seed: expected `int`, got `str`"),
        ({"seed": 0.5}, ".seed: expected `int`, got `float`"),
        ({"seed": True}, ".seed: expected `int`, got `bool`"),
        ({"seed": None}, ".seed: expected `int`, got `null`"),
        ({"seed": -1}, ".seed: expected `int` >= 0"),
        ({"threads": [1]}, ".threads: expected `int`, got `array`"),
        ({"n": 1.0}, ".n: expected `int`, got `float`"),
        ({"n": False}, ".n: expected `int`, got `bool`"),
        ({"value": "fast"}, ".value: expected `int | float`, got `str`"),
        ({"value": True}, ".value: expected `int | float`, got `bool`"),
        ({"value": None}, ".value: expected `int | float`, got `null`"),
        ({"value": 10**400}, ".value: expected `int` <= 9223372036854775807"),
        ({"low": [1]}, ".low: expected `int | float`, got `array`"),
        ({"high": {}}, ".high: expected `int | float`, got `object`"),
        ({"samples": 1.0}, ".samples: expected `array`, got `float`"),
        ({"samples": "12"}, ".samples: expected `array`, got `str`"),
        ({"samples": ["1"]}, ".samples[0]: expected `int | float`, got `str`"),
        ({"samples": [True]}, ".samples[0]: expected `int | float`, got `bool`"),
        ({"model": 1}, ".model: expected `str`, got `int`"),
        ({"reason": None}, ".reason: expected `str`, got `null`"),
        ({"artifact": []}, ".artifact: expected `str`, got `array`"),
        ({"status": 1}, ".status: expected `str`, got `int`"),
        ({"status": "good"}, ".status: invalid enum value 'good'"),
        ({"status": "OK"}, ".status: invalid enum value 'OK'"),
        ({"colour": "red"}, ": object contains unknown field `colour`"),
        ({"metric": ...}, ": object missing required field `metric`"),
        ({"status": ...}, ": object missing required field `status`"),
        ({"value": ...}, "status is ok, but there is no value"),
        ({"status": "failed"}, "status is 'failed', but there is a value"),
        ({"status": "failed", "value": ..., "low": 0.1}, "low or high without a value"),
        ({"low": 0.26}, "value 0.25 is not within low 0.26 and high None"),
        ({"high": 0.24}, "value 0.25 is not within low None and high 0.24"),
        ({"value": -0.25}, "value -0.25 is none that seconds can be"),
        ({"metric": "gzip_bytes", "value": -5}, "value -5 is none that bytes can be"),
        ({"metric": "top1", "value": 2.0}, "value 2.0 is none that share can be"),
        ({"metric": "own", "value": 1.5, "count": 1, "n": 1}, "counted shares lie within 0 and 1"),
        ({"metric": "own", "gained": 1, "n": 1, "value": -2}, "lie within -1 and 1"),
        ({"count": 3, "n": 2}, "count is 3 of n 2"),
        ({"count": 3}, "count is 3 of n None"),
        ({"gained": 2, "lost": 1, "n": 2}, "gained and lost together are 3 of n 2"),
        ({"samples": [0.2], "openings": [1, 1]}, "openings give 2 of 1 samples"),
    ],
)
def test_a_damaged_record_is_refused(path: Path, changes: dict[str, Any], problem: str) -> None:
    """A field of the wrong type, a missing or an unknown one: the message names it."""
    message = refusal(path, written(**changes))

    assert "is a damaged results file: records[0]" in message
    assert problem in message


@pytest.mark.parametrize(
    "records",
    [
        *("null", "1", "true", "{}", '""', '"rows"', '{"": 1}', "[null]", "[1]", '[""]', "[[]]"),
        *('["model"]', '[["model"]]', "[[[]]]", "[{}]"),
    ],
)
def test_records_that_are_none_are_refused(path: Path, records: str) -> None:
    """Records are a list of objects; nothing else is taken for one, or breaks the reader."""
    content = f'{{"schema": 1, "environment": {{}}, "records": {records}}}'

    assert "is a damaged results file" in refusal(path, content)


@pytest.mark.parametrize("content", ['{"schema": 1}', '{"schema": 1, "environment": {}}'])
def test_missing_parts_are_refused(path: Path, content: str) -> None:
    """A file without records is damaged, not empty."""
    assert "is a damaged results file" in refusal(path, content)


@pytest.mark.parametrize("environment", ["null", "[]", '"Linux"', "1"])
def test_an_environment_is_an_object(path: Path, environment: str) -> None:
    """Facts about the machine have names."""
    content = f'{{"schema": 1, "environment": {environment}, "records": []}}'

    assert "environment: expected `object`" in refusal(path, content)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_are_no_json_are_refused(path: Path, constant: str) -> None:
    """Python's JSON takes NaN and infinities, weighin does not, as other programs would not."""
    content = written(value=0.25).replace("0.25", constant)

    assert f"{constant} is no JSON" in refusal(path, content)


@pytest.mark.parametrize("field", ["value", "low", "samples"])
def test_a_number_out_of_range_is_refused(path: Path, field: str) -> None:
    """A number that overflows to infinity is as little a figure as infinity itself."""
    content = written(**{field: [0.125] if field == "samples" else 0.125}).replace("0.125", "1e999")

    assert f"records[0].{field}" in refusal(path, content)


def test_a_huge_whole_number_does_not_break_the_reader(path: Path) -> None:
    """Digits without end are refused, not a traceback."""
    message = refusal(path, written(value=0.25).replace("0.25", "9" * 10_000))

    assert "results file" in message


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_deep_nesting_is_refused(path: Path, bracket: str) -> None:
    """A file made to exhaust the reader is refused like any other that is no results file."""
    assert "is not a results file" in refusal(path, bracket * 200_000)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path with nothing at it is an error that names it."""
    path = tmp_path / "none.json"

    with pytest.raises(WeighinError) as caught:
        store.load(path)

    assert f"{path} cannot be read: No such file or directory." == str(caught.value)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    """A folder's path is an error that names it."""
    with pytest.raises(WeighinError) as caught:
        store.load(tmp_path)

    assert f"{tmp_path} cannot be read: Is a directory." == str(caught.value)


def _upgrade(number: int) -> Any:
    """An upgrade that leaves its number in the file."""

    def upgrade(content: dict[str, Any]) -> dict[str, Any]:
        """Note that this one was applied."""
        applied = [*content["environment"].get("applied", ()), number]
        return content | {"environment": {"applied": applied}}

    return upgrade


@pytest.mark.parametrize(("old", "applied"), [(1, [1, 2, 3]), (2, [2, 3]), (3, [3])])
def test_old_files_are_upgraded_step_by_step(
    path: Path, monkeypatch: pytest.MonkeyPatch, old: int, applied: list[int]
) -> None:
    """A file of any earlier schema goes through every upgrade from its own on, in order."""
    monkeypatch.setattr(upgrades, "SCHEMA", 4)
    monkeypatch.setattr(upgrades, "UPGRADES", {each: _upgrade(each) for each in (3, 1, 2)})
    path.write_text(json.dumps({"schema": old, "environment": {}, "metrics": [], "records": [ROW]}))

    loaded = store.load(path)

    assert {"applied": applied} == loaded.environment
    assert (record_of(ROW),) == loaded.records


def test_a_file_of_this_schema_is_not_upgraded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done to a file that is up to date."""
    monkeypatch.setattr(upgrades, "SCHEMA", 2)
    monkeypatch.setattr(upgrades, "UPGRADES", {1: _upgrade(1), 2: _upgrade(2)})
    store.save(path, results_of({"as": "saved"}))

    assert {"as": "saved"} == store.load(path).environment


def test_there_is_an_upgrade_for_every_old_schema() -> None:
    """Old results files load for ever: no step of the chain is missing, none too many."""
    assert list(range(1, upgrades.SCHEMA)) == sorted(upgrades.UPGRADES)


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_is_refused(path: Path, figure: float) -> None:
    """JSON has no NaN: saving one is an error that says which record has it, and in which file."""
    store.save(path, results_of({"as": "before"}))

    with pytest.raises(WeighinError) as caught:
        store.save(path, results_of({}, (record("latency", figure),)))

    assert str(path) in str(caught.value)
    assert "latency" in str(caught.value)
    assert {"as": "before"} == store.load(path).environment


def test_saving_into_a_full_disk_leaves_the_old_file(
    tmp_path: Path, child_environment: Mapping[str, str]
) -> None:
    """Where the system stops the writing half-way, the earlier file is whole and alone."""
    pytest.importorskip("resource", reason="limits on a file's size are Unix's")
    path = tmp_path / "run.json"
    store.save(path, results())

    done = run_python("-c", FULL_DISK, str(path), environment=child_environment)

    assert (0, "") == (done.returncode, done.stderr)
    assert f"{path} cannot be written: File too large." in done.stdout
    assert results() == store.load(path)
    assert [path] == list(tmp_path.iterdir())


def test_saving_where_no_folder_can_be_is_told(tmp_path: Path) -> None:
    """A results folder whose path is a file is an error that names what could not be written."""
    (tmp_path / "results").write_text("a file")

    with pytest.raises(WeighinError) as caught:
        store.save(tmp_path / "results" / "run.json", results())

    assert f"{tmp_path / 'results' / 'run.json'} cannot be written" in str(caught.value)
    assert "a file" == (tmp_path / "results").read_text()


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"date": 3}, "environment.date: expected `str`, got `int`"),
        ({"machine": "x"}, "environment.machine: expected `object`, got `str`"),
        ({"machine": {"cpu_features": [1]}}, "environment.machine.cpu_features[0]: expected `str`"),
        ({"packages": []}, "environment.packages: expected `object`"),
        ({"datasets": {"d": 3}}, "environment.datasets[...]: expected `object`, got `int`"),
        ({"weights": {"a": []}}, "environment.weights[...]: expected `str`"),
        ({"anchors": []}, "environment.anchors: expected `object`"),
        ({"anchors": {"a": [{"times": 3}]}}, "missing required field `source`"),
        ({"calibration": "x"}, "environment.calibration: expected `object | null`"),
        ({"pairs": "x"}, "environment.pairs: expected `object`"),
        ({"pairs": {"narrow": 0.01}}, "missing required field `seconds`"),
        ({"margin": "x"}, "environment.margin: expected `int | float`"),
        ({"artifacts": {"ab": {}}}, "environment.artifacts[...]: expected `array`"),
    ],
)
def test_a_damaged_environment_is_refused(
    path: Path, environment: dict[str, Any], problem: str
) -> None:
    """Every fact that a report reads is what it should be; others may stand beside them."""
    store.save(path, results_of({"of a later weighin": [3]}))
    store.load(path)

    content = json.loads(written()) | {"environment": environment}

    assert problem in refusal(path, json.dumps(content))


def test_a_figure_that_stands_there_twice_is_refused(path: Path) -> None:
    """Which of the two counts, no reader could tell."""
    content = json.loads(written())
    content["records"] *= 2

    message = refusal(path, json.dumps(content))

    assert "records[1], latency of small-baseline-litert: the same figure stands there" in message


def test_a_name_that_stands_twice_in_an_object_is_refused(path: Path) -> None:
    """Other programs would read the one or the other value."""
    content = written().replace('"seed": 0', '"seed": 0, "seed": 1')

    assert "'seed' stands twice in one object" in refusal(path, content)


def test_ends_of_intervals_may_be_off_by_rounding(path: Path) -> None:
    """Wilson's interval of all of n ends at 1, as far as floats go."""
    path.write_text(written(value=1.0, high=1.0 - 1e-15))

    assert 1.0 == store.load(path).records[0].value


def test_a_run_that_was_broken_off_is_known_as_such(path: Path) -> None:
    """Also of a schema before journals, and after its results were saved again."""
    content = json.loads(written()) | {"unfinished": True}
    content["records"] *= 2
    path.write_text(json.dumps(content))
    loaded = store.load(path)
    store.save(path, loaded)

    assert loaded == store.load(path)
    assert (True, 1) == (loaded.broken_off, len(loaded.records))


@pytest.mark.parametrize("ending", ["tflite", "keras", "h5"])
def test_a_model_is_told_from_results(tmp_path: Path, ending: str) -> None:
    """With the command that weighs it."""
    path = tmp_path / f"mine.{ending}"
    path.write_bytes(b"\x1c\x00\x00\x00TFL3")

    with pytest.raises(WeighinError, match=rf"is a model, not results: weighin weigh .*{ending}"):
        store.load(path)
