"""metric_runs.py, continued: metrics that stand on trees, support vector machines and predictors."""
import functools

import numpy as np
from sklearn import ensemble
from sklearn.linear_model import LogisticRegressionCV
from sklearn.svm import LinearSVC

import era
import reference as ref
from metric_runs import NEWTON, SIZES, call, module, only_scores
from svm_optimum import OptimumSVC


def over_seeds(run, count):
    """Where upstream's estimators draw from numpy's global generator: the mean over some seeds of
    it, and the smallest and largest."""
    runs = []
    for seed in range(count):
        np.random.seed(seed)
        runs.append(run())
    fixed = {k: v for k, v in runs[0].items() if k.startswith(("rows", "next"))}
    for key in runs[0].keys() - fixed.keys():
        values = np.array([r[key] for r in runs], dtype=np.float64)
        fixed[key] = values.mean(axis=0)
        fixed[key + "_range"] = np.array([values.min(axis=0), values.max(axis=0)])
    return fixed


def sap(grid, table, seed):
    here = ref.sap_score

    def run(continuous=False):
        with ref.watched(here, "compute_score_matrix") as seen:
            scores = call(here.compute_sap, grid, table, seed["sap"], **SIZES["sap"],
                          continuous_factors=continuous)
        return scores | {"score_matrix": seen["compute_score_matrix"][0]}

    yield "sap", run()  # today's LinearSVC chooses the primal solver
    yield "sap_continuous", only_scores(run(continuous=True))
    with ref.replaced(here, svm=module(LinearSVC=OptimumSVC)):
        yield "sap_optimum", only_scores(run())
    with ref.replaced(here, svm=module(LinearSVC=functools.partial(LinearSVC, dual=True))):
        yield "sap_study", only_scores(over_seeds(run, 5))


def dci(grid, table, seed):
    here = ref.dci

    def run(classifier):
        """The scores, and those of each tree's normalised importances."""
        fitted = []

        def make():
            fitted.append(classifier())
            return fitted[-1]

        with (ref.replaced(here, ensemble=module(GradientBoostingClassifier=make)),
              ref.watched(here, "compute_importance_gbt") as seen):
            scores = call(here.compute_dci, grid, table, seed["dci"], **SIZES["dci"])
        scores |= {"importance": seen["compute_importance_gbt"][0][0]}
        if classifier is ensemble.GradientBoostingClassifier:
            other = np.array([era.normalised_importance(model) for model in fitted]).T
            scores |= {"n_disentanglement": here.disentanglement(other),
                       "n_completeness": here.completeness(other), "n_importance": other}
        return scores

    both = over_seeds(lambda: run(ensemble.GradientBoostingClassifier), 5)
    yield "dci", {k: v for k, v in both.items() if not k.startswith("n_")}
    yield "dci_normalised", {k[2:]: v for k, v in both.items() if k.startswith("n_")}
    yield "dci_study", only_scores(over_seeds(lambda: run(era.StudyTrees), 2))


def run_downstream(grid, table, seed):
    """Upstream's keys "N:mean_test_accuracy", ..., "N:test_accuracy_factor_I" become the arrays
    mean_test_accuracy [sizes], test_accuracy [sizes, factors]."""
    sizes = SIZES["downstream"]
    scores = call(ref.downstream_task.compute_downstream_task, grid, table, seed, **sizes)
    out = {k: v for k, v in scores.items() if ":" not in k}
    for part in ("train", "test"):
        for kind in ("mean", "min"):
            key = f"{kind}_{part}_accuracy"
            out[key] = [scores[f"{n}:{key}"] for n in sizes["num_train"]]
        key = f"{part}_accuracy"
        out[key] = [[scores[f"{n}:{key}_factor_{i}"] for i in range(grid.num_factors)]
                    for n in sizes["num_train"]]
    return out


def regression(grid, table, seed):
    name = "downstream_logistic_regression"

    def run(estimator):
        models = []

        def make(**given):
            models.append(estimator(**given))
            return models[-1]

        with ref.replaced(ref.utils, linear_model=module(LogisticRegressionCV=make)):
            scores = run_downstream(grid, table, seed[name])
        return scores, np.array([np.atleast_1d(m.C_)[0] for m in models])

    ref.bind(predictor=ref.utils.logistic_regression_cv)
    scores, c = run(LogisticRegressionCV)
    yield name, scores | {"c": c.reshape(-1, grid.num_factors)}
    scores, c = run(functools.partial(LogisticRegressionCV, **NEWTON))
    yield name + "_optimum", only_scores(scores) | {"c": c.reshape(-1, grid.num_factors)}
    yield name + "_study", only_scores(run(era.StudyLogisticCV)[0])


def boosted_trees(grid, table, seed):
    name = "downstream_boosted_trees"
    ref.bind(predictor=ref.utils.gradient_boosting_classifier)
    yield name, over_seeds(lambda: run_downstream(grid, table, seed[name]), 3)
