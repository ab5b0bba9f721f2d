"""Writes tests/golden/learners.h5: small problems, and what scikit-learn's estimators make of them.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/learners.py

Layout: README.md, "learners.h5". `current` is the scikit-learn that runs this; `study` the one of
2018 (0.19), whose defaults are restated (era.py).
"""
import pathlib
import warnings

import h5py
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

import era
from packing import pack
from svm_optimum import machines

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
SEEDS = [0, 1, 4138900056]
ROUND = 2**-12


def put(group, **values):
    """Whole numbers as int32 but for random numbers, reals as float64 but for float32 inputs."""
    for name, value in values.items():
        value = np.asarray(value)
        kind = {"i": np.int32, "f": np.float64}[value.dtype.kind]
        group[name] = value if name in KEEP else value.astype(kind)


KEEP = {"x", "x_test", "seed", "n", "below"}


def random_state(group):
    n = np.array([1, 2, 3, 5, 6, 32, 40, 2**31, 2**32 - 1, 2**32, 1, 10], dtype=np.int64)
    below, uniform = np.zeros((len(SEEDS), 1500), dtype=np.int64), np.zeros((len(SEEDS), 700))
    for s, seed in enumerate(SEEDS):
        r = np.random.RandomState(seed)
        below[s] = [r.randint(n[t % len(n)]) for t in range(below.shape[1])]
        uniform[s] = r.random_sample(uniform.shape[1])
    put(group, seed=np.array(SEEDS, dtype=np.int64), n=n, below=below, uniform=uniform)


def labels(rng, x, classes, noise):
    """The largest of some functions and noise."""
    rule = rng.standard_normal((x.shape[1], classes))
    jitter = noise * rng.standard_normal((len(x), classes))
    return np.argmax(x @ rule + np.abs(x) @ rule[::-1] + jitter, axis=1)


def blobs(rng, n, d, classes, noise, kind=np.float64):
    x = np.round(rng.standard_normal((n, d)) / ROUND) * ROUND
    return x.astype(kind), labels(rng, x, classes, noise)


def trees(group, x, label, x_test):
    models = [GradientBoostingClassifier(random_state=s).fit(x, label) for s in range(5)]
    raw = np.array([m.decision_function(x_test).reshape(len(x_test), -1) for m in models])
    predicted = np.array([m.predict(x_test) for m in models])
    put(group, x=x, label=label, x_test=x_test, predicted=predicted, raw=raw.mean(axis=0),
        raw_spread=np.ptp(raw, axis=0), importance=[m.feature_importances_ for m in models],
        importance_study=[era.normalised_importance(m) for m in models])
    stopped = [era.StudyTrees(s).fit(x, label) for s in range(5)]
    put(group, study_predicted=[m.predict(x_test) for m in stopped],
        study_importance=[m.feature_importances_ for m in stopped])
    spread = np.ptp(raw, axis=0).max(), np.ptp(group["importance"], axis=0).max()
    keys = ("importance", "importance_study", "study_importance")
    each, normalised, stop = (np.mean(group[key], axis=0) for key in keys)
    print(group.name, "spreads", spread, "eras", np.abs(normalised - each).max(),
          "stop", np.abs(normalised - stop).max())


def levels(seed, n, d, classes, noise, count):
    """As blobs, but each variable has few values: no two variables split a node alike, so that
    nothing is drawn."""
    rng = np.random.default_rng(seed)
    value = np.sort(np.round(rng.standard_normal((count, d)) / ROUND) * ROUND, axis=0)
    x = np.take_along_axis(value, rng.integers(0, count, (n, d)), axis=0)
    return x.astype(np.float32), labels(rng, x, classes, noise)


