"""Bounds that make no sense are refused, by what their metric says of itself."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import pytest
from helpers.gates import figure, only, refusal
from helpers.support import record, results_of
from hypothesis import given
from hypothesis import strategies as st

from weighin import registry
from weighin.core import Figure, Metric, WeighinError
from weighin.report.gates import check, judge, parse
from weighin.report.gates.checking import factor


def refused(text: str) -> str:
    """Why a gate is refused, by what weighin's metrics say."""
    told = refusal(lambda: check([parse(text)], registry.catalogue()))
    assert told.startswith(f"Gate {text!r}: ")
    return told.removeprefix(f"Gate {text!r}: ")


# -- units --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("top1 >= 57%", 0.57),
        ("top1 >= 97.3 %", 0.973),
        ("top1_delta >= -1%", -0.01),
        ("top1_delta >= -0.5 points", -0.005),
        ("top1_delta >= -1 point", -0.01),
        ("latency <= 30us", 30e-6),
        ("latency <= 30 µs", 30e-6),
        ("latency <= 30 \N{GREEK SMALL LETTER MU}s", 30e-6),
        ("latency <= 2 ms", 2e-3),
        ("latency <= 700ns", 700e-9),
        ("cold_start <= 1.5 s", 1.5),
        ("speedup >= 1.5x", 1.5),
        ("speedup >= 1.5 ×", 1.5),
        ("gzip_bytes <= 200 kB", 200_000),
        ("file_bytes <= 1.5MB", 1_500_000),
        ("file_bytes <= 4.35 kB", 4350),
        ("peak_rss <= 1 GB", 1e9),
        ("file_bytes <= 99 B", 99),
        ("throughput >= 4000/s", 4000),
        ("sqnr >= 30 dB", 30),
    ],
)
def test_a_bound_in_a_unit_is_what_it_is_without(text: str, bound: float) -> None:
    """To the last bit: a figure at the bound is judged as if it stood there as a plain number."""
    gate = parse(text)
    check([gate], registry.catalogue())

    assert bound == factor(gate, registry.catalogue()[gate.metric])


@given(st.integers(0, 10**6), st.integers(0, 6))
def test_no_digit_is_lost_by_a_unit(digits: int, places: int) -> None:
    """As a product of two binary numbers would: 4.35 kB is 4350 B."""
    number = f"{digits // 10**places}.{digits % 10**places:0{places}d}" if places else str(digits)
    time, share = Metric(name="t", title="t", kind="seconds"), Metric(name="p", title="p")

    assert float(f"{number}e-6") == factor(parse(f"t <= {number} us"), time)
    assert float(f"{number}e-2") == factor(parse(f"p <= {number}%"), share)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("latency <= 30%", "latency is not in '%'; wanted: s, ms, µs, ns, us, "),
        ("latency <= 200 kB", "latency is not in 'kB'; wanted: s, "),
        ("gzip_bytes <= 2 ms", "gzip_bytes is not in 'ms'; wanted: GB, MB, kB, B."),
        ("gzip_bytes <= 2 KB", "gzip_bytes is not in 'KB'; wanted: GB, MB, kB, B."),
        ("speedup >= 1.5%", "speedup is not in '%'; wanted: ×, x."),
        ("top1 >= 97 points", "top1 is not in 'points'; wanted: %."),
        ("mae <= 3 m", "mae is not in 'm'; wanted: a number alone."),
        ("parameters <= 3 kB", "parameters is not in 'kB'; wanted: a number alone."),
        ("sqnr >= 30 mJ", "sqnr is not in 'mJ'; wanted: dB."),
        ("gzip_bytes <= 1e308 GB", "1e308 GB is no bound."),
    ],
)
def test_a_unit_of_another_metric_is_refused(text: str, wanted: str) -> None:
    assert refused(text).startswith(wanted)


def test_a_metric_of_ones_own_has_its_own_unit(isolated_registries: None) -> None:
    @registry.metric("energy", unit="mJ", scope="inference")
    def energy(outcome: object) -> Figure:
        return Figure(1.0)

    check([parse("energy <= 3 mJ"), parse("energy <= 3")], registry.catalogue())
    assert "energy is not in 'J'; wanted: mJ." == refused("energy <= 3 J")


def test_a_bound_is_shown_with_its_unit_and_a_gate_as_written() -> None:
    loss = record("top1_delta", -0.02, -0.03, -0.01, variant="int8")
    outcome = only("top1_delta>=-0.5points", loss)

    assert (-0.005, "top1_delta>=-0.5points") == (outcome.bound, outcome.gate.text)


