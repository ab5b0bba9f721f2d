"""Packs a golden file: long arrays compressed, and the format of HDF5 1.10, whose groups are small."""
import h5py
import numpy as np

LONG = 256
BITS = 36


def rounded(x, bits):
    """To so many bits of mantissa: what is below costs space and means nothing."""
    fraction, exponent = np.frexp(x)
    return np.ldexp(np.round(fraction * 2.0**bits), exponent - bits)


def pack(path, exact=(), draft=None):
    """Packs the file, or writes it from a draft, which goes. Data sets whose last name is in `exact`
    keep all their bits."""
    packed = path.with_suffix(".packed")
    with (h5py.File(draft or path) as source,
          h5py.File(packed, "w", libver=("v110", "v110")) as target):
        def copy(name, item):
            if isinstance(item, h5py.Group):
                made = target.require_group(name)
            else:
                value, long = item[()], {}
                if item.size > LONG:
                    long = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
                    exactly = value.dtype != np.float64 or name.split("/")[-1] in exact
                    value = value if exactly else rounded(value, BITS)
                made = target.create_dataset(name, data=value, **long)
            made.attrs.update(item.attrs)
        source.visititems(copy)
        target.attrs.update(source.attrs)
    packed.rename(path)
    if draft:
        draft.unlink()
    print(path.name, path.stat().st_size, "bytes")
