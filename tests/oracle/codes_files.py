"""Writes tests/golden/codes_*.h5: codes of every combination of five factors, in the layout of
`polarvae encode`.

    python3 tests/oracle/codes_files.py
    python3 tests/oracle/codes_files.py trained ALL.h5

The second reads many codes of a trained model, drawn with replacement, and keeps the first of each
combination:

    polarvae data generate grid.h5 --subset 3:4:6:5:5
    polarvae train data=grid.h5 beta=4 learning_rate=0.0005 steps=8000 --out run
    polarvae encode run --examples 30000 --out ALL.h5
"""
import pathlib
import sys

import h5py
import numpy as np

from packing import pack, rounded

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
SIZES = [3, 4, 6, 5, 5]
NAMES = np.array([b"shape", b"scale", b"orientation", b"posX", b"posY"], dtype="S32")
FACTORS = np.indices(SIZES).reshape(len(SIZES), -1).T
N = len(FACTORS)
BITS = 12


def write(name, mean, variance, noise):
    """sampled = mean + sqrt(variance) noise; every number to 12 bits."""
    mean = rounded(np.asarray(mean, dtype=np.float64), BITS)
    variance = rounded(np.broadcast_to(variance, mean.shape).astype(np.float64), BITS)
    store(name, mean, variance, rounded(mean + np.sqrt(variance) * noise, BITS))


def store(name, mean, variance, sampled):
    path = GOLDEN / f"codes_{name}.h5"
    with h5py.File(path, "w") as f:
        for key, table in (("mean", mean), ("variance", variance), ("sampled", sampled)):
            f[key] = table.astype(np.float32)
        f["factors"] = FACTORS.astype(np.int32)
        f["factor_names"] = NAMES
    pack(path)


def standardised():
    return (FACTORS - FACTORS.mean(axis=0)) / FACTORS.std(axis=0)


def orthogonal(rng, n):
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))


def identity():
    rng = np.random.default_rng(101)
    write("identity", FACTORS, 0.01, rng.standard_normal((N, 5)))


def permuted():
    """Every row has an order of its own, as in upstream's tests."""
    rng = np.random.default_rng(102)
    mean = rng.permuted(FACTORS.astype(float), axis=1)
    write("permuted", mean, 0.01, rng.standard_normal((N, 5)))


def duplicated():
    rng = np.random.default_rng(103)
    write("duplicated", np.hstack([FACTORS, FACTORS]), 0.01, rng.standard_normal((N, 10)))


def zeros():
    """All passive: the means say nothing, the samples are noise."""
    rng = np.random.default_rng(104)
    write("zeros", np.zeros((N, 5)), 1, rng.standard_normal((N, 5)))


def rotated():
    rng = np.random.default_rng(105)
    write("rotated", standardised() @ orthogonal(rng, 5), 0.02, rng.standard_normal((N, 5)))


def noisy():
    """Factors in noise, in another order, and a code of noise alone."""
    rng = np.random.default_rng(106)
    clean = np.hstack([standardised()[:, [3, 0, 4, 2, 1]], np.zeros((N, 1))])
    write("noisy", clean + 0.5 * rng.standard_normal((N, 6)), 0.05, rng.standard_normal((N, 6)))


def constant():
    """Constant codes: 0 and 0.25 (noisy samples of the first, constant ones of the second), and
    passive ones."""
    rng = np.random.default_rng(107)
    x = standardised()
    passive = 0.01 * (x[:, :2] + rng.standard_normal((N, 2)))
    mean = np.column_stack([np.zeros(N), x[:, 3], passive[:, 0], x[:, 4], np.full(N, 0.25),
                            x[:, 2] + 0.3 * x[:, 1], passive[:, 1]])
    variance = [1, 0.01, 0.99, 0.01, 1e-20, 0.03, 1.01]
    write("constant", mean, variance, rng.standard_normal((N, 7)))


def polarised():
    """2 active, 3 mixed, 5 passive variables. Mixed ones are active for one part of the shapes,
    passive for the rest."""
    rng = np.random.default_rng(108)
    x = standardised()
    active = x[:, 3:] @ [[1, 0.2], [0, 1]]
    used = FACTORS[:, [0]] < [1, 2, 2]
    mixed = np.where(used, x[:, [2, 1, 2]] + [0, 1, -1] + 0.1 * rng.standard_normal((N, 3)),
                     0.02 * rng.standard_normal((N, 3)))
    passive = 0.05 * (active @ rng.standard_normal((2, 5)) + x[:, :3] @ rng.standard_normal((3, 5))
                      + rng.standard_normal((N, 5)))
    mean = np.hstack([passive[:, :2], active[:, :1], mixed, passive[:, 2:], active[:, 1:]])
    one = np.ones((N, 5)) - 0.02 * rng.random((N, 5))
    variance = np.hstack([one[:, :2], np.full((N, 1), 0.02), np.where(used, 0.04, 0.98), one[:, 2:],
                          np.full((N, 1), 0.03)])
    write("polarised", mean, variance, rng.standard_normal((N, 10)))


def trained(path):
    with h5py.File(path) as f:
        row = np.ravel_multi_index(f["factors"][()].T, SIZES)
        rows, first = np.unique(row, return_index=True)
        assert len(rows) == N, f"{N - len(rows)} combinations were never drawn"
        store("trained", *(rounded(f[key][()][first].astype(np.float64), BITS)
                           for key in ("mean", "variance", "sampled")))


if __name__ == "__main__":
    if sys.argv[1:2] == ["trained"]:
        trained(sys.argv[2])
    else:
        for make in (identity, permuted, duplicated, zeros, rotated, noisy, constant, polarised):
            make()
