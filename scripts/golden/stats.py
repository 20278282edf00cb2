#!/usr/bin/env python3
"""Writes tests/golden/stats/<group>.txt for tests/unit/test_stats_gate.c.  Needs SciPy.

SciPy gives tails, quantiles, Benjamini-Hochberg and signed ranks without ties.  What it lacks is computed here from the
definition: signed ranks with ties by going through every pattern of signs, and the interval of the centre of symmetry by
testing, with those patterns, every value between which the outcome of the test can change.
One line: name, number of arguments, the arguments, number of results, the results.
"""
import itertools
import pathlib
import numpy as np
from scipy import special, stats

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "stats"
rng = np.random.default_rng(20250101)


def write(name, rows):
    with open(OUT / f"{name}.txt", "w") as f:
        for what, args, results in rows:
            args, results = np.atleast_1d(args), np.atleast_1d(results)
            numbers = [str(len(args)), *map(repr, map(float, args)), str(len(results)), *map(repr, map(float, results))]
            f.write(" ".join([what, *numbers]) + "\n")


def tails():
    for z in (-8, -3.5, -1, 0, 0.3, 1.96, 5, 12):
        yield "normal_sf", z, stats.norm.sf(z)
    for p in (1e-12, 1e-4, 0.005, 0.025, 0.3, 0.5, 0.8, 0.975, 0.99, 1 - 1e-9):
        yield "normal_quantile", p, stats.norm.ppf(p)
    for a, b, x in itertools.product((0.5, 1, 3, 40, 2000), (0.5, 2, 25, 300), (0.001, 0.1, 0.5, 0.9, 0.999)):
        yield "beta_cdf", (a, b, x), stats.beta.cdf(x, a, b)
    for a, b, p in itertools.product((0.5, 1, 4, 300), (0.5, 2, 250), (0.01, 0.05, 0.5, 0.95)):
        yield "beta_quantile", (a, b, p), stats.beta.ppf(p, a, b)
    for t, df in itertools.product((-6, -1.2, 0, 0.5, 2.1, 9, 40), (1, 2, 4.5, 9, 30.25, 1000)):
        yield "student_sf", (t, df), stats.t.sf(t, df)
    for p, df in itertools.product((0.0005, 0.025, 0.1, 0.5, 0.9, 0.975, 0.9999), (1, 2, 4.5, 9, 30.25, 1000)):
        yield "student_quantile", (p, df), stats.t.ppf(p, df)
    for x in (0.01, 0.5, 1, 2.25, 4.5, 9, 100.5):
        yield "digamma", x, special.digamma(x)
        yield "trigamma", x, special.polygamma(1, x)
        yield "trigamma_inverse", special.polygamma(1, x), x
    for k, n in ((0, 1), (0, 300), (1, 300), (3, 10), (17, 40), (10, 10), (0, 378), (5, 1000)):
        for level in (0.9, 0.95, 0.99):
            if k > 0:
                low = stats.binomtest(k, n, alternative="greater").proportion_ci(level, "exact").low
                yield "binomial_lower", (k, n, level), low
            if k < n:
                high = stats.binomtest(k, n, alternative="less").proportion_ci(level, "exact").high
                yield "binomial_upper", (k, n, level), high


def signed_rank_p(z):
    """By every pattern of signs."""
    z = z[z != 0]
    ranks = stats.rankdata(np.abs(z))
    seen = ranks[z > 0].sum()
    signs = np.array(list(itertools.product((0, 1), repeat=len(z))))
    return np.mean(signs @ ranks >= seen - 1e-9)


def ranks():
    for n in (1, 2, 5, 10, 16, 24, 40):
        for shift in (-0.5, 0, 0.3, 2):
            z = rng.normal(shift, 1, n)
            p = stats.wilcoxon(z, alternative="greater", method="exact").pvalue
            if n <= 10:
                assert abs(p - signed_rank_p(z)) < 1e-12
            yield "signed_rank_p", z, p
    for n in (3, 6, 10, 13):
        for shift in (-1, 0, 1):
            z = np.round(rng.normal(shift, 2, n))
            yield "signed_rank_p", z, signed_rank_p(z)


# Example of the R manual, ?wilcox.test, from Hollander and Wolfe (1973), depression scale: V = 40, p = 0.01953.
DEPRESSION = np.subtract([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30],
                         [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])


def interval(z, level):
    """The centres that the exact two-sided test does not reject: the test changes only at Walsh averages."""
    n = len(z)
    walsh = np.sort([(z[i] + z[j]) / 2 for i in range(n) for j in range(i, n)])
    between = np.concatenate(([walsh[0] - 1], (walsh[1:] + walsh[:-1]) / 2, [walsh[-1] + 1]))
    kept = [k for k, c in enumerate(between)
            if min(signed_rank_p(z - c), signed_rank_p(c - z)) > (1 - level) / 2]
    low = -np.inf if kept[0] == 0 else walsh[kept[0] - 1]
    high = np.inf if kept[-1] == len(walsh) else walsh[kept[-1]]
    return np.median(walsh), low, high


def shifts():
    # The estimate, 0.46, and the interval from 0.010 to 0.786 are those of the book.
    yield "hodges_lehmann", np.append(DEPRESSION, 0.95), interval(DEPRESSION, 0.95)
    yield "signed_rank_p", DEPRESSION, 0.01953125
    for n in (1, 3, 5, 6, 8, 10, 12):
        for level in (0.8, 0.95):
            z = rng.normal(0.02, 0.03, n)
            yield "hodges_lehmann", np.append(z, level), interval(z, level)


def many():
    for m in (1, 2, 5, 30):
        p = rng.uniform(size=m) ** 2
        yield "benjamini_hochberg", p, stats.false_discovery_control(p)
    yield "benjamini_hochberg", (0.01, 0.01, 0.5, 1, 0.03), stats.false_discovery_control((0.01, 0.01, 0.5, 1, 0.03))


for name, rows in (("tails", tails()), ("ranks", ranks()), ("shifts", shifts()), ("many", many())):
    write(name, rows)
