"""tox's environments, their pins, and the ranges of pyproject.toml belong together."""

from __future__ import annotations

import configparser
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import weighin
from weighin.frameworks.versions import conflict

ROOT = Path(weighin.__file__).resolve().parent.parent
PINS = {path.stem: path for path in sorted((ROOT / "versions").glob("*.txt"))}
WORKING = {
    **{f"tf{minor}": f"2.{minor - 200}" for minor in (213, 215, *range(216, 222))},
    **{f"tf221-py{python}": "2.21" for python in (312, 313)},
    "lowest": "2.13",
}
CONFLICTING = ("tf215-mot081", "tf219-mot080", "tf216-py312")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def python_of(environment: str) -> str:
    """The Python that an environment is for: `3.12` of tf221-py312."""
    return next((f"3.{part[3:]}" for part in environment.split("-") if part[:2] == "py"), "3.11")


def pins(environment: str) -> dict[str, Version]:
    """Package → version; every line that is no comment pins one exactly."""
    lines = PINS[environment].read_text("utf-8").splitlines()
    words = [line.split("==") for line in lines if line and not line.lstrip().startswith("#")]
    assert all(len(each) == 2 for each in words), f"{environment} pins something inexactly"
    return {canonicalize_name(name): Version(version) for name, version in words}


def requirements(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, with these extras."""
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return [Requirement(text) for text in texts]


@pytest.fixture(scope="module")
def configured() -> configparser.ConfigParser:
    """The environments of the label `versions`, as tox itself reads them."""
    pytest.importorskip("tox", reason="pip install -e '.[dev]' has what reads tox.ini")
    keys = ("base_python", "deps", "commands", "extras")
    done = subprocess.run(
        [sys.executable, "-m", "tox", "config", "-q", "-m", "versions", "-k", *keys],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = configparser.ConfigParser(interpolation=None)
    found.read_string(done.stdout)
    return found


def test_the_matrix_is_what_it_is_said_to_be(configured: configparser.ConfigParser) -> None:
    """Each version that works and each pair that cannot, with pins of its own and no others."""
    named = {*WORKING, *CONFLICTING}

    assert named == {name.removeprefix("testenv:") for name in configured.sections()}
    assert named == set(PINS)


@pytest.mark.parametrize("environment", PINS)
def test_an_environment_installs_its_pins_on_its_python(
    environment: str, configured: configparser.ConfigParser
) -> None:
    """And runs the tests and the quick suite, which may fail where its versions cannot work."""
    section = configured[f"testenv:{environment}"]

    assert f"python{python_of(environment)}" == section["base_python"]
    assert f"-r versions/{environment}.txt" == section["deps"].strip()
    tests, suite = section["commands"].strip().splitlines()
    assert tests.startswith("pytest tests/")
    assert "pytest bench/ --benchmark-only" in suite
    assert (environment in CONFLICTING) == suite.startswith("- ")


@pytest.mark.parametrize("environment", PINS)
def test_pins_are_within_the_ranges_of_pyproject(environment: str) -> None:
    """Of the package and of what the environment takes besides."""
    pinned = pins(environment)
    extras = ("keras", "test") if environment == "lowest" else ("keras", "test", "quantizer")

    for each in requirements(*extras):
        version = pinned[canonicalize_name(each.name)]
        assert each.specifier.contains(version, prereleases=True), f"{each} is not {version}"


@pytest.mark.parametrize(("environment", "release"), WORKING.items())
def test_pins_are_of_the_version_that_the_environment_is_called_by(
    environment: str, release: str
) -> None:
    """And work together, as far as is known."""
    pinned = {name: str(version) for name, version in pins(environment).items()}

    assert pinned["tensorflow"].startswith(f"{release}.")
    assert conflict(pinned, python_of(environment)) is None
    assert environment != "tf215" or "tf-keras" not in pinned


@pytest.mark.parametrize("environment", CONFLICTING)
def test_pins_that_cannot_work_are_known_to(environment: str) -> None:
    """They are in the matrix to be seen failing."""
    pinned = {name: str(version) for name, version in pins(environment).items()}

    assert conflict(pinned, python_of(environment)) is not None


def test_the_lowest_environment_is_the_lowest() -> None:
    """Every lower bound of pyproject.toml is the version that is tried there."""
    pinned = pins("lowest")
    bounds = {
        each.name: Version(part.version)
        for each in requirements("keras", "test")
        for part in each.specifier
        if part.operator == ">="
    }

    assert {name: pinned[canonicalize_name(name)] for name in bounds} == bounds
