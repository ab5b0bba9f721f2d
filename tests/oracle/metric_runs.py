"""Runs disentanglement_lib's metrics on a table of codes: each function here yields names and what belongs to them.

NAME is upstream's own function under the scikit-learn of today, NAME_study under the defaults of 0.19 (era.py), NAME_optimum
with solvers that go on to the optimum. Settings are the study's but where SIZES says otherwise.
"""
import functools
import types

import numpy as np
from sklearn import ensemble
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.svm import LinearSVC

import era
import reference as ref
from svm_optimum import OptimumSVC

GLOBAL_SEEDS = range(5)
SEEDS = {  # the study's, for mean and sampled codes; it had no IRS
    "beta_vae_sklearn": (3071714933, 1650906866), "dci": (3626093760, 1879422756),
    "downstream_boosted_trees": (2588848963, 1277901399), "downstream_logistic_regression": (3684848379, 3830135878),
    "factor_vae": (2340255427, 243580376), "mig": (3638918503, 4138900056),
    "modularity_explicitness": (1819583497, 1171049868), "sap": (2678185683, 1646868794),
    "unsupervised": (2774094101, 2051556033), "irs": (0, 1)}
BETA = {"batch_size": 64, "num_train": 2000, "num_eval": 1000}
FACTOR = {"batch_size": 64, "num_train": 3000, "num_eval": 1500, "num_variance_estimate": 3000}
BOTH = {"num_train": 10000, "num_test": 5000, "batch_size": 16}
ONE = {"num_train": 10000, "batch_size": 16}
DCI = {"num_train": 1000, "num_test": 1000, "batch_size": 16}
NEWTON = {"solver": "newton-cholesky", "tol": 1e-10, "max_iter": 1000}
DOWNSTREAM = {"num_train": [10, 100, 1000], "num_test": 2000, "batch_size": 16}


def call(function, grid, table, seed, **sizes):
    """One metric from one generator; also the rows it looked up, and the generator's next word."""
    codes, random = ref.Codes(table), np.random.RandomState(seed)
    scores = function(grid, codes, random, None, **sizes)
    return scores | {"rows": np.array(codes.first[:64]), "rows_count": codes.count, "rows_crc": codes.crc,
                     "next_word": random.randint(2**32)}


def module(**estimators):
    """What stands in for one of scikit-learn's modules."""
    return types.SimpleNamespace(**estimators)


def over_seeds(run, seeds=GLOBAL_SEEDS):
    """Where upstream's estimators draw from numpy's global generator: the mean, and the smallest and largest."""
    runs = []
    for seed in seeds:
        np.random.seed(seed)
        runs.append(run())
    fixed = {k: v for k, v in runs[0].items() if k.startswith(("rows", "next"))}
    for key in runs[0].keys() - fixed.keys():
        values = np.array([r[key] for r in runs], dtype=np.float64)
        fixed |= {key: values.mean(axis=0), key + "_range": np.array([values.min(axis=0), values.max(axis=0)])}
    return fixed


def only_scores(scores):
    """Of a variant that draws the same rows."""
    return {k: v for k, v in scores.items() if not k.startswith("rows")}


def beta_vae(grid, table, seed):
    def run():
        return call(ref.beta_vae.compute_beta_vae_sklearn, grid, table, seed["beta_vae_sklearn"], **BETA)

    points = []
    with ref.replaced(ref.beta_vae, _generate_training_batch=ref.tapped(ref.beta_vae._generate_training_batch, points)):
        yield "beta_vae_sklearn", run() | {"points": points[0][0][:8], "labels": points[0][1][:64]}
    for name, estimator in (("study", era.StudyLogistic), ("optimum", functools.partial(LogisticRegression, **NEWTON))):
        with ref.replaced(ref.beta_vae, linear_model=module(LogisticRegression=estimator)):
            yield f"beta_vae_sklearn_{name}", only_scores(run())


def factor_vae(grid, table, seed):
    votes, variances = [], []
    with ref.replaced(ref.factor_vae, _generate_training_batch=ref.tapped(ref.factor_vae._generate_training_batch, votes),
                      _compute_variances=ref.tapped(ref.factor_vae._compute_variances, variances)):
        scores = call(ref.factor_vae.compute_factor_vae, grid, table, seed["factor_vae"], **FACTOR)
    if votes:
        scores |= {"train_votes": votes[0], "eval_votes": votes[1]}
    yield "factor_vae", scores | {"variances": variances[0]}


