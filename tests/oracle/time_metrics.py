"""Times disentanglement_lib's own metrics, of the study's sizes, on the codes of a file.

    python3 tests/oracle/time_metrics.py CODES.h5 [mean|sampled] [--only METRIC,...]

Prints processor seconds and the scores of each, as a table. The file holds every combination of its factors
once, in row-major order (`codes_files.py`); looking a code up costs nothing here, where the
reference would encode images. scikit-learn uses one core.
"""
import argparse
import os
import time
import warnings

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(library + "_NUM_THREADS", "1")

import numpy as np  # noqa: E402

import reference as ref  # noqa: E402
from metric_runs import SEEDS  # noqa: E402

MANY = {"num_train": 10000, "batch_size": 16}
BOTH = MANY | {"num_test": 5000}
VOTES = {"batch_size": 64, "num_train": 10000, "num_eval": 5000}
SIZES = {"num_train": [10, 100, 1000, 10000], "num_test": 5000}
METRICS = {
    "beta_vae_sklearn": (ref.beta_vae.compute_beta_vae_sklearn, VOTES),
    "dci": (ref.dci.compute_dci, BOTH),
    "downstream_boosted_trees": (ref.downstream_task.compute_downstream_task, SIZES),
    "downstream_logistic_regression": (ref.downstream_task.compute_downstream_task, SIZES),
    "factor_vae": (ref.factor_vae.compute_factor_vae, VOTES | {"num_variance_estimate": 10000}),
    "irs": (ref.irs.compute_irs, MANY),
    "mig": (ref.mig.compute_mig, MANY),
    "modularity_explicitness": (ref.modularity_explicitness.compute_modularity_explicitness, BOTH),
    "sap": (ref.sap_score.compute_sap, BOTH | {"continuous_factors": False}),
    "unsupervised": (ref.unsupervised_metrics.unsupervised_metrics, MANY)}
PREDICTOR = {"downstream_boosted_trees": ref.utils.gradient_boosting_classifier}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("codes")
    parser.add_argument("representation", nargs="?", default="mean", choices=["mean", "sampled"])
    parser.add_argument("--only", default=",".join(METRICS))
    given = parser.parse_args()
    grid, tables = ref.read(given.codes)
    print(f"{given.codes} {given.representation} {tables['mean'].shape}", flush=True)
    total = 0
    for name in given.only.split(","):
        function, sizes = METRICS[name]
        ref.bind(predictor=PREDICTOR.get(name, ref.utils.logistic_regression_cv))
        random = np.random.RandomState(SEEDS[name][given.representation == "sampled"])
        start = time.process_time()
        try:
            scores = function(grid, ref.Codes(tables[given.representation]), random, None, **sizes)
        except ValueError as error:  # explicitness of a constant code
            scores = {"failed: " + str(error).splitlines()[0]: np.nan}
        spent = time.process_time() - start
        total += spent
        shown = "  ".join(f"{k} {v:.4f}" for k, v in scores.items()
                          if "factor_" not in k and "min_" not in k)
        print(f"{name:32}{spent:9.2f} s  {shown}", flush=True)
    print(f"{'total':32}{total:9.2f} s")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    main()
