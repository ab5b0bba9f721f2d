"""Writes tests/golden/udr.h5: disentanglement_lib's own UDR of four models.

    git clone https://github.com/google-research/disentanglement_lib upstream
    python3 tests/oracle/udr.py upstream

The package on PyPI lacks this metric, hence the checkout. Model 0 is some variables of the trained
codes; 1 has them in another order, some negated, in noise; 2 rotated within pairs; 3 has collapsed
but for two.
"""
import functools
import itertools
import pathlib
import sys
import types
import warnings

import h5py
import numpy as np
from sklearn import linear_model

import reference as ref
from packing import pack, rounded

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
SEED, POINTS, BATCH = 0, 1000, 10


def models(mean, variance):
    """Arrays [model, row, variable]."""
    rng, keep = np.random.default_rng(201), [4, 0, 1, 6, 2, 9]
    a, v = mean[:, keep], variance[:, keep]
    order = [2, 4, 0, 5, 1, 3]
    b = a[:, order] * [1, -1, 1, 1, -1, 1] + 0.1 * rng.standard_normal(a.shape)
    c = a.copy()
    for (i, j), angle in (((0, 2), 0.5), ((1, 4), 1.2)):
        c[:, [i, j]] = a[:, [i, j]] @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    d, dv = np.zeros_like(a), np.ones_like(v)
    d[:, 1], d[:, 3], dv[:, [1, 3]] = a[:, 4] ** 2 - 1, a[:, 0], 0.05
    return rounded(np.array([a, b, c, d]), 10), rounded(np.array([v, v[:, order], v, dv]), 8)


class Model:
    """A table that says its KL of a batch too; the first one keeps count of rows."""

    def __init__(self, mean, variance):
        self.codes, self.variance = ref.Codes(mean), variance.astype(np.float64)

    def __call__(self, rows):
        m, v = self.codes(rows), self.variance[rows]
        return m, np.mean(0.5 * (np.square(m) + v - np.log(v) - 1), axis=0)


def main(checkout):
    udr = ref.load_udr(checkout)
    grid, tables = ref.read(GOLDEN / "codes_trained.h5")
    mean, variance = (x.astype(np.float32) for x in models(tables["mean"], tables["variance"]))
    path, lasso, kind = GOLDEN / "udr.h5", linear_model.Lasso, {"lasso": 1e-4, "lasso_optimum": 1e-13}
    with h5py.File(path, "w") as f:
        f["mean"], f["variance"] = mean, variance
        f["sizes"] = np.array(grid.sizes, dtype=np.int32)
        f.attrs.update({"seed": np.int64(SEED), "num_data_points": np.int64(POINTS),
                        "batch_size": np.int64(BATCH)})
        for name, keep in itertools.product(("lasso", "lasso_optimum", "spearman"), (True, False)):
            udr.linear_model = types.SimpleNamespace(Lasso=functools.partial(
                lasso, tol=kind.get(name, 0), max_iter=100000))
            functions = [Model(m, v) for m, v in zip(mean, variance)]
            random = np.random.RandomState(SEED)
            with ref.watched(udr, "_generate_representation_dataset") as seen:
                scores = udr.compute_udr_sklearn(grid, functions, random, BATCH, POINTS,
                                                 name.split("_")[0], keep, True, 0.01)
            pairs = np.array(scores["pairwise_disentanglement_scores"])[..., 0]
            group = f.create_group(name if keep else name + "_unfiltered")
            if keep:
                group["raw_correlations"] = np.array(scores["raw_correlations"])
            group["pairwise_disentanglement_scores"] = pairs
            group["model_scores"] = np.array(scores["model_scores"])
            print(group.name, np.round(scores["model_scores"], 4))
        codes = functions[0].codes
        f["kl"] = np.array(seen["_generate_representation_dataset"][0][1])
        f["rows"] = np.array(codes.first[:64], dtype=np.int32)
        f["rows_count"], f["rows_crc"] = np.int64(codes.count), np.int64(codes.crc)
        f["next_word"] = np.int64(random.randint(2**32))
        away = f["lasso/raw_correlations"][()] - f["lasso_optimum/raw_correlations"][()]
        print(np.round(f["kl"], 4), "lasso from its optimum", np.abs(away).max())
    pack(path)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    ref.bind()
    main(sys.argv[1])
