"""Finished .onnx files are weighed beside each other, and beside no others."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from helpers import finished, onnx_files
from helpers.finished import WEIGHTS, FinishedRun, labelled, weigh_files, write_data

from weighin.build.finished import format_of
from weighin.core import Port, Signature, WeighinError

pytest.importorskip("onnxruntime", reason="pip install -e '.[onnx]'")


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, child_environment: Mapping[str, str]
) -> FinishedRun:
    """Floats, bytes under other names, permuted weights; no runtime is chosen."""
    folder = tmp_path_factory.mktemp("finished")
    files = [
        onnx_files.write(folder / "float.onnx"),
        onnx_files.write(folder / "bytes.onnx", stored="int8", given="image", taken="probs"),
        onnx_files.write(folder / "permuted.onnx", weights=WEIGHTS[[1, 2, 0]], batch="n"),
    ]
    data = write_data(folder / "mine.npz", n=400, wrong=20)
    return weigh_files(folder, *files, "--data", data, environment=child_environment)


def test_they_are_weighed_by_what_opens_them(run: FinishedRun) -> None:
    """ONNX Runtime runs them though nobody has named it; TensorFlow is not loaded."""
    assert "loaded:\n" in run.err
    assert {"onnx"} == {record.format for record in run.results.records}
    assert {"", "onnxruntime"} == {record.runtime for record in run.results.records}
    assert "onnxruntime" in run.out


def test_they_are_counted_and_judged(run: FinishedRun) -> None:
    """Size, work, quality, latency and pairs as of other files."""
    assert 12 == run.one("parameters").value == run.one("macs").value
    assert 0.95 == run.one("top1").value
    assert 0.9 < (run.one("top1", "bytes.onnx").value or 0)
    assert "worse" == run.one("top1_delta", "permuted.onnx").verdict
    for variant in ("bytes.onnx", "permuted.onnx"):
        assert (run.one("speedup", variant).value or 0) > 0
    assert "baseline (float.onnx): float32 weights, float32 activations" in run.out
    assert "bytes.onnx: int8 weights, uint8 activations" in run.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a.onnx", "b.tflite"], "a.onnx and b.tflite are files of two formats"),
        (["b.tflite", "a.onnx"], "b.tflite and a.onnx are files of two formats"),
        (["a.onnx", "mine.keras"], "a.onnx is a finished file, and beside it is a Keras model"),
        (["a.onnx", "--runtimes", "litert"], "litert opens no .onnx files; these do: onnxruntime"),
        (["b.tflite", "--runtimes", "onnxruntime"], "onnxruntime opens no .tflite files"),
        (["far.onnx"], "has its values in another file, '/etc/passwd'"),
        (["many.onnx"], "8 examples at once, and no single one"),
        (["image.onnx", "--data", "last.npz"], "its channels come first: store the data so"),
        (
            ["a.onnx", "--variants", "onnx_int8"],
            "--variants are made of Keras models and .tflite files",
        ),
    ],
)
def test_what_is_wrong_is_told_at_once(
    tmp_path: Path, words: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names of the files, with the way out."""
    from click.testing import CliRunner

    from weighin.cli import main

    monkeypatch.chdir(tmp_path)
    onnx_files.write(tmp_path / "a.onnx")
    onnx_files.write(tmp_path / "many.onnx", batch=8)
    finished.write(tmp_path / "b.tflite")
    (tmp_path / "mine.keras").write_bytes(b"any")
    far = onnx_files.tensor("w", np.ones((4, 3), np.float32), location="/etc/passwd")
    ends = [onnx_files.value("x", (1, 4))], [onnx_files.value("y", (1, 3))]
    product = onnx_files.node("MatMul", ["x", "w"], ["y"])
    content = onnx_files.model(onnx_files.graph([product], *ends, [far]))
    onnx_files.write(tmp_path / "far.onnx", content)
    pooled = [
        onnx_files.node("GlobalAveragePool", ["x"], ["p"]),
        onnx_files.node("Flatten", ["p"], ["y"]),
    ]
    image = [onnx_files.value("x", (1, 3, 8, 8))], [onnx_files.value("y", (1, 3))]
    onnx_files.write(tmp_path / "image.onnx", onnx_files.model(onnx_files.graph(pooled, *image)))
    images = np.zeros((60, 8, 8, 3), np.float32)
    np.savez(tmp_path / "last.npz", x_test=images, y_test=labelled(60)["y_test"])
    ended = CliRunner().invoke(main, ["weigh", *words])

    assert 2 == ended.exit_code, ended.output
    assert told in " ".join(ended.output.split())


def test_files_have_one_format() -> None:
    """That of all of them."""
    assert "onnx" == format_of([Path("a.onnx"), Path("b.onnx")]).name
    with pytest.raises(WeighinError, match=r"a\.bin is no \.tflite or \.onnx file"):
        format_of(["a.bin"])


@pytest.mark.parametrize(
    ("wanted", "given", "told"),
    [
        ((3, 8, 9), (8, 9, 3), "channels come first"),
        ((8, 9, 3), (3, 8, 9), "channels come last"),
        ((3, 8, 9), (9, 8, 3), "let the model begin with"),
        ((4, 4, 4), (5, 5, 5), "let the model begin with"),
    ],
)
def test_images_that_lie_otherwise_are_told(
    wanted: tuple[int, ...], given: tuple[int, ...], told: str
) -> None:
    """What is meant by them cannot be seen from their sizes alone if these are equal."""
    signature = Signature((Port("x", shape=wanted),), ())
    with pytest.raises(WeighinError, match=told):
        signature.matched({"image": given}, "the data")