def mig(grid, table, seed):
    information = []
    with ref.replaced(ref.utils, discrete_mutual_info=ref.tapped(ref.utils.discrete_mutual_info, information)):
        scores = call(ref.mig.compute_mig, grid, table, seed["mig"], **ONE)
    yield "mig", scores | {"mutual_information": information[0]}


def normalised(data, mean=None, stddev=None):
    """utils.normalize_data, with 0 for what it makes 0 / 0: scikit-learn refuses its NaN."""
    mean = np.mean(data, axis=1) if mean is None else mean
    stddev = np.std(data, axis=1) if stddev is None else stddev
    return (data - mean[:, None]) / np.where(stddev > 0, stddev, 1)[:, None], mean, stddev


def modularity(grid, table, seed):
    def run():
        return call(here.compute_modularity_explicitness, grid, table, seed["modularity_explicitness"], **BOTH)

    here, information, factors = ref.modularity_explicitness, [], []
    constant = np.ptp(table, axis=0).min() == 0
    if constant:
        try:
            run()
            raise AssertionError("scikit-learn takes NaN by now")
        except ValueError:
            pass
    with ref.replaced(ref.utils, discrete_mutual_info=ref.tapped(ref.utils.discrete_mutual_info, information),
                      normalize_data=normalised if constant else ref.utils.normalize_data):
        with ref.replaced(here, explicitness_per_factor=ref.tapped(here.explicitness_per_factor, factors)):
            yield "modularity_explicitness", run() | {
                "mutual_information": information[0], "explicitness_train": [f[0] for f in factors],
                "explicitness_test": [f[1] for f in factors], "replaces_nan": int(constant)}
        for name, estimator in (("study", era.StudyLogistic), ("optimum", functools.partial(LogisticRegression, **NEWTON))):
            with ref.replaced(here, linear_model=module(LogisticRegression=estimator)):
                scores = only_scores(run())
                del scores["modularity_score"]
                yield f"modularity_explicitness_{name}", scores


def sap(grid, table, seed):
    def matrix_and_score(continuous):
        matrix = []
        with ref.replaced(ref.sap_score, compute_score_matrix=ref.tapped(ref.sap_score.compute_score_matrix, matrix)):
            scores = call(ref.sap_score.compute_sap, grid, table, seed["sap"], **BOTH, continuous_factors=continuous)
        return scores | {"score_matrix": matrix[0]}

    yield "sap", matrix_and_score(False)  # today's LinearSVC chooses the primal solver
    yield "sap_continuous", only_scores(matrix_and_score(True))
    with ref.replaced(ref.sap_score, svm=module(LinearSVC=OptimumSVC)):
        yield "sap_optimum", only_scores(matrix_and_score(False))
    with ref.replaced(ref.sap_score, svm=module(LinearSVC=lambda **k: LinearSVC(dual=True, **k))):
        yield "sap_study", only_scores(over_seeds(lambda: matrix_and_score(False)))


def dci(grid, table, seed):
    def run(classifier, importance):
        fitted, matrix = [], []

        def make():
            fitted.append(classifier())
            return fitted[-1]

        with ref.replaced(ref.dci, ensemble=module(GradientBoostingClassifier=make),
                          compute_importance_gbt=ref.tapped(ref.dci.compute_importance_gbt, matrix)):
            scores = call(ref.dci.compute_dci, grid, table, seed["dci"], **DCI)
        other = np.array([importance(model) for model in fitted]).T
        return scores | {"importance": matrix[0][0], "n_disentanglement": ref.dci.disentanglement(other),
                         "n_completeness": ref.dci.completeness(other), "n_importance": other}

    def importances(model):
        return model.feature_importances_

    both = over_seeds(lambda: run(ensemble.GradientBoostingClassifier, era.normalised_importance))
    yield "dci", {k: v for k, v in both.items() if not k.startswith("n_")}
    yield "dci_normalised", {k[2:]: v for k, v in both.items() if k.startswith("n_")}
    study = over_seeds(lambda: run(era.StudyTrees, importances), range(2))
    yield "dci_study", only_scores({k: v for k, v in study.items() if not k.startswith("n_")})


