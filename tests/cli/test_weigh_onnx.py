"""`weighin weigh` of a Keras model in two formats on two runtimes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pytest
from helpers.finished import FinishedRun, weigh_files
from helpers.needing import need_tensorflow
from helpers.tiny import tiny_arrays

if TYPE_CHECKING:
    from conftest import Shop

for package in ("onnx", "onnxruntime", "tf2onnx"):
    pytest.importorskip(package, reason="pip install -e '.[onnx]'")


@pytest.fixture(scope="module")
def run(
    shop: Shop,
    tmp_path_factory: pytest.TempPathFactory,
    child_environment: Mapping[str, str],
) -> FinishedRun:
    """The tiny network's Keras file, with a cache of its own."""
    need_tensorflow()
    folder = tmp_path_factory.mktemp("weighed")
    shutil.copy(shop.artifact(format="h5", model="tiny_cnn").path, folder / "tiny.h5")
    np.savez(folder / "tiny.npz", **tiny_arrays())
    return weigh_files(
        folder,
        *("tiny.h5", "--data", "tiny.npz", "--scale", "0.00392156862745098", "--epochs", "0"),
        *("--variants", "baseline,int8,onnx_int8,onnx_dynamic,prune(0.8)+onnx_int8"),
        *("--runtimes", "litert,onnxruntime", "--cache-dir", str(folder / "cache")),
        environment=child_environment,
    )


def test_each_variant_is_run_by_what_opens_it(run: FinishedRun) -> None:
    """The baseline by both, each beside its own."""
    assert run.code == 0, run.err + run.out
    measured = {
        (record.variant, record.format, record.runtime)
        for record in run.results.records
        if record.metric == "latency" and record.status == "ok"
    }

    assert measured == {
        ("baseline", "tflite", "litert"),
        ("int8", "tflite", "litert"),
        ("baseline", "onnx", "onnxruntime"),
        ("onnx_int8", "onnx", "onnxruntime"),
        ("onnx_dynamic", "onnx", "onnxruntime"),
        ("prune(0.8)+onnx_int8", "onnx", "onnxruntime"),
    }


def test_ratios_are_within_a_format(run: FinishedRun) -> None:
    """Of speed and of quality, by the baseline in the same format."""
    for variant in ("int8", "onnx_int8", "onnx_dynamic"):
        for metric in ("speedup", "top1_delta", "agreement"):
            assert run.one(metric, variant).status == "ok", run.one(metric, variant).reason
    assert "in the same file format" in run.out


def test_what_no_runtime_opens_is_told_before_anything_is_built(
    run: FinishedRun, child_environment: Mapping[str, str]
) -> None:
    """Instead of leaving its rows out."""
    words = ("tiny.h5", "--data", "tiny.npz", "--variants", "int8,onnx_int8")
    told = weigh_files(run.folder, *words, "--runtimes", "litert", environment=child_environment)

    assert told.code == 2
    assert "Variant onnx_int8 is an .onnx file, which none of the runtimes" in told.err
    assert "onnxruntime" in told.err
