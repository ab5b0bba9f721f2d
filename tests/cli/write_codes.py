"""write_codes.py -- FILE TABLES: codes with their factors as an HDF5 file, as another program may
write them: without this repository's own writer, in the format's first version.

TABLES are arguments of dict(), in which the names below stand for tables (lists of rows), for
instance "codes=mean, factors=factors[:59]". Numbers with a fraction become float64, others int64;
name_f32 and name_i32 are written as `name` with 32 bits.
"""

import itertools
import math
import random
import struct
import sys

NOWHERE = 2**64 - 1

# Every combination of three factors in an order of its own. Variables 0 to 2 know one factor each,
# but for some noise; variable 3 is passive.
draw = random.Random(5)
factors = [list(row) for row in itertools.product(range(4), range(3), range(5))]
draw.shuffle(factors)
mean = [[k + draw.uniform(-0.3, 0.3) for k in row] + [draw.gauss(0, 0.1)] for row in factors]
deviation = [0.1, 0.1, 0.1, 1.0]
variance = [[s * s * draw.uniform(0.99, 1.01) for s in deviation] for _ in mean]
sampled = [[m + math.sqrt(v) * draw.gauss(0, 1) for m, v in zip(*pair)]
           for pair in zip(mean, variance)]


def padded(data, size=8):
    return data + bytes(-len(data) % size)


def header(*messages):
    body = b""
    for kind, data in messages:
        data = padded(data)
        body += struct.pack("<HHB3x", kind, len(data), 0) + data
    return struct.pack("<BxHII4x", 1, len(messages), 1, len(body)) + body


def number_type(kind):
    if kind[0] == "i":
        bits = int(kind[1:])
        return struct.pack("<BBBBIHH", 0x10, 8, 0, 0, bits // 8, 0, bits)
    bits, exponent, fraction = (32, 8, 23) if kind == "f32" else (64, 11, 52)
    return struct.pack("<BBBBIHHBBBBI", 0x11, 0x20, bits - 1, 0, bits // 8, 0, bits, fraction,
                       exponent, 0, fraction, 2 ** (exponent - 1) - 1)


def symbol(name_at, header_at):
    return struct.pack("<QQII16x", name_at, header_at, 0, 0)


def data_set(at, rows, kind):
    """Its object header, then its numbers, at a place in the file."""
    flat = [x for row in rows for x in (row if isinstance(row, list) else [row])]
    dims = (len(rows), len(rows[0])) if isinstance(rows[0], list) else (len(rows),)
    letter = {"f32": "f", "f64": "d", "i32": "i", "i64": "q"}[kind]
    data = struct.pack(f"<{len(flat)}{letter}", *flat)

    def with_data_at(place):
        return header((1, struct.pack("<BB6x", 1, len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)),
                      (3, number_type(kind)),
                      (8, struct.pack("<BBQQ", 3, 1, place, len(data))))

    return with_data_at(at + len(with_data_at(0))) + padded(data)


def write(path, tables):
    names = sorted(tables)
    name_at, names_text = {}, bytes(8)
    for name in names:
        name_at[name] = len(names_text)
        names_text += padded(name.encode() + b"\0")
    root_at = 96
    tree_at = root_at + len(header((0x11, bytes(16))))
    leaf_at = tree_at + 544
    heap_at = leaf_at + 328
    at = heap_at + 32 + len(names_text)
    sets, leaf = b"", struct.pack("<4sBxH", b"SNOD", 1, len(names))
    for name in names:
        kind, rows = tables[name]
        leaf += symbol(name_at[name], at + len(sets))
        sets += data_set(at + len(sets), rows, kind)
    start = struct.pack("<8s8BHHIQQQQ", b"\x89HDF\r\n\x1a\n", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0, 0,
                        NOWHERE, at + len(sets), NOWHERE) + symbol(0, root_at)
    root = header((0x11, struct.pack("<QQ", tree_at, heap_at)))
    tree = struct.pack("<4sBBHQQQQQ", b"TREE", 0, 0, 1, NOWHERE, NOWHERE, 0, leaf_at,
                       name_at[names[-1]])
    heap = struct.pack("<4sB3xQQQ", b"HEAP", 0, len(names_text), 1, heap_at + 32) + names_text
    with open(path, "wb") as file:
        file.write(start + root + padded(tree, 544) + padded(leaf, 328) + heap + sets)


def typed(name, rows):
    if name[-4:] in ("_f32", "_i32"):
        return name[:-4], (name[-3:], rows)
    whole = isinstance(rows[0][0] if isinstance(rows[0], list) else rows[0], int)
    return name, ("i64" if whole else "f64", rows)


write(sys.argv[1], dict(typed(*item) for item in eval(f"dict({sys.argv[2]})").items()))
