"""Writes tests/golden/evaluate_*.h5: codes, and what host/evaluate must make of them.

Every score is restated here with numpy, scipy and scikit-learn in float64, from the definitions of
disentanglement_lib and of "Be More Active!" (arXiv 2109.12679); nothing of the engine is used.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/evaluate.py
"""
import itertools
import pathlib

import h5py
import numpy as np
import scipy.linalg
from sklearn.metrics import mutual_info_score

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
BINS = 20
TYPES = ["active", "mixed", "passive"]
SUBSETS = [TYPES] + [list(s) for n in (1, 2) for s in itertools.combinations(TYPES, n)]


def variable_types(variance):
    """The rule of the authors' code: low variance of the variance, and its average near 0 or 1."""
    average, spread = variance.mean(axis=0), variance.var(axis=0)
    low = spread < 0.1
    active = low & (average <= 0.1)
    passive = low & (average >= 0.9) & (average <= 1.1)
    return np.where(active, 0, np.where(passive, 2, 1)), average, spread


def information(x):
    """Mutual information of all pairs of columns, binned by numpy.histogram's left edges."""
    label = [np.digitize(c, np.histogram(c, BINS)[1][:-1]) for c in x.T]
    return np.array([[mutual_info_score(a, b) for b in label] for a in label])


def total_correlation(covariance):
    scale = np.sqrt(np.diag(covariance))
    if np.any(scale == 0):
        return np.nan
    if np.linalg.cond(covariance / np.outer(scale, scale)) > 1e13:
        return np.nan
    return (np.sum(np.log(np.diag(covariance))) - np.linalg.slogdet(covariance)[1]) / 2


def wasserstein(covariance):
    """The principal square root where there is one, else (singular) the roots of eigenvalues."""
    scaled = covariance * np.diag(covariance)[:, None]
    roots = np.sqrt(np.linalg.eigvals(scaled).real.clip(0)).sum()
    if np.linalg.matrix_rank(scaled) == len(scaled):
        principal = scipy.linalg.sqrtm(scaled).real.trace()
        assert abs(principal - roots) <= 1e-9 * principal
        roots = principal
    return 2 * np.trace(covariance) - 2 * roots


def effective_rank(covariance):
    singular = scipy.linalg.svdvals(covariance)
    share = singular[singular > 0] / singular.sum()
    return np.exp(-np.sum(share * np.log(share))) if len(share) else np.nan


def subset_scores(types, covariance, pairs):
    """Rows: subsets; columns: size, TC, MI, Wasserstein, effective rank."""
    rows = []
    for subset in SUBSETS:
        keep = np.flatnonzero(np.isin(types, [TYPES.index(t) for t in subset]))
        n = len(keep)
        part, mi = covariance[np.ix_(keep, keep)], pairs[np.ix_(keep, keep)]
        complete = subset is SUBSETS[0] or all(TYPES.index(t) in types for t in subset)
        if not complete or n < 2:
            rows.append([n] + 4 * [np.nan])
            continue
        average = (mi.sum() - np.trace(mi)) / (n * n - n)
        rows.append([n, total_correlation(part), average, wasserstein(part), effective_rank(part)])
    return np.array(rows, dtype=np.float64)


def write(name, mean, variance, sampled):
    mean, variance, sampled = (np.asarray(x, dtype=np.float32) for x in (mean, variance, sampled))
    factors = np.arange(2 * len(mean)).reshape(-1, 2) % [3, 7]
    with h5py.File(GOLDEN / f"evaluate_{name}.h5", "w", track_order=False) as f:
        f["mean"], f["variance"], f["sampled"] = mean, variance, sampled
        f["factors"] = factors.astype(np.int32)
        f["factor_names"] = np.array([b"shape", b"scale"], dtype="S32")
        m, v = mean.astype(np.float64), variance.astype(np.float64)
        types, average, spread = variable_types(v)
        f["expected/type"] = types.astype(np.int32)
        f["expected/mean_variance"], f["expected/variance_of_variance"] = average, spread
        f["expected/kl"] = np.mean((m**2 + v - 1 - np.log(v)) / 2, axis=0)
        for key, x in (("mean", m), ("sampled", sampled.astype(np.float64))):
            covariance = np.atleast_2d(np.cov(x, rowvar=False))
            with np.errstate(all="ignore"):
                correlation = np.atleast_2d(np.corrcoef(x, rowvar=False))
            pairs = information(x)
            f[f"expected/{key}/covariance"] = covariance
            f[f"expected/{key}/correlation"] = correlation
            f[f"expected/{key}/mutual_information"] = pairs
            f[f"expected/{key}/subsets"] = subset_scores(types, covariance, pairs)
    print(name, mean.shape, [TYPES[t] for t in types])


def sample(rng, mean, variance):
    return mean + np.sqrt(variance) * rng.standard_normal(mean.shape)


def ordinary():
    """3 active (correlated), 2 mixed, 3 passive: tiny means that copy others."""
    rng, n = np.random.default_rng(1), 500
    source = rng.standard_normal((n, 5))
    active = source[:, :3] @ [[1, 0.4, -0.2], [0, 0.9, 0.3], [0, 0, 0.8]]
    used = rng.random((n, 2)) < [0.5, 0.7]
    mixed = np.where(used, source[:, 3:] + 0.3 * active[:, :2], 0.01 * source[:, 3:])
    passive = 0.01 * (active @ rng.standard_normal((3, 3)) + 0.3 * rng.standard_normal((n, 3)))
    mean = np.hstack([active[:, :2], passive[:, :1], mixed, active[:, 2:], passive[:, 1:]])
    variance = np.hstack([rng.uniform(0.001, 0.05, (n, 2)), rng.uniform(0.97, 1.02, (n, 1)),
                          np.where(used, 0.02, 0.99), rng.uniform(0.01, 0.1, (n, 1)),
                          rng.uniform(0.95, 1.0, (n, 2))])
    write("ordinary", mean, variance, sample(rng, mean, variance))


def awkward():
    """Active: a variable, its double (a singular covariance) and one 1e-9 as wide; passive: a
    constant and one far from 0; mixed by its average alone."""
    rng, n = np.random.default_rng(2), 301
    a, b, c = rng.standard_normal((3, n))
    mean = np.stack([a, 2 * a, b * 1e-9, np.full(n, 0.125), 1000 + c, b - a], axis=1)
    variance = np.stack([np.full(n, 0.01), np.full(n, 0.05), rng.uniform(0, 0.19, n) + 1e-6,
                         np.full(n, 1.0), np.full(n, 1.0625), np.full(n, 0.5)], axis=1)
    sampled = sample(rng, mean, variance)
    sampled[:, 3] = 0
    write("awkward", mean, variance, sampled)


def passive():
    rng, n = np.random.default_rng(3), 64
    mean = 1e-4 * rng.standard_normal((n, 3)) @ rng.standard_normal((3, 3))
    variance = np.ones((n, 3)) - 1e-4 * rng.random((n, 3))
    write("passive", mean, variance, sample(rng, mean, variance))


def two_examples():
    """Fewer examples than variables: the covariance has rank 1."""
    rng = np.random.default_rng(4)
    mean = rng.standard_normal((2, 3))
    variance = np.full((2, 3), 0.05)
    write("two_examples", mean, variance, sample(rng, mean, variance))


def one_variable():
    rng, n = np.random.default_rng(5), 50
    mean = rng.standard_normal((n, 1))
    variance = np.full((n, 1), 0.02)
    write("one_variable", mean, variance, sample(rng, mean, variance))


if __name__ == "__main__":
    ordinary()
    awkward()
    passive()
    two_examples()
    one_variable()
