"""Writes tests/golden/udr.h5: disentanglement_lib's own UDR of four models.

    git clone https://github.com/google-research/disentanglement_lib upstream
    python3 tests/oracle/udr.py upstream

The package on PyPI lacks this metric, hence the checkout. Model 0 is some variables of the trained codes; 1 has them in
another order, some negated, in noise; 2 rotated within pairs; 3 has collapsed but for two.
"""
import pathlib
import sys
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
    d = np.where(np.arange(6) == 1, a[:, [4] * 6] ** 2 - 1, np.where(np.arange(6) == 3, a[:, [0] * 6], 0))
    dv = np.where(np.isin(np.arange(6), [1, 3]), 0.05, 1.0) * np.ones_like(v)
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
    path, lasso = GOLDEN / "udr.h5", linear_model.Lasso
    with h5py.File(path, "w") as f:
        f["mean"], f["variance"], f["sizes"] = mean, variance, np.array(grid.sizes, dtype=np.int32)
        f.attrs.update({k: np.int64(v) for k, v in (("seed", SEED), ("num_data_points", POINTS), ("batch_size", BATCH))})
        for name, kind, tolerance in (("lasso", "lasso", 1e-4), ("lasso_optimum", "lasso", 1e-13), ("spearman", "spearman", 0)):
            udr.linear_model = type("module", (), {"Lasso": lambda **k: lasso(**k, tol=tolerance, max_iter=100000)})
            for keep in (True, False):
                functions, data, random = [Model(m, v) for m, v in zip(mean, variance)], [], np.random.RandomState(SEED)
                with ref.replaced(udr, _generate_representation_dataset=ref.tapped(udr._generate_representation_dataset, data)):
                    scores = udr.compute_udr_sklearn(grid, functions, random, BATCH, POINTS, kind, keep, True, 0.01)
                group = f.create_group(name if keep else name + "_unfiltered")
                if keep:
                    group["raw_correlations"] = np.array(scores["raw_correlations"])
                group["pairwise_disentanglement_scores"] = np.array(scores["pairwise_disentanglement_scores"])[..., 0]
                group["model_scores"] = np.array(scores["model_scores"])
                print(group.name, np.round(scores["model_scores"], 4))
        codes = functions[0].codes
        f["kl"] = np.array(data[0][1])
        f["rows"] = np.array(codes.first[:64], dtype=np.int32)
        f["rows_count"], f["rows_crc"], f["next_word"] = (np.int64(x) for x in (codes.count, codes.crc, random.randint(2**32)))
        print(np.round(f["kl"], 4))
        print("lasso from its optimum", np.abs(f["lasso/raw_correlations"][()] - f["lasso_optimum/raw_correlations"][()]).max())
    pack(path)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    ref.bind()
    main(sys.argv[1])
