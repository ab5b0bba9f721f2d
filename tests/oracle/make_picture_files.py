"""Writes tests/golden/import/pictures.h5: the bytes of PNG and JPEG files of every kind and their
pixels, and of files that must be refused.

PNG files are made here from known numbers, since Pillow writes few kinds of them; where Pillow reads
one to 8 bits, it must find the same. JPEG files are Pillow's, and so are their pixels.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/make_picture_files.py
"""
import io
import pathlib
import struct
import zlib

import h5py
import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/import/pictures.h5"
DRAW = np.random.RandomState(7)
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
files = {}  # by name: bytes and pixels


# ---- PNG ----

def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed_rows(values, depth):
    """Rows of whole bytes: [height, bytes]."""
    flat = values.reshape(len(values), -1)
    if depth == 16:
        return flat.astype(">u2").view(np.uint8).reshape(len(flat), -1)
    bits = np.unpackbits(flat.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - depth:]
    return np.packbits(bits.reshape(len(flat), -1), axis=1)


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))


def filtered(values, depth):
    """The rows of a pass, each by another of the five filters."""
    rows = packed_rows(values, depth).astype(int)
    step = max(1, values.shape[2] * depth // 8)
    out, above = b"", np.zeros(rows.shape[1], int)
    for y, row in enumerate(rows):
        left = np.concatenate([np.zeros(step, int), row])[:len(row)]
        corner = np.concatenate([np.zeros(step, int), above])[:len(row)]
        guess = [0 * row, left, above, (left + above) // 2, paeth(left, above, corner)][y % 5]
        out += bytes([y % 5]) + ((row - guess) % 256).astype(np.uint8).tobytes()
        above = row
    return out


def png(values, kind, depth, interlaced=False, palette=None, transparent=None):
    height, width = values.shape[:2]
    values = values.reshape(height, width, CHANNELS[kind])
    passes = [values[y::dy, x::dx] for x, y, dx, dy in PASSES] if interlaced else [values]
    data = b"".join(filtered(p, depth) for p in passes if p.size)
    out = b"\x89PNG\r\n\x1a\n"
    out += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
    out += chunk(b"gAMA", struct.pack(">I", 100000))  # not applied
    if palette is not None:
        out += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if transparent is not None:
        out += chunk(b"tRNS", transparent)
    return out + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def over_black(colour, alpha):
    """Rounded; 255 is odd, so nothing lies in the middle."""
    return np.floor(colour * alpha[:, :, None] / 255.0 + 0.5).astype(np.uint8)


def pillow(data):
    image = Image.open(io.BytesIO(data))
    black = Image.new("RGB", image.size)
    rgba = image.convert("RGBA")
    black.paste(rgba.convert("RGB"), mask=rgba.getchannel("A"))
    return np.asarray(black)


def put(name, data, pixels, compare=True):
    files[name] = data, np.ascontiguousarray(pixels)
    if compare:
        np.testing.assert_array_equal(pillow(data), np.broadcast_to(pixels, pixels.shape[:2] + (3,)))


def refuse(name, data):
    files["refused_" + name] = data, np.zeros((0, 0, 0))


def eight(values, depth):
    return values >> 8 if depth == 16 else values * 255 // (2 ** depth - 1)


def kinds(interlaced, height, width):
    mark = "_interlaced" if interlaced else ""

    def draw(*shape):
        return DRAW.randint(0, 2 ** depth, (height, width) + shape)

    for depth in 1, 2, 4, 8, 16:
        grey = draw(1)
        put(f"grey_{depth}{mark}.png", png(grey, GREY, depth, interlaced), eight(grey, depth), depth < 16)
        key = int(grey[0, 0, 0])
        put(f"grey_{depth}_key{mark}.png",
            png(grey, GREY, depth, interlaced, transparent=struct.pack(">H", key)),
            np.where(grey == key, 0, eight(grey, depth)), depth == 8)
    for depth in 8, 16:
        rgb = draw(3)
        put(f"rgb_{depth}{mark}.png", png(rgb, RGB, depth, interlaced), eight(rgb, depth))
        key = rgb[1 % height, 2 % width]
        gone = (rgb == key).all(2, keepdims=True)
        put(f"rgb_{depth}_key{mark}.png",
            png(rgb, RGB, depth, interlaced, transparent=struct.pack(">HHH", *key)),
            np.where(gone, 0, eight(rgb, depth)), depth < 16)
        both = draw(2)
        small = eight(both, depth)
        put(f"grey_alpha_{depth}{mark}.png", png(both, GREY_ALPHA, depth, interlaced),
            over_black(small[:, :, :1], small[:, :, 1]))
        rgba = draw(4)
        small = eight(rgba, depth)
        put(f"rgb_alpha_{depth}{mark}.png", png(rgba, RGBA, depth, interlaced),
            over_black(small[:, :, :3], small[:, :, 3]))
    for depth in 1, 2, 4, 8:
        index = draw(1)
        index[0, 0] = 2 ** depth - 1
        colours = DRAW.randint(0, 256, (2 ** depth, 3))
        put(f"palette_{depth}{mark}.png", png(index, PALETTE, depth, interlaced, colours),
            colours[index[:, :, 0]])
        alpha = DRAW.randint(0, 256, 2 ** depth // 2)
        full = np.concatenate([alpha, np.full(2 ** depth - len(alpha), 255)])
        put(f"palette_{depth}_alpha{mark}.png",
            png(index, PALETTE, depth, interlaced, colours, bytes(alpha.tolist())),
            over_black(colours[index[:, :, 0]], full[index[:, :, 0]]))
        greys = np.repeat(DRAW.randint(0, 256, (2 ** depth, 1)), 3, 1)
        put(f"palette_{depth}_grey{mark}.png", png(index, PALETTE, depth, interlaced, greys),
            greys[index[:, :, 0]][:, :, :1])


# ---- JPEG ----

def scene(height, width):
    y, x = np.mgrid[:height, :width]
    waves = [128 + 90 * np.sin(x / 3 + c) * np.cos(y / (4 + c)) + 30 * ((x + y) % (5 + c) == 0) for c in range(3)]
    return np.clip(np.stack(waves, 2) + DRAW.normal(0, 4, (height, width, 3)), 0, 255).astype(np.uint8)


def jpeg(name, image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    found = np.asarray(Image.open(io.BytesIO(out.getvalue())))
    put(name, out.getvalue(), found.reshape(found.shape[:2] + (-1,)), False)


def jpegs():
    image = Image.fromarray(scene(19, 27))
    for quality in 75, 95:
        for sampling in 420, 422, 444:
            options = dict(quality=quality, subsampling=f"4:{sampling // 10 % 10}:{sampling % 10}")
            jpeg(f"q{quality}_{sampling}.jpg", image, **options)
            jpeg(f"q{quality}_{sampling}_progressive.jpg", image, progressive=True, **options)
        jpeg(f"q{quality}_grey.jpg", image.convert("L"), quality=quality)
        jpeg(f"q{quality}_grey_progressive.jpg", image.convert("L"), quality=quality, progressive=True)
    jpeg("restarts.jpg", image, restart_marker_blocks=2)
    jpeg("rgb.jpg", image, keep_rgb=True)
    jpeg("one_pixel.jpg", image.crop((0, 0, 1, 1)))
    exif = Image.Exif()
    exif[0x112] = 6  # turn by 90 degrees
    jpeg("turned.jpg", image, exif=exif)
    out = io.BytesIO()
    image.convert("CMYK").save(out, "JPEG")
    refuse("cmyk.jpg", out.getvalue())
    out = io.BytesIO()
    image.convert("L").save(out, "JPEG")
    refuse("arithmetic.jpg", out.getvalue().replace(b"\xff\xc0", b"\xff\xc9", 1))


def segment(marker, data):
    return struct.pack(">BBH", 0xff, marker, len(data) + 2) + data


def scans(count):
    """8 x 8 pixels of 128, the 63 coefficients besides the mean `count` times."""
    one_code = bytes([1] + [0] * 15)
    out = b"\xff\xd8" + segment(0xdb, bytes([0] + [1] * 64))
    out += segment(0xc2, struct.pack(">BHHBBBB", 8, 8, 8, 1, 1, 0x11, 0))
    out += segment(0xc4, b"\0" + one_code + b"\0") + segment(0xc4, b"\x10" + one_code + b"\0")
    out += segment(0xda, bytes([1, 1, 0, 0, 0, 0])) + b"\x7f"
    out += (segment(0xda, bytes([1, 1, 0, 1, 63, 0])) + b"\x7f") * count
    return out + b"\xff\xd9"


# ---- what claims too much ----

def claims():
    few = zlib.compress(bytes(1000))

    def claim(width, height, depth, kind):
        return (b"\x89PNG\r\n\x1a\n" +
                chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)) +
                chunk(b"IDAT", few) + chunk(b"IEND", b""))

    refuse("sides.png", claim(100000, 100000, 1, GREY))
    refuse("pixels.png", claim(16384, 16384, 16, RGBA))
    refuse("rows.png", claim(100, 100, 8, GREY))
    refuse("scans.jpg", scans(100))
    put("scans.jpg", scans(99), np.full((8, 8, 1), 128))
    wide = bytearray(scans(1))
    sides = wide.index(b"\xff\xc2") + 5
    wide[sides:sides + 4] = struct.pack(">HH", 16000, 16000)
    refuse("pixels.jpg", bytes(wide))
    wide[sides:sides + 4] = struct.pack(">HH", 16385, 1)
    refuse("sides.jpg", bytes(wide))


def main():
    kinds(False, 5, 13)
    kinds(True, 13, 11)
    colours = np.array([[7, 7, 7], [9, 9, 8]])  # no grey: the last one is not
    put("palette_nearly_grey.png", png(np.zeros((2, 2, 1), int), PALETTE, 1, False, colours),
        np.full((2, 2, 3), 7))
    narrow = DRAW.randint(0, 256, (3, 1, 1))
    put("narrow_interlaced.png", png(narrow, GREY, 8, True), narrow)
    jpegs()
    claims()
    names = sorted(files)
    OUT.parent.mkdir(exist_ok=True)
    with h5py.File(OUT, "w", libver="latest") as file:
        file["name"] = [name.encode() for name in names]
        file["size"] = np.array([len(files[name][0]) for name in names], np.int32)
        file["bytes"] = np.frombuffer(b"".join(files[name][0] for name in names), np.uint8)
        file["shape"] = np.array([files[name][1].shape for name in names], np.int32)
        file["pixels"] = np.concatenate([files[name][1].ravel() for name in names]).astype(np.uint8)


main()
