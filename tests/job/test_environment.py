"""What results say of where, when and by what they were measured."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.support import isolate_registries, record
from helpers.unrun import FakeArtifacts, digest_of, fake_context, register_tiny, settings

from weighin import packages, registry
from weighin.core import Anchor, Case, Dataset, Recipe, ReferenceModel, Suite, Weights
from weighin.datasets import loading
from weighin.files import sha256
from weighin.job.environment import environment
from weighin.measure import calibration
from weighin.measure.calibration import Calibration
from weighin.targets import machine

BEGAN = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)
RECORDS = [record("top1", 0.5, model="tiny", dataset="tiny", variant="int8")]
CASES = [Case("tiny", "tiny", variant, 0, "tflite") for variant in ("baseline", "int8")]
MEASURED = Calibration(200, 9, 100, 97, 0.03, 0.05, 2.0, True)


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_data: Dataset) -> FakeArtifacts:
    """Files of two variants of a registered model."""
    isolate_registries(monkeypatch)
    loading.forget()
    register_tiny(tiny_data)
    files = FakeArtifacts(tmp_path)
    files.asked = CASES
    return files


def told(files: FakeArtifacts, **more: Any) -> dict[str, Any]:
    """The environment of a run of 3 seeds."""
    suite = Suite("nightly", "quick", ("tiny", "other"), ("int8",), 3)
    chosen = settings(suite, Path("nowhere"), pair_seconds=1.5, margin=0.02)
    return environment(chosen, fake_context(files), BEGAN, RECORDS, **more)


def test_it_says_when_where_and_by_what(artifacts: FakeArtifacts) -> None:
    """The machine, versions, the commit, and what the options were."""
    said = told(artifacts)

    assert "2024-05-06 07:08 UTC" == said["date"]
    assert ("nightly", "quick", 3) == (said["suite"], said["profile"], said["seeds"])
    assert machine.facts() == said["machine"]
    assert packages.packages() == said["packages"]
    assert packages.commit() == said["commit"]
    assert {"seconds": 1.5, "narrow": 0.01, "smallest": 0.02}.items() <= said["pairs"].items()
    assert (30, 0.05, 0.95, 0.99) == tuple(
        said["pairs"][name] for name in ("fewest", "found", "power", "confidence")
    )
    assert 0.02 == said["margin"]
    assert said == json.loads(json.dumps(said))


def test_it_says_what_the_records_were_measured_on(
    artifacts: FakeArtifacts, tiny_data: Dataset
) -> None:
    """Data sets by their digests and sizes; of other models of the suite nothing is read."""
    facts = {
        "digest": tiny_data.digest,
        "train": 120,
        "test": 60,
        "examples": "images",
        "readings": [],
    }
    assert {"tiny": facts} == told(artifacts)["datasets"]


def test_provenance_is_told_of_the_files_that_are_asked_for(artifacts: FakeArtifacts) -> None:
    """Of all that were built if none are named."""
    digests = {digest_of("int8"), "another"}

    assert {digest_of("baseline"), digest_of("int8")} == set(told(artifacts)["artifacts"])
    assert {digest_of("int8"): [{"stage": "int8"}]} == told(artifacts, artifacts=digests)[
        "artifacts"
    ]


def test_a_calibration_that_was_kept_is_told(artifacts: FakeArtifacts) -> None:
    """Of this machine; None where there is none."""
    assert told(artifacts)["calibration"] is None

    calibration.save(artifacts.context.cache, MEASURED)

    assert dataclasses.asdict(MEASURED) == told(artifacts)["calibration"]


def test_published_figures_of_the_models_are_told(artifacts: FakeArtifacts) -> None:
    """Of those that have records, where somebody has published any."""
    assert {} == told(artifacts)["anchors"]

    for name in ("tiny", "other"):
        registry.anchors.add(name, (Anchor("Elder 1999", 40.0, "weights", True),))

    anchor = {"source": "Elder 1999", "times": 40.0, "counted": "weights", "alike": True}
    assert {"tiny": [anchor]} == told(artifacts)["anchors"]


@pytest.mark.parametrize(("epochs", "otherwise"), [(1, "trained"), (0, "random")])
def test_it_says_what_dense_starts_were_made_of(
    artifacts: FakeArtifacts, epochs: int, otherwise: str
) -> None:
    """The published weights where their file was found, else what stood in for them."""
    assert {} == told(artifacts)["weights"]

    recipe = Recipe("tiny", epochs, 1, weights=Weights("tiny.weights.h5"))
    registry.models.add("tiny", ReferenceModel("tiny", lambda keras: None, {"quick": recipe}))
    assert {"tiny": otherwise} == told(artifacts)["weights"]

    path = artifacts.context.search.cache_dir / "weights" / "tiny.weights.h5"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    assert {"tiny": f"tiny.weights.h5 {sha256(path)[:12]}"} == told(artifacts)["weights"]
