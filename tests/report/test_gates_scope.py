"""Gates may name model, variant, runtime and threads; what names nothing is told what is near."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Sequence

import pytest
from helpers.gates import exact, judged, only
from helpers.support import record
from hypothesis import given
from hypothesis import strategies as st

from weighin import registry
from weighin.core import Record, WeighinError
from weighin.report.gates import parse, refuse_vain, row_of

PLACES = [
    (model, variant, runtime, threads)
    for model in ("small", "wide")
    for variant in ("baseline", "finetune", "int8", "prune(0.8,schedule=constant)+int8")
    for runtime, threads in (("litert", 1), ("litert", 2), ("keras-cpu", 1))
]


def latencies() -> list[Record]:
    """One latency of every row, and the size of every file."""
    names = ("model", "variant", "runtime", "threads")
    timed = [
        record("latency", 1e-4, 9e-5, 1.1e-4, **dict(zip(names, place, strict=True)))
        for place in PLACES
    ]
    files = dict.fromkeys((model, variant) for model, variant, _, _ in PLACES)
    return [*timed, *(exact(9, model=m, variant=v, runtime="", threads=0) for m, v in files)]


def rows(scope: str, records: Sequence[Record] = ()) -> list[str]:
    """The rows that a scope names."""
    outcomes = judged(f"{scope}latency <= 1 s", *(records or latencies())).outcomes
    return [row_of(outcome.record) for outcome in outcomes if outcome.verdict == "kept"]


@pytest.mark.parametrize(
    ("scope", "count"),
    [
        ("", 12),
        ("int8: ", 6),
        ("baseline: ", 6),
        ("small: ", 6),
        ("small: int8: ", 3),
        ("small:int8:", 3),
        ("on litert: ", 8),
        ("on keras-cpu: ", 4),
        ("x2: ", 4),
        ("x 2: ", 4),
        ("×2: ", 4),
        ("on litert x1: ", 4),
        ("small: on litert: ", 4),
        ("small on litert: ", 4),
        ("int8 on litert: ", 4),
        ("int8 on litert x2: ", 2),
        ("int8 x2: ", 2),
        ("wide: int8 on litert x2: ", 1),
        ("wide : prune(0.8, schedule=constant) + int8 on litert ×2 : ", 1),
        ("prune(0.8,schedule=constant)+int8 on litert: ", 4),
        ("finetune x1: ", 4),
    ],
)
def test_a_scope_names_rows(scope: str, count: int) -> None:
    """In the order model, variant, runtime, threads, any of which may be left out."""
    assert count == len(rows(scope))


def test_a_row_may_be_named_as_outcomes_name_it() -> None:
    """So that what a table says can be written into a gate; of one thread it says nothing."""
    for name in (row_of(each) for each in latencies() if each.metric == "latency"):
        assert [name, f"{name} ×2"][: len(rows(f"{name}: "))] == rows(f"{name}: ")


@pytest.mark.parametrize(
    "name",
    [
        "prune(0.9,begin=0.1)+int8",
        "custom(path=a:b)+int8",
        "x:y",
        "on",
        "x2",
        "a on b",
        "small",
        "my model [x]=1 ü.tflite",
        ": : on litert x2",
    ],
)
def test_a_variants_whole_name_goes_before_other_readings(name: str) -> None:
    """Whatever stands in it, and whatever else is called so."""
    records = [*latencies(), record("latency", 0.0001, 9e-05, 0.0002, variant=name)]

    assert [f"small: {name} on litert"] == rows(f"{name}: ", records)
    assert [f"small: {name} on litert"] == rows(f"small: {name} on litert x1: ", records)


@pytest.mark.parametrize("model", ["a:b", "net(2)", "on litert", "my model"])
def test_models_may_be_called_anything_too(model: str) -> None:
    records = [*latencies(), record("latency", 0.0001, 9e-05, 0.0002, variant="int8", model=model)]

    for scope in (f"{model}: ", f"{model}: int8: ", f"{model}: int8 on litert x1: "):
        if scope != "on litert: ":  # which is every row on that runtime
            assert [f"{model}: int8 on litert"] == rows(scope, records)


NAMES = st.text("ab:+() ", min_size=1, max_size=6).filter(str.strip)


@given(NAMES, NAMES, st.sampled_from(["litert", "keras-cpu"]), st.integers(1, 64))
def test_any_names_written_in_full_name_their_row(
    model: str, variant: str, runtime: str, threads: int
) -> None:
    place = {"model": model, "variant": variant, "runtime": runtime, "threads": threads}
    alone = record("latency", 1e-4, 9e-5, 2e-4, **place)

    assert 1 == len(rows(f"{model}: {variant} on {runtime} x{threads}: ", [alone]))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("int: latency < 1 s", "no variant or model 'int' here; did you mean 'int8'?"),
        ("smal: latency < 1 s", "no variant or model 'smal' here; did you mean 'small'?"),
        ("smal: int8: latency < 1 s", "no model 'smal' here; did you mean 'small'?"),
        ("small: int: latency < 1 s", "no variant 'int' here; did you mean 'int8'?"),
        ("int8 on litret: latency < 1 s", "no runtime 'litret' here; did you mean 'litert'?"),
        ("on gpu: latency < 1 s", "no runtime 'gpu' here; there are litert, keras-cpu, tflite"),
        ("int8 on litert x7: latency < 1 s", "no threads '7' here; there are 1, 2"),
        (":: latency < 1 s", "no variant or model ':' here; there are baseline, "),
        ("x0: latency < 1 s", "no variant or model 'x0' here; there are baseline, finetune, "),
        (
            "int8 on keras-cpu x2: latency < 1 s",
            "no row is of all that here; there is 'wide: int8 on keras-cpu'",
        ),
        ("int8 on litert: file_bytes < 9", "int8 on litert has no file_bytes here, which rows on"),
        ("on tflite: latency < 1 s", "on tflite has no latency here, which rows on litert, litert"),
        ("latenzy < 1 s", "no metric 'latenzy' here; did you mean 'latency'?"),
        ("top1 > 0.5", "no metric 'top1' here; there are file_bytes, latency"),
        ("smaller >= 2", "smaller is made by tables: bound what it is made of, as in 'gzip_bytes "),
    ],
)
def test_what_names_nothing_is_refused_before_a_run(text: str, told: str) -> None:
    """With what is near; after one it is an outcome, which never passes."""
    with pytest.raises(WeighinError) as caught:
        refuse_vain([parse(text)], latencies(), registry.catalogue())

    assert str(caught.value).startswith(f"Gate {text!r}: {told}")
    outcome = only(text, *latencies())
    assert "no figure" == outcome.verdict
    assert outcome.reason.startswith(told)


def test_the_baseline_is_not_held_against_itself() -> None:
    """A comparison with it has no figure of it, whether or not a record says so."""
    blank = record("speedup", status="not measured", reason="not yet")

    for records in ([blank], [blank, *latencies()]):
        with pytest.raises(WeighinError, match="speedup is a comparison with the baseline"):
            refuse_vain([parse("baseline: speedup >= 1.1")], records, registry.catalogue())


def test_a_row_that_can_have_the_figure_is_not_in_vain() -> None:
    refuse_vain(
        [parse("int8 on litert x2: latency < 1 s"), parse("file_bytes < 9")],
        latencies(),
        registry.catalogue(),
    )


def test_a_runtime_on_a_device_is_named_with_it() -> None:
    """Without the device's name it is that of this machine."""
    records = [
        record("latency", 1e-4, 9e-5, 1.1e-4, variant="int8", target=at) for at in ("", "pi5")
    ]

    assert ["small: int8 on litert@pi5"] == rows("on litert@pi5: ", records)
    assert ["small: int8 on litert"] == rows("on litert: ", records)
