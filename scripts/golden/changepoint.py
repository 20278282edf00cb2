#!/usr/bin/env python3
"""Writes tests/golden/changepoint/*.txt for tests/unit/test_changepoint.c, computed by ruptures 1.1 (optimal partitioning
by dynamic programming), NumPy and SciPy (Welch's t test).

partition.txt: per series: n, penalty, the n values, the number of boundaries, the boundaries.
steps.txt: per series of timings: n, the n values in ns, the number of steps, then position, ratio and p of each step.
Every number is written so that it reads back exactly."""
import pathlib
import numpy as np
import ruptures as rpt
from scipy import stats

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "changepoint"


def partition(x, penalty):
    """Boundaries that minimise the sum of squares plus penalty per boundary, segments of at least 3."""
    n = len(x)
    best, chosen = float(((x - x.mean()) ** 2).sum()), []
    algo = rpt.Dynp(model="l2", min_size=3, jump=1).fit(x)
    for k in range(1, n // 3):
        at = algo.predict(n_bkps=k)
        cost = algo.cost.sum_of_costs(at) + penalty * k
        if cost < best - 1e-12:
            best, chosen = cost, at[:-1]
    return chosen


def steps(ns):
    """The whole rule: clip, partition, drop weak steps."""
    x = np.log(ns)
    n = len(x)
    sd = max(0.002, 1.4826 * np.median(np.abs(np.diff(x))) / np.sqrt(2))
    middle = np.array([np.median(x[max(0, i - 2):i + 3]) for i in range(n)])
    x = np.clip(x, middle - 3 * sd, middle + 3 * sd)
    at = partition(x, 4.5 * np.log(n) * sd * sd)
    while True:
        edge = [0, *at, n]
        found = []
        for i in range(1, len(edge) - 1):
            a, b = x[edge[i - 1]:edge[i]], x[edge[i]:edge[i + 1]]
            assert a.std(ddof=1) > 0.002 and b.std(ddof=1) > 0.002, "the floor of the noise would decide"
            found.append((edge[i], float(np.exp(b.mean() - a.mean())), float(stats.ttest_ind(a, b, equal_var=False).pvalue)))
        weak = [(1.0 if abs(r - 1) < 0.02 else p, i) for i, (_, r, p) in enumerate(found) if abs(r - 1) < 0.02 or p >= 1e-3]
        if not weak:
            return found
        del at[max(weak)[1]]


def series(rng, levels, sd, spikes=0.0):
    x = np.concatenate([np.full(n, level) for level, n in levels]) * np.exp(sd * rng.standard_normal(sum(n for _, n in levels)))
    x[rng.random(len(x)) < spikes] *= 1.04
    return np.round(x * 16) / 16


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    with open(OUT / "partition.txt", "w", encoding="ascii") as f:
        for n, penalty, jump in ((6, 0.1, 1), (7, 2.0, 1), (12, 0.5, 0), (20, 1.0, 2), (40, 3.0, 1.5), (60, 0.2, 1), (60, 20, 4)):
            x = rng.standard_normal(n) + jump * (np.arange(n) >= n // 2) - jump * (np.arange(n) >= 3 * n // 4)
            at = partition(x, penalty)
            print(n, repr(float(penalty)), *map(repr, x.tolist()), len(at), *at, file=f)
    with open(OUT / "steps.txt", "w", encoding="ascii") as f:
        for levels, sd, spikes in (
                ([(50e3, 40)], 0.006, 0.08),                                   # nothing but noise and spikes
                ([(50e3, 20), (52.5e3, 20)], 0.006, 0.0),                      # + 5 %
                ([(50e3, 20), (52.5e3, 6)], 0.006, 0.08),                      # + 5 %, six runs ago
                ([(9e6, 15), (8.1e6, 15), (9e6, 15)], 0.01, 0.05),             # faster, and back again
                ([(1e3, 30), (1.01e3, 30)], 0.005, 0.0),                       # + 1 %: too small to count
                ([(2e5, 12), (2.2e5, 12), (2.6e5, 12), (2.5e5, 12)], 0.008, 0.0)):
            x = series(rng, levels, sd, spikes)
            found = steps(x)
            print(len(levels) - 1, "steps planted, found", [(a, round(r, 4)) for a, r, _ in found])
            print(len(x), *map(repr, x.tolist()), len(found), *(v for a, r, p in found for v in (a, repr(r), repr(p))), file=f)


main()
