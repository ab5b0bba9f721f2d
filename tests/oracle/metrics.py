"""Writes tests/golden/metrics_*.h5: what disentanglement_lib's own functions make of codes_*.h5.

    pip install -r tests/oracle/requirements.txt
    pip install --no-deps disentanglement_lib==1.5
    python3 tests/oracle/metrics.py [NAME ...]

Layout, versions and what upstream gets wrong: README.md, "metrics_NAME.h5".
"""
import pathlib
import sys
import time
import types
import warnings

import h5py
import numpy as np
from sklearn import ensemble
from sklearn.svm import LinearSVC

import era
import reference as ref
from packing import pack
from svm_optimum import OptimumSVC

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
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
DCI = {"num_train": 2000, "num_test": 1000, "batch_size": 16}
DOWNSTREAM = {"num_train": [10, 100, 1000], "num_test": 2000, "batch_size": 16}


def call(function, grid, table, seed, **sizes):
    """One metric from one generator; also the rows it looked up, and the generator's next word."""
    codes, random = ref.Codes(table), np.random.RandomState(seed)
    scores = function(grid, codes, random, None, **sizes)
    return scores | {"rows": np.array(codes.first), "rows_count": codes.count, "rows_crc": codes.crc,
                     "next_word": random.randint(2**32)}


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


def beta_vae(grid, table, seed):
    points = []
    with ref.replaced(ref.beta_vae, _generate_training_batch=ref.tapped(ref.beta_vae._generate_training_batch, points)):
        yield "beta_vae_sklearn", call(ref.beta_vae.compute_beta_vae_sklearn, grid, table, seed["beta_vae_sklearn"], **BETA) | {
            "points": points[0][0][:8], "labels": points[0][1][:64]}
    with ref.replaced(ref.beta_vae, linear_model=types.SimpleNamespace(LogisticRegression=era.StudyLogistic)):
        yield "beta_vae_sklearn_study", call(ref.beta_vae.compute_beta_vae_sklearn, grid, table, seed["beta_vae_sklearn"], **BETA)


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


def explicitness(grid, table, seed):
    function, module = ref.modularity_explicitness.compute_modularity_explicitness, ref.modularity_explicitness
    constant = np.ptp(table, axis=0).min() == 0
    if constant:
        try:
            call(function, grid, table, seed["modularity_explicitness"], **BOTH)
            raise AssertionError("scikit-learn takes NaN by now")
        except ValueError:
            pass
    information, factors = [], []
    with ref.replaced(ref.utils, discrete_mutual_info=ref.tapped(ref.utils.discrete_mutual_info, information),
                      normalize_data=normalised if constant else ref.utils.normalize_data):
        with ref.replaced(module, explicitness_per_factor=ref.tapped(module.explicitness_per_factor, factors)):
            yield "modularity_explicitness", call(function, grid, table, seed["modularity_explicitness"], **BOTH) | {
                "mutual_information": information[0], "explicitness_train": [f[0] for f in factors],
                "explicitness_test": [f[1] for f in factors], "replaces_nan": int(constant)}
        with ref.replaced(module, linear_model=types.SimpleNamespace(LogisticRegression=era.StudyLogistic)):
            scores = call(function, grid, table, seed["modularity_explicitness"], **BOTH)
            del scores["modularity_score"]
            yield "modularity_explicitness_study", scores


def sap(grid, table, seed):
    def matrix_and_score(continuous):
        matrix = []
        with ref.replaced(ref.sap_score, compute_score_matrix=ref.tapped(ref.sap_score.compute_score_matrix, matrix)):
            scores = call(ref.sap_score.compute_sap, grid, table, seed["sap"], **BOTH, continuous_factors=continuous)
        return scores | {"score_matrix": matrix[0]}

    yield "sap", matrix_and_score(False)  # today's LinearSVC chooses the primal solver
    yield "sap_continuous", matrix_and_score(True)
    with ref.replaced(ref.sap_score, svm=types.SimpleNamespace(LinearSVC=OptimumSVC)):
        yield "sap_optimum", matrix_and_score(False)
    with ref.replaced(ref.sap_score, svm=types.SimpleNamespace(LinearSVC=lambda **k: LinearSVC(dual=True, **k))):
        yield "sap_study", over_seeds(lambda: matrix_and_score(False))


