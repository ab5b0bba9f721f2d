"""The minimum that LinearSVC(class_weight="balanced") stops near, on one variable."""
import numpy as np
import scipy.optimize


def minimum(x, sign, cost, check=False):
    """argmin (w^2 + b^2) / 2 + sum cost max(0, 1 - sign (w x + b))^2, to rounding."""
    def f(p):
        gap = np.maximum(0, 1 - sign * (p[0] * x + p[1]))
        inside = cost * gap * sign
        slope = p - 2 * np.array([np.sum(inside * x), np.sum(inside)])
        return p @ p / 2 + np.sum(cost * gap**2), slope

    p = np.zeros(2)
    for _ in range(200):  # Newton: piecewise quadratic, so that it ends after finitely many steps
        value, slope = f(p)
        if np.abs(slope).max() < 1e-13 * cost.sum():
            break
        on = cost * (sign * (p[0] * x + p[1]) < 1)
        curve = np.eye(2) + 2 * np.array([[on @ (x * x), on @ x], [on @ x, on.sum()]])
        step, size = -np.linalg.solve(curve, slope), 1.0
        while f(p + size * step)[0] > value and size > 1e-12:
            size /= 2
        p = p + size * step
    assert np.abs(f(p)[1]).max() < 1e-10 * max(1, cost.sum() * max(1, np.abs(x).max()))
    if check:
        other = scipy.optimize.minimize(f, np.zeros(2), jac=True, method="BFGS",
                                        options={"gtol": 1e-9})
        assert np.abs(p - other.x).max() < 1e-5
    return p


def machines(x, label, c, check=False):
    """Rows (w, b): one for each class, or for the larger of two. The weights of classes apply to
    the positive side, and of two classes to both."""
    classes, of = np.unique(label, return_inverse=True)
    weight = len(x) / (len(classes) * np.bincount(of))
    two = len(classes) == 2
    rest = c * weight[0] if two else c
    return np.array([
        minimum(x, np.where(of == k, 1.0, -1.0), np.where(of == k, c * weight[k], rest), check)
        for k in range(1 if two else 0, len(classes))])


class OptimumSVC:
    def __init__(self, C, class_weight):
        assert class_weight == "balanced"
        self.c = C

    def fit(self, x, label):
        self.classes = np.unique(label)
        self.machines = machines(x[:, 0], label, self.c)
        return self

    def predict(self, x):
        raw = x * self.machines[:, 0] + self.machines[:, 1]
        two = len(self.classes) == 2
        return self.classes[(raw[:, 0] > 0).astype(int) if two else raw.argmax(axis=1)]
