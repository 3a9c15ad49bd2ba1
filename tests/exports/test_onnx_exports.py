"""What .onnx exports hold and answer, and that a broken promise is found."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from helpers import onnx_files
from helpers.commands import answer
from helpers.finished import WEIGHTS
from helpers.onnx_files import WEIGHT_SCALE, classifier, graph, model, node, tensor, value

from weighin import grammar, registry
from weighin.build import invariants
from weighin.build.jobs import export_for, formats_of, job_for
from weighin.core import Artifact, Call, Dataset, Variant, WeighinError
from weighin.formats.holding import held
from weighin.formats.onnx.reading import read_onnx
from weighin.measure.equivalence import check_session

if TYPE_CHECKING:
    from conftest import Shop

for package in ("onnx", "onnxruntime", "tf2onnx"):
    pytest.importorskip(package, reason="pip install -e '.[onnx]'")

NAMES = ["baseline", "onnx(batch=open)", "onnx_int8", "onnx_dynamic", "prune(0.8)+onnx_int8"]
MORE = ["onnx_int8(activations=int8)", "onnx_int8(scales=tensor)"]
BUILD = """
import json, sys
from pathlib import Path
from weighin import grammar
from weighin.build.cache import Cache
from weighin.build.jobs import job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Artifact
from weighin.datasets.search import SearchPaths
from weighin.definitions import default_definitions, load_definitions

project, cache = map(Path, sys.argv[1:3])
definitions = default_definitions(project)
load_definitions(definitions)
build_context = BuildContext(Cache(cache), SearchPaths.here(cache), tuple(definitions))
jobs = {name: job_for("tiny_cnn", "quick", 0, grammar.parse(name), "onnx")
        for name in sys.argv[3:]}
outcomes = build(jobs.values(), build_context)
built = {name: outcomes[job] for name, job in jobs.items()}
print(json.dumps({name: made.key if isinstance(made, Artifact) else made.reason
                  for name, made in built.items()}))