# -- ranges -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("top1 >= 0", "it cannot fail, for top1 is never below 0.00 %."),
        ("top1 <= 100%", "it cannot fail, for top1 is never above 100.00 %."),
        ("top1 < 1e3%", "it cannot fail, for top1 is never above 100.00 %."),
        ("gzip_bytes >= 0", "it cannot fail, for gzip_bytes is never below 0 B."),
        ("gzip_bytes > -1", "it cannot fail, for gzip_bytes is never below 0 B."),
        ("latency >= 0 ms", "it cannot fail, for latency is never below 0.00 ns."),
        ("speedup > -1", "it cannot fail, for speedup is never below 0.00 ×."),
        ("top1_delta >= -100%", "it cannot fail, for top1_delta is never below -100.00 points."),
        ("mae >= 0", "it cannot fail, for mae is never below 0."),
        ("r2 <= 1", "it cannot fail, for r2 is never above 1."),
        ("cosine >= -1", "it cannot fail, for cosine is never below -1."),
        ("parameters >= 0", "it cannot fail, for parameters is never below 0."),
        ("gzip_bytes >= 0 * baseline", "it cannot fail, for gzip_bytes is never below 0 B."),
        ("gzip_bytes >= -2 * baseline", "it cannot fail, for gzip_bytes is never below 0 B."),
        ("gzip_bytes < 0", "nothing can keep it, for gzip_bytes is never below 0 B."),
        ("top1 > 100%", "nothing can keep it, for top1 is never above 100.00 %."),
        ("latency <= -1 ms", "nothing can keep it, for latency is never below 0.00 ns."),
        ("top1_delta >= -1", "top1_delta is a share, of which -1 is -100 %; if that is meant in"),
        ("top1_delta >= -0.5", "top1_delta is a share, of which -0.5 is -50 %; if that is meant"),
        (
            "int8: top1 >= 98",
            "top1 is a share, of which 98 is 9800 %; if that is meant in percent,",
        ),
    ],
)
def test_a_gate_that_checks_nothing_is_refused(text: str, why: str) -> None:
    assert refused(text).startswith(why)


@pytest.mark.parametrize(
    "text",
    [
        "top1 > 0",
        "top1 < 100%",
        "top1 >= 1",
        "top1_delta >= -0.2",
        "top1_delta >= -50%",
        "gzip_bytes <= 0",
        "gzip_bytes > 0",
        "top1 >= 98 * baseline",
        "top1 <= 2 * baseline",
        "gzip_bytes <= baseline",
        "mae_delta >= -5",
        "sqnr >= -40",
        "furthest_score <= 3",
        "r2 >= -3",
        "heat_of_the_moon >= 0",
    ],
)
def test_a_bound_that_a_figure_can_be_beyond_is_none_of_these(text: str) -> None:
    """And of a metric that no catalogue has nothing is known."""
    check([parse(text)], registry.catalogue())


@given(
    st.floats(-2, 2),
    st.floats(0, 1),
    st.floats(0, 1),
    st.booleans(),
    st.sampled_from(["<=", "<", ">=", ">"]),
)
def test_what_a_share_breaches_or_keeps_is_never_refused(
    number: float, share: float, base: float, relative: bool, relation: str
) -> None:
    """Of two shares, one that fails and one that passes show that a gate checks something."""
    gate = parse(f"top1 {relation} {number:.6f}" + (" * baseline" if relative else "e2 %"))
    bound = factor(gate, registry.catalogue()["top1"]) * (base if relative else 1)
    if told := refusal(lambda: check([gate], registry.catalogue())):
        assert gate.holds(share, bound) == ("cannot fail" in told)


def test_a_range_is_declared_where_a_metric_is_registered(isolated_registries: None) -> None:
    @registry.metric("mood", unit="", kind="number", scope="inference", least=-5, most=5)
    def mood(outcome: object) -> Figure:
        return Figure(1.0)

    assert "it cannot fail, for mood is never below -5." == refused("mood >= -6")
    assert (-5, 5) == registry.catalogue()["mood"].range


@pytest.mark.parametrize("gate", ["top1 >= 0", "top1_delta >= -0.5"])
def test_results_that_are_measured_refuse_it_too(gate: str) -> None:
    with pytest.raises(WeighinError, match="Gate "):
        judge([parse(gate)], results_of({}, [figure(0.9)]))
