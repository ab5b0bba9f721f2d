"""Runs disentanglement_lib's metrics on a table of codes: each yields names and what belongs to them.

NAME is upstream's own function under the scikit-learn of today, NAME_study under the defaults of
0.19 (era.py), NAME_optimum with solvers that go on to the optimum. Those with trees, support vector
machines or downstream tasks are in metric_learners.py.
"""
import functools
import types

import numpy as np
from sklearn.linear_model import LogisticRegression

import era
import reference as ref

SEEDS = {  # the study's, for mean and sampled codes; it had no IRS
    "beta_vae_sklearn": (3071714933, 1650906866),
    "dci": (3626093760, 1879422756),
    "downstream_boosted_trees": (2588848963, 1277901399),
    "downstream_logistic_regression": (3684848379, 3830135878),
    "factor_vae": (2340255427, 243580376),
    "irs": (0, 1),
    "mig": (3638918503, 4138900056),
    "modularity_explicitness": (1819583497, 1171049868),
    "sap": (2678185683, 1646868794),
    "unsupervised": (2774094101, 2051556033)}
ONE = {"num_train": 10000, "batch_size": 16}
BOTH = ONE | {"num_test": 5000}
SIZES = {
    "beta_vae_sklearn": {"batch_size": 64, "num_train": 2000, "num_eval": 1000},
    "dci": {"num_train": 1000, "num_test": 1000, "batch_size": 16},
    "downstream": {"num_train": [10, 100, 1000], "num_test": 2000, "batch_size": 16},
    "factor_vae": {"batch_size": 64, "num_train": 3000, "num_eval": 1500,
                   "num_variance_estimate": 3000},
    "irs": ONE, "mig": ONE, "modularity_explicitness": BOTH, "sap": BOTH, "unsupervised": ONE}
NEWTON = {"solver": "newton-cholesky", "tol": 1e-10, "max_iter": 1000}
REGRESSIONS = {"study": era.StudyLogistic, "optimum": functools.partial(LogisticRegression, **NEWTON)}


def call(function, grid, table, seed, **sizes):
    """One metric from one generator; also the rows it looked up, and the generator's next word."""
    codes, random = ref.Codes(table), np.random.RandomState(seed)
    scores = function(grid, codes, random, None, **sizes)
    return scores | {"rows": np.array(codes.first[:64]), "rows_count": codes.count,
                     "rows_crc": codes.crc, "next_word": random.randint(2**32)}


def module(**estimators):
    """What stands in for one of scikit-learn's modules."""
    return types.SimpleNamespace(**estimators)


def only_scores(scores):
    """Of a variant that draws the same rows."""
    return {k: v for k, v in scores.items() if not k.startswith("rows")}


def beta_vae(grid, table, seed):
    here, name = ref.beta_vae, "beta_vae_sklearn"

    def run():
        return call(here.compute_beta_vae_sklearn, grid, table, seed[name], **SIZES[name])

    with ref.watched(here, "_generate_training_batch") as seen:
        scores = run()
    points, labels = seen["_generate_training_batch"][0]
    yield name, scores | {"points": points[:8], "labels": labels[:64]}
    for variant, estimator in REGRESSIONS.items():
        with ref.replaced(here, linear_model=module(LogisticRegression=estimator)):
            yield f"{name}_{variant}", only_scores(run())


def factor_vae(grid, table, seed):
    here, name = ref.factor_vae, "factor_vae"
    with ref.watched(here, "_generate_training_batch", "_compute_variances") as seen:
        scores = call(here.compute_factor_vae, grid, table, seed[name], **SIZES[name])
    votes = dict(zip(("train_votes", "eval_votes"), seen["_generate_training_batch"]))
    yield name, scores | votes | {"variances": seen["_compute_variances"][0]}


def mig(grid, table, seed):
    with ref.watched(ref.utils, "discrete_mutual_info") as seen:
        scores = call(ref.mig.compute_mig, grid, table, seed["mig"], **SIZES["mig"])
    yield "mig", scores | {"mutual_information": seen["discrete_mutual_info"][0]}


def normalised(data, mean=None, stddev=None):
    """utils.normalize_data, with 0 for what it makes 0 / 0: scikit-learn refuses its NaN."""
    mean = np.mean(data, axis=1) if mean is None else mean
    stddev = np.std(data, axis=1) if stddev is None else stddev
    return (data - mean[:, None]) / np.where(stddev > 0, stddev, 1)[:, None], mean, stddev


def modularity(grid, table, seed):
    here, name = ref.modularity_explicitness, "modularity_explicitness"

    def run():
        return call(here.compute_modularity_explicitness, grid, table, seed[name], **SIZES[name])

    constant = np.ptp(table, axis=0).min() == 0
    if constant:
        try:
            run()
            raise AssertionError("scikit-learn takes NaN by now")
        except ValueError:
            pass
    with ref.replaced(ref.utils, **({"normalize_data": normalised} if constant else {})):
        with (ref.watched(ref.utils, "discrete_mutual_info") as information,
              ref.watched(here, "explicitness_per_factor") as factors):
            scores = run()
        train, test = zip(*factors["explicitness_per_factor"])
        yield name, scores | {
            "mutual_information": information["discrete_mutual_info"][0],
            "explicitness_train": train, "explicitness_test": test, "replaces_nan": int(constant)}
        for variant, estimator in REGRESSIONS.items():
            with ref.replaced(here, linear_model=module(LogisticRegression=estimator)):
                scores = only_scores(run())
            del scores["modularity_score"]
            yield f"{name}_{variant}", scores


def irs(grid, table, seed):
    with ref.watched(ref.irs, "scalable_disentanglement_score") as seen:
        scores = call(ref.irs.compute_irs, grid, table, seed["irs"], diff_quantile=0.99,
                      **SIZES["irs"])
    del scores["num_active_dims"]  # the sum of all codes
    parts = ("disentanglement_scores", "IRS_matrix", "max_deviations", "parents")
    for found in seen["scalable_disentanglement_score"]:
        scores |= {k: found[k] for k in parts}
    yield "irs", scores


def unsupervised(grid, table, seed):
    here, covariance = ref.unsupervised_metrics, []
    total_correlation = here.gaussian_total_correlation
    with (ref.watched(ref.utils, "discrete_mutual_info") as seen,
          ref.replaced(here, gaussian_total_correlation=lambda c: covariance.append(c)
                       or total_correlation(c))):
        scores = call(here.unsupervised_metrics, grid, table, seed["unsupervised"],
                      **SIZES["unsupervised"])
    c = covariance[0]
    roots = np.sqrt(np.linalg.eigvals(c * np.diag(c)[:, None]).real.clip(0)).sum()
    yield "unsupervised", {k: np.real(v) for k, v in scores.items()} | {
        "mutual_information": seen["discrete_mutual_info"][0], "covariance": c,
        "wasserstein_by_eigenvalues": 2 * np.trace(c) - 2 * roots}
