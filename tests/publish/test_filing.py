"""Filing runs: one folder a machine, date and commit; what replaces what."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.publishing import PLACE, accounted, environment, publish
from helpers.support import ENVIRONMENT, file, results_of

from weighin.publish import filing, folders
from weighin.records import store


def test_one_machine_has_one_folder(published_project: Path, tmp_path: Path) -> None:
    """Found by processor, cores and instruction sets, whatever it was called and updated to."""
    machine = dict(ENVIRONMENT["machine"], system="Linux 7", memory_bytes=1)
    fresh = tmp_path / "fresh.json"
    store.save(
        fresh, accounted(results_of(environment(machine=machine), tuple(file("int8", 3, 2))))
    )
    (path,) = filing.file_away([fresh], published_project / "results")

    assert "box" == path.parent.parent.name


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ({"cpu": "Intel(R) Xeon(R) Processor", "cores": 2}, "intel-xeon-2-cores"),
        (
            {"cpu": "AMD Ryzen 7 5800X 8-Core Processor", "cores": 16},
            "amd-ryzen-7-5800x-8-core-16-cores",
        ),
        ({"cpu": "Intel(R) Core(TM) i7 CPU @ 2.6GHz", "cores": 4}, "intel-core-i7-4-cores"),
        ({"cpu": "../../<evil>"}, "evil"),
        ({}, "unknown"),
    ],
)
def test_machines_are_called_by_processor_and_cores(
    tmp_path: Path, machine: dict[str, object], name: str
) -> None:
    """In small letters, with nothing that leads elsewhere."""
    path = tmp_path / "run.json"
    store.save(path, accounted(results_of(environment(machine=machine), tuple(file("int8", 3, 2)))))
    (target,) = filing.file_away([path], tmp_path / "results")

    assert name == target.parent.parent.name


def test_another_machine_of_that_name_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """As where the same processor shows fewer instruction sets."""
    made = []
    for features in (["avx2"], ["avx"], ["avx2"]):
        machine = {"cpu": "Chip", "cores": 2, "cpu_features": features}
        path = tmp_path / "run.json"
        own = accounted(results_of(environment(machine=machine), tuple(file("int8", 3, 2))))
        store.save(path, own)
        made += filing.file_away([path], tmp_path / "results")

    assert ["chip-2-cores", "chip-2-cores-2", "chip-2-cores"] == [
        path.parent.parent.name for path in made
    ]


@pytest.mark.parametrize(
    ("commit", "name"),
    [
        ("abc1234", "2024-05-06-abc1234"),
        ("abc1234-dirty", "2024-05-06-abc1234-dirty"),
        ("", "2024-05-06-unknown"),
        (None, "2024-05-06-unknown"),
        ("../../etc", "2024-05-06-unknown"),
    ],
)
def test_folders_are_called_by_date_and_commit(
    tmp_path: Path, commit: str | None, name: str
) -> None:
    """Unless the command says otherwise."""
    path = tmp_path / "run.json"
    own = environment(commit=commit) if commit is not None else environment()
    store.save(path, accounted(results_of(own, tuple(file("int8", 3, 2)))))
    (target,) = filing.file_away([path], tmp_path / "results")
    (other,) = filing.file_away([path], tmp_path / "results", "mine", "2020-01-02-cf22e04")

    assert (name, "quick-small.json") == (target.parent.name, target.name)
    assert tmp_path / "results" / "mine" / "2020-01-02-cf22e04" / "quick-small.json" == other
    assert store.load(path) == store.load(target)


def test_the_same_run_again_replaces_and_others_stand_beside_it(tmp_path: Path) -> None:
    """Suite, profile and models say which run it is."""
    names = []
    for changes, models in (
        ({}, "small"),
        ({"date": "2024-05-06 23:00 UTC"}, "small"),
        ({"profile": "full"}, "small"),
        ({}, "small wide"),
        ({}, "wide huge"),
        ({}, "../x"),
    ):
        path = tmp_path / "run.json"
        records = [each for name in models.split() for each in file("int8", 3, 2, model=name)]
        store.save(path, accounted(results_of(environment(**changes), tuple(records))))
        names += [each.name for each in filing.file_away([path], tmp_path / "results")]

    assert [
        *("quick-small.json", "quick-small.json", "quick-small-full.json"),
        *("quick.json", "quick-2.json", "quick-x-d6b96a97.json"),
    ] == names


def test_a_run_of_less_replaces_nothing(tmp_path: Path) -> None:
    """One that lacks a variant or seed stands beside the other; one that has more replaces it."""
    names = []
    for variants, seeds in (("int8 dynamic", 1), ("int8", 1), ("int8 dynamic", 2), ("dynamic", 1)):
        path = tmp_path / "run.json"
        records = [
            each
            for name in variants.split()
            for seed in range(seeds)
            for each in file(name, 3, 2, seed=seed)
        ]
        store.save(path, accounted(results_of(environment(), tuple(records))))
        names += [each.name for each in filing.file_away([path], tmp_path / "results")]

    first, second, third = (f"quick-small{end}.json" for end in ("", "-2", "-3"))
    assert [first, second, first, third] == names


def test_runs_of_the_version_matrix_lie_apart(tmp_path: Path) -> None:
    """Called by their versions; of two that share these, the second is no repetition."""
    names = []
    for tensorflow, numpy in (("2.19.1", "1"), ("2.19.1", "2"), ("2.21.0", "2"), ("2.19.1", "1")):
        packages = {"tensorflow": tensorflow, "python": "3.11.7", "numpy": numpy}
        path = tmp_path / "run.json"
        store.save(
            path, accounted(results_of(environment(packages=packages), tuple(file("int8", 3, 2))))
        )
        (target,) = filing.file_away([path], tmp_path / "results", "box", versions=True)
        names.append(target.relative_to(tmp_path / "results" / "box").as_posix())
    (folder,) = folders.read(tmp_path / "results")

    assert [
        *("2024-05-06-unknown/versions/tf219-py311.json",),
        *("2024-05-06-unknown/versions/tf219-py311-2.json",),
        *("2024-05-06-unknown/versions/tf221-py311.json",),
        *("2024-05-06-unknown/versions/tf219-py311.json",),
    ] == names
    assert ([], 3) == (folder.models, len(folder.versions))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--machine", "../x"], "--machine ../x: wanted"),
        (["--folder", "../x"], "--folder ../x: wanted"),
        (["--check"], "leave the FILES out"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    published_project: Path, words: list[str], said: str
) -> None:
    """Before anything is written."""
    before = sorted(published_project.rglob("*"))

    done = publish(PLACE / "quick.json", *words)

    assert 2 == done.exit_code
    assert said in done.output
    assert before == sorted(published_project.rglob("*"))


def test_what_is_filed_is_what_was_measured(published_project: Path) -> None:
    """Every sample, to the last digit."""
    before = store.load(published_project / PLACE / "quick.json")

    done = publish(PLACE / "quick.json", "--machine", "other")

    assert "filed: results/other/2024-05-06-unknown/quick.json" in done.output
    assert before == store.load(published_project / "results/other/2024-05-06-unknown/quick.json")
