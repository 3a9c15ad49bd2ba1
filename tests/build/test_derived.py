"""Variants of a finished float file: made without TensorFlow, kept, told, and refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.finished import labelled, part, quantized, write

from weighin import registry
from weighin.build import derived
from weighin.build.derived import DerivedFiles
from weighin.build.deriving import Order, make
from weighin.core import Artifact, Call, Failure, NotBuiltError, SkippedError, WeighinError
from weighin.datasets import bringing
from weighin.datasets.bringing import Reading
from weighin.measure.context import build_context

pytest.importorskip("litert_quantizer", reason="pip install -e '.[quantizer]'")
WEIGHTS = np.random.default_rng(2).normal(0, 1, (16, 4))
DYNAMIC, STATIC = "litert(dynamic_wi8_afp32)", "litert(static_wi8_ai8)"


@pytest.fixture(autouse=True)
def _undone(isolated_registries: None) -> None:
    """What a test registers is forgotten."""


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let variants be made in this process; which were made."""
    asked: list[str] = []

    def here(order: Order, context: Any) -> bytes | Failure:
        asked.append(str(order.call))
        return make(order)

    monkeypatch.setattr(derived, "_apart", here)
    return asked


def arrays(seed: int = 0, train: bool = True) -> dict[str, Any]:
    """Data of the files' features, with a part to train on or without."""
    test = labelled()
    x = np.random.default_rng(seed).uniform(0, 1, (40, 4)).astype(np.float32)
    return test | ({"x_train": x, "y_train": np.zeros(40, np.int64)} if train else {})


def files(
    folder: Path, *variants: str, path: Path | None = None, more: Any = (), **options: Any
) -> DerivedFiles:
    """A finished classifier and variants of it, with a cache in the folder."""
    data = folder / "mine.npz"
    np.savez(data, **arrays(**options))
    brought = bringing.bring(data, Reading(), folder / "cache")
    brought.register()
    first = path or write(folder / "first.tflite", part(weights=np.ones((3, 4))))
    context = build_context(str(folder / "cache"), None)
    read = DerivedFiles.read(context, [first, *more], brought.name)
    read.want(variants)
    read.build(())
    return read


def outcome(read: DerivedFiles, name: str) -> Artifact:
    """A variant's file."""
    (case,) = [case for case in read.cases if case.variant == name]
    return read.of(case)


def test_variants_stand_after_the_files_and_are_what_they_are_called(
    tmp_path: Path, processes: list[str]
) -> None:
    other = write(tmp_path / "other.tflite", quantized(part()))
    read = files(tmp_path, DYNAMIC, "baseline", STATIC, DYNAMIC, more=[other])

    read.build(read.cases)

    assert ["baseline", "other.tflite", DYNAMIC, STATIC] == [case.variant for case in read.cases]
    assert [DYNAMIC, STATIC] == processes
    made = outcome(read, STATIC)
    assert "classification" == made.facts["task"]
    assert read.signature == made.signature
    assert made.answers is None
    assert {"inputs": 40} == {"inputs": made.facts["calibration"]["inputs"]}
    assert [STATIC] == [read.variant(case).name for case in read.cases[3:]]
    assert "float32" == read.variant(read.cases[0]).export.name
    assert all(read.has(case) for case in read.cases)


def test_what_was_made_is_found_again_without_a_process(
    tmp_path: Path, processes: list[str]
) -> None:
    for _ in range(2):
        read = files(tmp_path, DYNAMIC, STATIC)
        read.build(read.cases)

    assert [DYNAMIC, STATIC] == processes
    assert outcome(read, DYNAMIC).path.is_relative_to(tmp_path / "cache")


def test_other_inputs_and_another_file_are_made_anew(tmp_path: Path, processes: list[str]) -> None:
    """A recipe that asks for none is not; of the same file by another name neither."""
    first = files(tmp_path, DYNAMIC, STATIC)
    first.build(first.cases)
    again = files(tmp_path, DYNAMIC, STATIC, seed=1)
    again.build(again.cases)
    assert [DYNAMIC, STATIC, STATIC] == processes

    same = write(tmp_path / "same.tflite", part(weights=np.ones((3, 4))))
    other = write(tmp_path / "other.tflite", part(weights=-np.ones((3, 4))))
    for path in (same, other):
        read = files(tmp_path, DYNAMIC, path=path)
        read.build(read.cases)

    assert [DYNAMIC] == processes[3:]


