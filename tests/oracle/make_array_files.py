"""Writes tests/golden/import/arrays/: small files in the formats of the public MPI3D, dSprites and
3D Shapes files, as NumPy and h5py write them, with forged ones; and arrays.h5: what they must
become.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/make_array_files.py
"""
import itertools
import pathlib
import zipfile
import zlib

import h5py
import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "import"
PLACE = GOLDEN / "arrays"
TIME = (1980, 1, 1, 0, 0, 0)  # of entries, so that the same arrays are the same file
MPI3D = ["object_color", "object_shape", "object_size", "camera_height", "background_color",
         "horizontal_axis", "vertical_axis"]
SPRITES = ["shape", "scale", "orientation", "posX", "posY"]
SHAPES = ["floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"]


def archive(name, arrays, packed, claimed=None):
    """As numpy.savez and numpy.savez_compressed write it, but for the time of day."""
    with zipfile.ZipFile(PLACE / name, "w", allowZip64=True) as file:
        for key, array in arrays.items():
            info = zipfile.ZipInfo(key + ".npy", TIME)
            info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            with file.open(info, "w", force_zip64=True) as out:
                if isinstance(array, bytes):
                    out.write(array)
                else:
                    np.lib.format.write_array(out, array, allow_pickle=True)
            if claimed:
                info.file_size = claimed


def grid(values):
    """Every combination of the factors' values and of their classes, the last one fastest."""
    classes = np.array(list(itertools.product(*[range(len(v)) for v in values])), np.int64)
    return classes, np.array([[v[c] for v, c in zip(values, row)] for row in classes], np.float64)


def pictures(draw, count, channels):
    """Blocks of 16 pixels of colours of chance, which make small files."""
    blocks = draw.randint(0, 256, (count, 4, 4, channels)).astype(np.uint8)
    return blocks.repeat(16, axis=1).repeat(16, axis=2)


def sprites(draw, count):
    """A rectangle of ones in each; the first one is black."""
    images = np.zeros((count, 64, 64), np.uint8)
    for image in images[1:]:
        y, x = draw.randint(0, 48, 2)
        image[y:y + draw.randint(1, 16), x:x + draw.randint(1, 16)] = 1
    return images


def expect(file, name, images, classes, values, names):
    group = file.create_group(name)
    group.create_dataset("crc", data=[zlib.crc32(image.tobytes()) for image in images],
                         dtype="i8", compression=9)
    group.create_dataset("classes", data=classes.astype(np.int32), compression=9, shuffle=True)
    group.create_dataset("values", data=values, compression=9, shuffle=True)
    group["sizes"] = (classes.max(axis=0) + 1).astype(np.int32)
    group["names"] = np.array(names, "S")


def mpi3d(expected):
    draw = np.random.RandomState(3)
    for name, sizes, packed in (("mpi3d.npz", (2, 2, 2, 1, 1, 3, 2), True),
                                ("mpi3d_stored.npz", (1, 1, 1, 1, 2, 1, 2), False)):
        classes, values = grid([range(n) for n in sizes])
        images = pictures(draw, len(classes), 3)
        archive(name, {"images": images}, packed)
        expect(expected, name, images, classes, values, MPI3D)
    archive("mpi3d_by_columns.npz", {"images": np.asfortranarray(images)}, True)

    # A hundred gigabytes, by the archive and by the array's header.
    count = 2**33 // (64 * 64) // 3 * 13
    start = ("{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 64, 64, 3), }" % count).encode()
    start = b"\x93NUMPY\1\0" + (118).to_bytes(2, "little") + start.ljust(117) + b"\n"
    archive("mpi3d_forged_header.npz", {"images": start + bytes(4096)}, True)
    archive("mpi3d_forged_size.npz", {"images": start + bytes(4096)}, True,
            len(start) + count * 64 * 64 * 3)


def dsprites(expected):
    draw = np.random.RandomState(4)
    classes, values = grid([[1], [1, 2, 3], np.linspace(0.5, 1, 6)[:2],
                            np.linspace(0, 2 * np.pi, 40)[:2], np.linspace(0, 1, 32)[:2],
                            np.linspace(0, 1, 32)[:2]])
    images = sprites(draw, len(classes))
    # The public file's metadata are a pickled dictionary.
    metadata = np.array({"title": "dSprites dataset", "latents_sizes": classes.max(axis=0) + 1,
                         "latents_names": ("color",) + tuple(SPRITES)}, dtype=object)
    archive("dsprites.npz", {"metadata": metadata, "imgs": images, "latents_classes": classes,
                             "latents_values": values}, True)
    with h5py.File(PLACE / "dsprites.hdf5", "w") as file:
        file.create_dataset("imgs", data=images, compression="gzip", chunks=(20, 4, 8))
        file.create_dataset("latents/classes", data=classes, compression="gzip", chunks=True)
        file.create_dataset("latents/values", data=values, compression="gzip", chunks=True)
    for name in ("dsprites.npz", "dsprites.hdf5"):
        expect(expected, name, images, classes[:, 1:], values[:, 1:], SPRITES)


def shapes3d(expected):
    draw = np.random.RandomState(5)
    hue = np.linspace(0, 0.9, 10)
    classes, values = grid([hue[:2], hue[3:5], hue[8:], np.linspace(0.75, 1.25, 8)[:2], [2],
                            np.linspace(-30, 30, 15)[:2]])
    images = pictures(draw, len(classes), 3)
    sizes = classes.max(axis=0) + 1
    with h5py.File(PLACE / "shapes3d.h5", "w") as file:
        file.create_dataset("images", data=images, compression="gzip", chunks=(12, 16, 16, 1))
        file.create_dataset("labels", data=values, compression="gzip", chunks=(10, 1))
    archive("shapes3d.npz", {"images": images.reshape([*sizes, 64, 64, 3]),
                             "labels": values.reshape([*sizes, 6])}, True)
    archive("shapes3d_flat.npz", {"images": images, "labels": values.astype("f4")}, True)
    expect(expected, "shapes3d.h5", images, classes, values, SHAPES)
    expect(expected, "shapes3d.npz", images, classes, values, SHAPES)
    expect(expected, "shapes3d_flat.npz", images, classes, values.astype("f4"), SHAPES)
    large_chunks(expected)
    with h5py.File(PLACE / "shapes3d_forged.h5", "w") as file:
        file.create_dataset("images", (10**12, 64, 64, 3), "u1", chunks=(1, 64, 64, 3))
        file.create_dataset("labels", (10**12, 6), "f8", chunks=(1, 6))


def large_chunks(expected):
    """Chunks of more than 64 MiB in a row of them; 50 images each are of the same grey."""
    classes, values = grid([range(10), range(10), range(10), range(6), [0], [0]])
    images = np.repeat(np.arange(120, dtype=np.uint8), 50)[:, None, None, None]
    images = np.broadcast_to(images, (6000, 64, 64, 3))
    with h5py.File(PLACE / "shapes3d_large_chunks.h5", "w") as file:
        file.create_dataset("images", data=images, compression=9, chunks=(6000, 32, 64, 3))
        file.create_dataset("labels", data=values, compression=9, shuffle=True, chunks=(6000, 1))
    expect(expected, "shapes3d_large_chunks.h5", images, classes, values, SHAPES)


if __name__ == "__main__":
    PLACE.mkdir(parents=True, exist_ok=True)
    with h5py.File(GOLDEN / "arrays.h5", "w", libver=("earliest", "v110")) as out:
        mpi3d(out)
        dsprites(out)
        shapes3d(out)
