"""How often each of weighin's intervals holds what is true, by simulation.

    python -m bench.coverage [SETS]      how many sets are drawn for each row: 300 if not told

A good 95 % interval holds the truth of 93 to 97 % of sets, and misses it on either side alike. The
seeds are fixed. With 300 sets a row is good to ±1.3 % (one standard error), and
all rows take about a minute.
"""

import functools
import itertools
import math
import sys

import numpy as np
from tabulate import tabulate

from bench.coverage_sets import DIFFERENCES, SCORES, SETS, normal
from weighin import stats


@functools.lru_cache(maxsize=1)
def _counts(n):
    """How often each of n examples is in all of them once, and in each of weighin's draws."""
    rows = [np.arange(n), *stats.draws(n)]
    return np.array([np.bincount(row, minlength=n) for row in rows], np.float64, order="F")


def resampled(figure, answers, n):
    """A figure and its replicates, all resamples at once; as `stats.replicates` has them."""
    counts = _counts(n)
    value, *values = figure(answers, counts)
    values = np.array(values)
    usable = np.isfinite(values)
    apart = values[usable] - values[usable].mean()
    return float(value), stats.Replicates(values, apart @ counts[1:][usable] / usable.sum())


def of_sets(name, n, sets):
    """Intervals of a figure, then of its paired difference, each with the truth."""
    how, generator = SETS[name], np.random.default_rng(n)
    alone, paired = [], []
    for _ in range(sets):
        baseline, variant = (
            resampled(how.figure, answers, n) for answers in how.sample(generator, n)
        )
        alone.append(stats.interval_of(*baseline))
        paired.append(stats.paired_set(*variant, *baseline))
    return (how.truths[0], alone), (how.truths[1] - how.truths[0], paired)


def of_means(name, n, sets):
    """Intervals of a mean of scores, and the truth."""
    sample, truth = SCORES[name]
    generator = np.random.default_rng(n)
    return truth, [stats.mean(sample(generator, n)) for _ in range(sets)]


def of_differences(name, n, sets):
    """Intervals of a mean of paired differences, and the truth."""
    sample, truth = DIFFERENCES[name]
    generator = np.random.default_rng(n)
    return truth, [stats.paired_mean(sample(generator, n)) for _ in range(sets)]


def of_shares(share, n, sets):
    """Intervals of a share, and the truth."""
    interval = functools.cache(stats.proportion)
    counts = np.random.default_rng(n).binomial(n, share, sets)
    return share, [interval(int(count), n) for count in counts]


def of_paired_shares(gained, lost, n, sets):
    """Intervals of the difference of two shares, and the truth."""
    interval = functools.cache(stats.paired_difference)
    shares = (gained, lost, 1 - gained - lost)
    counts = np.random.default_rng(n).multinomial(n, shares, sets)
    return gained - lost, [interval(int(more), int(fewer), n) for more, fewer, _ in counts]


def of_times(interval, truth, n, sets):
    """Intervals of exponential times, and the truth."""
    generator = np.random.default_rng(n)
    return truth, [interval(generator.exponential(size=n)) for _ in range(sets)]


def _spiked(share):
    """Noise of which so many are disturbed, all to one side."""

    def draw(generator, shape):
        disturbed = (generator.random(shape) < share) * generator.exponential(10, shape)
        return 0.3 * generator.standard_normal(shape) + disturbed

    return draw


def _of_two_modes(share, apart):
    """Noise of two states, so far apart; so many are in the second."""

    def draw(generator, shape):
        second = generator.random(shape) < share
        return apart * second + 0.2 * generator.standard_normal(shape)

    return draw


def _following(correlation):
    """Noise that goes with what came before: a machine that drifts."""

    def draw(generator, shape):
        values = generator.standard_normal(shape)
        for at in range(1, shape[1]):
            values[:, at] *= math.sqrt(1 - correlation**2)
            values[:, at] += correlation * values[:, at - 1]
        return values

    return draw


NOISES = {  # of the blocks of a pair
    "normal": normal,
    "Student's t of 2": lambda generator, shape: generator.standard_t(2, shape),
    "lognormal": lambda generator, shape: generator.lognormal(size=shape),
    "one in ten disturbed": _spiked(0.1),
    "three in ten disturbed": _spiked(0.3),
    "two modes, 50:50": _of_two_modes(0.5, 2),
    "two modes, 80:20": _of_two_modes(0.2, 3),
    "following by 0.3": _following(0.3),
    "following by 0.6": _following(0.6),
    "following by 0.9": _following(0.9),
}


ENGINES = {  # how many times faster than the first each is
    "five alike": (1.0,) * 5,
    "five, one 1 % faster": (1.0, 1.0, 1.01, 1.0, 1.0),
    "five, one 5 % faster": (1.0, 1.0, 1.05, 1.0, 1.0),
    "five, one 20 % faster": (1.0, 1.0, 1.2, 0.5, 1.0),
}


