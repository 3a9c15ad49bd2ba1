"""What is weighed is looked at before anything that takes long."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import keras_files

from weighin.core import WeighinError
from weighin.frameworks import versions
from weighin.job.weighing import Asked, planned


@pytest.mark.parametrize("data", [None, "missing.npz"])
def test_a_file_of_keras_3_is_refused_before_data_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str | None
) -> None:
    """Where no Keras reads it, with the ways out; so data that are missing go unnoticed."""
    monkeypatch.setattr(versions, "missing", lambda package: None)
    monkeypatch.setattr(versions, "conflict_here", lambda: None)
    monkeypatch.setattr(versions, "version", lambda package: "2.13.1")
    file = keras_files.write(tmp_path, "keras", {}, version="3.15.1")

    with pytest.raises(WeighinError) as caught:
        planned([file], Asked(data=data, cache_dir=str(tmp_path / "cache")))

    assert str(caught.value).startswith(
        f"{file} was written by Keras 3. TensorFlow 2.13.1 brings Keras 2: take TensorFlow 2.16"
    )
    assert not (tmp_path / "cache").exists()
