"""The time of operators, held against graphs whose operators' costs are known."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers import networks
from helpers.layer_rows import Beside

from weighin.core import WeighinError
from weighin.layers import times
from weighin.layers.editable import Editable
from weighin.layers.pair import Taken

SIDE, CHANNELS = 24, 16
QUICK = {"seconds": 60.0, "most": 9}  # however busy the machine is, each operator is timed


def _graph(folder: Path, sizes: Sequence[int]) -> Taken:
    """Convolutions of so many pixels one after the other; each multiplies size² times as often."""
    net = networks.Net((1, SIDE, SIDE, CHANNELS), 7)
    for number, size in enumerate(sizes):
        net.conv(f"conv_{number}", CHANNELS, size=size)
    path = folder / f"{'-'.join(map(str, sizes))}.tflite"
    path.write_bytes(net.content())
    return Taken.read(path)


def _example(taken: Taken) -> dict[int, np.ndarray]:
    shape = taken.graph.tensors[0].shape
    return {0: np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)}


@pytest.mark.parametrize("sizes", [(1, 3, 7), (7, 1, 3), (3, 7, 1)])
def test_operators_take_shares_in_the_order_of_what_they_multiply(
    tmp_path: Path, sizes: Sequence[int]
) -> None:
    """1 : 9 : 49 multiply-accumulates, in whatever order they stand; bounds are wide on purpose."""
    taken = _graph(tmp_path, sizes)
    found = times.measured(taken, _example(taken), **QUICK)
    shares = {size: each.share.value for size, each in zip(sizes, found.operators, strict=True)}

    assert "" == found.refused
    assert shares[1] < shares[3] < shares[7]
    assert shares[1] < 0.2
    assert 0.5 < shares[7] < 0.98
    assert [()] * 3 == [each.block for each in found.operators]
    assert all(each.share.low <= each.share.value <= each.share.high for each in found.operators)


def test_all_operators_together_take_what_an_inference_takes(tmp_path: Path) -> None:
    taken = _graph(tmp_path, (3, 5, 3))
    found = times.measured(taken, _example(taken), **QUICK)
    total = sum(each.seconds.value for each in found.operators)

    assert found.whole is not None
    assert 0.6 < total / found.whole.value < 1.4
    assert "opened anew in each of" in found.method


def test_where_there_is_no_time_operators_share_one(tmp_path: Path) -> None:
    taken = _graph(tmp_path, (1, 1, 1))
    found = times.measured(taken, _example(taken), seconds=1e-6)

    assert [(0, 1, 2)] * 3 == [each.block for each in found.operators]
    assert 1 == len({each.seconds for each in found.operators})
    assert "cut off behind operator 2, opened" in found.method


def test_an_operator_behind_which_no_file_can_be_cut_off_shares_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = _graph(tmp_path, (1, 3, 1))
    whole = times.prefix

    def cut(file: Editable, count: int) -> bytes:
        if count == 1:
            raise WeighinError("no such file")
        return whole(file, count)

    monkeypatch.setattr(times, "prefix", cut)
    found = times.measured(taken, _example(taken), **QUICK)

    assert [(0, 1), (0, 1), ()] == [each.block for each in found.operators]


def test_what_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = _graph(tmp_path, (1, 3))

    def refused(file: Editable, count: int) -> bytes:
        raise WeighinError("no such file")

    monkeypatch.setattr(times, "prefix", refused)

    assert "cannot be opened" in times.measured(taken, _example(taken), **QUICK).refused


def test_operators_that_are_given_several_tensors_are_timed_too(
    beside: Callable[[str], Beside],
) -> None:
    """Behind a branch, a file cut off gives both what is added and what it is added to."""
    made = beside("residual")
    found = times.measured(made.pair().compressed, {0: made.inputs[0]}, **QUICK)

    assert 7 == len(found.operators)
    assert all(each.seconds.value >= 0 for each in found.operators)
