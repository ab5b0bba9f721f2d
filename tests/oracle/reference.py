"""disentanglement_lib 1.5 itself, called on codes in a file instead of a trained network.

Its metrics need neither TensorFlow nor gin: both are stood in for here, before it is imported. What
else a Python of today needs is changed from outside, never in its files; README.md,
"metrics_NAME.h5", lists it.
"""
import binascii
import contextlib
import functools
import importlib.util
import inspect
import sys
import types

import h5py
import numpy as np
import scipy.linalg  # noqa: F401: upstream imports scipy alone
import scipy.stats  # noqa: F401
import sklearn.metrics  # noqa: F401: upstream imports sklearn alone

BINDINGS = {}  # gin's: {"prune_dims": {"threshold": 0.05}}


def _stand_ins():
    """gin.configurable: missing arguments come from BINDINGS."""
    def configurable(name, **_):
        def decorate(function):
            names = list(inspect.signature(function).parameters)

            @functools.wraps(function)
            def call(*args, **given):
                free = set(names[len(args):]) - set(given)
                bound = {k: v for k, v in BINDINGS.get(name, {}).items() if k in free}
                return function(*args, **given, **bound)
            return call
        return decorate

    gin, tf = types.ModuleType("gin"), types.ModuleType("gin.tf")
    gin.tf, gin.configurable, gin.REQUIRED = tf, configurable, object()
    logging = types.ModuleType("absl.logging")
    logging.info = lambda *_: None
    absl = types.ModuleType("absl")
    absl.logging = logging
    tensorflow, compat = types.ModuleType("tensorflow"), types.ModuleType("tensorflow.compat")
    v1 = types.ModuleType("tensorflow.compat.v1")
    tensorflow.compat, compat.v1 = compat, v1
    for module in (gin, tf, absl, logging, tensorflow, compat, v1):
        sys.modules[module.__name__] = module


_stand_ins()
from disentanglement_lib.data.ground_truth import ground_truth_data, util  # noqa: E402
from disentanglement_lib.evaluation.metrics import (  # noqa: E402,F401
    beta_vae, dci, downstream_task, factor_vae, irs, mig, modularity_explicitness, sap_score,
    unsupervised_metrics, utils)


def bind(bins=20, prune=0.05, predictor=utils.logistic_regression_cv):
    """The study's gin files."""
    BINDINGS.update({
        "discretizer": {"discretizer_fn": utils._histogram_discretize, "num_bins": bins},
        "prune_dims": {"threshold": prune}, "predictor": {"predictor_fn": predictor}})


def load_udr(checkout):
    """evaluation/udr is in upstream's repository, but in none of its packages."""
    path = f"{checkout}/disentanglement_lib/evaluation/udr/metrics/udr.py"
    spec = importlib.util.spec_from_file_location("udr", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Grid(ground_truth_data.GroundTruthData):
    """Every combination of factors in row-major order. An observation is the number of its row."""

    def __init__(self, sizes):
        self.sizes = [int(s) for s in sizes]
        self.space = util.SplitDiscreteStateSpace(self.sizes, list(range(len(self.sizes))))

    num_factors = property(lambda self: len(self.sizes))
    factors_num_values = property(lambda self: self.sizes)

    def sample_factors(self, num, random_state):
        return self.space.sample_latent_factors(num, random_state)

    def sample_observations_from_factors(self, factors, random_state):
        factors = self.space.sample_all_factors(factors, random_state)
        return np.ravel_multi_index(factors.T, self.sizes)


class Codes:
    """A representation that is a table; remembers which rows it was asked for."""

    def __init__(self, table):
        self.table, self.first, self.count, self.crc = table.astype(np.float64), [], 0, 0

    def __call__(self, rows):
        if self.count < 64:
            self.first.extend(rows.tolist())
        self.count += len(rows)
        self.crc = binascii.crc32(rows.astype("<i4").tobytes(), self.crc)
        return self.table[rows]


def read(path):
    """The grid, and the tables by name."""
    with h5py.File(path) as f:
        factors = f["factors"][()]
        sizes = factors.max(axis=0) + 1
        whole = np.indices(sizes).reshape(len(sizes), -1).T
        assert np.array_equal(factors, whole), "not a whole grid in row-major order"
        return Grid(sizes), {name: f[name][()] for name in ("mean", "sampled", "variance")}


@contextlib.contextmanager
def replaced(module, **members):
    """Members of an imported module, replaced for a while."""
    before = {name: getattr(module, name) for name in members}
    try:
        for name, value in members.items():
            setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


@contextlib.contextmanager
def watched(module, *names):
    """Yields a dict of lists: what functions of this module return for a while."""
    seen = {name: [] for name in names}

    def watch(function, into):
        @functools.wraps(function)
        def call(*args, **given):
            into.append(function(*args, **given))
            return into[-1]
        return call

    with replaced(module, **{n: watch(getattr(module, n), into) for n, into in seen.items()}):
        yield seen
