"""The version matrix' columns: which runs can stand beside each other, and how each is named."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import pytest
from helpers.matrices import TFMOT, at, weighed
from helpers.support import ENVIRONMENT, results_of

from weighin.core import WeighinError
from weighin.report.versions import matrix


def test_the_newest_comes_first_whatever_the_order() -> None:
    """By numbers, not by letters; a release candidate and a nightly come before their release."""
    ordered = ["2.21.0", "2.21.0rc1", "2.21.0.dev20260101", "2.20.0", "2.16.2", "2.9.3"]

    made = matrix([at(version) for version in sorted(ordered)])

    assert ordered[0] == made.releases[0].label
    assert ordered[3:] == [release.label for release in made.releases[3:]]
    assert set(ordered[1:3]) == {release.label for release in made.releases[1:3]}


def test_python_is_named_where_it_tells_two_apart() -> None:
    """And of those that share a TensorFlow, the Python that most runs have comes first."""
    runs = [
        at("2.21.0", packages={"python": "3.13.1"}),
        at("2.20.0"),
        at("2.21.0"),
        at("2.21.0", packages={"python": "3.12.4"}),
    ]

    assert [
        "2.21.0, python 3.11.7",
        "2.21.0, python 3.13.1",
        "2.21.0, python 3.12.4",
        "2.20.0",
    ] == [release.label for release in matrix(runs).releases]


def test_the_toolkit_is_named_where_it_tells_two_apart() -> None:
    """One that is not installed is missing."""
    runs = [at("2.16.2"), at("2.16.2", packages={TFMOT: "0.8.0"}), at("2.20.0")]
    runs.append(at("2.20.0", packages={TFMOT: None}))

    assert {
        "2.20.0, tfmot 0.8.1",
        "2.20.0, tfmot missing",
        "2.16.2, tfmot 0.8.1",
        "2.16.2, tfmot 0.8.0",
    } == {release.label for release in matrix(runs).releases}


def test_other_packages_are_named_only_where_nothing_else_tells_two_apart() -> None:
    """The first of them that does."""
    first = at("2.16.2", packages={"tf-keras": "2.16.0", "numpy": "1.26.4"})
    second = at("2.16.2", packages={"tf-keras": "2.16.0", "numpy": "1.26.0"})
    third = at("2.20.0", packages={"tf-keras": "2.20.0", "numpy": "2.4.6"})

    assert {"2.20.0", "2.16.2, numpy 1.26.4", "2.16.2, numpy 1.26.0"} == {
        release.label for release in matrix([first, second, third]).releases
    }


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_version_is_no_matrix(count: int) -> None:
    """The way out is named: weigh on another version, or compare."""
    with pytest.raises(WeighinError, match="two TensorFlow versions or more") as caught:
        matrix([at("2.21.0", weighed("int8"))] * count)

    assert "tox -e" in str(caught.value)
    assert "weighin compare" in str(caught.value)
    assert ("2.21.0" in str(caught.value)) is (count > 0)


def test_two_runs_of_one_version_are_refused() -> None:
    """There is one column for each, and the dates say which files they are."""
    runs = [at("2.20.0"), at("2.21.0"), at("2.20.0", date="2025-01-02")]

    with pytest.raises(WeighinError, match=r"2 runs .* tensorflow 2\.20\.0") as caught:
        matrix(runs)
    assert "2024-05-06" in str(caught.value)
    assert "2025-01-02" in str(caught.value)


@pytest.mark.parametrize("packages", [None, {}, {"tensorflow": None}, "2.21.0"])
def test_a_run_of_no_version_is_refused(packages: Any) -> None:
    """It has no column; its date says which file it is."""
    nameless = results_of({**ENVIRONMENT, "packages": packages})

    with pytest.raises(WeighinError, match="2024-05-06 name no TensorFlow version"):
        matrix([at("2.21.0"), nameless])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"datasets": {"digits": {"digest": "e" * 64}}}, "'digits'"),
        ({"weights": {"resnet8": "trained"}}, "'resnet8'"),
        ({"profile": "full"}, "quick and full"),
    ],
)
def test_what_was_made_otherwise_is_refused(changes: dict[str, Any], words: str) -> None:
    """Other data, dense starts or training recipes are no difference between releases."""
    newest = at("2.21.0", weights={"resnet8": "w.h5 0123456789ab"})

    with pytest.raises(WeighinError, match=r"2\.21\.0 and 2\.19\.1 do not compare") as caught:
        matrix([at("2.19.1", **changes), newest])
    assert words in str(caught.value)


def test_what_each_release_was_made_with_stands_below() -> None:
    """Packages, weighin's commit, the profile and the date."""
    made = matrix([at("2.21.0", commit="abc1234"), at("2.19.1", packages={"tf-keras": None})])

    first, second = made.origin
    assert first.startswith("2.21.0: python 3.11.7, tensorflow 2.21.0, ")
    assert first.endswith("; commit abc1234; profile quick; 2024-05-06")
    assert "tf-keras" not in second