def tree_problems(group):
    for name, seed, n, d, classes, noise, count in (
            ("two", 0, 800, 4, 2, 1, 9), ("five", 0, 800, 3, 5, 1, 8),
            ("five_fine", 0, 800, 2, 5, 1.5, 20), ("twelve", 1, 900, 3, 12, 0.5, 8)):
        x, label = levels(seed, n + 100, d, classes, noise, count)
        trees(group.create_group(name), x[:n], label[:n] * 7 - 3, x[n:])
    x, label = blobs(np.random.default_rng(6), 700, 2, 2, 2, np.float32)
    trees(group.create_group("two_continuous"), x[:600], label[:600], x[600:])
    x, label = blobs(np.random.default_rng(11), 400, 4, 5, 0.3, np.float32)
    trees(group.create_group("five_continuous_ties"), x[:300], label[:300], x[300:])
    rng = np.random.default_rng(12)
    x = rng.integers(0, 6, (500, 5)).astype(np.float32)
    x[:, 3] = x[:, 0]
    x[:, 4] = 2
    label = (x[:, 0] * 2 + (x[:, 1] + (rng.random(500) < 0.1) >= 3)).astype(int)
    trees(group.create_group("twelve_copies_ties"), x[:400], label[:400], x[400:])
    x, label = blobs(np.random.default_rng(13), 200, 1, 3, 0.1, np.float32)
    trees(group.create_group("one_variable"), x[:150], label[:150], x[150:])
    x = rng.integers(0, 10, (300, 3)).astype(np.float32)
    trees(group.create_group("separable"), x[:250], x[:250, 1].astype(int), x[250:])
    x, label = blobs(np.random.default_rng(14), 40, 1, 4, 1, np.float32)
    trees(group.create_group("ten_rows"), x[:10], label[:10], x[10:])
    x = np.full((40, 2), 1.5, dtype=np.float32)
    trees(group.create_group("no_split"), x[:20], np.arange(20) % 3, x[20:])


def logistic(group, x, label, x_test, c):
    current = LogisticRegression(C=c).fit(x, label)
    optimum = LogisticRegression(C=c, tol=1e-12, max_iter=100000).fit(x, label)
    study = era.StudyLogistic(c).fit(x, label)
    put(group, x=x, label=label, x_test=x_test, c=float(c))
    for name, m in (("current", current), ("optimum", optimum), ("study", study)):
        put(group.create_group(name), coef=m.coef_, intercept=m.intercept_, predicted=m.predict(x_test),
            probability=m.predict_proba(x_test))
    away = np.abs(current.predict_proba(x_test) - optimum.predict_proba(x_test)).max()
    print(group.name, "iterations", current.n_iter_, "from optimum", away)


def logistic_problems(group):
    for classes in (2, 3, 10):
        x, label = blobs(np.random.default_rng(20 + classes), 400, 5, classes, 1)
        for c, name in ((1, "c1"), (0.01, "c001")):
            logistic(group.create_group(f"classes{classes}_{name}"), x[:300], label[:300] * 2,
                     x[300:], c)
    x, label = blobs(np.random.default_rng(31), 300, 4, 3, 0.5)
    x = x * [100, 1, 0.01, 1e-4]
    logistic(group.create_group("scales"), x[:200], label[:200], x[200:], 1)
    x = np.round(np.random.default_rng(32).standard_normal((120, 2)) / ROUND) * ROUND
    logistic(group.create_group("separable"), x[:80], (x[:80, 0] > 0).astype(int), x[80:], 1)
    label = np.arange(80) % 4 // 2 + np.arange(80) % 2
    logistic(group.create_group("constant"), x[:80] * 0 + 0.5, label, x[80:], 1)


def logistic_cv(group, x, label, x_test):
    put(group, x=x, label=label, x_test=x_test)
    m = LogisticRegressionCV(Cs=10, cv=KFold(n_splits=5)).fit(x, label)
    newton = LogisticRegressionCV(Cs=10, cv=KFold(n_splits=5), solver="newton-cholesky", tol=1e-10,
                                  max_iter=1000).fit(x, label)
    for name, each in (("current", m), ("optimum", newton)):
        scores = next(iter(each.scores_.values()))
        put(group.create_group(name), c=each.C_[0], scores=scores, coef=each.coef_,
            intercept=each.intercept_, predicted=each.predict(x_test),
            predicted_train=each.predict(x))
    s = era.StudyLogisticCV().fit(x, label)
    put(group.create_group("study"), c=s.C_, scores=s.scores, coef=s.coef_, intercept=s.intercept_,
        predicted=s.predict(x_test), predicted_train=s.predict(x))
    total = np.sort(scores.mean(axis=0))[::-1]
    print(group.name, "C", m.C_[0], newton.C_[0], "best two", total[:2], "study", s.C_,
          "same predictions", np.mean(m.predict(x_test) == s.predict(x_test)))


