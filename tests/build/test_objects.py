"""Keras models in memory become files that build processes read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import needing
from helpers.commands import answer, importing

from weighin.build import objects
from weighin.core import WeighinError

PROGRAM = """
import json, sys
from pathlib import Path
from helpers import objects_process
print(json.dumps(objects_process.told(Path(sys.argv[1]))))
"""
ENDINGS = {"stacked": True, "compiled": True, "lambda": False, "own layer": False}
KERASES = [pytest.param("2", marks=needing.tensorflow), pytest.param("3", marks=needing.keras_3)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What became of models of either Keras, in a child process."""
    return answer(PROGRAM, str(tmp_path_factory.mktemp("objects")), environment=importing())


@pytest.mark.parametrize("keras", KERASES)
@pytest.mark.parametrize("name", [*ENDINGS, "written out"])
def test_a_model_answers_the_same_from_its_file(told: Any, name: str, keras: str) -> None:
    """Layers as a file of its Keras; code as a graph, which is found again as another is not."""
    found = told[f"{name} {keras}"]
    ending = {"2": ".h5", "3": ".keras"}[keras] if ENDINGS.get(name) else ""

    assert found["name"] == f"net{ending}"
    assert found["left"] == [found["name"]]
    assert found["apart"] < 1e-6
    assert bool(found["why"]) != ENDINGS.get(name, False)
    assert found["found again"]
    assert found["others"]


@pytest.mark.parametrize("keras", KERASES)
def test_nobody_is_warned_of_what_weighin_does(told: Any, keras: str) -> None:
    """Keras 2 says of every .h5 file that it is of old."""
    assert [text for name in told if name.endswith(keras) for text in told[name]["warned"]] == []


def test_what_is_no_model_of_keras_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeighinError, match=r"A builtins\.int is not weighed: give a path"):
        objects.written(3, tmp_path)
