"""How near outputs are to a baseline's: power and angle, of whatever they are."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from weighin import registry
from weighin.outcomes import Evaluation

UNLABELLED = registry.tasks["unlabelled"]


def compared(outputs: Any, wanted: Any) -> tuple[Any, Any]:
    """SQNR and cosine of outputs to a baseline's: one array, or several by name."""
    named = [each if isinstance(each, dict) else {"o": each} for each in (outputs, wanted)]
    both = [
        Evaluation(
            UNLABELLED,
            {},
            {},
            len(next(iter(each.values()))),
            1.0,
            outputs={name: np.asarray(values) for name, values in each.items()},
        )
        for each in named
    ]
    found = dataclasses.replace(both[0], baseline=both[1])
    return tuple(registry.metrics[name].compute(found) for name in ("sqnr", "cosine"))


def test_fidelity_of_outputs_is_power_and_angle() -> None:
    """By hand: a noise of a tenth is 20 dB; a quarter turn has a cosine of 0."""
    wanted = np.tile(np.array([[3.0, 4.0]], np.float32), (30, 1))

    assert 20 == pytest.approx(compared(wanted * 1.1, wanted)[0].value, abs=1e-4)
    assert 1 == pytest.approx(compared(wanted * 1.1, wanted)[1].value)
    assert 0 == pytest.approx(compared(wanted[:, ::-1] * [1, -1], wanted)[1].value)


def test_outputs_of_zeros_have_no_power_and_no_angle() -> None:
    """Nothing is divided by 0: it is said instead, or counts as another direction."""
    zeros, ones = np.zeros((30, 2), np.float32), np.ones((30, 2), np.float32)
    few = zeros.copy()
    few[0] = 1

    assert "the baseline's outputs are all 0" == compared(ones, zeros)[0].reason
    assert "the same, bit for bit" in compared(zeros, zeros)[0].reason
    assert (1.0, 0.0) == (compared(zeros, zeros)[1].value, compared(ones, zeros)[1].value)
    assert 0 == pytest.approx(compared(few * 2, few)[0].value)  # resamples may miss the one


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64", "float16"])
def test_outputs_of_any_dtype_are_compared_as_real_numbers(dtype: str) -> None:
    """Unsigned ones do not wrap, truths count as 0 and 1, halves do not overflow."""
    wanted = np.array([[200, 0], [0, 200]] * 15).astype(dtype)
    outputs = np.roll(wanted, 1, axis=0)

    assert 10 * np.log10(1 / 2) == pytest.approx(compared(outputs, wanted)[0].value)
    assert 0 == compared(outputs, wanted)[1].value


@pytest.mark.parametrize("unit", [1e-3, 1, 1e3])
def test_outputs_of_several_units_count_alike(unit: float) -> None:
    """By hand: noise of a tenth in one of two outputs, whatever it is counted in, is 23 dB."""
    sound = np.tile(np.array([[3.0, 4.0]]), (30, 1))
    wanted = {"box": np.tile(np.array([[5.0, 12.0, 9.0]]) * unit, (30, 1)), "score": sound}
    outputs = {"score": sound, "box": wanted["box"] * 1.1}
    sqnr, cosine = compared(outputs, wanted)

    assert 10 * np.log10(2 / 0.01) == pytest.approx(sqnr.value, abs=1e-4)
    assert 2.1 / np.sqrt(2 * (1 + 1.1**2)) == pytest.approx(cosine.value)


def test_one_number_has_no_angle() -> None:
    """The cosine of two numbers is 1 or −1, whatever they are: no figure of how near they are."""
    wanted = np.arange(1.0, 31.0)

    assert "no angle" in compared(wanted + 1, wanted)[1].reason
    assert compared(wanted + 1, wanted)[0].value > 10
