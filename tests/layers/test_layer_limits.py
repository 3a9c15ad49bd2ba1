"""A limit of time and an interrupt end measuring early; what was measured by then is kept."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.layer_rows import Beside, layers_of

from weighin.layers import process, times
from weighin.layers.asking import in_order
from weighin.layers.limits import INTERRUPTED, Limit
from weighin.layers.row import Layer, Layers, Near, Sensitivity


def _layer(place: int, noise: float | None, **more: Any) -> Layer:
    own = None if noise is None else Near(None, None, noise)
    return Layer(place, str(place), "CONV_2D", "", own=own, **{"twin": "there", **more})


def test_the_layers_that_lose_most_are_tested_first() -> None:
    """Those of which nothing is known come last; what is exact or has no twin never."""
    noises = (0.1, None, 0.0, 0.5, 0.2)
    rows = (*(_layer(at, noise) for at, noise in enumerate(noises)), _layer(5, 0.9, twin=""))

    assert [3, 4, 0, 1] == in_order(Layers("q", "f", 1, rows))


def test_a_limit_is_reached_when_its_time_is_over() -> None:
    now = itertools.count(0.0, 30.0)
    limit = Limit(60.0, clock=lambda: next(now))

    assert ["", "the limit of 1 minutes (--minutes) came before its turn"] == [limit(), limit()]


def test_without_a_limit_only_what_else_ends_it_does() -> None:
    reasons = iter(["", "told to"])
    limit = Limit(None, lambda: next(reasons))

    assert ["", "told to"] == [limit(), limit()]


@pytest.fixture
def orders(layer_orders: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """To look at four dense layers, the second of which is damaged."""
    return layer_orders(examples=4, tested=20, seconds=0.5)


@pytest.mark.usefixtures("isolated_registries")
def test_interrupted_it_gives_what_it_has(orders: dict[str, Any]) -> None:
    done = [0]

    def progress(what: str, at: int, total: int) -> None:
        done[0] = at if what == "sensitivities" else done[0]

    layers = process.answered(orders, progress, lambda: INTERRUPTED if done[0] else "")
    changes = [layer.sensitivity for layer in layers.layers]
    late = Sensitivity(not_left_float=INTERRUPTED, not_quantized=INTERRUPTED, not_tested=True)

    assert INTERRUPTED == layers.stopped
    assert changes[1].quantized is not None  # the damaged one
    assert [late] * 3 == [change for at, change in enumerate(changes) if at != 1]
    assert all(layer.own is not None for layer in layers.layers)
    assert any(f"of 3 of 4 layers are not measured: {INTERRUPTED}" in r for r in layers.remarks)
    assert any(f"operators are not timed: {INTERRUPTED}" in r for r in layers.remarks)


@pytest.mark.usefixtures("isolated_registries")
def test_time_that_is_over_cuts_sensitivities_and_nothing_else(orders: dict[str, Any]) -> None:
    orders["wanted"]["minutes"] = 1e-9
    layers = process.answered(orders, lambda what, done, total: None)

    assert "" == layers.stopped
    assert all(layer.sensitivity.not_tested for layer in layers.layers)
    assert all("--minutes" in layer.sensitivity.not_quantized for layer in layers.layers)
    assert all(layer.share is not None for layer in layers.layers)


def test_an_interrupt_is_passed_on_to_the_process(orders: dict[str, Any]) -> None:
    """As ^C of a terminal or a signal to weighin alone: errors are kept, the rest has a reason."""
    sent = []

    def interrupt(what: str, done: int, total: int) -> None:
        if not sent:
            sent.extend(os.kill(os.getpid(), signal.SIGINT) for _ in "ab")  # as `timeout` does

    layers = _in_process(orders, interrupt)

    assert INTERRUPTED == layers.stopped
    assert all(layer.own is not None for layer in layers.layers)
    assert all(INTERRUPTED == layer.sensitivity.not_left_float for layer in layers.layers)
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)


def test_a_second_interrupt_ends_it_at_once(
    orders: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TOGETHER", 0.0)

    def interrupt(what: str, done: int, total: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        _in_process(orders, interrupt)


def test_it_works_beside_a_programs_first_thread(orders: dict[str, Any]) -> None:
    """Which alone is told of interrupts."""
    found: list[Layers] = []
    orders["wanted"] |= {"seconds": 0, "tested": 0}
    thread = threading.Thread(target=lambda: found.append(_in_process(orders)))
    thread.start()
    thread.join()

    assert 4 == len(found[0].layers)


def test_times_need_rounds_enough(beside: Callable[[str], Beside]) -> None:
    """Interrupted before that, there are none; later, there are those of the rounds by then."""
    made = beside("dense_chain")
    taken, example = made.pair().compressed, made.examples[0][0]

    def stopped_after(rounds: int) -> times.Times:
        asked = iter([""] * (rounds + 1))
        return times.measured(taken, example, most=99, seconds=60, stop=lambda: next(asked, "told"))

    assert "told" == stopped_after(times.FEWEST - 1).refused
    assert f"in each of {times.FEWEST} rounds" in stopped_after(times.FEWEST).method


def test_what_was_kept_is_found_by_both_files(tmp_path: Path, beside: Any) -> None:
    from weighin.diagnostics import analysed
    from weighin.layers.kept import Kept

    made = beside("dense_chain")
    layers = layers_of(made.pair(), made.examples)
    compressed, original, damaged = ("c" * 64, "f" * 64, "d" * 64)
    analysed.keep(tmp_path, compressed, original, "", layers.as_json())
    analysed.keep(tmp_path, damaged, original, "", {"layers": 3})
    kept = Kept(tmp_path)

    assert layers == kept.of(compressed, original)
    assert kept.of(original, compressed) is None
    assert kept.of(damaged, original) is None
    assert not Kept(tmp_path / "nothing")


def _in_process(
    orders: dict[str, Any], progress: Callable[[str, int, int], None] = lambda what, at, n: None
) -> Layers:
    from weighin.datasets.bringing import Brought
    from weighin.layers.analysing import Wanted

    brought = Brought(**{**orders["data"], "path": Path(orders["data"]["path"])})
    paths = Path(orders["compressed"]), Path(orders["original"])
    return process.looked_at(*paths, brought, None, Wanted(**orders["wanted"]), progress)
