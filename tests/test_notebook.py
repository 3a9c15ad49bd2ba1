"""The notebook runs from its first cell to its last, as a stranger would run it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

import weighin
from weighin import packages
from weighin.frameworks import versions

ROOT = Path(weighin.__file__).resolve().parent.parent


def _missing() -> str:
    """Why the notebook cannot be run here."""
    if obstacle := versions.why_not_here():
        return obstacle
    if versions.release(packages.version("tensorflow") or "0")[:2] < (2, 16):
        return "its model is of Keras 3, which TensorFlow before 2.16 has not"
    needed = ("nbclient", "ipykernel", "pandas")
    return "; ".join(filter(None, map(packages.missing, needed)))


@pytest.mark.skipif(bool(_missing()), reason=_missing() or "it runs")
def test_every_cell_of_the_notebook_runs_and_shows_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, child_environment: Mapping[str, str]
) -> None:
    import nbclient
    import nbformat

    shutil.copytree(ROOT / "models" / "data", tmp_path / "models" / "data")
    folder = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder)
    for name, value in child_environment.items():
        monkeypatch.setenv(name, value)
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    (path,) = folder.glob("*.ipynb")
    notebook = nbformat.read(path, as_version=4)

    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()

    shown = [
        {kind: str(text) for kind, text in output.get("data", {}).items()}
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    ]
    tables = [each["text/html"] for each in shown if "<table>" in each.get("text/html", "")]
    assert any("prune(0.8)+int8" in each and "finetune" in each for each in tables)
    assert any("digits_1.tflite" in each for each in tables)
    assert any("image/png" in each for each in shown)
    assert not [each for each in shown if "ipywidgets" in each.get("text/plain", "")]