def dci(grid, table, seed):
    def run(classifier, importance):
        fitted, matrix = [], []

        def make():
            fitted.append(classifier())
            return fitted[-1]

        with ref.replaced(ref.dci, ensemble=types.SimpleNamespace(GradientBoostingClassifier=make),
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
    yield "dci_study", {k: v for k, v in study.items() if not k.startswith("n_")}


def irs(grid, table, seed):
    parts = []
    with ref.replaced(ref.irs, scalable_disentanglement_score=ref.tapped(ref.irs.scalable_disentanglement_score, parts)):
        scores = call(ref.irs.compute_irs, grid, table, seed["irs"], diff_quantile=0.99, **ONE)
    del scores["num_active_dims"]  # the sum of all codes
    yield "irs", scores | ({k: parts[0][k] for k in ("disentanglement_scores", "IRS_matrix", "max_deviations", "parents")}
                           if parts else {})


def unsupervised(grid, table, seed):
    information = []
    with ref.replaced(ref.utils, discrete_mutual_info=ref.tapped(ref.utils.discrete_mutual_info, information)):
        scores = call(ref.unsupervised_metrics.unsupervised_metrics, grid, table, seed["unsupervised"], **ONE)
    yield "unsupervised", {k: np.real(v) for k, v in scores.items()} | {"mutual_information": information[0]}


def downstream(grid, table, seed):
    def run(which):
        return call(ref.downstream_task.compute_downstream_task, grid, table, seed["downstream_" + which], **DOWNSTREAM)

    ref.bind(predictor=ref.utils.logistic_regression_cv)
    yield "downstream_logistic_regression", run("logistic_regression")
    with ref.replaced(ref.utils, linear_model=types.SimpleNamespace(LogisticRegressionCV=era.StudyLogisticCV)):
        yield "downstream_logistic_regression_study", run("logistic_regression")
    ref.bind(predictor=ref.utils.gradient_boosting_classifier)
    yield "downstream_boosted_trees", over_seeds(lambda: run("boosted_trees"))


SIZES = {"beta_vae_sklearn": BETA, "factor_vae": FACTOR, "mig": ONE, "modularity_explicitness": BOTH, "sap": BOTH, "dci": DCI,
         "irs": ONE, "unsupervised": ONE, "downstream": DOWNSTREAM}
METRICS = (beta_vae, factor_vae, mig, explicitness, sap, dci, irs, unsupervised, downstream)
WIDE = {"rows_count", "rows_crc", "next_word"}


def write(group, name, scores, seed):
    group = group.create_group(name)
    group.attrs["seed"] = np.int64(seed[next(s for s in seed if name.startswith(s))])
    for key, value in next(v for k, v in SIZES.items() if name.startswith(k)).items():
        group.attrs[key] = np.array(value, dtype=np.int64)
    for key, value in scores.items():
        value = np.asarray(value)
        whole = np.int64 if key in WIDE else np.int32
        group[key] = value.astype(whole if value.dtype.kind in "iu" else np.float64)


def golden(name):
    grid, tables = ref.read(GOLDEN / f"codes_{name}.h5")
    path = GOLDEN / f"metrics_{name}.h5"
    with h5py.File(path, "w") as f:
        for column, representation in enumerate(("mean", "sampled")):
            seed = {metric: s[column] for metric, s in SEEDS.items()}
            for metric in METRICS:
                start = time.time()
                for key, scores in metric(grid, tables[representation], seed):
                    write(f.require_group(representation), key, scores, seed)
                    single = {k: float(v) for k, v in scores.items() if np.ndim(v) == 0 and not k.startswith(("rows", "next"))}
                    print(name, representation, key, f"{time.time() - start:.1f} s", single, flush=True)
    pack(path)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    ref.bind()
    for wanted in sys.argv[1:] or sorted(p.stem[len("codes_"):] for p in GOLDEN.glob("codes_*.h5")):
        golden(wanted)
