"""What a model file may take of memory, however much it states to hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import traps
from helpers.keras_files import KERNEL

from weighin.core import WeighinError
from weighin.formats.budget import LARGE, SMALL, Budget
from weighin.formats.keras import read_keras, read_weights
from weighin.formats.saved import read_saved
from weighin.formats.tflite import read_tflite


def test_a_file_may_take_more_the_more_it_stores() -> None:
    """Never less than a small file, and ever less times as much as it stores."""
    sizes = [Budget(stored).most for stored in (0, 10**6, 10**7, 10**8, 10**9)]

    assert sizes == [SMALL, 200 * 10**6, LARGE, 32 * 10**8, 32 * 10**9]


def test_the_budget_is_of_the_whole_file() -> None:
    """What was taken before counts, and the last straw is named."""
    left = Budget(100)
    left.take("first", SMALL - 1)
    left.take("second", 1)

    with pytest.raises(ValueError, match="third would unpack from 100 to 67,108,865 bytes"):
        left.take("third", 1)


@pytest.mark.parametrize("trap", traps.TFLITE.values(), ids=traps.TFLITE)
def test_what_many_tensors_share_is_counted_for_each(tmp_path: Path, trap: Any) -> None:
    """20,000 times half a megabyte, of which the file holds one."""
    path = tmp_path / "trap.tflite"
    path.write_bytes(traps.tflite(*trap))

    with pytest.raises(WeighinError, match=r"trap.tflite is not a whole .*would unpack from"):
        read_tflite(path)


@pytest.mark.parametrize("read", [read_keras, read_saved])
@pytest.mark.parametrize(("fill", "told"), traps.H5.values(), ids=traps.H5)
def test_what_an_h5_states_to_hold_is_refused(
    tmp_path: Path, read: Callable[[Path], Any], fill: Any, told: str
) -> None:
    """By whoever reads it: what lies elsewhere, and what would take all memory."""
    path = tmp_path / "trap.h5"
    path.write_bytes(traps.h5(fill))

    with pytest.raises(WeighinError, match=rf"trap.h5 is not a whole Keras file .*(?:{told})"):
        read(path)


def test_an_array_that_is_named_many_times_is_counted_each_time(tmp_path: Path) -> None:
    """A list of names is short, and what it names is not."""
    path = tmp_path / "trap.h5"
    path.write_bytes(traps.h5(traps.repeated))

    with pytest.raises(WeighinError, match=r"k would unpack from"):
        read_weights(path)


@pytest.mark.parametrize("read", [read_keras, read_saved, read_weights])
@pytest.mark.parametrize("config", traps.KERAS.values(), ids=traps.KERAS)
def test_a_configuration_is_no_trap(
    tmp_path: Path, read: Callable[[Path], Any], config: str
) -> None:
    """Neither as text nor as the many objects that are read out of it."""
    path = tmp_path / "trap.keras"
    path.write_bytes(traps.keras(config))

    with pytest.raises(WeighinError, match=r"config.json would unpack from"):
        read(path)


def test_a_graph_that_is_read_whole_is_not_too_large(tmp_path: Path) -> None:
    """What a SavedModel's graph has at its end is not read into memory."""
    (tmp_path / "saved_model.pb").write_bytes(b"\x12\x00")
    os.truncate(tmp_path / "saved_model.pb", LARGE + 1)

    with pytest.raises(WeighinError, match=r"saved_model.pb has 536,870,913 bytes, and at most"):
        read_saved(tmp_path)


def test_what_stands_behind_a_file_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gigabytes of zeros behind a model, which take no place on the disk, change nothing."""
    path = tmp_path / "padded.h5"
    path.write_bytes(traps.h5(lambda group: group.create_dataset("k", data=KERNEL)))
    os.truncate(path, 2**33)
    assert read_keras(path).parameters == 6
    assert read_saved(path).kind == "h5"

    path = tmp_path / "padded.tflite"
    path.write_bytes(traps.tflite(1, [3], 9, 3))
    whole = read_tflite(path)
    os.truncate(path, 2**31 - 8)
    monkeypatch.setattr(Path, "read_bytes", None)
    assert read_tflite(path).tensors[0].values.tolist() == whole.tensors[0].values.tolist()


def test_arrays_do_not_lie_on_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file cannot store more than it has: the budget would be by what is not there."""
    path = tmp_path / "trap.h5"
    path.write_bytes(traps.h5(lambda group: group.create_dataset("k", data=KERNEL)))
    monkeypatch.setattr("weighin.formats.hdf5._stored", lambda item: path.stat().st_size + 1)

    with pytest.raises(WeighinError, match="its arrays store"):
        read_keras(path)


def test_gzipped_arrays_are_read(tmp_path: Path) -> None:
    """As they are, with or without what makes them smaller before."""
    path = tmp_path / "packed.h5"
    values = np.arange(2**16, dtype=np.float32)
    for more in ({}, {"shuffle": True, "fletcher32": True}):
        path.write_bytes(
            traps.h5(
                lambda group, more=more: group.create_dataset(  # type: ignore[misc]
                    "k", data=values, chunks=(2**15,), compression="gzip", **more
                )
            )
        )
        (weight,) = read_keras(path).weights
        np.testing.assert_array_equal(values, weight.values)