def irs(grid, table, seed):
    parts = []
    with ref.replaced(ref.irs, scalable_disentanglement_score=ref.tapped(ref.irs.scalable_disentanglement_score, parts)):
        scores = call(ref.irs.compute_irs, grid, table, seed["irs"], diff_quantile=0.99, **ONE)
    del scores["num_active_dims"]  # the sum of all codes
    yield "irs", scores | ({k: parts[0][k] for k in ("disentanglement_scores", "IRS_matrix", "max_deviations", "parents")}
                           if parts else {})


total_correlation = ref.unsupervised_metrics.gaussian_total_correlation


def unsupervised(grid, table, seed):
    information, here = [], ref.unsupervised_metrics
    covariance = []
    with ref.replaced(ref.utils, discrete_mutual_info=ref.tapped(ref.utils.discrete_mutual_info, information)):
        with ref.replaced(here, gaussian_total_correlation=lambda c: covariance.append(c) or total_correlation(c)):
            scores = call(here.unsupervised_metrics, grid, table, seed["unsupervised"], **ONE)
    roots = np.sqrt(np.linalg.eigvals(covariance[0] * np.diag(covariance[0])[:, None]).real.clip(0)).sum()
    yield "unsupervised", {k: np.real(v) for k, v in scores.items()} | {
        "mutual_information": information[0], "covariance": covariance[0],
        "wasserstein_by_eigenvalues": 2 * np.trace(covariance[0]) - 2 * roots}


def as_arrays(scores):
    """Keys "N:mean_test_accuracy", ..., "N:test_accuracy_factor_I" as mean_test_accuracy [sizes], test_accuracy [sizes, I]."""
    out = {k: v for k, v in scores.items() if ":" not in k}
    count = max(int(k.rsplit("_", 1)[1]) for k in scores if "factor" in k) + 1
    for part in ("train", "test"):
        for kind in ("mean", "min"):
            out[f"{kind}_{part}_accuracy"] = [scores[f"{n}:{kind}_{part}_accuracy"] for n in DOWNSTREAM["num_train"]]
        out[f"{part}_accuracy"] = [[scores[f"{n}:{part}_accuracy_factor_{i}"] for i in range(count)]
                                   for n in DOWNSTREAM["num_train"]]
    return out


def run_downstream(grid, table, seed):
    return as_arrays(call(ref.downstream_task.compute_downstream_task, grid, table, seed, **DOWNSTREAM))


def regression(grid, table, seed):
    def run(estimator):
        models = []

        def make(**given):
            models.append(estimator(**given))
            return models[-1]

        with ref.replaced(ref.utils, linear_model=module(LogisticRegressionCV=make)):
            scores = run_downstream(grid, table, seed["downstream_logistic_regression"])
        return scores, np.array([np.atleast_1d(m.C_)[0] for m in models]).reshape(len(DOWNSTREAM["num_train"]), -1)

    ref.bind(predictor=ref.utils.logistic_regression_cv)
    for name, estimator in (("", LogisticRegressionCV), ("_optimum", functools.partial(LogisticRegressionCV, **NEWTON))):
        scores, chosen = run(estimator)
        yield "downstream_logistic_regression" + name, (only_scores(scores) if name else scores) | {"c": chosen}
    yield "downstream_logistic_regression_study", only_scores(run(era.StudyLogisticCV)[0])


def boosted_trees(grid, table, seed):
    ref.bind(predictor=ref.utils.gradient_boosting_classifier)
    yield "downstream_boosted_trees", over_seeds(lambda: run_downstream(grid, table, seed["downstream_boosted_trees"]), range(3))


SIZES = {"beta_vae_sklearn": BETA, "factor_vae": FACTOR, "mig": ONE, "modularity_explicitness": BOTH, "sap": BOTH, "dci": DCI,
         "irs": ONE, "unsupervised": ONE, "downstream": DOWNSTREAM}
METRICS = (beta_vae, factor_vae, mig, modularity, sap, irs, unsupervised, regression, dci, boosted_trees)