"""


@pytest.fixture(scope="module")
def made(shop: Shop, child_environment: Mapping[str, str]) -> dict[str, Artifact]:
    """The .onnx files of `tiny_cnn`, built once."""
    words = (str(shop.project), str(shop.cache.folder), *NAMES, *MORE)
    keys = answer(BUILD, *words, environment=child_environment)
    found = {name: shop.cache.get(key) for name, key in keys.items()}
    assert None not in found.values(), keys
    return {name: artifact for name, artifact in found.items() if artifact is not None}


def nowhere(variant: Variant) -> Path:
    """No claim compares with another file here."""
    raise AssertionError(variant)


@pytest.mark.parametrize("name", [*NAMES, *MORE])
def test_files_are_what_their_names_say(made: dict[str, Artifact], name: str) -> None:
    """By the claims of their steps and exports; they lie in the cache under their own ending."""
    assert "model.onnx" == made[name].path.name
    invariants.check(made[name].path, grammar.parse(name), nowhere)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("baseline", "float32 weights, float32 activations"),
        ("onnx_int8", "int8 weights, uint8 activations"),
        ("onnx_int8(activations=int8)", "int8 weights, int8 activations"),
        ("onnx_dynamic", "int8 and float32 weights, float32 activations"),
    ],
)
def test_files_hold_what_they_should(made: dict[str, Artifact], name: str, says: str) -> None:
    """Convolutions stay float where only matrices are quantized."""
    assert held(read_onnx(made[name].path)).startswith(says)


@pytest.mark.parametrize(
    ("name", "accused", "says"),
    [
        ("baseline", "onnx_int8", "holds FLOAT32, not INT8"),
        ("baseline", "onnx_dynamic", "holds FLOAT32, not INT8"),
        ("onnx_int8", "baseline", "holds INT8, not FLOAT32"),
        ("onnx_dynamic", "baseline", "not FLOAT32"),
        ("onnx_dynamic", "onnx_int8", "not INT8|not UINT8"),
        ("onnx_int8", "onnx_int8(activations=int8)", "holds UINT8, not INT8"),
        ("onnx_int8", "onnx_int8(scales=tensor)", "scales, not one"),
        ("baseline", "onnx(batch=open)", "batch dimension is fixed"),
        ("onnx(batch=open)", "baseline", "batch dimension is left open"),
        ("onnx_int8", "prune(0.8)+onnx_int8", "zeros of"),
        ("baseline", "prune(0.8)", "zeros of"),
    ],
)
def test_broken_promises_are_found(
    made: dict[str, Artifact], name: str, accused: str, says: str
) -> None:
    """Whatever a file holds instead is told."""
    with pytest.raises(WeighinError, match=f"is not what .* says: .*({says})"):
        invariants.check(made[name].path, grammar.parse(accused), nowhere)


def test_weights_that_are_not_finite_are_found(tmp_path: Path) -> None:
    """As of every format; and layers of nothing but zeros."""
    weights = WEIGHTS.copy()
    weights[1, 2] = np.inf
    path = onnx_files.write(tmp_path / "a.onnx", weights=weights)
    with pytest.raises(WeighinError, match="'w' holds NaN or infinite values"):
        invariants.check(path, grammar.parse("baseline"), nowhere)
    onnx_files.write(path, weights=WEIGHTS * 0)
    with pytest.raises(WeighinError, match="every weight of layer 'w' is zero"):
        invariants.check(path, grammar.parse("baseline"), nowhere)


@pytest.mark.parametrize("name", NAMES)
def test_sessions_answer_as_the_keras_model(
    made: dict[str, Artifact], tiny_data: Dataset, name: str
) -> None:
    """And as the reference; the float file within rounding."""
    session = registry.runtimes["onnxruntime"].open(made[name].path, 1)
    data = tiny_data.fed_to(made[name].signature)
    fidelity = check_session(session, made[name], data, registry.tasks["classification"])

    assert fidelity is not None
    assert fidelity.same is not None
    assert fidelity.same >= 0.9 * fidelity.n
    if "onnx" not in name.replace("onnx(batch=open)", ""):
        assert fidelity.furthest < 1e-5


def test_calibrated_files_know_what_half_of_the_inputs_would_change(
    made: dict[str, Artifact],
) -> None:
    """As those of the other formats."""
    facts = made["onnx_int8"].facts["calibration"]

    assert {"inputs", "compared", "moved"} <= set(facts)
    assert "moved" not in made["onnx_dynamic"].facts["calibration"]


def test_keys_hold_the_versions_of_what_made_the_file(made: dict[str, Artifact]) -> None:
    """Another converter makes another file; LiteRT has no say in it."""
    assert {"tf2onnx", "onnx"} == set(made["baseline"].provenance["versions"])
    assert {"tf2onnx", "onnx", "onnxruntime"} == set(made["onnx_int8"].provenance["versions"])
    assert "onnx" == made["baseline"].provenance["stage"]


def test_variants_know_their_formats() -> None:
    """What quantizes nothing is to be had in all of them; an export has one."""
    for name, formats in {
        "baseline": ["tflite", "onnx", "h5"],
        "prune(0.8)": ["tflite", "onnx", "h5"],
        "float32(batch=open)": ["tflite", "h5"],
        "int8": ["tflite"],
        "onnx_int8": ["onnx"],
        "prune(0.8)+onnx_dynamic": ["onnx"],
    }.items():
        assert formats == formats_of(grammar.parse(name))

    dense = grammar.parse("baseline")
    assert [Call("float32"), Call("onnx"), None] == [
        export_for(dense, format) for format in ("tflite", "onnx", "h5")
    ]
    assert "m dense start → onnx" == str(job_for("m", "p", 0, dense, "onnx"))


def test_nothing_to_quantize_while_running_is_told(tmp_path: Path) -> None:
    """By the claim; the export itself leaves such a variant out."""
    convolution = model(
        graph(
            [node("Conv", ["x", "w"], ["y"])],
            [value("x", (1, 1, 3, 3))],
            [value("y", (1, 2, 1, 1))],
            [tensor("w", np.ones((2, 1, 3, 3), np.float32))],
        )
    )
    path = onnx_files.write(tmp_path / "a.onnx", convolution)
    with pytest.raises(WeighinError, match="nothing was quantized: no layer is a matrix product"):
        invariants.check(path, grammar.parse("onnx_dynamic"), nowhere)


def test_a_claim_looks_at_scales_too(tmp_path: Path) -> None:
    """A file of bytes and one scale is none of several, and the other way round it is."""
    path = onnx_files.write(tmp_path / "a.onnx", classifier("int8", scale=WEIGHT_SCALE))

    invariants.check(path, grammar.parse("onnx_int8(scales=tensor)"), nowhere)
