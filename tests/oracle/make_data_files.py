"""Writes tests/golden/*_public_layout.h5: tiny files with the layout of the public dSprites and
3dshapes files. Their pixels follow a formula that tests/unit/test_data.c restates.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/make_data_files.py
"""
import itertools
import pathlib

import h5py
import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
PACKED = {"compression": "gzip", "chunks": True}


def grid(values):
    """Every combination of the factors' values and of their indices, the last one fastest."""
    classes = np.array(list(itertools.product(*[range(len(v)) for v in values])), np.int64)
    return classes, np.array([[v[c] for v, c in zip(values, row)] for row in classes], np.float64)


def dsprites():
    names = ["color", "shape", "scale", "orientation", "posX", "posY"]
    classes, values = grid([[1], [1, 2, 3], [0.5, 1], np.linspace(0, 2 * np.pi, 40)[:4],
                            [0, 1], np.linspace(0, 1, 32)[:2]])
    i, y, x = np.ogrid[:len(classes), :64, :64]
    with h5py.File(GOLDEN / "dsprites_public_layout.h5", "w") as file:
        file.attrs["title"] = "dSprites dataset"
        file.attrs["version"] = 1
        file.attrs["latents_names"] = np.array(names, "S")
        file.attrs["latents_sizes"] = classes.max(axis=0) + 1
        file.create_dataset("imgs", data=((7 * y + 3 * x + i) % 11 < 4).astype(np.uint8), **PACKED)
        file.create_dataset("latents/classes", data=classes, shuffle=True, **PACKED)
        file.create_dataset("latents/values", data=values, **PACKED)


def shapes():
    hue = np.linspace(0, 0.9, 10)
    _, labels = grid([hue[:2], hue[3:5], hue[:2], np.linspace(0.75, 1.25, 8)[:3], [0, 1],
                      np.linspace(-30, 30, 15)[:2]])
    i, y, x, c = np.ogrid[:len(labels), :64, :64, :3]
    with h5py.File(GOLDEN / "3dshapes_public_layout.h5", "w") as file:
        file.create_dataset("images", data=((5 * y + 3 * x + 50 * c + i) % 256).astype(np.uint8),
                            **PACKED)
        file.create_dataset("labels", data=labels)


if __name__ == "__main__":
    dsprites()
    shapes()
