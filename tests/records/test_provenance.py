"""What a run says of its artifacts holds, or the fault is named."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.publishing import accounted, environment
from helpers.support import file, operating_points, record, results, results_of, without

import weighin
from weighin.core import Record, Results
from weighin.files import key_of
from weighin.records import store
from weighin.records.provenance import faults, stages_of

ROOT = Path(weighin.__file__).resolve().parent.parent
Artifacts = dict[str, list[dict[str, Any]]]


def sound() -> Results:
    """A run of two files of two seeds, all accounted for."""
    made: list[Record] = []
    for seed in (0, 1):
        made += file("baseline", 430_000, 400_000 + seed, seed=seed)
        made += file("prune(0.8)+int8", 110_000, 30_000 + seed, seed=seed)
    return accounted(results_of(environment(), tuple(made)))


def changed(change: Callable[[Artifacts, list[Record]], object]) -> list[str]:
    """The faults of a sound run after a change."""
    run = copy.deepcopy(sound())
    artifacts: Artifacts = run.environment["artifacts"]
    records = list(run.records)
    change(artifacts, records)
    return faults(results_of(run.environment, tuple(records)))


def chain_of(artifacts: Artifacts, records: list[Record], variant: str) -> list[dict[str, Any]]:
    """The stages of a variant's file of the first seed."""
    return artifacts[next(each.artifact for each in records if each.variant == variant)]


@pytest.mark.parametrize("made", [sound, results, operating_points])
def test_sound_runs_have_no_faults(made: Callable[[], Results]) -> None:
    """Whatever formats, seeds, failures and data there are."""
    run = made()

    assert [] == faults(run if "artifacts" in run.environment else accounted(run))


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("results/*/20*/**/*.json")), ids=lambda path: path.stem
)
def test_every_published_artifact_is_accounted_for(path: Path) -> None:
    """The digests that committed records name, by the provenance beside them."""
    run = store.load(path)

    assert [] == faults(run)
    assert {each.artifact for each in run.records if each.artifact} <= set(
        run.environment["artifacts"]
    )


def test_a_foreign_digest_is_a_fault() -> None:
    """One that the run does not know is named with the record."""

    def foreign(_: Artifacts, records: list[Record]) -> None:
        records[0] = dataclasses.replace(records[0], artifact="f0" * 32)

    (fault,) = changed(foreign)

    assert "file_bytes of small baseline names artifact f0f0f0f0f0f0" in fault


def test_another_files_digest_is_a_fault() -> None:
    """Even if the run knows it: that file has other bytes, or comes from another variant."""

    def mixed_up(_: Artifacts, records: list[Record]) -> None:
        records[:2] = [dataclasses.replace(it, artifact=records[2].artifact) for it in records[:2]]

    assert any("two values of" in fault for fault in changed(mixed_up))


def test_digests_that_changed_places_are_a_fault() -> None:
    """Each then leads to the other's chain."""

    def swapped(artifacts: Artifacts, records: list[Record]) -> None:
        one, other = records[0].artifact, records[2].artifact
        artifacts[one], artifacts[other] = artifacts[other], artifacts[one]

    assert any("its variant is" in fault for fault in changed(swapped))


def test_an_edited_recipe_is_a_fault() -> None:
    """Of the dense start it changes the key that the next stage names."""

    def longer(artifacts: Artifacts, records: list[Record]) -> None:
        chain_of(artifacts, records, "prune(0.8)+int8")[0]["recipe"]["epochs"] = 99

    assert any("'prune(0.8)' does not come from" in fault for fault in changed(longer))


def test_an_edited_recipe_of_a_lone_stage_is_a_fault() -> None:
    """Where no stage follows, the other chains of that model and seed say how it began."""
    records = file("baseline", 9, 8, format="h5") + file("int8", 3, 2)
    run = accounted(results_of(environment(), tuple(records)))
    (chain,) = (each for each in run.environment["artifacts"].values() if len(each) == 1)
    chain[0]["recipe"]["epochs"] = 99

    assert any("two different dense starts" in fault for fault in faults(run))


def test_an_edited_recipe_of_the_last_stage_is_a_fault() -> None:
    """It is no longer that of the dense start."""

    def longer(artifacts: Artifacts, records: list[Record]) -> None:
        chain_of(artifacts, records, "prune(0.8)+int8")[-1]["recipe"]["epochs"] = 99

    assert any("another recipe than the dense start" in fault for fault in changed(longer))


def test_swapped_stages_are_a_fault() -> None:
    """A stage names the one before it by its key."""

    def swapped(artifacts: Artifacts, records: list[Record]) -> None:
        chain = chain_of(artifacts, records, "prune(0.8)+int8")
        chain[1], chain[2] = chain[2], chain[1]

    assert any("does not come from" in fault for fault in changed(swapped))


def test_another_stage_with_the_right_keys_is_a_fault() -> None:
    """Its name has to be the variant's."""

    def other(artifacts: Artifacts, records: list[Record]) -> None:
        chain = chain_of(artifacts, records, "prune(0.8)+int8")
        chain[1] |= {"stage": "prune(0.5)", "arguments": {"sparsity": 0.5}}
        chain[2]["parent"] = key_of(chain[1])

    assert any("prune(0.5)" in fault and "prune(0.8)" in fault for fault in changed(other))