def test_an_edit_of_the_export_makes_it_anew(
    tmp_path: Path, processes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = files(tmp_path, DYNAMIC)
    first.build(first.cases)
    monkeypatch.setattr(registry, "source_digest", lambda function: "another")

    again = files(tmp_path, DYNAMIC)
    again.build(again.cases)

    assert [DYNAMIC, DYNAMIC] == processes


def test_origins_and_footers_tell_what_a_variant_is_made_of(
    tmp_path: Path, processes: list[str]
) -> None:
    read = files(tmp_path, DYNAMIC)
    read.build(read.cases)
    made = outcome(read, DYNAMIC)

    first, stage = read.origins([made.sha256])[made.sha256]

    assert "finished" == first["stage"]
    assert (DYNAMIC, read.of(read.cases[0]).sha256) == (stage["stage"], stage["parent"])
    told = read.told()[1]
    assert (DYNAMIC, "made of first.tflite") == (told["variant"], told["file"])
    assert told["holds"].startswith("int8 weights, float32 activations")
    assert 1 == len(read.origins([read.of(read.cases[0]).sha256]).popitem()[1])


def test_static_recipes_are_skipped_where_there_is_nothing_but_what_is_tested_on(
    tmp_path: Path, processes: list[str]
) -> None:
    read = files(tmp_path, STATIC, DYNAMIC, train=False)
    read.build(read.cases)

    assert [DYNAMIC] == processes
    with pytest.raises(SkippedError, match="Calibrating takes examples that are not tested on"):
        outcome(read, STATIC)


def test_a_recipe_that_changes_nothing_is_a_skipped_row(
    tmp_path: Path, processes: list[str]
) -> None:
    read = files(tmp_path, "litert(dynamic_wi8b32_afp32)")
    with pytest.raises(SkippedError, match="nothing was quantized"):
        outcome(read, "litert(dynamic_wi8b32_afp32)")


@pytest.mark.parametrize("batch", [1, None])
def test_the_batch_dimension_stays_as_it_is(
    tmp_path: Path, processes: list[str], batch: int | None
) -> None:
    """Neither is a breach of the export's claim, which says one where nothing is said."""
    path = write(tmp_path / "batch.tflite", part(), batch=batch)

    assert outcome(files(tmp_path, DYNAMIC, path=path), DYNAMIC).bytes


def test_a_file_that_is_not_what_it_is_called_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write(tmp_path / "float.tflite", part()).read_bytes()
    monkeypatch.setattr(derived, "_apart", lambda order, context: whole)

    for _ in range(2):  # from the cache, too
        read = files(tmp_path, DYNAMIC)
        with pytest.raises(NotBuiltError, match=r"the file is not what .* says: .*nothing was"):
            outcome(read, DYNAMIC)


def test_a_process_that_dies_is_a_failed_row_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In real processes, which load no TensorFlow; what one wrote is kept."""
    monkeypatch.setattr(derived, "make", _deadly)
    read = files(tmp_path, DYNAMIC, "int4(smallest=0)")
    told: list[tuple[str, bool]] = []
    read.build(
        read.cases,
        begun=lambda total: told.append((f"{total}", True)),
        finished=lambda job, made: told.append((str(job), isinstance(made, Artifact))),
    )

    dynamic, int4 = "first → litert(dynamic_wi8_afp32)", "first → int4(smallest=0)"
    assert [("2", True), (dynamic, False), (int4, True)] == told
    with pytest.raises(NotBuiltError, match=r"process that made litert.* died") as failed:
        outcome(read, DYNAMIC)
    assert failed.value.log is not None
    assert "last words" in failed.value.log.read_text()
    assert outcome(read, "int4(smallest=0)").bytes


def _deadly(order: Order) -> bytes | Failure:
    """Die of one variant; say whether a framework was loaded for the other."""
    if order.call.name == "litert":
        sys.stdout.write("last words\n")
        sys.stdout.flush()
        os._exit(3)
    made = make(order)
    loaded = {"tensorflow", "keras", "tf_keras"} & set(sys.modules)
    return Failure(f"it loaded {loaded}") if loaded else made


def test_whatever_is_raised_is_a_failure_with_its_words(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tflite", part())
    arguments = (("recipe", "dynamic_wi8_afp32"), ("except_", "nosuch"))
    order = Order(Call("litert", arguments, 1), path, {})

    failure = make(order)

    assert isinstance(failure, Failure)
    assert "except=nosuch names no layer" in failure.reason
    path.write_bytes(b"")
    assert isinstance(make(order), Failure)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("prune(0.5)+int4", "is made of a Keras model; of a finished float file there are: int4, "),
        ("int8", "int8 is made of a Keras model"),
        ("finetune", "finetune is made of a Keras model"),
        ("int4(batch=open)", "a finished file's batch dimension stays as it is"),
        ("litert(nosuch)", "recipe 'nosuch' is none of litert-quantizer"),
    ],
)
def test_variants_that_no_file_can_become_are_refused_at_once(
    tmp_path: Path, name: str, told: str
) -> None:
    with pytest.raises(WeighinError) as refused:
        files(tmp_path, name)
    assert told in str(refused.value)


def test_variants_of_a_file_that_is_quantized_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "int8.tflite", quantized(part()))

    with pytest.raises(WeighinError, match=r"made of a file of floats, and int8.tflite has 'wei"):
        files(tmp_path, DYNAMIC, path=path)
    assert files(tmp_path, path=path).cases


def test_without_the_package_the_row_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(registry.exports["litert"]), "available", lambda: "no chisel")
    read = files(tmp_path, DYNAMIC)

    assert [None, "no chisel"] == [read.unavailable(case) for case in read.cases]
