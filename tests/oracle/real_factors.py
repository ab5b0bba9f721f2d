"""Writes tests/golden/real_factors.h5: codes whose factors are real numbers, and what
disentanglement_lib's own functions make of them; and the codes as NumPy writes them,
real_factors.npz.

    pip install -r tests/oracle/requirements.txt
    pip install --no-deps disentanglement_lib==1.5
    python3 tests/oracle/real_factors.py

Layout: README.md, "real_factors.h5".
"""
import pathlib

import h5py
import numpy as np

import reference as ref
from packing import pack

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
ROWS, TRAIN = 200, 133  # the first two thirds
NAMES = ["angle", "time", "shape", "tiny"]


def codes():
    """An angle, a time in seconds since 1970, one of three shapes, and a number of 1e-200; each has
    a variable that knows it, and one more knows a little of two. The last hardly varies."""
    draw = np.random.RandomState(23)
    unit = draw.uniform(size=(ROWS, 4))
    factors = np.column_stack([2 * np.pi * unit[:, 0], 1.7e9 + 90 * unit[:, 1],
                               np.floor(3 * unit[:, 2]), 1e-200 * (unit[:, 3] - 0.5)])
    mean = np.column_stack([unit[:, [2, 0, 3, 1]], unit[:, 0] - 0.5 * unit[:, 3],
                            1e-7 * unit[:, 0]])
    mean[:, :5] += 0.3 * draw.normal(size=(ROWS, 5))
    sampled = mean + 0.2 * draw.normal(size=mean.shape)
    return {"mean": mean.astype(np.float32), "sampled": sampled.astype(np.float32)}, factors


def scores(table, factors):
    """On fixed data, as upstream's functions of that name take it."""
    mus, ys = table.astype(np.float64).T, factors.T
    with ref.watched(ref.sap_score, "compute_score_matrix") as seen:
        # numpy's covariance of numbers of 1e-200 is 0: upstream would divide by it
        scaled = ys * [[1], [1], [1], [1e200]]
        sap = ref.sap_score._compute_sap(mus[:, :TRAIN], scaled[:, :TRAIN], mus[:, TRAIN:],
                                         scaled[:, TRAIN:], True)
    irs = ref.irs.scalable_disentanglement_score(ref.utils.make_discretizer(ys).T, mus.T)
    return {"sap": sap | {"score_matrix": seen["compute_score_matrix"][0]},
            "irs": {"IRS": irs["avg_score"], "IRS_matrix": irs["IRS_matrix"],
                    "max_deviations": irs["max_deviations"]}}


def main():
    tables, factors = codes()
    path = GOLDEN / "real_factors.h5"
    with h5py.File(path, "w") as file:
        for name, table in tables.items():
            file[name] = table
            for metric, values in scores(table, factors).items():
                for key, value in values.items():
                    file[f"reference/{name}/{metric}/{key}"] = value
        file["factors"] = factors
        file["factor_names"] = np.array(NAMES, dtype="S32")
    pack(path, exact=("factors",))
    np.savez_compressed(GOLDEN / "real_factors.npz", **tables, factor_names=np.array(NAMES),
                        factors=np.asfortranarray(factors).astype(">f8"))


if __name__ == "__main__":
    ref.bind()
    main()
