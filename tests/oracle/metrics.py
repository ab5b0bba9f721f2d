"""Writes tests/golden/metrics_*.h5: what disentanglement_lib's own functions make of codes_*.h5.

    pip install -r tests/oracle/requirements.txt
    pip install --no-deps disentanglement_lib==1.5
    python3 tests/oracle/metrics.py [NAME ...] [--only beta_vae,factor_vae,...]

Layout, versions and what upstream gets wrong: README.md, "metrics_NAME.h5".
"""
import argparse
import itertools
import pathlib
import shutil
import time
import warnings

import h5py
import numpy as np

import metric_learners as learned
import metric_runs as counted
import reference as ref
from packing import pack

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
COLUMNS = ((0, "mean"), (1, "sampled"))
WIDE = {"rows_count", "rows_crc", "next_word"}
METRICS = (counted.beta_vae, counted.factor_vae, counted.mig, counted.modularity, learned.sap,
           counted.irs, counted.unsupervised, learned.regression, learned.dci,
           learned.boosted_trees)


def write(group, name, scores, seed):
    group = group.create_group(name)
    group.attrs["seed"] = np.int64(seed[next(s for s in seed if name.startswith(s))])
    sizes = next(v for k, v in counted.SIZES.items() if name.startswith(k))
    for key, value in sizes.items():
        group.attrs[key] = np.array(value, dtype=np.int64)
    for key, value in scores.items():
        value = np.asarray(value)
        whole = np.int64 if key in WIDE else np.int32
        group[key] = value.astype(whole if value.dtype.kind in "iu" else np.float64)


def golden(name, only):
    grid, tables = ref.read(GOLDEN / f"codes_{name}.h5")
    path = GOLDEN / f"metrics_{name}.h5"
    draft = path.with_suffix(".draft")
    if path.exists():
        shutil.copy(path, draft)
    wanted = [metric for metric in METRICS if metric.__name__ in only]
    with h5py.File(draft, "a") as f:
        for (column, representation), metric in itertools.product(COLUMNS, wanted):
            seed = {metric: s[column] for metric, s in counted.SEEDS.items()}
            group, start = f.require_group(representation), time.time()
            for key, scores in metric(grid, tables[representation], seed):
                if key in group:
                    del group[key]
                write(group, key, scores, seed)
                single = {k: float(v) for k, v in scores.items()
                          if np.ndim(v) == 0 and k not in WIDE}
                spent = time.time() - start
                print(f"{name} {representation} {key} {spent:.1f} s", single, flush=True)
    pack(path, draft=draft)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = sorted(p.stem[len("codes_"):] for p in GOLDEN.glob("codes_*.h5"))
    parser.add_argument("names", nargs="*", default=names)
    parser.add_argument("--only", default=",".join(m.__name__ for m in METRICS))
    given = parser.parse_args()
    for name in given.names:
        golden(name, given.only.split(","))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    ref.bind()
    main()