def logistic_cv_problems(group):
    for name, seed, n, d, classes, noise in (
            ("two", 40, 150, 4, 2, 1), ("three", 41, 150, 4, 3, 1), ("six", 42, 300, 8, 6, 1),
            ("one_variable", 43, 100, 1, 3, 0.5), ("ten_rows", 44, 10, 5, 3, 0.5),
            ("hundred_rows", 45, 100, 10, 6, 2), ("noise", 46, 100, 3, 4, 100)):
        x, label = blobs(np.random.default_rng(seed), n + 60, d, classes, noise)
        logistic_cv(group.create_group(name), x[:n], label[:n], x[n:])
    x, label = blobs(np.random.default_rng(47), 210, 4, 3, 0.3)
    x = x * [1, 1e-3, 0, 1] + [0, 0, 0.25, 3]
    logistic_cv(group.create_group("near_constant"), x[:150], label[:150], x[150:])
    x, label = blobs(np.random.default_rng(48), 110, 3, 5, 0.3)
    order = np.argsort(label[:50], kind="stable")
    logistic_cv(group.create_group("folds_lack_classes"), x[:50][order], label[:50][order], x[50:])
    x, label = blobs(np.random.default_rng(49), 40, 3, 2, 0.3)
    label = (np.arange(12) == 1).astype(int)
    logistic_cv(group.create_group("fold_of_one_class"), x[:12], label, x[12:])


def svm(group, x, label, x_test, c=0.01):
    optimum = machines(x, label, c, check=True)
    put(group, x=x, label=label, x_test=x_test, c=c, optimum=optimum)
    for name, dual in (("primal", False), ("dual", True)):
        m = LinearSVC(C=c, class_weight="balanced", dual=dual, random_state=0).fit(x[:, None], label)
        put(group.create_group(name), coef=m.coef_[:, 0], intercept=m.intercept_,
            predicted=m.predict(x_test[:, None]))
        away = np.abs(np.stack([m.coef_[:, 0], m.intercept_], 1) - optimum).max()
        print(group.name, name, "from optimum", away)
    default = LinearSVC(C=c, class_weight="balanced").fit(x[:, None], label)
    assert np.array_equal(default.coef_[:, 0], group["primal/coef"])  # the default is primal


def svm_problems(group):
    rng = np.random.default_rng(50)
    for classes, share in ((2, [0.8, 0.2]), (5, None), (10, None)):
        label = rng.choice(classes, 500, p=share) if share else rng.integers(0, classes, 500)
        x = np.round((label * (4 / classes) - 2 + rng.standard_normal(500) * 0.5) / ROUND) * ROUND
        svm(group.create_group(f"classes{classes}"), x[:400], label[:400] + 1, x[400:])
    across = np.linspace(-1, 1, 20)
    svm(group.create_group("constant"), np.full(60, 0.75), np.arange(60) % 3, across)
    label = np.r_[np.arange(50) % 3, np.ones(10, dtype=int)]
    svm(group.create_group("zero"), np.zeros(60), label, across)
    label = rng.integers(0, 3, 120)[:100]
    x = 1e-3 * (label + rng.standard_normal(100))
    svm(group.create_group("tiny"), x, label, 1e-3 * np.linspace(-2, 4, 20))
    x = 100.0 + 30 * label + rng.standard_normal(100)
    svm(group.create_group("large"), x, label, np.linspace(80, 180, 20))


def auc_problems(group):
    rng = np.random.default_rng(60)
    for classes in (2, 3, 8):
        of = np.r_[np.arange(classes), rng.integers(0, classes, 90)]
        for name, steps in (("plain", 2**20), ("ties", 4)):
            score = np.floor(rng.random((len(of), classes)) * steps) / steps + np.eye(classes)[of] / 4
            macro = roc_auc_score(np.eye(classes)[of], score)
            put(group.create_group(f"classes{classes}_{name}"), score=score, of=of, macro=macro)
    of = np.arange(20) % 2
    macro = roc_auc_score(np.eye(2)[of], np.ones((20, 2)))
    assert macro == 0.5
    put(group.create_group("equal"), score=np.ones((20, 2)), of=of, macro=macro)


def main():
    warnings.simplefilter("ignore")
    path = GOLDEN / "learners.h5"
    with h5py.File(path, "w", track_order=False) as f:
        for name, fill in (("random_state", random_state), ("trees", tree_problems),
                           ("logistic", logistic_problems), ("logistic_cv", logistic_cv_problems),
                           ("svm", svm_problems), ("auc", auc_problems)):
            fill(f.create_group(name))
    pack(path, {"x", "x_test", "score", "uniform"})


if __name__ == "__main__":
    main()
