"""`weighin search` of a registered Keras model: what trains is tried by real training."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from helpers.commands import importing, run_python
from helpers.needing import need_tensorflow
from helpers.tiny import tiny_arrays, write_project

from weighin.files import sha256
from weighin.packages import missing
from weighin.records import store

pytest.importorskip("optuna", reason="pip install -e '.[search]'")
WORDS = ("search", "tiny", "--profile", "quick", "--within", "15", "--trials", "4")


def test_what_trains_is_found_by_a_name_that_anybody_can_type(tmp_path: Path) -> None:
    need_tensorflow()
    project = write_project(tmp_path / "project")
    assert 60 == len(tiny_arrays()["x_test"])
    environment = importing() | {"WEIGHIN_CACHE_DIR": str(tmp_path / "cache")}
    words = ("-m", "weighin", *WORDS, "-o", "best.tflite", "--json")
    done = run_python(*words, environment=environment, folder=project)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    phases = {name: tried for name, tried, _, _ in found["phases"]}
    trained = [each for each in found["candidates"] if each["phase"] == "training"]

    assert 0 < phases["training"] == len(trained)
    assert {1} == {each["epochs"] for each in trained}
    assert {"channels", "prune"} <= {
        word.partition("(")[0] for each in trained for word in each["variant"].split("+")
    }
    assert "chosen by 30 images" in found["data"]
    records = store.load(project / found["results"]).records
    sizes = {each.variant: each.artifact for each in records if each.metric == "gzip_bytes"}
    assert set(sizes) == {"baseline", *(member["variant"] for member in found["members"])}
    for variant, command in found["commands"].items():
        variants = shlex.quote(f"baseline,{variant}")
        assert f"--models tiny --profile quick --variants {variants}" in command
    if found["best"]:
        assert sha256(project / "best.tflite") == sizes[found["best"]]

    if missing("distributed") is None:  # what is tried next is built by a cluster's worker
        words = ("-m", "weighin", *WORDS[:-1], "7", "--cluster", "local", "--json")
        done = run_python(*words, environment=environment, folder=project)
        assert done.returncode in (0, 1), done.stderr
        candidates = json.loads(done.stdout)["candidates"]
        assert found["candidates"] == candidates[:4]
        later = [each for each in candidates[4:] if each["phase"] == "training"]
        assert {1} == {each["epochs"] for each in later}
        outcomes = {each["outcome"] for each in later}
        assert outcomes & {"holds", "worse", "larger"}, [each["reason"] for each in later]
