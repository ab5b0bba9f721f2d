"""Writes tests/golden/numpy_*: codes in NumPy's formats, as NumPy writes them, and the same codes in
HDF5; arrays of every type that is read, whose values tests/unit/test_numpy.c restates; and what
must be refused.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/make_numpy_files.py
"""
import io
import itertools
import pathlib
import zipfile

import h5py
import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
TIME = (1980, 1, 1, 0, 0, 0)  # of entries, so that the same arrays are the same file


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version)
    return out.getvalue()


def archive(name, entries, claimed=None):
    """An .npz of bytes by name. `claimed`: what the archive says that they unpack to."""
    with zipfile.ZipFile(GOLDEN / name, "w", zipfile.ZIP_DEFLATED) as file:
        for entry, data in entries:
            info = zipfile.ZipInfo(entry + ".npy", TIME)
            info.compress_type = zipfile.ZIP_BZIP2 if entry == "bzip" else zipfile.ZIP_DEFLATED
            file.writestr(info, data)
            if claimed:
                info.file_size = claimed


def codes():
    """Every combination of three factors; variables 0 to 2 know one each, 3 is passive."""
    draw = np.random.RandomState(5)
    factors = draw.permutation(np.array(list(itertools.product(range(4), range(3), range(5)))))
    deviation = np.array([0.1, 0.1, 0.1, 1.0])
    noise = draw.uniform(-0.3, 0.3, (60, 4))
    mean = np.hstack([factors, np.zeros((60, 1))]) + noise * [1, 1, 1, 0.3]
    variance = deviation ** 2 * draw.uniform(0.99, 1.01, (60, 4))
    sampled = mean + np.sqrt(variance) * draw.normal(size=(60, 4))
    names = np.array(["shape", "gr\u00f6\u00dfe", "x"])

    with h5py.File(GOLDEN / "numpy_codes.h5", "w", libver="latest") as file:
        file.create_dataset("mean", data=mean)
        file.create_dataset("variance", data=variance)
        file.create_dataset("sampled", data=sampled)
        file.create_dataset("factors", data=factors)
        file.create_dataset("factor_names", data=[name.encode() for name in names])
    np.savez(GOLDEN / "numpy_codes.npz", mean=mean, variance=np.asfortranarray(variance),
             sampled=sampled.astype(">f8"), factors=factors, factor_names=names)
    np.savez_compressed(GOLDEN / "numpy_codes_compressed.npz", mean=np.asfortranarray(mean),
                        variance=variance, sampled=sampled,
                        factors=np.asfortranarray(factors).astype("u1"),
                        factor_names=np.char.encode(names, "utf-8"))
    np.save(GOLDEN / "numpy_mean.npy", mean)
    np.save(GOLDEN / "numpy_factors.npy", np.asfortranarray(factors))


def arrays():
    real = np.array([[0.5, -1], [2, 0.25], [np.inf, -0.0]])
    signed = np.array([[-1, 1], [2, -3], [-128, 127]])
    unsigned = np.array([[0, 1], [2, 3], [128, 255]])
    entries = []
    for version in [(1, 0), (2, 0), (3, 0)]:
        for order in "CF":
            tag = f"{version[0]}{order}_"
            for kinds, value in (("f4 f8", real), ("i1 i2 i4 i8", signed),
                                 ("u1 u2 u4 u8", unsigned), ("b1", signed > 0)):
                for kind in kinds.split():
                    for end in "<>":
                        array = np.array(value, end + kind, order=order)
                        entries.append((tag + ("big_" if end == ">" else "") + kind,
                                        npy(array, version)))
    for name, text in (("U", "<U9"), ("big_U", ">U9")):
        entries.append((name, npy(np.array(["", "a", "\u00e9\u20ac\U0001f600"], text))))
    entries.append(("S", npy(np.array([b"", b"a", "\u00e9\u20ac\U0001f600".encode()]))))
    entries.append(("limits", npy(np.array([[-2**31, 2**31 - 1]]))))
    entries.append(("one", npy(np.array([7], "i4"))))
    cube = np.arange(24, dtype="i2").reshape(2, 3, 4)
    entries.append(("cube", npy(cube)))
    entries.append(("cube_by_columns", npy(np.asfortranarray(cube))))
    entries.append(("rank9", npy(np.arange(8, dtype="u1").reshape([2, 1, 2, 1, 1, 1, 1, 2, 1]))))
    archive("numpy_arrays.npz", dict(entries).items())


def refused():
    one = np.ones((2, 2))
    odd = npy(one)
    archive("numpy_refused.npz", [("twice", odd), *{
        "object": npy(one.astype(object)),
        "complex": npy(one.astype(complex)),
        "half": npy(one.astype("f2")),
        "date": npy(one.astype("i8").view("M8[s]")),
        "record": npy(np.zeros(2, [("a", "f4"), ("b", "f4")])),
        "void": npy(np.zeros(2, "V8")),
        "rank10": npy(np.ones([1] * 10)),
        "rank3": npy(np.ones((2, 2, 1))),
        "empty": npy(np.ones((0, 2))),
        "scalar": npy(np.array(1.5)),
        "wide": npy(np.array(["x" * 5000])),
        "long": npy(np.array(["x" * 32, "y"])),
        "i8_high": npy(np.array([[2**31, 0]])),
        "i8_low": npy(np.array([[0, -2**31 - 1]])),
        "u8": npy(np.array([[2**64 - 1]], "u8")),
        "f8": npy(np.array([[1e39]])),
        "short": odd[:-1],
        "more": odd + b"\0",
        "text": b"no array at all",
        "bzip": odd,
        "twice": npy(one + 1),
    }.items()])
    huge = odd[:128].replace(b"(2, 2), }       ", b"(6710886400, 2)}")
    assert len(huge) == 128 and b"6710886400" in huge
    archive("numpy_forged.npz", [("mean", huge + odd[128:])], 128 + 6710886400 * 2 * 8)
    (GOLDEN / "numpy_forged.npy").write_bytes(huge + odd[128:])


if __name__ == "__main__":
    codes()
    arrays()
    refused()
