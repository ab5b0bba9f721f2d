"""Writes tests/golden/nuisance.h5: tables of codes with nuisance factors, and what
disentanglement_lib's own functions make of them.

    python3 tests/oracle/nuisance.py

Layout: README.md, "nuisance.h5".
"""
import pathlib
import warnings

import h5py
import numpy as np

import metric_learners as learned
import metric_runs as counted
import reference as ref
from metrics import write
from packing import pack, rounded

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
TABLES = {  # sizes of all factors in the order of the table, and the places of those not observed
    "smallnorb": ([3, 4, 3, 4, 2], [1]),
    "noshape": ([3, 4, 4, 3, 3], [0]),
    "last": ([4, 3, 4, 5], [3]),
    "pairs": ([5, 2, 6, 4], [1]),
    "two": ([3, 4, 2, 5], [0, 2])}
ONE = {"num_train": 2000, "batch_size": 16}
BOTH = ONE | {"num_test": 1000}
SIZES = {
    "beta_vae_sklearn": {"batch_size": 64, "num_train": 1000, "num_eval": 1000},
    "dci": {"num_train": 300, "num_test": 300, "batch_size": 16},
    "downstream": {"num_train": [10, 300, 600], "num_test": 500, "batch_size": 16},
    "factor_vae": {"batch_size": 64, "num_train": 1000, "num_eval": 500,
                   "num_variance_estimate": 1000},
    "irs": ONE, "mig": ONE, "modularity_explicitness": BOTH, "sap": BOTH, "unsupervised": ONE}
LEFT_OUT = {"beta_vae_sklearn_optimum", "modularity_explicitness_optimum", "sap_study",
            "dci_study", "downstream_logistic_regression_study"}  # read by no test, as these:
UNREAD = ("rows", "points", "labels", "train_votes", "eval_votes", "variances", "covariance",
          "min_", "parents", "num_active", "replaces", "disentanglement_scores")


def boosted_trees(grid, table, seed):
    """With few examples many splits are equally good: over more seeds than elsewhere."""
    name = "downstream_boosted_trees"
    ref.bind(predictor=ref.utils.gradient_boosting_classifier)
    yield name, learned.over_seeds(lambda: learned.run_downstream(grid, table, seed[name]), 5)


METRICS = (counted.beta_vae, counted.factor_vae, counted.mig, counted.modularity, learned.sap,
           counted.irs, counted.unsupervised, learned.regression, learned.dci, boosted_trees)


class Nuisance(ref.Grid):
    """As upstream's SmallNORB: what is not a latent factor is drawn for each observation."""

    def __init__(self, sizes, unseen):
        self.all_sizes, self.unseen = sizes, unseen
        self.seen = [i for i in range(len(sizes)) if i not in unseen]
        self.sizes = [sizes[i] for i in self.seen]
        self.space = ref.util.SplitDiscreteStateSpace(sizes, self.seen)

    def sample_observations_from_factors(self, factors, random_state):
        factors = self.space.sample_all_factors(factors, random_state)
        return np.ravel_multi_index(factors.T, self.all_sizes)


class Copies(Nuisance):
    """Several such factors as if they were one: one draw says which of the copies it is. (Upstream
    has no such data set; its state space would draw factor by factor.)"""

    def sample_observations_from_factors(self, factors, random_state):
        sizes = [self.all_sizes[i] for i in self.unseen]
        copy = random_state.randint(np.prod(sizes), size=len(factors))
        whole = np.zeros((len(factors), len(self.all_sizes)), dtype=np.int64)
        whole[:, self.seen] = factors
        whole[:, self.unseen] = np.transpose(np.unravel_index(copy, sizes))
        return np.ravel_multi_index(whole.T, self.all_sizes)


def codes(sizes, unseen, rng):
    """A variable for each factor, which knows of the nuisance too, and one of noise alone."""
    factors = np.indices(sizes).reshape(len(sizes), -1).T
    z = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    z += 0.4 * z[:, unseen[:1]] + rng.normal(0, 0.3, z.shape)
    return rounded(np.hstack([z, rng.normal(0, 0.7, (len(z), 1))]), 12).astype(np.float32)


def golden():
    rng = np.random.default_rng(707)
    seed = {metric: s[0] for metric, s in counted.SEEDS.items()}
    path = GOLDEN / "nuisance.h5"
    draft = path.with_suffix(".draft")
    with h5py.File(draft, "w") as f:
        for name, (sizes, unseen) in TABLES.items():
            group, table = f.create_group(name), codes(sizes, unseen, rng)
            group["sizes"], group["unseen"] = np.int32(sizes), np.int32(unseen)
            group["mean"] = table
            grid = (Nuisance if len(unseen) == 1 else Copies)(sizes, unseen)
            for metric in METRICS:
                for key, scores in metric(grid, table, seed):
                    scores = {k: v for k, v in scores.items()
                              if k != "c" and not k.startswith(UNREAD)}
                    if key not in LEFT_OUT:
                        write(group, key, scores, seed)
                print(name, metric.__name__, flush=True)
    pack(path, draft=draft)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    ref.bind()
    counted.SIZES.update(SIZES)
    golden()
