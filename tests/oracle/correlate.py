"""Writes tests/golden/correlate.h5: the weights of examples whose factors are correlated.

The weight of an example is the product over pairs (a, b, s) of exp(-(c_a - c_b)^2 / (2 s^2)), as in Roth et al.
(arXiv 2210.07347) after Traeuble et al. (arXiv 2006.07886); c is the value of a factor, moved and scaled to 0..1 (a
factor of one value: 0). An inverse pair has 1 - c_b in the place of c_b. float64; weights of a case sum to 1.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/correlate.py
"""
import itertools
import pathlib

import h5py
import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/correlate.h5"
PACKED = {"compression": "gzip", "compression_opts": 9, "shuffle": True}


def sprites():
    """Values of the grid 3:6:8:4:2: every fifth of 40 orientations; 4 and 2 of 32 positions, ends included."""
    turn, place = np.linspace(0, 2 * np.pi, 40), np.linspace(0, 1, 32)
    values = [[1, 2, 3], np.linspace(0.5, 1, 6), turn[::5], place[[0, 10, 21, 31]], place[[0, 31]]]
    return ["shape", "scale", "orientation", "posX", "posY"], np.array(list(itertools.product(*values)))


def chance():
    """No grid: far from 0, tiny, negative, and constant."""
    draw = np.random.RandomState(3)
    columns = [draw.uniform(1e6, 1e6 + 5, 400), draw.normal(0, 1e-9, 400), -draw.randint(1, 8, 400), np.full(400, 7.5)]
    return ["far", "tiny", "whole", "still"], np.array(columns).T


CASES = [  # table, text, nuisance, pairs (a, b, inverse, strength)
    ("sprites", "shape:scale:0.1", "none", [(0, 1, 0, 0.1)]),
    ("sprites", "scale:shape:0.1", "none", [(1, 0, 0, 0.1)]),
    ("sprites", "shape:scale:0.1,orientation:posX:0.4", "none", [(0, 1, 0, 0.1), (2, 3, 0, 0.4)]),
    ("sprites", "shape:scale:0.2,scale:posX:0.3,posY:shape:1e1", "none",
     [(0, 1, 0, 0.2), (1, 3, 0, 0.3), (4, 0, 0, 10)]),
    ("sprites", "shape:-scale:0.2", "none", [(0, 1, 1, 0.2)]),
    ("sprites", "shape:scale:0.3,posX:-posY:0.5", "none", [(0, 1, 0, 0.3), (3, 4, 1, 0.5)]),
    ("sprites", "posX:*:0.5", "none", [(3, b, 0, 0.5) for b in (0, 1, 2, 4)]),
    ("sprites", "scale:-*:0.6", "none", [(1, b, 1, 0.6) for b in (0, 2, 3, 4)]),
    ("sprites", "posX:*:0.5", "shape,posY", [(3, b, 0, 0.5) for b in (1, 2)]),
    ("sprites", "shape:*:0.5", "shape,posY", [(0, b, 0, 0.5) for b in (1, 2, 3)]),
    ("sprites", "shape:posY:0.25", "shape,posY", [(0, 4, 0, 0.25)]),
    ("sprites", "shape:scale:0.1,posX:*:0.7", "none", [(0, 1, 0, 0.1)] + [(3, b, 0, 0.7) for b in (0, 1, 2, 4)]),
    ("sprites", "shape:posX:1000000", "none", [(0, 3, 0, 1e6)]),
    ("sprites", "shape:scale:0.001", "none", [(0, 1, 0, 1e-3)]),
    ("chance", "far:tiny:0.1", "none", [(0, 1, 0, 0.1)]),
    ("chance", "far:-tiny:0.05,tiny:whole:0.2", "none", [(0, 1, 1, 0.05), (1, 2, 0, 0.2)]),
    ("chance", "whole:still:0.3", "none", [(2, 3, 0, 0.3)]),
    ("chance", "whole:-still:0.02", "none", [(2, 3, 1, 0.02)]),
    ("chance", "tiny:*:0.4", "none", [(1, b, 0, 0.4) for b in (0, 2, 3)]),
]


def weights(values, pairs):
    span = np.ptp(values, axis=0)
    c = np.where(span > 0, (values - values.min(axis=0)) / np.where(span > 0, span, 1), 0)
    weight = np.ones(len(values))
    for a, b, inverse, strength in pairs:
        weight *= np.exp(-(c[:, a] - (1 - c[:, b] if inverse else c[:, b])) ** 2 / (2 * strength ** 2))
    return weight / weight.sum()


def main():
    tables = {"sprites": sprites(), "chance": chance()}
    with h5py.File(OUT, "w") as file:
        for name, (factors, values) in tables.items():
            file.create_dataset(name + "/name", data=np.array(factors, "S"))
            file.create_dataset(name + "/value", data=values, **PACKED)
        for key, column in (("table", 0), ("text", 1), ("nuisance", 2)):
            file.create_dataset(key, data=np.array([case[column] for case in CASES], "S"))
        for i, (table, _, _, pairs) in enumerate(CASES):
            file.create_dataset(f"weight/{i}", data=weights(tables[table][1], pairs), **PACKED)


if __name__ == "__main__":
    main()
