"""Writes tests/golden/import/: resize.h5, what Pillow makes of small pictures; smallnorb/ and cars3d/,
tiny data sets in the formats of the public files; smallnorb.h5 and cars3d.h5, what the loaders of
disentanglement_lib make of them; mat/, small MATLAB files, some to be refused.

    pip install -r tests/oracle/requirements.txt
    pip install --no-deps disentanglement_lib==1.5
    python3 tests/oracle/make_smallnorb_cars3d.py
"""
import builtins
import gzip
import itertools
import pathlib
import struct
import sys
import tempfile
import types
import zlib

import h5py
import numpy as np
import PIL
import PIL.Image
import scipy.io

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "import"
PACKED = {"compression": "gzip", "compression_opts": 9, "chunks": True}


def upstream():
    """The loaders' modules. TensorFlow, of which they take files alone, and what Pillow has given up
    are stood in for."""
    class Image:
        ANTIALIAS = PIL.Image.LANCZOS

        @staticmethod
        def fromarray(array):
            image = PIL.Image.fromarray(array)
            thumbnail = image.thumbnail
            image.thumbnail = lambda size, how: thumbnail(size[:2], how)
            return image

    v1 = types.ModuleType("tensorflow.compat.v1")
    v1.gfile = types.SimpleNamespace(GFile=open, Open=open)
    for name in ("tensorflow", "tensorflow.compat"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["tensorflow.compat"].v1 = sys.modules["tensorflow.compat.v1"] = v1
    from disentanglement_lib.data.ground_truth import cars3d, norb
    norb.PIL = cars3d.PIL = types.SimpleNamespace(Image=Image)
    norb.int = lambda array: builtins.int(array[0])
    return norb, cars3d


# ---- what Pillow makes of pictures ----

def resized():
    draw = np.random.RandomState(3)

    def edges(height, width, channels):
        y, x, c = np.ogrid[:height, :width, :channels]
        return (((x // 5 + y // 7 + c) % 2) * 255).astype(np.uint8)

    def chance(height, width, channels):
        return draw.randint(0, 256, (height, width, channels), np.uint8)

    cases = {}
    for height, width, channels, down, across, picture in [
            (96, 96, 1, 64, 64, chance), (96, 96, 1, 64, 64, edges), (128, 128, 3, 64, 64, chance),
            (128, 128, 3, 64, 64, edges), (100, 100, 1, 64, 64, chance), (37, 37, 3, 64, 64, chance),
            (37, 37, 1, 64, 64, edges), (64, 64, 1, 16, 16, chance), (64, 64, 3, 64, 64, chance),
            (50, 90, 3, 64, 32, chance), (70, 41, 1, 24, 64, chance), (90, 50, 1, 64, 64, edges),
            (1, 1, 3, 16, 16, chance), (2, 300, 1, 16, 16, chance), (1, 7, 1, 5, 3, chance)]:
        name = f"{height}x{width}x{channels}_{down}x{across}_{picture.__name__}"
        cases[name] = picture(height, width, channels), down, across
    for value in (0, 1, 128, 254, 255):
        cases[f"constant_{value}"] = np.full((96, 40, 1), value, np.uint8), 64, 64
    with h5py.File(GOLDEN / "resize.h5", "w", libver="v110") as file:
        for name, (pixels, down, across) in cases.items():
            flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
            how = (across, down), PIL.Image.LANCZOS
            image = np.asarray(PIL.Image.fromarray(flat).resize(*how))
            file.create_dataset(f"{name}/from", data=pixels, **PACKED)
            file.create_dataset(f"{name}/bytes", data=image.reshape(down, across, -1), **PACKED)
            if flat.ndim == 2:
                wide = PIL.Image.fromarray(flat.astype(np.int32))
                assert wide.mode == "I"
                file.create_dataset(f"{name}/unclipped", **PACKED,
                                    data=np.asarray(wide.resize(*how)).astype(np.int16))


# ---- SmallNORB ----

CHUNKS = ["5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing"]
SIZES = [2, 3, 2, 3, 2]  # category, instance, elevation, azimuth, lighting


def matrix(array):
    """The public files' format: a magic number, dimensions, and the values as they are."""
    magic = {np.uint8: 0x1E3D4C55, np.int32: 0x1E3D4C54}[array.dtype.type]
    shape = array.shape + (1,) * (3 - array.ndim)
    return struct.pack(f"<{2 + len(shape)}i", magic, array.ndim, *shape) + array.tobytes()


def norb_pictures(factors):
    """A bright shape with sharp edges on a ramp; the second camera sees something else."""
    category, instance, elevation, azimuth, lighting = (f[:, None, None] for f in factors.T)
    y, x = np.ogrid[:96, :96]
    ramp = y * (1 + lighting) + 20 * instance + np.zeros_like(x)
    inside = (abs(y - 40 - 7 * elevation) < 17 + 3 * category) & (abs(x - 35 - 5 * azimuth) < 20)
    left = np.where(inside, 255 * (1 - category) + np.zeros_like(ramp), ramp)
    return np.stack([left, 255 - ramp], axis=1).astype(np.uint8)


def smallnorb(norb):
    folder = GOLDEN / "smallnorb"
    folder.mkdir(exist_ok=True)
    every = np.array(list(itertools.product(*map(range, SIZES))), np.int32)
    every = np.random.RandomState(4).permutation(every)
    with tempfile.TemporaryDirectory() as plain:
        for chunk, factors in zip(CHUNKS, (every[every[:, 1] > 0], every[every[:, 1] == 0])):
            info = factors[:, 1:] * np.array([1, 1, 2, 1], np.int32)
            for kind, array in (("dat", norb_pictures(factors)), ("cat", factors[:, 0].copy()),
                                ("info", info)):
                name = f"smallnorb-{chunk}-{kind}.mat"
                pathlib.Path(plain, name).write_bytes(matrix(array))
                (folder / f"{name}.gz").write_bytes(gzip.compress(matrix(array), mtime=0))
        images, features = norb._load_small_norb_chunks(f"{plain}/smallnorb-{{}}-{{}}.mat", CHUNKS)
    order = np.lexsort(features.T[::-1])
    unclipped = np.rint(images[order] * 255)
    assert np.array_equal(unclipped / 255., images[order])
    assert unclipped.min() < 0 and unclipped.max() > 255
    left = norb_pictures(features[order].astype(int))[:, 0]
    clipped = [PIL.Image.fromarray(image).resize((64, 64), PIL.Image.LANCZOS) for image in left]
    with h5py.File(GOLDEN / "smallnorb.h5", "w", libver="v110") as file:
        file.create_dataset("factors", data=features[order].astype(np.int32))
        file.create_dataset("bytes", data=np.stack([np.asarray(c) for c in clipped]), **PACKED)
        file.create_dataset("unclipped", data=unclipped.astype(np.int16), shuffle=True, **PACKED)


# ---- Cars3D ----

def car(number):
    """[128, 128, 3, 24, 4]: bands along the rows, and a block of another colour for every channel,
    whose place tells azimuth, elevation and car."""
    y, x, c, azimuth, elevation = np.ogrid[:128, :128, :3, :24, :4]
    bands = (x // 8 * 24 + 80 * c + 20 * number) % 256 + 0 * (y + azimuth + elevation)
    inside = ((abs(x - 40 - 2 * azimuth) < 12 + 3 * number)
              & (abs(y - 30 - 16 * elevation) < 9 + 2 * c))
    return np.where(inside, 255 * ((c + number) % 2), bands).astype(np.uint8)


def cars(cars3d):
    folder = GOLDEN / "cars3d"
    folder.mkdir(exist_ok=True)
    names = ["Car_3.mat", "car_10.mat", "car_2.mat"]  # sorted by their bytes
    assert names == sorted(names)
    cars3d.CARS3D_PATH = str(folder)
    images = np.zeros((4, 24, len(names), 64, 64, 3), np.uint8)
    for i, name in enumerate(names):
        scipy.io.savemat(folder / name, {"im": car(i)}, do_compression=True)
        stamped = (folder / name).read_bytes()
        (folder / name).write_bytes(b"MATLAB 5.0 MAT-file".ljust(116) + stamped[116:])
        mesh = cars3d._load_mesh(name)  # azimuth by azimuth, elevations within
        whole = np.rint(mesh * 255).astype(np.uint8)
        assert np.array_equal(whole * 1. / 255, mesh)
        images[:, :, i] = whole.reshape(24, 4, 64, 64, 3).swapaxes(0, 1)
    (folder / "list.txt").write_text("a file that is none of them\n")
    with h5py.File(GOLDEN / "cars3d.h5", "w", libver="v110") as file:
        file.create_dataset("images", data=images.reshape(-1, 64, 64, 3), **PACKED)


# ---- MATLAB files ----

def head(version=0x0100, end=b"IM"):
    return b"MATLAB 5.0 MAT-file".ljust(116) + bytes(8) + struct.pack("<H", version) + end


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def array(name, dims, values, flags=9, kind=2):
    return element(14, element(6, struct.pack("<II", flags, 0))
                   + element(5, struct.pack(f"<{len(dims)}i", *dims))
                   + element(1, name) + element(kind, values))


def packed(data):
    return struct.pack("<II", 15, len(zlib.compress(data))) + zlib.compress(data)


def matlab():
    folder = GOLDEN / "mat"
    folder.mkdir(exist_ok=True)
    dims = (5, 4, 3, 2)
    im = (np.arange(120) * 7 % 251).astype(np.uint8).reshape(dims, order="F")
    raw = im.tobytes(order="F")

    def scipy_writes(name, variables, **more):
        scipy.io.savemat(folder / name, variables, oned_as="row", **more)
        data = (folder / name).read_bytes()
        if more.get("format") != "4":
            (folder / name).write_bytes(head() + data[128:])

    others = {"angles": np.arange(24.0), "title": "a car", "mask": im > 9}
    scipy_writes("plain.mat", {"im": im})
    scipy_writes("packed.mat", {"im": im}, do_compression=True)
    scipy_writes("others.mat", {**others, "im": im, "after": {"a": 1}})
    scipy_writes("others_packed.mat", {**others, "im": im, "after": {"a": 1}}, do_compression=True)
    scipy_writes("structure.mat", {"a": {"b": 1}, "im": im}, do_compression=True)
    scipy_writes("cell.mat", {"a": np.array([1, "x"], object), "im": im})
    scipy_writes("none.mat", {"in": im})
    scipy_writes("double.mat", {"im": im.astype(float)})
    scipy_writes("transposed.mat", {"im": im.T})
    scipy_writes("rank.mat", {"im": im[..., 0]}, do_compression=True)
    scipy_writes("version4.mat", {"im": im[:, :, 0, 0]}, format="4")
    huge = (65536, 65536, 4, 1)
    for name, data in {
            "big_endian.mat": head(end=b"MI") + array(b"im", dims, raw),
            "version7_3.mat": head(0x0200) + bytes(384) + b"\x89HDF\r\n\x1a\n",
            "empty.mat": head(),
            "long_name.mat": head() + packed(array(b"i" * 64, dims, raw)),
            "rank9.mat": head() + array(b"im", (1,) * 9, b"\1"),
            "huge.mat": head() + packed(array(b"im", huge, raw)),
            "claims.mat": head() + struct.pack("<II", 14, 0xfffffff8) + array(b"im", dims, raw)[8:],
            "bomb.mat": head() + packed(array(b"im", dims, bytes(5000000))),
            "more.mat": head() + packed(array(b"im", dims, raw) + bytes(8)),
            "less.mat": head() + packed(array(b"im", dims, raw)[:-1]),
            "words.mat": head() + array(b"im", dims, raw, kind=4),
            "complex.mat": head() + array(b"im", dims, raw, flags=0x809),
            "unknown.mat": head() + element(3, raw),
            "sum.mat": head() + packed(array(b"im", dims, raw))[:-4] + bytes(4)}.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    NORB, CARS3D = upstream()
    resized()
    smallnorb(NORB)
    cars(CARS3D)
    matlab()