def ratios_of(name, n, sets, scale=0.02):
    """Sets of n ratios around 1 with such noise, `(sets, n)`: 1 is their median."""
    draw = NOISES[name]
    middle = float(np.median(draw(np.random.default_rng(0), (4000, 100))))
    return np.exp(scale * (draw(np.random.default_rng(n), (sets, n)) - middle))


def of_ratios(name, n, sets):
    """Intervals of the typical of n ratios, of the sets that have one."""
    found = [stats.typical_ratio(row) for row in ratios_of(name, n, sets)]
    return 1.0, [each for each in found if each.high < math.inf]


def of_products(name, n, pairs, sets):
    """Intervals of the product of so many typical ratios, of the sets that have one."""
    drawn = ratios_of(name, n, sets * pairs).reshape(sets, pairs, n)
    found = [
        stats.product([functools.partial(stats.typical_ratio, row) for row in rows])
        for rows in drawn
    ]
    return 1.0, [each for each in found if each.high < math.inf]


def quickest_of(name, speeds, n, sets):
    """How often the quickest of engines is among those not found slower, and alone.

    Each engine but the first is paired with the first; the pairs differ by such noise.

    Args:
        name: of the noise.
        speeds: how many times faster than the first each engine is, the first one's too: 1.
        n: blocks of each pair.
        sets: how many sets of pairs are drawn.

    Returns:
        Shares of sets.
    """
    drawn = ratios_of(name, n, sets * len(speeds)).reshape(sets, len(speeds), n)
    engines, kept, alone = list(range(len(speeds))), 0, 0
    quickest = max(engines, key=speeds.__getitem__)

    for noise in drawn:
        ratios = noise * np.asarray(speeds)[:, np.newaxis]
        forwards = [functools.partial(stats.typical_ratio, row) for row in ratios]
        backwards = [functools.partial(stats.typical_ratio, 1 / row) for row in ratios]

        def is_faster(one, other, confidence, forwards=forwards, backwards=backwards):
            links = [*([forwards[one]] if one else []), *([backwards[other]] if other else [])]
            return stats.product(links, confidence).low > 1

        left = stats.unbeaten(engines, is_faster, len(engines) - 1)
        kept += quickest in left
        alone += left == [quickest]
    return kept / sets, alone / sets


def missed(truth, intervals):
    """Shares of intervals that hold the truth, lie above it and lie below it."""
    above = np.mean([interval.low > truth for interval in intervals])
    below = np.mean([interval.high < truth for interval in intervals])
    return 1 - above - below, above, below


def rows(sets):
    """Interval, what is drawn, n, and how often the truth is held."""
    for share, n in ((0.98, 1000), (0.5, 100)):
        yield "proportion", f"a share of {share:g}", n, of_shares(share, n, sets)
    for gained, lost in ((0.02, 0.03), (0.01, 0.01)):
        label = f"{gained:.0%} gained, {lost:.0%} lost"
        yield "paired_difference", label, 2000, of_paired_shares(gained, lost, 2000, sets)
    for name in SCORES:
        for n in (100, 300, 1000):
            yield "mean", name, n, of_means(name, n, sets)
    for name in DIFFERENCES:
        for n in (100, 300, 1000):
            yield "paired_mean", name, n, of_differences(name, n, sets)
    for name in SETS:
        for n in (200, 500, 1000):
            alone, paired = of_sets(name, n, sets)
            yield "interval_of", name, n, alone
            yield "paired_set", name, n, paired
    for name in NOISES:
        for n in (stats.FEWEST, 100):
            truth, found = of_ratios(name, n, sets)
            yield "typical_ratio", f"{name} ({len(found) / sets:.0%} have one)", n, (truth, found)
    for name, pairs in itertools.product(NOISES, (2, 4)):
        truth, found = of_products(name, 100, pairs, sets)
        label = f"{pairs} ratios, {name} ({len(found) / sets:.0%} have one)"
        yield "product", label, 100, (truth, found)
    yield "median", "exponential", 60, of_times(stats.median, math.log(2), 60, sets)
    ninth = functools.partial(stats.quantile, share=0.9)
    yield "quantile 0.9", "exponential", 100, of_times(ninth, math.log(10), 100, sets)


def main():
    """Draw the sets, and print the table."""
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    table = []
    for interval, drawn, n, outcome in rows(sets):
        held, above, below = missed(*outcome)
        table.append([interval, drawn, n, *(f"{share:.1%}" for share in (held, above, below))])
    headers = ["interval", "of", "n", "holds the truth", "lies above", "lies below"]
    sys.stdout.write(tabulate(table, headers) + "\n\n")
    quickest = [
        [name, told, *(f"{share:.1%}" for share in quickest_of(name, speeds, 30, sets))]
        for name, (told, speeds) in itertools.product(NOISES, ENGINES.items())
    ]
    headers = ["blocks of a pair", "engines", "quickest is among those marked", "alone"]
    sys.stdout.write(tabulate(quickest, headers) + "\n")


if __name__ == "__main__":
    main()
