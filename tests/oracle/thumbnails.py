"""Writes tests/golden/thumbnails.h5: pictures of several sizes as PNG and JPEG files, and what Pillow's thumbnail makes of
them where they are larger than 350 x 274: the backgrounds of scream_dsprites.

reducing_gap is None: the averaging of whole pixels that Pillow 7 put before the filter came after the study. A grey
picture is made red, green and blue first.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/thumbnails.py
"""
import io
import pathlib

import h5py
import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/thumbnails.h5"
FITS = (350, 274)
FILTER = Image.Resampling.BICUBIC
PACKED = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
DRAW = np.random.RandomState(11)

# Just over and at the limits, narrow, ties of the aspect, as large as an image, and smaller than one.
SIZES = [(351, 274), (350, 275), (350, 274), (349, 274), (352, 276), (700, 300), (2000, 3), (3, 2000), (349, 600),
         (1000, 183), (64, 64), (64, 274), (64, 275), (65, 300), (63, 64), (64, 63), (1, 1), (400, 64), (90, 80)]


def picture(width, height):
    """Blocks of chance, whose edges make the filter overshoot, and a slope over a part of them."""
    side = max(8, width // 5, height // 5)
    blocks = DRAW.choice([0, 40, 128, 215, 255], (height // side + 1, width // side + 1, 3))
    pixels = blocks.repeat(side, 0).repeat(side, 1)[:height, :width]
    y, x = np.ogrid[:height, :width]
    pixels[:side, :side, 1] = ((3 * x + 2 * y) % 256)[:side, :side]
    return pixels.astype(np.uint8)


def main():
    kinds = [(size, "png", "RGB") for size in SIZES] + [((400, 300), "png", "L"), ((380, 290), "jpeg", "RGB")]
    sizes = []
    with h5py.File(OUT, "w") as file:
        for i, (size, kind, mode) in enumerate(kinds):
            packed = io.BytesIO()
            Image.fromarray(picture(*size)).convert(mode).save(packed, kind, optimize=True)
            image = Image.open(packed).convert("RGB")
            image.thumbnail(FITS, FILTER, reducing_gap=None)
            file.create_dataset(f"{i}/file", data=np.frombuffer(packed.getvalue(), np.uint8))
            file.create_dataset(f"{i}/pixels", data=np.array(image), **PACKED)
            sizes.append((*size, *image.size))
        file.create_dataset("size", data=np.array(sizes, np.int32))
    print(sizes)


if __name__ == "__main__":
    main()
