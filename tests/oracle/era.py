"""What scikit-learn did by default in 2018 (0.19), restated: a Python of today cannot install it.

LogisticRegression: LIBLINEAR, one class against the rest, the intercept penalised.
LogisticRegressionCV: L-BFGS, one class against the rest, the intercept free, a C for every class.
GradientBoostingClassifier: no split of a node whose residuals have a variance <= 1e-7, and
importances normalised tree by tree.
"""
import numpy as np
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeRegressor

STOP = 1e-7


def normalised_importance(model):
    """GradientBoostingClassifier.feature_importances_ before 0.20: the mean over trees, each
    normalised before; a tree without a split counts as zeros, so that the sum may be below 1."""
    return np.mean([tree.tree_.compute_feature_importances(normalize=True)
                    for tree in model.estimators_.ravel()], axis=0)


def likeliest(classes, raw):
    two = len(classes) == 2
    return classes[(raw[:, 0] > 0).astype(int) if two else raw.argmax(axis=1)]


class StudyTrees:
    """GradientBoostingClassifier of 0.19, from scikit-learn's own regression trees, cut where it
    stopped."""

    def __init__(self, seed=None):
        seed = np.random.randint(2**31) if seed is None else seed
        self.random = np.random.RandomState(seed)

    def fit(self, x, label):
        x = np.ascontiguousarray(x, dtype=np.float32)
        self.classes, of = np.unique(label, return_inverse=True)
        k = len(self.classes)
        share = np.bincount(of) / len(of)
        binary = k == 2
        self.start = np.log(share[1:] / share[0]) if binary else np.log(share)
        target = np.eye(k)[of][:, 1:] if binary else np.eye(k)[of]
        raw = np.tile(self.start, (len(x), 1))
        self.trees, each = [], []
        for _ in range(100):
            residual = target - (expit(raw) if binary else softmax(raw, axis=1))
            for c in range(target.shape[1]):
                tree = CutTree(x, residual[:, c], self.random)
                r, leaf = residual[:, c], tree.leaf(x)
                top = np.bincount(leaf, r, tree.nodes)
                bottom = np.bincount(leaf, np.abs(r) * (1 - np.abs(r)), tree.nodes)
                with np.errstate(all="ignore"):
                    tree.value = np.where(np.abs(bottom) < 1e-150, 0, top / bottom)
                tree.value *= 0.1 if binary else 0.1 * (k - 1) / k
                raw[:, c] += tree.value[leaf]
                self.trees.append((c, tree))
                each.append(tree.importance)
        self.feature_importances_ = np.mean(each, axis=0)
        return self

    def raw(self, x):
        x = np.ascontiguousarray(x, dtype=np.float32)
        raw = np.tile(self.start, (len(x), 1))
        for c, tree in self.trees:
            raw[:, c] += tree.value[tree.leaf(x)]
        return raw

    def predict(self, x):
        return likeliest(self.classes, self.raw(x))


class CutTree:
    """A regression tree of depth 3 in which nodes of little variance are leaves."""

    def __init__(self, x, y, random):
        t = DecisionTreeRegressor(max_depth=3, random_state=random).fit(x, y).tree_
        self.nodes, self.home = t.node_count, np.arange(t.node_count)
        total = np.zeros(x.shape[1])
        for node in range(t.node_count):  # parents come before their children
            left, right = t.children_left[node], t.children_right[node]
            if left < 0:
                continue
            if self.home[node] != node or t.impurity[node] <= STOP:
                self.home[[left, right]] = self.home[node]
                continue
            w = t.weighted_n_node_samples
            total[t.feature[node]] += (w[node] * t.impurity[node] - w[left] * t.impurity[left]
                                       - w[right] * t.impurity[right]) / w[0]
        self.tree = t
        self.importance = total / total.sum() if total.sum() > 0 else total

    def leaf(self, x):
        return self.home[self.tree.apply(x)]


class StudyLogistic:
    """LogisticRegression(C) of 0.19, to the optimum. Two classes: one machine. LIBLINEAR took a
    seed from random_state."""

    def __init__(self, c=1.0, random_state=None):
        self.c, self.random = c, random_state

    def fit(self, x, label):
        if self.random:
            self.random.randint(2**31 - 1)
        self.classes_ = np.unique(label)
        of = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        machines = [LogisticRegression(solver="liblinear", C=self.c, tol=1e-10, max_iter=10000)
                    .fit(x, label == k) for k in of]
        self.coef_ = np.concatenate([m.coef_ for m in machines])
        self.intercept_ = np.concatenate([m.intercept_ for m in machines])
        return self

    def decision_function(self, x):
        return x @ self.coef_.T + self.intercept_

    def predict_proba(self, x):
        p = expit(self.decision_function(x))
        if len(self.classes_) == 2:
            return np.hstack([1 - p, p])
        return p / p.sum(axis=1, keepdims=True)

    def predict(self, x):
        return likeliest(self.classes_, self.decision_function(x))

    def score(self, x, label):
        return np.mean(self.predict(x) == label)


class StudyLogisticCV(StudyLogistic):
    """LogisticRegressionCV(Cs=10, cv=KFold(5)) of 0.19, to the optimum: each class chooses a C by
    how well it is told from the rest."""

    def __init__(self, **_):
        self.grid = np.logspace(-4, 4, 10)

    def fit(self, x, label):
        self.classes_ = np.unique(label)
        of = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        rows = [self._class(x, np.where(label == k, 1.0, -1.0)) for k in of]
        self.C_, self.scores, w = (np.array(part) for part in zip(*rows))
        self.coef_, self.intercept_ = w[:, :-1], w[:, -1]
        return self

    def _class(self, x, sign):
        scores = np.zeros((5, len(self.grid)))
        for fold, (train, test) in enumerate(KFold(5).split(x)):
            for i, c in enumerate(self.grid):
                w = minimum(x[train], sign[train], c)
                positive = x[test] @ w[:-1] + w[-1] > 0
                scores[fold, i] = np.mean(positive == (sign[test] > 0))
        c = self.grid[np.argmax(scores.sum(axis=0))]
        return c, scores, minimum(x, sign, c)


def minimum(x, sign, c):
    """argmin |w|^2 / 2 + c sum log(1 + exp(-sign (w x + b))), b last; where all signs are equal b is
    anything far away."""
    if np.all(sign == sign[0]):
        return np.r_[np.zeros(x.shape[1]), 20 * sign[0]]
    m = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-9, max_iter=1000).fit(x, sign)
    return np.r_[m.coef_[0], m.intercept_]