def test_other_arguments_than_the_name_says_are_a_fault() -> None:
    """A stage called prune(0.8) was not made with 0.5."""

    def other(artifacts: Artifacts, records: list[Record]) -> None:
        chain = chain_of(artifacts, records, "prune(0.8)+int8")
        chain[1]["arguments"] = {"sparsity": 0.5}
        chain[2]["parent"] = key_of(chain[1])

    assert any("'prune(0.8)' was made with sparsity=0.5" in fault for fault in changed(other))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model", "other", "its model is 'other'"),
        ("seed", 7, "its seed is 7"),
        ("dataset_digest", "00", "its data digest is '00'"),
        ("recipe", {"dataset": "letters"}, "its data set is 'letters'"),
        ("stage", "int8", "begins with 'int8'"),
    ],
)
def test_a_dense_start_of_something_else_is_a_fault(key: str, value: object, said: str) -> None:
    """Of another model, seed or data, though every key fits."""
    run = accounted(results_of(environment(), tuple(file("baseline", 9, 8))))
    (chain,) = run.environment["artifacts"].values()
    chain[0][key] = value
    chain[1] |= {"parent": key_of(chain[0]), "recipe": {}}

    assert any(said in fault for fault in faults(run))


def test_a_figure_without_an_artifact_is_a_fault() -> None:
    """Reasons may have none, figures not."""
    run = results_of({}, (record("top1", 0.9), *without("latency", "failed", "no room")))

    assert ["top1 of small baseline names no artifact"] == faults(run)


@pytest.mark.parametrize("chain", [[], None, "dense start", [7]])
def test_what_is_no_chain_is_a_fault(chain: object) -> None:
    """Environments from elsewhere may hold anything."""
    own = record("top1", 0.9, artifact="ab")

    assert ["artifact ab: it has no stages"] == faults(
        results_of({"artifacts": {"ab": chain}}, (own,))
    )


def test_two_variants_may_come_to_the_same_bytes() -> None:
    """The account keeps one chain of them; all that is read from the file then agrees."""
    records = file("baseline", 9, 8) + file("sparse", 9, 8)
    run = accounted(results_of(environment(), tuple(records)))
    same = records[0].artifact
    digest = run.records[0].artifact
    alike = [dataclasses.replace(each, artifact=digest) for each in run.records]
    grown = [*alike[:3], dataclasses.replace(alike[3], value=7)]

    assert same != digest
    assert [] == faults(results_of(run.environment, tuple(alike)))
    assert [] != faults(results_of(run.environment, tuple(grown)))


@pytest.mark.parametrize(
    ("variant", "format", "stages"),
    [
        ("baseline", "h5", []),
        ("baseline", "tflite", ["float32"]),
        ("prune(0.8,scope=global)+int8", "tflite", ["prune(0.8,scope=global)", "int8"]),
        ("prune(0.8)", "tflite", ["prune(0.8)", "float32"]),
        ("prune(0.8)", "h5", ["prune(0.8)"]),
        ("qat+compact(int8)", "tflite", ["qat", "compact(int8)"]),
    ],
)
def test_a_variants_name_says_its_stages(variant: str, format: str, stages: list[str]) -> None:
    """A .tflite file always has an export."""
    assert stages == stages_of(variant, format)


def finished(**changes: str) -> Results:
    """A run on one finished file, told with these changes."""
    told = {"variant": "baseline", "file": "a.tflite", "sha256": DIGEST, "holds": "float32"}
    environment = {
        "artifacts": {DIGEST: [{"stage": "finished", "file": "a.tflite", "holds": "float32"}]},
        "files": [told | changes],
    }
    records = [record("file_bytes", 100, runtime="", threads=0, artifact=DIGEST)]
    return results_of(environment, records)


DIGEST = "c0ffee" * 10


def test_a_finished_file_is_accounted_for_by_its_name_and_digest() -> None:
    """Nobody has seen how it was made; which row it is has to be told."""
    assert [] == faults(finished())


@pytest.mark.parametrize(
    ("told", "instead"),
    [("variant", "b.tflite"), ("file", "other.tflite"), ("sha256", "decaf0" * 10)],
)
def test_a_finished_file_that_is_told_otherwise_is_a_fault(told: str, instead: str) -> None:
    """Another row, another name, or other bytes."""
    (fault,) = faults(finished(**{told: instead}))

    assert "baseline is not told as the file 'a.tflite'" in fault


EXPORT = {
    "stage": "litert(dynamic_wi8_afp32)",
    "arguments": {"recipe": "dynamic_wi8_afp32"},
    "parent": DIGEST,
}


def derived(name: str = str(EXPORT["stage"]), **changes: Any) -> Results:
    """A run on a finished file and one made of it, whose account has these changes."""
    run = finished()
    made = "fade" * 16
    chain = [*run.environment["artifacts"][DIGEST], EXPORT | changes]
    artifacts = run.environment["artifacts"] | {made: chain}
    size = record("file_bytes", 40, runtime="", threads=0, artifact=made, variant=name)
    return results_of(run.environment | {"artifacts": artifacts}, [*run.records, size])


def test_a_file_made_of_a_finished_one_is_accounted_for() -> None:
    assert [] == faults(derived())


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("int4", {}, "its variant is 'litert(dynamic_wi8_afp32)', but it was recorded as 'int4'"),
        (EXPORT["stage"], {"parent": "decaf0" * 10}, "does not come from the file 'a.tflite'"),
        (EXPORT["stage"], {"arguments": {"recipe": "other"}}, "was made with recipe=other"),
    ],
)
def test_a_derived_file_that_is_told_otherwise_is_a_fault(
    name: str, changes: dict[str, Any], problem: str
) -> None:
    (fault,) = faults(derived(name, **changes))

    assert problem in fault
